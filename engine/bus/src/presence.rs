//! Who is where in one tenant: this node's part, counted by its sockets, and the parts of the others.
//!
//! Lives here: the state alone. [`LocalBus`](crate::LocalBus) gives it the time and tells the listeners;
//! [`RedisBus`](crate::RedisBus) carries each node's part to the others.
//!
//! # Invariants
//! - what is told of a conversation is the union of all parts, and told only when it changed;
//! - what somebody said of themselves holds while a socket of theirs is open; the newest word counts;
//! - **A9** conversations, people at one, and members are bounded; what is over the bound is not shown.

use std::{collections::HashMap, sync::Arc, time::Duration};

use forecourt_core::id::{MemberId, NodeId, SessionId};
use forecourt_ports::presence::{
    Availability, MAX_VIEWERS, MemberPresence, Person, Presence, PresenceChange, TYPING, Typist,
    Viewer,
};
use tokio::{sync::mpsc, time::Instant};

/// Conversations, and members, of one tenant that are kept of one node.
pub(crate) const MAX_SESSIONS: usize = 10_000;
pub(crate) const MAX_MEMBERS: usize = 2_000;
/// People that are kept of one node at one conversation.
pub(crate) const MAX_HERE: usize = 100;
/// Nodes whose parts are kept.
const MAX_NODES: usize = 64;
/// Changes that wait for a listener.
const QUEUE: usize = 4_096;

/// One node's part of a conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Here {
    /// With the number of their sockets.
    pub(crate) viewers: Vec<(Person, u32)>,
    pub(crate) typing: Vec<(Person, Instant)>,
    /// Pages of the customer's.
    pub(crate) tabs: u32,
    pub(crate) customer_types: Option<Instant>,
}

/// One node's part of a member.
#[derive(Clone, Debug)]
pub(crate) struct There {
    pub(crate) person: Person,
    pub(crate) sockets: u32,
    pub(crate) said: Option<Said>,
}

/// What a member said of themselves; of several the one with the greatest number is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) nth: u64,
    pub(crate) availability: Availability,
}

/// Another node's part, and when it was told.
#[derive(Debug)]
struct Heard<T> {
    from: NodeId,
    part: T,
    at: Instant,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Presences {
    here: HashMap<SessionId, Here>,
    elsewhere: HashMap<SessionId, Vec<Heard<Here>>>,
    members: HashMap<MemberId, There>,
    members_elsewhere: HashMap<MemberId, Vec<Heard<There>>>,
    /// What was told last; nothing when nobody is there.
    told: HashMap<SessionId, Arc<Presence>>,
    told_members: HashMap<MemberId, (Person, Availability)>,
    listeners: Vec<mpsc::Sender<PresenceChange>>,
}

impl Here {
    pub(crate) fn is_empty(&self) -> bool {
        self.viewers.is_empty()
            && self.typing.is_empty()
            && self.tabs == 0
            && self.customer_types.is_none()
    }

    /// Forgets who has typed long enough; true when somebody has.
    fn expire(&mut self, now: Instant) -> bool {
        let before = (self.typing.len(), self.customer_types.is_some());
        self.typing.retain(|(_, until)| now < *until);
        self.customer_types.take_if(|until| *until <= now);
        before != (self.typing.len(), self.customer_types.is_some())
    }

    fn next_expiry(&self) -> Option<Instant> {
        self.typing.iter().map(|(_, until)| *until).chain(self.customer_types).min()
    }
}

impl Presences {
    // ---- this node's part ----

    pub(crate) fn set_viewer(&mut self, session: SessionId, who: &Person, on: bool) {
        self.change(session, |here| {
            let place = here.viewers.iter().position(|(viewer, _)| viewer.member == who.member);
            match (place, on) {
                (Some(at), true) => here.viewers[at].1 += 1,
                (Some(at), false) if here.viewers[at].1 > 1 => here.viewers[at].1 -= 1,
                (Some(at), false) => {
                    here.viewers.remove(at);
                    here.typing.retain(|(typist, _)| typist.member != who.member);
                }
                (None, true) if here.viewers.len() < MAX_HERE => {
                    here.viewers.push((who.clone(), 1));
                }
                (None, _) => {}
            }
        });
    }

    pub(crate) fn set_typing(&mut self, session: SessionId, who: Typist, on: bool, now: Instant) {
        let until = on.then(|| now + TYPING);
        self.change(session, |here| match who {
            Typist::Customer => here.customer_types = until,
            Typist::Member(person) => {
                here.typing.retain(|(typist, _)| typist.member != person.member);
                if let Some(until) = until.filter(|_| here.typing.len() < MAX_HERE) {
                    here.typing.push((person, until));
                }
            }
        });
    }

    pub(crate) fn set_customer(&mut self, session: SessionId, on: bool) {
        self.change(session, |here| {
            here.tabs = if on { here.tabs.saturating_add(1) } else { here.tabs.saturating_sub(1) };
            if here.tabs == 0 {
                here.customer_types = None;
            }
        });
    }

