//! A visitor's event stream that stays: found again by its cursor when it breaks, or asked for piece by piece
//! where no stream gets through.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use forecourt_wire::{Cursor, SessionEvent, SessionSnapshot};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use rand::rngs::StdRng;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::draft::{Draft, Grown};
use super::log::{Log, Step};
use super::sse::{Event, Parser};
use crate::leads::Target;

/// Heartbeats come every ten seconds: after this long a stream is dead.
pub const SILENCE: Duration = Duration::from_secs(35);
/// The longest wait for the head of an answer, or for the answer to a poll.
const ANSWER: Duration = Duration::from_secs(30);

/// What a visitor hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A stored event, once and in order.
    Stored(Cursor, Box<SessionEvent>),
    /// How something stands now.
    Now(Box<SessionEvent>),
    /// Events are missing: load the snapshot; events after this place follow.
    Gap(Cursor),
    /// An event of a newer server.
    Unknown(String),
    /// The stream has ended; it will come back by itself.
    Down,
    /// The token is no longer good, or the conversation is gone. Nothing more comes.
    Over(u16),
}

/// Who listens to what.
#[derive(Clone)]
pub struct Place {
    pub http: Client,
    /// The engine, or a proxy before it.
    pub target: Target,
    pub session: String,
    /// Bearer of the session.
    pub token: String,
}

impl Place {
    fn at(&self, path: &str) -> Url {
        self.target.at(&format!("/v1/sessions/{}{path}", self.session))
    }

    /// The conversation at one instant.
    pub async fn snapshot(&self) -> Option<SessionSnapshot> {
        let request = self.http.get(self.at("")).bearer_auth(&self.token).timeout(ANSWER);
        request.send().await.ok()?.error_for_status().ok()?.json().await.ok()
    }
}

/// The answer to a poll.
#[derive(Deserialize)]
struct Page {
    events: Vec<Value>,
    /// `<epoch>-<seq>`.
    cursor: String,
}

enum Line {
    None,
    Stream(BoxStream<'static, reqwest::Result<Bytes>>),
}

/// The stream of one conversation.
pub struct Visitor {
    place: Place,
    log: Log,
    draft: Draft,
    backoff: Backoff,
    parser: Parser,
    line: Line,
    wait_until: Option<Instant>,
    pub(super) told: VecDeque<Heard>,
    over: Option<u16>,
    /// Ask piece by piece.
    polls: bool,
    /// Stored events that came again; those that a snapshot brought before are none.
    pub repeated: u64,
    /// The place of the last snapshot.
    adopted: Option<Cursor>,
}

impl Visitor {
    /// A visitor who knows everything up to `after`.
    pub fn new(place: Place, after: Option<Cursor>, random: StdRng) -> Self {
        Self {
            place,
            log: Log::new(after),
            draft: Draft::default(),
            backoff: Backoff::new(random),
            parser: Parser::default(),
            line: Line::None,
            wait_until: None,
            told: VecDeque::new(),
            over: None,
            polls: false,
            repeated: 0,
            adopted: None,
        }
    }

    /// Comes back sooner than people's clients do.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Asks piece by piece instead of holding a stream.
    #[must_use]
    pub fn polling(mut self) -> Self {
        self.polls = true;
        self
    }

    /// The last place that was heard of.
    pub fn after(&self) -> Option<Cursor> {
        self.log.after()
    }

