//! One commit of a tenant's journal: few statements, however many decisions share it.
//!
//! ```text
//! at once:  BEGIN + scope, move the log, versions, all that is written │ COMMIT
//! reading:  BEGIN + scope │ lock the log │ versions, leads, contacts │ all that is written │ COMMIT
//! ```
//!
//! Each column is one round trip; the statements in it share it, and need nothing of each other. The node that
//! wrote last for a tenant knows where the log stands: it writes at once, and commits only when log and versions
//! were where it believed them. Otherwise, and when the tables refuse a key, it reads.
//!
//! # Invariants
//! - **A2** versions are read under the lock of the tenant's log, so of two nodes that commit at once
//!   the second sees what the first has stored; there is no second lock to wait for, hence no
//!   deadlock between commits. A commit at once takes the same lock first and compares the same versions,
//!   after its writes are sent and before they are committed;
//! - a batch that the database refuses is stored append by append, so that one poisoned decision
//!   harms only its own session (R8).

use std::collections::HashMap;

use diesel::QueryResult;
use forecourt_core::{
    contact::Email,
    event::{Event, Seq, Version},
    id::{SessionId, TenantId},
};
use forecourt_ports::store::{Append, Appended, Batch, InboundEvent};
use futures_util::try_join;

use super::{
    PgStore,
    plan::{Known, Plan},
};
use crate::{
    TenantTx,
    db::Retry,
    error::DbError,
    tables::{
        bulk::{Bulk, Writes, send},
        contacts::{self, KnownContact, LearnContacts, NewContacts, TellContacts},
        deliveries::{MarkReplayed, MoveDeliveries, NewDeliveries},
        inbound_events::InboundEvents,
        journal::Events,
        leads::{self, PutLeads},
        local::{self, Local},
        messages::Messages,
        session_drafts,
        sessions::{self, PutSessions},
        tenants,
        timers::SetTimers,
    },
};

impl PgStore {
    pub(super) async fn commit_batch(
        &self,
        tenant: TenantId,
        batch: &Batch,
    ) -> Result<Vec<Appended>, DbError> {
        if let Some(result) = self.commit_at_once(tenant, &batch.appends, &batch.inbound).await {
            return result;
        }
        match self.commit_once(tenant, &batch.appends, &batch.inbound).await {
            Err(error) if is_about_data(&error) => self.commit_singly(tenant, batch).await,
            result => result,
        }
    }

    /// Writes without reading, where this node knows enough; `None` when it must read.
    async fn commit_at_once(
        &self,
        tenant: TenantId,
        appends: &[Append],
        inbound: &[InboundEvent],
    ) -> Option<Result<Vec<Appended>, DbError>> {
        let last = self.heads.guess(tenant)?;
        let known = taken_for_granted(last, appends)?;
        let versions = known.sessions.clone();
        let plan = Plan::of(appends, inbound, known, self.node).ok()?;
        let is_stored = |appended: &Appended| matches!(appended, Appended::Stored { .. });
        if plan.events.is_empty() || !plan.appended.iter().all(is_stored) {
            return None;
        }
        let moved = plan.last;
        let work = async |tx: &TenantTx| {
            let (moved, stand, appended) = try_join!(
                tenants::move_log_from(tx, last, moved),
                are_at(tx, &versions),
                write(tx, plan),
            )?;
            if moved && stand { Ok(appended) } else { Err(DbError::Serialization) }
        };
        match self.app.tenant_at_once(tenant, work).await {
            Ok(appended) => {
                self.heads.moved(tenant, moved);
                Some(Ok(appended))
            }
            Err(
                error @ (DbError::Unavailable(_) | DbError::OutcomeUnknown | DbError::Timeout(_)),
            ) => {
                self.heads.forget(tenant);
                Some(Err(error))
            }
            // Whoever is right is found out by reading.
            Err(_) => {
                self.heads.was_wrong(tenant);
                None
            }
        }
    }

