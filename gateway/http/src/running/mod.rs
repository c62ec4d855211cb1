//! What the engine will do, does and has failed to do, for the tenant's people: deliveries, dead letters
//! and their replay, timers, providers.
//!
//! # Invariants
//! - **A8** every list and every command is of the member's own tenant: another tenant's ids lead nowhere;
//! - **A9** every list is paged, and no call sends more than [`replays::MOST`] letters;
//! - what is changed goes through the conversation as a command: nothing here writes a row.

pub(crate) mod deliveries;
pub(crate) mod replays;
pub(crate) mod timers;

use forecourt_ports::store::MOST_ROWS;
use jiff::Timestamp;

use crate::{extract::Query, problem::Problem};

const PER_PAGE: u32 = 50;

/// How many rows a page has.
fn limit(query: &mut Query) -> u32 {
    query.number("limit", 1, MOST_ROWS).unwrap_or(PER_PAGE)
}

/// `since` and `until` in their order.
fn in_order(since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), Problem> {
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        return Err(Problem::field("until", "order", "must not be before `since`"));
    }
    Ok(())
}
