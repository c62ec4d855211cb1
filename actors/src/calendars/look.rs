//! One look at one calendar: fresh credentials, our entries, then what it is busy with.
//!
//! The first call that fails for now ends the look: the calendar is left alone for a while, and whatever
//! waits keeps its place. An entry that is refused for good keeps nothing else from being written.

use forecourt_core::{
    booking::{Booking, Stretch},
    external::{self, Wanted},
    id::{CalendarId, TenantId},
};
use forecourt_ports::{
    calendar::{Account, Attendee, CalendarError, Credentials, Entry},
    store::{CalendarRecord, CalendarWork, DueEntry, EntryEnd, LookEnd, StoreError},
};
use jiff::Timestamp;

use super::{Shared, open, owner, seal};
use crate::{names, tenant::TenantHandle};

/// Entries that one look writes; the next look follows at once.
const ENTRIES: u32 = 20;

/// What ends a look before its end.
enum Halt {
    Calendar(CalendarError),
    /// The store failed, or the claim is gone: the claim ends by itself.
    Store,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store failed a calendar");
        Self::Store
    }
}

impl From<CalendarError> for Halt {
    fn from(error: CalendarError) -> Self {
        Self::Calendar(error)
    }
}

pub(super) async fn run(shared: &Shared, tenant: TenantId, calendar: CalendarId) {
    let look = Look { shared, tenant, calendar };
    let began = shared.engine.ports().clock.now();
    let mut failures = 0;
    let end = match look.work(&mut failures).await {
        Ok(()) => LookEnd::Good,
        Err(Halt::Store) => return,
        Err(Halt::Calendar(error @ CalendarError::Auth)) => {
            tracing::warn!(calendar.id = %calendar, "a calendar's credentials are refused");
            LookEnd::Refused { code: error.code() }
        }
        Err(Halt::Calendar(error)) => {
            tracing::info!(calendar.id = %calendar, %error, "a calendar could not be asked");
            let now = shared.engine.ports().clock.now();
            let until = external::again(calendar, failures + 1, error.retry_after(), now);
            LookEnd::Failing { code: error.code(), until }
        }
    };
    let result = match end {
        LookEnd::Good => "good",
        LookEnd::Failing { code, .. } | LookEnd::Refused { code } => code,
    };
    metrics::counter!(names::CALENDAR_LOOKS, "result" => result).increment(1);
    let ports = shared.engine.ports();
    let times = (began, ports.clock.now());
    let left =
        shared.ports.calendars.leave_calendar(tenant, calendar, ports.node, end, times).await;
    if let Err(error) = left {
        tracing::warn!(%error, "how a look ended was not stored; its claim ends by itself");
    }
}

struct Look<'a> {
    shared: &'a Shared,
    tenant: TenantId,
    calendar: CalendarId,
}

