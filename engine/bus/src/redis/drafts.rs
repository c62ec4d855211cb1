//! The running answers of one tenant as this node knows them: whose they are, and how far they have come.
//!
//! # Invariants
//! - a listener never gets text from the middle as if it were the start: a piece that does not fit the
//!   text so far is let go, and whoever runs the turn is asked for the whole;
//! - an answer that is over leaves no ghost: later pieces of its turn are let go, and an answer whose node
//!   fell silent is withdrawn;
//! - **A9** answers, their length, and what is remembered of ended ones are bounded.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use forecourt_core::{
    event::{Event, MessagePosted},
    id::{NodeId, SessionId, TurnId},
};
use forecourt_ports::bus::Draft;
use tokio::time::Instant;

use super::sequencer::Piece;

/// Answers of other nodes that are followed at once.
const MAX_RUNNING: usize = 2_048;
/// Characters of one answer; the assistant's own limit lies far below.
const MAX_CHARS: usize = 64 * 1_024;
/// Ended turns that are remembered.
const MAX_ENDED: usize = 256;
/// Silence after which an answer is withdrawn when its node is silent too, and when it is not.
const SILENCE: Duration = Duration::from_secs(15);
const LONG_SILENCE: Duration = Duration::from_mins(1);
/// Time between two questions, or two answers, about the same session.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// What to do with a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// Give this to the listeners.
    Show(Draft),
    /// Withdraw what was shown, then give this: another node runs the turn again.
    Anew(Draft),
    /// Ask for the whole answer.
    Ask,
    /// Nothing: it is known, or over.
    Drop,
}

/// What to do when a whole answer is asked for: many may ask at once, and all hear the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Now,
    In(Duration),
    No,
}

#[derive(Debug)]
struct Running {
    turn: TurnId,
    /// `None`: this node runs it.
    from: Option<NodeId>,
    chars: usize,
    heard: Instant,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Drafts {
    running: HashMap<SessionId, Running>,
    ended: VecDeque<TurnId>,
    /// When a session was last asked about, or answered for.
    asked: HashMap<SessionId, Instant>,
    /// Sessions that are answered for in a moment.
    later: HashSet<SessionId>,
}

impl Drafts {
    /// Takes the next piece that may go out.
    pub(super) fn take(&mut self, piece: Piece, now: Instant) -> Take {
        let Piece { from, session, draft } = piece;
        match draft {
            Draft::Discarded { turn } => {
                if self.running.get(&session).is_some_and(|running| running.turn == turn) {
                    self.running.remove(&session);
                }
                Take::Show(draft)
            }
            Draft::Delta { turn, .. } | Draft::Progress { turn, .. }
                if self.ended.contains(&turn) =>
            {
                Take::Drop
            }
            Draft::Progress { turn, .. } => self.progress(from, session, turn, draft, now),
            Draft::Delta { turn, offset, text } => {
                self.delta(from, session, turn, offset, text, now)
            }
        }
    }

    /// A step before the first words: from then on the answer runs.
    fn progress(
        &mut self,
        from: Option<NodeId>,
        session: SessionId,
        turn: TurnId,
        draft: Draft,
        now: Instant,
    ) -> Take {
        let full = from.is_some() && self.running.len() >= MAX_RUNNING;
        match self.running.get_mut(&session).filter(|known| known.turn == turn) {
            // Where another node takes it up, its first words begin anew.
            Some(known) => known.heard = now,
            None if full => return Take::Drop,
            None => {
                self.running.insert(session, Running { turn, from, chars: 0, heard: now });
            }
        }
        Take::Show(draft)
    }