    /// The answer that is being written, as far as it was heard.
    pub fn draft(&self) -> Option<&str> {
        self.draft.text()
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A snapshot was loaded.
    pub fn adopt(&mut self, snapshot: &SessionSnapshot) {
        let at = Cursor { epoch: snapshot.epoch, seq: snapshot.seq };
        self.log.adopt(at);
        self.adopted = Some(at);
        match &snapshot.draft {
            Some(draft) => self.draft.restore(&draft.draft_id.to_string(), &draft.text),
            None => {
                self.draft.end(None);
            }
        }
    }

    /// Resumes after another place than where it stands, such as one of another log.
    pub fn resume_after(&mut self, at: Cursor) {
        self.log = Log::new(Some(at));
    }

    /// Drops the connection; it comes back after `pause`. What was read and not given out yet is lost with it.
    pub fn drop_connection(&mut self, pause: Duration) {
        self.hang_up();
        self.wait_until = Some(Instant::now() + pause);
    }

    fn hang_up(&mut self) {
        self.line = Line::None;
        self.parser = Parser::default();
    }

    fn down(&mut self, at_least: Duration) {
        self.hang_up();
        self.wait_until = Some(Instant::now() + self.backoff.next(at_least));
        self.told.push_back(Heard::Down);
    }

    /// What is heard next, over as many connections as it takes. May be cancelled and called again.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.told.pop_front() {
                return heard;
            }
            if let Some(status) = self.over {
                return Heard::Over(status);
            }
            if let Some(event) = self.parser.take() {
                self.take(event);
                continue;
            }
            let Line::Stream(bytes) = &mut self.line else {
                if let Some(until) = self.wait_until {
                    tokio::time::sleep_until(until).await;
                    self.wait_until = None;
                }
                if self.polls {
                    self.poll().await;
                } else {
                    self.connect().await;
                }
                continue;
            };
            match tokio::time::timeout(SILENCE, bytes.next()).await {
                Ok(Some(Ok(bytes))) => {
                    if self.parser.feed(&bytes).is_err() {
                        self.down(Duration::ZERO);
                    }
                }
                Ok(Some(Err(_)) | None) | Err(_) => self.down(Duration::ZERO),
            }
        }
    }

    async fn connect(&mut self) {
        let mut request =
            self.place.http.get(self.place.at("/events")).bearer_auth(&self.place.token);
        if let Some(after) = self.log.after() {
            request = request.header("last-event-id", after.to_string());
        }
        match tokio::time::timeout(ANSWER, request.send()).await {
            Ok(Ok(response)) if response.status().is_success() => {
                self.parser = Parser::default();
                self.line = Line::Stream(response.bytes_stream().boxed());
            }
            Ok(Ok(response)) => self.refused(&response),
            Ok(Err(_)) | Err(_) => self.down(Duration::ZERO),
        }
    }

    async fn poll(&mut self) {
        let mut url = self.place.at("/events");
        url.query_pairs_mut().append_pair("poll", "1");
        if let Some(after) = self.log.after() {
            url.query_pairs_mut().append_pair("after", &after.to_string());
        }
        let request = self.place.http.get(url).bearer_auth(&self.place.token).timeout(ANSWER);
        let page = match request.send().await {
            Ok(response) if response.status().is_success() => response.json::<Page>().await,
            Ok(response) => return self.refused(&response),
            Err(error) => Err(error),
        };
        let Ok(page) = page else { return self.down(Duration::ZERO) };
        for data in page.events {
            // A stored event says its own place; the epoch is the page's.
            let epoch = page.cursor.split_once('-').map_or("0", |(epoch, _)| epoch);
            let gap = data["type"] == "gap";
            let id = data["seq"].as_i64().filter(|_| !gap).map(|seq| format!("{epoch}-{seq}"));
            let kind = data["type"].as_str().unwrap_or_default().to_owned();
            self.take(Event { id, kind, data });
        }
        if let Ok(cursor) = page.cursor.parse() {
            self.log.adopt(cursor);
        }
        self.backoff.reset();
    }

    fn refused(&mut self, response: &reqwest::Response) {
        match response.status() {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::GONE => self.over = Some(response.status().as_u16()),
            _ => {
                let after = response.headers().get("retry-after");
                let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
                self.down(after.map_or(Duration::ZERO, Duration::from_secs));
            }
        }
    }

    /// Takes an event as it came.
    pub(super) fn take(&mut self, Event { id, kind, data }: Event) {
        let Ok(event) = serde_json::from_value::<SessionEvent>(data) else {
            return self.told.push_back(Heard::Unknown(kind));
        };
        let id: Option<Cursor> = id.and_then(|id| id.parse().ok());
        match self.log.take_session(id, &event) {
            Step::Resync => {
                self.draft.end(None);
                self.told.extend(self.log.after().map(Heard::Gap));
            }
            Step::Apply => {
                self.backoff.reset();
                self.follow(&event);
                self.told.extend(id.map(|id| Heard::Stored(id, Box::new(event))));
            }
            Step::Ready | Step::Nothing => match id {
                Some(id) => {
                    let shown = self.adopted.is_some_and(|at| id.seq <= at.seq);
                    self.repeated += u64::from(!shown);
                }
                None => self.now(event),
            },
        }
    }

    /// What a stored event means for the running draft.
    fn follow(&mut self, event: &SessionEvent) {
        match event {
            SessionEvent::TurnStarted(turn) => self.draft.start(&turn.draft_id.to_string()),
            SessionEvent::TurnFailed(turn) => {
                self.draft.end(Some(&turn.draft_id.to_string()));
            }
            SessionEvent::MessagePosted(posted)
                if posted.message.author != forecourt_wire::Author::Customer =>
            {
                self.draft.end(None);
            }
            SessionEvent::Status(status)
                if status.status != forecourt_wire::SessionStatus::Open =>
            {
                self.draft.end(None);
            }
            _ => {}
        }
    }

    fn now(&mut self, event: SessionEvent) {
        match &event {
            SessionEvent::DraftDelta(delta) => {
                let id = delta.draft_id.to_string();
                if self.draft.apply(&id, delta.offset, &delta.text) == Grown::Hole {
                    // A new subscription begins with the whole.
                    return self.down(Duration::ZERO);
                }
            }
            SessionEvent::DraftProgress(draft) => self.draft.start(&draft.draft_id.to_string()),
            SessionEvent::DraftDiscarded(draft) => {
                self.draft.end(Some(&draft.draft_id.to_string()));
            }
            SessionEvent::Error(error) => {
                let wait = error.problem.retry_after_s.map_or(Duration::ZERO, Duration::from_secs);
                if error.problem.status == 401 {
                    self.over = Some(401);
                } else {
                    self.down(wait);
                }
                return;
            }
            _ => {}
        }
        self.told.push_back(Heard::Now(Box::new(event)));
    }
}
