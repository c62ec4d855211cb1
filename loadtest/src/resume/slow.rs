//! Bar R7: listeners that never read, beside some that do.
//!
//! The same conversations are written to twice: once while only readers listen, once with everybody. Readers note how
//! late they are told; whoever never read must be cut, and come back with the cursor they had.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forecourt_wire::{ClientFrame, Cursor, HelloFrame, ServerFrame, SessionEvent};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::writer::{self, Words};
use super::{Books, Conversation, ResumeError, Stage, lock};
use crate::clock;
use crate::live::client::Interest;
use crate::live::sse::Parser;
use crate::live::visitor::Place;
use crate::live::{Client, Credentials, Dial, Heard, Socket, Told, Visitor};
use crate::scenario::Span;

/// What the kernel may keep for who does not read, in bytes.
const SMALL: u32 = 4 * 1024;
/// Who begins to read at last and hears nothing for so long has caught up: it was not cut.
const QUIET: Duration = Duration::from_secs(3);
/// How long who comes back waits for an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// How often the time beside those who never read is prolonged until they are cut.
const PARTS: u32 = 5;
/// Those who come back at once.
const AT_ONCE: usize = 32;

/// How many listen, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Conversations that are written to.
    pub sessions: u32,
    /// Readers of either kind: dashboards, and visitors.
    pub reading: u32,
    /// Listeners of either kind that never read.
    pub never: u32,
    /// Dashboards that never read, on top of those.
    #[serde(default)]
    pub dashboards: u32,
    /// Each conversation's next message is due so long after the one before; at once after its answer without it.
    #[serde(default)]
    pub every: Span,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// How late readers were told, the slowest of a hundred: alone, and beside those who never read.
    pub alone_p99_ms: f64,
    pub beside_p99_ms: f64,
    /// Events that readers were told, alone and beside.
    pub told: [u64; 2],
    /// What was measured at the end of either time, such as the engine's memory in bytes.
    pub measured: [u64; 2],
    /// Readers' lines that broke.
    pub readers_cut: u64,
    /// Dashboards and visitors that never read.
    pub never: [u64; 2],
    /// Of those who never read: cut, and resumed from their own cursor (or told of a gap) when they came back.
    pub dashboards_cut: u64,
    pub dashboards_resumed: u64,
    pub visitors_cut: u64,
    pub visitors_resumed: u64,
    pub examples: Vec<String>,
}

impl Outcome {
    /// How much later readers are told beside those who never read; `1.0` is as before (R7). Without an event to
    /// compare it is infinite.
    pub fn ratio(&self) -> f64 {
        if self.told.contains(&0) {
            return f64::INFINITY;
        }
        self.beside_p99_ms / self.alone_p99_ms.max(f64::MIN_POSITIVE)
    }
}

#[derive(Default)]
struct Readers {
    beside: AtomicBool,
    late: Mutex<[Vec<u32>; 2]>,
    cut: Mutex<u64>,
}

impl Readers {
    fn told(&self, at: jiff::Timestamp) {
        let late = Duration::try_from(clock::now().duration_since(at)).unwrap_or_default();
        let part = usize::from(self.beside.load(Ordering::Relaxed));
        lock(&self.late)[part].push(u32::try_from(late.as_micros()).unwrap_or(u32::MAX));
    }

    async fn dashboard(self: Arc<Self>, mut client: Client) {
        loop {
            match client.next().await {
                Told::Event(event) => self.told(event.at),
                Told::Resync(at) => client.adopt(at),
                Told::Down(_) | Told::SignedOut => *lock(&self.cut) += 1,
                Told::Ready | Told::Now(_) | Told::Booking(_) => {}
            }
        }
    }

    async fn visitor(self: Arc<Self>, mut visitor: Visitor) {
        loop {
            match visitor.next().await {
                Heard::Stored(_, event) => {
                    if let SessionEvent::MessagePosted(posted) = &*event {
                        self.told(posted.at);
                    }
                }
                Heard::Down | Heard::Gap(_) | Heard::Over(_) => *lock(&self.cut) += 1,
                Heard::Now(_) | Heard::Unknown(_) => {}
            }
        }
    }

    fn p99_ms(&self, part: usize) -> (u64, f64) {
        let mut late = std::mem::take(&mut lock(&self.late)[part]);
        late.sort_unstable();
        let at = (late.len() * 99).div_ceil(100).saturating_sub(1);
        (late.len() as u64, late.get(at).map_or(0.0, |late| f64::from(*late) / 1_000.0))
    }
}

