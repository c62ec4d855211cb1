//! A bookable thing: the one place on this node where its time is granted (A12).
//!
//! The actor keeps the resource's ledger and gives out its *seat*, to one booking at a time: whoever
//! sits decides, stores, and leaves the ledger as it is then. A booking of several resources takes
//! their seats in the order of their ids, so that two never wait for each other. Whoever only asks
//! looks at the ledger without a seat.
//!
//! # Invariants
//! - **A12** one seat per resource and node; between nodes the ledger's version decides, and behind it
//!   the store's exclusion constraint;
//! - a seat that is left without a word (a caller that went away, a store that did not answer, a panic)
//!   makes the actor forget its ledger and read it again: memory never says more than the store;
//! - **A9** the line for a seat is bounded; a resource that nobody needed for a while leaves memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler,
    Message, WrapFuture as _, dev::SendError,
};
use forecourt_core::{
    booking::{Ledger, Stretch, Take, Terms},
    id::{BookingId, ResourceId, TenantId},
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};

use crate::{
    engine::{Ports, lock},
    error::EngineError,
    names,
    registry::Registry,
};

/// Callers in line for one resource.
const QUEUE: usize = 256;
/// A caller waits no longer for a seat or a look.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often an actor may die under one caller.
const MOST_DEATHS: u32 = 3;
/// How old a ledger may be for a look while other nodes write too: a wrong answer is noticed when it is
/// booked.
const LOOK_AGE: SignedDuration = SignedDuration::from_secs(2);
/// Repeating blocks are worked out for a window that moves with time.
const LEDGER_AGE: SignedDuration = SignedDuration::from_hours(6);
/// What is over for so long is not in a ledger.
const BEHIND: SignedDuration = SignedDuration::from_hours(24);
/// As far as any service's horizon, and its length.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * (Terms::MAX_HORIZON as i64 + 3));

/// A ledger as it was read, or as a stored step left it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) version: i64,
    pub(crate) ledger: Arc<Ledger>,
    read_at: Timestamp,
}

impl Known {
    /// As it is after a stored step.
    fn after(
        &self,
        booking: BookingId,
        takes: &[Take],
        held_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let mut next = self.clone();
        Arc::make_mut(&mut next.ledger).settle(booking, takes, held_until, now);
        next.version += 1;
        next
    }
}

/// The right to decide of a resource, until it is dropped.
pub(crate) struct Seat {
    pub(crate) resource: ResourceId,
    pub(crate) known: Arc<Known>,
    leave: Option<Leave>,
}

/// How a seat is left: the ledger is laid down first, so that whoever comes next sees it, and then the
/// actor is woken, by the end of the sender.
struct Leave {
    laid_down: Arc<OnceLock<Arc<Known>>>,
    _wakes: oneshot::Sender<()>,
}

impl Seat {
    /// Leaves the ledger as it was found.
    pub(crate) fn unchanged(mut self) {
        let known = Arc::clone(&self.known);
        self.hand_back(known);
    }

    /// Leaves the ledger as a stored step of a booking has made it.
    pub(crate) fn settled(
        mut self,
        booking: BookingId,
        takes: &[Take],
        held_until: Option<Timestamp>,
        now: Timestamp,
    ) {
        let next = Arc::new(self.known.after(booking, takes, held_until, now));
        self.hand_back(next);
    }

    fn hand_back(&mut self, known: Arc<Known>) {
        if let Some(leave) = self.leave.take() {
            let _once = leave.laid_down.set(known);
        }
    }
}

/// A caller at the actor's door.
#[derive(Message)]
#[rtype(result = "()")]
struct Enter {
    /// Or only a look.
    sits: bool,
    /// `None`: there is no such resource.
    reply: oneshot::Sender<Result<Option<Seat>, EngineError>>,
}

/// Forget the ledger: it was changed past the actor.
#[derive(Message)]
#[rtype(result = "()")]
struct Forget;

type Key = (TenantId, ResourceId);

/// The resources of a node that are awake.
#[derive(Clone)]
pub(crate) struct Resources(Arc<Inner>);

