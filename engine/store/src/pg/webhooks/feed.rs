//! How stored events become calls: a page of the log at a time, where the cursor moves.

use std::collections::{BTreeSet, HashMap};

use forecourt_core::{
    booking::{Booking, BookingTold, By},
    event::{Author, Event, EventRecord},
    id::{BookingId, EndpointId, MemberId, SessionId},
    webhook::{self, Topic},
};
use forecourt_ports::{
    store::{LeadRow, MOST_PENDING},
    webhook::{Encode, Surroundings},
};
use jiff::Timestamp;

use crate::{
    TenantTx,
    error::DbError,
    tables::{
        bookings, journal, lead_list, members, tenants,
        webhook_calls::{self as calls, NewCall},
        webhook_endpoints as endpoints,
    },
};

/// So many events are looked at in one go.
const PAGE: u32 = 200;

/// Takes the next events of the log into calls, and moves the cursor. True when there may be more.
pub(super) async fn feed(
    tx: &TenantTx,
    endpoint: EndpointId,
    held: &endpoints::Claimed,
    now: Timestamp,
    encode: &dyn Encode,
) -> Result<bool, DbError> {
    let events = journal::list(tx, held.cursor(), PAGE).await?;
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(false) };
    if calls::pending_of(tx, endpoint).await? + u64::from(PAGE) > MOST_PENDING {
        return Ok(false); // the log keeps them until there is room
    }
    let more = events.len() == PAGE as usize;
    let told: Vec<(Topic, EventRecord)> = events
        .into_iter()
        .filter_map(|event| Some((Topic::of(&event.event)?, event)))
        .filter(|(topic, _)| held.wants(*topic))
        .collect();
    if !told.is_empty() {
        write(tx, endpoint, &told, now, encode).await?;
    }
    endpoints::move_cursor(tx, endpoint, last).await?;
    Ok(more)
}

async fn write(
    tx: &TenantTx,
    endpoint: EndpointId,
    told: &[(Topic, EventRecord)],
    now: Timestamp,
    encode: &dyn Encode,
) -> Result<(), DbError> {
    let epoch = tenants::head(tx).await?.epoch;
    let sessions: BTreeSet<SessionId> = told.iter().filter_map(|(_, event)| of(event)).collect();
    let sessions: Vec<SessionId> = sessions.into_iter().collect();
    let about: BTreeSet<BookingId> =
        told.iter().filter_map(|(_, event)| booking(event)).map(|told| told.booking).collect();
    let about: Vec<BookingId> = about.into_iter().collect();
    let bookings: HashMap<BookingId, Booking> = bookings::with_ids(tx, &about)
        .await?
        .into_iter()
        .map(|booking| (booking.id, booking))
        .collect();
    let leads = lead_list::of_sessions(tx, &sessions).await?;
    let mut leads: HashMap<SessionId, LeadRow> =
        leads.into_iter().map(|lead| (lead.session, lead)).collect();
    let speakers: Vec<MemberId> =
        told.iter().filter_map(|(_, event)| speaker(&event.event)).collect();
    let members = members::names(tx, &speakers).await?;
    let mut around = Surroundings { members, ..Surroundings::default() };
    let mut bodies = Vec::with_capacity(told.len());
    for (topic, event) in told {
        around.lead = of(event).and_then(|session| leads.remove(&session));
        around.booking = booking(event).and_then(|told| bookings.get(&told.booking).cloned());
        bodies.push(encode.event(*topic, event, &around));
        if let Some(lead) = around.lead.take() {
            leads.insert(lead.session, lead);
        }
    }
    let first = endpoints::number(tx, endpoint, told.len() as i64).await? + 1;
    let new: Vec<NewCall<'_>> = told
        .iter()
        .zip(&bodies)
        .zip(first..)
        .map(|(((topic, event), body), number)| NewCall {
            number,
            entity: event.session.into_uuid(),
            seq: Some(event.seq),
            topic: *topic,
            event_id: webhook::event_id(event.tenant, epoch, event.seq),
            body,
        })
        .collect();
    calls::insert(tx, endpoint, &new, now).await
}

/// The step of a booking that an event is.
fn booking(event: &EventRecord) -> Option<&BookingTold> {
    match &event.event {
        Event::BookingTold(told) => Some(told),
        _ => None,
    }
}

/// The conversation an event is of, or comes from.
fn of(event: &EventRecord) -> Option<SessionId> {
    booking(event).map_or(Some(event.session), |told| told.session)
}

/// The member an event speaks of.
fn speaker(event: &Event) -> Option<MemberId> {
    match event {
        Event::MessagePosted(posted) => match posted.author {
            Author::Member { member } => Some(member),
            Author::Customer | Author::Assistant => None,
        },
        Event::TakenOver { member, .. } | Event::Released { member, .. } => Some(*member),
        Event::Assigned { member, .. } => *member,
        Event::BookingTold(told) => match told.by {
            By::Member(member) => Some(member),
            By::Customer | By::Assistant | By::Engine => None,
        },
        _ => None,
    }
}
