//! One call: render, post, read to the end marker.

use std::{sync::Arc, time::Duration};

use forecourt_ports::model::{Ask, Delta, ModelError};
use futures_util::StreamExt as _;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest_eventsource::{Error, Event, EventSource, retry};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Ending, Protocol, Reply as _, Shared, Step, failure,
    stream::{Gone, Out},
};

/// Carries the turn's id, so that a repeated call can be told from a new one.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long the end of a complete answer's body is waited for: read to its end, a connection serves
/// the next call too.
const LINGER: Duration = Duration::from_millis(250);

/// Calls and sends what comes, ending with `Done` or an error.
pub(super) async fn run<P: Protocol>(shared: Arc<Shared<P>>, ask: Ask, out: Out) {
    let total = shared.protocol.client().total;
    let told = timeout(total, answer(&shared, &ask, &out)).await;
    let (last, events) = match told.unwrap_or(Err(Stop::Error(ModelError::TooSlow))) {
        Ok((done, events)) => (Ok(done), Some(events)),
        Err(Stop::Error(error)) => (Err(error), None),
        Err(Stop::Gone) => return,
    };
    // Whoever asked may be gone by now, and then nobody needs to know.
    let _gone = out.send(last).await;
    if let Some(mut events) = events {
        let rest = async { while let Some(Ok(_)) = events.next().await {} };
        let _left = timeout(LINGER, rest).await;
    }
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

async fn answer<P: Protocol>(
    shared: &Shared<P>,
    ask: &Ask,
    out: &Out,
) -> Result<(Delta, EventSource), Stop> {
    let config = shared.protocol.client();
    let prompt = shared.prompts.render(ask).map_err(|error| ModelError::Protocol(error.brief()))?;
    let mut events = post(shared, ask, shared.protocol.body(ask, &prompt)?)?;
    let mut reply = shared.protocol.reply(&ask.toolbox, &prompt);
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
        let step = match timeout_at(until, events.next()).await.map_err(|_| late)? {
            Some(Ok(Event::Message(event))) => reply.event(&event.event, &event.data)?,
            Some(Ok(Event::Open)) => {
                opened = true;
                continue;
            }
            Some(Err(Error::StreamEnded)) if opened => Step::Complete(Box::new(reply.end()?)),
            Some(Err(error)) => return Err(failed(error, opened, shared, ask).await.into()),
            None => return Err(ModelError::Truncated.into()),
        };
        let content = match step {
            Step::Alive => false,
            Step::Content(text) => {
                if let Some(text) = text {
                    out.send(Ok(Delta::Text(text))).await?;
                }
                true
            }
            Step::Complete(ending) => {
                let Ending { text, calls, done } = *ending;
                if let Some(text) = text {
                    out.send(Ok(Delta::Text(text))).await?;
                }
                for call in calls {
                    out.send(Ok(Delta::Call(call))).await?;
                }
                return Ok((Delta::Done(done), events));
            }
        };
        // Taken after the send: the time that a slow listener took is not the provider's silence.
        let now = Instant::now();
        let content = if content { now } else { heard.map_or(now, |(_, content)| content) };
        heard = Some((now, content));
    }
}

fn post<P>(shared: &Shared<P>, ask: &Ask, body: Vec<u8>) -> Result<EventSource, ModelError> {
    let turn = HeaderValue::from_str(&ask.turn.to_string())
        .map_err(|_| ModelError::Protocol("the turn's id cannot stand in a header"))?;
    let request = shared
        .http
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
async fn failed<P: Protocol>(
    error: Error,
    opened: bool,
    shared: &Shared<P>,
    ask: &Ask,
) -> ModelError {
    match error {
        Error::InvalidStatusCode(_, response) => {
            let longest = shared.protocol.client().longest_retry_after;
            failure::of_status::<P>(response, ask.grounding.now, longest).await
        }
        Error::InvalidContentType(_, response) => failure::of_success::<P>(response).await,
        Error::Utf8(_) => ModelError::Protocol("the stream is not UTF-8"),
        // The parser's one error of its own is a limit.
        Error::Parser(_) => ModelError::TooLong,
        Error::Transport(_) if !opened => ModelError::Transport,
        Error::Transport(_) | Error::StreamEnded => ModelError::Truncated,
        Error::InvalidLastEventId(_) => ModelError::Protocol("the id of an event is not text"),
    }
}
