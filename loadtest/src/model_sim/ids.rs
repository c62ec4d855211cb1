//! Ids in the provider's shapes, from a seeded generator so that a run can be repeated.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Makes ids. Two sources with one seed make the same ids.
pub struct Ids {
    rng: Mutex<StdRng>,
}

impl Ids {
    /// A source that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// `req_011C…`
    pub fn request(&self) -> String {
        self.with_prefix("req_011C")
    }

    /// `msg_01…`
    pub fn message(&self) -> String {
        self.with_prefix("msg_01")
    }

    /// `toolu_01…`
    pub fn tool_use(&self) -> String {
        self.with_prefix("toolu_01")
    }

    fn with_prefix(&self, prefix: &str) -> String {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let mut id = String::with_capacity(prefix.len() + 20);
        id.push_str(prefix);
        for _ in 0..20 {
            id.push(char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_of_distinct_ids() {
        let (left, right) = (Ids::new(7), Ids::new(7));
        let ids: Vec<String> = (0..100).map(|_| left.message()).collect();
        assert_eq!(ids, (0..100).map(|_| right.message()).collect::<Vec<_>>());
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 100);
        assert!(ids[0].starts_with("msg_01"));
    }
}