/// Writes messages that begin with a number and go on with `words`, for so long alone and then beside those who never
/// read; then lets those read at last, and come back. `measure` is asked at the end of either time.
pub async fn run(
    stage: &Stage,
    load: &Load,
    words: &'static str,
    lasts: Duration,
    measure: impl Fn() -> u64,
) -> Result<Outcome, ResumeError> {
    let to: SocketAddr = stage.target.authority().parse().map_err(|_| ResumeError::Session)?;
    let conversations = writer::open(stage, load.sessions).await.ok_or(ResumeError::Session)?;
    let readers = Arc::new(Readers::default());
    let mut reading = JoinSet::new();
    for number in 0..load.reading {
        let random = || StdRng::seed_from_u64(stage.seed.wrapping_add(u64::from(number)));
        let dial = Dial::as_member(to, &stage.cookie);
        let client = Client::new(dial, Interest::default(), None, random());
        reading.spawn(Arc::clone(&readers).dashboard(client));
        let one = &conversations[number as usize % conversations.len()];
        let visitor = Visitor::new(place(stage, one), Some(one.begins), random());
        reading.spawn(Arc::clone(&readers).visitor(visitor));
    }
    let books = Arc::new(Books::default());
    let write = async |part| {
        let words = Words { part, text: words, every: load.every.0 };
        write(stage, &conversations, &books, words, lasts).await;
    };
    write(0).await;
    let alone = measure();
    readers.beside.store(true, Ordering::Relaxed);
    let (mut dashboards, mut visitors) = (Vec::new(), Vec::new());
    for number in 0..load.never + load.dashboards {
        dashboards.extend(deaf_dashboard(stage, to).await);
        if number >= load.never {
            continue;
        }
        let one = &conversations[number as usize % conversations.len()];
        visitors.extend(deaf_visitor(one, to).await.map(|stream| (one.clone(), stream)));
    }
    for part in 1..=PARTS {
        write(part).await;
        // A kernel keeps much for each: on a slow machine it takes a while to fill it.
        if cut(stage).await.is_some_and(|cut| cut >= f64::from(load.never + load.dashboards)) {
            break;
        }
    }
    reading.abort_all();
    let mut outcome = Outcome {
        measured: [alone, measure()],
        readers_cut: *lock(&readers.cut),
        never: [dashboards.len() as u64, visitors.len() as u64],
        ..Outcome::default()
    };
    (outcome.told[0], outcome.alone_p99_ms) = readers.p99_ms(0);
    (outcome.told[1], outcome.beside_p99_ms) = readers.p99_ms(1);
    let mut back = JoinSet::new();
    for socket in dashboards {
        while back.len() >= AT_ONCE {
            note(&mut outcome, back.join_next().await);
        }
        let dial = Dial::as_member(to, &stage.cookie);
        back.spawn(async move { (true, dashboard_back(socket, &dial).await) });
    }
    for (one, stream) in visitors {
        while back.len() >= AT_ONCE {
            note(&mut outcome, back.join_next().await);
        }
        let place = place(stage, &one);
        back.spawn(async move { (false, visitor_back(stream, one.begins, place).await) });
    }
    while let Some(ended) = back.join_next().await {
        note(&mut outcome, Some(ended));
    }
    Ok(outcome)
}

/// Whether a listener was cut, and whether it could resume; else why not.
type Back = (bool, Result<(), String>);

fn note(outcome: &mut Outcome, ended: Option<Result<(bool, Back), tokio::task::JoinError>>) {
    let Some(Ok((is_dashboard, (cut, resumed)))) = ended else { return };
    let (cuts, resumes) = if is_dashboard {
        (&mut outcome.dashboards_cut, &mut outcome.dashboards_resumed)
    } else {
        (&mut outcome.visitors_cut, &mut outcome.visitors_resumed)
    };
    *cuts += u64::from(cut);
    *resumes += u64::from(resumed.is_ok());
    if let (Err(why), true) = (resumed, outcome.examples.len() < 12) {
        outcome.examples.push(why);
    }
}

fn place(stage: &Stage, one: &Conversation) -> Place {
    Place {
        http: stage.http.clone(),
        target: stage.target.clone(),
        session: one.session.clone(),
        token: one.token.clone(),
    }
}

async fn write(
    stage: &Stage,
    conversations: &[Conversation],
    books: &Arc<Books>,
    words: Words,
    lasts: Duration,
) {
    let end = std::time::Instant::now() + lasts;
    let mut writers = JoinSet::new();
    for one in conversations {
        let books = Arc::clone(books);
        writers.spawn(writer::write(stage.clone(), one.clone(), books, words, end));
    }
    while writers.join_next().await.is_some() {}
}

