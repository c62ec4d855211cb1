//! Who is where in a whole tenant, told to the sockets that asked for it: topics `presence` and `members`.
//!
//! One task per tenant with such sockets. What changes is gathered, at most four times a second, and each
//! conversation and member that changed is told as it stands then.
//!
//! # Invariants
//! - who joins is told all; who was too slow is told, once it reads again, what it missed;
//! - **A9** a socket that misses more than [`MOST_MISSED`] comes back with its cursor.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytestring::ByteString;
use forecourt_core::id::{MemberId, SessionId, TenantId};
use forecourt_ports::{
    bus::Bus,
    presence::{Availability, MemberPresence, PresenceChange},
};
use forecourt_wire::{MemberFrame, PresenceFrame, ServerFrame, Topic};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    outlet::{Outlet, Pushed},
    protocol::close,
    room::text,
};
use crate::gateway::lock;

/// Between two tellings.
const GATHER: Duration = Duration::from_millis(250);
/// How often sockets that are gone are looked for.
const LOOK: Duration = Duration::from_secs(5);
/// Conversations that a socket is told of when it joins.
const MOST: usize = 1_000;
/// Things that are remembered for a socket that does not read.
const MOST_MISSED: usize = 2_000;
/// Joins that may wait for the task, and changes that are taken together.
const JOINS: usize = 256;
const TOGETHER: usize = 256;

/// All lobbies of this node.
pub(crate) struct Lobbies(Arc<Shared>);

struct Shared {
    bus: Arc<dyn Bus>,
    stopping: CancellationToken,
    open: Mutex<HashMap<TenantId, mpsc::Sender<Guest>>>,
}

/// A socket that asked who is where.
pub(crate) struct Guest {
    outlet: Outlet,
    presence: bool,
    members: bool,
    missed: HashSet<Of>,
}

/// What something is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Of {
    Session(SessionId),
    Member(MemberId),
}

impl Guest {
    /// `None` when neither topic is wanted.
    pub(crate) fn new(outlet: Outlet, wants: impl Fn(Topic) -> bool) -> Option<Self> {
        let (presence, members) = (wants(Topic::Presence), wants(Topic::Members));
        (presence || members).then(|| Self { outlet, presence, members, missed: HashSet::new() })
    }

    const fn wants(&self, of: Of) -> bool {
        match of {
            Of::Session(_) => self.presence,
            Of::Member(_) => self.members,
        }
    }
}

impl Lobbies {
    pub(crate) fn new(bus: Arc<dyn Bus>, stopping: CancellationToken) -> Self {
        Self(Arc::new(Shared { bus, stopping, open: Mutex::default() }))
    }

    /// Lets a socket in; false when too many come at once.
    pub(crate) fn join(&self, tenant: TenantId, guest: Guest) -> bool {
        let mut open = lock(&self.0.open);
        let known = open.get(&tenant).filter(|task| !task.is_closed()).cloned();
        let task = known.unwrap_or_else(|| {
            let (joins, inbox) = mpsc::channel(JOINS);
            let lobby = Lobby {
                tenant,
                changes: self.0.bus.subscribe_presence(tenant),
                shared: Arc::clone(&self.0),
                guests: Vec::new(),
                changed: HashMap::new(),
                names: HashMap::new(),
                told: Instant::now(),
            };
            actix_web::rt::spawn(lobby.run(inbox));
            open.insert(tenant, joins.clone());
            joins
        });
        task.try_send(guest).is_ok()
    }
}

struct Lobby {
    tenant: TenantId,
    shared: Arc<Shared>,
    changes: mpsc::Receiver<PresenceChange>,
    guests: Vec<Guest>,
    /// What changed since it was last told, as it stands.
    changed: HashMap<Of, ByteString>,
    /// Members that were seen here: who left is told by name.
    names: HashMap<MemberId, MemberPresence>,
    told: Instant,
}

impl Lobby {
    async fn run(mut self, mut inbox: mpsc::Receiver<Guest>) {
        let stopping = self.shared.stopping.clone();
        let mut queue = Vec::with_capacity(TOGETHER);
        loop {
            let wake = self.next_look();
            tokio::select! {
                count = self.changes.recv_many(&mut queue, TOGETHER) => {
                    if count == 0 {
                        self.send_back();
                    }
                    for change in queue.drain(..) {
                        self.note(change);
                    }
                    if self.told + GATHER <= Instant::now() {
                        self.tell();
                    }
                }
                Some(guest) = inbox.recv() => self.greet(guest),
                () = sleep_until(wake) => {
                    self.tell();
                    self.guests.retain(|guest| guest.outlet.is_open());
                    if self.guests.is_empty() && self.leave(&inbox) {
                        return;
                    }
                }
                () = stopping.cancelled() => return,
            }
        }
    }

