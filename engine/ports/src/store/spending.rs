//! What models took of a tenant's plan, by day.

use async_trait::async_trait;
use forecourt_core::{id::TenantId, models::Spent};
use jiff::civil::Date;

use super::StoreError;
use crate::model::Done;

/// What one complete answer took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The model that answered; cut to 128 characters.
    pub model: String,
    pub prompt_tokens: u64,
    /// Of the prompt's.
    pub cached_tokens: u64,
    pub output_tokens: u64,
    /// Billionths of a US dollar; `None` where no price is known.
    pub nano_usd: Option<u64>,
}

impl Taken {
    pub fn of(done: &Done) -> Self {
        Self {
            model: done.model.chars().take(128).collect(),
            prompt_tokens: done.usage.prompt(),
            cached_tokens: done.usage.cached,
            output_tokens: done.usage.output,
            nano_usd: done.cost.map(|cost| cost.0),
        }
    }

    /// As rows hold it: numbers that no column holds become the largest that it does.
    pub fn column(number: u64) -> i64 {
        i64::try_from(number).unwrap_or(i64::MAX / 1_000_000)
    }
}

#[async_trait]
pub trait Spending: Send + Sync {
    /// Adds answers to their days, which are of the tenant's zone: all of them or none.
    async fn spend(&self, tenant: TenantId, taken: &[(Date, Taken)]) -> Result<(), StoreError>;

    /// What was taken on `day`, and in its month up to then.
    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError>;
}
