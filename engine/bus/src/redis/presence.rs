//! Presence between nodes: each one tells its own part whenever it changes, and again every 15 seconds.
//!
//! # Invariants
//! - a part is told whole: what is lost is mended by the next; a node that is silent for 40 s is forgotten;
//! - who opens a tenant's channel asks once, and is told by all;
//! - nothing of it is kept in Redis, and nobody waits for it (A9).

use std::sync::Arc;

use forecourt_core::id::{MemberId, MessageId, NodeId, SessionId, TenantId};
use forecourt_ports::{
    presence::{Availability, Ephemeral, Person, Rated, SharedDraft, TYPING},
    store::replies::{MAX_REASON, Rating},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::{Outgoing, Shared};
use crate::presence::{Here, MAX_HERE, Said, There};

/// Between two answers to who asks.
const ANSWER_AGAIN: Duration = Duration::from_millis(500);
/// Characters of a name that is taken from another node.
const MAX_NAME: usize = 200;

/// A person: id and name.
type Named = (MemberId, String);

/// One thing that a node tells of its part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Part {
    /// Who is at a conversation; nobody when all of it is empty.
    #[serde(rename = "h")]
    Here {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
        viewers: Vec<Named>,
        /// With the milliseconds that are left of it.
        #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
        typing: Vec<(MemberId, String, u64)>,
        #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
        customer: bool,
        #[serde(rename = "ct", default, skip_serializing_if = "Option::is_none")]
        customer_types: Option<u64>,
    },
    /// A member; gone without a name.
    #[serde(rename = "m")]
    There {
        #[serde(rename = "m")]
        member: MemberId,
        #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What they said, and its number.
        #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
        said: Option<(u8, u64)>,
    },
    /// The shared draft was stored.
    #[serde(rename = "d")]
    Draft {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "r")]
        revision: i64,
        #[serde(rename = "x")]
        text: String,
        #[serde(rename = "m")]
        member: Option<MemberId>,
        #[serde(rename = "at")]
        at: Option<Timestamp>,
    },
    /// What a member thinks of a reply.
    #[serde(rename = "v")]
    Rated {
        #[serde(rename = "s")]
        session: SessionId,
        #[serde(rename = "i")]
        message: MessageId,
        #[serde(rename = "m")]
        member: MemberId,
        /// Whether it is good; none when they took it back.
        #[serde(rename = "g")]
        good: Option<bool>,
        #[serde(rename = "x")]
        reason: Option<String>,
        #[serde(rename = "at")]
        at: Timestamp,
    },
    /// Who is where? Tell it all.
    #[serde(rename = "q")]
    Ask,
}

impl Part {
    pub(super) fn of_session(session: SessionId, here: &Here, now: Instant) -> Self {
        let left = |until: Instant| -> u64 {
            let left = until.saturating_duration_since(now).as_millis();
            u64::try_from(left).unwrap_or(u64::MAX)
        };
        let named = |person: &Person| (person.member, person.name.as_ref().to_owned());
        Self::Here {
            session,
            viewers: here.viewers.iter().map(|(person, _)| named(person)).collect(),
            typing: here
                .typing
                .iter()
                .map(|(person, until)| {
                    let (member, name) = named(person);
                    (member, name, left(*until))
                })
                .collect(),
            customer: here.tabs > 0,
            customer_types: here.customer_types.map(left),
        }
    }

    pub(super) fn of_member(member: MemberId, there: Option<&There>) -> Self {
        Self::There {
            member,
            name: there.map(|there| there.person.name.as_ref().to_owned()),
            said: there
                .and_then(|there| there.said)
                .map(|said| (number(said.availability), said.nth)),
        }
    }

    pub(super) fn of_draft(session: SessionId, draft: &SharedDraft) -> Self {
        Self::Draft {
            session,
            revision: draft.revision,
            text: draft.text.as_ref().to_owned(),
            member: draft.member,
            at: draft.at,
        }
    }
}

