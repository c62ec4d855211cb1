//! A live socket that stays: it comes back with jitter and resumes after the last event; what was asked and not
//! answered is asked again where that is harmless.
//!
//! It is driven by whoever calls [`Client::next`]: no task of its own, and whoever does not call does not read.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use forecourt_core::id::SessionId;
use forecourt_wire::{
    BookingFrame, ClientFrame, Cursor, EventFrame, HelloFrame, Only, ReplyFrame, SendFrame,
    ServerFrame, Topic,
};
use rand::rngs::StdRng;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::log::{Log, Mark, Step};
use super::socket::{Break, Credentials, Dial, Ended, Socket};

/// The server beats every 15 s: after this long a line is dead.
pub const SILENCE: Duration = Duration::from_secs(35);
/// Questions that may wait for their answers, and for the line (A9).
const ASKED: usize = 64;

/// Codes of the close frame after which a client does something other than to come back.
pub mod close {
    /// Not signed in any more: do not come back.
    pub const SIGNED_OUT: u16 = 4001;
    /// The hello was refused: come back without a cursor.
    pub const BAD_HELLO: u16 = 4002;
    /// Too slow: come back with the cursor.
    pub const SLOW: u16 = 4003;
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The line is up, and nothing was missed.
    Ready,
    Event(Box<EventFrame>),
    Booking(Box<BookingFrame>),
    /// Events may be missing: load the snapshot and [`Client::adopt`] its place. Events after this one follow.
    Resync(Cursor),
    /// How something stands now.
    Now(Box<ServerFrame>),
    /// The line is down; it will come back by itself.
    Down(Ended),
    /// The sign-in has ended. Nothing more comes.
    SignedOut,
}

/// A question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lost {
    #[error("the line broke, and nobody knows whether it was done")]
    Unknown,
    #[error("the client is gone")]
    Gone,
}

struct Ask {
    frame: ClientFrame,
    answer: oneshot::Sender<Result<ReplyFrame, Lost>>,
}

/// Asks over a client's line, from anywhere.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
}

/// What to listen to.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    /// Empty means everything.
    pub topics: Vec<Topic>,
    pub only: Option<Only>,
}

/// A live socket that stays.
pub struct Client {
    dial: Dial,
    interest: Interest,
    log: Log,
    backoff: Backoff,
    socket: Option<Socket>,
    /// Before this moment it does not come back.
    wait_until: Option<Instant>,
    heard: Instant,
    greeted: bool,
    refs: u64,
    asks: mpsc::Receiver<Ask>,
    handle: Handle,
    /// By their `ref`.
    asked: BTreeMap<String, Ask>,
    /// The conversation on the screen: the server forgets it with the line.
    view: Option<ClientFrame>,
    told: VecDeque<Told>,
    signed_out: bool,
    /// Lines that were abandoned: the peer holds them for open.
    abandoned: Vec<Socket>,
    /// Events that came again; those that a snapshot brought before are none.
    pub repeated: u64,
    /// The place of the last snapshot.
    adopted: Option<Cursor>,
}

