//! Files that come with messages: what waits for them, for how long, and what does not.

use super::*;
use crate::attachment::{MAX_BYTES, MOST_PER_CONVERSATION};

pub(super) fn attachment(n: u8) -> AttachmentId {
    AttachmentId::from_uuid(Uuid::from_u128(9_000 + u128::from(n)))
}

impl World {
    pub(super) fn announce(&mut self, n: u8) -> Result<Decided, Rejection> {
        let (attachment, client_id) = (attachment(n), format!("f{n}"));
        self.run(Command::AnnounceAttachment { attachment, client_id, bytes: 1_000 })
    }

    /// The file arrives (0), is of a wrong kind (1), or is cancelled.
    pub(super) fn settle(&mut self, n: u8, how: u8) -> Result<Decided, Rejection> {
        let attachment = attachment(n);
        let failed = |reason| Command::AttachmentFailed { attachment, reason };
        self.run(match how {
            0 => Command::AttachmentArrived { attachment, kind: FileKind::Jpeg, bytes: 900 },
            1 => failed(AttachmentFailure::WrongKind),
            _ => failed(AttachmentFailure::Cancelled),
        })
    }

    fn arrives(&mut self, n: u8) {
        self.settle(n, 0).unwrap();
    }

    /// When turns began, in milliseconds from the start.
    fn turns_at(&self) -> Vec<i64> {
        let began = |(at, event): &(Timestamp, Event)| {
            matches!(event, Event::TurnStarted { .. })
                .then(|| at.duration_since(self.start).as_millis() as i64)
        };
        self.events.iter().filter_map(began).collect()
    }
}

#[test]
fn an_answer_waits_for_the_picture_and_begins_a_breath_after_it() {
    let mut world = chat();
    world.announce(1).unwrap();
    world.write_with("Hva gir dere for denne?", &[attachment(1)]).unwrap();
    world.wait(5);
    assert_eq!(world.turns(), 0, "the picture is on its way");
    world.arrives(1);
    world.wait(1);
    assert_eq!(world.turns_at(), [6_000]);
    let [one] = &world.state.attachments.iter().collect::<Vec<_>>()[..] else { panic!("one") };
    assert_eq!(one.state, AttachmentState::Arrived { kind: FileKind::Jpeg });
    assert_eq!((one.bytes, one.seq), (900, Some(MessageSeq(1))));
    world.answer().unwrap();
    assert!(world.owes_nothing());
}

#[test]
fn a_picture_that_does_not_come_is_waited_for_until_the_cap_and_begins_no_second_turn_later() {
    let mut world = chat();
    world.announce(1).unwrap();
    world.write_with("Hva gir dere for denne?", &[attachment(1)]).unwrap();
    world.wait(20);
    assert_eq!(world.turns_at(), [8_000]);
    world.arrives(1);
    assert!(world.state.gather.is_none() && world.state.turn.is_some(), "the turn goes on");
    world.answer().unwrap();
    world.wait(30);
    assert_eq!(world.turns(), 1, "it is kept and shown, and nobody answers twice");
}

#[test]
fn a_picture_that_came_before_its_message_or_failed_is_not_waited_for() {
    for how in [0, 1, 2] {
        let mut world = chat();
        world.announce(1).unwrap();
        world.settle(1, how).unwrap();
        let with = if how == 2 { vec![] } else { vec![attachment(1)] };
        world.write_with("Hva gir dere for denne?", &with).unwrap();
        world.wait(1);
        assert_eq!(world.turns_at(), [1_000], "{how}");
    }
    let mut world = chat();
    world.announce(1).unwrap();
    world.announce(2).unwrap();
    world.write_with("Hva gir dere for denne?", &[attachment(1), attachment(2)]).unwrap();
    world.wait(2);
    world.settle(1, 1).unwrap();
    world.wait(1);
    assert_eq!(world.turns(), 0, "the other one is on its way");
    world.settle(2, 2).unwrap();
    world.wait(1);
    assert_eq!(world.turns_at(), [4_000]);
}

