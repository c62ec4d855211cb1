//! The waiting list in memory.

use forecourt_core::{
    booking::Stretch,
    id::{BookingId, ServiceId, WaitId},
};
use jiff::Timestamp;

use super::Data;
use crate::store::{MOST_ROWS, Wait};

impl Data {
    pub(super) fn put_wait(&mut self, wait: &Wait) -> WaitId {
        let same = |old: &&Wait| old.client_id.is_some() && old.client_id == wait.client_id;
        if let Some(old) = self.waits.iter().find(same) {
            return old.id;
        }
        self.waits.push(wait.clone());
        wait.id
    }

    pub(super) fn list_waits(
        &self,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Vec<Wait> {
        let fits = |wait: &&Wait| {
            service.is_none_or(|service| wait.service == service) && wait.between.touches(between)
        };
        let mut found: Vec<Wait> = self.waits.iter().filter(fits).cloned().collect();
        found.sort_by_key(|wait| (wait.created_at, wait.id));
        found.truncate(limit.min(MOST_ROWS) as usize);
        found
    }

    pub(super) fn is_waited_for(&self, now: Timestamp) -> bool {
        self.waits.iter().any(|wait| wait.between.until > now)
    }

    pub(super) fn offer_wait(
        &mut self,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
    ) -> bool {
        let found = self.waits.iter_mut().find(|other| other.id == wait && other.offered.is_none());
        found.map(|wait| wait.offered = Some((booking, until))).is_some()
    }

    pub(super) fn end_wait(&mut self, wait: WaitId) -> bool {
        let before = self.waits.len();
        self.waits.retain(|other| other.id != wait);
        self.waits.len() < before
    }
}
