use forecourt_core::{
    event::{Event, Version},
    id::{TenantId, TurnId},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
const PEER: NodeId = NodeId::from_uuid(Uuid::from_u128(4));
const PATIENCE: Duration = Duration::from_millis(30);

fn record(seq: i64) -> EventRecord {
    EventRecord {
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        session: SESSION,
        seq: Seq(seq),
        version: Version(seq),
        at: jiff::Timestamp::UNIX_EPOCH,
        event: Event::SubmissionRepeated,
    }
}

fn records(range: impl IntoIterator<Item = i64>) -> Vec<EventRecord> {
    range.into_iter().map(record).collect()
}

fn events(range: impl IntoIterator<Item = i64>) -> Vec<Arc<Published>> {
    range.into_iter().map(|seq| Published::new(record(seq))).collect()
}

fn piece(n: usize) -> Piece {
    let turn = TurnId::from_uuid(Uuid::from_u128(3));
    Piece {
        from: Some(PEER),
        session: SESSION,
        draft: Draft::Delta { turn, offset: n, text: "x".into() },
    }
}

/// What came out: the places of events, and drafts by their offset as negative numbers.
fn told(out: &mut Vec<Out>) -> Vec<i64> {
    out.drain(..)
        .map(|one| match one {
            Out::Event(event, _) => event.record.seq.0,
            Out::Draft(Piece { draft: Draft::Delta { offset, .. }, .. }) => -(offset as i64),
            Out::Draft(_) => i64::MIN,
        })
        .collect()
}

#[test]
fn what_is_next_goes_out_at_once_and_what_leaves_a_gap_waits() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    sequencer.offer(events([7]), Origin::Own, now, &mut out);
    sequencer.offer(events([9, 10]), Origin::Foreign, now, &mut out);
    assert_eq!(told(&mut out), [7]);
    assert_eq!(sequencer.need(now, PATIENCE, false), Some(Need::Wait(now + PATIENCE)));
    sequencer.offer(events([8]), Origin::Own, now, &mut out);
    assert_eq!(told(&mut out), [8, 9, 10]);
    assert_eq!(sequencer.need(now, PATIENCE, false), None);
}

#[test]
fn a_gap_that_stays_is_read_after_the_patience_or_at_once_when_nobody_can_be_heard() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    sequencer.offer(events([1]), Origin::Own, now, &mut out);
    sequencer.note_head(Seq(3), now);
    // It could be our own, stored and about to be published.
    assert_eq!(sequencer.need(now, PATIENCE, true), Some(Need::Wait(now + PATIENCE)));
    assert_eq!(sequencer.need(now + PATIENCE, PATIENCE, true), Some(Need::Read(Seq(1))));
    // Our own stands above it: what is missing is another node's.
    sequencer.offer(events([4]), Origin::Own, now, &mut out);
    assert_eq!(sequencer.need(now, PATIENCE, true), Some(Need::Read(Seq(1))));
    assert_eq!(sequencer.need(now, PATIENCE, false), Some(Need::Wait(now + PATIENCE)));
    sequencer.filled(records(2..=4), now, &mut out);
    let own = out.iter().filter(|one| matches!(one, Out::Event(_, Origin::Own)));
    assert_eq!(own.count(), 2, "1 and 4 are ours, whoever told of them");
    assert_eq!(told(&mut out), [1, 2, 3, 4]);
}

#[test]
fn the_first_listener_misses_nothing_that_is_stored_while_the_log_is_looked_at() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    assert!(sequencer.listen());
    assert!(!sequencer.listen(), "it is being looked at");
    sequencer.offer(events([42]), Origin::Own, now, &mut out);
    assert!(told(&mut out).is_empty());
    sequencer.anchored(Seq(42), records(40..=42), now, &mut out);
    assert_eq!(told(&mut out), [40, 41, 42]);

    let mut quiet = Sequencer::default();
    quiet.listen();
    quiet.anchored(Seq(42), Vec::new(), now, &mut out);
    quiet.offer(events([43]), Origin::Foreign, now, &mut out);
    assert_eq!(told(&mut out), [43]);

    let mut blind = Sequencer::default();
    blind.listen();
    blind.offer(events([8]), Origin::Own, now, &mut out);
    blind.not_anchored(now, &mut out);
    assert_eq!(told(&mut out), [8]);
}

#[test]
fn a_draft_comes_after_the_events_that_its_writer_had_published() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    sequencer.offer(events([1]), Origin::Foreign, now, &mut out);
    sequencer.draft(Seq(3), piece(5), now, &mut out);
    sequencer.offer(events([3]), Origin::Foreign, now, &mut out);
    sequencer.draft(Seq(3), piece(6), now, &mut out);
    assert_eq!(told(&mut out), [1]);
    assert!(sequencer.need(now, PATIENCE, false).is_some(), "event 2 is stored and missing");
    sequencer.offer(events([2]), Origin::Foreign, now, &mut out);
    assert_eq!(told(&mut out), [2, 3, -5, -6]);
}

#[test]
fn what_waits_is_bounded_and_what_did_not_fit_is_still_known_to_be_missing() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    let last = 2 + MAX_WAITING as i64 * 2;
    sequencer.offer(events([1]), Origin::Foreign, now, &mut out);
    sequencer.offer(events(3..=last), Origin::Foreign, now, &mut out);
    assert_eq!(sequencer.waiting.len(), MAX_WAITING);
    let mut all = told(&mut out);
    while let Some(need) = sequencer.need(now + PATIENCE, PATIENCE, false) {
        let Need::Read(Seq(after)) = need else { panic!("{need:?}") };
        sequencer.filled(records((after + 1..=last).take(500)), now, &mut out);
        all.extend(told(&mut out));
    }
    assert!(all.iter().copied().eq(1..=last));
}

