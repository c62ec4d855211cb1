//! Visitors who write, each message until it is acknowledged: what was acknowledged is the truth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forecourt_wire::{Cursor, MessageAccepted};
use serde_json::{Value, json};

use super::{Books, Conversation, Stage};

const ANSWER: Duration = Duration::from_secs(10);
/// Between two tries of one message.
const AGAIN: Duration = Duration::from_millis(200);
/// A message that is not acknowledged after so many tries is given up with its conversation.
const TRIES: u32 = 300;

/// Opens conversations and takes them over, so that nobody but their visitors writes to them.
pub(crate) async fn open(stage: &Stage, count: u32) -> Option<Vec<Conversation>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let body = json!({ "tenant": stage.tenant, "lang": "en" });
        let url = stage.target.at("/v1/sessions");
        let opened: Value =
            stage.http.post(url).json(&body).send().await.ok()?.json().await.ok()?;
        let text = |name: &str| opened[name].as_str().map(str::to_owned);
        let (session, token) = (text("session_id")?, text("token")?);
        let url = stage.target.at(&format!("/v1/sessions/{session}/messages"));
        // It becomes a lead with its first message, and only a lead can be taken over.
        let body = json!({ "text": "Can I talk to a person?", "client_id": "first" });
        let first = stage.http.post(url).bearer_auth(&token).json(&body).send().await.ok()?;
        first.error_for_status().ok()?;
        let url = stage.target.at(&format!("/v1/sessions/{session}/takeover"));
        let origin = stage.target.to_string();
        let taken = stage.http.post(url).header("cookie", &stage.cookie).header("origin", origin);
        taken.send().await.ok()?.error_for_status().ok()?;
        let url = stage.target.at(&format!("/v1/sessions/{session}"));
        let now: Value =
            stage.http.get(url).bearer_auth(&token).send().await.ok()?.json().await.ok()?;
        let begins = Cursor { epoch: now["epoch"].as_i64()?, seq: now["seq"].as_i64()? };
        let messages = now["messages"].as_array()?.last()?["seq"].as_i64()?;
        all.push(Conversation { session, token, begins, messages });
    }
    Some(all)
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// Each part of a run has its own ids.
    pub(crate) part: u32,
    /// Comes after a number.
    pub(crate) text: &'static str,
    /// From the time at which a message is due to that of the next.
    pub(crate) every: Duration,
}

/// Writes until the time is up; answers the last place.
pub(crate) async fn write(
    stage: Stage,
    conversation: Conversation,
    books: Arc<Books>,
    Words { part, text, every }: Words,
    end: Instant,
) -> (String, i64) {
    let Conversation { session, token, messages: mut last, .. } = conversation;
    let url = stage.target.at(&format!("/v1/sessions/{session}/messages"));
    let mut due = Instant::now();
    for number in 0_u64.. {
        tokio::time::sleep_until(due.min(end).into()).await;
        due += every;
        if Instant::now() >= end {
            break;
        }
        let body =
            json!({ "text": format!("{number}: {text}"), "client_id": format!("{part}-{number}") });
        let mut accepted = None;
        for _ in 0..TRIES {
            let request = stage.http.post(url.clone()).bearer_auth(&token).timeout(ANSWER);
            if let Ok(response) = request.json(&body).send().await
                && response.status().is_success()
                && let Ok(answer) = response.json::<MessageAccepted>().await
            {
                accepted = Some(answer);
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        let Some(accepted) = accepted else {
            let example = format!("message {number} of {session} was never acknowledged");
            books.wrong(example, |outcome| outcome.missed += 1);
            break;
        };
        books.acked(&session, accepted.seq, accepted.message_id.to_string());
        books.count(|outcome| outcome.messages += 1);
        last = last.max(accepted.seq);
    }
    (session, last)
}