    fn change(&mut self, session: SessionId, change: impl FnOnce(&mut Here)) {
        if self.here.len() >= MAX_SESSIONS && !self.here.contains_key(&session) {
            return;
        }
        let here = self.here.entry(session).or_default();
        change(here);
        if here.is_empty() {
            self.here.remove(&session);
        }
    }

    pub(crate) fn set_member(&mut self, who: &Person, on: bool) {
        if !on {
            if let Some(there) = self.members.get_mut(&who.member) {
                there.sockets -= 1;
                if there.sockets == 0 {
                    self.members.remove(&who.member);
                }
            }
            return;
        }
        if self.members.len() < MAX_MEMBERS || self.members.contains_key(&who.member) {
            let nobody = || There { person: who.clone(), sockets: 0, said: None };
            self.members.entry(who.member).or_insert_with(nobody).sockets += 1;
        }
    }

    pub(crate) fn set_availability(&mut self, member: MemberId, availability: Availability) {
        let nth = self.said(member).map_or(0, |said| said.nth) + 1;
        if let Some(there) = self.members.get_mut(&member) {
            there.said = Some(Said { nth, availability });
        }
    }

    /// This node's part, as the others are told.
    pub(crate) fn here(&self, session: SessionId) -> Here {
        self.here.get(&session).cloned().unwrap_or_default()
    }

    pub(crate) fn there(&self, member: MemberId) -> Option<There> {
        self.members.get(&member).cloned()
    }

    pub(crate) fn all_here(&self) -> (Vec<SessionId>, Vec<MemberId>) {
        (self.here.keys().copied().collect(), self.members.keys().copied().collect())
    }

    // ---- the others' parts ----

    /// Takes another node's part of a conversation; an empty one ends it.
    pub(crate) fn hear(&mut self, from: NodeId, session: SessionId, here: Here, now: Instant) {
        hear(
            &mut self.elsewhere,
            MAX_SESSIONS,
            from,
            session,
            (!here.is_empty()).then_some(here),
            now,
        );
    }

    pub(crate) fn hear_member(
        &mut self,
        from: NodeId,
        member: MemberId,
        there: Option<There>,
        now: Instant,
    ) {
        hear(&mut self.members_elsewhere, MAX_MEMBERS, from, member, there, now);
    }

    /// Forgets nodes that fell silent; gives whom and what that may have changed.
    pub(crate) fn forget_silent(
        &mut self,
        now: Instant,
        silent: Duration,
    ) -> (Vec<SessionId>, Vec<MemberId>) {
        let sessions = forget(&mut self.elsewhere, now, silent);
        (sessions, forget(&mut self.members_elsewhere, now, silent))
    }

    // ---- what all of them make ----

    /// Forgets who has typed long enough at a conversation; gives when to look again.
    pub(crate) fn expire(&mut self, session: SessionId, now: Instant) -> Option<Instant> {
        let mut next = None;
        let elsewhere = self.elsewhere.get_mut(&session).into_iter().flatten();
        let parts = self.here.get_mut(&session).into_iter().chain(elsewhere.map(|h| &mut h.part));
        for part in parts {
            part.expire(now);
            next = next.into_iter().chain(part.next_expiry()).min();
        }
        if self.here.get(&session).is_some_and(Here::is_empty) {
            self.here.remove(&session);
        }
        next
    }

    /// Who is at a conversation now.
    pub(crate) fn presence(&self, session: SessionId, composing: bool) -> Presence {
        let elsewhere = self.elsewhere.get(&session).into_iter().flatten().map(|heard| &heard.part);
        let parts = || self.here.get(&session).into_iter().chain(elsewhere.clone());
        let mut viewers: Vec<Viewer> = Vec::new();
        let mut join = |person: &Person, typing: bool| match viewers
            .iter_mut()
            .find(|viewer| viewer.person.member == person.member)
        {
            Some(viewer) => viewer.typing |= typing,
            None => viewers.push(Viewer { person: person.clone(), typing }),
        };
        for part in parts() {
            part.viewers.iter().for_each(|(person, _)| join(person, false));
            part.typing.iter().for_each(|(person, _)| join(person, true));
        }
        if let Some(told) = self.told.get(&session) {
            let place = |viewer: &Viewer| {
                let of = |before: &Viewer| before.person.member == viewer.person.member;
                told.viewers.iter().position(of).unwrap_or(usize::MAX)
            };
            viewers.sort_by_key(place); // stable: who is new comes last
        }
        viewers.truncate(MAX_VIEWERS);
        Presence {
            viewers,
            customer_online: parts().any(|part| part.tabs > 0),
            customer_typing: parts().any(|part| part.customer_types.is_some()),
            composing,
        }
    }

