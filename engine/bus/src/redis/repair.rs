//! What Redis did not bring is read from the journal; and what is over is forgotten.
//!
//! # Invariants
//! - never two readers of one tenant at once, and [`super::READS`] on the whole node (A9);
//! - a tenant with listeners whose other writers cannot be heard is looked at about once a second.

use std::{sync::Arc, time::Duration};

use forecourt_core::{
    event::{EventRecord, Seq},
    id::TenantId,
};
use forecourt_ports::{
    bus::{Bus as _, Draft},
    store::{Head, StoreError},
};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, sleep_until, timeout},
};

use super::{Shared, lock, presence, sequencer::Need};
use crate::names;

/// Events read at once.
const PAGE: u32 = 500;
/// How long the journal may take.
const READ: Duration = Duration::from_secs(5);
/// Reads without progress before a gap is passed over.
const TRIES: u32 = 6;
/// Between two reads without progress, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How far back is looked, at first and at most, for what the first listener of a tenant may have missed;
/// and how old an event may be by its writer's clock: nodes' clocks differ a little.
const RECENT: u32 = 128;
const MOST_RECENT: u32 = 8_192;
const SKEW: SignedDuration = SignedDuration::from_secs(3);
/// How long a node that fell silent is expected back: longer silence is a stopped node.
const EXPECTED: Duration = Duration::from_mins(2);

/// Fills the gap of a tenant, until there is none.
pub(super) async fn fill(shared: Arc<Shared>, id: TenantId) {
    let (mut failures, mut without) = (0_u32, 0);
    while !shared.stopped.is_cancelled() {
        let alone = !shared.is_joined();
        let need = shared.step_known(id, |tenant, now, _| {
            let need = tenant.sequencer.need(now, shared.pace.patience, alone);
            tenant.repairing = need.is_some();
            need
        });
        let after = match need.flatten() {
            None => return,
            Some(Need::Wait(until)) => {
                sleep_until(until).await;
                continue;
            }
            Some(Need::Read(after)) => after,
        };
        if failures == 0 {
            metrics::counter!(names::GAPS).increment(1);
        }
        let read = page(&shared, id, after, PAGE).await;
        let progress = shared.step_known(id, |tenant, now, out| match read {
            Ok(records) if !records.is_empty() => {
                metrics::counter!(names::FILLED).increment(records.len() as u64);
                tenant.sequencer.filled(records, now, out);
                true
            }
            // Down: it comes back, and so does what is missing.
            Err(StoreError::Unavailable) => false,
            Ok(_) | Err(_) if without == TRIES => {
                metrics::counter!(names::GIVEN_UP).increment(1);
                tracing::warn!(tenant.id = %id, after = after.0, "the journal does not have what is missing");
                tenant.sequencer.give_up(now, out);
                true
            }
            Ok(_) | Err(_) => {
                without += 1;
                false
            }
        });
        if progress == Some(true) {
            (failures, without) = (0, 0);
        } else {
            failures += 1;
        }
        if failures > 0 {
            let pause = (shared.pace.patience * (1 << failures.min(6))).min(LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
        }
    }
}

async fn page(
    shared: &Shared,
    id: TenantId,
    after: Seq,
    most: u32,
) -> Result<Vec<EventRecord>, StoreError> {
    let _permit = shared.reads.acquire().await.map_err(|_| StoreError::Unavailable)?;
    let read = timeout(READ, shared.journal.replay(id, after, most)).await;
    read.unwrap_or(Err(StoreError::Unavailable))
}

async fn head(shared: &Shared, id: TenantId) -> Result<Head, StoreError> {
    let _permit = shared.reads.acquire().await.map_err(|_| StoreError::Unavailable)?;
    let read = timeout(READ, shared.journal.head(id)).await;
    read.unwrap_or(Err(StoreError::Unavailable))
}

/// Finds where the log stood when the first listener came at `since`.
pub(super) async fn anchor(shared: Arc<Shared>, id: TenantId, since: Timestamp) {
    let since = since.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
    while !shared.stopped.is_cancelled() {
        let read = stood(&shared, id, since).await;
        let again = shared.step_known(id, |tenant, now, out| {
            if let Ok((head, recent)) = read {
                tenant.epoch = Some(head.epoch);
                tenant.sequencer.anchored(head.seq, recent, now, out);
                return false;
            }
            // What came meanwhile must not wait for the journal.
            tenant.sequencer.not_anchored(now, out);
            tenant.sequencer.listen()
        });
        if again != Some(true) {
            return;
        }
        tokio::time::sleep(LONGEST_PAUSE).await;
    }
}

/// Where the log stands, and its last events since a time.
async fn stood(
    shared: &Shared,
    id: TenantId,
    since: Timestamp,
) -> Result<(Head, Vec<EventRecord>), StoreError> {
    let head = head(shared, id).await?;
    let mut back = RECENT;
    loop {
        let after = Seq((head.seq.0 - i64::from(back)).max(0));
        let mut recent = page(shared, id, after, back).await?;
        let older = recent.iter().position(|record| record.at >= since).unwrap_or(recent.len());
        if older > 0 || after == Seq(0) || back >= MOST_RECENT {
            recent.drain(..older);
            return Ok((head, recent));
        }
        back *= 8;
    }
}

/// Compares a tenant's place with the journal's.
pub(super) async fn look(shared: &Arc<Shared>, id: TenantId) {
    let Ok(head) = head(shared, id).await else { return };
    shared.step_known(id, |tenant, now, out| match tenant.epoch.replace(head.epoch) {
        Some(epoch) if epoch != head.epoch => tenant.sequencer.begin_anew(head.seq, now, out),
        _ => tenant.sequencer.note_head(head.seq, now),
    });
}

/// Looks at many tenants, a few at a time.
pub(super) async fn look_at(shared: Arc<Shared>, ids: Vec<TenantId>) {
    stream::iter(ids)
        .for_each_concurrent(super::READS, |id| {
            let shared = Arc::clone(&shared);
            async move { look(&shared, id).await }
        })
        .await;
}

/// Looks, withdraws and forgets, again and again.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(shared.pace.look);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looking: Option<JoinHandle<()>> = None;
    let mut net = Instant::now() + shared.pace.net;
    let mut told = Instant::now();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shared.stopped.cancelled() => return,
        }
        let now = Instant::now();
        tidy(&shared, now);
        let again = told + shared.pace.renew <= now;
        if again {
            told = now;
        }
        presence::renew(&shared, &tenants(&shared), again, now);
        if looking.as_ref().is_some_and(|task| !task.is_finished()) {
            continue;
        }
        let all = net <= now;
        if all {
            net = now + shared.pace.net;
        }
        if all || misses_somebody(&shared, now) {
            let ids = tenants(&shared)
                .into_iter()
                .filter(|id| all || shared.local.has_listeners(*id))
                .collect();
            looking = Some(shared.io.spawn(look_at(Arc::clone(&shared), ids)));
        }
    }
}

