//! The prompt cache: which part of a prompt is read, which is written, which is plain input.
//!
//! Lives here: entries and their lives. Their number is bounded (A9).
//!
//! # Invariant
//! - plain input + written + read = all tokens of the prompt, always.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::models::ModelRules;
use super::prompt::{Prompt, Ttl};
use super::wire::CacheCreation;

/// Entries kept; the one that dies first makes room.
const MAX_ENTRIES: usize = 10_000;
/// How many pieces a mark looks back for an entry, itself included.
const LOOK_BACK: usize = 20;

/// How the input of one request was paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputUsage {
    /// What follows the last cached piece.
    pub input: u64,
    pub read: u64,
    pub written: CacheCreation,
}

impl InputUsage {
    /// Tokens written, of both lives.
    pub fn created(&self) -> u64 {
        self.written.ephemeral_5m_input_tokens + self.written.ephemeral_1h_input_tokens
    }
}

struct Entry {
    life: Duration,
    dies: Instant,
}

/// Entries by the hash of the prefix they hold.
#[derive(Default)]
pub struct PromptCache {
    entries: Mutex<HashMap<[u8; 32], Entry>>,
}

impl PromptCache {
    /// Looks `prompt` up, refreshes what it reads, writes what it marks.
    pub fn account(&self, prompt: &Prompt, model: &ModelRules, now: Instant) -> InputUsage {
        let totals: Vec<u64> = prompt
            .pieces
            .iter()
            .scan(0, |sum, piece| {
                *sum += piece.tokens;
                Some(*sum)
            })
            .collect();
        let whole = totals.last().copied().unwrap_or(0);
        let marks: Vec<(usize, Ttl)> = prompt
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(at, piece)| piece.mark.map(|ttl| (at, ttl)))
            .collect();

        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.dies > now);
        let hit = marks
            .iter()
            .flat_map(|(at, _)| at.saturating_sub(LOOK_BACK - 1)..=*at)
            .filter(|at| entries.contains_key(&prompt.pieces[*at].prefix))
            .max();
        if let Some(at) = hit
            && let Some(entry) = entries.get_mut(&prompt.pieces[at].prefix)
        {
            entry.dies = now + entry.life;
        }

        let read = hit.map_or(0, |at| totals[at]);
        let mut usage = InputUsage { read, ..InputUsage::default() };
        let mut paid = read;
        for (at, ttl) in marks {
            // Below the model's minimum nothing is cached, and nobody is told.
            if totals[at] < model.cache_minimum {
                continue;
            }
            let fresh = totals[at].saturating_sub(paid);
            paid = paid.max(totals[at]);
            let life = match ttl {
                Ttl::FiveMinutes => {
                    usage.written.ephemeral_5m_input_tokens += fresh;
                    Duration::from_mins(5)
                }
                Ttl::OneHour => {
                    usage.written.ephemeral_1h_input_tokens += fresh;
                    Duration::from_hours(1)
                }
            };
            make_room(&mut entries);
            entries.insert(prompt.pieces[at].prefix, Entry { life, dies: now + life });
        }
        usage.input = whole - paid;
        usage
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn make_room(entries: &mut HashMap<[u8; 32], Entry>) {
    if entries.len() < MAX_ENTRIES {
        return;
    }
    if let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.dies).map(|(key, _)| *key) {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::models;
    use super::*;

    fn prompt(system: &str, user: &str, ttl: &str) -> Prompt {
        let body = serde_json::json!({
            "system": [{"type": "text", "text": system,
                        "cache_control": {"type": "ephemeral", "ttl": ttl}}],
            "messages": [{"role": "user", "content": user}],
        });
        Prompt::cut(&body.to_string(), "claude-haiku-4-5").unwrap()
    }

    fn big() -> String {
        "Confirm date and time before booking. ".repeat(600)
    }

    fn haiku() -> &'static ModelRules {
        models::find("claude-haiku-4-5").unwrap()
    }

    #[test]
    fn the_first_request_writes_and_the_second_reads() {
        let (cache, now) = (PromptCache::default(), Instant::now());
        let first = cache.account(&prompt(&big(), "hi", "5m"), haiku(), now);
        let second = cache.account(&prompt(&big(), "hello", "5m"), haiku(), now);
        assert!(first.created() > 4096);
        assert_eq!((first.read, second.created()), (0, 0));
        assert_eq!(second.read, first.created());
    }

    #[test]
    fn every_token_is_counted_once() {
        let (cache, now) = (PromptCache::default(), Instant::now());
        for _ in 0..2 {
            let prompt = prompt(&big(), "hi", "1h");
            let usage = cache.account(&prompt, haiku(), now);
            assert_eq!(usage.input + usage.created() + usage.read, prompt.tokens());
        }
    }

    #[test]
    fn an_entry_dies_five_minutes_after_its_last_use() {
        let (cache, start) = (PromptCache::default(), Instant::now());
        let minute = Duration::from_mins(1);
        cache.account(&prompt(&big(), "hi", "5m"), haiku(), start);
        let used = cache.account(&prompt(&big(), "hi", "5m"), haiku(), start + 4 * minute);
        assert!(used.read > 0, "it lives for five minutes");
        let again = cache.account(&prompt(&big(), "hi", "5m"), haiku(), start + 8 * minute);
        assert!(again.read > 0, "the use at four minutes gave it five more");
        let late = cache.account(&prompt(&big(), "hi", "5m"), haiku(), start + 14 * minute);
        assert_eq!(late.read, 0);
        assert!(late.created() > 0, "so it is written again");
    }

    #[test]
    fn a_short_prefix_is_silently_not_cached() {
        let (cache, now) = (PromptCache::default(), Instant::now());
        for _ in 0..2 {
            let usage = cache.account(&prompt("Short.", "hi", "5m"), haiku(), now);
            assert_eq!((usage.read, usage.created()), (0, 0));
        }
    }

    #[test]
    fn a_mark_looks_back_over_earlier_turns() {
        let turns = |count: usize| {
            let mut messages: Vec<_> = (0..count)
                .map(|at| serde_json::json!({"role": "user", "content": format!("turn {at}")}))
                .collect();
            messages[0]["content"] = big().into();
            let body = serde_json::json!({
                "messages": messages,
                "cache_control": {"type": "ephemeral"},
            });
            Prompt::cut(&body.to_string(), "claude-haiku-4-5").unwrap()
        };
        let (cache, now) = (PromptCache::default(), Instant::now());
        let first = cache.account(&turns(1), haiku(), now);
        let near = cache.account(&turns(20), haiku(), now);
        assert_eq!(near.read, first.created());
        let fresh = PromptCache::default();
        fresh.account(&turns(1), haiku(), now);
        assert_eq!(fresh.account(&turns(21), haiku(), now).read, 0, "twenty pieces, not more");
    }
}
