//! Endpoints and calls in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    booking::By,
    event::{Author, Event, Seq},
    id::{EndpointId, MemberId, NodeId, SessionId, TenantId},
    webhook::{self, Before, End, MOST_ENDPOINTS, Outcome, PauseReason, Topic},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Claim, MemStore, TenantData, is_free};
use crate::{
    store::{
        CallFilter, CallRecord, CallReport, CallStatus, CallStory, DueCall, DueNotice,
        EndpointChange, EndpointRecord, MOST_PENDING, MOST_REPLAYED, MOST_ROWS, NewEndpoint,
        NoticeStatus, Paused, Replay, Replayed, Reported, StoreError, TryRecord, Webhooks, Work,
        WorkAsk,
    },
    webhook::{Encode, Surroundings},
};

const PAGE: usize = 200;

pub(super) struct Endpoint {
    record: EndpointRecord,
    secret: Vec<u8>,
    old_secret: Vec<u8>,
    notice_at: Timestamp,
    cursor: i64,
    last_number: i64,
    next_at: Option<Timestamp>,
    claim: Option<Claim>,
    calls: BTreeMap<i64, Call>,
}

struct Call {
    row: CallRecord,
    entity: Uuid,
    run: u32,
    body: String,
    tries: Vec<TryRecord>,
}

impl Endpoint {
    fn is_active(&self) -> bool {
        self.record.paused.is_none()
    }

    fn pending(&self) -> impl Iterator<Item = &Call> {
        self.calls.values().filter(|call| call.row.status == CallStatus::Pending)
    }

    /// The oldest pending call of each conversation.
    fn heads(&self) -> Vec<&Call> {
        let mut seen = std::collections::HashSet::new();
        self.pending().filter(|call| seen.insert(call.entity)).collect()
    }

    fn shown(&self, last_seq: i64) -> EndpointRecord {
        EndpointRecord {
            pending: self.pending().count() as u64,
            behind: u64::try_from(last_seq - self.cursor).unwrap_or(0),
            ..self.record.clone()
        }
    }

    fn pause(&mut self, why: PauseReason, now: Timestamp) {
        self.record.paused = Some(Paused { why, since: now });
        self.record.notice = (why != PauseReason::Member).then_some(NoticeStatus::Due);
        self.notice_at = now;
        self.record.updated_at = now;
        self.claim = None;
    }

    fn push(
        &mut self,
        topic: Topic,
        place: Option<(SessionId, Seq)>,
        told: (String, String),
        now: Timestamp,
    ) {
        self.last_number += 1;
        let (event_id, body) = told;
        let number = self.last_number;
        let row = CallRecord {
            number,
            topic,
            event_id,
            seq: place.map(|(_, seq)| seq),
            session: place.map(|(session, _)| session).filter(|_| !topic.is_of_booking()),
            status: CallStatus::Pending,
            tries: 0,
            next_at: now,
            last: None,
            created_at: now,
            updated_at: now,
        };
        let entity =
            place.map_or(Uuid::from_u128(number as u128), |(session, _)| session.into_uuid());
        self.calls.insert(number, Call { row, entity, run: 0, body, tries: Vec::new() });
    }
}

impl TenantData {
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

#[async_trait]
impl Webhooks for MemStore {
    async fn create_endpoint(
        &self,
        tenant: TenantId,
        new: &NewEndpoint,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let mut world = self.enter("create_endpoint").await?;
        let data = world.tenant_mut(tenant)?;
        if data.endpoints.len() >= MOST_ENDPOINTS {
            return Ok(None);
        }
        let record = EndpointRecord {
            endpoint: new.endpoint,
            url: new.url.clone(),
            description: new.description.clone(),
            topics: new.topics.clone(),
            paused: None,
            notice: None,
            failing_since: None,
            accepted_at: None,
            old_secret_until: None,
            pending: 0,
            behind: 0,
            created_by: new.by,
            created_at: new.at,
            updated_at: new.at,
        };
        let endpoint = Endpoint {
            record: record.clone(),
            secret: new.secret.clone(),
            old_secret: Vec::new(),
            notice_at: new.at,
            cursor: data.last_seq,
            last_number: 0,
            next_at: None,
            claim: None,
            calls: BTreeMap::new(),
        };
        data.endpoints.insert(new.endpoint, endpoint);
        Ok(Some(record))
    }

