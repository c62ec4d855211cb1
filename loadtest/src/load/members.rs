//! Staff at work: takes a conversation over, writes to the customer, gives it back.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Answer, Field, at_rate};
use crate::scenario::MemberLoad;

/// What a member's message carries, so that its letter is known: this, its number, and `x`.
const MARK: &str = "ref-member-";

/// Works for a phase.
pub async fn run(field: Field, load: MemberLoad, start: Instant, lasts: Duration, phase: u64) {
    let mut running = JoinSet::new();
    let mut random = StdRng::seed_from_u64(field.seed ^ (phase << 32) ^ 0x0F_F1CE);
    at_rate(load.rate, start, lasts, |_, _| {
        while running.try_join_next().is_some() {}
        let chosen = field.books.acked_lead(|count| random.random_range(0..count));
        if let Some((form, tenant, lead)) = chosen {
            let field = field.clone();
            running.spawn(async move {
                if act(&field, form, tenant, &lead).await.is_none() {
                    field.books.count(|counts| counts.member_failed += 1);
                }
            });
        }
        std::future::ready(())
    })
    .await;
    while running.join_next().await.is_some() {}
}

/// `None` when a step was refused or broke.
async fn act(field: &Field, form: usize, tenant: usize, lead: &str) -> Option<()> {
    let path = format!("/v1/leads/{lead}");
    let Answer::Good(detail) = field.send(|| field.get(tenant, &path)).await else { return None };
    let session = detail["lead"]["session_id"].as_str()?;
    let step = async |name: &str| {
        let path = format!("/v1/sessions/{session}/{name}");
        matches!(field.send(|| field.post(tenant, &path)).await, Answer::Good(_))
    };
    if !step("takeover").await {
        return None;
    }
    let number = field.books.reply(form);
    let text = format!("Hei, jeg tar over her. {MARK}{number}x");
    let body = json!({ "text": text, "client_id": format!("r{number}") });
    let path = format!("/v1/sessions/{session}/messages");
    let answer = field.send(|| field.post(tenant, &path).json(&body)).await;
    let Answer::Good(_) = answer else { return None };
    field.books.reply_acked(number);
    step("release").await.then_some(())
}

/// The number of the member's message in the newest part of a letter's text.
pub fn number_in(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(MARK)?;
    rest.split_once('x')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_tells_whose_message_it_is() {
        assert_eq!(number_in("Hei.\nref-member-17x\n\n> before: ref-member-3x"), Some(17));
        assert_eq!(number_in("Hei."), None);
        assert_eq!(number_in("ref-member-x"), None);
    }
}