impl Part {
    pub(super) fn of_rated(session: SessionId, rated: &Rated) -> Self {
        Self::Rated {
            session,
            message: rated.message,
            member: rated.member,
            good: rated.rating.map(|rating| rating == Rating::Good),
            reason: rated.reason.as_deref().map(str::to_owned),
            at: rated.at,
        }
    }
}

const fn number(availability: Availability) -> u8 {
    match availability {
        Availability::Online => 0,
        Availability::Busy => 1,
        Availability::Away => 2,
    }
}

const fn availability(number: u8) -> Option<Availability> {
    match number {
        0 => Some(Availability::Online),
        1 => Some(Availability::Busy),
        2 => Some(Availability::Away),
        _ => None,
    }
}

fn person((member, name): Named) -> Person {
    let name: String = name.chars().take(MAX_NAME).collect();
    Person { member, name: name.into() }
}

/// Takes what another node told of its part. Under no lock of the tenant's.
pub(super) fn take(shared: &Arc<Shared>, id: TenantId, from: NodeId, part: Part) {
    let now = Instant::now();
    match part {
        Part::Here { session, viewers, typing, customer, customer_types } => {
            // Another node's clock is not asked: only how much time is left, and never more than a whole one.
            let until = |left: u64| now + Duration::from_millis(left).min(TYPING);
            let here = Here {
                viewers: viewers.into_iter().take(MAX_HERE).map(|one| (person(one), 1)).collect(),
                typing: typing
                    .into_iter()
                    .take(MAX_HERE)
                    .map(|(member, name, left)| (person((member, name)), until(left)))
                    .collect(),
                tabs: u32::from(customer),
                customer_types: customer_types.map(until),
            };
            shared.local.hear(id, from, session, here, now);
        }
        Part::There { member, name, said } => {
            let there = name.map(|name| There {
                person: person((member, name)),
                sockets: 1,
                said: said.and_then(|(number, nth)| {
                    Some(Said { nth, availability: availability(number)? })
                }),
            });
            shared.local.hear_member(id, from, member, there, now);
        }
        Part::Draft { session, revision, text, member, at } => {
            let draft = SharedDraft { revision, text: text.into(), member, at };
            shared.local.tell(id, session, Ephemeral::Draft(Arc::new(draft)));
        }
        Part::Rated { session, message, member, good, reason, at } => {
            let rating = good.map(|good| if good { Rating::Good } else { Rating::Bad });
            let reason = reason.map(|reason| reason.chars().take(MAX_REASON).collect::<String>());
            let rated = Rated { message, member, rating, reason: reason.map(Into::into), at };
            shared.local.tell(id, session, Ephemeral::Rated(Arc::new(rated)));
        }
        Part::Ask => tell_all(shared, id, now),
    }
}

/// Tells the others this node's whole part of a tenant, unless it was just told.
fn tell_all(shared: &Arc<Shared>, id: TenantId, now: Instant) {
    let due = shared.step_known(id, |tenant, _, _| {
        let due = tenant.told.is_none_or(|told| told + ANSWER_AGAIN <= now);
        if due {
            tenant.told = Some(now);
        }
        due
    });
    if due == Some(true) {
        tell_part(shared, id, now);
    }
}

fn tell_part(shared: &Shared, id: TenantId, now: Instant) {
    let (here, there) = shared.local.parts(id);
    for (session, here) in here {
        shared.send(Outgoing::Presence(id, Part::of_session(session, &here, now)));
    }
    for there in there {
        let part = Part::of_member(there.person.member, Some(&there));
        shared.send(Outgoing::Presence(id, part));
    }
}

/// Forgets silent nodes, and tells this node's part again when it is time.
pub(super) fn renew(shared: &Shared, ids: &[TenantId], again: bool, now: Instant) {
    for id in ids {
        shared.local.forget_silent(*id, now, shared.pace.silent);
        if again {
            tell_part(shared, *id, now);
        }
    }
}
