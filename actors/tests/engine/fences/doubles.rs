//! Doubles that stop where a race is decided: before a model's last words, before a letter leaves, at the bus.
//!
//! Each knows from the outside when a member was told that the conversation is theirs, and counts
//! what leaves after that (A7).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use forecourt_bus::LocalBus;
use forecourt_core::{
    event::{Author, Event, MessagePosted, Seq},
    id::{SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, Draft, Published, Subscription},
    fake::RecordingSender,
    model::{Ask, Delta, Done, Model, ModelError},
    sender::{Accepted, Letter, Outgoing, Prepared, SendError, Sender},
};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::sync::{Notify, Semaphore, mpsc};

/// One session's race, as its doubles see it.
pub(crate) struct Race {
    /// The model waits here before its last words.
    gate: Semaphore,
    /// The model was asked.
    pub(crate) asked: Notify,
    /// The model says its last word now.
    pub(crate) done: Notify,
    /// A letter is ready to leave.
    pub(crate) exit: Notify,
    /// The assistant's answer is stored and published.
    pub(crate) posted: Semaphore,
    /// Whoever steps in has done so.
    pub(crate) acted: Semaphore,
    /// Whether its letters stand at the exit until then.
    pub(crate) held_at_exit: AtomicBool,
    pub(crate) model_yields: AtomicU32,
    pub(crate) exit_yields: AtomicU32,
    /// The takeover is stored and published.
    taken: AtomicBool,
    /// The member was told: from now on nothing of the assistant's leaves.
    pub(crate) acked: AtomicBool,
}

impl Default for Race {
    fn default() -> Self {
        Self {
            gate: Semaphore::new(0),
            asked: Notify::new(),
            done: Notify::new(),
            exit: Notify::new(),
            posted: Semaphore::new(0),
            acted: Semaphore::new(0),
            held_at_exit: AtomicBool::new(false),
            model_yields: AtomicU32::new(0),
            exit_yields: AtomicU32::new(0),
            taken: AtomicBool::new(false),
            acked: AtomicBool::new(false),
        }
    }
}

impl Race {
    /// From now on, for ever.
    pub(crate) fn open(&self) {
        reach(&self.gate);
    }

    pub(crate) async fn opened(&self) {
        reached(&self.gate).await;
    }
}

/// From now on, for ever, nobody waits for it.
pub(crate) fn reach(point: &Semaphore) {
    point.add_permits(1_000);
}

pub(crate) async fn reached(point: &Semaphore) {
    let _one = point.acquire().await.unwrap();
}

pub(crate) async fn yields(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// All races of a stage, and what was seen leaving too late.
#[derive(Default)]
pub(crate) struct Races {
    of: Mutex<HashMap<SessionId, Arc<Race>>>,
    /// Whether nobody waits at a gate: there is no race.
    pub(crate) all_open: AtomicBool,
    /// Pieces of an answer, and letters, that left after the member was told: never.
    pub(crate) drafts_after_ack: AtomicUsize,
    pub(crate) letters_after_ack: AtomicUsize,
    /// Pieces between the commit and the word to the member: allowed, and taken back.
    pub(crate) drafts_after_commit: AtomicUsize,
}

impl Races {
    pub(crate) fn of(&self, session: SessionId) -> Arc<Race> {
        let mut races = self.of.lock().unwrap();
        let race = races.entry(session).or_insert_with(|| {
            let race = Race::default();
            if self.all_open.load(Ordering::Relaxed) {
                race.open();
            }
            Arc::new(race)
        });
        Arc::clone(race)
    }
}

/// Says a sentence, waits at the gate, says the rest.
pub(crate) struct GatedModel(pub(crate) Arc<Races>);

const WORDS: [&str; 3] =
    ["Takk for henvendelsen. ", "En av oss svarer deg snart. ", "En av oss ringer deg snart."];

impl Model for GatedModel {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let race = self.0.of(ask.session);
        race.asked.notify_one();
        // Half of the customers see the first sentence before the race begins.
        let first = usize::from(mix(ask.session.as_uuid().as_u128() as u64) & 1 == 0);
        stream::unfold((race, first), |(race, step)| async move {
            if step == 1 {
                race.opened().await;
                yields(race.model_yields.load(Ordering::Relaxed)).await;
            } else if step == 2 {
                yields(1).await;
            } else if step == WORDS.len() {
                race.done.notify_one();
                let done = Done::free("gated", "script@1");
                return Some((Ok(Delta::Done(done)), (race, step + 1)));
            }
            let words = WORDS.get(step)?;
            Some((Ok(Delta::Text((*words).to_owned())), (race, step + 1)))
        })
        .boxed()
    }
}

