//! Endpoints as staff set them up, and the notices that they are paused.

use std::collections::BTreeMap;

use forecourt_core::webhook::PauseReason;
use jiff::Timestamp;

use super::Endpoint;
use crate::store::{CallStatus, EndpointChange, EndpointRecord, NewEndpoint, NoticeStatus};

impl Endpoint {
    /// One that hears of what comes after `last_seq`.
    pub(super) fn new(new: &NewEndpoint, last_seq: i64) -> Self {
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
        Self {
            record,
            secret: new.secret.clone(),
            old_secret: Vec::new(),
            notice_at: new.at,
            cursor: last_seq,
            last_number: 0,
            next_at: None,
            claim: None,
            calls: BTreeMap::new(),
        }
    }

    pub(super) fn change(&mut self, change: EndpointChange, last_seq: i64, now: Timestamp) {
        match change {
            EndpointChange::Set { url, description, topics } => {
                let record = &mut self.record;
                record.url = url.unwrap_or_else(|| record.url.clone());
                record.topics = topics.unwrap_or_else(|| record.topics.clone());
                if let Some(text) = description {
                    record.description = Some(text).filter(|text| !text.is_empty());
                }
                record.updated_at = now;
            }
            EndpointChange::Pause if self.is_active() => {
                self.pause(PauseReason::Member, now);
            }
            EndpointChange::Resume { skip } if !self.is_active() => {
                self.record.paused = None;
                self.record.notice = None;
                self.record.failing_since = None;
                self.record.updated_at = now;
                self.next_at = Some(now);
                let status = if skip { CallStatus::Skipped } else { CallStatus::Pending };
                if skip {
                    self.cursor = last_seq;
                }
                for call in self.calls.values_mut() {
                    if call.row.status == CallStatus::Pending {
                        (call.row.status, call.run, call.row.next_at) = (status, 0, now);
                        call.row.updated_at = now;
                    }
                }
            }
            EndpointChange::Pause | EndpointChange::Resume { .. } => {}
            EndpointChange::Rotate { secret, old_until } => {
                self.old_secret = std::mem::replace(&mut self.secret, secret);
                self.record.old_secret_until = Some(old_until);
                self.record.updated_at = now;
            }
        }
    }

    /// Notes how far the notice has come; says whether it could go there.
    pub(super) fn note_notice(&mut self, status: NoticeStatus, next_at: Timestamp) -> bool {
        let before = self.record.notice;
        let may = match status {
            NoticeStatus::Begun => before == Some(NoticeStatus::Due),
            NoticeStatus::Due | NoticeStatus::Sent | NoticeStatus::Failed => {
                matches!(before, Some(NoticeStatus::Due | NoticeStatus::Begun))
            }
        };
        if may {
            self.record.notice = Some(status);
            self.notice_at = next_at;
        }
        may
    }
}
