//! Lead forms: sent at a rate, each so many times, in whatever order that gives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Answer, Field, at_rate};
use crate::books::FormEnd;
use crate::scenario::LeadLoad;

/// Sends the forms of a phase and waits for all their ends.
pub async fn run(field: Field, load: LeadLoad, start: Instant, lasts: Duration, phase: u64) {
    let mut running = JoinSet::new();
    let places = Arc::new(Semaphore::new(load.in_flight.max(1)));
    let mut random = StdRng::seed_from_u64(field.seed ^ (phase << 32));
    at_rate(load.rate, start, lasts, |_, due| {
        while running.try_join_next().is_some() {}
        let times = random.random_range(load.times[0]..=load.times[1]);
        let delays: Vec<Duration> =
            (0..times).map(|_| load.within.mul_f64(random.random_range(0.0..1.0))).collect();
        // A form is due when the first of its copies leaves.
        let due = due + delays.iter().min().copied().unwrap_or_default();
        match Arc::clone(&places).try_acquire_owned() {
            Err(_) => field.books.count(|counts| counts.skipped += 1),
            Ok(place) => {
                let number = field.books.forms_count();
                let tenant = number % field.tenants.len();
                let number = field.books.form(tenant, due);
                let field = field.clone();
                running.spawn(async move {
                    all_times(&field, tenant, number, &delays).await;
                    drop(place);
                });
            }
        }
        std::future::ready(())
    })
    .await;
    while running.join_next().await.is_some() {}
}

/// Sends one form as often as it is to come, each time on its own.
async fn all_times(field: &Field, tenant: usize, number: usize, delays: &[Duration]) {
    let lead = field.people.lead(number as u64);
    let slug = field.tenants.get(tenant).map_or("", String::as_str);
    let url = field.target.at(&format!("/v1/webhooks/form/{slug}"));
    let once = |delay: Duration| {
        let (lead, url) = (&lead, &url);
        async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let answer = field.send(|| field.client.post(url.clone()).json(lead)).await;
            let now = Instant::now();
            match answer {
                Answer::Good(receipt) => {
                    let lead = receipt["lead_id"].as_str().map(str::to_owned);
                    field.books.acked(number, lead, now);
                }
                Answer::Refused(status) => field.books.ended(number, FormEnd::Refused(status)),
                Answer::GaveUp { .. } => field.books.ended(number, FormEnd::InDoubt),
            }
        }
    };
    futures_util::future::join_all(delays.iter().map(|delay| once(*delay))).await;
}
