//! The journal in memory: an append is checked whole, then stored whole.

use std::sync::{Arc, MutexGuard};

use async_trait::async_trait;
use forecourt_core::{
    booking::BookingTold,
    contact::Email,
    effect::{DeliveryEnd, Effect},
    event::{
        Author, ContactLearned, DeliveryQueued, Event, EventRecord, LeadCaptured, MessagePosted,
        MessageSeq, Seq, Version,
    },
    id::{ContactId, DeliveryId, MemberId, NodeId, SessionId, TenantId},
};
use jiff::{SignedDuration, Timestamp};

use super::{Claim, Contact, Delivery, MemStore, SessionData, TenantData, Timer, World, lock};
use crate::store::{
    Append, Appended, Batch, DraftRow, Head, Journal, LeadRecord, Loaded, StoreError,
    StoredMessage, reason_of,
};

/// How long a commit holds the deliveries it queued for its own node.
const OWN_DELIVERIES: SignedDuration = SignedDuration::from_secs(15);
/// How many messages a session wakes with.
const RECENT: usize = 20;

#[async_trait]
impl Journal for MemStore {
    async fn commit(&self, tenant: TenantId, batch: &Batch) -> Result<Vec<Appended>, StoreError> {
        let mut world = self.enter("commit").await?;
        if take_one(&mut lock(&self.shared.faults).fail_commits) {
            return Err(StoreError::Unavailable);
        }
        let data = world.tenant_mut(tenant)?;
        let appended =
            batch.appends.iter().map(|append| data.append(tenant, self.node, append)).collect();
        data.inbound.extend(batch.inbound.iter().cloned());
        if take_one(&mut lock(&self.shared.faults).lose_answers) {
            return Err(StoreError::Unavailable);
        }
        Ok(appended)
    }

    async fn load(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Loaded>, StoreError> {
        let world = self.enter("load").await?;
        let data = world.tenant(tenant)?;
        Ok(data.sessions.get(&session).map(|found| Loaded {
            state: found.state.clone(),
            lead: data.lead_of(session).map(Arc::new),
            recent: data.named(found.messages.iter().rev().take(RECENT).rev()),
        }))
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        let world = self.enter("head").await?;
        Ok(world.tenant(tenant)?.head())
    }

    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let world = self.enter("replay").await?;
        events(&world, tenant, limit, |record| record.seq > after)
    }

    async fn replay_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let world = self.enter("replay_session").await?;
        events(&world, tenant, limit, |record| record.session == session && record.version > after)
    }

    async fn messages(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: MessageSeq,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let world = self.enter("messages").await?;
        let data = world.tenant(tenant)?;
        let messages = data.sessions.get(&session).into_iter().flat_map(|found| &found.messages);
        Ok(data.named(messages.filter(|message| message.seq > after).take(limit as usize)))
    }
}

fn events(
    world: &MutexGuard<'_, World>,
    tenant: TenantId,
    limit: u32,
    wanted: impl Fn(&EventRecord) -> bool,
) -> Result<Vec<EventRecord>, StoreError> {
    let journal = world.tenant(tenant)?.journal.iter();
    Ok(journal.filter(|record| wanted(record)).take(limit as usize).cloned().collect())
}

pub(super) fn take_one(count: &mut u32) -> bool {
    let left = *count > 0;
    *count = count.saturating_sub(1);
    left
}

impl TenantData {
    pub(super) fn head(&self) -> Head {
        Head { epoch: self.epoch, seq: Seq(self.last_seq) }
    }

    fn append(&mut self, tenant: TenantId, node: NodeId, append: &Append) -> Appended {
        if let Err(refused) = self.check(append) {
            return refused;
        }
        let first = Seq(self.last_seq + 1);
        for (n, event) in (1_i64..).zip(&append.events) {
            self.last_seq += 1;
            self.journal.push(EventRecord {
                tenant,
                session: append.session,
                seq: Seq(self.last_seq),
                version: Version(append.expected.0 + n),
                at: append.at,
                event: event.clone(),
            });
        }
        if let Some(cause) = &append.cause {
            self.causes.insert(first, cause.clone());
        }
        self.project(append);
        for effect in &append.effects {
            self.keep(effect, append, node);
        }
        self.inbound.extend(append.inbound.clone());
        Appended::Stored { first }
    }

    /// An event of a booking's stream, in its place.
    pub(super) fn tell(
        &mut self,
        tenant: TenantId,
        at: Timestamp,
        told: BookingTold,
    ) -> EventRecord {
        self.last_seq += 1;
        let record = EventRecord {
            tenant,
            session: told.stream(),
            seq: Seq(self.last_seq),
            version: Version(told.version.0),
            at,
            event: Event::BookingTold(Box::new(told)),
        };
        self.journal.push(record.clone());
        record
    }

