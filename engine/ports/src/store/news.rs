//! What each event of a decision changed of its lead, as the live list shows it: worked out once, by who decides.
//!
//! Lives here: [`LeadFold`], which goes along with an append, and [`LeadNews`], which goes along with the published
//! event. So neither the commit nor a listener reads the lead's row. Pure.
//!
//! # Invariants
//! - **A3** the fold is made with the rule book of the row ([`LeadRecord`]): it says what a store would find;
//! - news told one after the other on top of the row as it was before give the row as it is after.

use std::sync::Arc;

use forecourt_core::{
    callback::times::Taken,
    event::{AlertReason, Event, LeadCaptured},
    id::MemberId,
    lang::Lang,
    session::{LeadSession, Speaker},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::{LeadRecord, LeadRow, LeadStatus, PromiseRow};

/// What listeners need to know of an event's lead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadNews {
    /// Nobody worked it out: only a read tells.
    #[default]
    Unread,
    /// The session has no lead.
    NoLead,
    /// The row after the whole decision: the first event about it.
    Whole(Box<LeadRow>),
    Changed(Box<LeadDelta>),
}

/// The fields of a [`LeadRow`] that an event changed; what is `None` is as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadDelta {
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<LeadStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<PromiseRow>,
    /// `Some(None)`: nobody is needed any more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub needs_human: Option<Option<AlertReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBy>,
    /// `Some(None)`: it is nobody's any more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub assignee: Option<Option<MemberId>>,
    /// `Some(None)`: no call is agreed any more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub callback: Option<Option<Taken>>,
}

/// Who has a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    Assistant,
    Member,
    /// It is closed.
    Nobody,
}

/// A lead's row after a decision, and what each of its events changed.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadFold {
    /// `None` while the session has no lead.
    pub after: Option<Arc<LeadRecord>>,
    /// Whether the row must be written.
    pub changed: bool,
    /// One for each event.
    pub news: Vec<LeadNews>,
}

impl LeadFold {
    /// The fold of `events`, which happened at `at` and led to `state`, on top of the row as it was.
    pub fn of(
        before: Option<&Arc<LeadRecord>>,
        at: Timestamp,
        events: &[Event],
        state: &LeadSession,
    ) -> Self {
        let mut after = before.cloned();
        let mut news = Vec::with_capacity(events.len());
        let mut captured = None;
        for event in events {
            let was = after.take();
            let record =
                LeadRecord::after(was.as_deref().cloned(), at, std::slice::from_ref(event), state);
            news.push(match (&was, &record, event) {
                (_, None, _) => LeadNews::NoLead,
                (None, Some(_), Event::LeadCaptured(told)) => {
                    captured = Some((news.len(), told));
                    LeadNews::Unread
                }
                // Fields that changes do not have; and whose contact it is now, only the store knows.
                (_, _, Event::LeadRepeated { .. } | Event::ContactLearned(_)) | (None, _, _) => {
                    LeadNews::Unread
                }
                (Some(was), Some(is), event) => {
                    LeadNews::Changed(Box::new(LeadDelta::between(was, is, event)))
                }
            });
            after = match (was, record) {
                (Some(was), Some(record)) if *was == record => Some(was),
                (_, record) => record.map(Arc::new),
            };
        }
        // What a known contact left out this time only the store knows.
        if let (Some((place, told)), Some(row)) = (captured, &after)
            && told.new_contact
            && let Some(news) = news.get_mut(place)
        {
            *news = LeadNews::Whole(Box::new(whole(row, told, state)));
        }
        let changed = match (before, &after) {
            (Some(before), Some(after)) => !Arc::ptr_eq(before, after) && before != after,
            (None, after) => after.is_some(),
            (Some(_), None) => false,
        };
        Self { after, changed, news }
    }
}

