//! Listeners that never read, as a part of a scenario: see [`crate::resume::slow`].

use std::time::{Duration, Instant};

use super::Field;
use crate::resume::Stage;
use crate::resume::slow::{Load, Outcome, run as slow};

/// What is written: short enough that it takes a while until somebody is behind by too much.
const WORDS: &str = "is the blue one still there, and may I see it on Saturday before noon? I would come with the \
                     train at half past ten, and I would need somebody to pick me up at the station. Besides, my \
                     neighbour asked whether the tow bar can be taken off, and how long the tyres will do.";

/// Lets listeners of the first tenant be told for a third of a phase alone, and then beside those who never read.
pub async fn run(field: Field, load: Load, start: Instant, lasts: Duration, phase: u64) {
    tokio::time::sleep_until(start.into()).await;
    let (Some(tenant), Some(cookie)) = (field.tenants.first(), field.cookies.first()) else {
        return;
    };
    let stage = Stage {
        http: field.client.clone(),
        target: field.target.clone(),
        tenant: tenant.clone(),
        cookie: cookie.clone(),
        seed: field.seed.wrapping_add(phase << 32),
    };
    match slow(&stage, &load, WORDS, lasts / 3, || 0).await {
        Ok(outcome) => field.books.slowed(outcome),
        // Nobody was told anything: the figures say so.
        Err(error) => field.books.slowed(Outcome {
            examples: vec![format!("nobody could be slow: {error}")],
            ..Outcome::default()
        }),
    }
}
