//! What the provider got: every call that was read, and what was accepted under which key.
//!
//! Lives here: the rule of idempotency keys as providers keep it. The first call of a key does something; the
//! same call again gets the first answer; another body under the key is refused.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::webhook::Signed;

/// Calls that are kept one by one (A9); counts go on.
const MAX_CALLS: usize = 100_000;
/// Keys that are remembered (A9); beyond them a new key is refused with 503 as a full provider does.
const MAX_KEYS: usize = 1_000_000;

/// A call as it was read. The body stays out unless it was asked for: it may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Place in the order of arrival, from 1.
    pub number: u64,
    pub at: String,
    pub path: String,
    pub key: Option<String>,
    pub bytes: usize,
    /// The beginning of the body's SHA-256.
    pub hash: String,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How an outgoing webhook was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// What was made of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did something.
    Accepted,
    /// Its key had done it before; the answer was the first one.
    Repeated,
    /// Its key came with another body before.
    Conflict,
    /// A fault; it did nothing.
    Failed,
}

/// What `GET /sim/received` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Calls that were read.
    pub calls: u64,
    /// Calls that did something.
    pub accepted: u64,
    pub distinct_keys: usize,
    /// Accepted calls that carried no key.
    pub without_key: u64,
    /// Calls of keys that had been accepted before.
    pub repeated: u64,
    pub conflicts: u64,
    pub failed: u64,
    /// Things done more than once: accepted calls beyond the first under one key. Above zero only where keys
    /// are ignored.
    pub doubled: u64,
    /// The calls asked for, oldest first.
    pub list: Vec<Call>,
}

#[derive(Debug, Default)]
struct Key {
    hash: String,
    answer: String,
    accepted: u64,
}

/// Everything that was received.
#[derive(Debug, Default)]
pub struct Received {
    keys: HashMap<String, Key>,
    calls: Vec<Call>,
    count: u64,
    accepted: u64,
    without_key: u64,
    repeated: u64,
    conflicts: u64,
    failed: u64,
}

/// What a call gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Done { answer: String },
    Again { answer: String },
    Conflict,
    Full,
}

impl Received {
    /// Takes a call that no fault struck; `ignore_keys` does everything as often as it is asked.
    pub fn accept(&mut self, call: Call, ignore_keys: bool) -> Reply {
        let number = self.accepted + 1;
        let answer = format!("{{\"id\":\"obj_{number:08}\"}}");
        let full = self.keys.len() >= MAX_KEYS;
        let reply = match call.key.as_deref() {
            None => {
                self.without_key += 1;
                Reply::Done { answer }
            }
            Some(key) => match self.keys.get_mut(key) {
                Some(known) if ignore_keys => {
                    known.accepted += 1;
                    Reply::Done { answer }
                }
                Some(known) if known.hash != call.hash => Reply::Conflict,
                Some(known) => Reply::Again { answer: known.answer.clone() },
                None if full => Reply::Full,
                None => {
                    let (hash, answer_kept) = (call.hash.clone(), answer.clone());
                    let known = Key { hash, answer: answer_kept, accepted: 1 };
                    self.keys.insert(key.to_owned(), known);
                    Reply::Done { answer }
                }
            },
        };
        let outcome = match reply {
            Reply::Done { .. } => Outcome::Accepted,
            Reply::Again { .. } => Outcome::Repeated,
            Reply::Conflict => Outcome::Conflict,
            Reply::Full => Outcome::Failed,
        };
        self.note(Call { outcome, ..call });
        reply
    }

    /// Notes a call that a fault struck before it did anything.
    pub fn fail(&mut self, call: Call) {
        self.note(Call { outcome: Outcome::Failed, ..call });
    }

    /// The number of the next call.
    pub fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn note(&mut self, call: Call) {
        match call.outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Repeated => self.repeated += 1,
            Outcome::Conflict => self.conflicts += 1,
            Outcome::Failed => self.failed += 1,
        }
        if self.calls.len() < MAX_CALLS {
            self.calls.push(call);
        }
    }

    /// What was received; the list holds calls after number `after`, of this key if one is given.
    pub fn summary(&self, after: u64, key: Option<&str>) -> Summary {
        let wanted = |call: &&Call| {
            call.number > after && key.is_none_or(|key| call.key.as_deref() == Some(key))
        };
        Summary {
            calls: self.count,
            accepted: self.accepted,
            distinct_keys: self.keys.len(),
            without_key: self.without_key,
            repeated: self.repeated,
            conflicts: self.conflicts,
            failed: self.failed,
            doubled: self.keys.values().map(|key| key.accepted - 1).sum(),
            list: self.calls.iter().filter(wanted).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(received: &mut Received, key: Option<&str>, hash: &str) -> Call {
        Call {
            number: received.number(),
            at: String::new(),
            path: "/send".into(),
            key: key.map(str::to_owned),
            bytes: 1,
            hash: hash.into(),
            outcome: Outcome::Failed,
            body: None,
            signed: None,
        }
    }

    #[test]
    fn a_key_does_its_thing_once_and_answers_the_same() {
        let mut received = Received::default();
        let first = call(&mut received, Some("a"), "h");
        let Reply::Done { answer } = received.accept(first, false) else { panic!("not done") };
        let again = call(&mut received, Some("a"), "h");
        assert_eq!(received.accept(again, false), Reply::Again { answer });
        let other = call(&mut received, Some("a"), "another");
        assert_eq!(received.accept(other, false), Reply::Conflict);
        let bare = call(&mut received, None, "h");
        assert!(matches!(received.accept(bare, false), Reply::Done { .. }));
        let summary = received.summary(0, Some("a"));
        assert_eq!((summary.calls, summary.accepted, summary.distinct_keys), (4, 2, 1));
        assert_eq!((summary.repeated, summary.conflicts, summary.doubled), (1, 1, 0));
        assert_eq!(summary.list.len(), 3, "those of the key");
    }

    #[test]
    fn a_provider_that_ignores_keys_does_things_twice() {
        let mut received = Received::default();
        for _ in 0..3 {
            let again = call(&mut received, Some("a"), "h");
            assert!(matches!(received.accept(again, true), Reply::Done { .. }));
        }
        assert_eq!(received.summary(0, None).doubled, 2);
    }
}
