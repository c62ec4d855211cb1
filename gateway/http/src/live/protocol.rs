//! What a live socket says and does, without the socket: frames in, acts out.
//!
//! # Invariants
//! - the first frame is hello; until its answer is out, live frames wait, bounded (A9);
//! - a frame whose place is not after the last one told is not told again;
//! - whatever a client sends, the answer is a reply or a close with a code that says why;
//! - each frame has one reply, in the order of the frames: one is asked about at a time, and [`WAITING`] wait.
//!   Only who has more on the way is refused out of turn (A9).

use std::{collections::VecDeque, mem, ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use forecourt_core::event::Seq;
use forecourt_ports::store::Role;
use forecourt_wire::{BeatFrame, ClientFrame, HelloFrame, ServerFrame, Topic};
use governor::DefaultDirectRateLimiter;

use super::{
    ask::{self, Ask, Asked},
    batch::Batch,
    filter::Filter,
    reply::{MAX_REF, Reply},
    room::text,
};
use crate::{extract, problem::Code};

/// Why a socket is closed.
pub(crate) mod close {
    pub(crate) const AWAY: u16 = 1001;
    pub(crate) const PROTOCOL: u16 = 1002;
    pub(crate) const NOT_TEXT: u16 = 1003;
    pub(crate) const NOT_UTF8: u16 = 1007;
    pub(crate) const TOO_MUCH: u16 = 1008;
    pub(crate) const TOO_BIG: u16 = 1009;
    pub(crate) const LATER: u16 = 1013;
    pub(crate) const UNAUTHORISED: u16 = 4001;
    pub(crate) const BAD_HELLO: u16 = 4002;
    pub(crate) const SLOW: u16 = 4003;
}

/// The largest message, in one frame or joined from many.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;
/// Batches that wait while a listener catches up.
const HELD: usize = 64;
/// Frames that wait for the answer to the one before them.
const WAITING: usize = 32;

/// What the socket is to do.
#[derive(Debug)]
pub(crate) enum Act {
    Send(ByteString),
    Close(u16, &'static str),
    /// Catch up from the hello's cursor, and come back with [`Protocol::greeted`].
    Greet(HelloFrame),
    /// Ask, and come back with [`Protocol::answered`].
    Ask(Ask),
}

/// A frame that waits for its turn.
enum Waiting {
    Answered(ByteString),
    Asks { reference: String, ask: Ask },
}

/// What catching up gave.
pub(crate) struct Greeting {
    /// The welcome, and the gap if there is one.
    pub(crate) opening: Vec<ByteString>,
    pub(crate) replayed: Arc<Batch>,
    /// Live frames up to here are not told any more.
    pub(crate) seen: Seq,
}

enum Phase {
    Silent,
    CatchingUp(Vec<Arc<Batch>>),
    Live,
}

/// One socket's side of the conversation.
pub(crate) struct Protocol {
    phase: Phase,
    role: Role,
    filter: Filter,
    seen: Seq,
    /// The `ref` of the frame that is being asked about; the hello's has its own answer.
    asking: Option<String>,
    waiting: VecDeque<Waiting>,
    /// A text message that comes in pieces.
    pieces: Option<BytesMut>,
    rate: Option<DefaultDirectRateLimiter>,
}

/// A piece of a message.
pub(crate) enum Piece {
    First(Bytes),
    Next(Bytes),
    Last(Bytes),
}

impl Protocol {
    pub(crate) fn new(role: Role, rate: Option<DefaultDirectRateLimiter>) -> Self {
        Self {
            phase: Phase::Silent,
            role,
            filter: Filter::closed(role),
            seen: Seq(0),
            asking: None,
            waiting: VecDeque::new(),
            pieces: None,
            rate,
        }
    }

    /// Whether the hello asked for a topic.
    pub(crate) fn wants(&self, topic: Topic) -> bool {
        self.filter.wants(topic)
    }

    /// Whether events must say whose conversation they are about.
    pub(crate) const fn asks_whose(&self) -> bool {
        self.filter.asks_whose()
    }

    /// Whether nothing was said yet.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.phase, Phase::Silent)
    }

    /// Counts a frame of any kind; tells to close when there were too many.
    pub(crate) fn count(&self) -> Option<Act> {
        let within = self.rate.as_ref().is_none_or(|rate| rate.check().is_ok());
        (!within).then_some(Act::Close(close::TOO_MUCH, "too many frames"))
    }

    pub(crate) fn piece(&mut self, piece: Piece) -> Option<Act> {
        let (bytes, last) = match piece {
            Piece::First(bytes) => {
                self.pieces = Some(BytesMut::new());
                (bytes, false)
            }
            Piece::Next(bytes) => (bytes, false),
            Piece::Last(bytes) => (bytes, true),
        };
        let whole = self.pieces.as_mut()?;
        if whole.len() + bytes.len() > MAX_MESSAGE {
            return Some(Act::Close(close::TOO_BIG, "the message is too big"));
        }
        whole.extend_from_slice(&bytes);
        if !last {
            return None;
        }
        let whole = self.pieces.take().unwrap_or_default();
        match std::str::from_utf8(&whole) {
            Ok(text) => self.message(text),
            Err(_) => Some(Act::Close(close::NOT_UTF8, "text must be UTF-8")),
        }
    }

    /// A whole text message.
    pub(crate) fn message(&mut self, message: &str) -> Option<Act> {
        let frame = extract::parse::<ClientFrame>(message.as_bytes());
        if self.is_silent() {
            let Ok(ClientFrame::Hello(hello)) = frame else {
                return Some(Act::Close(close::BAD_HELLO, "the first frame must be a hello"));
            };
            return Some(self.hello(hello));
        }
        let asked = match frame {
            Ok(frame) => ask::check(frame),
            Err(problem) => Asked { reference: reference_of(message), ask: Err(problem) },
        };
        self.enqueue(asked)
    }

    fn hello(&mut self, hello: HelloFrame) -> Act {
        if hello.reference.chars().count() > MAX_REF {
            return Act::Close(close::BAD_HELLO, "ref is too long");
        }
        match Filter::new(self.role, &hello) {
            Ok(filter) => {
                self.filter = filter;
                self.phase = Phase::CatchingUp(Vec::new());
                Act::Greet(hello)
            }
            Err(words) => Act::Close(close::BAD_HELLO, words),
        }
    }

    /// Answers a frame, asks, or lets it wait for the one before it.
    fn enqueue(&mut self, asked: Asked) -> Option<Act> {
        let Asked { reference, ask } = asked;
        if self.waiting.len() >= WAITING {
            return Some(Act::Send(Reply::from(ask::too_many()).frame(reference)));
        }
        let waiting = match ask {
            Ok(None) => Waiting::Answered(Reply::done().frame(reference)),
            Ok(Some(ask)) => Waiting::Asks { reference, ask },
            Err(problem) => Waiting::Answered(Reply::from(problem).frame(reference)),
        };
        let live = matches!(self.phase, Phase::Live);
        if live && self.asking.is_none() && self.waiting.is_empty() {
            return Some(self.begin(waiting));
        }
        self.waiting.push_back(waiting);
        None
    }

    fn begin(&mut self, waiting: Waiting) -> Act {
        match waiting {
            Waiting::Answered(frame) => Act::Send(frame),
            Waiting::Asks { reference, ask } => {
                self.asking = Some(reference);
                Act::Ask(ask)
            }
        }
    }

    /// The answer to what was asked, and whatever waited for it.
    pub(crate) fn answered(&mut self, reply: Reply) -> Vec<Act> {
        let mut acts = Vec::new();
        if let Some(reference) = self.asking.take() {
            acts.push(Act::Send(reply.frame(reference)));
        }
        self.go_on(&mut acts);
        acts
    }

    /// What waited for the welcome.
    pub(crate) fn resume(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        self.go_on(&mut acts);
        acts
    }

    fn go_on(&mut self, acts: &mut Vec<Act>) {
        while self.asking.is_none()
            && let Some(next) = self.waiting.pop_front()
        {
            let act = self.begin(next);
            acts.push(act);
        }
    }

    /// The answer to hello, then what happened since.
    pub(crate) fn greeted(&mut self, greeting: Greeting) -> Vec<ByteString> {
        let mut out = greeting.opening;
        self.seen = greeting.seen;
        let replayed = greeting.replayed.told().iter().filter(|told| self.filter.admits(told));
        out.extend(replayed.map(|told| told.frame.clone()));
        if let Phase::CatchingUp(held) = mem::replace(&mut self.phase, Phase::Live) {
            for batch in held {
                self.tell(&batch, |run| {
                    out.extend(batch.told()[run].iter().map(|told| told.frame.clone()));
                });
            }
        }
        out
    }

    /// Live frames from the room; `send` is given what is to be sent, one run of frames after the other.
    pub(crate) fn pushed(
        &mut self,
        batch: &Arc<Batch>,
        mut send: impl FnMut(Bytes),
    ) -> Option<Act> {
        match &mut self.phase {
            Phase::Live => self.tell(batch, |run| send(batch.wire(run))),
            Phase::Silent => {}
            Phase::CatchingUp(held) if held.len() < HELD => held.push(Arc::clone(batch)),
            Phase::CatchingUp(_) => return Some(Act::Close(close::SLOW, "too slow, resume")),
        }
        None
    }

    /// The heartbeat, once there is something to beat for.
    pub(crate) fn beat(&self) -> Option<ByteString> {
        let Seq(seq) = self.seen;
        let live = matches!(self.phase, Phase::Live);
        live.then(|| text(&ServerFrame::Beat(BeatFrame { seq })))
    }

    /// Moves on past a batch; what the listener asked for is told, in runs of neighbours.
    fn tell(&mut self, batch: &Batch, mut tell: impl FnMut(Range<usize>)) {
        let mut run = 0..0;
        for (at, told) in batch.told().iter().enumerate() {
            if told.seq <= self.seen {
                continue;
            }
            self.seen = told.seq;
            if !self.filter.admits(told) {
                continue;
            }
            if run.end != at {
                if !run.is_empty() {
                    tell(run);
                }
                run = at..at;
            }
            run.end = at + 1;
        }
        if !run.is_empty() {
            tell(run);
        }
    }
}

/// The `ref` of a frame that is otherwise wrong, if one can be made out.
fn reference_of(message: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "ref")]
        reference: String,
    }
    extract::parse::<Named>(message.as_bytes()).map_or_else(|_| String::new(), |n| n.reference)
}

/// What a refused socket is told about coming back.
pub(crate) fn later(code: Code) -> Act {
    match code {
        Code::Unauthorised => Act::Close(close::UNAUTHORISED, "sign in first"),
        _ => Act::Close(close::LATER, "come back later"),
    }
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
