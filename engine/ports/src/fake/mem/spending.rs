//! What models took, in memory.

use async_trait::async_trait;
use forecourt_core::{id::TenantId, models::Spent};
use jiff::civil::Date;

use super::MemStore;
use crate::store::{Spending, StoreError, Taken};

#[async_trait]
impl Spending for MemStore {
    async fn spend(&self, tenant: TenantId, taken: &[(Date, Taken)]) -> Result<(), StoreError> {
        if let Some(behind) = self.behind() {
            return behind.spend(tenant, taken).await;
        }
        let mut world = self.enter("spend").await?;
        let spent = &mut world.tenant_mut(tenant)?.spent;
        for (day, taken) in taken {
            let row = spent.entry((*day, taken.model.clone())).or_default();
            row.tokens = row.tokens.saturating_add(taken.prompt_tokens + taken.output_tokens);
            row.nano_usd = row.nano_usd.saturating_add(taken.nano_usd.unwrap_or(0));
        }
        Ok(())
    }

    async fn spent(&self, tenant: TenantId, day: Date) -> Result<(Spent, Spent), StoreError> {
        if let Some(behind) = self.behind() {
            return behind.spent(tenant, day).await;
        }
        let world = self.enter("spent").await?;
        let rows = &world.tenant(tenant)?.spent;
        let sum = |from: Date| {
            let within = rows.iter().filter(|((at, _), _)| (from..=day).contains(at));
            within.fold(Spent::default(), |sum, (_, row)| Spent {
                tokens: sum.tokens.saturating_add(row.tokens),
                nano_usd: sum.nano_usd.saturating_add(row.nano_usd),
            })
        };
        Ok((sum(day), sum(day.first_of_month())))
    }
}
