//! What nodes tell each other: JSON on one channel per tenant, and one channel for signs of life.
//!
//! A packet of a version that a node does not know, or of another tenant than its channel's (A8), is let
//! go: events that were in it are read from the journal.

use forecourt_core::{
    event::{EventRecord, Seq},
    id::{NodeId, SessionId, TenantId, TurnId},
    tools::ToolName,
};
use forecourt_ports::{
    bus::{Draft, Published, Step},
    store::LeadNews,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::presence::Part;

const VERSION: u8 = 2;
/// Bytes of a packet that is taken; senders stay far below.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What was written by one node at one time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packet<F> {
    #[serde(rename = "v")]
    version: u8,
    #[serde(rename = "n")]
    pub(super) node: NodeId,
    #[serde(rename = "f")]
    pub(super) frames: Vec<F>,
}

/// One thing of a tenant. Written from references, read into values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Frame<E, T> {
    /// A stored event.
    #[serde(rename = "e")]
    Event(E),
    /// A piece of a running answer; `after` is the last event its writer had published.
    #[serde(rename = "d")]
    Delta {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "t")]
        turn: TurnId,
        #[serde(rename = "o")]
        offset: usize,
        #[serde(rename = "x")]
        text: T,
        #[serde(rename = "a")]
        after: Seq,
    },
    /// A running answer was withdrawn.
    #[serde(rename = "w")]
    Withdrawn {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "t")]
        turn: TurnId,
        #[serde(rename = "a")]
        after: Seq,
    },
    /// What a running answer does before its first words.
    #[serde(rename = "p")]
    Progress {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "t")]
        turn: TurnId,
        #[serde(rename = "k")]
        step: u8,
        #[serde(rename = "a")]
        after: Seq,
    },
    /// What somebody is and does at this node: see [`super::presence`].
    #[serde(rename = "i")]
    Presence(Part),
    /// Who answers in this session: send the whole.
    #[serde(rename = "q")]
    Ask(SessionId),
    /// The log reaches this far: events up to here could not be sent.
    #[serde(rename = "h")]
    Head(Seq),
}

/// A stored event, with what it changed of its lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told<E, N> {
    #[serde(rename = "r")]
    pub(super) record: E,
    #[serde(rename = "l")]
    pub(super) news: N,
}

pub(super) type Read = Frame<Told<EventRecord, LeadNews>, String>;
pub(super) type Write<'a> = Frame<Told<&'a EventRecord, &'a LeadNews>, &'a str>;

impl<'a> Write<'a> {
    pub(super) fn of_event(event: &'a Published) -> Self {
        Frame::Event(Told { record: &event.record, news: &event.news })
    }

    pub(super) fn of_draft(session: SessionId, draft: &'a Draft, after: Seq) -> Self {
        match draft {
            Draft::Delta { turn, offset, text } => {
                Frame::Delta { session, turn: *turn, offset: *offset, text, after }
            }
            Draft::Discarded { turn } => Frame::Withdrawn { session, turn: *turn, after },
            Draft::Progress { turn, step } => {
                let step = match step {
                    Step::Looking => 0,
                    Step::Thinking => 1,
                    Step::Mending => 2,
                    Step::Tool(tool) => TOOLS + tool_number(*tool),
                };
                Frame::Progress { session, turn: *turn, step, after }
            }
        }
    }
}

/// The step of a number; `None` when it is none that we know.
pub(super) const fn step(number: u8) -> Option<Step> {
    match number {
        0 => Some(Step::Looking),
        1 => Some(Step::Thinking),
        2 => Some(Step::Mending),
        TOOLS.. => {
            let at = (number - TOOLS) as usize;
            if at < ToolName::ALL.len() { Some(Step::Tool(ToolName::ALL[at])) } else { None }
        }
        _ => None,
    }
}

/// Tools are told by their place among all, counted from here.
const TOOLS: u8 = 16;

fn tool_number(tool: ToolName) -> u8 {
    let at = ToolName::ALL.iter().position(|other| *other == tool);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX - TOOLS)
}

/// A sign of life; its writer hears it too and knows that the way there and back is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beat {
    #[serde(rename = "b")]
    pub(super) count: u64,
}

/// The bytes of a packet.
pub(super) fn write<F: Serialize>(node: NodeId, frames: Vec<F>) -> Vec<u8> {
    // Our own types: they cannot fail to serialise.
    serde_json::to_vec(&Packet { version: VERSION, node, frames }).unwrap_or_default()
}

/// Reads a packet; `None` when it is not one of ours.
pub(super) fn read<F: DeserializeOwned>(bytes: &[u8]) -> Option<Packet<F>> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    serde_json::from_slice(bytes).ok().filter(|packet: &Packet<F>| packet.version == VERSION)
}

/// The channel of a tenant.
pub(super) fn channel(prefix: &str, tenant: TenantId) -> String {
    format!("{prefix}:{tenant}")
}

/// The channel of signs of life.
pub(super) fn beats(prefix: &str) -> String {
    format!("{prefix}:nodes")
}

/// The tenant of a channel.
pub(super) fn tenant_of(prefix: &str, channel: &str) -> Option<TenantId> {
    channel.strip_prefix(prefix)?.strip_prefix(':')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use forecourt_core::event::{Event, Version};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let id = Uuid::from_u128(7);
        let (node, session) = (NodeId::from_uuid(id), SessionId::from_uuid(id));
        let record = EventRecord {
            tenant: TenantId::from_uuid(id),
            session,
            seq: Seq(4),
            version: Version(2),
            at: jiff::Timestamp::UNIX_EPOCH,
            event: Event::TurnCancelled { turn: TurnId::from_uuid(id) },
        };
        let draft =
            Draft::Delta { turn: TurnId::from_uuid(id), offset: 3, text: "\"å\u{1F697}".into() };
        let frames: Vec<Write<'_>> = vec![
            Frame::Event(Told { record: &record, news: &LeadNews::NoLead }),
            Write::of_draft(session, &draft, Seq(4)),
            Frame::Ask(session),
            Frame::Head(Seq(9)),
        ];
        let packet: Packet<Read> = read(&write(node, frames)).expect("a packet");
        assert_eq!(packet.node, node);
        assert!(
            matches!(&packet.frames[0], Frame::Event(read) if read.record == record && read.news == LeadNews::NoLead)
        );
        assert!(
            matches!(&packet.frames[1], Frame::Delta { text, offset: 3, .. } if text == "\"å\u{1F697}")
        );
        assert!(matches!(packet.frames[2..], [Frame::Ask(s), Frame::Head(Seq(9))] if s == session));
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        for bytes in ["", "{}", "[1]", r#"{"v":1,"n":"node_0","f":[]}"#, "\u{0}\u{feff}"] {
            assert!(read::<Read>(bytes.as_bytes()).is_none(), "{bytes}");
        }
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        assert_eq!(tenant_of("p", &channel("p", tenant)), Some(tenant));
        assert_eq!(tenant_of("p", &beats("p")), None);
        assert_eq!(tenant_of("q", &channel("p", tenant)), None);
    }
}