/// The recording sender with a wait at the exit.
pub(crate) struct GatedSender {
    pub(crate) inner: RecordingSender,
    pub(crate) races: Arc<Races>,
}

#[async_trait]
impl Sender for GatedSender {
    fn name(&self) -> &'static str {
        "gated"
    }

    async fn prepare(&self, outgoing: &Outgoing) -> Result<Box<dyn Prepared>, SendError> {
        let letter = self.inner.prepare(outgoing).await?;
        let race = self.races.of(outgoing.session);
        race.exit.notify_one();
        if race.held_at_exit.load(Ordering::Relaxed) {
            reached(&race.acted).await;
        }
        yields(race.exit_yields.load(Ordering::Relaxed)).await;
        // Told before the exit is even asked: this letter must not pass it.
        let assistants = matches!(outgoing.letter, Letter::Answer { .. });
        let too_late = assistants && race.acked.load(Ordering::SeqCst);
        Ok(Box::new(GatedLetter { letter, too_late, races: Arc::clone(&self.races) }))
    }
}

struct GatedLetter {
    letter: Box<dyn Prepared>,
    too_late: bool,
    races: Arc<Races>,
}

#[async_trait]
impl Prepared for GatedLetter {
    async fn hand_over(self: Box<Self>) -> Result<Accepted, SendError> {
        self.races.letters_after_ack.fetch_add(usize::from(self.too_late), Ordering::SeqCst);
        self.letter.hand_over().await
    }
}

/// A node's bus: what it publishes reaches the other node's sessions too, unless it is lost.
pub(crate) struct NodeBus {
    pub(crate) local: LocalBus,
    races: Arc<Races>,
    others: Option<mpsc::Sender<Arc<Published>>>,
    foreign: Mutex<Option<mpsc::Receiver<Arc<Published>>>>,
    published: AtomicUsize,
    pub(crate) lost: AtomicUsize,
}

impl NodeBus {
    pub(crate) fn alone(races: &Arc<Races>) -> Self {
        Self {
            local: LocalBus::default(),
            races: Arc::clone(races),
            others: None,
            foreign: Mutex::default(),
            published: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
        }
    }

    pub(crate) fn pair(races: &Arc<Races>) -> (Self, Self) {
        let ((to_b, from_a), (to_a, from_b)) = (mpsc::channel(100_000), mpsc::channel(100_000));
        let node = |others, foreign| Self {
            others: Some(others),
            foreign: Mutex::new(Some(foreign)),
            ..Self::alone(races)
        };
        (node(to_b, from_b), node(to_a, from_a))
    }
}

impl Bus for NodeBus {
    fn foreign(&self) -> Option<mpsc::Receiver<Arc<Published>>> {
        self.foreign.lock().unwrap().take()
    }

    fn publish(&self, tenant: TenantId, events: Vec<Arc<Published>>) {
        for event in &events {
            let taken = match &event.record.event {
                Event::MessagePosted(MessagePosted { author: Author::Assistant, .. }) => {
                    reach(&self.races.of(event.record.session).posted);
                    None
                }
                Event::TakenOver { .. } | Event::Closed { .. } => Some(true),
                Event::Released { .. } => Some(false),
                _ => None,
            };
            if let Some(taken) = taken {
                self.races.of(event.record.session).taken.store(taken, Ordering::SeqCst);
            }
            let Some(others) = &self.others else { continue };
            let nth = self.published.fetch_add(1, Ordering::Relaxed) as u64;
            let lost = mix(nth).is_multiple_of(4) || others.try_send(Arc::clone(event)).is_err();
            self.lost.fetch_add(usize::from(lost), Ordering::Relaxed);
        }
        self.local.publish(tenant, events);
    }

    fn publish_draft(&self, tenant: TenantId, session: SessionId, draft: Draft) {
        if matches!(draft, Draft::Delta { .. }) {
            let race = self.races.of(session);
            let (acked, taken) =
                (race.acked.load(Ordering::SeqCst), race.taken.load(Ordering::SeqCst));
            self.races.drafts_after_ack.fetch_add(usize::from(acked), Ordering::SeqCst);
            self.races
                .drafts_after_commit
                .fetch_add(usize::from(taken && !acked), Ordering::SeqCst);
        }
        self.local.publish_draft(tenant, session, draft);
    }

    fn subscribe_tenant(&self, tenant: TenantId) -> Subscription {
        self.local.subscribe_tenant(tenant)
    }

    fn subscribe_session(&self, tenant: TenantId, session: SessionId) -> Subscription {
        self.local.subscribe_session(tenant, session)
    }

    fn recent(&self, tenant: TenantId, after: Seq) -> Option<Vec<Arc<Published>>> {
        self.local.recent(tenant, after)
    }
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) const fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}
