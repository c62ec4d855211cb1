//! The event stream of one session: replay after a cursor, then live, mid-sentence drafts included.
//!
//! The order is what makes it whole: subscribe first, then read the state, then replay from the journal,
//! then pass on what the subscription held, leaving out what was replayed. An event that is missing in
//! between (another node was faster, a queue overflowed) is fetched from the journal.
//!
//! # Invariants
//! - **A1** only stored events carry an id;
//! - a listener gets every event after its cursor once and in order, or a `gap` that says where it goes on;
//! - **A9** a replay is bounded, the queue is the bus's bounded queue, and who is cut is told why;
//! - a draft is passed on only while its turn runs: an answer that is over leaves no ghost.

mod merge;
pub(crate) mod poll;
mod slot;

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use forecourt_core::{
    event::{Author, Event, EventRecord, Version},
    id::{MessageId, SessionId, TenantId, TurnId},
};
use forecourt_ports::{
    bus::{Audience, Draft, Pushed, Subscription},
    presence::{Ephemeral, Presence},
};
use forecourt_wire::{Cursor, QueuePlace, SessionError, SessionEvent, SessionGap, Speaker, Typing};
use futures_util::Stream;
use jiff::Timestamp;
use tokio::time::MissedTickBehavior;

use self::{merge::merged, slot::Slot};
use crate::{
    gateway::Gateway,
    problem::{Code, Problem},
    sessions,
};

/// How often a stream looks whether its time is up; after every second quiet look a comment says that the
/// line is alive. One timer for both: there are many streams.
const LOOK: Duration = Duration::from_secs(5);
const LOOKS_PER_BEAT: u32 = 2;
/// How often a customer who waits for a person is told their place: every so many looks.
const LOOKS_PER_PLACE: u32 = 2;
/// Events that a replay fetches at once, and altogether; a listener further behind gets a gap.
const REPLAY_PAGE: u32 = 200;
const REPLAY_MOST: usize = 2_000;
/// Frames that are written together when they queue up.
const TOGETHER: usize = 64;

/// Where a listener begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With whatever comes from now on.
    Now,
    /// After this cursor, as the listener sent it; `None` when it could not be read.
    After(Option<Cursor>),
    /// With this message, which stands after this version, at which this turn ran.
    Message(MessageId, Version, Option<TurnId>),
}

impl Start {
    /// The version after which to go on, and whether events are missing before it. `epoch` and `now` are
    /// where the log stands.
    fn place(self, epoch: i64, now: i64) -> (i64, bool) {
        match self {
            Self::Now => (now, false),
            Self::Message(_, Version(before), _) => (before, false),
            Self::After(Some(cursor)) if cursor.epoch == epoch && cursor.seq <= now => {
                let behind = usize::try_from(now - cursor.seq).unwrap_or(usize::MAX);
                if behind > REPLAY_MOST { (now, true) } else { (cursor.seq, false) }
            }
            Self::After(_) => (now, true),
        }
    }
}

/// When a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Never by itself.
    Never,
    /// Once somebody has answered, or nobody will for the moment; at the latest then.
    Answered(Timestamp),
}

/// A listener that has subscribed and knows where it stands.
pub(crate) struct Feed {
    gateway: Gateway,
    tenant: TenantId,
    session: SessionId,
    subscription: Subscription,
    epoch: i64,
    /// The version of the last event that was passed on, or passed over.
    seen: i64,
    /// The version that `running` belongs to.
    known: i64,
    running: Option<TurnId>,
    /// Who was last told to type.
    typing: Typing,
    /// Whether the customer waits for a person, and the place they were told.
    waits: bool,
    place: Option<QueuePlace>,
    gap: bool,
    /// The message a turn's stream waits for before it says anything.
    awaited: Option<MessageId>,
    /// The turn that ran when that message came. If the customer read its answer already, it was let finish, and is
    /// not the answer to what they wrote then.
    earlier: Option<TurnId>,
    end: End,
    over: bool,
    _slot: Slot,
}

