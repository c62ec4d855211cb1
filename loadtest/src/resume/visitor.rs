//! A visitor's stream over a bad network: comes back with its cursor, loads the conversation after a gap, checks it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forecourt_wire::{Cursor, Message, SessionEvent, SessionSnapshot};
use tokio::time::Instant;

use super::{Books, Breaks, Conversation, Stage};
use crate::live::backoff::Backoff;
use crate::live::visitor::Place;
use crate::live::{Heard, Visitor};

/// It comes back sooner than people's do: there is much to break in a short time.
const FIRST: Duration = Duration::from_millis(60);
/// Tries to load a snapshot.
const TRIES: u32 = 100;

/// One visitor.
pub(super) struct Listener {
    pub(super) stage: Stage,
    pub(super) way: SocketAddr,
    pub(super) books: Arc<Books>,
    pub(super) conversation: Conversation,
    pub(super) breaks: Breaks,
}

impl Listener {
    /// Listens until everything was told, at most for `patience` after the last was written.
    pub(super) async fn run(mut self, patience: Duration) {
        let Conversation { session, token, begins, messages } = self.conversation.clone();
        let Ok(target) = format!("http://{}", self.way).parse() else { return };
        let place =
            Place { http: self.stage.http.clone(), target, session: session.clone(), token };
        let random = self.breaks.random();
        let mut visitor = Visitor::new(place, Some(begins), self.breaks.random())
            .with_backoff(Backoff::from(random, FIRST));
        let mut upto = messages;
        let mut last = self.books.last.subscribe();
        let mut deadline = None;
        let mut next_break = Some(self.breaks.next());
        loop {
            let end = last.borrow_and_update().clone();
            if let Some(end) = &end {
                next_break = None;
                if end.get(&session).is_none_or(|last| upto >= *last) {
                    break;
                }
                deadline.get_or_insert_with(|| Instant::now() + patience);
            }
            let never = Instant::now() + Duration::from_hours(1);
            tokio::select! {
                heard = visitor.next() => match heard {
                    Heard::Stored(_, event) => {
                        self.books.count(|outcome| outcome.told += 1);
                        if let SessionEvent::MessagePosted(posted) = &*event {
                            self.message(&posted.message, &mut upto);
                        }
                    }
                    Heard::Gap(at) => {
                        self.books.count(|outcome| outcome.gaps += 1);
                        if let Some(snapshot) = self.snapshot(visitor.place().clone()).await {
                            self.check(&snapshot, at, &mut upto);
                            visitor.adopt(&snapshot);
                        }
                    }
                    Heard::Down => self.books.count(|outcome| outcome.breaks += 1),
                    Heard::Over(status) => {
                        let example = format!("a visitor was sent away with {status}");
                        self.books.wrong(example, |outcome| outcome.behind += 1);
                        break;
                    }
                    Heard::Now(_) | Heard::Unknown(_) => {}
                },
                () = tokio::time::sleep_until(next_break.unwrap_or(never)) => {
                    visitor.drop_connection(self.breaks.pause());
                    self.books.count(|outcome| outcome.breaks += 1);
                    if self.breaks.loses_cursor() {
                        visitor.resume_after(Cursor { epoch: 1, seq: 1 });
                    }
                    next_break = Some(self.breaks.next());
                }
                () = tokio::time::sleep_until(deadline.unwrap_or(never)) => {
                    let example = format!("a visitor by {} is behind at {upto}", self.way);
                    self.books.wrong(example, |outcome| outcome.behind += 1);
                    break;
                }
                _ = last.changed(), if end.is_none() => {}
            }
        }
        self.books.count(|outcome| outcome.repeated += visitor.repeated);
    }

    fn message(&self, message: &Message, upto: &mut i64) {
        let session = &self.conversation.session;
        if message.seq != *upto + 1 {
            let example = format!("after message {upto} of {session} came {}", message.seq);
            let back = message.seq <= *upto;
            self.books.wrong(example, |outcome| {
                outcome.repeated += u64::from(back);
                outcome.missed += u64::from(!back);
            });
        }
        self.is_so(message);
        *upto = message.seq;
    }

    fn is_so(&self, message: &Message) {
        let (session, id) = (&self.conversation.session, message.message_id.to_string());
        if !self.books.is_so(session, message.seq, &id) {
            let example = format!("{id} is not message {} of {session}", message.seq);
            self.books.wrong(example, |outcome| outcome.invented += 1);
        }
    }

    /// The snapshot is no older than the gap and than what was told, and has no hole.
    fn check(&self, snapshot: &SessionSnapshot, at: Cursor, upto: &mut i64) {
        let seqs: Vec<i64> = snapshot.messages.iter().map(|message| message.seq).collect();
        let newest = seqs.last().copied().unwrap_or(0);
        let is_whole = seqs.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let is_new = snapshot.epoch == at.epoch && snapshot.seq >= at.seq && newest >= *upto;
        if !(is_whole && is_new) {
            let example = format!(
                "a snapshot of {}-{} with messages up to {newest}, whole {is_whole}, after a gap at {at} and message {upto}",
                snapshot.epoch, snapshot.seq
            );
            self.books.wrong(example, |outcome| outcome.wrong_snapshots += 1);
        }
        snapshot.messages.iter().for_each(|message| self.is_so(message));
        *upto = newest.max(*upto);
    }

    async fn snapshot(&self, place: Place) -> Option<SessionSnapshot> {
        for _ in 0..TRIES {
            if let Some(snapshot) = place.snapshot().await {
                return Some(snapshot);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }
}
