//! Leads as capture and the lead list need them.

use async_trait::async_trait;
use forecourt_core::{
    callback::times::Taken,
    capture::Known,
    contact::{Email, Phone},
    event::{AlertReason, AnsweredBy, EventRecord, Source},
    id::{DeliveryId, LeadId, MemberId, SessionId, TenantId},
    lang::Lang,
    text::{self, TextError},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Head, StoreError, StoredMessage};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    New,
    /// An answer was accepted by the provider, or stood on the customer's stream (decision 4).
    Contacted,
    Qualified,
    Won,
    Lost,
}

impl LeadStatus {
    pub const ALL: [Self; 5] = [Self::New, Self::Contacted, Self::Qualified, Self::Won, Self::Lost];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Contacted => "contacted",
            Self::Qualified => "qualified",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How the newest promise of a lead stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromiseRow {
    pub state: PromiseState,
    pub since: Option<Timestamp>,
    pub deadline: Option<Timestamp>,
    pub answered_after_ms: Option<i64>,
    pub by: Option<AnsweredBy>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    None,
    Waiting,
    Kept,
    Broken,
}

/// A lead as the list shows it (S2-US-4.1-2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadRow {
    pub lead: LeadId,
    pub session: SessionId,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub vehicle_interest: Option<String>,
    pub source: Source,
    pub source_url: Option<String>,
    pub status: LeadStatus,
    pub lang: Lang,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The beginning of the customer's last message, 160 characters at most.
    pub excerpt: String,
    /// How often the same person came again within the window.
    pub repeats: u32,
    pub promise: PromiseRow,
    /// Why a person is needed, if one is.
    pub needs_human: Option<AlertReason>,
    /// Whose conversation it is.
    pub assignee: Option<MemberId>,
    /// Who calls the customer when, if that is agreed.
    pub callback: Option<Taken>,
    /// Whether a member has taken the conversation over.
    pub with_human: bool,
    pub closed: bool,
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    pub status: Option<LeadStatus>,
    pub source: Option<Source>,
    /// Captured at this time or later.
    pub from: Option<Timestamp>,
    /// Captured before this time.
    pub to: Option<Timestamp>,
    pub whose: Option<Whose>,
    /// Whether a call is agreed with the customer.
    pub callback: Option<bool>,
    /// Part of a name or mail address, without regard to case.
    pub query: Option<String>,
    /// Counted from 1.
    pub page: u32,
    /// 1 to 100.
    pub per_page: u32,
}

/// Whose leads are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Member(MemberId),
    /// Those that are nobody's.
    Nobody,
}

impl Whose {
    /// Whether a lead with this assignee is meant.
    pub fn is(self, assignee: Option<MemberId>) -> bool {
        match self {
            Self::Member(member) => assignee == Some(member),
            Self::Nobody => assignee.is_none(),
        }
    }
}

/// What a search looks for in names and mail addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needle {
    /// Nothing was asked: every lead is meant.
    Everything,
    /// What no name and no address can hold.
    Nothing,
    /// Lower case, NFC, white space folded; to be found anywhere in a [`search_text`].
    Text(String),
}

/// What a search looks at: name and mail address in lower case, one line each.
pub fn search_text(name: Option<&str>, email: Option<&str>) -> String {
    format!("{}\n{}", name.unwrap_or_default(), email.unwrap_or_default()).to_lowercase()
}

impl LeadFilter {
    /// The longest text that is searched for, in characters.
    pub const MAX_QUERY: usize = 254;
    pub const MAX_PER_PAGE: u32 = 100;

    pub fn needle(&self) -> Needle {
        match self.query.as_deref().map(|query| text::line(query, Self::MAX_QUERY)) {
            None | Some(Err(TextError::Empty)) => Needle::Everything,
            Some(Ok(line)) => Needle::Text(line.to_lowercase()),
            Some(Err(TextError::TooLong { .. } | TextError::Control)) => Needle::Nothing,
        }
    }

    /// How many leads a page has, and how many stand before it; both within bounds (A9).
    pub fn window(&self) -> (u32, u64) {
        let per_page = self.per_page.clamp(1, Self::MAX_PER_PAGE);
        (per_page, u64::from(self.page.max(1) - 1) * u64::from(per_page))
    }
}

#[derive(Clone, Debug)]
pub struct LeadPage {
    /// Newest first.
    pub leads: Vec<LeadRow>,
    pub total: u64,
    /// Where the log stood when the page was read: live events after it change the page.
    pub head: Head,
}

#[derive(Clone, Debug)]
pub struct DeliveryRow {
    pub delivery: DeliveryId,
    /// `answer` or `alert`.
    pub kind: String,
    /// `pending`, `handing_over`, `accepted`, `failed`, `uncertain` or `refused`.
    pub status: String,
    pub attempts: u32,
    pub code: Option<String>,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct LeadDetail {
    pub row: LeadRow,
    /// Oldest first, the newest 200.
    pub messages: Vec<StoredMessage>,
    /// Oldest first, the newest 500.
    pub events: Vec<EventRecord>,
    pub deliveries: Vec<DeliveryRow>,
}

#[async_trait]
pub trait Leads: Send + Sync {
    /// What is known of the person with these keys.
    async fn known(
        &self,
        tenant: TenantId,
        email: &Email,
        phone: Option<&Phone>,
    ) -> Result<Known, StoreError>;

    /// [`Leads::known`] for several persons at the same time: one answer each, in order.
    async fn known_all(
        &self,
        tenant: TenantId,
        persons: &[(Email, Option<Phone>)],
    ) -> Result<Vec<Known>, StoreError> {
        let mut known = Vec::with_capacity(persons.len());
        for (email, phone) in persons {
            known.push(self.known(tenant, email, phone.as_ref()).await?);
        }
        Ok(known)
    }

    async fn list_leads(
        &self,
        tenant: TenantId,
        filter: &LeadFilter,
    ) -> Result<LeadPage, StoreError>;

    async fn find_lead(
        &self,
        tenant: TenantId,
        lead: LeadId,
    ) -> Result<Option<LeadDetail>, StoreError>;

    /// The rows of these sessions' leads, for the live list; sessions without a lead are left out.
    async fn lead_rows(
        &self,
        tenant: TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<LeadRow>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_names_however_they_are_typed_and_never_what_cannot_be() {
        let needle = |query: &str| {
            LeadFilter { query: Some(query.into()), ..LeadFilter::default() }.needle()
        };
        assert_eq!(needle("  "), Needle::Everything);
        assert_eq!(LeadFilter::default().needle(), Needle::Everything);
        assert_eq!(needle(" A\u{30a}SE "), Needle::Text("åse".into()));
        assert_eq!(needle("a\0b"), Needle::Nothing);
        assert_eq!(needle(&"a".repeat(255)), Needle::Nothing);
        assert_eq!(search_text(Some("Åse Øye"), Some("A@x.no")), "åse øye\na@x.no");
    }

    #[test]
    fn a_window_is_bounded_whatever_is_asked() {
        let window =
            |page, per_page| LeadFilter { page, per_page, ..LeadFilter::default() }.window();
        assert_eq!(window(0, 0), (1, 0));
        assert_eq!(window(3, 25), (25, 50));
        assert_eq!(window(u32::MAX, u32::MAX), (100, 429_496_729_400));
    }
}
