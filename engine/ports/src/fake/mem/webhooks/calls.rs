//! Calls: listed, reported of, called again, forgotten.

use forecourt_core::webhook::{self, Before, End, Outcome};
use jiff::Timestamp;

use super::Endpoint;
use crate::store::{
    CallFilter, CallRecord, CallReport, CallStatus, CallStory, MOST_REPLAYED, MOST_ROWS, Replay,
    Replayed, Reported, TryRecord,
};

impl Endpoint {
    /// The newest first.
    pub(super) fn list_calls(&self, filter: &CallFilter) -> Vec<CallRecord> {
        let rows = self.calls.values().rev().map(|call| &call.row);
        let wanted = rows.filter(|row| {
            filter.status.is_none_or(|status| row.status == status)
                && filter.since.is_none_or(|since| row.created_at >= since)
                && filter.until.is_none_or(|until| row.created_at < until)
                && filter.before.is_none_or(|before| row.number < before)
        });
        wanted.take(filter.limit.min(MOST_ROWS) as usize).cloned().collect()
    }

    pub(super) fn find_call(&self, number: i64) -> Option<CallStory> {
        self.calls.get(&number).map(|call| CallStory {
            row: call.row.clone(),
            body: call.body.clone(),
            tries: call.tries.clone(),
        })
    }

    pub(super) fn replay(&mut self, which: &Replay, now: Timestamp) -> Replayed {
        let mut meant: Vec<_> = self
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
        self.next_at = Some(now);
        Replayed { count, more }
    }

    pub(super) fn report(&mut self, report: &CallReport) -> Option<Reported> {
        let (now, failing_since) = (report.now, self.record.failing_since);
        let call = self.calls.get_mut(&report.number)?;
        if call.row.status != CallStatus::Pending {
            return None;
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
        self.record.failing_since = settled.failing_since;
        if settled.failing_since.is_none() {
            self.record.accepted_at = Some(now);
        }
        let paused = settled.pause.filter(|_| self.is_active());
        if let Some(why) = paused {
            self.pause(why, now);
        }
        Some(Reported { status, paused })
    }

    /// Forgets `room` calls at the most that ended before `before`; says how many.
    pub(super) fn prune(&mut self, before: Timestamp, room: u32) -> u32 {
        let mut count = 0;
        self.calls.retain(|_, call| {
            let old = call.row.status != CallStatus::Pending && call.row.updated_at < before;
            let goes = old && count < room;
            count += u32::from(goes);
            !goes
        });
        count
    }
}