/// Sockets that the engine has cut since it started.
async fn cut(stage: &Stage) -> Option<f64> {
    let metrics =
        stage.http.get(stage.target.at("/metrics")).send().await.ok()?.text().await.ok()?;
    let line = metrics.lines().find(|line| line.starts_with("forecourt_http_live_cut_total"))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

async fn deaf_dashboard(stage: &Stage, to: SocketAddr) -> Option<Socket> {
    let credentials = Credentials::Cookie(stage.cookie.clone());
    let dial = Dial { to, credentials, receive_buffer: Some(SMALL) };
    let mut socket = Socket::open(&dial).await.ok()?;
    socket.say(&hello(None)).await.ok()?;
    // The welcome is read, so that there is a cursor to come back with; nothing after it.
    socket.hear().await.ok()?;
    Some(socket)
}

fn hello(after: Option<Cursor>) -> ClientFrame {
    ClientFrame::Hello(HelloFrame {
        reference: "1".to_owned(),
        after: after.map(|after| after.to_string()),
        topics: Vec::new(),
        only: None,
    })
}

async fn deaf_visitor(one: &Conversation, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(SMALL).ok()?;
    let mut stream = socket.connect(to).await.ok()?;
    let Conversation { session, token, .. } = one;
    let request = format!(
        "GET /v1/sessions/{session}/events HTTP/1.0\r\nHost: {to}\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    Some(stream)
}

/// Reads at last, hears that it was cut, and comes back.
async fn dashboard_back(mut socket: Socket, dial: &Dial) -> Back {
    let mut last = 0;
    let cut = loop {
        match tokio::time::timeout(QUIET, socket.hear()).await {
            Ok(Ok(ServerFrame::Event(event))) if event.seq <= last => {
                return (false, Err(format!("{} came after {last}", event.seq)));
            }
            Ok(Ok(ServerFrame::Event(event))) => last = event.seq,
            Ok(Ok(_)) => {}
            Ok(Err(_)) => break true,
            Err(_) => break false,
        }
    };
    let resumed = async {
        let mut socket = Socket::open(dial).await.map_err(|error| error.to_string())?;
        // Its epoch stands in the welcome of the new line.
        socket.say(&hello(None)).await.map_err(|_| "no line".to_owned())?;
        let Ok(ServerFrame::Welcome(now)) = socket.hear().await else {
            return Err("no welcome".to_owned());
        };
        let mut socket = Socket::open(dial).await.map_err(|error| error.to_string())?;
        let after = Cursor { epoch: now.epoch, seq: last };
        socket.say(&hello(Some(after))).await.map_err(|_| "no line".to_owned())?;
        match socket.hear().await {
            Ok(ServerFrame::Welcome(welcome)) if welcome.resumed && last > 0 => Ok(()),
            Ok(ServerFrame::Welcome(_)) => match socket.hear().await {
                Ok(ServerFrame::Gap(_)) => Ok(()),
                other => Err(format!("no gap after {after}, but {other:?}")),
            },
            other => Err(format!("no welcome after {after}, but {other:?}")),
        }
    };
    let resumed = tokio::time::timeout(ANSWER, resumed).await;
    (cut, resumed.unwrap_or_else(|_| Err("no answer in time".to_owned())))
}

async fn visitor_back(mut stream: TcpStream, begins: Cursor, place: Place) -> Back {
    let mut parser = Parser::default();
    let mut last = begins;
    let mut buffer = vec![0; 64 * 1024];
    let cut = loop {
        match tokio::time::timeout(QUIET, stream.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 => {
                if parser.feed(&buffer[..count]).is_err() {
                    return (false, Err("an event that is too long".to_owned()));
                }
                while let Some(event) = parser.take() {
                    if let Some(id) = event.id.and_then(|id| id.parse::<Cursor>().ok()) {
                        last = id;
                    }
                }
            }
            Ok(Ok(_) | Err(_)) => break true,
            Err(_) => break false,
        }
    };
    let mut visitor = Visitor::new(place, Some(last), StdRng::seed_from_u64(1));
    let next = async {
        loop {
            match visitor.next().await {
                Heard::Stored(place, _) if place.seq > last.seq => return Ok(()),
                Heard::Gap(_) => return Ok(()),
                Heard::Stored(place, _) => return Err(format!("{place} came after {last}")),
                Heard::Over(status) => return Err(format!("sent away with {status}")),
                Heard::Now(_) | Heard::Unknown(_) | Heard::Down => {}
            }
        }
    };
    // Who was cut at the very end, or not at all, has nothing to hear.
    let resumed = tokio::time::timeout(QUIET, next).await;
    (cut, resumed.unwrap_or(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_which_nobody_was_told_anything_meets_no_bar() {
        let outcome = Outcome { alone_p99_ms: 8.0, beside_p99_ms: 12.0, ..Outcome::default() };
        assert!(outcome.ratio().is_infinite());
        let ratio = Outcome { told: [900, 800], ..outcome }.ratio();
        assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
    }
}
