//! Websites whose pages the assistant may answer from.

use async_trait::async_trait;
use forecourt_core::{
    id::{NodeId, PassageId, TenantId, WebsiteId},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};

use super::StoreError;

/// How many websites a tenant may have.
pub const MOST_WEBSITES: usize = 5;

/// Where a reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebsiteStatus {
    Waiting,
    Reading,
    Read,
    Failed,
}

impl WebsiteStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebsiteRecord {
    pub id: WebsiteId,
    pub url: String,
    pub status: WebsiteStatus,
    pub pages_seen: u32,
    pub pages_read: u32,
    pub passages: u32,
    /// Why the last reading ended early or failed, as a short word.
    pub code: Option<String>,
    pub next_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// What became of a new website.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebsiteAdded {
    /// It is read as soon as somebody takes it up; one that was there already is read again.
    Stored(WebsiteRecord),
    TooMany,
}

/// A piece of a page, to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePassage {
    /// Follows from address, heading and text: what did not change keeps it.
    pub id: PassageId,
    pub url: String,
    pub heading: String,
    pub text: String,
    pub lang: Lang,
}

/// How a reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebsiteEnd {
    /// Replaces what was found of the site before; with the reason why it is not all of it.
    Read { passages: Vec<PagePassage>, seen: u32, pages: u32, code: Option<&'static str> },
    /// What was read before stays.
    Failed { code: &'static str },
}

#[async_trait]
pub trait Websites: Send + Sync {
    async fn add_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        url: &str,
        now: Timestamp,
    ) -> Result<WebsiteAdded, StoreError>;

    /// Oldest first.
    async fn list_websites(&self, tenant: TenantId) -> Result<Vec<WebsiteRecord>, StoreError>;

    /// Has it read again as soon as somebody takes it up; `false` when there is no such website.
    async fn read_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets it and all that was read of it; `false` when there is no such website.
    async fn delete_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Claims websites of all tenants that are to be read and that nobody holds.
    async fn claim_websites(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, WebsiteRecord)>, StoreError>;

    /// Tells how far a reading is, and holds the claim for `lease` longer; `false` when it is held no more.
    async fn tell_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        (seen, read): (u32, u32),
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError>;

    /// Ends a reading and gives the claim back; `false` when it is held no more, and nothing was stored.
    async fn end_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        end: &WebsiteEnd,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
