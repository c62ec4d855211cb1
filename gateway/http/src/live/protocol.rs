//! What a live socket says and does, without the socket: frames in, acts out.
//!
//! # Invariants
//! - the first frame is hello; until its answer is out, live frames wait, bounded (A9);
//! - a frame whose place is not after the last one told is not told again;
//! - whatever a client sends, the answer is a reply or a close with a code that says why.

use std::{mem, sync::Arc};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use forecourt_core::event::Seq;
use forecourt_wire::{BeatFrame, ClientFrame, HelloFrame, ReplyFrame, ServerFrame};
use governor::DefaultDirectRateLimiter;

use super::room::{Batch, text};
use crate::{
    extract,
    problem::{Code, Problem},
};

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
const MAX_REF: usize = 64;

/// What the socket is to do.
#[derive(Debug)]
pub(crate) enum Act {
    Send(ByteString),
    Close(u16, &'static str),
    /// Catch up from the hello's cursor, and come back with [`Protocol::greeted`].
    Greet(HelloFrame),
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
    seen: Seq,
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
    pub(crate) fn new(rate: Option<DefaultDirectRateLimiter>) -> Self {
        Self { phase: Phase::Silent, seen: Seq(0), pieces: None, rate }
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
            Ok(text) => Some(self.message(text)),
            Err(_) => Some(Act::Close(close::NOT_UTF8, "text must be UTF-8")),
        }
    }

    /// A whole text message.
    pub(crate) fn message(&mut self, message: &str) -> Act {
        match extract::parse::<ClientFrame>(message.as_bytes()) {
            Ok(ClientFrame::Hello(hello)) if self.is_silent() => {
                if hello.reference.len() > MAX_REF {
                    return Act::Close(close::BAD_HELLO, "ref is too long");
                }
                self.phase = Phase::CatchingUp(Vec::new());
                Act::Greet(hello)
            }
            _ if self.is_silent() => {
                Act::Close(close::BAD_HELLO, "the first frame must be a hello")
            }
            Ok(ClientFrame::Hello(hello)) => {
                let problem = Problem::field("/type", "type", "hello was said already");
                reply(hello.reference, Some(&problem))
            }
            Ok(ClientFrame::Ping(ping)) => reply(ping.reference, None),
            Ok(_) => {
                let problem = Problem::field("/type", "type", "this frame is not understood");
                reply(reference_of(message), Some(&problem))
            }
            Err(problem) => reply(reference_of(message), Some(&problem)),
        }
    }

    /// The answer to hello, then what happened since.
    pub(crate) fn greeted(&mut self, greeting: Greeting) -> Vec<ByteString> {
        let mut out = greeting.opening;
        self.seen = greeting.seen;
        out.extend(greeting.replayed.iter().map(|(_, frame)| frame.clone()));
        if let Phase::CatchingUp(held) = mem::replace(&mut self.phase, Phase::Live) {
            for batch in held {
                self.tell(&batch, |frame| out.push(frame));
            }
        }
        out
    }

