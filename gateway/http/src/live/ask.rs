//! What a client's frame asks for, checked: everything that can be refused without asking anybody is refused here.

use forecourt_core::{
    capture::MAX_MESSAGE,
    event::MessageSeq,
    id::{MemberId, SessionId},
};
use forecourt_ports::presence;
use forecourt_wire::{ClientFrame, SaveDraftFrame, SendFrame};

use super::reply::MAX_REF;
use crate::{
    messages::{self, ByMember},
    problem::{Code, Problem},
};

/// Something that must be asked of the engine, the store or the bus.
#[derive(Debug)]
pub(crate) enum Ask {
    Send(SessionId, ByMember),
    View(Option<SessionId>),
    Typing { session: SessionId, on: bool },
    SaveDraft { session: SessionId, text: String, base: i64 },
    Seen { session: SessionId, upto: MessageSeq },
    TakeOver(SessionId),
    GiveBack(SessionId),
    Assign { session: SessionId, to: Option<MemberId> },
    Close(SessionId),
    Availability(presence::Availability),
}

/// A frame that was read: its ref, and what is to be done about it.
pub(crate) struct Asked {
    pub(crate) reference: String,
    /// `None`: nothing more than to answer.
    pub(crate) ask: Result<Option<Ask>, Problem>,
}

/// Checks a frame. A hello is one too many here.
pub(crate) fn check(frame: ClientFrame) -> Asked {
    let (reference, ask) = read(frame);
    if reference.chars().count() > MAX_REF {
        let detail = format!("must have at most {MAX_REF} characters");
        return Asked { reference, ask: Err(Problem::field("/ref", "too_long", detail)) };
    }
    Asked { reference, ask }
}

fn read(frame: ClientFrame) -> (String, Result<Option<Ask>, Problem>) {
    let ask = |ask| Ok(Some(ask));
    match frame {
        ClientFrame::Hello(hello) => {
            let problem = Problem::field("/type", "type", "hello was said already");
            (hello.reference, Err(problem))
        }
        ClientFrame::Ping(ping) => (ping.reference, Ok(None)),
        ClientFrame::View(view) => (view.reference, ask(Ask::View(view.session_id))),
        ClientFrame::Typing(typing) => {
            (typing.reference, ask(Ask::Typing { session: typing.session_id, on: typing.on }))
        }
        ClientFrame::Draft(mut draft) => {
            (std::mem::take(&mut draft.reference), save_draft(&draft).map(Some))
        }
        ClientFrame::Send(mut send) => (std::mem::take(&mut send.reference), post(send).map(Some)),
        ClientFrame::Seen(seen) => {
            let upto = place("/seq", seen.seq, 1);
            let session = seen.session_id;
            (seen.reference, upto.map(|upto| Some(Ask::Seen { session, upto })))
        }
        ClientFrame::TakeOver(frame) => (frame.reference, ask(Ask::TakeOver(frame.session_id))),
        ClientFrame::GiveBack(frame) => (frame.reference, ask(Ask::GiveBack(frame.session_id))),
        ClientFrame::Assign(frame) => {
            let (session, to) = (frame.session_id, frame.member_id);
            (frame.reference, ask(Ask::Assign { session, to }))
        }
        ClientFrame::Close(frame) => (frame.reference, ask(Ask::Close(frame.session_id))),
        ClientFrame::Availability(frame) => {
            (frame.reference, ask(Ask::Availability(frame.availability.into())))
        }
    }
}

fn post(send: SendFrame) -> Result<Ask, Problem> {
    let text = messages::parse_text(&send.text)?;
    messages::check_client_id(&send.client_id)?;
    let seen = send.seen_seq.map(|seq| place("/seen_seq", seq, 0)).transpose()?;
    Ok(Ask::Send(send.session_id, ByMember { text, client_id: send.client_id, seen }))
}