impl Client {
    /// A client that will connect on its first [`Client::next`]; `after` is what is known already.
    pub fn new(dial: Dial, interest: Interest, after: Option<Cursor>, random: StdRng) -> Self {
        let (sender, asks) = mpsc::channel(ASKED);
        Self {
            dial,
            interest,
            log: Log::new(after),
            backoff: Backoff::new(random),
            socket: None,
            wait_until: None,
            heard: Instant::now(),
            greeted: false,
            refs: 0,
            asks,
            handle: Handle { asks: sender },
            asked: BTreeMap::new(),
            view: None,
            told: VecDeque::new(),
            signed_out: false,
            abandoned: Vec::new(),
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

    /// A way to ask.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The last place that was told.
    pub fn after(&self) -> Option<Cursor> {
        self.log.after()
    }

    /// The snapshot of this place was loaded.
    pub fn adopt(&mut self, at: Cursor) {
        self.log.adopt(at);
        self.adopted = Some(at);
    }

    /// Resumes after another place than where it stands, such as one of another log.
    pub fn resume_after(&mut self, at: Cursor) {
        self.log = Log::new(Some(at));
    }

    /// A fresh ticket for the next time: each is good once.
    pub fn renew(&mut self, credentials: Credentials) {
        self.dial.credentials = credentials;
    }

    /// Whether the server has answered our hello on this line.
    pub fn is_up(&self) -> bool {
        self.socket.is_some() && self.greeted
    }

    /// Breaks the line; it comes back after `pause`.
    pub async fn break_off(&mut self, how: Break, pause: Duration) {
        if let Some(socket) = self.socket.take() {
            self.abandoned.extend(socket.break_off(how).await);
        }
        self.lose_line();
        self.wait_until = Some(Instant::now() + pause);
    }

    /// What happens next, over as many connections as it takes. May be cancelled and called again.
    pub async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
            }
            if self.signed_out {
                return Told::SignedOut;
            }
            let Some(socket) = &mut self.socket else {
                if let Some(until) = self.wait_until {
                    tokio::time::sleep_until(until).await;
                    self.wait_until = None;
                }
                self.connect().await;
                continue;
            };
            let room = self.greeted && self.asked.len() < ASKED;
            tokio::select! {
                ask = self.asks.recv(), if room => {
                    if let Some(ask) = ask {
                        self.put(ask).await;
                    }
                }
                frame = tokio::time::timeout_at(self.heard + SILENCE, socket.hear()) => match frame {
                    Ok(Ok(frame)) => self.take(frame).await,
                    Ok(Err(ended)) => self.down(ended),
                    Err(_) => self.down(Ended::default()),
                },
            }
        }
    }

    async fn connect(&mut self) {
        let hello = ClientFrame::Hello(HelloFrame {
            reference: self.reference(),
            after: self.log.after().map(|cursor| cursor.to_string()),
            topics: self.interest.topics.clone(),
            only: self.interest.only.clone(),
        });
        match Socket::open(&self.dial).await {
            Ok(mut socket) => match socket.say(&hello).await {
                Ok(()) => {
                    (self.socket, self.greeted, self.heard) = (Some(socket), false, Instant::now());
                }
                Err(_) => self.wait(),
            },
            Err(_) => self.wait(),
        }
    }

    fn wait(&mut self) {
        self.wait_until = Some(Instant::now() + self.backoff.next(Duration::ZERO));
    }

    fn down(&mut self, ended: Ended) {
        self.socket = None;
        self.lose_line();
        match ended.code {
            Some(close::SIGNED_OUT) => {
                self.signed_out = true;
                self.asked.clear();
                return;
            }
            Some(close::BAD_HELLO) => self.log.forget(),
            _ => {}
        }
        self.wait();
        self.told.push_back(Told::Down(ended));
    }

    /// What was asked and may not be asked again has no answer any more.
    fn lose_line(&mut self) {
        self.greeted = false;
        for (reference, ask) in std::mem::take(&mut self.asked) {
            if may_repeat(&ask.frame) {
                self.asked.insert(reference, ask);
            } else {
                ask.answer.send(Err(Lost::Unknown)).ok(); // who asked may be gone
            }
        }
    }

    async fn take(&mut self, frame: ServerFrame) {
        self.heard = Instant::now();
        match self.log.take(Mark::from(&frame)) {
            Step::Apply => {
                match frame {
                    ServerFrame::Event(event) => self.told.push_back(Told::Event(event)),
                    ServerFrame::Booking(booking) => self.told.push_back(Told::Booking(booking)),
                    _ => {}
                }
                return;
            }
            Step::Ready => self.told.push_back(Told::Ready),
            Step::Resync => self.told.extend(self.log.after().map(Told::Resync)),
            Step::Nothing => {
                if let Mark::Event(seq) = Mark::from(&frame) {
                    let shown = self.adopted.is_some_and(|at| seq <= at.seq);
                    self.repeated += u64::from(!shown);
                }
            }
        }
        match frame {
            ServerFrame::Welcome(_) => {
                self.greeted = true;
                self.backoff.reset();
                self.ask_again().await;
            }
            ServerFrame::Reply(reply) => {
                if let Some(ask) = self.asked.remove(&reply.reference) {
                    ask.answer.send(Ok(reply)).ok(); // who asked may be gone
                }
            }
            ServerFrame::Gap(_)
            | ServerFrame::Event(_)
            | ServerFrame::Booking(_)
            | ServerFrame::Beat(_) => {}
            ServerFrame::Presence(_)
            | ServerFrame::Rating(_)
            | ServerFrame::Member(_)
            | ServerFrame::Tokens(_)
            | ServerFrame::Progress(_)
            | ServerFrame::DraftDiscarded(_)
            | ServerFrame::Draft(_) => self.told.push_back(Told::Now(Box::new(frame))),
        }
    }

    /// After a new welcome: what is on the screen, then what has no answer yet, in the order of asking.
    async fn ask_again(&mut self) {
        let view = self.view.clone();
        let waiting: Vec<ClientFrame> =
            view.into_iter().chain(self.asked.values().map(|ask| ask.frame.clone())).collect();
        for frame in waiting {
            if let Some(socket) = &mut self.socket
                && socket.say(&frame).await.is_err()
            {
                return self.down(Ended::default());
            }
        }
    }

    async fn put(&mut self, mut ask: Ask) {
        let reference = self.reference();
        reference.clone_into(reference_of(&mut ask.frame));
        if let ClientFrame::View(view) = &ask.frame {
            self.view = view.session_id.is_some().then(|| ask.frame.clone());
        }
        let Some(socket) = &mut self.socket else { return };
        let sent = socket.say(&ask.frame).await;
        self.asked.insert(reference, ask);
        if let Err(ended) = sent {
            self.down(ended);
        }
    }

    /// Rises in the order of the map of what was asked.
    fn reference(&mut self) -> String {
        self.refs += 1;
        format!("{:08}", self.refs)
    }
}

