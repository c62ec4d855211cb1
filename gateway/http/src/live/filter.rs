//! Which events a socket is told: those its member may see, of its topics, of the conversations it asked for.
//!
//! # Invariants
//! - **A8** whether a member may see an event is decided in [`may_see`] and nowhere else;
//! - what is left out still moves the socket's place on: a quiet topic resumes near the end.

use std::collections::HashSet;

use bytestring::ByteString;
use forecourt_core::{
    event::Seq,
    id::{MemberId, SessionId},
};
use forecourt_ports::store::Role;
use forecourt_wire::{HelloFrame, LeadEventName, Topic};

/// Conversations that one socket may name.
const MOST_SESSIONS: usize = 100;

/// An event as it goes to sockets, and what decides which of them.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Its place in the log.
    pub(crate) seq: Seq,
    pub(crate) frame: ByteString,
    pub(crate) about: About,
    /// The conversation; of a booking that came from none, the booking's own stream.
    pub(crate) session: SessionId,
    pub(crate) whose: Whose,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Lead(LeadEventName),
    Booking,
}

/// Whose conversation an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody looked.
    Unknown,
    Known(Option<MemberId>),
    /// This very event gives it to somebody. Everybody is told who asks for somebody's conversations: it is
    /// theirs from now on, or no longer.
    Given(Option<MemberId>),
}

/// What one socket is told.
#[derive(Debug)]
pub(crate) struct Filter {
    role: Role,
    topics: Topics,
    sessions: Option<HashSet<SessionId>>,
    assignee: Option<MemberId>,
}

impl Filter {
    /// Nothing, before a hello.
    pub(crate) const fn closed(role: Role) -> Self {
        Self { role, topics: Topics(0), sessions: None, assignee: None }
    }

    /// What a hello asks for; `Err` says what is wrong with it.
    pub(crate) fn new(role: Role, hello: &HelloFrame) -> Result<Self, &'static str> {
        let all = [Topic::Leads, Topic::Messages, Topic::Presence, Topic::Members, Topic::Bookings];
        let wanted = |topic: &Topic| hello.topics.is_empty() || hello.topics.contains(topic);
        let only = hello.only.clone().unwrap_or_default();
        if only.session_ids.as_ref().is_some_and(|ids| ids.len() > MOST_SESSIONS) {
            return Err("only names too many conversations");
        }
        Ok(Self {
            role,
            topics: Topics::of(&all.into_iter().filter(wanted).collect::<Vec<_>>()),
            sessions: only.session_ids.map(|ids| ids.into_iter().collect()),
            assignee: only.assignee,
        })
    }

    pub(crate) const fn wants(&self, topic: Topic) -> bool {
        self.topics.meet(Topics::of(&[topic]))
    }

    /// Whether somebody must find out whose conversations are.
    pub(crate) const fn asks_whose(&self) -> bool {
        self.assignee.is_some()
    }

    pub(crate) fn admits(&self, told: &Told) -> bool {
        may_see(self.role)
            && self.topics.meet(topics_of(told.about))
            && self.sessions.as_ref().is_none_or(|ids| ids.contains(&told.session))
            && self.assignee.is_none_or(|assignee| match told.whose {
                Whose::Known(whose) => whose == Some(assignee),
                Whose::Unknown | Whose::Given(_) => true,
            })
    }
}

/// Whether a member of this role may see an event of their tenant: every role sees all of it.
const fn may_see(role: Role) -> bool {
    match role {
        Role::Owner | Role::Manager | Role::Seller => true,
    }
}

/// A set of topics. Each event is held against each socket's.
#[derive(Clone, Copy, Debug)]
struct Topics(u8);

