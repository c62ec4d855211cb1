//! Endpoints and calls in memory.
//!
//! Lives here: what an endpoint is made of; [`endpoints`], [`hearing`] and [`calls`] each write and read a
//! part of it, and [`port`] is the store's port over all.

mod calls;
mod endpoints;
mod hearing;
mod port;

use std::collections::BTreeMap;

use forecourt_core::{
    event::Seq,
    id::SessionId,
    webhook::{PauseReason, Topic},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::Claim;
use crate::store::{CallRecord, CallStatus, EndpointRecord, NoticeStatus, Paused, TryRecord};

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