/// A draft is kept as it is being written: nothing is trimmed, and nothing that a message could not hold is let in.
fn save_draft(draft: &SaveDraftFrame) -> Result<Ask, Problem> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let text = draft.text.replace("\r\n", "\n");
    if text.chars().count() > MAX_MESSAGE {
        let detail = format!("must have at most {MAX_MESSAGE} characters");
        return Err(Problem::field("/text", "too_long", detail));
    }
    if text.contains(control) {
        let detail = "must not contain control characters";
        return Err(Problem::field("/text", "control_characters", detail));
    }
    if draft.revision < 0 {
        return Err(Problem::field("/revision", "minimum", "must be 0 or greater"));
    }
    Ok(Ask::SaveDraft { session: draft.session_id, text, base: draft.revision })
}

fn place(pointer: &str, seq: i64, least: i64) -> Result<MessageSeq, Problem> {
    if seq < least {
        return Err(Problem::field(pointer, "minimum", format!("must be {least} or greater")));
    }
    Ok(MessageSeq(seq))
}

/// More frames wait for their answers than may.
pub(crate) fn too_many() -> Problem {
    Problem::new(Code::TooMany)
        .detail("too many frames wait for their answers")
        .retry_after(std::time::Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SESSION: &str = "ses_00000000000000000000000000000002";

    fn refused(frame: serde_json::Value) -> (String, String) {
        let frame = serde_json::from_value(frame).expect("a frame");
        let problem = check(frame).ask.expect_err("a problem").body();
        (problem.errors[0].pointer.clone(), problem.errors[0].code.clone())
    }

    #[test]
    fn what_a_frame_may_not_hold_is_pointed_at() {
        let send = |text: &str, client_id: &str, seen: i64| {
            json!({ "type": "send", "ref": "1", "session_id": SESSION, "text": text,
                "client_id": client_id, "seen_seq": seen })
        };
        let draft = |text: &str, revision: i64| {
            json!({ "type": "draft", "ref": "1", "session_id": SESSION, "text": text,
                "revision": revision })
        };
        let long = "å".repeat(MAX_MESSAGE + 1);
        for (frame, pointer, code) in [
            (send("", "c", 0), "/text", "required"),
            (send(" \n ", "c", 0), "/text", "required"),
            (send(&long, "c", 0), "/text", "too_long"),
            (send("a\u{0}b", "c", 0), "/text", "control_characters"),
            (send("a", "", 0), "/client_id", "client_id"),
            (send("a", "c d", 0), "/client_id", "client_id"),
            (send("a", "c", -1), "/seen_seq", "minimum"),
            (draft(&long, 0), "/text", "too_long"),
            (draft("a\u{0}", 0), "/text", "control_characters"),
            (draft("a", -1), "/revision", "minimum"),
            (
                json!({ "type": "seen", "ref": "1", "session_id": SESSION, "seq": 0 }),
                "/seq",
                "minimum",
            ),
            (json!({ "type": "ping", "ref": "å".repeat(MAX_REF + 1) }), "/ref", "too_long"),
        ] {
            assert_eq!(refused(frame), (pointer.into(), code.into()));
        }
    }

    #[test]
    fn a_draft_is_kept_as_it_is_being_written() {
        let frame = json!({ "type": "draft", "ref": "1", "session_id": SESSION,
            "text": "Hei \r\n\t\u{1F697} ", "revision": 3 });
        let asked = check(serde_json::from_value(frame).expect("a frame"));
        let Ok(Some(Ask::SaveDraft { text, base, .. })) = asked.ask else { panic!("no draft") };
        assert_eq!((text.as_str(), base), ("Hei \n\t\u{1F697} ", 3));
    }

    #[test]
    fn a_ref_is_counted_in_characters() {
        let frame = json!({ "type": "ping", "ref": "å".repeat(MAX_REF) });
        assert!(check(serde_json::from_value(frame).expect("a frame")).ask.is_ok());
    }
}
