//! What an endpoint hears of: the log becomes its calls, and a node gets those that are due.

use forecourt_core::{
    booking::By,
    event::{Author, Event},
    id::{EndpointId, MemberId},
    webhook::{self, Topic},
};
use jiff::Timestamp;

use super::{
    super::{Claim, TenantData},
    Call, Endpoint,
};
use crate::{
    store::{DueCall, MOST_PENDING, Work, WorkAsk},
    webhook::{Encode, Surroundings},
};

/// So many events are taken from the log at once.
const PAGE: usize = 200;

impl TenantData {
    /// What the node that holds the endpoint is to send now.
    pub(super) fn work_of(
        &mut self,
        endpoint: EndpointId,
        ask: &WorkAsk<'_>,
        encode: &dyn Encode,
    ) -> Option<Work> {
        let mut found = self.endpoints.remove(&endpoint)?;
        let held = found.is_active() && found.claim.is_some_and(|claim| claim.by == ask.node);
        let work = held.then(|| {
            found.claim = Some(Claim::new(ask.node, ask.now, ask.lease));
            let behind = self.feed(&mut found, ask.now, encode);
            found.due(ask, behind)
        });
        self.endpoints.insert(endpoint, found);
        work
    }

    fn feed(&self, endpoint: &mut Endpoint, now: Timestamp, encode: &dyn Encode) -> bool {
        let after = usize::try_from(endpoint.cursor).unwrap_or(usize::MAX);
        let page: Vec<_> = self.journal.iter().skip(after).take(PAGE).collect();
        let Some(last) = page.last().map(|event| event.seq) else { return false };
        if (endpoint.pending().count() + PAGE) as u64 > MOST_PENDING {
            return false;
        }
        for event in &page {
            let Some(topic) = Topic::of(&event.event) else { continue };
            let topics = &endpoint.record.topics;
            if !topics.is_empty() && !topics.contains(&topic) {
                continue;
            }
            let told = match &event.event {
                Event::BookingTold(told) => Some(told),
                _ => None,
            };
            let session = told.map_or(Some(event.session), |told| told.session);
            let lead = self.leads.values().find(|lead| Some(lead.session) == session);
            let around = Surroundings {
                lead: lead.map(|lead| self.row(lead)),
                booking: told.and_then(|told| self.booking.find(told.booking)).cloned(),
                members: speaker(&event.event)
                    .and_then(|id| self.members.iter().find(|new| new.member.member == id))
                    .map(|new| (new.member.member, new.member.name.clone()))
                    .into_iter()
                    .collect(),
            };
            let id = webhook::event_id(event.tenant, self.epoch, event.seq);
            let body = encode.event(topic, event, &around);
            endpoint.push(topic, Some((event.session, event.seq)), (id, body), now);
        }
        endpoint.cursor = last.0;
        page.len() == PAGE
    }
}

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

impl Endpoint {
    fn due(&self, ask: &WorkAsk<'_>, behind: bool) -> Work {
        let mut heads = self.heads();
        heads.retain(|call| !ask.busy.contains(&call.row.number));
        let (due, later): (Vec<&Call>, Vec<&Call>) =
            heads.into_iter().partition(|call| call.row.next_at <= ask.now);
        let old = self.record.old_secret_until.is_some_and(|until| ask.now < until);
        let now = due.into_iter().take(ask.room as usize).map(|call| DueCall {
            number: call.row.number,
            entity: call.entity,
            event_id: call.row.event_id.clone(),
            body: call.body.clone(),
        });
        Work {
            url: self.record.url.clone(),
            secret: self.secret.clone(),
            old_secret: old.then(|| self.old_secret.clone()),
            calls: now.collect(),
            next_at: later.into_iter().map(|call| call.row.next_at).min(),
            behind,
        }
    }
}
