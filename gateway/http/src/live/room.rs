//! A tenant's live room: events come in once, are written once, and go out to every dashboard.
//!
//! One task per tenant and worker that has listeners: a room and its sockets share a thread, and nobody is woken on
//! another. It takes what has queued up, writes each frame once, and sends the same bytes on every line. Events bring along what they changed of their lead; only where nobody could know it (a known
//! contact comes back, another node's event was read from the journal) the rows are read, with one query.
//!
//! # Invariants
//! - **A9** a listener on whose line too much waits is cut, and comes back with its cursor; the room never waits
//!   for one; what all of them hold together are references to the same batches;
//! - a listener that has joined gets every event that is published from then on, in order;
//! - whoever signs out, or whose sign-in ends, is closed within five seconds.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, Weak},
    thread::{self, ThreadId},
    time::Duration,
};

use actix::Message;
use bytestring::ByteString;
use forecourt_core::{
    event::{Event, EventRecord},
    id::{MemberId, SessionId, TenantId},
};
use forecourt_ports::{
    bus::{Bus, Published, Pushed, Subscription},
    clock::Clock,
    store::{LeadDelta, LeadNews, LeadRow, Store, StoreError},
};
use forecourt_wire::{
    BookingFrame, EventFrame, Lead, LeadChanges, LeadEventName, Seen, ServerFrame,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    batch::Batch,
    filter::{About, Told, Whose},
    line::Line,
    protocol::close,
};
use crate::{gateway::lock, names::Names};

/// How often sign-ins are looked at again.
const AUDIT: Duration = Duration::from_secs(4);
/// The least time between two batches: a lone event goes out at once, a stream of them is gathered, because a
/// write to every socket costs more than what is written.
const GATHER: Duration = Duration::from_millis(5);
/// Lines that are written to before others may work.
const AT_ONCE: usize = 128;
/// Lines that are fetched together, before they are written to one by one: a tenth of what a write costs here was
/// waiting for the memory of the next line.
const AHEAD: usize = 16;
/// Events that one batch takes at most.
const TOGETHER: usize = 256;
/// Joins and sign-outs that may wait for the room.
const COMMANDS: usize = 1_024;
/// Tries to read rows before everybody is asked to come back.
const TRIES: u32 = 3;

/// Conversations of which a room knows whose they are; one more begins anew.
const MOST_KNOWN: usize = 20_000;

/// What a socket's actor is told.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Push {
    /// How things stand now; see [`super::outlet`].
    Now(Arc<[ByteString]>),
    Close(u16, &'static str),
}

/// A socket in a room.
pub(crate) struct Listener {
    /// Not kept open by the room.
    line: Weak<Line>,
    /// Names the sign-in session.
    signed_in: [u8; 32],
    /// Wants the conversations of one member alone.
    asks_whose: bool,
}

impl Listener {
    pub(crate) fn new(line: &Arc<Line>, signed_in: [u8; 32], asks_whose: bool) -> Self {
        Self { line: Arc::downgrade(line), signed_in, asks_whose }
    }

    /// Brings the line near. Nothing depends on what is read, so the processor waits for many at once.
    fn fetch(&self) {
        std::hint::black_box(self.line.strong_count());
    }

    /// False when the listener is gone or too slow.
    fn push(&self, batch: &Arc<Batch>) -> bool {
        self.line.upgrade().is_some_and(|line| line.push(batch))
    }

    fn is_open(&self) -> bool {
        self.line.upgrade().is_some_and(|line| line.is_open())
    }

    fn close(&self, code: u16, words: &'static str) {
        if let Some(line) = self.line.upgrade() {
            line.close(code, words);
        }
    }
}

enum Command {
    Join(Listener, oneshot::Sender<()>),
    SignOut([u8; 32]),
}

/// All rooms of this node.
pub(crate) struct Rooms(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    names: Arc<Names>,
    stopping: CancellationToken,
    /// Each tenant's rooms, by the thread of their sockets.
    rooms: Mutex<HashMap<TenantId, HashMap<ThreadId, mpsc::Sender<Command>>>>,
}

