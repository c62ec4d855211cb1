//! One tenant's events on this node: from several writers in any order, to listeners in the order of the log.
//!
//! Lives here: the state and its steps, without I/O; time is an argument (A10). [`super::repair`] reads
//! what is missing.
//!
//! # Invariants
//! - what goes out rises by one: every event once, none left out unless [`Sequencer::give_up`] says so;
//! - a seq is given in commit order, so when `n` is seen everything below `n` is stored and can be read;
//! - a piece of a draft goes out after the events that its writer had published before it;
//! - **A9** what waits is bounded: what does not fit is read from the journal when its turn comes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use forecourt_core::{
    event::{EventRecord, Seq},
    id::{NodeId, SessionId},
};
use forecourt_ports::bus::{Draft, Published};
use tokio::time::Instant;

/// Events that wait for one that is missing.
const MAX_WAITING: usize = 4_096;
/// Pieces of drafts that wait for an event.
const MAX_DRAFTS: usize = 1_024;

/// Where an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This node stored it.
    Own,
    /// Another node stored it, or the journal told of it.
    Foreign,
}

/// What may go to the listeners of this node, in this order.
#[derive(Clone, Debug)]
pub(super) enum Out {
    Event(Arc<Published>, Origin),
    Draft(Piece),
}

/// A piece of a draft on its way.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Who runs the turn; `None` for this node.
    pub(super) from: Option<NodeId>,
    pub(super) session: SessionId,
    pub(super) draft: Draft,
}

/// What to do about a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Look again then: what is missing may still come by itself.
    Wait(Instant),
    /// Read the journal after this place.
    Read(Seq),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Nobody has listened yet: the first event sets the cursor.
    Unset,
    /// Somebody listens, and where the log stood then is being read.
    Anchoring,
    /// Everything up to here went out.
    At(i64),
}

#[derive(Clone, Copy, Debug)]
struct Gap {
    since: Instant,
    /// An event of our own stands above the gap: what is missing is another node's for sure.
    below_own: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Sequencer {
    start: Start,
    /// The highest place that is known to be stored.
    head: i64,
    /// The last event that this node published.
    own: i64,
    waiting: BTreeMap<i64, (Arc<Published>, Origin)>,
    drafts: VecDeque<(i64, Piece)>,
    gap: Option<Gap>,
}

impl Default for Sequencer {
    fn default() -> Self {
        Self {
            start: Start::Unset,
            head: 0,
            own: 0,
            waiting: BTreeMap::new(),
            drafts: VecDeque::new(),
            gap: None,
        }
    }
}

impl Sequencer {
    /// A listener comes. True when the log's place must be read first, and [`Sequencer::anchored`] told.
    pub(super) fn listen(&mut self) -> bool {
        let first = self.start == Start::Unset;
        if first {
            self.start = Start::Anchoring;
        }
        first
    }

    /// Where the log stood: `recent` are its last events that the first listener may have missed.
    pub(super) fn anchored(
        &mut self,
        head: Seq,
        recent: Vec<EventRecord>,
        now: Instant,
        out: &mut Vec<Out>,
    ) {
        if self.start != Start::Anchoring {
            return;
        }
        let from = recent.first().map_or(head.0, |first| first.seq.0 - 1);
        // What came meanwhile goes out in any case.
        let from = self.waiting.first_key_value().map_or(from, |(first, _)| from.min(first - 1));
        self.start = Start::At(from);
        self.head = self.head.max(head.0);
        self.filled(recent, now, out);
    }

    /// The log's place cannot be read: what came meanwhile is the beginning.
    pub(super) fn not_anchored(&mut self, now: Instant, out: &mut Vec<Out>) {
        if self.start == Start::Anchoring {
            self.start = match self.waiting.first_key_value() {
                Some((first, _)) => Start::At(first - 1),
                None => Start::Unset,
            };
            if self.start == Start::Unset {
                release(&mut self.drafts, i64::MAX, out);
            }
            self.settle(now, out);
        }
    }

    /// Takes stored events, in the order of their writer.
    pub(super) fn offer(
        &mut self,
        events: impl IntoIterator<Item = Arc<Published>>,
        origin: Origin,
        now: Instant,
        out: &mut Vec<Out>,
    ) {
        for event in events {
            let seq = event.record.seq.0;
            self.head = self.head.max(seq);
            if origin == Origin::Own {
                self.own = self.own.max(seq);
            }
            if self.start == Start::Unset {
                self.start = Start::At(seq - 1);
            }
            match self.start {
                Start::At(cursor) if seq <= cursor => {} // seen
                Start::At(cursor) if seq == cursor + 1 && self.waiting.is_empty() => {
                    self.start = Start::At(seq);
                    out.push(Out::Event(event, origin));
                }
                _ => self.wait(seq, event, origin),
            }
        }
        self.settle(now, out);
    }

