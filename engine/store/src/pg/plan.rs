//! What a commit writes: who wins, and the rows that follow from events and effects. Pure.
//!
//! # Invariants
//! - **A2** an append is stored only from the version that the session has, counting the appends
//!   before it in the same batch;
//! - one append that is refused changes nothing for the others;
//! - rows that follow from several appends of one session are written once, as they stand in the end.

use std::collections::{BTreeMap, HashMap, HashSet};

use forecourt_core::{
    contact::Email,
    effect::TimerKind,
    event::{Author, ContactLearned, Event, LeadCaptured, Seq, Version},
    id::{ContactId, DeliveryId, NodeId, SessionId},
    session::LeadSession,
};
use forecourt_ports::store::{Append, Appended, InboundEvent, LeadRecord, search_text};
use jiff::Timestamp;

use crate::{
    error::DbError,
    tables::{
        Doc,
        contacts::{KnownContact, LearnedContact, NewContact, ToldContact},
        deliveries::{MovedDelivery, NewDelivery, ReplayedDelivery},
        inbound_events::InboundRow,
        journal::EventRow,
        leads::LeadColumns,
        messages::MessageRow,
        sessions::SessionRow,
        timers::TimerRow,
    },
};

/// What stands in the tables, read under the lock of the tenant's log.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) last: Seq,
    pub(super) sessions: Vec<(SessionId, Version)>,
    pub(super) leads: Vec<LeadRecord>,
    pub(super) contacts: Vec<KnownContact>,
}

/// Everything a commit writes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One answer per append, in order.
    pub(super) appended: Vec<Appended>,
    /// The last place of the log, once the plan is carried out.
    pub(super) last: Seq,
    pub(super) events: Vec<EventRow>,
    pub(super) messages: Vec<MessageRow>,
    pub(super) sessions: Vec<SessionRow>,
    pub(super) leads: Vec<LeadColumns>,
    pub(super) new_contacts: BTreeMap<ContactId, NewContact>,
    pub(super) told_contacts: BTreeMap<ContactId, ToldContact>,
    /// By session: whose contact that is, is known when it is written.
    pub(super) learned: BTreeMap<SessionId, LearnedContact>,
    pub(super) timers: BTreeMap<(SessionId, TimerKind), TimerRow>,
    pub(super) new_deliveries: BTreeMap<DeliveryId, NewDelivery>,
    pub(super) moved_deliveries: BTreeMap<DeliveryId, MovedDelivery>,
    pub(super) replayed_deliveries: BTreeMap<DeliveryId, ReplayedDelivery>,
    pub(super) inbound: Vec<InboundRow>,
    /// Where a member's message was sent, and when the last one: the drafts there are over.
    pub(super) sent: Vec<uuid::Uuid>,
    pub(super) sent_at: Option<Timestamp>,
}

impl Plan {
    pub(super) fn of(
        appends: &[Append],
        inbound: &[InboundEvent],
        known: Known,
        node: NodeId,
    ) -> Result<Self, DbError> {
        let mut planning = Planning::new(known, node);
        for append in appends {
            let appended = match planning.check(append) {
                Ok(()) => planning.append(append)?,
                Err(refused) => refused,
            };
            planning.plan.appended.push(appended);
        }
        let mut plan = planning.finish()?;
        plan.inbound.extend(inbound.iter().map(InboundRow::of));
        Ok(plan)
    }
}

struct Planning<'a> {
    node: NodeId,
    plan: Plan,
    sessions: HashMap<SessionId, Progress<'a>>,
    /// In order of their first append, so that the same batch writes the same rows in the same order.
    touched: Vec<SessionId>,
    contacts: HashSet<ContactId>,
    mails: HashMap<String, ContactId>,
}

/// How far a session is within the batch.
#[derive(Default)]
struct Progress<'a> {
    version: i64,
    lead: Option<LeadRecord>,
    /// Whether the lead's row must be written.
    moves_lead: bool,
    began_at: Option<Timestamp>,
    newest: Option<(&'a LeadSession, Timestamp)>,
}

impl<'a> Planning<'a> {
    fn new(known: Known, node: NodeId) -> Self {
        let mut sessions: HashMap<SessionId, Progress<'_>> = HashMap::new();
        for (id, version) in known.sessions {
            sessions.insert(id, Progress { version: version.0, ..Progress::default() });
        }
        for lead in known.leads {
            let session = lead.session;
            sessions.entry(session).or_default().lead = Some(lead);
        }
        let mails = known
            .contacts
            .iter()
            .filter_map(|contact| contact.email_key.clone().map(|key| (key, contact.contact)));
        Self {
            node,
            plan: Plan { last: known.last, ..Plan::default() },
            mails: mails.collect(),
            contacts: known.contacts.iter().map(|contact| contact.contact).collect(),
            sessions,
            touched: Vec::new(),
        }
    }

    fn check(&self, append: &Append) -> Result<(), Appended> {
        let version = self.sessions.get(&append.session).map_or(0, |session| session.version);
        if append.expected.0 != version {
            return Err(Appended::Conflict);
        }
        let after = version + append.events.len() as i64;
        if append.events.is_empty()
            || append.state.version.0 != after
            || append.state.id != append.session
        {
            return Err(Appended::Unstorable);
        }
        let captured = append.events.iter().find_map(|event| match event {
            Event::LeadCaptured(captured) => Some(captured),
            _ => None,
        });
        if captured.is_some_and(|captured| self.is_taken(captured)) {
            return Err(Appended::Taken);
        }
        Ok(())
    }

