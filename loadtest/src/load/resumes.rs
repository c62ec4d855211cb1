//! Lines that break while events flow, as a part of a scenario: see [`crate::resume`].

use std::time::{Duration, Instant};

use super::Field;
use crate::resume::{Load, Stage, run as resume};

/// How long listeners may take to hear the rest.
const PATIENCE: Duration = Duration::from_mins(1);

/// Lets lines of the first tenant break for a phase, and waits until everybody has heard everything.
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
    match resume(&stage, &load, lasts, PATIENCE).await {
        Ok(outcome) => field.books.resumed(outcome),
        Err(error) => field.books.resumed(crate::resume::Outcome {
            behind: u64::from(load.dashboards + load.visitors),
            examples: vec![format!("nothing could be resumed: {error}")],
            ..crate::resume::Outcome::default()
        }),
    }
}
