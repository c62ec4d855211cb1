//! Bar R5: lines break at random while events flow, and nobody misses or repeats one.
//!
//! Lives here: the stage ([`run`]), and what is counted. [`writer`] makes the events: visitors who write to
//! conversations that a member has taken, each message until it is acknowledged, so that what was acknowledged is the
//! truth. [`dashboard`] and [`visitor`] listen, through bad networks, break their own lines, come back, and check what
//! they are told as it comes.
//!
//! # What is checked
//! - within a conversation the places of messages rise by one, however often the line broke; else a gap was told, and
//!   the snapshot after it holds what was left out;
//! - every message that a listener was told, live, replayed or in a snapshot, is the one that was acknowledged;
//! - no event comes twice over one cursor, and none that a dashboard without any break was not told.

mod dashboard;
pub mod slow;
mod visitor;
mod writer;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::leads::Target;
use crate::live::socket::Break;
use crate::proxy::{Act, Dial, Proxy, Towards};

/// What breaks, and how much there is of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Conversations that are written to.
    pub sessions: u32,
    /// Dashboards that break, beside one that does not.
    pub dashboards: u32,
    /// Visitors' streams, spread over the conversations.
    pub visitors: u32,
    /// Lines that listeners break on purpose; those that the networks break come on top.
    pub breaks: u32,
}

/// Where it happens.
#[derive(Clone)]
pub struct Stage {
    pub http: reqwest::Client,
    pub target: Target,
    /// The slug, and the cookie of one of its members.
    pub tenant: String,
    pub cookie: String,
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Places that the tenant's log moved on.
    pub events: u64,
    /// Messages acknowledged.
    pub messages: u64,
    /// Events that listeners were told, all together.
    pub told: u64,
    /// Lines that broke, on purpose or by the networks.
    pub breaks: u64,
    pub gaps: u64,
    /// Snapshots that did not hold what they should.
    pub wrong_snapshots: u64,
    /// Events that one listener was never told, though no gap was.
    pub missed: u64,
    /// Events that came twice to one listener over its cursor.
    pub repeated: u64,
    /// Events that were told and are not so.
    pub invented: u64,
    /// Listeners that had not heard everything at the end.
    pub behind: u64,
    /// The first few things that went wrong.
    pub examples: Vec<String>,
}

impl Outcome {
    /// Whether the bar is met.
    pub fn is_whole(&self) -> bool {
        let wrong = [self.wrong_snapshots, self.missed, self.repeated, self.invented, self.behind];
        wrong.iter().all(|count| *count == 0) && self.messages > 0
    }
}

/// The stage is not set.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    #[error("a conversation cannot be opened and taken over")]
    Session,
    #[error("a proxy does not start")]
    Proxy(#[from] crate::proxy::ProxyError),
}

/// A conversation that is written to.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) session: String,
    pub(crate) token: String,
    /// Where its log stood when nothing had been written.
    pub(crate) begins: forecourt_wire::Cursor,
    /// The messages that it had then.
    pub(crate) messages: i64,
}

/// The truth, and what is told: shared by all.
#[derive(Default)]
pub(crate) struct Books {
    /// By conversation and place: the message's id.
    acked: Mutex<HashMap<String, HashMap<i64, String>>>,
    pub(crate) outcome: Mutex<Outcome>,
    /// Once nothing more is written: the last place of each conversation.
    pub(crate) last: watch::Sender<Option<Arc<HashMap<String, i64>>>>,
}

/// What a dashboard was told: places of the tenant's log, and what a gap left out of them.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) places: BTreeSet<i64>,
    /// After the first place up to the second one.
    pub(crate) gaps: Vec<(i64, i64)>,
    pub(crate) begins: i64,
}

const EXAMPLES: usize = 12;

impl Books {
    pub(crate) fn count(&self, what: impl FnOnce(&mut Outcome)) {
        what(&mut lock(&self.outcome));
    }