    /// What is to be told of a conversation, if it changed; tells the tenant's listeners.
    pub(crate) fn settle(&mut self, session: SessionId, composing: bool) -> Option<Arc<Presence>> {
        let now = self.presence(session, composing);
        match self.told.get(&session) {
            Some(told) if **told == now => return None,
            None if now.is_empty() => return None,
            _ => {}
        }
        let now = Arc::new(now);
        if now.is_empty() {
            self.told.remove(&session);
        } else {
            self.told.insert(session, Arc::clone(&now));
        }
        self.tell(&PresenceChange::Session(session, Arc::clone(&now)));
        Some(now)
    }

    /// Tells the tenant's listeners of a member, if it changed.
    pub(crate) fn settle_member(&mut self, member: MemberId) {
        let availability = self.availability(member);
        let told = self.told_members.get(&member);
        if told.map_or(Availability::Away, |(_, told)| *told) == availability {
            return;
        }
        let person = self.parts_of(member).next().map(|there| &there.person);
        let Some(person) = person.or(told.map(|(person, _)| person)).cloned() else { return };
        if availability == Availability::Away {
            self.told_members.remove(&member);
        } else {
            self.told_members.insert(member, (person.clone(), availability));
        }
        self.tell(&PresenceChange::Member(MemberPresence { person, availability }));
    }

    fn parts_of(&self, member: MemberId) -> impl Iterator<Item = &There> {
        let elsewhere = self.members_elsewhere.get(&member).into_iter().flatten();
        self.members.get(&member).into_iter().chain(elsewhere.map(|heard| &heard.part))
    }

    fn is_there(&self, member: MemberId) -> bool {
        self.parts_of(member).next().is_some()
    }

    fn said(&self, member: MemberId) -> Option<Said> {
        self.parts_of(member).filter_map(|there| there.said).max_by_key(|said| said.nth)
    }

    fn availability(&self, member: MemberId) -> Availability {
        if !self.is_there(member) {
            return Availability::Away;
        }
        self.said(member).map_or(Availability::Online, |said| said.availability)
    }

    /// Members who are there.
    pub(crate) fn members(&self) -> Vec<MemberPresence> {
        let elsewhere =
            self.members_elsewhere.iter().filter(|(id, _)| !self.members.contains_key(id));
        let elsewhere = elsewhere.filter_map(|(_, heard)| Some(&heard.first()?.part.person));
        let here = self.members.values().map(|there| &there.person);
        here.chain(elsewhere)
            .map(|person| MemberPresence {
                person: person.clone(),
                availability: self.availability(person.member),
            })
            .filter(|one| one.availability != Availability::Away)
            .collect()
    }

    /// Conversations at which somebody is, those with members first.
    pub(crate) fn all(&self, most: usize) -> Vec<(SessionId, Arc<Presence>)> {
        let mut all: Vec<_> = self.told.iter().map(|(id, told)| (*id, Arc::clone(told))).collect();
        if all.len() > most {
            all.sort_by_key(|(_, told)| told.viewers.is_empty());
            all.truncate(most);
        }
        all
    }

    pub(crate) fn subscribe(&mut self) -> mpsc::Receiver<PresenceChange> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.listeners.retain(|listener| !listener.is_closed());
        self.listeners.push(sender);
        receiver
    }

    /// A listener whose queue is full is cut: it subscribes again, and asks for all.
    fn tell(&mut self, change: &PresenceChange) {
        self.listeners.retain(|listener| listener.try_send(change.clone()).is_ok());
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.listeners.iter().any(|listener| !listener.is_closed())
    }

    /// Whether nobody is anywhere, and nobody asks.
    pub(crate) fn is_idle(&self) -> bool {
        self.here.is_empty() && self.members.is_empty() && !self.has_listeners()
    }
}

fn hear<K: std::hash::Hash + Eq, T>(
    all: &mut HashMap<K, Vec<Heard<T>>>,
    most: usize,
    from: NodeId,
    of: K,
    part: Option<T>,
    now: Instant,
) {
    let Some(part) = part else {
        if let Some(heard) = all.get_mut(&of) {
            heard.retain(|heard| heard.from != from);
            if heard.is_empty() {
                all.remove(&of);
            }
        }
        return;
    };
    if all.len() >= most && !all.contains_key(&of) {
        return;
    }
    let heard = all.entry(of).or_default();
    heard.retain(|heard| heard.from != from);
    if heard.len() < MAX_NODES {
        heard.push(Heard { from, part, at: now });
    }
}

fn forget<K: std::hash::Hash + Eq + Copy, T>(
    all: &mut HashMap<K, Vec<Heard<T>>>,
    now: Instant,
    silent: Duration,
) -> Vec<K> {
    let mut changed = Vec::new();
    all.retain(|of, heard| {
        let before = heard.len();
        heard.retain(|heard| now < heard.at + silent);
        if heard.len() < before {
            changed.push(*of);
        }
        !heard.is_empty()
    });
    changed
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