impl LeadDelta {
    fn between(was: &LeadRecord, is: &LeadRecord, event: &Event) -> Self {
        fn new<T: Clone + PartialEq>(was: &T, is: &T) -> Option<T> {
            (was != is).then(|| is.clone())
        }
        // Exhaustive: a new field must say here whether the list shows it.
        let LeadRecord {
            lead: _,
            contact: _,
            session: _,
            same_phone_as: _,
            source: _,
            source_url: _,
            vehicle_interest: _,
            status,
            created_at: _,
            updated_at: _,
            excerpt,
            repeats: _,
            last_inbound_at: _,
            last_fingerprint: _,
            first_response_ms: _,
            promise_of: _,
            promise,
            needs_human,
            assignee,
            callback,
        } = was;
        Self {
            updated_at: is.updated_at,
            status: new(status, &is.status),
            excerpt: new(excerpt, &is.excerpt),
            lang: match event {
                Event::LanguageChanged { lang } => Some(*lang),
                _ => None,
            },
            promise: new(promise, &is.promise),
            needs_human: new(needs_human, &is.needs_human),
            held: match event {
                Event::TakenOver { .. } => Some(HeldBy::Member),
                Event::Released { .. } => Some(HeldBy::Assistant),
                Event::Closed { .. } => Some(HeldBy::Nobody),
                _ => None,
            },
            assignee: new(assignee, &is.assignee),
            callback: new(callback, &is.callback),
        }
    }
}

/// The row of a lead whose contact is new: its event says everything of them.
fn whole(record: &LeadRecord, told: &LeadCaptured, state: &LeadSession) -> LeadRow {
    LeadRow {
        lead: record.lead,
        session: record.session,
        name: told.name.clone(),
        email: told.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: told.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        vehicle_interest: record.vehicle_interest.clone(),
        source: record.source,
        source_url: record.source_url.clone(),
        status: record.status,
        lang: state.lang,
        created_at: record.created_at,
        updated_at: record.updated_at,
        excerpt: record.excerpt.clone(),
        repeats: record.repeats,
        promise: record.promise.clone(),
        needs_human: record.needs_human,
        assignee: record.assignee,
        callback: record.callback,
        with_human: !state.closed && state.speaker != Speaker::Assistant,
        closed: state.closed,
    }
}