    /// A new contact must be new, by id and by mail address; a known one must be known.
    fn is_taken(&self, captured: &LeadCaptured) -> bool {
        let is_known = self.contacts.contains(&captured.contact);
        let mail = captured.email.as_ref().map(Email::key);
        captured.new_contact == is_known
            || captured.new_contact && mail.is_some_and(|mail| self.mails.contains_key(&mail))
    }

    fn append(&mut self, append: &'a Append) -> Result<Appended, DbError> {
        let first = Seq(self.plan.last.0 + 1);
        let mut cause = append.cause.as_ref().map(Doc::of).transpose()?.filter(Doc::is_storable);
        for (n, event) in (1..).zip(&append.events) {
            self.plan.last.0 += 1;
            self.plan.events.push(EventRow {
                seq: self.plan.last.0,
                session_id: append.session.into_uuid(),
                version: append.expected.0 + n,
                at: append.at.into(),
                kind: event.kind(),
                body: Doc::of(event)?,
                cause: if n == 1 { cause.take() } else { None },
            });
            match event {
                Event::MessagePosted(posted) => {
                    let row = MessageRow::of(append.session, posted, append.at);
                    self.plan.messages.push(row);
                    if matches!(posted.author, Author::Member { .. }) {
                        self.plan.sent.push(append.session.into_uuid());
                        self.plan.sent_at = Some(append.at);
                    }
                }
                Event::LeadCaptured(captured) => self.capture(captured, append.at),
                Event::ContactLearned(told) => self.learn(append.session, told, append.at),
                _ => {}
            }
        }
        for effect in &append.effects {
            self.plan.keep(effect, append, self.node);
        }
        self.plan.inbound.extend(append.inbound.iter().map(InboundRow::of));
        let progress = self.sessions.entry(append.session).or_default();
        if let Some(fold) = &append.lead {
            progress.lead = fold.after.as_deref().cloned();
            progress.moves_lead |= fold.changed;
        } else {
            let before = progress.lead.clone();
            let after = LeadRecord::after(before, append.at, &append.events, &append.state);
            progress.moves_lead |= after != progress.lead;
            progress.lead = after;
        }
        progress.version = append.state.version.0;
        if progress.newest.replace((&append.state, append.at)).is_none() {
            progress.began_at = Some(append.at);
            self.touched.push(append.session);
        }
        Ok(Appended::Stored { first })
    }

    fn capture(&mut self, captured: &LeadCaptured, at: Timestamp) {
        let (name, phone) = (captured.name.clone(), captured.phone.as_ref());
        let phone = phone.map(|phone| phone.as_str().to_owned());
        let mail = captured.email.as_ref();
        let search = search_text(name.as_deref(), mail.map(Email::as_str));
        if captured.new_contact {
            let new = NewContact {
                contact_id: captured.contact.into_uuid(),
                name,
                email: mail.map(|mail| mail.as_str().to_owned()),
                email_key: mail.map(Email::key),
                phone,
                search,
                created_at: at.into(),
                updated_at: at.into(),
            };
            self.plan.new_contacts.insert(captured.contact, new);
            self.contacts.insert(captured.contact);
            self.mails.extend(mail.map(|mail| (mail.key(), captured.contact)));
            return;
        }
        // What is only partly told cannot be searched anew.
        let search = (name.is_some() && mail.is_some()).then_some(search);
        if let Some(new) = self.plan.new_contacts.get_mut(&captured.contact) {
            new.name = name.or(new.name.take());
            new.phone = phone.or(new.phone.take());
            new.search = search.unwrap_or_else(|| std::mem::take(&mut new.search));
            new.updated_at = at.into();
            return;
        }
        let told = ToldContact {
            contact_id: captured.contact.into_uuid(),
            name,
            phone,
            search,
            updated_at: at.into(),
        };
        self.plan.told_contacts.insert(captured.contact, told);
    }

    /// What was told later counts; what was not told then stays as it was told before.
    fn learn(&mut self, session: SessionId, told: &ContactLearned, at: Timestamp) {
        let ContactLearned { name, email, phone, company: _, sms_consent: _, answers: _ } = told;
        if name.is_none() && email.is_none() && phone.is_none() {
            return;
        }
        let before = self.plan.learned.remove(&session);
        let mut row = before.unwrap_or_else(|| LearnedContact {
            session_id: session.into_uuid(),
            name: None,
            folded: None,
            email: None,
            email_key: None,
            phone: None,
            updated_at: at.into(),
        });
        row.updated_at = at.into();
        if let Some(name) = name {
            row.name = Some(name.clone());
            row.folded = Some(name.to_lowercase());
        }
        if let Some(email) = email {
            row.email = Some(email.as_str().to_owned());
            row.email_key = Some(email.key());
        }
        if let Some(phone) = phone {
            row.phone = Some(phone.as_str().to_owned());
        }
        self.plan.learned.insert(session, row);
    }

    /// Sessions and leads as they stand in the end.
    fn finish(mut self) -> Result<Plan, DbError> {
        for id in self.touched {
            let Some(progress) = self.sessions.remove(&id) else { continue };
            let Some((state, at)) = progress.newest else { continue };
            let mut row = SessionRow::of(state, at)?;
            row.created_at = progress.began_at.unwrap_or(at).into();
            self.plan.sessions.push(row);
            if progress.moves_lead {
                self.plan.leads.extend(progress.lead.map(LeadColumns::of));
            }
        }
        // Locked in one order by whoever locks several (see `hand_over_all`).
        self.plan.sessions.sort_unstable_by_key(|row| row.session_id);
        Ok(self.plan)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
