//! Deliveries on Postgres: found over all tenants, claimed and handed over in each tenant's scope.

use std::collections::HashMap;

use async_trait::async_trait;
use forecourt_core::{
    id::{DeliveryId, MessageId, NodeId, SessionId, TenantId},
    session::LeadSession,
};
use forecourt_ports::store::{
    Content, Deliveries, DueDelivery, HandOver, Leaving, Postponed, StoreError, StoredMessage,
};
use futures_util::{StreamExt, TryStreamExt, stream, try_join};
use jiff::{SignedDuration, Timestamp};

use super::{
    PgStore, store_error, sweep,
    timers::{SCOPES, per_tenant},
};
use crate::{
    TenantTx,
    db::Retry,
    error::DbError,
    tables::{
        bulk,
        deliveries::{self, Found, PostponeDeliveries, PostponedDelivery, Try},
        local::{self, Local},
        messages, number, sessions, timers,
    },
};

/// How much one sweep takes at most (A9).
const MOST: u32 = 1_000;

#[async_trait]
impl Deliveries for PgStore {
    async fn claim_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        self.claim_due_deliveries(node, now, until, limit.min(MOST)).await.map_err(store_error)
    }

    async fn hand_over(
        &self,
        tenant: TenantId,
        delivery: DeliveryId,
        attempt: u32,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<HandOver, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let try_ = Try { delivery, attempt, node, now, until };
        let record = async |tx: &mut TenantTx| deliveries::hand_over(tx, try_).await;
        self.app.tenant(tenant, record).await.map_err(store_error)
    }

    async fn hand_over_all(
        &self,
        tenant: TenantId,
        tries: &[Leaving],
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Vec<HandOver>, StoreError> {
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let tries: Vec<_> = tries
            .iter()
            .map(|leaving| {
                let Leaving { session, delivery, attempt } = *leaving;
                (session, Try { delivery, attempt, node, now, until })
            })
            .collect();
        let record = async |tx: &TenantTx| deliveries::hand_over_all(tx, &tries).await;
        self.app.tenant_at_once(tenant, record).await.map_err(store_error)
    }

    async fn postpone_deliveries(
        &self,
        tenant: TenantId,
        node: NodeId,
        now: Timestamp,
        tries: &[Postponed],
    ) -> Result<(), StoreError> {
        for some in tries.chunks(MOST as usize) {
            let postpone = async |tx: &mut TenantTx| {
                local::set(tx, Local::ByIndexAndLax).await?;
                let mut rows = Vec::with_capacity(some.len());
                for Postponed { delivery, attempt, until } in some {
                    rows.push(PostponedDelivery {
                        delivery_id: delivery.into_uuid(),
                        attempts: number(i64::from(*attempt) - 1, "deliveries")?,
                        next_at: (*until).into(),
                        claimed_by: Some(node.into_uuid()),
                        updated_at: now.into(),
                    });
                }
                rows.sort_by_key(|row| row.delivery_id); // in one order, whoever does it
                let rows: PostponeDeliveries = rows.into_iter().collect();
                Ok(bulk::send(tx, rows).await?)
            };
            self.app.tenant(tenant, postpone).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn forget_leases(&self) -> Result<(), StoreError> {
        for tenant in sweep::holding(&self.jobs).await.map_err(store_error)? {
            self.forget_leases_of(tenant).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn release_leases(&self, node: NodeId) -> Result<(), StoreError> {
        for tenant in sweep::holding(&self.jobs).await.map_err(store_error)? {
            let release = async |tx: &mut TenantTx| {
                timers::release_leases(tx, node).await?;
                deliveries::release_leases(tx, node).await?;
                Ok(())
            };
            self.app.tenant(tenant, release).await.map_err(store_error)?;
        }
        Ok(())
    }
}

impl PgStore {
    async fn claim_due_deliveries(
        &self,
        node: NodeId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, DbError> {
        let found = sweep::due_deliveries(&self.jobs, now, limit).await?;
        let claims = per_tenant(found).into_iter().map(|(tenant, (_, limit))| async move {
            let claim = async |tx: &mut TenantTx| {
                local::set(tx, Local::ByIndexAndLax).await?;
                let found = deliveries::claim(tx, now, node, until, limit).await?;
                with_letters(tx, found).await
            };
            self.app.tenant(tenant, claim).await
        });
        let claimed = stream::iter(claims).buffer_unordered(SCOPES);
        let claimed: Vec<Vec<(Timestamp, DueDelivery)>> = claimed.try_collect().await?;
        let mut due = claimed.concat();
        due.sort_by_key(|(since, due)| (*since, due.tenant, due.delivery));
        Ok(due.into_iter().map(|(_, due)| due).collect())
    }

    async fn forget_leases_of(&self, tenant: TenantId) -> Result<(), DbError> {
        let mut retry = Retry::default();
        loop {
            let forget = async |tx: &mut TenantTx| {
                timers::forget_leases(tx).await?;
                deliveries::forget_leases(tx).await?;
                Ok(())
            };
            match self.app.tenant(tenant, forget).await {
                Err(error) if retry.again(&error).await => {}
                result => return result,
            }
        }
    }
}

/// Adds what each letter is made of, and since when it is due.
async fn with_letters(
    tx: &TenantTx,
    found: Vec<Found>,
) -> Result<Vec<(Timestamp, DueDelivery)>, DbError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut of_sessions: Vec<_> = found.iter().map(|row| row.session().into_uuid()).collect();
    of_sessions.sort_unstable();
    of_sessions.dedup();
    let of_messages: Vec<_> =
        found.iter().filter_map(Found::message).map(MessageId::into_uuid).collect();
    let (snapshots, letters) =
        try_join!(sessions::list(tx, &of_sessions), messages::list_by_id(tx, &of_messages))?;
    let mut states: HashMap<SessionId, LeadSession> = HashMap::new();
    for (id, snapshot) in snapshots {
        states.insert(id, snapshot.parse("sessions")?);
    }
    let letters: HashMap<MessageId, StoredMessage> =
        letters.into_iter().map(|letter| (letter.message, letter)).collect();
    let due = |row: Found| {
        let state = states.get(&row.session());
        let state =
            state.ok_or(DbError::Inconsistent { table: "deliveries", what: "a session" })?;
        let letter = row.message().and_then(|message| letters.get(&message));
        let text = letter.map_or(&state.last_customer_text, |letter| &letter.text);
        let due = DueDelivery {
            tenant: tx.tenant(),
            session: row.session(),
            delivery: row.delivery(),
            kind: row.kind()?,
            attempt: row.attempt()?,
            lost: row.is_lost(),
            deadline: row.deadline(),
            to: row.to().to_owned(),
            lang: state.lang,
            content: Content {
                customer_name: state.customer_name.clone(),
                vehicle_interest: state.vehicle_interest.clone(),
                text: text.clone(),
                author: letter.map(|letter| letter.author),
                member_name: letter.and_then(|letter| letter.member_name.clone()),
                note: Content::note_of(row.kind()?, state),
            },
            thread: state.thread.clone(),
        };
        Ok((row.due_since(), due))
    };
    found.into_iter().map(due).collect()
}
