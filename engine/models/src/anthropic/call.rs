//! One call: render, post, read to the end marker.

use std::sync::Arc;

use forecourt_ports::model::{Ask, Delta, ModelError};
use futures_util::StreamExt as _;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest_eventsource::{Error, Event, EventSource, retry};
use tokio::time::{Instant, timeout_at};

use super::{
    Shared, failure,
    reply::{Reply, Step},
    request::Body,
    stream::{Gone, Out},
};

/// Carries the turn's id, so that a repeated call can be told from a new one.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Calls and sends what comes, ending with `Done` or an error.
pub(super) async fn run(shared: Arc<Shared>, ask: Ask, out: Out) {
    let last = match answer(&shared, &ask, &out).await {
        Ok(last) => Ok(last),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::Gone) => return,
    };
    // Whoever asked may be gone by now, and then nobody needs to know.
    let _gone = out.send(last).await;
}

/// Why a call ends without a complete answer.
enum Stop {
    Error(ModelError),
    /// Nobody listens any more.
    Gone,
}

impl From<ModelError> for Stop {
    fn from(error: ModelError) -> Self {
        Self::Error(error)
    }
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

async fn answer(shared: &Shared, ask: &Ask, out: &Out) -> Result<Delta, Stop> {
    let config = &shared.config;
    let prompt = shared.prompts.render(ask).map_err(|error| ModelError::Protocol(error.brief()))?;
    let mut events = post(shared, ask, &Body::new(config, ask, &prompt))?;
    let mut reply = Reply::new(&config.model, prompt.id, config.max_chars);
    let mut opened = false;
    let mut heard = None::<(Instant, Instant)>;
    let first = Instant::now() + config.first_byte;
    loop {
        let (until, late) = match heard {
            None => (first, ModelError::FirstByte),
            Some((event, content)) => {
                ((event + config.idle).min(content + config.silence), ModelError::Idle)
            }
        };
        let event = match timeout_at(until, events.next()).await.map_err(|_| late)? {
            Some(Ok(Event::Message(event))) => event,
            Some(Ok(Event::Open)) => {
                opened = true;
                continue;
            }
            Some(Err(error)) => return Err(failed(error, opened, shared, ask).await.into()),
            None => return Err(ModelError::Truncated.into()),
        };
        let content = match reply.event(&event.event, &event.data)? {
            Step::Alive => false,
            Step::Content(text) => {
                if let Some(text) = text {
                    out.send(Ok(Delta::Text(text))).await?;
                }
                true
            }
            Step::Complete(text, done) => {
                if let Some(text) = text {
                    out.send(Ok(Delta::Text(text))).await?;
                }
                return Ok(Delta::Done(done));
            }
        };
        // Taken after the send: the time that a slow listener took is not the provider's silence.
        let now = Instant::now();
        let content = if content { now } else { heard.map_or(now, |(_, content)| content) };
        heard = Some((now, content));
    }
}

fn post(shared: &Shared, ask: &Ask, body: &Body<'_>) -> Result<EventSource, ModelError> {
    let body = serde_json::to_vec(body)
        .map_err(|_| ModelError::Protocol("the request cannot be written"))?;
    let turn = HeaderValue::from_str(&ask.turn.to_string())
        .map_err(|_| ModelError::Protocol("the turn's id cannot stand in a header"))?;
    let request = shared
        .client
        .post(shared.url.clone())
        .headers(shared.headers.clone())
        .header(IDEMPOTENCY_KEY, turn)
        .body(body);
    let mut events = EventSource::new(request)
        .map_err(|_| ModelError::Protocol("the request cannot be written"))?;
    // The default posts again, even after a clean end.
    events.set_retry_policy(Box::new(retry::Never));
    Ok(events)
}

/// What an error of the event source is to the caller. A stream that opened and broke is cut,
/// whether the connection ended cleanly or not.
async fn failed(error: Error, opened: bool, shared: &Shared, ask: &Ask) -> ModelError {
    match error {
        Error::InvalidStatusCode(_, response) => {
            let longest = shared.config.longest_retry_after;
            failure::of_status(response, ask.grounding.now, longest).await
        }
        Error::InvalidContentType(..) => ModelError::Protocol("the answer is not an event stream"),
        Error::Utf8(_) => ModelError::Protocol("the stream is not UTF-8"),
        // The parser's one error of its own is a limit.
        Error::Parser(_) => ModelError::TooLong,
        Error::Transport(_) if !opened => ModelError::Transport,
        Error::Transport(_) | Error::StreamEnded => ModelError::Truncated,
        Error::InvalidLastEventId(_) => ModelError::Protocol("the id of an event is not text"),
    }
}