/// Whether a frame may be sent twice: what it does is done once, or comes to the same. A draft is not: its first
/// save makes the second one a conflict with itself; typing is over by then.
pub fn may_repeat(frame: &ClientFrame) -> bool {
    match frame {
        ClientFrame::Send(_)
        | ClientFrame::Ping(_)
        | ClientFrame::View(_)
        | ClientFrame::Seen(_)
        | ClientFrame::TakeOver(_)
        | ClientFrame::GiveBack(_)
        | ClientFrame::Assign(_)
        | ClientFrame::Close(_)
        | ClientFrame::Availability(_) => true,
        ClientFrame::Hello(_) | ClientFrame::Typing(_) | ClientFrame::Draft(_) => false,
    }
}

fn reference_of(frame: &mut ClientFrame) -> &mut String {
    match frame {
        ClientFrame::Hello(frame) => &mut frame.reference,
        ClientFrame::Ping(frame) => &mut frame.reference,
        ClientFrame::View(frame) => &mut frame.reference,
        ClientFrame::Typing(frame) => &mut frame.reference,
        ClientFrame::Draft(frame) => &mut frame.reference,
        ClientFrame::Send(frame) => &mut frame.reference,
        ClientFrame::Seen(frame) => &mut frame.reference,
        ClientFrame::TakeOver(frame) | ClientFrame::GiveBack(frame) | ClientFrame::Close(frame) => {
            &mut frame.reference
        }
        ClientFrame::Assign(frame) => &mut frame.reference,
        ClientFrame::Availability(frame) => &mut frame.reference,
    }
}

impl Handle {
    /// Asks, and waits for the reply with the same `ref`; the frame's own is replaced. While the line is down
    /// the question waits; it is asked again on a new line where [`may_repeat`] says so.
    pub async fn ask(&self, frame: ClientFrame) -> Result<ReplyFrame, Lost> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { frame, answer }).await.map_err(|_| Lost::Gone)?;
        answered.await.map_err(|_| Lost::Gone)?
    }

    /// Sends a message: once, however often the line breaks. `seen` is the newest message on the screen.
    pub async fn send(
        &self,
        session: SessionId,
        text: &str,
        client_id: &str,
        seen: Option<i64>,
    ) -> Result<ReplyFrame, Lost> {
        let frame = SendFrame {
            reference: String::new(),
            session_id: session,
            text: text.to_owned(),
            client_id: client_id.to_owned(),
            seen_seq: seen,
        };
        self.ask(ClientFrame::Send(frame)).await
    }
}