/// Whether events may be stored that Redis does not bring: it is gone, or a node is silent.
fn misses_somebody(shared: &Shared, now: Instant) -> bool {
    let stale = 2 * shared.pace.stale;
    let mut peers = lock(&shared.peers);
    peers.retain(|_, heard| now < *heard + EXPECTED);
    !shared.is_joined() || peers.values().any(|heard| *heard + stale <= now)
}

pub(super) fn tenants(shared: &Shared) -> Vec<TenantId> {
    shared
        .tenants
        .iter()
        .flat_map(|shard| lock(shard).keys().copied().collect::<Vec<_>>())
        .collect()
}

/// Withdraws answers that fell silent, and forgets tenants that nobody uses.
fn tidy(shared: &Arc<Shared>, now: Instant) {
    for shard in &shared.tenants {
        let mut shard = lock(shard);
        shard.retain(|id, tenant| {
            for (session, turn) in tenant.drafts.silent(now, |node| shared.lives(node, now)) {
                shared.local.publish_draft(*id, session, Draft::Discarded { turn });
            }
            if now < tenant.used + shared.pace.idle {
                return true;
            }
            if shared.local.has_listeners(*id) || tenant.repairing || !tenant.drafts.is_idle() {
                tenant.used = now;
                return true;
            }
            shared.local.forget(*id);
            shared.look_at_channel(*id);
            metrics::gauge!(names::TENANTS).decrement(1.0);
            false
        });
    }
}