    /// Stores each append in a transaction of its own, so that only those that cannot be stored are
    /// refused.
    async fn commit_singly(
        &self,
        tenant: TenantId,
        batch: &Batch,
    ) -> Result<Vec<Appended>, DbError> {
        let mut appended = Vec::with_capacity(batch.appends.len());
        for append in &batch.appends {
            let one = std::slice::from_ref(append);
            appended.push(match self.commit_once(tenant, one, &[]).await {
                Ok(answers) => answers.first().copied().unwrap_or(Appended::Unstorable),
                Err(DbError::UniqueViolation { constraint }) => {
                    tracing::warn!(session.id = %append.session, constraint, "a key is taken");
                    Appended::Taken
                }
                Err(error) if is_about_data(&error) => {
                    tracing::error!(session.id = %append.session, %error, "it cannot be stored");
                    Appended::Unstorable
                }
                Err(error) => return Err(error),
            });
        }
        for event in &batch.inbound {
            match self.commit_once(tenant, &[], std::slice::from_ref(event)).await {
                Err(error) if is_about_data(&error) => {
                    tracing::error!(inbound.id = %event.id, %error, "a call cannot be logged");
                }
                result => drop(result?),
            }
        }
        Ok(appended)
    }

    /// One transaction; repeated when it lost to another one, which a commit alone never does.
    async fn commit_once(
        &self,
        tenant: TenantId,
        appends: &[Append],
        inbound: &[InboundEvent],
    ) -> Result<Vec<Appended>, DbError> {
        let mut retry = Retry::default();
        loop {
            let work = async |tx: &mut TenantTx| -> Result<_, DbError> {
                let tx = &*tx;
                let known = read(tx, appends).await?;
                let plan = Plan::of(appends, inbound, known, self.node)?;
                let moved = (!plan.events.is_empty()).then_some(plan.last);
                let log = async {
                    match moved {
                        Some(last) => Ok(tenants::move_log(tx, last).await?),
                        None => Ok(0),
                    }
                };
                let (_, appended) = try_join!(log, write(tx, plan))?;
                Ok((appended, moved))
            };
            match self.app.tenant(tenant, work).await {
                Ok((appended, moved)) => {
                    if let Some(last) = moved {
                        self.heads.moved(tenant, last);
                    }
                    return Ok(appended);
                }
                Err(error) if retry.again(&error).await => {}
                Err(error) => {
                    self.heads.forget(tenant);
                    return Err(error);
                }
            }
        }
    }
}

