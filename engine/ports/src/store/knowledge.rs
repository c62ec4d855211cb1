//! What people write down for the assistant to say, its search, what answers stood on, and what was missing.

use async_trait::async_trait;
use forecourt_core::{
    entry::{EntryBody, EntryId, EntryKind},
    id::{
        FaqId, MemberId, PassageId, QuestionId, ServiceId, SessionId, TenantId, TurnId, VehicleId,
    },
    lang::Lang,
    search::FoundBy,
    settings::TenantSettings,
};
use jiff::Timestamp;
use serde_json::Value;

use super::StoreError;

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: EntryId,
    /// Rises with every change; who changes it names the version that was changed.
    pub version: i64,
    pub body: EntryBody,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A change of one entry.
#[derive(Clone, Debug)]
pub struct EntryWrite {
    pub id: EntryId,
    /// The version that was changed; 0 to make a new one.
    pub expected: i64,
    pub change: EntryChange,
    pub by: Option<MemberId>,
    pub now: Timestamp,
}

#[derive(Clone, Debug)]
pub enum EntryChange {
    /// Replaces all of it; [`EntryBody::cleaned`] before.
    Put(EntryBody),
    Delete,
    /// Takes a deletion back.
    Restore,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// As it stands now.
    Stored(Entry),
    /// Somebody else was faster: nothing was changed, and this is theirs.
    Conflict(Entry),
    NotFound,
    /// The tenant has as many of the kind as it may have ([`EntryKind::most`]).
    TooMany,
}

/// Whose history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Entry(EntryId),
    Profile,
    Hours,
    /// When customers are reminded of bookings, and how long an offer holds.
    Bookings,
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRecord {
    pub version: i64,
    /// `made`, `changed`, `deleted` or `restored`.
    pub action: String,
    /// How it stood after.
    pub body: Value,
    pub member: Option<MemberId>,
    pub member_name: Option<String>,
    pub at: Timestamp,
}

/// A change of a tenant's settings.
#[derive(Clone, Debug)]
pub struct SettingsWrite {
    /// Checked with [`TenantSettings::check`].
    pub settings: TenantSettings,
    /// The print of the settings that were changed.
    pub expected: String,
    /// Which part was changed: [`Subject::Profile`], [`Subject::Hours`] or [`Subject::Bookings`].
    pub part: Subject,
    /// How that part reads now, for its history.
    pub body: Value,
    pub by: Option<MemberId>,
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsWritten {
    Stored,
    /// The settings are not what they were when they were read.
    Conflict,
}

/// Where a passage comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassageSource {
    Faq,
    Policy,
    Service,
    Page { url: String, title: String },
}

impl PassageSource {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Faq => "faq",
            Self::Policy => "policy",
            Self::Service => "service",
            Self::Page { .. } => "page",
        }
    }
}

/// Something that the assistant may answer from: data, never an instruction (A6).
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    pub id: PassageId,
    pub source: PassageSource,
    /// The question, name or heading, and what is said of it; 600 characters at most.
    pub text: String,
    /// How well it fits; only good for comparing passages of one search.
    pub score: f32,
    pub found_by: FoundBy,
}

/// What an answer stood on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Used {
    Passage(PassageId),
    Vehicle(VehicleId),
    Service(ServiceId),
}

/// What an answer stood on, as it read then.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundRecord {
    pub turn: TurnId,
    pub used: Used,
    /// `faq`, `policy`, `service`, `page`, `vehicle`, or `gone` when it was no longer there to be read.
    pub source: String,
    pub title: String,
    pub excerpt: String,
    pub url: Option<String>,
    /// Of a passage: which way it was found.
    pub found_by: Option<FoundBy>,
    pub at: Timestamp,
}

/// What an answer stood on, and for a passage which way it was found.
pub type Stood = (Used, Option<FoundBy>);

/// A question that the assistant had no answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionRecord {
    pub id: QuestionId,
    pub lang: Lang,
    /// Without what tells who asked.
    pub text: String,
    pub times: u32,
    /// Where it was asked last.
    pub session: SessionId,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// How a question is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionEnd {
    /// It needs no answer; asked again, it stays away.
    Dismissed,
    /// It has one; asked again without one, it comes back.
    Answered(FaqId),
    /// Takes either back.
    Open,
}

/// The most uses that are kept of one turn.
pub const MOST_USED: usize = 50;
/// The most passages that one search gives.
pub const MOST_PASSAGES: u8 = 20;
/// The most open questions that are kept of a tenant; a new one is dropped then.
pub const MOST_QUESTIONS: u32 = 1_000;

#[async_trait]
pub trait KnowledgeBase: Send + Sync {
    /// The entries of a kind that are not deleted, in their order.
    async fn list_entries(
        &self,
        tenant: TenantId,
        kind: EntryKind,
    ) -> Result<Vec<Entry>, StoreError>;

    /// One entry, also a deleted one.
    async fn find_entry(&self, tenant: TenantId, id: EntryId) -> Result<Option<Entry>, StoreError>;

    /// Compare-and-write, with a line of history and what is searched of it. The same change once more, from
    /// the same version, is a conflict whose entry reads as wanted.
    async fn write_entry(
        &self,
        tenant: TenantId,
        write: &EntryWrite,
    ) -> Result<Written, StoreError>;

    /// Newest first.
    async fn history(
        &self,
        tenant: TenantId,
        of: Subject,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError>;

    /// Compare-and-write of a tenant's settings, with a line of history of the part that was changed.
    async fn write_settings(
        &self,
        tenant: TenantId,
        write: &SettingsWrite,
    ) -> Result<SettingsWritten, StoreError>;

    /// Passages that fit a question, the best first; those in `lang` before others as good. Words that are
    /// nearly right find what no right word finds.
    async fn search_knowledge(
        &self,
        tenant: TenantId,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError>;

    /// Keeps what an answer stood on, as it reads now; [`MOST_USED`] of a turn, each once.
    async fn note_uses(
        &self,
        tenant: TenantId,
        session: SessionId,
        turn: TurnId,
        used: &[Stood],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// What the answers of a conversation stood on, the newest first, 500 at most.
    async fn grounds(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<GroundRecord>, StoreError>;

    /// Counts a question that had no answer. Its text is kept without what tells who asked; what is left
    /// empty of it, is dismissed, or is beyond [`MOST_QUESTIONS`] is not kept.
    async fn note_unanswered(
        &self,
        tenant: TenantId,
        session: SessionId,
        lang: Lang,
        question: &str,
        id: QuestionId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Open questions, the most asked first.
    async fn unanswered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<QuestionRecord>, StoreError>;

    /// Settles a question; `false` when there is no such question.
    async fn settle_question(
        &self,
        tenant: TenantId,
        question: QuestionId,
        end: QuestionEnd,
    ) -> Result<bool, StoreError>;
}