impl Feed {
    /// Subscribes. `subscription` is given when it was made before something else had to happen.
    pub(crate) async fn open(
        gateway: &Gateway,
        (tenant, session): (TenantId, SessionId),
        subscription: Option<Subscription>,
        start: Start,
        end: End,
    ) -> Result<Self, Problem> {
        let state = &gateway.0;
        if state.is_stopping() {
            return Err(Problem::new(Code::Stopping).retry_after(Duration::from_secs(1)));
        }
        let slot = Slot::take(gateway, tenant, session)?;
        let subscription =
            subscription.unwrap_or_else(|| state.bus.subscribe_session(tenant, session));
        let loaded = sessions::load(state, tenant, session).await?;
        let head = state.store.head(tenant).await?;
        let Version(now) = loaded.state.version;
        let (seen, gap) = start.place(head.epoch, now);
        let (awaited, earlier) = match start {
            Start::Message(message, _, earlier) => (Some(message), earlier),
            Start::Now | Start::After(_) => (None, None),
        };
        Ok(Self {
            gateway: gateway.clone(),
            tenant,
            session,
            subscription,
            epoch: head.epoch,
            seen,
            known: now,
            running: loaded.state.turn.as_ref().map(|turn| turn.turn),
            typing: Typing::default(),
            waits: loaded.state.handoff.is_some(),
            place: None,
            gap,
            awaited,
            earlier,
            end,
            over: false,
            _slot: slot,
        })
    }

    /// The bytes of the stream. What it does now and then is boxed: a listener that waits is to be small (P4).
    /// It ends with the listener's token, with the node, or as asked.
    pub(crate) fn stream(
        mut self,
        expires: Timestamp,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> {
        async_stream::stream! {
            yield Ok(Bytes::from_static(b"retry: 2000\n\n"));
            if self.gap {
                yield Ok(ephemeral(&gap(self.session, self.epoch, self.seen)));
            }
            while self.seen < self.known && !self.over {
                match Box::pin(self.catch_up(self.known)).await {
                    Ok(bytes) if bytes.is_empty() => {}
                    Ok(bytes) => yield Ok(bytes),
                    Err(problem) => { yield Ok(last(&problem)); return; }
                }
            }
            // Who waited for an answer and has it is not told of the one that runs meanwhile.
            if !self.over
                && let Some(draft) = self.subscription.draft.take()
                && let Some(bytes) = self.draft(&draft)
            {
                yield Ok(bytes);
            }
            let stopping = self.gateway.0.stopping.clone();
            let mut look = tokio::time::interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut silent, mut looks) = (0_u32, 0_u32);
            let mut queue = Vec::new();
            while !self.over {
                tokio::select! {
                    count = self.subscription.events.recv_many(&mut queue, TOGETHER) => {
                        if count == 0 {
                            yield Ok(last(&again(Code::SlowListener)));
                            return;
                        }
                        match Box::pin(self.pass_on(&mut queue)).await {
                            Ok(bytes) if bytes.is_empty() => {}
                            Ok(bytes) => { silent = 1; yield Ok(bytes); }
                            Err(problem) => { yield Ok(last(&problem)); return; }
                        }
                    }
                    _ = look.tick() => {
                        let now = self.gateway.0.clock.now();
                        if expires <= now {
                            yield Ok(last(&Problem::new(Code::TokenExpired)));
                            return;
                        }
                        if matches!(self.end, End::Answered(latest) if latest <= now) {
                            return;
                        }
                        silent += 1;
                        looks += 1;
                        if self.waits && looks % LOOKS_PER_PLACE == 0
                            && let Some(told) = Box::pin(self.queue_place()).await
                        {
                            silent = 1;
                            yield Ok(told);
                        }
                        if silent > LOOKS_PER_BEAT {
                            silent = 1;
                            yield Ok(Bytes::from_static(b": hb\n\n"));
                        }
                    }
                    () = stopping.cancelled() => { yield Ok(last(&again(Code::Stopping))); return; }
                }
            }
        }
    }