    async fn list_endpoints(&self, tenant: TenantId) -> Result<Vec<EndpointRecord>, StoreError> {
        let world = self.enter("list_endpoints").await?;
        let data = world.tenant(tenant)?;
        Ok(data.endpoints.values().map(|endpoint| endpoint.shown(data.last_seq)).collect())
    }

    async fn find_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let world = self.enter("find_endpoint").await?;
        let data = world.tenant(tenant)?;
        Ok(data.endpoints.get(&endpoint).map(|endpoint| endpoint.shown(data.last_seq)))
    }

    async fn change_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        change: &EndpointChange,
        now: Timestamp,
    ) -> Result<Option<EndpointRecord>, StoreError> {
        let mut world = self.enter("change_endpoint").await?;
        let data = world.tenant_mut(tenant)?;
        let last_seq = data.last_seq;
        let Some(endpoint) = data.endpoints.get_mut(&endpoint) else { return Ok(None) };
        match change.clone() {
            EndpointChange::Set { url, description, topics } => {
                let record = &mut endpoint.record;
                record.url = url.unwrap_or_else(|| record.url.clone());
                record.topics = topics.unwrap_or_else(|| record.topics.clone());
                if let Some(text) = description {
                    record.description = Some(text).filter(|text| !text.is_empty());
                }
                record.updated_at = now;
            }
            EndpointChange::Pause if endpoint.is_active() => {
                endpoint.pause(PauseReason::Member, now);
            }
            EndpointChange::Resume { skip } if !endpoint.is_active() => {
                endpoint.record.paused = None;
                endpoint.record.notice = None;
                endpoint.record.failing_since = None;
                endpoint.record.updated_at = now;
                endpoint.next_at = Some(now);
                let status = if skip { CallStatus::Skipped } else { CallStatus::Pending };
                if skip {
                    endpoint.cursor = last_seq;
                }
                for call in endpoint.calls.values_mut() {
                    if call.row.status == CallStatus::Pending {
                        (call.row.status, call.run, call.row.next_at) = (status, 0, now);
                        call.row.updated_at = now;
                    }
                }
            }
            EndpointChange::Pause | EndpointChange::Resume { .. } => {}
            EndpointChange::Rotate { secret, old_until } => {
                endpoint.old_secret = std::mem::replace(&mut endpoint.secret, secret);
                endpoint.record.old_secret_until = Some(old_until);
                endpoint.record.updated_at = now;
            }
        }
        Ok(Some(endpoint.shown(last_seq)))
    }

    async fn delete_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("delete_endpoint").await?;
        Ok(world.tenant_mut(tenant)?.endpoints.remove(&endpoint).is_some())
    }

    async fn queue_test(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        event_id: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let mut world = self.enter("queue_test").await?;
        let endpoint = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint);
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.is_active()) else {
            return Ok(None);
        };
        endpoint.push(Topic::Test, None, (event_id.to_owned(), body.to_owned()), now);
        endpoint.next_at = Some(now);
        Ok(Some(endpoint.last_number))
    }

    async fn list_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        filter: &CallFilter,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let world = self.enter("list_calls").await?;
        let calls = world.tenant(tenant)?.endpoints.get(&endpoint).map(|found| &found.calls);
        let rows = calls.into_iter().flat_map(|calls| calls.values().rev()).map(|call| &call.row);
        let wanted = rows.filter(|row| {
            filter.status.is_none_or(|status| row.status == status)
                && filter.since.is_none_or(|since| row.created_at >= since)
                && filter.until.is_none_or(|until| row.created_at < until)
                && filter.before.is_none_or(|before| row.number < before)
        });
        Ok(wanted.take(filter.limit.min(MOST_ROWS) as usize).cloned().collect())
    }

    async fn find_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        number: i64,
    ) -> Result<Option<CallStory>, StoreError> {
        let world = self.enter("find_call").await?;
        let endpoint = world.tenant(tenant)?.endpoints.get(&endpoint);
        Ok(endpoint.and_then(|endpoint| endpoint.calls.get(&number)).map(|call| CallStory {
            row: call.row.clone(),
            body: call.body.clone(),
            tries: call.tries.clone(),
        }))
    }

    async fn replay_calls(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        which: &Replay,
        now: Timestamp,
    ) -> Result<Replayed, StoreError> {
        let mut world = self.enter("replay_calls").await?;
        let Some(endpoint) = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint) else {
            return Ok(Replayed { count: 0, more: false });
        };
        let mut meant: Vec<_> = endpoint
            .calls
            .values_mut()
            .filter(|call| call.row.status != CallStatus::Pending)
            .filter(|call| match which {
                Replay::Numbers(numbers) => numbers.contains(&call.row.number),
                Replay::Range { status, since, until } => {
                    call.row.status == *status
                        && since.is_none_or(|since| call.row.created_at >= since)
                        && until.is_none_or(|until| call.row.created_at < until)
                }
            })
            .collect();
        let more = meant.len() > MOST_REPLAYED as usize;
        meant.truncate(MOST_REPLAYED as usize);
        let count = meant.len() as u32;
        for call in meant {
            (call.row.status, call.run) = (CallStatus::Pending, 0);
            (call.row.next_at, call.row.updated_at) = (now, now);
        }
        endpoint.next_at = Some(now);
        Ok(Replayed { count, more })
    }

    async fn claim_endpoints(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, EndpointId)>, StoreError> {
        let mut world = self.enter("claim_endpoints").await?;
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let mut claimed = Vec::new();
        for (tenant, data) in &mut world.tenants {
            for (id, endpoint) in &mut data.endpoints {
                let due = endpoint.next_at.is_some_and(|at| at <= now);
                // A claim that was not given back is a dead node's: what it had in hand is pending.
                let left = endpoint.claim.is_some();
                let owes = due || left || endpoint.cursor < data.last_seq;
                let free = endpoint.is_active() && is_free(endpoint.claim, now);
                if owes && free && claimed.len() < limit as usize {
                    endpoint.claim = Some(Claim { by: node, until });
                    claimed.push((*tenant, *id));
                }
            }
        }
        Ok(claimed)
    }

    async fn work(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        ask: &WorkAsk<'_>,
        encode: &dyn Encode,
    ) -> Result<Option<Work>, StoreError> {
        let mut world = self.enter("work").await?;
        let data = world.tenant_mut(tenant)?;
        let Some(mut found) = data.endpoints.remove(&endpoint) else { return Ok(None) };
        let held = found.is_active() && found.claim.is_some_and(|claim| claim.by == ask.node);
        let work = held.then(|| {
            let until = ask.now.saturating_add(ask.lease).unwrap_or(Timestamp::MAX);
            found.claim = Some(Claim { by: ask.node, until });
            let behind = data.feed(&mut found, ask.now, encode);
            let mut heads = found.heads();
            heads.retain(|call| !ask.busy.contains(&call.row.number));
            let (due, later): (Vec<&Call>, Vec<&Call>) =
                heads.into_iter().partition(|call| call.row.next_at <= ask.now);
            let old = found.record.old_secret_until.is_some_and(|until| ask.now < until);
            Work {
                url: found.record.url.clone(),
                secret: found.secret.clone(),
                old_secret: old.then(|| found.old_secret.clone()),
                calls: due
                    .into_iter()
                    .take(ask.room as usize)
                    .map(|call| DueCall {
                        number: call.row.number,
                        entity: call.entity,
                        event_id: call.row.event_id.clone(),
                        body: call.body.clone(),
                    })
                    .collect(),
                next_at: later.into_iter().map(|call| call.row.next_at).min(),
                behind,
            }
        });
        data.endpoints.insert(endpoint, found);
        Ok(work)
    }

    async fn report_call(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        report: &CallReport,
    ) -> Result<Option<Reported>, StoreError> {
        let mut world = self.enter("report_call").await?;
        let Some(endpoint) = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint) else {
            return Ok(None);
        };
        let (now, failing_since) = (report.now, endpoint.record.failing_since);
        let Some(call) = endpoint.calls.get_mut(&report.number) else { return Ok(None) };
        if call.row.status != CallStatus::Pending {
            return Ok(None);
        }
        let before =
            Before { entity: call.entity, number: report.number, run: call.run, failing_since };
        let settled = webhook::settle(before, report.outcome, report.retry_after, now);
        (call.row.status, call.row.next_at) = match settled.end {
            End::Accepted => (CallStatus::Accepted, now),
            End::Again(at) => (CallStatus::Pending, at),
            End::Failed => (CallStatus::Failed, now),
        };
        call.run = settled.run;
        call.row.tries += 1;
        call.row.updated_at = now;
        let (status, code) = match report.outcome {
            Outcome::Answered { status } => (Some(status), None),
            Outcome::Failed { code } => (None, Some(code.to_owned())),
        };
        call.row.last = status.map(|status| status.to_string()).or_else(|| code.clone());
        call.tries.push(TryRecord {
            number: call.row.tries,
            at: report.at,
            took_ms: u32::try_from(report.took.as_millis()).unwrap_or(u32::MAX),
            status,
            code,
            beginning: report.beginning.clone(),
        });
        let status = call.row.status;
        endpoint.record.failing_since = settled.failing_since;
        if settled.failing_since.is_none() {
            endpoint.record.accepted_at = Some(now);
        }
        let paused = settled.pause.filter(|_| endpoint.is_active());
        if let Some(why) = paused {
            endpoint.pause(why, now);
        }
        Ok(Some(Reported { status, paused }))
    }

    async fn leave_endpoint(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        node: NodeId,
    ) -> Result<(), StoreError> {
        let mut world = self.enter("leave_endpoint").await?;
        if let Some(endpoint) = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint)
            && endpoint.claim.is_some_and(|claim| claim.by == node)
        {
            endpoint.next_at = endpoint.heads().into_iter().map(|call| call.row.next_at).min();
            endpoint.claim = None;
        }
        Ok(())
    }

    async fn forget_claims(&self) -> Result<(), StoreError> {
        let mut world = self.enter("forget_claims").await?;
        for endpoint in world.tenants.values_mut().flat_map(|data| data.endpoints.values_mut()) {
            if endpoint.claim.take().is_some() {
                endpoint.next_at = Some(Timestamp::UNIX_EPOCH);
            }
        }
        Ok(())
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueNotice>, StoreError> {
        let mut world = self.enter("claim_notices").await?;
        let mut due = Vec::new();
        for (tenant, data) in &mut world.tenants {
            for (id, endpoint) in &mut data.endpoints {
                let Some(paused) = endpoint.record.paused else { continue };
                let wanted = endpoint.record.notice == Some(NoticeStatus::Due);
                if wanted && endpoint.notice_at <= now && due.len() < limit as usize {
                    endpoint.notice_at = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
                    due.push(DueNotice {
                        tenant: *tenant,
                        endpoint: *id,
                        url: endpoint.record.url.clone(),
                        why: paused.why,
                        since: paused.since,
                    });
                }
            }
        }
        Ok(due)
    }

    async fn note_notice(
        &self,
        tenant: TenantId,
        endpoint: EndpointId,
        status: NoticeStatus,
        next_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("note_notice").await?;
        let Some(endpoint) = world.tenant_mut(tenant)?.endpoints.get_mut(&endpoint) else {
            return Ok(false);
        };
        let before = endpoint.record.notice;
        let may = match status {
            NoticeStatus::Begun => before == Some(NoticeStatus::Due),
            NoticeStatus::Due | NoticeStatus::Sent | NoticeStatus::Failed => {
                matches!(before, Some(NoticeStatus::Due | NoticeStatus::Begun))
            }
        };
        if may {
            endpoint.record.notice = Some(status);
            endpoint.notice_at = next_at;
        }
        Ok(may)
    }

    async fn prune_calls(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut world = self.enter("prune_calls").await?;
        let mut count = 0;
        for data in world.tenants.values_mut() {
            let mut left = limit;
            for endpoint in data.endpoints.values_mut() {
                endpoint.calls.retain(|_, call| {
                    let old =
                        call.row.status != CallStatus::Pending && call.row.updated_at < before;
                    let goes = old && left > 0;
                    if goes {
                        left -= 1;
                        count += 1;
                    }
                    !goes
                });
            }
        }
        Ok(count)
    }

    async fn undone_calls(&self) -> Result<u64, StoreError> {
        let world = self.enter("undone_calls").await?;
        let endpoints = world.tenants.values().flat_map(|data| data.endpoints.values());
        let active = endpoints.filter(|endpoint| endpoint.is_active());
        Ok(active.map(|endpoint| endpoint.pending().count() as u64).sum())
    }
}