struct Inner {
    awake: Mutex<HashMap<Key, Slot>>,
    generation: AtomicU64,
    registry: Registry,
    ports: Arc<Ports>,
    manner: Manner,
    letters: Arc<Notify>,
}

/// How resources are kept here.
#[derive(Clone, Copy)]
struct Manner {
    /// Whether no other node writes.
    sole: bool,
    /// What nobody needed for so long leaves memory.
    idle: Duration,
}

struct Slot {
    addr: Addr<ResourceActor>,
    generation: u64,
    /// Callers for whom the mailbox has no room yet.
    at_the_door: Arc<AtomicUsize>,
}

/// Why a caller is not in the mailbox.
enum Refusal {
    Full {
        enter: Box<Enter>,
        addr: Addr<ResourceActor>,
        generation: u64,
        at_the_door: Arc<AtomicUsize>,
    },
    Gone,
}

/// One caller at the door, until it is dropped.
struct AtTheDoor(Arc<AtomicUsize>);

impl Drop for AtTheDoor {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Resources {
    pub(crate) fn new(registry: Registry, ports: Arc<Ports>, sole: bool, idle: Duration) -> Self {
        let (awake, generation) = (Mutex::default(), AtomicU64::new(0));
        let (manner, letters) = (Manner { sole, idle }, Arc::default());
        Self(Arc::new(Inner { awake, generation, registry, ports, manner, letters }))
    }

    /// The seat of a resource, when it is this caller's turn; `None` when there is no such resource.
    pub(crate) async fn seat(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Seat>, EngineError> {
        self.enter(tenant, resource, true).await
    }

    /// The ledger, without a seat.
    pub(crate) async fn look(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Arc<Known>>, EngineError> {
        Ok(self.enter(tenant, resource, false).await?.map(|seat| Arc::clone(&seat.known)))
    }

    /// Has the ledger read again before it is used again.
    pub(crate) fn forget(&self, tenant: TenantId, resource: ResourceId) {
        if let Some(slot) = lock(&self.0.awake).get(&(tenant, resource)) {
            let _full = slot.addr.try_send(Forget); // then the version tells
        }
    }

    /// Wakes who sends letters about bookings: one is due now.
    pub(crate) fn letters_are_due(&self) {
        self.0.letters.notify_one();
    }

    /// Ends when [`Self::letters_are_due`] was called since it ended last.
    pub(crate) fn letters(&self) -> Arc<Notify> {
        Arc::clone(&self.0.letters)
    }

    pub(crate) fn awake(&self) -> usize {
        lock(&self.0.awake).len()
    }

    /// An actor that dies is replaced and asked again, [`MOST_DEATHS`] times in all.
    async fn enter(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        sits: bool,
    ) -> Result<Option<Seat>, EngineError> {
        for _ in 0..MOST_DEATHS {
            let (reply, answer) = oneshot::channel();
            let generation = match self.send((tenant, resource), Enter { sits, reply }) {
                Ok(generation) => generation,
                Err(Refusal::Gone) => return Err(EngineError::UNAVAILABLE),
                // An actor that has just been started has its room only once it runs: the first burst of
                // a resource waits for it.
                Err(Refusal::Full { enter, addr, generation, at_the_door }) => {
                    if at_the_door.fetch_add(1, Ordering::AcqRel) >= QUEUE {
                        at_the_door.fetch_sub(1, Ordering::AcqRel);
                        return Err(EngineError::BUSY);
                    }
                    let _counted = AtTheDoor(at_the_door);
                    let entered = tokio::time::timeout(PATIENCE, addr.send(*enter)).await;
                    if entered.is_err() {
                        return Err(EngineError::BUSY);
                    }
                    generation
                }
            };
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(answer)) => return answer,
                // It may still look alive for a moment; or it was going to sleep.
                Ok(Err(_died)) => self.0.drop_slot((tenant, resource), generation),
                Err(_elapsed) => return Err(EngineError::BUSY),
            }
        }
        Err(EngineError::UNAVAILABLE)
    }