    /// One page of what the journal has after `seen`; at its end `seen` is `to` at least.
    async fn catch_up(&mut self, to: i64) -> Result<Bytes, Problem> {
        let state = Arc::clone(&self.gateway.0);
        let after = Version(self.seen);
        let page =
            state.store.replay_session(self.tenant, self.session, after, REPLAY_PAGE).await?;
        if page.is_empty() {
            self.seen = self.seen.max(to);
        }
        let mut out = BytesMut::new();
        for record in page {
            let name = state.names.of(&*state.store, &record, state.clock.now()).await;
            let bytes = stored(&record, self.epoch, name.as_deref());
            if let Some(bytes) = self.step(&record, bytes) {
                out.extend_from_slice(&bytes);
            }
            if self.over {
                break;
            }
        }
        Ok(out.freeze())
    }

    /// Everything that was queued, as one piece: frames that queue up share a write.
    async fn pass_on(&mut self, queue: &mut Vec<Pushed>) -> Result<Bytes, Problem> {
        let mut pieces: Vec<Bytes> = Vec::with_capacity(queue.len());
        for pushed in merged(queue) {
            if self.over {
                break;
            }
            match pushed {
                Pushed::Event(published) => {
                    let Version(version) = published.record.version;
                    if version <= self.seen {
                        continue;
                    }
                    while self.seen + 1 < version && !self.over {
                        pieces.push(self.catch_up(version - 1).await?);
                    }
                    if version <= self.seen || self.over {
                        continue;
                    }
                    let state = &self.gateway.0;
                    let record = &published.record;
                    let name = state.names.of(&*state.store, record, state.clock.now()).await;
                    let epoch = self.epoch;
                    let bytes = published.encoded(Audience::Customer, |record| {
                        stored(record, epoch, name.as_deref())
                    });
                    pieces.extend(self.step(record, bytes));
                }
                Pushed::Draft(draft) => pieces.extend(self.draft(&draft)),
                Pushed::Ephemeral(_, Ephemeral::Presence(presence)) => {
                    let typing = who_types(&presence);
                    if self.awaited.is_none() && typing != self.typing {
                        self.typing = typing.clone();
                        pieces.push(ephemeral(&SessionEvent::Typing(typing)));
                    }
                }
                Pushed::Ephemeral(_, Ephemeral::Draft(_) | Ephemeral::Rated(_)) => {} // for staff
            }
        }
        Ok(match pieces.len() {
            1 => pieces.swap_remove(0),
            _ => pieces.concat().into(),
        })
    }

    /// The customer's place among those who wait for a person, when it is another than was told last. When
    /// it cannot be found out just now, the next look does.
    async fn queue_place(&mut self) -> Option<Bytes> {
        let desk = self.gateway.0.desk.tenant_by_id(self.tenant).await.ok()??;
        let place = desk.queue_place(self.session).await.ok()?.map(told_place);
        self.waits = place.is_some();
        let told = place.filter(|_| place != self.place);
        self.place = place;
        told.map(|place| ephemeral(&SessionEvent::Queue(place)))
    }

    /// Moves past an event; gives its bytes back when they are to be sent.
    fn step(&mut self, record: &EventRecord, bytes: Option<Bytes>) -> Option<Bytes> {
        let Version(version) = record.version;
        self.seen = self.seen.max(version);
        if version > self.known {
            self.known = version;
            match &record.event {
                Event::TurnStarted { turn, .. } => self.running = Some(*turn),
                Event::HandoffRequested { .. } => self.waits = true,
                event if ends_turn(event) => self.running = None,
                _ => {}
            }
        }
        if let Some(awaited) = self.awaited {
            let begins = matches!(&record.event, Event::MessagePosted(p) if p.message == awaited);
            if !begins {
                match &record.event {
                    Event::TurnStarted { turn, .. } => self.earlier = Some(*turn),
                    event if ends_turn(event) => self.earlier = None,
                    _ => {}
                }
                return None;
            }
            self.awaited = None;
            return bytes;
        }
        self.over |= matches!(self.end, End::Answered(_)) && self.ends_wait(&record.event);
        bytes
    }