/// Reads what decides who wins. Nobody else changes it before this transaction ends.
async fn read(tx: &TenantTx, appends: &[Append]) -> Result<Known, DbError> {
    if appends.is_empty() {
        return Ok(Known::default());
    }
    let by_index = async { local::set(tx, Local::ByIndex).await.map_err(DbError::from) };
    let ((), last) = try_join!(by_index, tenants::lock_log(tx))?;
    let mut ids: Vec<_> = appends.iter().map(|append| append.session.into_uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Writers that hold their session know its lead's row.
    let unread = appends.iter().filter(|append| append.lead.is_none());
    let mut unread: Vec<_> = unread.map(|append| append.session.into_uuid()).collect();
    unread.sort_unstable();
    unread.dedup();
    let captured =
        appends.iter().flat_map(|append| &append.events).filter_map(|event| match event {
            Event::LeadCaptured(captured) => Some(captured),
            _ => None,
        });
    let (mut keys, mut contacts) = (Vec::new(), Vec::new());
    for captured in captured {
        keys.extend(captured.email.as_ref().map(Email::key));
        contacts.push(captured.contact.into_uuid());
    }
    // One index each: a join or an OR of them would read the whole tenant.
    let (sessions, leads, by_key, by_id) = try_join!(
        sessions::versions(tx, &ids),
        leads::of_sessions(tx, &unread),
        contacts::with_keys(tx, &keys),
        contacts::with_ids(tx, &contacts),
    )?;
    Ok(Known { last, sessions, leads, contacts: [by_key, by_id].concat() })
}

/// What reading would find if nobody else has written; versions are compared, and the tables refuse keys that
/// are taken. `None` when that is not enough: a lead's row must be read.
fn taken_for_granted(last: Seq, appends: &[Append]) -> Option<Known> {
    let mut sessions: HashMap<SessionId, Version> = HashMap::new();
    let mut contacts = Vec::new();
    for append in appends {
        append.lead.as_ref()?;
        sessions.entry(append.session).or_insert(append.expected);
        contacts.extend(append.events.iter().filter_map(|event| match event {
            Event::LeadCaptured(captured) if !captured.new_contact => {
                Some(KnownContact { contact: captured.contact, email_key: None })
            }
            _ => None,
        }));
    }
    Some(Known { last, sessions: sessions.into_iter().collect(), leads: Vec::new(), contacts })
}

/// Whether sessions have these versions; 0 is of those that do not exist.
async fn are_at(tx: &TenantTx, versions: &[(SessionId, Version)]) -> Result<bool, DbError> {
    let ids: Vec<_> = versions.iter().map(|(session, _)| session.into_uuid()).collect();
    let found: HashMap<_, _> = sessions::versions(tx, &ids).await?.into_iter().collect();
    let is_at = |(session, version): &(SessionId, Version)| {
        found.get(session).copied().unwrap_or_default() == *version
    };
    Ok(versions.iter().all(is_at))
}

/// Writes a plan. What points to each other is checked when all of it is there, at the end.
async fn write(tx: &TenantTx, plan: Plan) -> Result<Vec<Appended>, DbError> {
    // In no order of their own: of the rows that others lock too, only sessions are among them.
    let mut new = Writes::default();
    new.add::<PutSessions, _>(plan.sessions);
    new.add::<Events, _>(plan.events);
    new.add::<NewContacts, _>(plan.new_contacts.into_values());
    new.add::<PutLeads, _>(plan.leads);
    new.add::<Messages, _>(plan.messages);
    new.add::<SetTimers, _>(plan.timers.into_values());
    new.add::<InboundEvents, _>(plan.inbound);
    // What ended leaves its meaning to what follows it (the intent ledger).
    let follow = !plan.moved_deliveries.is_empty();
    let mut letters = Writes::default();
    let to = if follow { &mut letters } else { &mut new };
    to.add::<NewDeliveries, _>(plan.new_deliveries.into_values());
    try_join!(
        new.send(tx),
        put::<TellContacts, _>(tx, plan.told_contacts.into_values()),
        put::<LearnContacts, _>(tx, plan.learned.into_values()),
        put::<MoveDeliveries, _>(tx, plan.moved_deliveries.into_values()),
        letters.send(tx),
        put::<MarkReplayed, _>(tx, plan.replayed_deliveries.into_values()),
        session_drafts::end(tx, plan.sent, plan.sent_at),
    )?;
    Ok(plan.appended)
}

async fn put<Rows, Row>(tx: &TenantTx, rows: impl IntoIterator<Item = Row>) -> QueryResult<usize>
where
    Rows: Bulk + FromIterator<Row>,
{
    send(tx, rows.into_iter().collect::<Rows>()).await
}

/// Whether the rows themselves are the reason: repeating the same batch would fail again.
fn is_about_data(error: &DbError) -> bool {
    /// What Postgres says of values; Diesel drops its code. Otherwise it is a bug or a fault that
    /// is not one append's.
    const OF_VALUES: [&str; 6] = [
        "invalid byte sequence",
        "unsupported Unicode escape",
        "invalid input syntax",
        "value too long",
        "a value could not be sent",
        "a text holds NUL",
    ];
    match error {
        DbError::UniqueViolation { .. }
        | DbError::ExclusionViolation { .. }
        | DbError::ForeignKeyViolation { .. }
        | DbError::CheckViolation { .. }
        | DbError::Inconsistent { .. } => true,
        DbError::Other(what) => {
            OF_VALUES.iter().any(|start| what.contains(start)) || what.ends_with("out of range")
        }
        DbError::Unavailable(_)
        | DbError::OutcomeUnknown
        | DbError::Timeout(_)
        | DbError::Deadlock
        | DbError::Serialization
        | DbError::Refused(_)
        | DbError::NotFound
        | DbError::Aborted => false,
    }
}