    /// Answers the generation of the actor that was asked.
    fn send(&self, key: Key, enter: Enter) -> Result<u64, Refusal> {
        let mut awake = lock(&self.0.awake);
        let living = awake.get(&key).filter(|slot| slot.addr.connected());
        let sent = match living {
            Some(slot) => slot.addr.try_send(enter).map(|()| slot.generation),
            None => Err(SendError::Closed(enter)),
        };
        match sent {
            Ok(generation) => Ok(generation),
            Err(SendError::Full(enter)) => {
                let slot = awake.get(&key).ok_or(Refusal::Gone)?;
                let (addr, at_the_door) = (slot.addr.clone(), Arc::clone(&slot.at_the_door));
                let (enter, generation) = (Box::new(enter), slot.generation);
                Err(Refusal::Full { enter, addr, generation, at_the_door })
            }
            Err(SendError::Closed(enter)) => {
                let (addr, generation) = self.start(&mut awake, key);
                addr.try_send(enter).map_err(|_| Refusal::Gone)?;
                Ok(generation)
            }
        }
    }

    fn start(&self, awake: &mut HashMap<Key, Slot>, key: Key) -> (Addr<ResourceActor>, u64) {
        let generation = self.0.generation.fetch_add(1, Ordering::Relaxed);
        let weak = Arc::downgrade(&self.0);
        let (ports, manner) = (Arc::clone(&self.0.ports), self.0.manner);
        let arbiter = self.0.registry.arbiter_of(key.1.as_uuid());
        let addr = ResourceActor::start_in_arbiter(&arbiter, move |ctx| {
            ctx.set_mailbox_capacity(QUEUE);
            ResourceActor {
                key,
                ports,
                manner,
                known: None,
                queue: VecDeque::new(),
                taken: None,
                seats: 0,
                outdated: false,
                reading: false,
                used: true,
                exit: Exit { resources: weak, key, generation, clean: false },
            }
        });
        let at_the_door = Arc::default();
        awake.insert(key, Slot { addr: addr.clone(), generation, at_the_door });
        (addr, generation)
    }
}

impl Inner {
    /// Takes an actor out of the map, unless another stands there by now.
    fn drop_slot(&self, key: Key, generation: u64) {
        let mut awake = lock(&self.awake);
        if awake.get(&key).is_some_and(|slot| slot.generation == generation) {
            awake.remove(&key);
        }
    }
}

/// Takes an actor that ends out of the map, also while unwinding. It must never panic itself.
struct Exit {
    resources: Weak<Inner>,
    key: Key,
    generation: u64,
    /// Set before an end that was meant.
    clean: bool,
}

impl Drop for Exit {
    fn drop(&mut self) {
        let Some(resources) = self.resources.upgrade() else { return };
        resources.drop_slot(self.key, self.generation);
        if !self.clean {
            metrics::counter!(names::CRASHES, "actor" => "resource").increment(1);
        }
    }
}

/// The arbiter of one resource.
pub(crate) struct ResourceActor {
    key: Key,
    ports: Arc<Ports>,
    manner: Manner,
    known: Option<Arc<Known>>,
    queue: VecDeque<Enter>,
    /// Where whoever sits lays the ledger down, with the seat's number.
    taken: Option<(u64, Arc<OnceLock<Arc<Known>>>)>,
    seats: u64,
    /// The ledger was changed past this actor while somebody sat.
    outdated: bool,
    reading: bool,
    used: bool,
    exit: Exit,
}

impl ResourceActor {
    /// The seat is free. Left without a word, only the store knows how the ledger is.
    fn left(&mut self) {
        let laid_down = self.taken.take().and_then(|(_, laid_down)| laid_down.get().cloned());
        self.known = laid_down.filter(|_| !self.outdated);
        self.outdated = false;
    }

