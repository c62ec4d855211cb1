use actix_http::ws::{OpCode, Parser};
use forecourt_core::id::SessionId;
use forecourt_wire::LeadEventName;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::filter::{About, Told, Whose},
    *,
};
use crate::problem::Problem;

const HELLO: &str = r#"{"type":"hello","ref":"1","after":null,"topics":["leads"]}"#;
const SESSION: &str = "ses_00000000000000000000000000000002";

fn batch_of(event: LeadEventName, seqs: &[i64]) -> Arc<Batch> {
    let session = SessionId::from_uuid(Uuid::from_u128(2));
    let told = |seq: &i64| Told {
        seq: Seq(*seq),
        frame: seq.to_string().into(),
        about: About::Lead(event),
        session,
        whose: Whose::Unknown,
    };
    Batch::new(seqs.iter().map(told).collect())
}

fn batch(seqs: &[i64]) -> Arc<Batch> {
    batch_of(LeadEventName::Changed, seqs)
}

fn new() -> Protocol {
    Protocol::new(Role::Seller, None)
}

fn live(seen: i64) -> Protocol {
    let mut protocol = new();
    assert!(matches!(protocol.message(HELLO), Some(Act::Greet(_))));
    protocol.greeted(Greeting { opening: vec![], replayed: batch(&[]), seen: Seq(seen) });
    assert!(protocol.resume().is_empty());
    protocol
}

fn told(protocol: &mut Protocol, batch: &Arc<Batch>) -> Vec<String> {
    let mut out = BytesMut::new();
    assert!(protocol.pushed(batch, |run| out.extend_from_slice(&run)).is_none());
    frames(&mut out)
}

/// What a browser reads.
fn frames(wire: &mut BytesMut) -> Vec<String> {
    let parsed = std::iter::from_fn(|| Parser::parse(wire, false, MAX_MESSAGE).unwrap());
    parsed
        .map(|(last, code, text)| {
            assert!(last && code == OpCode::Text);
            String::from_utf8(text.unwrap_or_default().to_vec()).unwrap()
        })
        .collect()
}