    /// Notes what went wrong, the first few in words.
    pub(crate) fn wrong(&self, example: String, what: impl FnOnce(&mut Outcome)) {
        let mut outcome = lock(&self.outcome);
        what(&mut outcome);
        if outcome.examples.len() < EXAMPLES {
            outcome.examples.push(example);
        }
    }

    pub(crate) fn acked(&self, session: &str, place: i64, message: String) {
        lock(&self.acked).entry(session.to_owned()).or_default().insert(place, message);
    }

    /// Whether a message that was told is the one that was acknowledged; one that is not acknowledged yet may
    /// still be.
    pub(crate) fn is_so(&self, session: &str, place: i64, message: &str) -> bool {
        let acked = lock(&self.acked);
        let known = acked.get(session).and_then(|of| of.get(&place));
        known.is_none_or(|known| known == message)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When and how a listener breaks its line.
pub(crate) struct Breaks {
    random: StdRng,
    /// Mean time between two.
    every: Duration,
}

impl Breaks {
    pub(crate) fn new(seed: u64, every: Duration) -> Self {
        Self { random: StdRng::seed_from_u64(seed), every }
    }

    pub(crate) fn next(&mut self) -> tokio::time::Instant {
        let wait = self.every.mul_f64(self.random.random_range(0.0..2.0));
        tokio::time::Instant::now() + wait
    }

    pub(crate) fn how(&mut self) -> Break {
        let all = [Break::Goodbye, Break::Reset, Break::Reset, Break::HalfFrame, Break::Abandoned];
        all.choose(&mut self.random).copied().unwrap_or(Break::Reset)
    }

    /// Mostly at once; now and then long enough to fall behind.
    pub(crate) fn pause(&mut self) -> Duration {
        let most = if self.random.random_bool(0.1) { 4_000 } else { 150 };
        Duration::from_millis(self.random.random_range(0..=most))
    }

    /// Now and then a cursor is lost, or was of another log.
    pub(crate) fn loses_cursor(&mut self) -> bool {
        self.random.random_bool(0.05)
    }

    pub(crate) fn random(&mut self) -> StdRng {
        StdRng::seed_from_u64(self.random.random())
    }
}

/// Two bad networks: one cuts connections after some kilobytes, in the middle of whatever is on its way, and one is
/// late, falls silent, and resets everything now and then.
struct Networks {
    cutting: Proxy,
    moody: Proxy,
}

impl Networks {
    fn start(to: SocketAddr) -> Result<Self, ResumeError> {
        let networks = Self { cutting: Proxy::start(0, to)?, moody: Proxy::start(0, to)? };
        networks
            .cutting
            .set(&[dial(Act::Cut { after: 48_611 }), dial(Act::Slice { bytes: 1_021 })]);
        Ok(networks)
    }

    /// Moods, until it is dropped.
    async fn moods(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed ^ 0x300D);
        loop {
            let calm = Duration::from_millis(random.random_range(300..1_500));
            tokio::time::sleep(calm).await;
            match random.random_range(0..5) {
                0 => self.moody.cut(),
                1 => self.moody.set(&[dial(Act::Blackhole)]),
                2 => {
                    let act = Act::HalfClose { after: 1 };
                    self.moody.set(&[Dial { act, towards: Some(Towards::Client) }]);
                }
                3 => self.moody.set(&[dial(Act::Slice { bytes: 3 })]),
                _ => {
                    let (wait, jitter) = (Duration::from_millis(5), Duration::from_millis(40));
                    self.moody.set(&[dial(Act::Latency { wait, jitter })]);
                }
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
            self.moody.set(&[]);
        }
    }

    fn honest(&self) {
        self.moody.set(&[]);
        self.cutting.set(&[]);
    }
}

fn dial(act: Act) -> Dial {
    Dial { act, towards: None }
}

/// Lets events flow and lines break for so long; then everybody hears the rest, within `patience`.
pub async fn run(
    stage: &Stage,
    load: &Load,
    lasts: Duration,
    patience: Duration,
) -> Result<Outcome, ResumeError> {
    let conversations = writer::open(stage, load.sessions).await.ok_or(ResumeError::Session)?;
    let conversations: Arc<[Conversation]> = conversations.into();
    let to: SocketAddr = stage.target.authority().parse().map_err(|_| ResumeError::Session)?;
    let networks = Networks::start(to)?;
    let ways = [to, networks.cutting.addr(), networks.moody.addr()];
    let books = Arc::new(Books::default());
    let listeners = f64::from(load.dashboards + load.visitors).max(1.0);
    let every = lasts.mul_f64(listeners / f64::from(load.breaks.max(1)));
    let mut dashboards = JoinSet::new();
    for number in 0..=load.dashboards {
        // The first one has an honest line and never breaks it: what it was told the others must be.
        let breaks =
            (number > 0).then(|| Breaks::new(stage.seed.wrapping_add(u64::from(number)), every));
        let way = if number == 0 { to } else { ways[number as usize % ways.len()] };
        let listener = dashboard::Listener {
            stage: stage.clone(),
            way,
            books: Arc::clone(&books),
            conversations: Arc::clone(&conversations),
            breaks,
        };
        dashboards.spawn(async move { (number, listener.run(patience).await) });
    }
    let mut visitors = JoinSet::new();
    for number in 0..load.visitors {
        let conversation = conversations[number as usize % conversations.len()].clone();
        let seed = stage.seed.wrapping_add(1_000_000 + u64::from(number));
        let listener = visitor::Listener {
            stage: stage.clone(),
            way: ways[number as usize % ways.len()],
            books: Arc::clone(&books),
            conversation,
            breaks: Breaks::new(seed, every),
        };
        visitors.spawn(listener.run(patience));
    }
    let end = Instant::now() + lasts;
    let mut writers = JoinSet::new();
    for conversation in conversations.iter() {
        let books = Arc::clone(&books);
        let words = writer::Words { part: 0, text: "is it still free?", every: Duration::ZERO };
        writers.spawn(writer::write(stage.clone(), conversation.clone(), books, words, end));
    }
    let mut last = HashMap::new();
    tokio::select! {
        () = networks.moods(stage.seed) => {}
        () = async {
            while let Some(ended) = writers.join_next().await {
                last.extend(ended);
            }
        } => {}
    }
    networks.honest();
    books.last.send_replace(Some(Arc::new(last)));
    let mut heard = HashMap::new();
    while let Some(ended) = dashboards.join_next().await {
        heard.extend(ended);
    }
    while visitors.join_next().await.is_some() {}
    compare(&books, &heard);
    Ok(lock(&books.outcome).clone())
}

/// What each dashboard was told against what the one was told whose line never broke on purpose.
fn compare(books: &Books, heard: &HashMap<u32, Heard>) {
    let Some(whole) = heard.get(&0) else { return };
    let upto = whole.places.last().copied().unwrap_or(0);
    let moved = upto.saturating_sub(whole.begins);
    books.count(|outcome| outcome.events = u64::try_from(moved).unwrap_or(0));
    for (number, one) in heard.iter().filter(|(number, _)| **number > 0) {
        let left_out = |of: &Heard, place: i64| {
            place <= of.begins || of.gaps.iter().any(|(from, to)| (from + 1..=*to).contains(&place))
        };
        for place in whole.places.difference(&one.places) {
            if !left_out(one, *place) {
                let example = format!("dashboard {number} was never told of {place}");
                books.wrong(example, |outcome| outcome.missed += 1);
            }
        }
        for place in one.places.difference(&whole.places) {
            if *place <= upto && !left_out(whole, *place) {
                let example = format!("dashboard {number} was told of {place}, and nobody else");
                books.wrong(example, |outcome| outcome.invented += 1);
            }
        }
    }
}
