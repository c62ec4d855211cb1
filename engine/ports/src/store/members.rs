//! Members and their sign-in sessions.

use async_trait::async_trait;
use forecourt_core::id::{MemberId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// What a member may do; each role may do all that the ones after it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Manager,
    Seller,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Seller => "seller",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Manager, Self::Seller].into_iter().find(|role| role.as_str() == text)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    pub tenant: TenantId,
    pub member: MemberId,
    pub name: String,
    pub email: String,
    pub role: Role,
}

/// A member with the PHC string of their password.
#[derive(Clone)]
pub struct MemberWithHash {
    pub member: Member,
    pub password_hash: String,
}

#[async_trait]
pub trait Members: Send + Sync {
    /// An active member by mail address, without regard to case.
    async fn find_member(
        &self,
        tenant: TenantId,
        email: &str,
    ) -> Result<Option<MemberWithHash>, StoreError>;

    /// Opens a sign-in session under the SHA-256 of its token.
    async fn open_staff_session(
        &self,
        tenant: TenantId,
        member: MemberId,
        token_hash: [u8; 32],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The active member of an unexpired sign-in session.
    async fn find_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError>;

    /// Ends a sign-in session; true for the one caller, on whichever node, who ended it.
    async fn close_staff_session(
        &self,
        tenant: TenantId,
        token_hash: [u8; 32],
    ) -> Result<bool, StoreError>;
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("member", &self.member)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
