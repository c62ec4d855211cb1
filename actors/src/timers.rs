//! A node's timers: those of the next minutes in memory, all of them in rows.
//!
//! What this node sets fires from memory, to the millisecond. Everything else (set by a dead node, or
//! far away) is found by a sweep of what is overdue; a claim with a lease keeps nodes from doing so twice.
//!
//! # Invariants
//! - a timer that is moved or ended fires at most as a wish that its session refuses as stale;
//! - **A9** memory holds a bounded number; the rest waits in its rows;
//! - a sweep costs the same however many timers are pending;
//! - after a downtime what is overdue fires oldest first and [`AT_ONCE`] at a time: the wake storm
//!   must not drown the leads that come in.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, OnceLock},
};

use actix::{
    Actor, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, MessageResult,
    SpawnHandle, WrapFuture as _,
};
use forecourt_core::{
    effect::TimerKind,
    id::{SessionId, TenantId},
    session::Command,
};
use forecourt_ports::store::{DueDelivery, DueTimer};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    engine::{Ports, WeakEngine},
    inspect::AskTimers,
    names,
    registry::Registry,
    way,
};

/// Timers further away stay in their rows.
const HORIZON: SignedDuration = SignedDuration::from_secs(120);
/// Timers in memory; more stay in their rows.
const IN_MEMORY: usize = 500_000;
/// How often overdue rows are looked for.
const SWEEP: SignedDuration = SignedDuration::from_secs(1);
/// How long a claim holds (G4: work of a dead node is taken up within it).
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// Rows a sweep takes at once, and overdue timers that may be firing: a claim that cannot fire before its
/// lease ends would be fired twice.
const AT_ONCE: u32 = 500;
const MAILBOX: usize = 65_536;

type Key = (TenantId, SessionId, TimerKind);

/// The way to a node's timers. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct TimersHandle(Arc<OnceLock<Addr<Timers>>>);

impl TimersHandle {
    pub(crate) fn set(&self, addr: &Addr<Timers>) {
        let _twice = self.0.set(addr.clone());
    }

    /// Sets, moves or (with `None`) ends a timer in memory; its row is stored already.
    pub(crate) fn set_timer(
        &self,
        tenant: TenantId,
        session: SessionId,
        kind: TimerKind,
        due_at: Option<Timestamp>,
    ) {
        if let Some(addr) = self.0.get() {
            let key = (tenant, session, kind);
            let _full = addr.try_send(Set { key, due_at }); // then the sweep finds its row
        }
    }
}

pub(crate) struct Timers {
    ports: Arc<Ports>,
    engine: WeakEngine,
    /// What is due when, by key; what the heap holds beside it was moved or ended.
    pending: HashMap<Key, Timestamp>,
    heap: BinaryHeap<Reverse<(Timestamp, Key)>>,
    alarm: Option<(Timestamp, SpawnHandle)>,
    /// Room for overdue timers to fire.
    room: Arc<Semaphore>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Set {
    key: Key,
    due_at: Option<Timestamp>,
}

/// Wakes every session that owes a turn, and takes up overdue deliveries: after a start.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct WakeOwing;

impl Timers {
    pub(crate) fn start_sweeping(
        ports: Arc<Ports>,
        engine: WeakEngine,
        registry: &Registry,
    ) -> Addr<Self> {
        let arbiter = registry.arbiter_of(&Uuid::nil());
        Self::start_in_arbiter(&arbiter, move |_| Self {
            ports,
            engine,
            pending: HashMap::new(),
            heap: BinaryHeap::new(),
            alarm: None,
            room: Arc::new(Semaphore::new(AT_ONCE as usize)),
        })
    }

    /// Sets the one alarm for the earliest timer.
    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        let Some(Reverse((due, _))) = self.heap.peek().copied() else { return };
        if self.alarm.is_some_and(|(at, _)| at <= due) {
            return;
        }
        if let Some((_, alarm)) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let clock = Arc::clone(&self.ports.clock);
        let wait = async move { clock.sleep_until(due).await };
        let alarm = ctx.spawn(wait.into_actor(self).map(|(), timers, ctx| {
            timers.alarm = None;
            timers.fire_due();
            timers.set_alarm(ctx);
        }));
        self.alarm = Some((due, alarm));
    }

    fn fire_due(&mut self) {
        let now = self.ports.clock.now();
        while let Some(Reverse((due, key))) = self.heap.peek().copied().filter(|r| r.0.0 <= now) {
            self.heap.pop();
            if self.pending.get(&key) == Some(&due) {
                self.pending.remove(&key);
                let (tenant, session, kind) = key;
                self.fire(DueTimer { tenant, session, kind, due_at: due }, None);
            }
        }
    }