#[test]
fn files_are_bounded_and_each_comes_once() {
    let mut world = chat();
    let announce = |id: u8, bytes| Command::AnnounceAttachment {
        attachment: attachment(id),
        client_id: format!("f{id}"),
        bytes,
    };
    assert_eq!(world.run(announce(0, MAX_BYTES + 1)), Err(Rejection::TooManyAttachments));
    world.announce(1).unwrap();
    let again = Err(Rejection::AlreadyAnnounced { attachment: attachment(1) });
    let repeated =
        Command::AnnounceAttachment { attachment: attachment(9), client_id: "f1".into(), bytes: 1 };
    assert_eq!(world.run(repeated), again);
    world.write_with("Se", &[attachment(1), attachment(1)]).unwrap();
    let second = world.write_with("Se", &[attachment(1)]);
    assert_eq!(second, Err(Rejection::UnknownAttachment), "it came with another message");
    assert_eq!(world.write_with("Se", &[attachment(7)]), Err(Rejection::UnknownAttachment));
    assert_eq!(world.settle(7, 0), Err(Rejection::UnknownAttachment));
    world.arrives(1);
    for how in 0..3 {
        assert_eq!(world.settle(1, how), Err(Rejection::Stale), "it is there, and was sent");
    }
    for n in 2..=MOST_PER_CONVERSATION as u8 {
        world.announce(n).unwrap();
        world.settle(n, 2).unwrap();
    }
    assert_eq!(world.announce(99), Err(Rejection::TooManyAttachments), "those that failed count");
    let five: Vec<_> = (2..7).map(attachment).collect();
    assert_eq!(world.write_with("Se", &five), Err(Rejection::TooManyAttachments));

    let mut world = chat();
    for n in 1..=4 {
        world.run(announce(n, MAX_BYTES)).unwrap();
    }
    assert_eq!(world.announce(5), Err(Rejection::TooManyAttachments), "all of them are too large");
    world.settle(4, 2).unwrap();
    world.announce(5).unwrap();
}

#[test]
fn a_form_has_no_files_and_a_person_is_not_waited_for() {
    let mut world = World::captured();
    assert_eq!(world.announce(1), Err(Rejection::Closed));
    let mut world = chat();
    world.announce(1).unwrap();
    world.write_with("Hva gir dere?", &[attachment(1)]).unwrap();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.wait(9);
    assert_eq!(world.turns(), 0);
    // Given back, the assistant waits for what is still worth waiting for.
    let mut world = chat();
    world.announce(1).unwrap();
    world.write_with("Hva gir dere?", &[attachment(1)]).unwrap();
    world.run(Command::TakeOver { member: member(7) }).unwrap();
    world.wait(2);
    world.run(give_back(7)).unwrap();
    world.wait(2);
    world.arrives(1);
    world.wait(1);
    assert_eq!(world.turns_at(), [5_000]);
}

#[test]
fn a_session_and_a_command_of_before_there_were_files_are_still_read() {
    let mut world = chat();
    world.write("Hei").unwrap();
    let json = serde_json::to_value(&world.state).unwrap();
    assert!(json.get("attachments").is_none(), "and written as they were");
    assert_eq!(serde_json::from_value::<LeadSession>(json).unwrap(), world.state);
    let command = r#"{"command":"post_message","text":"Hei","client_id":"c","page_url":null}"#;
    let read: Command = serde_json::from_str(command).unwrap();
    assert!(matches!(&read, Command::PostMessage { attachments, .. } if attachments.is_empty()));
    assert_eq!(serde_json::to_string(&read).unwrap(), command);
    let before = r#"{"shortest_ms":1000,"longest_ms":4000}"#;
    let settings: GatherSettings = serde_json::from_str(before).unwrap();
    assert_eq!(settings, GatherSettings::default());
    assert_eq!(serde_json::to_string(&settings).unwrap(), before, "it prints the same");
    let posted = PostedAttachment {
        attachment: attachment(1),
        bytes: 7,
        state: AttachmentState::Failed { reason: AttachmentFailure::TooLarge },
    };
    let kept = serde_json::to_string(&posted).unwrap();
    assert_eq!(serde_json::from_str::<PostedAttachment>(&kept).unwrap(), posted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However files and texts come: the first turn begins no later than the cap of the last message and
    /// the breath, and never before a file that comes in time.
    #[test]
    fn no_file_holds_an_answer_past_its_cap_and_none_in_time_is_left_out(
        cap in 0_u32..=20_000,
        second in 2_000_u32..40_000,
        messages in proptest::collection::vec((0..4_000_i64, 0..30_000_i64, 0..3_u8), 1..5),
    ) {
        let mut world = chat();
        world.settings.gather.attachments_ms = cap;
        world.settings.promise.second_model_ms = second;
        let start = world.start;
        let (mut at, mut due) = (0, Vec::new());
        for (n, (pause, later, how)) in messages.iter().enumerate() {
            at += pause;
            due.push((at, n as u8, None));
            due.push((at + later, n as u8, Some(*how)));
        }
        due.sort();
        for (ms, n, step) in due {
            world.wait_until(start + SignedDuration::from_millis(ms));
            match step {
                None => {
                    world.announce(n).unwrap();
                    world.write_with("Og denne?", &[attachment(n)]).unwrap();
                }
                Some(how) => drop(world.settle(n, how)),
            }
        }
        // The last burst's first turn; [`World::run`] checks that none begins before a file that comes.
        world.wait(60);
        let last = at;
        let slice = i64::from(second) * 2 / 3;
        let latest = last + slice.min(i64::from(cap)).max(4_000);
        let turns = world.turns_at();
        prop_assert!(turns.iter().any(|turn| *turn >= last && *turn <= latest), "{turns:?} {latest}");
    }
}