    /// Takes what the journal gave.
    pub(super) fn filled(&mut self, records: Vec<EventRecord>, now: Instant, out: &mut Vec<Out>) {
        for record in records {
            let seq = record.seq.0;
            self.head = self.head.max(seq);
            if matches!(self.start, Start::At(cursor) if seq > cursor)
                && !self.waiting.contains_key(&seq)
            {
                self.wait(seq, Published::new(record), Origin::Foreign);
                // One by one: a page must not push itself out of what may wait.
                self.settle(now, out);
            }
        }
        self.settle(now, out);
    }

    /// Somebody says how far the log reaches.
    pub(super) fn note_head(&mut self, head: Seq, now: Instant) {
        if self.start != Start::Unset {
            self.head = self.head.max(head.0);
            self.settle(now, &mut Vec::new());
        }
    }

    /// Takes a piece of a draft whose writer had published everything up to `after`.
    pub(super) fn draft(&mut self, after: Seq, piece: Piece, now: Instant, out: &mut Vec<Out>) {
        let due = match self.start {
            Start::At(cursor) => after.0 <= cursor,
            Start::Unset => true,
            Start::Anchoring => false,
        };
        if due && self.drafts.is_empty() {
            out.push(Out::Draft(piece));
            return;
        }
        self.drafts.push_back((after.0, piece));
        if self.drafts.len() > MAX_DRAFTS {
            out.extend(self.drafts.pop_front().map(|(_, piece)| Out::Draft(piece)));
        }
        self.head = self.head.max(after.0); // it was published, so it is stored
        self.settle(now, out);
    }

    /// The place that this node's drafts come after.
    pub(super) const fn own(&self) -> Seq {
        Seq(self.own)
    }

    /// What to do about a gap now; `None` when there is none. With `alone` no other node can be heard:
    /// waiting helps only for what this node itself is about to publish.
    pub(super) fn need(&self, now: Instant, patience: Duration, alone: bool) -> Option<Need> {
        let (gap, Start::At(cursor)) = (self.gap?, self.start) else { return None };
        let until = gap.since + patience;
        if now < until && !(alone && gap.below_own) {
            return Some(Need::Wait(until));
        }
        Some(Need::Read(Seq(cursor)))
    }

    /// The journal does not have what is missing: goes on after it.
    pub(super) fn give_up(&mut self, now: Instant, out: &mut Vec<Out>) {
        let next = self.waiting.first_key_value().map_or(self.head, |(first, _)| first - 1);
        self.start = Start::At(next);
        self.settle(now, out);
    }

    /// The log is not the one it was (a restored backup): begins anew at its place.
    pub(super) fn begin_anew(&mut self, head: Seq, now: Instant, out: &mut Vec<Out>) {
        self.waiting.clear();
        (self.start, self.head, self.own) = (Start::At(head.0), head.0, 0);
        self.drafts.iter_mut().for_each(|(after, _)| *after = 0);
        self.settle(now, out);
    }

    fn wait(&mut self, seq: i64, event: Arc<Published>, origin: Origin) {
        // The first to come tells whose it is: ours is never taken for another's.
        let kept = self.waiting.entry(seq).or_insert((event, origin));
        if origin == Origin::Own {
            kept.1 = origin;
        }
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_last();
        }
    }

    /// Lets out what is next, and looks whether something is missing.
    fn settle(&mut self, now: Instant, out: &mut Vec<Out>) {
        let Start::At(mut cursor) = self.start else { return };
        let before = cursor;
        while let Some(first) = self.waiting.first_entry() {
            match *first.key() {
                seq if seq <= cursor => drop(first.remove()),
                seq if seq == cursor + 1 => {
                    let (event, origin) = first.remove();
                    out.push(Out::Event(event, origin));
                    cursor = seq;
                    self.start = Start::At(cursor);
                    release(&mut self.drafts, cursor, out);
                }
                _ => break,
            }
        }
        release(&mut self.drafts, cursor, out);
        if self.head <= cursor {
            self.gap = None;
            return;
        }
        let below_own = self.own > cursor;
        let since = match self.gap {
            Some(gap) if cursor == before => gap.since,
            _ => now,
        };
        self.gap = Some(Gap { since, below_own });
    }
}

/// Lets out the drafts whose events went out.
fn release(drafts: &mut VecDeque<(i64, Piece)>, cursor: i64, out: &mut Vec<Out>) {
    while drafts.front().is_some_and(|(after, _)| *after <= cursor) {
        out.extend(drafts.pop_front().map(|(_, piece)| Out::Draft(piece)));
    }
}

#[cfg(test)]
#[path = "sequencer_tests.rs"]
mod tests;
