//! What people who share an inbox share besides its messages: drafts, their work, and the queue.

use async_trait::async_trait;
use forecourt_core::{
    callback,
    id::{MemberId, SessionId, TenantId},
};
use jiff::Timestamp;

use super::{Member, StoreError};

/// The longest draft, in characters: as long as a message may be.
pub const MAX_DRAFT: usize = 5_000;
/// How many members of a tenant are looked at to find who takes a conversation.
pub const MAX_TEAM: usize = 500;
/// How many agreed calls are looked at to find a free time.
pub const MAX_CALLS: usize = 5_000;

/// The draft of a reply that all members of a tenant share.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DraftRow {
    /// Rises with every change, also when the draft is sent or thrown away; 0 when there never was one.
    pub revision: i64,
    /// At most [`MAX_DRAFT`] characters; empty when there is none.
    pub text: String,
    /// Who changed it last; nobody when a message was sent.
    pub member: Option<MemberId>,
    pub at: Option<Timestamp>,
}

/// What came of saving a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftSaved {
    /// As it stands now.
    Saved(DraftRow),
    /// Somebody else was faster: nothing was changed, and this is theirs.
    Conflict(DraftRow),
    /// There is no such conversation.
    NoSession,
}

/// A member who might take conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teammate {
    pub member: Member,
    /// Conversations that are theirs and not closed.
    pub open: u64,
}

#[async_trait]
pub trait People: Send + Sync {
    /// The draft of a conversation; an empty one when there is none.
    async fn draft(&self, tenant: TenantId, session: SessionId) -> Result<DraftRow, StoreError>;

    /// Compare-and-save: changes the draft if it is still at `base`. The same text once more, by the same
    /// member from the same `base`, is answered as before. `text` must not be longer than [`MAX_DRAFT`].
    async fn save_draft(
        &self,
        tenant: TenantId,
        session: SessionId,
        text: &str,
        base: i64,
        member: MemberId,
        now: Timestamp,
    ) -> Result<DraftSaved, StoreError>;

    /// The active members with the load that each has; at most [`MAX_TEAM`], in the order of their ids.
    async fn team(&self, tenant: TenantId) -> Result<Vec<Teammate>, StoreError>;

    /// The calls that are agreed and over after `from`, in order; at most [`MAX_CALLS`].
    async fn callbacks(
        &self,
        tenant: TenantId,
        from: Timestamp,
    ) -> Result<Vec<callback::times::Taken>, StoreError>;

    /// How many conversations have waited for a person since before `since`.
    async fn waiting_before(&self, tenant: TenantId, since: Timestamp) -> Result<u64, StoreError>;
}

impl DraftRow {
    /// Whether `text` by `member` from `base` is what stands here already: the answer to the first try was
    /// lost.
    pub fn is_repeat(&self, base: i64, text: &str, member: MemberId) -> bool {
        self.revision == base.saturating_add(1) && self.text == text && self.member == Some(member)
    }
}

impl std::fmt::Debug for DraftRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DraftRow").field("revision", &self.revision).finish_non_exhaustive() // A13
    }
}