#[test]
fn a_gap_that_the_journal_cannot_fill_is_passed_over() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    sequencer.offer(events([1]), Origin::Own, now, &mut out);
    sequencer.offer(events([3]), Origin::Own, now, &mut out);
    sequencer.give_up(now, &mut out);
    assert_eq!(told(&mut out), [1, 3]);
    sequencer.note_head(Seq(9), now);
    sequencer.give_up(now, &mut out);
    sequencer.offer(events([10]), Origin::Own, now, &mut out);
    assert_eq!(told(&mut out), [10]);
}

#[test]
fn another_log_begins_at_its_own_place() {
    let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
    sequencer.offer(events([100, 103]), Origin::Own, now, &mut out);
    sequencer.begin_anew(Seq(50), now, &mut out);
    sequencer.offer(events([51]), Origin::Foreign, now, &mut out);
    assert_eq!(told(&mut out), [100, 51]);
    assert_eq!(sequencer.need(now, PATIENCE, false), None);
}

/// What may happen to a tenant's bus on one node.
#[derive(Clone, Debug)]
enum Happens {
    /// This node stores and publishes so many.
    Own(usize),
    /// Another node stores so many.
    Peer(usize),
    /// Redis brings one of the other node's events, whichever, maybe once more.
    Brings(prop::sample::Index),
    /// Redis loses one of them.
    Loses(prop::sample::Index),
    /// The head is looked at.
    Look,
    /// The gap's time is up: a page is read, of so many.
    Read(usize),
    /// The other node says a piece of a draft.
    Draft,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => (1..4_usize).prop_map(Happens::Own),
        3 => (1..4_usize).prop_map(Happens::Peer),
        6 => any::<prop::sample::Index>().prop_map(Happens::Brings),
        2 => any::<prop::sample::Index>().prop_map(Happens::Loses),
        1 => Just(Happens::Look),
        2 => (1..6_usize).prop_map(Happens::Read),
        2 => Just(Happens::Draft),
    ]
}

proptest! {
    #[test]
    fn listeners_get_every_event_once_and_in_order(
        story in prop::collection::vec(happens(), 1..120),
        listens in any::<bool>(),
    ) {
        let (mut sequencer, mut out, now) = (Sequencer::default(), Vec::new(), Instant::now());
        let late = now + PATIENCE;
        let (mut stored, mut peers): (i64, Vec<i64>) = (0, Vec::new());
        // Pieces of the draft: what their writer had published before.
        let (mut pieces, mut said_after): (Vec<i64>, i64) = (Vec::new(), 0);
        if listens {
            sequencer.listen();
            sequencer.anchored(Seq(0), Vec::new(), now, &mut out);
        }
        for happens in story {
            match happens {
                Happens::Own(count) => {
                    let range = stored + 1..=stored + count as i64;
                    stored += count as i64;
                    sequencer.offer(events(range), Origin::Own, now, &mut out);
                }
                Happens::Peer(count) => {
                    peers.extend(stored + 1..=stored + count as i64);
                    stored += count as i64;
                    said_after = stored;
                }
                Happens::Brings(which) if !peers.is_empty() => {
                    let seq = *which.get(&peers);
                    sequencer.offer(events([seq]), Origin::Foreign, now, &mut out);
                }
                Happens::Loses(which) if !peers.is_empty() => {
                    peers.remove(which.index(peers.len()));
                }
                Happens::Look => sequencer.note_head(Seq(stored), now),
                Happens::Read(count) => {
                    if let Some(Need::Read(Seq(after))) = sequencer.need(late, PATIENCE, false) {
                        let page = (after + 1..=stored).take(count);
                        sequencer.filled(records(page), now, &mut out);
                    }
                }
                Happens::Draft => {
                    sequencer.draft(Seq(said_after), piece(pieces.len()), now, &mut out);
                    pieces.push(said_after);
                }
                Happens::Brings(_) | Happens::Loses(_) => {}
            }
        }
        // In the end the net finds what was lost.
        sequencer.note_head(Seq(stored), now);
        while let Some(need) = sequencer.need(late, PATIENCE, false) {
            let Need::Read(Seq(after)) = need else { panic!("the time is up: {need:?}") };
            prop_assert!(after < stored);
            sequencer.filled(records((after + 1..=stored).take(7)), now, &mut out);
        }
        let mut cursor: Option<i64> = None;
        let mut next_piece = 0;
        for one in &out {
            match one {
                Out::Event(event, origin) => {
                    let seq = event.record.seq.0;
                    prop_assert!(cursor.is_none_or(|cursor| cursor + 1 == seq), "{cursor:?}, {seq}");
                    prop_assert!(*origin == Origin::Own || seq <= stored);
                    cursor = Some(seq);
                }
                Out::Draft(Piece { draft: Draft::Delta { offset, .. }, .. }) => {
                    prop_assert_eq!(*offset, next_piece, "pieces keep their order");
                    if let Some(cursor) = cursor {
                        prop_assert!(pieces[next_piece] <= cursor);
                    }
                    next_piece += 1;
                }
                Out::Draft(_) => {}
            }
        }
        prop_assert_eq!(next_piece, pieces.len());
        if listens {
            prop_assert_eq!(cursor.unwrap_or(0), stored);
        } else if let Some(cursor) = cursor {
            prop_assert_eq!(cursor, stored);
        }
    }
}
