//! The corpus of the live socket: what is said on an open line, and what must come of it.

use std::time::Duration;

use super::Target;
use super::frame::{self, BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, text};

/// What a hostile client does.
#[derive(Debug, Clone)]
pub enum Act {
    /// These bytes, at once.
    Bytes(Vec<u8>),
    /// These bytes, one by one.
    Dribble(Vec<u8>),
    Wait(Duration),
}

/// What must come of it, on this one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// A close frame with one of these codes, then the end.
    Close(&'static [u16]),
    /// Exactly one reply under this `ref`, refused; the line stays.
    Refused(String),
    /// Exactly one reply under this `ref`, whatever it says; the line stays.
    Reply(String),
    /// A welcome that does not resume, and a gap; the line stays.
    Gap,
    /// Nothing but what is unasked; the line stays.
    Nothing,
    /// A close frame of a peer that agrees, with this code.
    Goodbye(u16),
    /// An end, with whatever code or none.
    End,
}

/// Where the line stands when the acts begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Upgraded, with these credentials; nothing said.
    Silent(Who),
    /// Greeted.
    Live,
}

/// Who upgrades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Member,
    /// Whatever these headers say, each ended by CR LF.
    Headers(String),
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub begin: Begin,
    pub acts: Vec<Act>,
    pub expect: Expect,
}

const BROKEN: &[u16] = &[1002];
const NOT_UTF8: &[u16] = &[1007];
const FLOOD: usize = 1_000;
/// The largest message.
const MAX: usize = 64 * 1024;

fn live(name: &str, bytes: Vec<u8>, expect: Expect) -> Case {
    Case { name: name.to_owned(), begin: Begin::Live, acts: vec![Act::Bytes(bytes)], expect }
}

fn silent(name: &str, bytes: Vec<u8>, expect: Expect) -> Case {
    Case { begin: Begin::Silent(Who::Member), ..live(name, bytes, expect) }
}

/// All cases.
pub fn all(target: &Target) -> Vec<Case> {
    let mut all = Vec::new();
    framing(&mut all);
    messages(&mut all);
    floods(&mut all);
    hellos(&mut all);
    sign_ins(&mut all);
    ids(target, &mut all);
    all
}

/// What is no WebSocket.
fn framing(all: &mut Vec<Case>) {
    let ping = r#"{"type":"ping","ref":"p"}"#;
    let whole = || Frame::new(TEXT, ping);
    for bit in [4, 2, 1, 7] {
        let frame = Frame { reserved: bit, ..whole() };
        all.push(live(&format!("reserved bits {bit:03b}"), frame.bytes(), Expect::Close(BROKEN)));
    }
    for opcode in (3..=7).chain(11..=15) {
        let bytes = Frame::new(opcode, "x").bytes();
        all.push(live(&format!("reserved opcode {opcode}"), bytes, Expect::Close(BROKEN)));
    }
    let unmasked = |opcode| Frame { mask: None, ..Frame::new(opcode, ping) }.bytes();
    let short =
        |fin, opcode, length| Frame { fin, ..Frame::new(opcode, vec![b'x'; length]) }.bytes();
    for (name, bytes) in [
        ("an unmasked text", unmasked(TEXT)),
        ("an unmasked ping", unmasked(PING)),
        ("a ping of 126 bytes", short(true, PING, 126)),
        ("a pong of 126 bytes", short(true, PONG, 126)),
        ("a close of 126 bytes", frame::close(1000, &[b'x'; 124])),
        ("a ping in pieces", short(false, PING, 5)),
        ("a close in pieces", short(false, CLOSE, 2)),
        ("a continuation of nothing", Frame::new(CONTINUATION, ping).bytes()),
        ("a last piece of nothing", Frame::piece(CONTINUATION, ping).bytes()),
        ("a text within a text", [Frame::piece(TEXT, "a").bytes(), whole().bytes()].concat()),
        ("a close of one byte", Frame::new(CLOSE, [3]).bytes()),
    ] {
        all.push(live(name, bytes, Expect::Close(BROKEN)));
    }
    for (name, declares) in [("2^40", 1 << 40), ("2^63 - 1", u64::MAX >> 1), ("2^64 - 1", u64::MAX)]
    {
        let bytes = Frame { declares: Some(declares), ..whole() }.bytes();
        let name = format!("a frame that declares {name} bytes");
        all.push(live(&name, bytes, Expect::Close(&[1002, 1009])));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535] {
        // What a peer says on leaving is its own; it must only end.
        let name = format!("goodbye with code {code}");
        all.push(live(&name, frame::close(code, b""), Expect::End));
    }
    let bad = frame::close(1000, b"\xff\xfe");
    all.push(live("goodbye with a reason that is no UTF-8", bad, Expect::End));
    all.push(live("goodbye", frame::close(1000, b"bye"), Expect::Goodbye(1000)));
    all.push(live("goodbye without a code", Frame::new(CLOSE, []).bytes(), Expect::End));
    let quiet = [short(true, PING, 125), short(true, PONG, 0), short(true, PONG, 125)].concat();
    all.push(live("pings and pongs that nobody asked for", quiet, Expect::Nothing));
    let mut cut = whole().bytes();
    cut.truncate(9);
    all.push(live("half a frame", cut, Expect::Nothing));
}

