//! Where passages lie in a space of meaning. Only there when the operator has switched it on.
//!
//! Which passages lack a vector is work of their tenant's, claimed by one node at a time. A passage that changes
//! loses its vector in the same commit, so that nothing is ever found by what it said before.
//!
//! # Invariants
//! - **A8** the nearest of a search are the nearest of the tenant's own;
//! - a vector is only kept of the text that is still there, and only searched in the space it is of;
//! - **A9** batches and answers are limited.

use async_trait::async_trait;
use forecourt_core::{
    id::{NodeId, PassageId, TenantId},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};

use super::{StoreError, knowledge::Passage};
use crate::embedder::Space;

/// A tenant whose passages lack vectors, claimed by a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorWork {
    pub tenant: TenantId,
    /// How often it failed in a row.
    pub failures: u32,
}

/// A passage without a vector of the space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    pub id: PassageId,
    /// Title, keywords and text.
    pub text: String,
}

/// A passage's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub id: PassageId,
    /// The text that it is the place of.
    pub text: String,
    /// `None` for a text that the provider does not take: it is not asked again.
    pub vector: Option<Vec<f32>>,
}

/// What a node finds that looks for passages without a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// These, and maybe more.
    Some(Vec<Unplaced>),
    /// None: the claim was given back.
    Nothing,
    /// The claim is another node's by now, or this one's space is not the stored one.
    Lost,
}

#[async_trait]
pub trait Vectors: Send + Sync {
    /// Claims tenants that are due, whose passages lack vectors. None while the space of the store is another:
    /// a node with another model would undo what this one does.
    async fn claim_vectors(
        &self,
        space: &Space,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<VectorWork>, StoreError>;

    /// What lacks a vector, `limit` at most, and renews the claim. With nothing left the work is done.
    async fn lacking(
        &self,
        tenant: TenantId,
        space: &Space,
        node: NodeId,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lacking, StoreError>;

    /// Keeps places; that of a text that changed meanwhile is passed over. `false` when the claim is another's.
    async fn place(
        &self,
        tenant: TenantId,
        space: &Space,
        node: NodeId,
        placed: &[Placed],
    ) -> Result<bool, StoreError>;

    /// Gives a claim back, to be due again at `at`; a failure is counted when `failed`.
    async fn give_back_vectors(
        &self,
        tenant: TenantId,
        node: NodeId,
        failed: bool,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The passages nearest to `vector` with a cosine similarity of `least` or more, the nearest first; their
    /// score is that similarity. Of the same entry in several languages the one in `lang` is preferred.
    async fn near(
        &self,
        tenant: TenantId,
        space: &Space,
        vector: &[f32],
        lang: Lang,
        least: f32,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError>;

    /// How many passages of a tenant have a place in the space, and how many there are.
    async fn placed_of(&self, tenant: TenantId, space: &Space) -> Result<(u32, u32), StoreError>;
}
