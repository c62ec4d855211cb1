//! The waiting list: the first who waits is offered what has become free, then the next.
//!
//! An offer is a hold that the engine makes for who waits, with the time to think that the tenant has set. Its letter
//! has the link to say yes or no by; a conversation that is open shows it as any hold. Whoever lets an offer go has had
//! their turn: they leave the list, and the next is offered it.
//!
//! # Invariants
//! - **A12** an offer is granted by the arbiters, as any hold; two nodes that sweep at once make one, for the hold is
//!   named by the wait;
//! - first come, first served, for each service;
//! - **A9** so many tenants and so many who wait per sweep; the next sweep goes on.

use forecourt_core::booking::{BookingStatus, By};
use forecourt_ports::store::Wait;
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Engine, EngineError,
    booking::{BookingDesk, BookingError, HoldWish},
    names,
};

/// Tenants of one sweep.
const TENANTS: u32 = 200;
/// Who is looked at of one tenant in a sweep.
const WAITS: u32 = 50;
/// Days that are looked through for a time.
const DAYS: i32 = 62;
/// Free times among which the first that fits is taken.
const TIMES: usize = 500;

/// Offers what is free to who waits, of all tenants.
pub(crate) async fn sweep(engine: &Engine, now: Timestamp) {
    let tenants = match engine.ports().store.waiting_tenants(now, TENANTS).await {
        Ok(tenants) => tenants,
        Err(error) => {
            tracing::warn!(%error, "waiting lists could not be read");
            return;
        }
    };
    for tenant in tenants {
        if engine.is_closed() {
            return;
        }
        let Ok(Some(tenant)) = engine.tenant_by_id(tenant).await else { continue };
        if let Err(error) = tenant.bookings().serve_waits().await {
            tracing::debug!(%error, "a waiting list was not served yet");
        }
    }
}

impl BookingDesk {
    async fn serve_waits(&self) -> Result<(), BookingError> {
        for wait in self.waiting_now(WAITS).await? {
            match wait.offered {
                Some((booking, _)) => {
                    let now = self.now();
                    let status = self.find(booking).await?.booking.status_at(now);
                    if status != BookingStatus::Held {
                        let result =
                            if status == BookingStatus::Booked { "taken" } else { "let_go" };
                        metrics::counter!(names::WAITS, "result" => result).increment(1);
                        self.tenant.ports.store.end_wait(self.id(), wait.id, now).await?;
                    }
                }
                None => self.offer(&wait).await?,
            }
        }
        Ok(())
    }

    /// Holds the first time that fits for who waits, if there is one.
    async fn offer(&self, wait: &Wait) -> Result<(), BookingError> {
        let (now, snapshot) = (self.now(), self.tenant.snapshot());
        let settings = &snapshot.settings;
        let zone = TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC);
        let (first, last) = (wait.between.from.max(now), wait.between.until);
        let (day, end) = (zone.to_datetime(first).date(), zone.to_datetime(last).date());
        let days = ((end - day).get_days() + 1).clamp(1, DAYS);
        let found = match self.free(wait.service, None, day, days as u16, TIMES).await {
            Err(BookingError::NotFound) => return Ok(()), // the service is not offered any more
            found => found?,
        };
        let fits = |from: &Timestamp, until: &Timestamp| *from >= first && *until <= last;
        let Some(time) = found.times.iter().find(|time| fits(&time.from, &time.until)) else {
            return Ok(());
        };
        let held = self.hold(HoldWish {
            service: wait.service,
            from: time.from,
            resource: None,
            customer: wait.customer.clone(),
            notes: None,
            session: wait.session,
            // One offer for one wait, whoever sweeps and however often.
            client_id: Some(format!("wait:{}", wait.id)),
            lasts: Some(settings.bookings.offer()),
            by: By::Engine,
        });
        let held = match held.await {
            Ok(held) => held,
            // Somebody was faster, or everybody is busy: the next sweep looks again.
            Err(BookingError::NotFree(_) | BookingError::Engine(EngineError::Busy { .. })) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let until = held.hold_until;
        if self.tenant.ports.store.offer_wait(self.id(), wait.id, held.id, until, now).await? {
            metrics::counter!(names::WAITS, "result" => "offered").increment(1);
        }
        Ok(())
    }

    async fn waiting_now(&self, limit: u32) -> Result<Vec<Wait>, BookingError> {
        let ahead = forecourt_core::booking::Stretch { from: self.now(), until: FAR };
        Ok(self.tenant.ports.store.list_waits(self.id(), None, ahead, limit).await?)
    }
}

/// Later than anybody waits.
const FAR: Timestamp = Timestamp::constant(253_370_764_800, 0);