    /// Whether nobody waits for the assistant any more: an answer stands, or a person must come.
    fn ends_wait(&self, event: &Event) -> bool {
        match event {
            Event::HandoffRequested { .. } | Event::TakenOver { .. } | Event::Closed { .. } => true,
            Event::MessagePosted(posted) => {
                let turn = posted.origin.as_ref().map(|origin| origin.turn);
                posted.author != Author::Customer && (turn.is_none() || turn != self.earlier)
            }
            _ => false,
        }
    }

    fn draft(&self, draft: &Draft) -> Option<Bytes> {
        let told = self.running == Some(draft.turn()) && self.awaited.is_none();
        told.then(|| ephemeral(&SessionEvent::from(draft)))
    }
}

/// Whether a running turn is over with this event.
const fn ends_turn(event: &Event) -> bool {
    match event {
        Event::TurnFailed { .. } | Event::TurnCancelled { .. } | Event::Closed { .. } => true,
        Event::MessagePosted(posted) => matches!(posted.author, Author::Assistant),
        _ => false,
    }
}

/// A stored event as the stream writes it; `None` when it is not the customer's.
fn stored(record: &EventRecord, epoch: i64, member: Option<&str>) -> Option<Bytes> {
    let event = SessionEvent::of(record, member)?;
    let Version(seq) = record.version;
    Some(written(&event, &format!("id: {}\n", Cursor { epoch, seq })))
}

/// An event without a place in the log.
fn ephemeral(event: &SessionEvent) -> Bytes {
    written(event, "")
}

/// The last event of a stream.
fn last(problem: &Problem) -> Bytes {
    ephemeral(&SessionEvent::Error(SessionError { problem: problem.body() }))
}

fn gap(session: SessionId, epoch: i64, seq: i64) -> SessionEvent {
    let snapshot_url = format!("/v1/sessions/{session}");
    SessionEvent::Gap(SessionGap { snapshot_url, epoch, seq })
}

/// What a customer may know of who is at their conversation: whether a member writes to them. What the
/// assistant does they hear from its turn.
fn who_types(presence: &Presence) -> Typing {
    let typist = presence.viewers.iter().find(|viewer| viewer.typing);
    let name = typist.map(|viewer| viewer.person.name.as_ref().to_owned());
    Typing { by: typist.map(|_| Speaker::Member), member_name: name }
}

const fn told_place(place: forecourt_actors::QueuePlace) -> QueuePlace {
    QueuePlace { ahead: place.ahead, estimate_s: place.estimate_s }
}

fn again(code: Code) -> Problem {
    Problem::new(code).retry_after(Duration::from_secs(1))
}

fn written(event: &SessionEvent, id: &str) -> Bytes {
    // JSON escapes line breaks, so no text can make up a frame of its own.
    let json = serde_json::to_string(event).unwrap_or_default();
    format!("{id}event: {}\ndata: {json}\n\n", event.name()).into()
}

#[cfg(test)]
mod tests {
    use forecourt_wire::DraftDelta;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn text_cannot_make_up_a_frame() {
        let event = SessionEvent::DraftDelta(DraftDelta {
            draft_id: TurnId::from_uuid(Uuid::from_u128(1)),
            offset: 0,
            text: "a\n\nevent: session.status\ndata: {}\r\n\u{2028}".into(),
        });
        let frame = String::from_utf8(ephemeral(&event).to_vec()).unwrap();
        assert_eq!(frame.lines().count(), 3, "{frame:?}"); // event, data, end
        assert!(frame.ends_with("\n\n") && frame.matches("\n\n").count() == 1);
    }
}