fn sent(act: Act) -> Value {
    match act {
        Act::Send(frame) => serde_json::from_str(&frame).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn ping(reference: u32) -> String {
    json!({ "type": "ping", "ref": reference.to_string() }).to_string()
}

fn view(reference: u32) -> String {
    json!({ "type": "view", "ref": reference.to_string(), "session_id": SESSION }).to_string()
}

/// The refs of replies, `?` for what is asked.
fn in_order(acts: Vec<Act>) -> Vec<String> {
    acts.into_iter()
        .map(|act| match act {
            Act::Ask(_) => "?".to_owned(),
            act => sent(act)["ref"].as_str().unwrap().to_owned(),
        })
        .collect()
}

#[test]
fn whatever_comes_before_hello_closes_the_socket() {
    for message in ["", "{}", "[]", "null", r#"{"type":"ping","ref":"1"}"#, r#"{"type":"hello"}"#] {
        let act = new().message(message);
        assert!(matches!(act, Some(Act::Close(close::BAD_HELLO, _))), "{message}: {act:?}");
    }
    let long = json!({ "type": "hello", "ref": "å".repeat(65) }).to_string();
    assert!(matches!(new().message(&long), Some(Act::Close(close::BAD_HELLO, _))));
    let most = json!({ "type": "hello", "ref": "å".repeat(64) }).to_string();
    assert!(matches!(new().message(&most), Some(Act::Greet(_))));
}

#[test]
fn live_frames_wait_for_the_welcome_and_replayed_ones_are_not_told_twice() {
    let mut protocol = new();
    protocol.message(HELLO);
    assert!(told(&mut protocol, &batch(&[4, 5])).is_empty());
    assert!(told(&mut protocol, &batch(&[6])).is_empty());
    let greeting = Greeting { opening: vec!["hi".into()], replayed: batch(&[3, 4]), seen: Seq(4) };
    assert_eq!(protocol.greeted(greeting), ["hi", "3", "4", "5", "6"]);
    assert_eq!(told(&mut protocol, &batch(&[5, 6, 7])), ["7"]);
    let beat: Value = serde_json::from_str(&protocol.beat().unwrap()).unwrap();
    assert_eq!(beat["seq"], 7);
}

#[test]
fn what_is_not_of_the_topics_is_left_out_and_moves_the_place_all_the_same() {
    let mut protocol = live(3);
    assert!(told(&mut protocol, &batch_of(LeadEventName::Seen, &[4, 5])).is_empty());
    let beat: Value = serde_json::from_str(&protocol.beat().unwrap()).unwrap();
    assert_eq!(beat["seq"], 5);
    assert_eq!(told(&mut protocol, &batch(&[5, 6])), ["6"]);
}

#[test]
fn what_was_asked_for_leaves_in_runs_and_what_lies_between_is_left_out() {
    let mut protocol = live(2);
    let session = SessionId::from_uuid(Uuid::from_u128(2));
    let events = "..cc.s.c.ccss".bytes().zip(0..).map(|(kind, seq)| Told {
        seq: Seq(seq),
        frame: seq.to_string().into(),
        about: About::Lead(if kind == b's' { LeadEventName::Seen } else { LeadEventName::Changed }),
        session,
        whose: Whose::Unknown,
    });
    let batch = Batch::new(events.collect());
    let mut runs = Vec::new();
    assert!(protocol.pushed(&batch, |run| runs.push(frames(&mut run.into()))).is_none());
    assert_eq!(runs, [vec!["3", "4"], vec!["6", "7", "8", "9", "10"]]);
    assert!(told(&mut protocol, &batch).is_empty(), "its place has moved on past all of them");
}

#[test]
fn what_waits_for_the_welcome_is_bounded() {
    let mut protocol = new();
    protocol.message(HELLO);
    for seq in 0..64 {
        assert!(protocol.pushed(&batch(&[seq]), |_| ()).is_none());
    }
    let act = protocol.pushed(&batch(&[65]), |_| ());
    assert!(matches!(act, Some(Act::Close(close::SLOW, _))));
}

#[test]
fn a_wrong_frame_is_answered_under_its_ref() {
    let mut protocol = live(0);
    assert_eq!(sent(protocol.message(&ping(7)).unwrap())["ok"], true);
    let session = r#""session_id":"ses_1""#;
    for (message, reference, code) in [
        (r#"{"type":"dance","ref":"8"}"#, "8", "invalid"),
        (HELLO, "1", "invalid"),
        ("{", "", "malformed-json"),
        (r#"{"ref":5}"#, "", "invalid"),
        (r#"{"type":"view","ref":"9","session_id":7}"#, "9", "invalid"),
        (&format!(r#"{{"type":"view","ref":"10",{session}}}"#), "10", "invalid"),
        (r#"{"type":"typing","ref":"11","session_id":"x","on":"yes"}"#, "11", "invalid"),
        (r#"{"type":"ping","ref":"12","more":1}"#, "12", "invalid"),
        (r#"{"type":"availability","ref":"13","availability":"gone"}"#, "13", "invalid"),
    ] {
        let reply = sent(protocol.message(message).unwrap());
        assert_eq!((&reply["ok"], &reply["ref"]), (&false.into(), &reference.into()), "{message}");
        assert_eq!(reply["problem"]["code"], code, "{message}");
    }
    let long = json!({ "type": "ping", "ref": "å".repeat(60_000) }).to_string();
    let reply = sent(protocol.message(&long).unwrap());
    assert_eq!(reply["ref"].as_str().unwrap().chars().count(), 64);
    assert_eq!(reply["problem"]["errors"][0]["pointer"], "/ref");
}

#[test]
fn replies_come_in_the_order_of_the_frames_one_is_asked_about_at_a_time() {
    let mut protocol = live(0);
    assert!(matches!(protocol.message(&view(1)), Some(Act::Ask(Ask::View(Some(_))))));
    assert!(protocol.message(&ping(2)).is_none());
    assert!(protocol.message("{").is_none());
    assert!(protocol.message(&view(3)).is_none());
    assert!(protocol.message(&ping(4)).is_none());
    assert_eq!(in_order(protocol.answered(Reply::done())), ["1", "2", "", "?"]);
    let refused = Reply::from(Problem::new(Code::NotFound));
    assert_eq!(in_order(protocol.answered(refused)), ["3", "4"]);
    assert!(matches!(protocol.message(&ping(5)), Some(Act::Send(_))));
}

#[test]
fn what_is_asked_before_the_welcome_is_answered_after_it() {
    let mut protocol = new();
    protocol.message(HELLO);
    assert!(protocol.message(&ping(2)).is_none());
    assert!(protocol.message(&view(3)).is_none());
    let greeting = Greeting { opening: vec!["hi".into()], replayed: batch(&[]), seen: Seq(4) };
    assert_eq!(protocol.greeted(greeting), ["hi"]);
    assert_eq!(in_order(protocol.resume()), ["2", "?"]);
    assert_eq!(in_order(protocol.answered(Reply::done())), ["3"]);
}

#[test]
fn who_has_too_many_frames_on_the_way_is_refused_at_once_and_loses_no_other() {
    let mut protocol = live(0);
    assert!(protocol.message(&view(0)).is_some());
    for nth in 1..=WAITING as u32 {
        assert!(protocol.message(&ping(nth)).is_none());
    }
    let refused = sent(protocol.message(&ping(99)).unwrap());
    assert_eq!((&refused["ref"], &refused["ok"]), (&"99".into(), &false.into()));
    let problem = &refused["problem"];
    assert_eq!(
        (&problem["code"], &problem["retry_after_s"]),
        (&"too-many-requests".into(), &1.into())
    );
    let answered = in_order(protocol.answered(Reply::done()));
    assert!(answered.into_iter().eq((0..=WAITING).map(|nth| nth.to_string())));
}

#[test]
fn pieces_are_joined_up_to_the_limit_and_must_be_utf_8_together() {
    let mut protocol = new();
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
