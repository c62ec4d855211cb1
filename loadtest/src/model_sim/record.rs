//! The request log: what the simulator was asked, without what was said in it.
//!
//! Lives here: one [`RequestSummary`] per call, its outcome, and the bounded list of them. Texts,
//! names and tool results never enter a summary (A13): a text is its length and a short hash, so a
//! test can still tell that two calls asked the same. Whole bodies are kept only on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::wire::StreamEvent;

/// Summaries kept; the oldest go first (A9).
const MAX_KEPT: usize = 20_000;
/// Bodies kept, where bodies are kept at all.
const MAX_BODIES: usize = 500;

/// One call, redacted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// Place in the order of arrival, from 1.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    pub path: String,
    pub request_id: String,
    /// Which header carried the key: `x-api-key`, `bearer` or `none`. Never the key (A14).
    pub auth: String,
    pub version: Option<String>,
    pub beta: Option<String>,
    pub idempotency_key: Option<String>,
    /// Name of the scenario that ruled this call; empty for ordinary behaviour.
    pub scenario: String,
    pub model: Option<String>,
    pub stream: bool,
    pub max_tokens: Option<u64>,
    pub turns: usize,
    pub tools: Vec<String>,
    /// Tools whose results stand in the last turn.
    pub answered_tools: Vec<String>,
    pub cache_marks: usize,
    pub input_tokens: u64,
    /// Length of the last user text, in characters.
    pub last_text_chars: usize,
    /// First 12 hex digits of its SHA-256.
    pub last_text_hash: String,
    pub status: u16,
    pub outcome: Outcome,
    /// Events that were handed to the socket.
    pub events: usize,
    /// The body, if bodies are kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<Value>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended yet.
    #[default]
    Running,
    /// The answer went out whole.
    Complete,
    /// The scenario spoilt it.
    Faulted,
    /// An HTTP error was the answer.
    Refused,
    /// The client hung up first.
    Abandoned,
}

/// Twelve hex digits that stand for a text.
pub fn short_hash(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

struct Kept {
    /// Number of the first summary in `list`.
    first: u64,
    list: VecDeque<RequestSummary>,
}

/// All summaries, newest last.
pub struct Record {
    kept: Mutex<Kept>,
    count: watch::Sender<u64>,
    changes: watch::Sender<()>,
}

impl Default for Record {
    fn default() -> Self {
        let kept = Mutex::new(Kept { first: 1, list: VecDeque::new() });
        Self { kept, count: watch::Sender::new(0), changes: watch::Sender::new(()) }
    }
}

impl Record {
    /// Adds a summary and gives its number.
    pub fn add(&self, mut summary: RequestSummary) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.first + kept.list.len() as u64;
        summary.number = number;
        kept.list.push_back(summary);
        if kept.list.len() > MAX_KEPT {
            kept.list.pop_front();
            kept.first += 1;
        }
        let bodies = kept.list.len().saturating_sub(MAX_BODIES);
        if let Some(old) = bodies.checked_sub(1).and_then(|at| kept.list.get_mut(at)) {
            old.body = None;
        }
        drop(kept);
        self.count.send_replace(number);
        self.changes.send_replace(());
        number
    }

    /// Changes the summary with this number, if it is still kept.
    pub fn change(&self, number: u64, change: impl FnOnce(&mut RequestSummary)) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = number.checked_sub(kept.first).and_then(|at| usize::try_from(at).ok());
        if let Some(summary) = at.and_then(|at| kept.list.get_mut(at)) {
            change(summary);
        }
        drop(kept);
        self.changes.send_replace(());
    }

    /// What is kept.
    pub fn list(&self) -> Vec<RequestSummary> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).list.iter().cloned().collect()
    }

    /// Forgets the summaries and counts from one again.
    pub fn clear(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.list.clear();
        kept.first = 1;
        drop(kept);
        self.count.send_replace(0);
    }

    /// Tells of every new summary and every change of one.
    pub fn watch_changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Tells how many calls came so far, and every change of it.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}

/// Follows one streamed answer and writes its outcome down, also when the client hangs up.
pub struct Tracker {
    record: Arc<Record>,
    number: u64,
    events: usize,
    outcome: Outcome,
    /// Held for as long as the answer takes a place among the concurrent ones.
    _place: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl Tracker {
    /// Follows the answer to the call with this number.
    pub fn new(
        record: Arc<Record>,
        number: u64,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) -> Self {
        Self { record, number, events: 0, outcome: Outcome::Abandoned, _place: place }
    }

    /// An event goes out.
    pub fn sent(&mut self, event: &StreamEvent) {
        self.events += 1;
        if matches!(event, StreamEvent::Error { .. }) {
            self.outcome = Outcome::Faulted;
        }
    }

    /// From here on the scenario spoils the answer.
    pub fn faulted(&mut self) {
        self.outcome = Outcome::Faulted;
    }

    /// An HTTP error is the answer.
    pub fn refused(&mut self, status: u16) {
        self.outcome = Outcome::Refused;
        self.record.change(self.number, |summary| summary.status = status);
    }

    /// The answer begins.
    pub fn begun(&self) {
        self.record.change(self.number, |summary| summary.status = 200);
    }

    /// The last step was walked.
    pub fn finished(&mut self) {
        if self.outcome == Outcome::Abandoned {
            self.outcome = Outcome::Complete;
        }
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.record.change(self.number, |summary| {
            summary.events = self.events;
            summary.outcome = self.outcome;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_tracker_means_that_the_client_hung_up() {
        let record = Arc::new(Record::default());
        let number = record.add(RequestSummary::default());
        let mut tracker = Tracker::new(Arc::clone(&record), number, None);
        tracker.sent(&StreamEvent::Ping);
        drop(tracker);
        let [summary] = &record.list()[..] else { panic!("one call was made") };
        assert_eq!((summary.outcome, summary.events), (Outcome::Abandoned, 1));
    }

    #[test]
    fn only_the_newest_summaries_are_kept_and_numbers_stay_true() {
        let record = Record::default();
        for _ in 0..MAX_KEPT + 5 {
            record.add(RequestSummary::default());
        }
        record.change(3, |_| panic!("number 3 is gone"));
        let list = record.list();
        assert_eq!((list.len(), list[0].number), (MAX_KEPT, 6));
        assert_eq!(*record.watch().borrow(), (MAX_KEPT + 5) as u64);
    }
}