/// What is no message of ours.
fn messages(all: &mut Vec<Case>) {
    let big = |length: usize| format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(length));
    for (name, bytes, codes) in [
        ("a binary message", Frame::new(BINARY, "{}").bytes(), &[1003][..]),
        ("a binary message in pieces", Frame::piece(BINARY, "{}").bytes(), &[1003]),
        ("text that is no UTF-8", Frame::new(TEXT, b"\"\xff\"").bytes(), NOT_UTF8),
        ("a surrogate in text", Frame::new(TEXT, b"\"\xed\xa0\x80\"").bytes(), NOT_UTF8),
        ("an overlong slash", Frame::new(TEXT, b"\"\xc0\xaf\"").bytes(), NOT_UTF8),
        ("a character that never ends", Frame::new(TEXT, b"\"\xf0\x9f").bytes(), NOT_UTF8),
        ("no UTF-8, split over pieces", frame::pieces(b"\"\xf0\x9f\"\xff", 2, true), NOT_UTF8),
        ("one byte too many", text(&"x".repeat(MAX + 1)), &[1009]),
        ("too big, joined", frame::pieces(&vec![b' '; MAX + 1], 2_000, true), &[1009]),
        ("too big, and never ended", frame::pieces(&vec![b' '; MAX + 1], 2_000, false), &[1009]),
    ] {
        all.push(live(name, bytes, Expect::Close(codes)));
    }
    let refused = |reference: &str| Expect::Refused(reference.to_owned());
    for (name, message, reference) in [
        ("nothing", "", ""),
        ("blanks", "   ", ""),
        ("half an object", r#"{"type":"ping","#, ""),
        ("a list", "[]", ""),
        ("null", "null", ""),
        ("a number of 400 digits", &"9".repeat(400), ""),
        ("1e999", "1e999", ""),
        ("a lone surrogate", r#"{"type":"ping","ref":"\ud800"}"#, ""),
        ("10,000 lists", &"[".repeat(10_000), ""),
        ("10,000 objects", &r#"{"a":"#.repeat(10_000), ""),
        ("two objects", r#"{"type":"ping","ref":"a"}{"type":"ping","ref":"b"}"#, ""),
        ("an unknown type", r#"{"type":"dance","ref":"a"}"#, "a"),
        ("an unknown field", r#"{"type":"ping","ref":"a","x":1}"#, "a"),
        ("the same field twice", r#"{"type":"ping","ref":"a","ref":"b"}"#, ""),
        ("a ref that is a number", r#"{"type":"ping","ref":1}"#, ""),
        (
            "a frame of the server's",
            r#"{"type":"welcome","ref":"a","epoch":1,"seq":1,"resumed":true}"#,
            "a",
        ),
        ("hello again", r#"{"type":"hello","ref":"a","after":null,"topics":[]}"#, "a"),
        ("a prototype", r#"{"type":"ping","ref":"a","__proto__":{"ok":true}}"#, "a"),
        (
            "NUL in an id",
            "{\"type\":\"take_over\",\"ref\":\"a\",\"session_id\":\"ses_\\u0000\"}",
            "a",
        ),
    ] {
        all.push(live(&format!("a message of {name}"), text(message), refused(reference)));
    }
    // Good ones, said badly.
    let good = r#"{"type":"ping","ref":"ø🚗"}"#;
    let reply = || Expect::Reply("ø🚗".to_owned());
    all.push(live(
        "a message byte by byte in pieces",
        frame::pieces(good.as_bytes(), 1, true),
        reply(),
    ));
    let (first, rest) = good.as_bytes().split_at(24);
    let interleaved = [
        Frame::piece(TEXT, first).bytes(),
        Frame::new(PING, "a").bytes(),
        Frame::piece(CONTINUATION, "").bytes(),
        Frame::new(PONG, "b").bytes(),
        Frame::new(CONTINUATION, rest).bytes(),
    ];
    all.push(live("control frames between the pieces", interleaved.concat(), reply()));
    let mut dribbled = live("a message byte by byte", Vec::new(), reply());
    dribbled.acts = vec![Act::Dribble(text(good))];
    all.push(dribbled);
    all.push(live("a ref of 1,000 characters", text(&big(1_000)), Expect::Reply("x".repeat(64))));
    let full = big(MAX - 25);
    all.push(live("the largest message", text(&full), Expect::Reply("x".repeat(64))));
    let mut unended = live("pieces without end", Vec::new(), Expect::Nothing);
    unended.acts =
        vec![Act::Bytes(Frame::piece(TEXT, "{").bytes()), Act::Wait(Duration::from_secs(1))];
    all.push(unended);
}

/// Too much of it.
fn floods(all: &mut Vec<Case>) {
    for (name, frame) in [
        ("messages", text(r#"{"type":"ping","ref":"a"}"#)),
        ("pings", Frame::new(PING, "x").bytes()),
        ("pongs", Frame::new(PONG, "x").bytes()),
        ("nonsense", text("x")),
        ("bytes of pieces", frame::pieces(&[b' '; FLOOD], 1, false)),
    ] {
        let times = if frame.len() > FLOOD { 1 } else { FLOOD };
        let name = format!("a flood of {name}");
        all.push(live(&name, frame.repeat(times), Expect::Close(&[1008])));
    }
    let mut empty = Frame::piece(TEXT, "").bytes();
    empty.extend(Frame::piece(CONTINUATION, "").bytes().repeat(FLOOD));
    all.push(live("a flood of empty pieces", empty, Expect::Close(&[1008])));
    let before = Frame::new(PING, "x").bytes().repeat(FLOOD);
    all.push(silent("a flood before the hello", before, Expect::Close(&[1008])));
}

/// What is no hello, and cursors of other worlds.
fn hellos(all: &mut Vec<Case>) {
    const REFUSED: Expect = Expect::Close(&[4002]);
    let hello =
        |after: &str| text(&format!(r#"{{"type":"hello","ref":"1","after":{after},"topics":[]}}"#));
    for (name, message) in [
        ("a ping first", r#"{"type":"ping","ref":"1"}"#),
        ("nonsense first", "x"),
        ("nothing first", ""),
        ("a hello without a ref", r#"{"type":"hello","after":null,"topics":[]}"#),
        ("a hello with an unknown topic", r#"{"type":"hello","ref":"1","topics":["gossip"]}"#),
        ("a hello with a cursor that is a number", r#"{"type":"hello","ref":"1","after":5}"#),
        ("a hello with a foreign filter", r#"{"type":"hello","ref":"1","only":{"tenant_id":"x"}}"#),
    ] {
        all.push(silent(name, text(message), REFUSED));
    }
    let long = format!(r#"{{"type":"hello","ref":"{}","after":null}}"#, "x".repeat(65));
    all.push(silent("a hello with a long ref", text(&long), REFUSED));
    all.push(silent("silence", Vec::new(), REFUSED));
    let mut slow = silent("a hello that never ends", Vec::new(), REFUSED);
    slow.acts = vec![Act::Bytes(Frame::piece(TEXT, "{").bytes())];
    all.push(slow);
    all.push(silent("binary first", Frame::new(BINARY, "x").bytes(), Expect::Close(&[1003])));
    all.push(silent("no UTF-8 first", Frame::new(TEXT, b"\xff").bytes(), Expect::Close(NOT_UTF8)));
    for cursor in [
        r#""""#,
        r#""x""#,
        r#""1-""#,
        r#""-1-1""#,
        r#""999-1""#,
        r#""0-0""#,
        r#""1-99999999999""#,
        r#""9223372036854775807-9223372036854775807""#,
        r#""1-99999999999999999999""#,
        r#""1-1-1""#,
        r#""١-١""#,
        r#""1-1\u0000""#,
        r#"" 1-1""#,
    ] {
        all.push(silent(&format!("the cursor {cursor}"), hello(cursor), Expect::Gap));
    }
    let long = format!("\"{}\"", "1".repeat(60_000));
    all.push(silent("a cursor of 60,000 digits", hello(&long), Expect::Gap));
}

/// Who is nobody.
fn sign_ins(all: &mut Vec<Case>) {
    let hello = || text(r#"{"type":"hello","ref":"1","after":null,"topics":[]}"#);
    let protocols = |more: &str| format!("Sec-WebSocket-Protocol: forecourt.v1{more}\r\n");
    let many = format!("Cookie: {}\r\n{}", "a=b; ".repeat(200), protocols(""));
    for (name, headers) in [
        ("nobody", protocols("")),
        ("an empty cookie", format!("Cookie: forecourt_staff=\r\n{}", protocols(""))),
        (
            "a forged cookie",
            format!("Cookie: forecourt_staff={}\r\n{}", "A".repeat(43), protocols("")),
        ),
        ("200 cookies", many),
        (
            "a cookie that is no text",
            format!("Cookie: forecourt_staff=\u{fffd}\r\n{}", protocols("")),
        ),
        ("a forged ticket", protocols(", ticket.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("an empty ticket", protocols(", ticket.")),
        ("a ticket of 4,000 characters", protocols(&format!(", ticket.{}", "A".repeat(4_000)))),
        ("ten forged tickets", protocols(&", ticket.AAAA".repeat(10))),
        ("a bearer", format!("Authorization: Bearer AAAA\r\n{}", protocols(""))),
    ] {
        all.push(Case {
            name: format!("signed in as {name}"),
            begin: Begin::Silent(Who::Headers(headers)),
            acts: vec![Act::Bytes(hello())],
            expect: Expect::Close(&[4001]),
        });
    }
}

/// Every frame that names something, with names that are wrong or somebody else's.
fn ids(target: &Target, all: &mut Vec<Case>) {
    let nobody = "ses_0192f8e0c0de7000800000000000dead";
    let sessions = [
        ("another tenant's", target.foreign.as_str()),
        ("nobody's", nobody),
        ("a nil", "ses_00000000000000000000000000000000"),
        ("a lead's", "lead_0192f8e0c0de7000800000000000000a"),
        ("an empty", ""),
        ("a long", &"s".repeat(2_000)),
        ("a wildcard", "ses_*"),
        ("a path", "../../v1/leads"),
    ];
    let frames = [
        ("view", ""),
        ("typing", r#","on":true"#),
        ("draft", r#","text":"x","revision":0"#),
        ("send", r#","text":"x","client_id":"hostile""#),
        ("seen", r#","seq":1"#),
        ("take_over", ""),
        ("give_back", ""),
        ("assign", r#","member_id":null"#),
        ("close", ""),
    ];
    for (whose, id) in sessions {
        for (kind, rest) in frames {
            let message = format!(r#"{{"type":"{kind}","ref":"i","session_id":"{id}"{rest}}}"#);
            let name = format!("{kind} of {whose} session");
            all.push(live(&name, text(&message), Expect::Refused("i".to_owned())));
        }
    }
    let own = target.sessions.first().map_or("", |(session, _)| session.as_str());
    let send = |rest: &str| format!(r#"{{"type":"send","ref":"i","session_id":"{own}",{rest}}}"#);
    for (name, message) in [
        ("an empty text", send(r#""text":"","client_id":"h1""#)),
        ("a blank text", send(r#""text":" \n ","client_id":"h2""#)),
        ("5,001 characters", send(&format!(r#""text":"{}","client_id":"h3""#, "ø".repeat(5_001)))),
        ("NUL in the text", send(r#""text":"a\u0000b","client_id":"h4""#)),
        ("an empty client_id", send(r#""text":"x","client_id":"""#)),
        ("a client_id with blanks", send(r#""text":"x","client_id":"a b""#)),
        ("a client_id of 101", send(&format!(r#""text":"x","client_id":"{}""#, "c".repeat(101)))),
        ("a place of text", send(r#""text":"x","client_id":"h5","seen_seq":"1""#)),
        (
            "a place beyond i64",
            send(r#""text":"x","client_id":"h6","seen_seq":9223372036854775808"#),
        ),
        (
            "a member of another kind",
            format!(r#"{{"type":"assign","ref":"i","session_id":"{own}","member_id":"{own}"}}"#),
        ),
        (
            "a member that is nobody",
            format!(
                r#"{{"type":"assign","ref":"i","session_id":"{own}","member_id":"mem_0192f8e0c0de7000800000000000dead"}}"#
            ),
        ),
        (
            "a draft of 5,001 characters",
            format!(
                r#"{{"type":"draft","ref":"i","session_id":"{own}","text":"{}","revision":0}}"#,
                "ø".repeat(5_001)
            ),
        ),
        (
            "a draft of a negative revision",
            format!(
                r#"{{"type":"draft","ref":"i","session_id":"{own}","text":"x","revision":-1}}"#
            ),
        ),
        (
            "seen before the beginning",
            format!(r#"{{"type":"seen","ref":"i","session_id":"{own}","seq":-1}}"#),
        ),
        (
            "an availability that is none",
            r#"{"type":"availability","ref":"i","availability":"asleep"}"#.to_owned(),
        ),
    ] {
        all.push(live(&format!("with {name}"), text(&message), Expect::Refused("i".to_owned())));
    }
    // What says nothing new may be answered with yes, and must be answered.
    let message = format!(r#"{{"type":"seen","ref":"i","session_id":"{own}","seq":{}}}"#, i64::MAX);
    all.push(live("with seen from the future", text(&message), Expect::Reply("i".to_owned())));
}