impl Look<'_> {
    async fn work(&self, failures: &mut u32) -> Result<(), Halt> {
        let (engine, ports) = (&self.shared.engine, &self.shared.ports);
        let (node, clock) = (engine.ports().node, &engine.ports().clock);
        let now = clock.now();
        let (store, tenant, calendar) = (&ports.calendars, self.tenant, self.calendar);
        let work = store.calendar_work(tenant, calendar, node, now, ENTRIES).await?;
        let work = work.ok_or(Halt::Store)?;
        *failures = work.record.failures;
        let handle = engine.tenant_by_id(tenant).await.map_err(|_| Halt::Store)?;
        let handle = handle.ok_or(Halt::Store)?;
        let credentials = open(&*ports.vault, owner(tenant, calendar), &work.secret)?;
        let mut account = account(&work.record, credentials, &handle.snapshot().settings.zone);
        let renewed = self.renew(&mut account, now).await?;
        match self.serve(&handle, &work, &account, now).await {
            // An access token may be over before its time; then the refresh token still opens.
            Err(Halt::Calendar(CalendarError::Auth)) if !renewed => {
                let Credentials::Tokens { ends_at, .. } = &mut account.credentials else {
                    return Err(CalendarError::Auth.into());
                };
                *ends_at = now;
                self.renew(&mut account, now).await?;
                self.serve(&handle, &work, &account, now).await
            }
            served => served,
        }
    }

    /// Fresh credentials when these end soon, stored before they are used.
    async fn renew(&self, account: &mut Account, now: Timestamp) -> Result<bool, Halt> {
        let (ports, node) = (&self.shared.ports, self.shared.engine.ports().node);
        let Some(fresh) = ports.calendar.renew(account, now).await? else { return Ok(false) };
        let sealed = seal(&*ports.vault, owner(self.tenant, self.calendar), &fresh)?;
        if !ports.calendars.keep_secret(self.tenant, self.calendar, node, &sealed).await? {
            return Err(Halt::Store);
        }
        account.credentials = fresh;
        Ok(true)
    }

    async fn serve(
        &self,
        handle: &TenantHandle,
        work: &CalendarWork,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), Halt> {
        let (engine, ports) = (&self.shared.engine, &self.shared.ports);
        let (node, clock) = (engine.ports().node, &engine.ports().clock);
        let (store, tenant, calendar) = (&ports.calendars, self.tenant, self.calendar);
        for due in &work.entries {
            let end = match self.write(handle, &work.record, account, due).await {
                Ok(end) => end,
                Err(error) if error.is_passing() || error == CalendarError::Auth => {
                    return Err(error.into());
                }
                Err(error) => EntryEnd::Failed(error.code()),
            };
            let result = match &end {
                EntryEnd::There(_) => "put",
                EntryEnd::Out => "removed",
                EntryEnd::Left => "left",
                EntryEnd::Failed(_) => "failed",
            };
            metrics::counter!(names::CALENDAR_ENTRIES, "result" => result).increment(1);
            let which = (due.booking.id, due.wanted);
            store.note_entry(tenant, calendar, node, which, &end, clock.now()).await?;
        }
        if work.read_due {
            let window = external::window(now);
            let busy = ports.calendar.busy(account, window).await?;
            let foreign = busy.iter().filter(|busy| busy.booking.is_none() && !busy.transparent);
            let times = joined(foreign.map(|b| Stretch { from: b.from, until: b.until }), window);
            let now = clock.now();
            let next = external::next_read(calendar, ports.every, now);
            let changed = store.note_busy(tenant, calendar, node, &times, now, next).await?;
            if changed && let Some(resource) = work.record.resource {
                engine.resources().forget(tenant, resource);
            }
        }
        Ok(())
    }

    /// Makes a booking's entry what it is to be.
    async fn write(
        &self,
        handle: &TenantHandle,
        record: &CalendarRecord,
        account: &Account,
        due: &DueEntry,
    ) -> Result<EntryEnd, CalendarError> {
        let calendar = &self.shared.ports.calendar;
        let resource = record.resource.ok_or(CalendarError::NotFound)?;
        match external::wanted(&due.booking, resource) {
            Wanted::Leave => Ok(EntryEnd::Left),
            // It was never written: there is nothing to take out.
            Wanted::Remove if due.known.is_none() && due.tried == 0 => Ok(EntryEnd::Out),
            Wanted::Remove => {
                let entry = self.entry(handle, &due.booking).await;
                calendar.remove(account, &entry, due.known.as_ref()).await?;
                Ok(EntryEnd::Out)
            }
            Wanted::Put => {
                let entry = self.entry(handle, &due.booking).await;
                let known = calendar.put(account, &entry, due.known.as_ref()).await?;
                Ok(EntryEnd::There(known))
            }
        }
    }

    /// The booking as its seller's calendar shows it.
    async fn entry(&self, handle: &TenantHandle, booking: &Booking) -> Entry {
        let snapshot = handle.snapshot();
        let lang = snapshot.settings.default_language();
        let knowledge = handle.knowledge().await.ok();
        let services = knowledge.iter().flat_map(|knowledge| &knowledge.services);
        let service = services.into_iter().find(|service| service.id == booking.wish.service);
        let service = service.map_or("", |service| service.name.get(lang));
        let customer = &booking.wish.customer;
        let parts = [Some(service), customer.name.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
        let lines = [&customer.phone, &customer.email, &booking.wish.notes];
        let lines: Vec<&str> = lines.into_iter().flatten().map(String::as_str).collect();
        Entry {
            booking: booking.id,
            sequence: booking.sequence,
            at: booking.stretch(),
            zone: booking.wish.zone.clone(),
            summary: parts.join(" · "),
            description: lines.join("\n"),
            attendee: Attendee {
                name: customer.name.clone().unwrap_or_else(|| service.to_owned()),
                email: customer.email.clone(),
                phone: customer.phone.clone(),
                lang: customer.lang,
                zone: customer.zone.clone(),
            },
            stamp: self.shared.engine.ports().clock.now(),
        }
    }
}

/// A connected calendar as its provider is asked for it.
pub(crate) fn account(record: &CalendarRecord, credentials: Credentials, zone: &str) -> Account {
    Account {
        provider: record.provider,
        url: record.url.clone(),
        credentials,
        calendar: record.external.clone(),
        zone: zone.to_owned(),
    }
}

/// The times inside `window`, those that touch each other as one, in order.
fn joined(times: impl Iterator<Item = Stretch>, window: Stretch) -> Vec<Stretch> {
    let inside = times.filter(|time| time.touches(window));
    let mut all: Vec<Stretch> = inside
        .map(|time| Stretch {
            from: time.from.max(window.from),
            until: time.until.min(window.until),
        })
        .collect();
    all.sort_unstable();
    let mut joined: Vec<Stretch> = Vec::new();
    for time in all {
        match joined.last_mut() {
            Some(last) if time.from <= last.until => last.until = last.until.max(time.until),
            _ => joined.push(time),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_touch_are_one_and_none_leaves_the_window() {
        let stretch = |(from, until): (i64, i64)| Stretch {
            from: Timestamp::from_second(from).unwrap(),
            until: Timestamp::from_second(until).unwrap(),
        };
        let joined = |times: &[(i64, i64)]| -> Vec<(i64, i64)> {
            joined(times.iter().copied().map(stretch), stretch((0, 100)))
                .iter()
                .map(|at| (at.from.as_second(), at.until.as_second()))
                .collect()
        };
        assert_eq!(joined(&[]), []);
        assert_eq!(joined(&[(30, 40), (10, 20), (20, 25), (12, 14)]), [(10, 25), (30, 40)]);
        assert_eq!(joined(&[(-10, 5), (90, 200), (300, 400)]), [(0, 5), (90, 100)]);
    }
}