    fn delta(
        &mut self,
        from: Option<NodeId>,
        session: SessionId,
        turn: TurnId,
        offset: usize,
        text: Arc<str>,
        now: Instant,
    ) -> Take {
        let count = text.chars().count();
        if from.is_none() {
            // What this node itself says is always whole, and as many as its turns.
            let running = Running { turn, from, chars: offset + count, heard: now };
            let before = self.running.insert(session, running);
            let again = before.is_some_and(|known| known.turn == turn && known.from.is_some());
            let draft = Draft::Delta { turn, offset, text };
            return if again { Take::Anew(draft) } else { Take::Show(draft) };
        }
        let Some(running) = self.running.get_mut(&session).filter(|known| known.turn == turn)
        else {
            if offset > 0 {
                return self.may_ask(session, now);
            }
            if self.running.len() >= MAX_RUNNING || count > MAX_CHARS {
                return Take::Drop;
            }
            let running = Running { turn, from, chars: offset + count, heard: now };
            self.running.insert(session, running);
            return Take::Show(Draft::Delta { turn, offset, text });
        };
        if running.from != from && offset == 0 {
            *running = Running { turn, from, chars: count, heard: now };
            return Take::Anew(Draft::Delta { turn, offset, text });
        }
        (running.heard, running.from) = (now, from);
        let end = offset + count;
        if offset > running.chars {
            return self.may_ask(session, now);
        }
        if end <= running.chars || end > MAX_CHARS {
            return Take::Drop;
        }
        let known = running.chars - offset;
        let text = match text.char_indices().nth(known) {
            Some((start, _)) if start > 0 => text[start..].into(),
            _ => text,
        };
        let offset = running.chars;
        running.chars = end;
        Take::Show(Draft::Delta { turn, offset, text })
    }

    fn may_ask(&mut self, session: SessionId, now: Instant) -> Take {
        if self.is_due(session, now) { Take::Ask } else { Take::Drop }
    }

    /// Somebody asks for the whole answer of a session.
    pub(super) fn asked(&mut self, session: SessionId, now: Instant) -> Answer {
        if self.running.get(&session).is_none_or(|running| running.from.is_some()) {
            return Answer::No; // another node runs it, or nobody
        }
        if self.is_due(session, now) {
            return Answer::Now;
        }
        if self.later.insert(session) { Answer::In(ASK_AGAIN) } else { Answer::No }
    }

    /// The moment of [`Answer::In`] is over.
    pub(super) fn asked_before(&mut self, session: SessionId, now: Instant) -> Answer {
        self.later.remove(&session);
        self.asked(session, now)
    }

    /// Whether a session may be asked about, or answered for, once more; and if so, that it was.
    fn is_due(&mut self, session: SessionId, now: Instant) -> bool {
        if self.asked.len() >= MAX_RUNNING {
            self.asked.retain(|_, at| now < *at + ASK_AGAIN);
        }
        let due = self.asked.get(&session).is_none_or(|at| *at + ASK_AGAIN <= now)
            && self.asked.len() < MAX_RUNNING;
        if due {
            self.asked.insert(session, now);
        }
        due
    }

    /// Takes note of an event that goes out.
    pub(super) fn follow(&mut self, session: SessionId, event: &Event) {
        let known = self.running.get(&session).map(|running| running.turn);
        let ended = match event {
            // It may run again, from its beginning.
            Event::TurnYielded { turn } if known == Some(*turn) => {
                self.running.remove(&session);
                None
            }
            Event::TurnFailed { turn, .. } | Event::TurnCancelled { turn } => Some(*turn),
            Event::MessagePosted(MessagePosted { origin: Some(origin), .. }) => Some(origin.turn),
            Event::Closed { .. } => known,
            _ => None,
        };
        let Some(ended) = ended else { return };
        if known == Some(ended) {
            self.running.remove(&session);
        }
        if self.ended.len() == MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
    }

    /// Other nodes' answers that fell silent, to be withdrawn. `lives` tells whether a node is heard.
    pub(super) fn silent(
        &mut self,
        now: Instant,
        lives: impl Fn(NodeId) -> bool,
    ) -> Vec<(SessionId, TurnId)> {
        let mut gone = Vec::new();
        self.running.retain(|session, running| {
            let Some(from) = running.from else { return true };
            let patience = if lives(from) { LONG_SILENCE } else { SILENCE };
            let silent = running.heard + patience <= now;
            if silent {
                gone.push((*session, running.turn));
            }
            !silent
        });
        self.asked.retain(|_, at| now < *at + ASK_AGAIN);
        gone
    }

    /// Whether nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
    const TURN: TurnId = TurnId::from_uuid(Uuid::from_u128(3));
    const PEER: NodeId = NodeId::from_uuid(Uuid::from_u128(4));

    fn delta(offset: usize, text: &str) -> Draft {
        Draft::Delta { turn: TURN, offset, text: text.into() }
    }

    fn of_peer(draft: Draft) -> Piece {
        Piece { from: Some(PEER), session: SESSION, draft }
    }