impl Rooms {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        names: Arc<Names>,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared { store, bus, clock, names, stopping, rooms: Mutex::default() }))
    }

    /// Adds a listener of this thread to its tenant's room, and opens the room for the first one. Once the receiver
    /// answers, nothing that is published is missed; an error means: come back later.
    pub(crate) fn join(&self, tenant: TenantId, listener: Listener) -> oneshot::Receiver<()> {
        let (joined, answer) = oneshot::channel();
        let mut rooms = lock(&self.0.rooms);
        let rooms = rooms.entry(tenant).or_default();
        let here = thread::current().id();
        let open = rooms.get(&here).filter(|room| !room.is_closed()).cloned();
        let room = open.unwrap_or_else(|| {
            let (commands, inbox) = mpsc::channel(COMMANDS);
            let room = Room {
                tenant,
                subscription: self.0.bus.subscribe_tenant(tenant),
                shared: Arc::clone(&self.0),
                listeners: Vec::new(),
                whose: HashMap::new(),
                quiet_until: Instant::now(),
            };
            actix_web::rt::spawn(room.run(inbox));
            rooms.insert(here, commands.clone());
            commands
        });
        // When the room is full of commands the listener is dropped, and so is `joined`.
        let _full = room.try_send(Command::Join(listener, joined));
        answer
    }

    /// Closes every socket of a sign-in session on this node.
    pub(crate) fn sign_out(&self, tenant: TenantId, signed_in: [u8; 32]) {
        for room in lock(&self.0.rooms).get(&tenant).into_iter().flat_map(HashMap::values) {
            // When this is lost, the next look at the sign-ins finds it.
            let _full = room.try_send(Command::SignOut(signed_in));
        }
    }
}

struct Room {
    tenant: TenantId,
    shared: Arc<Shared>,
    subscription: Subscription,
    listeners: Vec<Listener>,
    /// Whose conversations are, as far as events told since the room opened.
    whose: HashMap<SessionId, Option<MemberId>>,
    /// When the next batch may leave.
    quiet_until: Instant,
}