    fn next_look(&self) -> Instant {
        let waits =
            !self.changed.is_empty() || self.guests.iter().any(|one| !one.missed.is_empty());
        if waits { self.told + GATHER } else { Instant::now() + LOOK }
    }

    /// Ends the task, unless somebody is at the door: joins are sent under the same lock.
    fn leave(&self, inbox: &mpsc::Receiver<Guest>) -> bool {
        let mut open = lock(&self.shared.open);
        let empty = inbox.is_empty();
        if empty {
            open.remove(&self.tenant);
        }
        empty
    }

    /// The bus has cut us: everybody resumes, and is told all.
    fn send_back(&mut self) {
        for guest in self.guests.drain(..) {
            guest.outlet.close(close::SLOW, "resume");
        }
        self.changes = self.shared.bus.subscribe_presence(self.tenant);
    }

    fn note(&mut self, change: PresenceChange) {
        let (of, frame) = match change {
            PresenceChange::Session(session, presence) => {
                let frame = ServerFrame::Presence(PresenceFrame::of(session, &presence));
                (Of::Session(session), frame)
            }
            PresenceChange::Member(member) => {
                let of = Of::Member(member.person.member);
                let frame = ServerFrame::Member(MemberFrame::from(&member));
                self.names.insert(member.person.member, member);
                (of, frame)
            }
        };
        self.changed.insert(of, text(&frame));
    }

    /// Tells a new one all there is.
    fn greet(&mut self, mut guest: Guest) {
        if guest.presence {
            let all = self.shared.bus.presences(self.tenant, MOST);
            guest.missed.extend(all.into_iter().map(|(session, _)| Of::Session(session)));
        }
        if guest.members {
            for member in self.shared.bus.members(self.tenant) {
                guest.missed.insert(Of::Member(member.person.member));
                self.names.insert(member.person.member, member);
            }
        }
        self.guests.push(guest);
        self.make_up();
    }

    /// Tells what changed, and to who was too slow what they missed.
    fn tell(&mut self) {
        self.told = Instant::now();
        self.make_up();
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return;
        }
        let frames = |presence: bool, members: bool| -> Arc<[ByteString]> {
            let wanted = changed.iter().filter(|(of, _)| match of {
                Of::Session(_) => presence,
                Of::Member(_) => members,
            });
            wanted.map(|(_, frame)| frame.clone()).collect()
        };
        let all = frames(true, true);
        let (some, rest) = (frames(true, false), frames(false, true));
        self.guests.retain_mut(|guest| {
            let frames = match (guest.presence, guest.members) {
                (true, true) => &all,
                (true, false) => &some,
                _ => &rest,
            };
            if frames.is_empty() {
                return true;
            }
            let became = if guest.missed.is_empty() {
                guest.outlet.push(Arc::clone(frames))
            } else {
                Pushed::Full
            };
            match became {
                Pushed::Sent => true,
                Pushed::Gone => false,
                Pushed::Full => {
                    let missed: Vec<Of> =
                        changed.keys().copied().filter(|of| guest.wants(*of)).collect();
                    guest.missed.extend(missed);
                    if guest.missed.len() > MOST_MISSED {
                        guest.outlet.close(close::SLOW, "too slow, resume");
                        return false;
                    }
                    true
                }
            }
        });
        // Who is away has been told: their name is needed no more.
        self.names.retain(|member, one| {
            one.availability != Availability::Away
                || self.guests.iter().any(|guest| guest.missed.contains(&Of::Member(*member)))
        });
    }

    /// Tells who was too slow what they missed, as it stands now.
    fn make_up(&mut self) {
        let (bus, tenant, names) = (&self.shared.bus, self.tenant, &self.names);
        self.guests.retain_mut(|guest| {
            if guest.missed.is_empty() {
                return true;
            }
            let frames: Arc<[ByteString]> = guest
                .missed
                .iter()
                .filter_map(|of| match of {
                    Of::Session(session) => {
                        let presence = bus.presence(tenant, *session);
                        let frame = PresenceFrame::of(*session, &presence);
                        Some(text(&ServerFrame::Presence(frame)))
                    }
                    Of::Member(member) => {
                        let frame = MemberFrame::from(names.get(member)?);
                        Some(text(&ServerFrame::Member(frame)))
                    }
                })
                .collect();
            match guest.outlet.push(frames) {
                Pushed::Sent => {
                    guest.missed.clear();
                    true
                }
                Pushed::Full => true,
                Pushed::Gone => false,
            }
        });
    }
}