    #[test]
    fn text_from_the_middle_is_asked_for_and_shown_from_its_start() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        assert_eq!(drafts.take(of_peer(delta(5, "vi har ")), now), Take::Ask);
        // Not with every piece.
        assert_eq!(drafts.take(of_peer(delta(12, "åp")), now), Take::Drop);
        let whole = delta(0, "Hei, vi har åp");
        assert_eq!(drafts.take(of_peer(whole.clone()), now), Take::Show(whole));
        assert_eq!(drafts.take(of_peer(delta(14, "ent.")), now), Take::Show(delta(14, "ent.")));
    }

    #[test]
    fn who_knows_a_part_gets_the_rest_and_nothing_twice() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        assert_eq!(drafts.take(of_peer(delta(0, "Åh, ")), now), Take::Show(delta(0, "Åh, ")));
        assert_eq!(drafts.take(of_peer(delta(0, "Åh, ")), now), Take::Drop);
        let rest = Take::Show(delta(4, "æøå"));
        assert_eq!(drafts.take(of_peer(delta(0, "Åh, æøå")), now), rest);
        // A piece is missing.
        assert_eq!(drafts.take(of_peer(delta(9, "…")), now), Take::Ask);
        let later = now + ASK_AGAIN;
        assert_eq!(drafts.take(of_peer(delta(10, "…")), later), Take::Ask);
    }

    #[test]
    fn whoever_asks_gets_an_answer_and_many_at_once_share_one() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        assert_eq!(drafts.asked(SESSION, now), Answer::No, "nobody answers here");
        drafts.take(Piece { from: None, session: SESSION, draft: delta(0, "Hei") }, now);
        assert_eq!(drafts.asked(SESSION, now), Answer::Now);
        assert_eq!(drafts.asked(SESSION, now), Answer::In(ASK_AGAIN));
        assert_eq!(drafts.asked(SESSION, now), Answer::No, "it hears the one that is coming");
        assert_eq!(drafts.asked_before(SESSION, now + ASK_AGAIN), Answer::Now);
        drafts.follow(SESSION, &Event::TurnCancelled { turn: TURN });
        assert_eq!(drafts.asked(SESSION, now + ASK_AGAIN), Answer::No);
    }

    #[test]
    fn an_answer_that_is_over_does_not_come_back() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        drafts.take(of_peer(delta(0, "Hei")), now);
        drafts.follow(SESSION, &Event::TurnCancelled { turn: TURN });
        assert!(drafts.is_idle());
        assert_eq!(drafts.take(of_peer(delta(0, "Hei")), now), Take::Drop);
        assert_eq!(drafts.take(of_peer(delta(3, "!")), now), Take::Drop);
    }

    #[test]
    fn a_turn_that_another_node_runs_again_is_shown_from_its_beginning() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        let other = NodeId::from_uuid(Uuid::from_u128(5));
        let of_other = |draft| Piece { from: Some(other), session: SESSION, draft };
        drafts.take(of_peer(delta(0, "Hei, vi")), now);
        let again = drafts.take(of_other(delta(0, "God dag")), now);
        assert_eq!(again, Take::Anew(delta(0, "God dag")));
        assert_eq!(drafts.take(of_other(delta(7, "!")), now), Take::Show(delta(7, "!")));
        drafts.follow(SESSION, &Event::TurnYielded { turn: TURN });
        let anew = delta(0, "Hei igjen");
        assert_eq!(drafts.take(of_peer(anew.clone()), now), Take::Show(anew));
    }

    #[test]
    fn the_answer_of_a_node_that_died_is_withdrawn_and_that_of_a_slow_one_is_not() {
        let (mut drafts, now) = (Drafts::default(), Instant::now());
        drafts.take(of_peer(delta(0, "Hei")), now);
        let soon = now + SILENCE - Duration::from_millis(1);
        assert_eq!(drafts.silent(soon, |_| false), []);
        assert_eq!(drafts.silent(now + SILENCE, |_| true), []);
        assert_eq!(drafts.silent(now + SILENCE, |_| false), [(SESSION, TURN)]);
        assert!(drafts.is_idle());
        // It lives after all: the next piece does not fit, and the whole is asked for.
        assert_eq!(drafts.take(of_peer(delta(3, "!")), now + SILENCE), Take::Ask);
    }
}