/// Tells a field that is null from one that is absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three things on the wire")]
fn present<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use forecourt_core::{
        contact::Email,
        event::{
            AnsweredBy, Author, Channel, ContactLearned, Fence, MessagePosted, MessageSeq, Source,
        },
        id::{ContactId, LeadId, MemberId, MessageId, SessionId},
        promise::PromiseSettings,
    };
    use uuid::Uuid;

    use super::*;
    use crate::store::PromiseState;

    fn captured(new_contact: bool) -> Event {
        Event::LeadCaptured(LeadCaptured {
            lead: LeadId::from_uuid(Uuid::nil()),
            contact: ContactId::from_uuid(Uuid::nil()),
            new_contact,
            source: Source::Website,
            name: Some("Kari".into()),
            email: Some(Email::parse("kari@example.no").unwrap()),
            phone: None,
            vehicle_interest: None,
            source_url: None,
            fingerprint: None,
            same_phone_as: None,
        })
    }

    fn posted(author: Author, seq: i64, text: &str) -> Event {
        Event::MessagePosted(MessagePosted {
            message: MessageId::from_uuid(Uuid::from_u128(seq as u128)),
            seq: MessageSeq(seq),
            author,
            text: text.into(),
            client_id: None,
            origin: None,
        })
    }

    fn promised() -> Event {
        Event::PromiseMade {
            message: MessageId::from_uuid(Uuid::from_u128(1)),
            since: Timestamp::UNIX_EPOCH,
            settings: PromiseSettings::default(),
        }
    }

    struct Told {
        state: LeadSession,
        lead: Option<Arc<LeadRecord>>,
    }

    impl Told {
        fn new() -> Self {
            Self { state: LeadSession::new(SessionId::from_uuid(Uuid::nil())), lead: None }
        }

        fn tell(&mut self, second: i64, events: &[Event]) -> LeadFold {
            let at = Timestamp::from_second(second).unwrap();
            for event in events {
                self.state.apply(event, at);
            }
            let before = self.lead.as_deref().cloned();
            let fold = LeadFold::of(self.lead.as_ref(), at, events, &self.state);
            let stored = LeadRecord::after(before, at, events, &self.state);
            assert_eq!(fold.after.as_deref(), stored.as_ref(), "a store would find another row");
            self.lead = fold.after.clone();
            fold
        }
    }

    fn delta(news: &LeadNews) -> &LeadDelta {
        match news {
            LeadNews::Changed(delta) => delta,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_event_of_a_lead_carries_its_whole_row_and_the_next_ones_what_they_changed() {
        let mut told = Told::new();
        let opened = Event::SessionOpened { channel: Channel::Mail, lang: Lang::Nb };
        let first = [opened, captured(true), posted(Author::Customer, 1, "Ledig?"), promised()];
        let fold = told.tell(1, &first);
        assert!(fold.changed);
        assert_eq!(fold.news[0], LeadNews::NoLead);
        let LeadNews::Whole(row) = &fold.news[1] else { panic!("{:?}", fold.news[1]) };
        assert_eq!(
            (row.name.as_deref(), row.email.as_deref()),
            (Some("Kari"), Some("kari@example.no"))
        );
        assert_eq!((row.excerpt.as_str(), row.promise.state), ("Ledig?", PromiseState::Waiting));
        assert_eq!(delta(&fold.news[2]).excerpt.as_deref(), Some("Ledig?"));
        let promise = delta(&fold.news[3]);
        assert_eq!(promise.promise.as_ref().map(|p| p.state), Some(PromiseState::Waiting));
        assert_eq!((promise.excerpt.as_ref(), promise.status, promise.held), (None, None, None));
    }

    #[test]
    fn what_only_the_store_knows_is_said_to_be_unread() {
        let mut told = Told::new();
        let fold = told.tell(1, &[captured(false)]);
        assert_eq!(fold.news, [LeadNews::Unread]);
        let again = Event::LeadRepeated {
            source: Source::Website,
            vehicle_interest: Some("Leaf".into()),
            source_url: None,
        };
        assert_eq!(told.tell(2, &[again]).news, [LeadNews::Unread]);
        let learned = Event::ContactLearned(ContactLearned::default());
        assert_eq!(told.tell(3, &[learned]).news, [LeadNews::Unread]);
    }

    #[test]
    fn an_event_that_the_list_does_not_show_changes_nothing_and_writes_nothing() {
        let mut told = Told::new();
        told.tell(1, &[captured(true)]);
        let fold = told.tell(2, &[Event::HumanAlerted { reason: AlertReason::NotProven }]);
        assert!(!fold.changed);
        let news = delta(&fold.news[0]);
        assert_eq!(news.updated_at, Timestamp::from_second(1).unwrap());
        assert_eq!((news.status, news.needs_human), (None, None));
        assert!(!Told::new().tell(1, &[promised()]).changed);
    }

    #[test]
    fn who_speaks_and_who_is_needed_is_told_and_survives_the_way_to_another_node() {
        let member = MemberId::from_uuid(Uuid::nil());
        let mut told = Told::new();
        told.tell(1, &[captured(true), posted(Author::Customer, 1, "Ledig?"), promised()]);
        let needed = told.tell(
            2,
            &[Event::HandoffRequested {
                reason: AlertReason::NoModelAnswer,
                reroute_ms: None,
                callback_ms: None,
            }],
        );
        assert_eq!(delta(&needed.news[0]).needs_human, Some(Some(AlertReason::NoModelAnswer)));
        let taken = Event::TakenOver { member, fence: Fence(1), give_back_ms: None };
        let kept = Event::PromiseKept {
            message: MessageId::from_uuid(Uuid::from_u128(1)),
            after_ms: 7,
            by: AnsweredBy::Member { member },
        };
        let fold = told.tell(3, &[taken, posted(Author::Member { member }, 2, "Ja."), kept]);
        assert_eq!(delta(&fold.news[0]).held, Some(HeldBy::Member));
        assert_eq!(delta(&fold.news[1]).needs_human, Some(None));
        for news in fold.news.iter().chain(&needed.news).chain([&LeadNews::NoLead]) {
            let json = serde_json::to_string(news).unwrap();
            assert_eq!(serde_json::from_str::<LeadNews>(&json).unwrap(), *news, "{json}");
        }
        let closed = told.tell(4, &[Event::Closed { fence: Fence(2) }]);
        assert_eq!(delta(&closed.news[0]).held, Some(HeldBy::Nobody));
    }
}
