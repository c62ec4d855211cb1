//! A scenario: what is sent, to an engine set up how, with which faults when, and what must hold.
//!
//! Lives here: the file's shape. [`read`] reads it, [`fault`] and [`threshold`] are its two little
//! languages. Nothing here runs anything.

pub mod fault;
pub mod read;
pub mod span;
pub mod threshold;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::fault::{Fault, Link};
pub use self::read::ScenarioError;
pub use self::span::Span;
pub use self::threshold::Threshold;

/// Most forms of one run (A9): the books hold each of them.
pub const MAX_FORMS: u64 = 1_000_000;
/// Most dashboards of one phase (A9).
pub const MAX_DASHBOARDS: u32 = 20_000;

/// A whole scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Names the report's folder: letters, digits, hyphens.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// Of everything that is random.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Slugs; the load is spread over them in turn.
    #[serde(default = "default_tenants")]
    pub tenants: Vec<String>,
    /// What the engine promises; an answer after it is late.
    #[serde(default = "default_deadline")]
    pub deadline: Span,
    /// How long to wait for answers after the last phase.
    #[serde(default = "default_settle")]
    pub settle: Span,
    /// How long to look for second answers after that.
    #[serde(default = "default_linger")]
    pub linger: Span,
    #[serde(default)]
    pub engine: EngineDials,
    /// Without it the engine's own house responder answers.
    pub model: Option<ModelDials>,
    #[serde(default)]
    pub smtp: SmtpDials,
    pub phases: Vec<Phase>,
    #[serde(default)]
    pub faults: Vec<TimedFault>,
    pub thresholds: Vec<Threshold>,
    /// Settings that make the run short, each as for `--set`.
    #[serde(default)]
    pub quick: Vec<String>,
}

/// How the engine is started.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineDials {
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What it reaches through a fault proxy. With `postgres` the harness runs the database.
    #[serde(default)]
    pub through_proxy: Vec<Link>,
    /// Its data folder is a file system of this many MiB (needs root on Linux).
    pub small_disk_mib: Option<u32>,
}

/// The simulated model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDials {
    /// To the first byte.
    #[serde(default)]
    pub first: Span,
    /// Between deltas.
    #[serde(default)]
    pub between: Span,
    /// Answers at once; one more gets 429.
    #[serde(default = "default_at_once")]
    pub at_once: usize,
    /// The default scenario, in the words of `model-sim`.
    pub spec: Option<String>,
}

/// The simulated mail provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpDials {
    /// Faults from the start, in the words of `smtp-sim`.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// A stretch of the run with one load.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub name: String,
    #[serde(rename = "for")]
    pub lasts: Span,
    pub leads: Option<LeadLoad>,
    pub chats: Option<ChatLoad>,
    pub dashboards: Option<DashboardLoad>,
    pub members: Option<MemberLoad>,
    /// Lines that break while events flow; the phase ends when everybody has heard everything.
    pub resume: Option<crate::resume::Load>,
    /// Listeners that never read, after a time without them; the phase ends when they have come back.
    pub slow: Option<crate::resume::slow::Load>,
    /// The model's default scenario during this phase.
    pub model: Option<String>,
    /// A fault of the mail provider during this phase.
    pub smtp: Option<String>,
}

/// Lead forms, in an open loop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadLoad {
    /// Forms a second.
    pub rate: f64,
    /// Each form is sent so many times: a number between these two, both included.
    #[serde(default = "default_times")]
    pub times: [u32; 2],
    /// The repeats come within this time of the first, in any order among the others.
    #[serde(default)]
    pub within: Span,
    /// Requests at once; a form that is due beyond them is not sent, and reported.
    #[serde(default = "default_in_flight")]
    pub in_flight: usize,
}

/// Visitors of the chat, in an open loop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatLoad {
    /// New visitors a second.
    pub rate: f64,
    /// Messages each of them writes, each after the answer to the one before.
    #[serde(default = "default_messages")]
    pub messages: u32,
    /// Between an answer and the next message.
    #[serde(default)]
    pub think: Span,
    /// A visitor drops the stream and resumes it with its cursor after every so many messages.
    #[serde(default)]
    pub drop_every: u32,
}

/// Dashboards that listen during a phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardLoad {
    /// Read everything at once.
    #[serde(default)]
    pub reading: u32,
    /// Read a frame, then wait for half a second.
    #[serde(default)]
    pub slow: u32,
    /// Say hello and never read again.
    #[serde(default)]
    pub never: u32,
}

/// Staff: takes a conversation over, answers, gives it back.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberLoad {
    /// Conversations a second.
    pub rate: f64,
}

/// A fault and its times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedFault {
    /// From the start of the first phase.
    pub at: Span,
    pub what: Fault,
    /// How long; until the end of the run without it.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
    /// Again after this time.
    pub every: Option<Span>,
    /// How often in all.
    #[serde(default = "default_once")]
    pub times: u32,
    /// Each time is earlier or later by up to this, from the seed.
    #[serde(default)]
    pub jitter: Span,
}

fn default_seed() -> u64 {
    1
}

fn default_tenants() -> Vec<String> {
    vec!["nordlys-bil".to_owned()]
}

fn default_deadline() -> Span {
    Span::seconds(90)
}

fn default_settle() -> Span {
    Span::seconds(100)
}

fn default_linger() -> Span {
    Span::seconds(2)
}

fn default_at_once() -> usize {
    200
}

fn default_times() -> [u32; 2] {
    [1, 1]
}

fn default_in_flight() -> usize {
    2_000
}

fn default_messages() -> u32 {
    2
}

fn default_once() -> u32 {
    1
}

impl Scenario {
    /// How long all phases take together.
    pub fn length(&self) -> std::time::Duration {
        self.phases.iter().map(|phase| phase.lasts.0).sum()
    }

    /// Forms that will be sent, without repeats.
    pub fn forms(&self) -> u64 {
        let of = |phase: &Phase| {
            let rate = phase.leads.as_ref().map_or(0.0, |leads| leads.rate);
            (rate * phase.lasts.as_secs_f64()).round() as u64
        };
        self.phases.iter().map(of).sum()
    }
}