impl Topics {
    const fn of(topics: &[Topic]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < topics.len() {
            bits |= 1 << topics[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The topics that an event is of: a message changes its lead too.
const fn topics_of(about: About) -> Topics {
    match about {
        About::Lead(LeadEventName::Captured | LeadEventName::Repeated | LeadEventName::Changed) => {
            Topics::of(&[Topic::Leads])
        }
        About::Lead(LeadEventName::MessagePosted) => Topics::of(&[Topic::Leads, Topic::Messages]),
        About::Lead(LeadEventName::Seen) => Topics::of(&[Topic::Messages]),
        About::Booking => Topics::of(&[Topic::Bookings]),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::extract;

    fn filter(hello: &str) -> Result<Filter, &'static str> {
        let hello = format!(r#"{{"ref":"1",{hello}}}"#);
        Filter::new(Role::Seller, &extract::parse(hello.as_bytes()).expect("a hello"))
    }

    fn told(about: About, session: u128, whose: Whose) -> Told {
        let session = SessionId::from_uuid(Uuid::from_u128(session));
        Told { seq: Seq(1), frame: "".into(), about, session, whose }
    }

    fn member(nth: u128) -> MemberId {
        MemberId::from_uuid(Uuid::from_u128(nth))
    }

    #[test]
    fn no_topics_are_all_topics_and_a_message_is_of_two() {
        let all = filter(r#""topics":[]"#).unwrap();
        let leads = filter(r#""topics":["leads"]"#).unwrap();
        let messages = filter(r#""topics":["messages","members"]"#).unwrap();
        for (event, of_leads, of_messages) in [
            (LeadEventName::Captured, true, false),
            (LeadEventName::Repeated, true, false),
            (LeadEventName::Changed, true, false),
            (LeadEventName::MessagePosted, true, true),
            (LeadEventName::Seen, false, true),
        ] {
            let told = told(About::Lead(event), 1, Whose::Unknown);
            let admits = [&all, &leads, &messages].map(|filter| filter.admits(&told));
            assert_eq!(admits, [true, of_leads, of_messages], "{event:?}");
        }
        let bookings = filter(r#""topics":["bookings"]"#).unwrap();
        let step = told(About::Booking, 1, Whose::Unknown);
        let admits = [&all, &leads, &messages, &bookings].map(|filter| filter.admits(&step));
        assert_eq!(admits, [true, false, false, true]);
        assert!(all.wants(Topic::Presence) && !leads.wants(Topic::Presence));
        assert!(messages.wants(Topic::Members) && !messages.wants(Topic::Presence));
    }

    #[test]
    fn what_is_named_together_must_all_hold() {
        let (mine, session) = (member(7), SessionId::from_uuid(Uuid::from_u128(1)));
        let filter = filter(&format!(
            r#""topics":[],"only":{{"assignee":"{mine}","session_ids":["{session}"]}}"#
        ));
        let filter = filter.unwrap();
        assert!(filter.asks_whose());
        for (session, whose, admitted) in [
            (1, Whose::Known(Some(mine)), true),
            (1, Whose::Known(Some(member(8))), false),
            (1, Whose::Known(None), false),
            (1, Whose::Given(Some(member(8))), true),
            (2, Whose::Known(Some(mine)), false),
        ] {
            let told = told(About::Lead(LeadEventName::Changed), session, whose);
            assert_eq!(filter.admits(&told), admitted, "{session} {whose:?}");
        }
    }

    #[test]
    fn conversations_that_are_named_are_bounded() {
        let ids: Vec<String> = (0..=MOST_SESSIONS as u128)
            .map(|nth| format!("\"{}\"", SessionId::from_uuid(Uuid::from_u128(nth))))
            .collect();
        let hello = |count| format!(r#""only":{{"session_ids":[{}]}}"#, ids[..count].join(","));
        assert!(filter(&hello(MOST_SESSIONS)).is_ok());
        assert!(filter(&hello(MOST_SESSIONS + 1)).is_err());
        let none = filter(r#""only":{"session_ids":[]}"#).unwrap();
        assert!(
            !none.admits(&told(About::Lead(LeadEventName::Changed), 1, Whose::Unknown)),
            "none is none"
        );
    }
}