    /// Lets in whoever may come in, in their order.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        if self.taken.as_ref().is_some_and(|(_, laid_down)| laid_down.get().is_some()) {
            self.left();
        }
        self.queue.retain(|enter| !enter.reply.is_closed());
        // Who comes after a change must not see the ledger of before it.
        if self.queue.is_empty() || self.reading || self.outdated {
            return;
        }
        let now = self.ports.clock.now();
        let age = self.known.as_ref().map(|known| now.duration_since(known.read_at));
        let looks = self.queue.iter().any(|enter| !enter.sits);
        // While somebody sits, the ledger is theirs to renew.
        let stale = age.is_none_or(|age| {
            self.taken.is_none()
                && (age > LEDGER_AGE || (looks && !self.manner.sole && age > LOOK_AGE))
        });
        if stale {
            self.read(ctx);
            return;
        }
        // While somebody sits whose step is not stored yet, looks see what was before it.
        let Some(known) = self.known.clone() else { return };
        let resource = self.key.1;
        let mut waiting = VecDeque::new();
        for enter in std::mem::take(&mut self.queue) {
            let seat = |leave| Seat { resource, known: Arc::clone(&known), leave };
            if !enter.sits {
                let _gone = enter.reply.send(Ok(Some(seat(None))));
            } else if self.taken.is_some() {
                waiting.push_back(enter);
            } else {
                let (wakes, left) = oneshot::channel();
                let laid_down = Arc::<OnceLock<_>>::default();
                let leave = Leave { laid_down: Arc::clone(&laid_down), _wakes: wakes };
                if enter.reply.send(Ok(Some(seat(Some(leave))))).is_ok() {
                    self.seats += 1;
                    let number = self.seats;
                    self.taken = Some((number, laid_down));
                    ctx.spawn(left.into_actor(self).map(move |_, actor, ctx| {
                        if actor.taken.as_ref().is_some_and(|(sits, _)| *sits == number) {
                            actor.left();
                        }
                        actor.pump(ctx);
                    }));
                }
            }
        }
        self.queue = waiting;
    }

    fn read(&mut self, ctx: &mut Context<Self>) {
        self.reading = true;
        let (store, (tenant, resource)) = (Arc::clone(&self.ports.store), self.key);
        let now = self.ports.clock.now();
        let since = now.saturating_sub(BEHIND).unwrap_or(Timestamp::MIN);
        let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let read = async move { store.load_ledger(tenant, resource, since).await };
        ctx.spawn(read.into_actor(self).map(move |loaded, actor, ctx| {
            actor.reading = false;
            if std::mem::take(&mut actor.outdated) {
                actor.pump(ctx);
                return;
            }
            match loaded {
                Ok(Some(stored)) => {
                    let ledger = Arc::new(stored.ledger(Stretch { from: since, until }));
                    let version = stored.version;
                    actor.known = Some(Arc::new(Known { version, ledger, read_at: now }));
                    actor.pump(ctx);
                }
                Ok(None) => actor.turn_away(&Ok(()), ctx),
                Err(error) => {
                    tracing::warn!(resource.id = %actor.key.1, %error, "a ledger could not be read");
                    actor.turn_away(&Err(EngineError::UNAVAILABLE), ctx);
                }
            }
        }));
    }

    /// Answers everybody, and leaves memory: there is nothing to keep.
    fn turn_away(&mut self, why: &Result<(), EngineError>, ctx: &mut Context<Self>) {
        for enter in self.queue.drain(..) {
            let _gone = enter.reply.send(why.clone().map(|()| None));
        }
        self.exit.clean = true;
        ctx.stop();
    }
}

impl Actor for ResourceActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Housekeeping, not product time.
        ctx.run_interval(self.manner.idle, |actor, ctx| {
            if !(actor.used || actor.taken.is_some() || actor.reading || !actor.queue.is_empty()) {
                actor.exit.clean = true;
                ctx.stop();
            }
            actor.used = false;
        });
    }
}

impl Handler<Enter> for ResourceActor {
    type Result = ();

    fn handle(&mut self, enter: Enter, ctx: &mut Self::Context) {
        self.used = true;
        if self.queue.len() >= QUEUE {
            let _gone = enter.reply.send(Err(EngineError::BUSY));
            return;
        }
        self.queue.push_back(enter);
        self.pump(ctx);
    }
}

impl Handler<Forget> for ResourceActor {
    type Result = ();

    fn handle(&mut self, _: Forget, ctx: &mut Self::Context) {
        self.pump(ctx);
        // What is being read now may have been read before the change.
        self.outdated = self.taken.is_some() || self.reading;
        if !self.outdated {
            self.known = None;
            self.pump(ctx);
        }
    }
}