impl Room {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut audit = tokio::time::interval(AUDIT);
        let mut queue = Vec::with_capacity(TOGETHER);
        let stopping = self.shared.stopping.clone();
        loop {
            tokio::select! {
                count = self.subscription.events.recv_many(&mut queue, TOGETHER) => {
                    if count == 0 {
                        // Too slow for the bus: everybody resumes with their cursor.
                        self.send_back();
                        self.subscription = self.shared.bus.subscribe_tenant(self.tenant);
                        self.whose.clear();
                    }
                    self.gather(&mut queue).await;
                    self.tell(&mut queue).await;
                }
                Some(command) = inbox.recv() => match command {
                    Command::Join(listener, joined) => {
                        self.listeners.push(listener);
                        let _gone = joined.send(()); // a socket that closed meanwhile is found by the audit
                    }
                    Command::SignOut(signed_in) => self.close(|one| one.signed_in == signed_in),
                },
                _ = audit.tick() => {
                    self.audit().await;
                    if self.listeners.is_empty() && self.leave(&inbox) {
                        return;
                    }
                }
                () = stopping.cancelled() => {
                    for one in &self.listeners {
                        one.close(close::AWAY, "the node is stopping");
                    }
                    self.forget(&mut lock(&self.shared.rooms));
                    return;
                }
            }
        }
    }

    /// Closes the room, unless somebody is at the door: joins are sent under the same lock.
    fn leave(&self, inbox: &mpsc::Receiver<Command>) -> bool {
        let mut rooms = lock(&self.shared.rooms);
        let empty = inbox.is_empty();
        if empty {
            self.forget(&mut rooms);
        }
        empty
    }

    /// Takes the room of this thread off the list.
    fn forget(&self, rooms: &mut HashMap<TenantId, HashMap<ThreadId, mpsc::Sender<Command>>>) {
        if let Some(of_tenant) = rooms.get_mut(&self.tenant) {
            of_tenant.remove(&thread::current().id());
            if of_tenant.is_empty() {
                rooms.remove(&self.tenant);
            }
        }
    }

    /// Waits until the next batch may leave, and takes along what has come meanwhile.
    async fn gather(&mut self, queue: &mut Vec<Pushed>) {
        if queue.len() < TOGETHER && Instant::now() < self.quiet_until {
            sleep_until(self.quiet_until).await;
        }
        while queue.len() < TOGETHER
            && let Ok(pushed) = self.subscription.events.try_recv()
        {
            queue.push(pushed);
        }
        self.quiet_until = Instant::now() + GATHER;
    }

    async fn tell(&mut self, queue: &mut Vec<Pushed>) {
        let events: Vec<Arc<Published>> = queue
            .drain(..)
            .filter_map(|pushed| match pushed {
                Pushed::Event(published) => Some(published),
                Pushed::Draft(_) | Pushed::Ephemeral(..) => None,
            })
            .collect();
        if events.is_empty() || self.listeners.is_empty() {
            return;
        }
        let mut tries = 0;
        let batch = loop {
            let told = events.iter().map(|event| (&event.record, &event.news));
            let batch = self.shared.frames(self.tenant, told).await;
            match self.fill(batch).await {
                Ok(batch) => break batch,
                Err(_) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(50 << tries)).await;
                }
                Err(_) => {
                    // What cannot be told is not skipped either: everybody comes back with their cursor.
                    return self.send_back();
                }
            }
        };
        if !batch.told().is_empty() {
            self.send(&batch).await;
        }
    }

    /// Sends a batch on every line, and lets others work in between.
    async fn send(&mut self, batch: &Arc<Batch>) {
        let mut at = 0;
        while at < self.listeners.len() {
            if at % AHEAD == 0 {
                self.listeners[at..].iter().take(AHEAD).for_each(Listener::fetch);
            }
            if self.listeners[at].push(batch) {
                at += 1;
                if at % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            } else {
                self.listeners.swap_remove(at);
            }
        }
    }

    /// Finds out whose the conversations are, if a listener asks for somebody's; and remembers it.
    async fn fill(
        &mut self,
        batch: Result<Vec<Told>, StoreError>,
    ) -> Result<Arc<Batch>, StoreError> {
        let mut batch = batch?;
        let asked = self.listeners.iter().any(|one| one.asks_whose);
        let known =
            |told: &Told| told.whose != Whose::Unknown || self.whose.contains_key(&told.session);
        let unknown: HashSet<SessionId> =
            batch.iter().filter(|told| asked && !known(told)).map(|told| told.session).collect();
        if self.whose.len() + batch.len() > MOST_KNOWN {
            self.whose.clear();
        }
        if !unknown.is_empty() {
            let unknown: Vec<SessionId> = unknown.into_iter().collect();
            let rows = self.shared.store.lead_rows(self.tenant, &unknown).await?;
            self.whose.extend(rows.into_iter().map(|row| (row.session, row.assignee)));
        }
        for told in &mut batch {
            match told.whose {
                Whose::Known(whose) | Whose::Given(whose) => {
                    self.whose.insert(told.session, whose);
                }
                Whose::Unknown => {
                    let whose = self.whose.get(&told.session).copied();
                    told.whose = whose.map_or(Whose::Unknown, Whose::Known);
                }
            }
        }
        Ok(Batch::new(batch))
    }

    /// Closes every socket: each resumes where it stands.
    fn send_back(&mut self) {
        for one in self.listeners.drain(..) {
            one.close(close::SLOW, "resume");
        }
    }

    /// Forgets sockets that are gone and closes those whose sign-in has ended.
    async fn audit(&mut self) {
        self.listeners.retain(Listener::is_open);
        let sessions: HashSet<[u8; 32]> = self.listeners.iter().map(|one| one.signed_in).collect();
        let now = self.shared.clock.now();
        for signed_in in sessions {
            // While the store cannot say, nobody is closed: it will be asked again.
            let member = self.shared.store.find_staff_session(self.tenant, signed_in, now).await;
            if matches!(member, Ok(None)) {
                self.close(|one| one.signed_in == signed_in);
            }
        }
    }

    fn close(&mut self, which: impl Fn(&Listener) -> bool) {
        self.listeners.retain(|one| {
            let closed = which(one);
            if closed {
                one.close(close::UNAUTHORISED, "signed out");
            }
            !closed
        });
    }
}