    /// Live frames from the room.
    pub(crate) fn pushed(
        &mut self,
        batch: Arc<Batch>,
        send: impl FnMut(ByteString),
    ) -> Option<Act> {
        match &mut self.phase {
            Phase::Live => self.tell(&batch, send),
            Phase::Silent => {}
            Phase::CatchingUp(held) if held.len() < HELD => held.push(batch),
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

    fn tell(&mut self, batch: &Batch, mut send: impl FnMut(ByteString)) {
        for (seq, frame) in batch {
            if *seq > self.seen {
                self.seen = *seq;
                send(frame.clone());
            }
        }
    }
}

fn reply(reference: String, problem: Option<&Problem>) -> Act {
    let mut reference = reference;
    let cut = reference.char_indices().nth(MAX_REF).map_or(reference.len(), |(at, _)| at);
    reference.truncate(cut);
    let problem = problem.map(Problem::body);
    Act::Send(text(&ServerFrame::Reply(ReplyFrame {
        reference,
        ok: problem.is_none(),
        problem,
        accepted: None,
        newer: Vec::new(),
        draft: None,
    })))
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
mod tests {
    use super::*;

    const HELLO: &str = r#"{"type":"hello","ref":"1","after":null,"topics":["leads"]}"#;

    fn batch(seqs: &[i64]) -> Arc<Batch> {
        seqs.iter().map(|seq| (Seq(*seq), ByteString::from(seq.to_string()))).collect()
    }

    fn live(seen: i64) -> Protocol {
        let mut protocol = Protocol::new(None);
        assert!(matches!(protocol.message(HELLO), Act::Greet(_)));
        protocol.greeted(Greeting { opening: vec![], replayed: batch(&[]), seen: Seq(seen) });
        protocol
    }

    fn told(protocol: &mut Protocol, seqs: &[i64]) -> Vec<String> {
        let mut out = Vec::new();
        assert!(protocol.pushed(batch(seqs), |frame| out.push(frame.to_string())).is_none());
        out
    }

    fn sent(act: Act) -> serde_json::Value {
        match act {
            Act::Send(frame) => serde_json::from_str(&frame).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatever_comes_before_hello_closes_the_socket() {
        for message in
            ["", "{}", "[]", "null", r#"{"type":"ping","ref":"1"}"#, r#"{"type":"hello"}"#]
        {
            let act = Protocol::new(None).message(message);
            assert!(matches!(act, Act::Close(close::BAD_HELLO, _)), "{message}: {act:?}");
        }
    }

    #[test]
    fn live_frames_wait_for_the_welcome_and_replayed_ones_are_not_told_twice() {
        let mut protocol = Protocol::new(None);
        protocol.message(HELLO);
        assert!(told(&mut protocol, &[4, 5]).is_empty());
        assert!(told(&mut protocol, &[6]).is_empty());
        let greeting =
            Greeting { opening: vec!["hi".into()], replayed: batch(&[3, 4]), seen: Seq(4) };
        assert_eq!(protocol.greeted(greeting), ["hi", "3", "4", "5", "6"]);
        assert_eq!(told(&mut protocol, &[5, 6, 7]), ["7"]);
        let beat: serde_json::Value = serde_json::from_str(&protocol.beat().unwrap()).unwrap();
        assert_eq!(beat["seq"], 7);
    }

    #[test]
    fn what_waits_for_the_welcome_is_bounded() {
        let mut protocol = Protocol::new(None);
        protocol.message(HELLO);
        for seq in 0..64 {
            assert!(protocol.pushed(batch(&[seq]), |_| ()).is_none());
        }
        let act = protocol.pushed(batch(&[65]), |_| ());
        assert!(matches!(act, Some(Act::Close(close::SLOW, _))));
    }

    #[test]
    fn a_wrong_frame_is_answered_under_its_ref() {
        let mut protocol = live(0);
        assert_eq!(sent(protocol.message(r#"{"type":"ping","ref":"7"}"#))["ok"], true);
        for (message, reference, code) in [
            (r#"{"type":"dance","ref":"8"}"#, "8", "invalid"),
            (HELLO, "1", "invalid"),
            ("{", "", "malformed-json"),
            (r#"{"ref":5}"#, "", "invalid"),
        ] {
            let reply = sent(protocol.message(message));
            assert_eq!(
                (&reply["ok"], &reply["ref"]),
                (&false.into(), &reference.into()),
                "{message}"
            );
            assert_eq!(reply["problem"]["code"], code, "{message}");
        }
    }

    #[test]
    fn pieces_are_joined_up_to_the_limit_and_must_be_utf_8_together() {
        let mut protocol = Protocol::new(None);
        let (first, rest) = HELLO.as_bytes().split_at(10);
        assert!(protocol.piece(Piece::First(Bytes::copy_from_slice(first))).is_none());
        assert!(protocol.piece(Piece::Next(Bytes::new())).is_none());
        let act = protocol.piece(Piece::Last(Bytes::copy_from_slice(rest)));
        assert!(matches!(act, Some(Act::Greet(_))));

        let mut protocol = live(0);
        protocol.piece(Piece::First(Bytes::from_static(b"\"\xc3")));
        let act = protocol.piece(Piece::Last(Bytes::from_static(b"\xa5\"")));
        assert!(matches!(act, Some(Act::Send(_))), "a character may be cut");
        protocol.piece(Piece::First(Bytes::from_static(b"\xc3")));
        let act = protocol.piece(Piece::Last(Bytes::from_static(b"\x28")));
        assert!(matches!(act, Some(Act::Close(close::NOT_UTF8, _))));
        protocol.piece(Piece::First(Bytes::from(vec![b'a'; MAX_MESSAGE])));
        let act = protocol.piece(Piece::Next(Bytes::from_static(b"a")));
        assert!(matches!(act, Some(Act::Close(close::TOO_BIG, _))));
    }
}