    fn check(&self, append: &Append) -> Result<(), Appended> {
        let version = self.sessions.get(&append.session).map_or(0, |found| found.state.version.0);
        if version != append.expected.0 {
            return Err(Appended::Conflict);
        }
        let after = append.expected.0 + append.events.len() as i64;
        if append.events.is_empty() || append.state.version.0 != after {
            return Err(Appended::Unstorable);
        }
        let texts = serde_json::to_value((&append.events, &append.state));
        if texts.map_or(true, |texts| holds_nul(&texts)) {
            return Err(Appended::Unstorable);
        }
        for event in &append.events {
            match event {
                Event::LeadCaptured(captured) if self.is_taken(captured) => {
                    return Err(Appended::Taken);
                }
                Event::LeadCaptured(LeadCaptured { same_phone_as: Some(other), .. })
                    if !self.contacts.contains_key(other) =>
                {
                    return Err(Appended::Unstorable);
                }
                Event::CallbackAgreed { at, member, .. }
                    if self.leads.values().any(|lead| {
                        let here = lead.session == append.session;
                        !here && lead.callback.is_some_and(|c| (c.at, c.member) == (*at, *member))
                    }) =>
                {
                    return Err(Appended::Taken);
                }
                Event::MessagePosted(posted) if self.message_ids.contains(&posted.message) => {
                    return Err(Appended::Taken);
                }
                Event::MessagePosted(MessagePosted {
                    author: Author::Member { member }, ..
                }) if self.member_name(*member).is_none() => {
                    return Err(Appended::Unstorable);
                }
                Event::DeliveryQueued(queued) if self.deliveries.contains_key(&queued.delivery) => {
                    return Err(Appended::Taken);
                }
                Event::DeliveryQueued(queued) if self.means_twice(queued, append) => {
                    return Err(Appended::Taken);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The intent ledger: of one meaning one delivery is on its way or has arrived.
    fn means_twice(&self, queued: &DeliveryQueued, append: &Append) -> bool {
        let ends = |id: DeliveryId| {
            append.effects.iter().any(
                |effect| matches!(effect, Effect::EndDelivery { delivery, .. } if *delivery == id),
            )
        };
        queued.intent.is_some()
            && self.deliveries.iter().any(|(id, row)| {
                row.queued.intent == queued.intent
                    && matches!(row.status, "pending" | "handing_over" | "accepted")
                    && !ends(*id)
            })
    }

    /// A new contact must be new, a known one known; a lead is captured once.
    fn is_taken(&self, captured: &LeadCaptured) -> bool {
        let key = captured.email.as_ref().map(Email::key);
        let same_mail = |(id, contact): (&ContactId, &Contact)| {
            *id != captured.contact && key.is_some() && contact.email_key == key
        };
        self.leads.contains_key(&captured.lead)
            || captured.new_contact == self.contacts.contains_key(&captured.contact)
            || captured.new_contact && self.contacts.iter().any(same_mail)
    }

    /// The rows that follow from the events.
    fn project(&mut self, append: &Append) {
        let found = self
            .sessions
            .entry(append.session)
            .or_insert_with(|| SessionData { state: append.state.clone(), messages: Vec::new() });
        found.state = append.state.clone();
        for event in &append.events {
            match event {
                Event::MessagePosted(posted) => {
                    self.message_ids.insert(posted.message);
                    let sent = matches!(posted.author, Author::Member { .. });
                    let draft = self.drafts.get_mut(&append.session);
                    if let Some(draft) = draft.filter(|draft| sent && !draft.text.is_empty()) {
                        let (revision, at) = (draft.revision + 1, Some(append.at));
                        *draft = DraftRow { revision, at, ..DraftRow::default() };
                    }
                    found.messages.push(StoredMessage {
                        message: posted.message,
                        seq: posted.seq,
                        author: posted.author,
                        member_name: None,
                        text: posted.text.clone(),
                        client_id: posted.client_id.clone(),
                        at: append.at,
                    });
                }
                Event::LeadCaptured(captured) => {
                    let contact = self.contacts.entry(captured.contact).or_insert(Contact {
                        name: None,
                        email: captured.email.as_ref().map(|email| email.as_str().to_owned()),
                        email_key: captured.email.as_ref().map(Email::key),
                        phone: None,
                        created_at: append.at,
                        unsubscribed_at: None,
                    });
                    contact.name = captured.name.clone().or(contact.name.take());
                    let phone = captured.phone.as_ref().map(|phone| phone.as_str().to_owned());
                    contact.phone = phone.or(contact.phone.take());
                }
                _ => {}
            }
        }
        let before = self.lead_of(append.session);
        let after = LeadRecord::after(before, append.at, &append.events, &append.state);
        if let Some(fold) = &append.lead {
            // Whose lead it is by an address that was told later, only the store knows.
            let known = fold.after.as_deref().cloned().map(|mut record| {
                record.contact = after.as_ref().map_or(record.contact, |stored| stored.contact);
                record
            });
            assert_eq!(known, after, "the writer knows another row (A3)");
        }
        self.leads.extend(after.map(|record| (record.lead, record)));
        for event in &append.events {
            if let Event::ContactLearned(told) = event {
                self.learn(append.session, told);
            }
        }
    }

    /// What was not said stays; a lead whose customer has another contact's address becomes that contact's.
    fn learn(&mut self, session: SessionId, told: &ContactLearned) {
        let Some(lead) = self.leads.values_mut().find(|lead| lead.session == session) else {
            return;
        };
        let key = told.email.as_ref().map(Email::key);
        let has_mail = |contact: &&Contact| key.is_some() && contact.email_key == key;
        let owner = self.contacts.iter().find(|(_, contact)| has_mail(contact));
        lead.contact = owner.map_or(lead.contact, |(id, _)| *id);
        let Some(contact) = self.contacts.get_mut(&lead.contact) else { return };
        contact.name = told.name.clone().or(contact.name.take());
        if let Some(email) = &told.email {
            contact.email = Some(email.as_str().to_owned());
            contact.email_key = key;
        }
        let phone = told.phone.as_ref().map(|phone| phone.as_str().to_owned());
        contact.phone = phone.or(contact.phone.take());
    }

    /// The rows that durable effects are.
    fn keep(&mut self, effect: &Effect, append: &Append, node: NodeId) {
        let (session, at) = (append.session, append.at);
        match effect {
            Effect::SetTimer { kind, due_at } => {
                let old = self.timers.get(&(session, *kind)).copied();
                let timer = Timer::set(old, *due_at, at, reason_of(&append.events), node);
                self.timers.insert((session, *kind), timer);
            }
            Effect::EndTimer { kind, end } => {
                if let Some(timer) = self.timers.get_mut(&(session, *kind)) {
                    timer.end(*end, at, reason_of(&append.events), node);
                }
            }
            Effect::QueueDelivery(queued) => {
                let delivery = Delivery {
                    session,
                    queued: queued.clone(),
                    status: "pending",
                    attempts: 0,
                    next_at: at,
                    claim: Some(Claim::new(node, at, OWN_DELIVERIES)),
                    code: None,
                    replayed_by: None,
                    created_at: at,
                    updated_at: at,
                };
                if let Some(dead) = queued.replay_of.and_then(|of| self.deliveries.get_mut(&of)) {
                    dead.replayed_by = Some(queued.delivery);
                }
                self.deliveries.insert(queued.delivery, delivery);
            }
            Effect::RetryDelivery { delivery, next_at, code } => {
                if let Some(row) = self.deliveries.get_mut(delivery) {
                    row.attempts += 1;
                    (row.status, row.next_at, row.claim) = ("pending", *next_at, None);
                    (row.code, row.updated_at) = (Some(code.clone()), at);
                }
            }
            Effect::EndDelivery { delivery, end } => {
                if let Some(row) = self.deliveries.get_mut(delivery) {
                    let (status, code) = match end {
                        DeliveryEnd::Accepted { .. } => ("accepted", None),
                        DeliveryEnd::Failed { code } => ("failed", Some(code.clone())),
                        DeliveryEnd::Uncertain { code } => ("uncertain", Some(code.clone())),
                        DeliveryEnd::Refused => ("refused", None),
                    };
                    row.attempts += u32::from(status != "refused");
                    (row.status, row.code, row.claim) = (status, code, None);
                    row.updated_at = at;
                }
            }
            Effect::StartTurn { .. } | Effect::CancelTurn { .. } => {}
        }
    }

    fn lead_of(&self, session: SessionId) -> Option<LeadRecord> {
        self.leads.values().find(|lead| lead.session == session).cloned()
    }

    pub(super) fn member_name(&self, member: MemberId) -> Option<&str> {
        let found = self.members.iter().find(|known| known.member.member == member);
        found.map(|known| known.member.name.as_str())
    }

    /// Messages with the names of the members who wrote them.
    pub(super) fn named<'a>(
        &self,
        messages: impl Iterator<Item = &'a StoredMessage>,
    ) -> Vec<StoredMessage> {
        let name = |author: Author| match author {
            Author::Member { member } => self.member_name(member).map(str::to_owned),
            Author::Customer | Author::Assistant => None,
        };
        messages
            .map(|message| StoredMessage { member_name: name(message.author), ..message.clone() })
            .collect()
    }
}

fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(values) => values.iter().any(holds_nul),
        serde_json::Value::Object(fields) => fields.values().any(holds_nul),
        _ => false,
    }
}