impl Rooms {
    /// The frames of some events, for a listener that catches up.
    pub(crate) async fn frames(
        &self,
        tenant: TenantId,
        records: &[EventRecord],
    ) -> Result<Arc<Batch>, StoreError> {
        let told = records.iter().map(|record| (record, &LeadNews::Unread));
        Ok(Batch::new(self.0.frames(tenant, told).await?))
    }
}

impl Shared {
    /// Writes events as frames, each with what it changed of its lead; events without a lead have none.
    async fn frames<'a>(
        &self,
        tenant: TenantId,
        told: impl Iterator<Item = (&'a EventRecord, &'a LeadNews)> + Clone,
    ) -> Result<Vec<Told>, StoreError> {
        let unread = told.clone().filter(|(record, news)| {
            **news == LeadNews::Unread && LeadEventName::of(&record.event).is_some()
        });
        let unread: HashSet<SessionId> = unread.map(|(record, _)| record.session).collect();
        let mut rows: HashMap<SessionId, Lead> = HashMap::new();
        if !unread.is_empty() {
            let sessions: Vec<SessionId> = unread.into_iter().collect();
            let read = self.store.lead_rows(tenant, &sessions).await?;
            rows.extend(read.into_iter().map(|row| (row.session, Lead::from(row))));
        }
        let mut batch = Vec::new();
        for (record, news) in told {
            if let Some(frame) = BookingFrame::of(record) {
                batch.push(of_booking(record, frame));
                continue;
            }
            let Some(event) = LeadEventName::of(&record.event) else { continue };
            let (lead, changes) = match news {
                LeadNews::NoLead => continue,
                LeadNews::Unread => match rows.get(&record.session) {
                    Some(lead) => (Some(lead.clone()), None),
                    None => continue,
                },
                LeadNews::Whole(row) => (Some(Lead::from(LeadRow::clone(row))), None),
                LeadNews::Changed(delta) => {
                    (None, Some(LeadChanges::from(LeadDelta::clone(delta))))
                }
            };
            let name = self.names.of(&*self.store, record, self.clock.now()).await;
            let message = match &record.event {
                Event::MessagePosted(posted) => {
                    Some(forecourt_wire::Message::posted(posted, record.at, name.as_deref()))
                }
                _ => None,
            };
            let whose = match &record.event {
                Event::Assigned { member, .. } => Whose::Given(*member),
                _ => lead.as_ref().map_or(Whose::Unknown, |lead| Whose::Known(lead.assignee)),
            };
            let frame = ServerFrame::Event(Box::new(EventFrame {
                seq: record.seq.0,
                event,
                at: record.at,
                session_id: record.session,
                lead,
                changes,
                message,
                seen: Seen::of(&record.event),
            }));
            let (seq, frame, session) = (record.seq, text(&frame), record.session);
            batch.push(Told { seq, frame, about: About::Lead(event), session, whose });
        }
        Ok(batch)
    }
}

/// A booking is told of to whoever asks for bookings; narrowed to conversations, to those of its own.
fn of_booking(record: &EventRecord, frame: BookingFrame) -> Told {
    let session = frame.booking.session_id;
    // Of no conversation, it is in nobody's hands.
    let whose = if session.is_none() { Whose::Known(None) } else { Whose::Unknown };
    let (seq, session) = (record.seq, session.unwrap_or(record.session));
    let frame = text(&ServerFrame::Booking(Box::new(frame)));
    Told { seq, frame, about: About::Booking, session, whose }
}

/// A frame as the socket writes it.
pub(crate) fn text(frame: &ServerFrame) -> ByteString {
    // The shapes of the wire cannot fail to serialise.
    serde_json::to_string(frame).unwrap_or_default().into()
}