    /// Fires a timer; `room` is held until its session has answered.
    fn fire(&self, due: DueTimer, room: Option<OwnedSemaphorePermit>) {
        metrics::counter!(names::TIMERS, "kind" => due.kind.as_str()).increment(1);
        let Some(engine) = self.engine.get().filter(|engine| !engine.is_closed()) else { return };
        let span = way::timer(due.tenant, due.session, due.kind);
        self.ports.io.spawn(
            async move {
                if let Ok(Some(tenant)) = engine.tenant_by_id(due.tenant).await {
                    let command = Command::FireTimer { kind: due.kind, turn_runs: false };
                    // Refused as stale, it was moved or ended; not stored, its row is found again.
                    let _over = tenant.shared().dispatch(due.session, command).await;
                }
                drop(room);
            }
            .instrument(span),
        );
    }

    fn deliver(&self, due: DueDelivery) {
        let Some(engine) = self.engine.get().filter(|engine| !engine.is_closed()) else { return };
        self.ports.io.spawn(async move {
            if let Ok(Some(tenant)) = engine.tenant_by_id(due.tenant).await {
                tenant.shared().deliveries.enqueue(due);
            }
        });
    }

    /// Looks for overdue rows, again and again, as long as the actor lives.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        if self.engine.get().is_some_and(|engine| engine.is_closed()) {
            return; // what it claimed now, nobody would do until the claim ends
        }
        let (ports, node, room) =
            (Arc::clone(&self.ports), self.ports.node, Arc::clone(&self.room));
        let look = async move {
            // One place at least; while there is none, nothing is claimed that could not fire.
            let _one = room.acquire().await;
            let places = u32::try_from(room.available_permits()).unwrap_or(AT_ONCE);
            let now = ports.clock.now();
            // Neither waits for the other: after a start both are many.
            let (timers, deliveries) = tokio::join!(
                ports.store.claim_timers(node, now, LEASE, places.max(1)),
                ports.store.claim_deliveries(node, now, LEASE, AT_ONCE),
            );
            let full = timers.as_ref().is_ok_and(|found| found.len() >= places.max(1) as usize)
                || deliveries.as_ref().is_ok_and(|found| found.len() >= AT_ONCE as usize);
            if !full {
                ports.clock.sleep_until(now.saturating_add(SWEEP).unwrap_or(Timestamp::MAX)).await;
            }
            (timers, deliveries)
        };
        ctx.spawn(look.into_actor(self).map(|(timers, deliveries), actor, ctx| {
            match timers {
                Ok(due) => {
                    for due in due {
                        let room = Arc::clone(&actor.room).try_acquire_owned().ok();
                        actor.fire(due, room);
                    }
                }
                Err(error) => tracing::warn!(%error, "overdue timers could not be read"),
            }
            match deliveries {
                Ok(due) => due.into_iter().for_each(|due| actor.deliver(due)),
                Err(error) => tracing::warn!(%error, "overdue deliveries could not be read"),
            }
            actor.sweep(ctx);
        }));
    }
}

impl Actor for Timers {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.sweep(ctx);
    }
}

impl Handler<Set> for Timers {
    type Result = ();

    fn handle(&mut self, Set { key, due_at }: Set, ctx: &mut Self::Context) {
        let horizon = self.ports.clock.now().saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        match due_at.filter(|due| *due <= horizon && self.heap.len() < IN_MEMORY) {
            Some(due) => {
                self.pending.insert(key, due);
                self.heap.push(Reverse((due, key)));
                self.set_alarm(ctx);
            }
            None => {
                self.pending.remove(&key);
            }
        }
        // What was moved or ended stays in the heap until its time; when it is most of it, it is swept out.
        if self.heap.len() > 1_024 && self.heap.len() > 4 * self.pending.len() {
            let pending = &self.pending;
            self.heap.retain(|Reverse((due, key))| pending.get(key) == Some(due));
        }
    }
}

impl Handler<AskTimers> for Timers {
    type Result = MessageResult<AskTimers>;

    fn handle(&mut self, _: AskTimers, _: &mut Self::Context) -> Self::Result {
        let mut by_tenant = HashMap::new();
        for (tenant, ..) in self.pending.keys() {
            *by_tenant.entry(*tenant).or_default() += 1;
        }
        MessageResult(by_tenant)
    }
}

impl Handler<WakeOwing> for Timers {
    type Result = ();

    fn handle(&mut self, _: WakeOwing, ctx: &mut Self::Context) {
        // The lease of a turn ends soon; on a restart its timer is claimed ahead of time, to wake its
        // session, which runs what it owes. The timer itself is not due, and stays.
        let (ports, node) = (Arc::clone(&self.ports), self.ports.node);
        let look = async move {
            let soon = ports.clock.now().saturating_add(LEASE).unwrap_or(Timestamp::MAX);
            ports.store.claim_timers(node, soon, SignedDuration::ZERO, 10_000).await
        };
        ctx.spawn(look.into_actor(self).map(|timers, actor, _| {
            let Some(engine) = actor.engine.get() else { return };
            let owing = timers.unwrap_or_default();
            actor.ports.io.spawn(async move {
                for timer in owing {
                    if let Ok(Some(tenant)) = engine.tenant_by_id(timer.tenant).await {
                        tenant.shared().registry.wake(tenant.shared(), timer.session);
                    }
                }
            });
        }));
    }
}
