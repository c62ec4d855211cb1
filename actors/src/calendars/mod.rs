//! External calendars: reads what they are busy with, and writes the bookings of their resources into them.
//!
//! Lives here: the sweep that finds calendars that are due, and what people and providers tell us; [`look`] is
//! one look at one calendar. That something is to be written is a row of the booking's own transaction; what
//! is busy closes times through the ledger of the resource, whose actor reads it again (A12).
//!
//! # Invariants
//! - a calendar that does not answer holds up no booking and no other calendar;
//! - **A4** an entry follows from the booking's id, and is made as the booking is now: a repeat doubles nothing;
//! - **A9** looks at once, entries of a look and its time are bounded; pauses after failures grow and end;
//! - **A14** fresh credentials are stored before they are used.

mod look;

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use forecourt_core::{
    booking::By,
    external::Provider,
    id::{BookingId, CalendarId, EndpointId, ResourceId, TenantId},
};
use forecourt_ports::{
    calendar::{Account, Calendar, CalendarError, Credentials, ExternalRef},
    store::{Calendars, StoreError},
    webhook::{Owner, Vault},
};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{BookingError, Engine, EngineError, names};

/// How often calendars that are due are looked for.
const SWEEP: SignedDuration = SignedDuration::from_secs(1);
/// How long a claim holds: so long after a node has died, another one looks.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often a claim is renewed while a look is under way.
const RENEW: SignedDuration = SignedDuration::from_secs(5);
/// How long a look may take.
const LOOK: Duration = Duration::from_mins(1);
/// Calendars that are looked at at once.
const AT_ONCE: usize = 32;

/// What calendars need from outside.
pub struct CalendarPorts {
    pub calendars: Arc<dyn Calendars>,
    pub calendar: Arc<dyn Calendar>,
    pub vault: Arc<dyn Vault>,
    /// How often busy times are read, on average.
    pub every: SignedDuration,
}

/// A node's calendars, running. Cheap to clone.
#[derive(Clone)]
pub struct CalendarSync(Arc<Shared>);

struct Shared {
    engine: Engine,
    ports: CalendarPorts,
    places: Arc<Semaphore>,
    /// Counts up when somebody has changed a calendar here.
    woken: watch::Sender<u64>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Why what was told of a calendar is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToldError {
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error(transparent)]
    Booking(#[from] BookingError),
}

impl From<StoreError> for ToldError {
    fn from(error: StoreError) -> Self {
        Self::Booking(EngineError::from(error).into())
    }
}

impl CalendarSync {
    /// Starts the sweep.
    pub fn start(engine: Engine, ports: CalendarPorts) -> Self {
        let shared = Arc::new(Shared {
            engine,
            ports,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            woken: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let io = shared.engine.ports().io.clone();
        shared.tasks.spawn_on(sweep(Arc::clone(&shared)), &io);
        Self(shared)
    }

    /// Something was changed: what is due is looked for at once.
    pub fn wake(&self) {
        self.0.woken.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Has the ledger of a resource read again: what closes it was changed.
    pub fn noted(&self, tenant: TenantId, resource: ResourceId) {
        self.0.engine.resources().forget(tenant, resource);
    }

    /// A provider says that somebody has cancelled a booking over there. Believed when the entry is gone.
    pub async fn cancelled(
        &self,
        tenant: TenantId,
        account: &Account,
        booking: BookingId,
        known: &ExternalRef,
    ) -> Result<(), ToldError> {
        let (calendar, account, known) =
            (Arc::clone(&self.0.ports.calendar), account.clone(), known.clone());
        // Connections are driven by the runtime that opened them.
        let asked = async move { calendar.is_there(&account, &known).await };
        let asked = self.0.engine.ports().io.spawn(asked).await;
        if asked.unwrap_or(Err(CalendarError::Unavailable))? {
            return Ok(());
        }
        let Some(tenant) = self.0.engine.tenant_by_id(tenant).await.map_err(BookingError::from)?
        else {
            return Ok(());
        };
        match tenant.bookings().cancel(booking, By::Customer, None).await {
            Ok(_) | Err(BookingError::Refused(_) | BookingError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins no look any more and waits for those under way, `within` at most. What is cut off is done again.
    pub async fn stop(&self, within: Duration) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(within, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("looks at calendars were cut off: they are repeated");
        }
    }
}

/// Whose the secret of a calendar is.
pub fn owner(tenant: TenantId, calendar: CalendarId) -> Owner {
    Owner { tenant, endpoint: EndpointId::from_uuid(calendar.into_uuid()) }
}

/// Credentials as they are stored.
pub fn seal(
    vault: &dyn Vault,
    owner: Owner,
    credentials: &Credentials,
) -> Result<Vec<u8>, CalendarError> {
    let secret = credentials.to_secret().ok_or(CalendarError::NotConfigured)?;
    vault.seal(owner, &secret).map_err(|_| CalendarError::NotConfigured)
}

/// Credentials as they are used. Those of another key must be given again.
pub fn open(vault: &dyn Vault, owner: Owner, sealed: &[u8]) -> Result<Credentials, CalendarError> {
    let secret = vault.open(owner, sealed).map_err(|_| CalendarError::Auth)?;
    Credentials::of_secret(&secret).ok_or(CalendarError::Auth)
}

async fn sweep(shared: Arc<Shared>) {
    let ports = shared.engine.ports();
    let mut woken = shared.woken.subscribe();
    loop {
        let now = ports.clock.now();
        take(&shared).await;
        let next = now.saturating_add(SWEEP).unwrap_or(jiff::Timestamp::MAX);
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            _ = woken.changed() => {}
            () = ports.clock.sleep_until(next) => {}
        }
    }
}

/// Takes what is due and has a place, and looks at each.
async fn take(shared: &Arc<Shared>) {
    let room = shared.places.available_permits();
    let ports = shared.engine.ports();
    if room == 0 || shared.engine.is_closed() {
        return;
    }
    let now = ports.clock.now();
    let claimed = shared.ports.calendars.claim_calendars(ports.node, now, LEASE, room as u32).await;
    let claimed = claimed.unwrap_or_else(|error| {
        tracing::warn!(%error, "calendars could not be claimed");
        Vec::new()
    });
    for (tenant, calendar) in claimed {
        let Ok(place) = Arc::clone(&shared.places).acquire_owned().await else { return };
        let of_look = Arc::clone(shared);
        let work = async move {
            let look = held(&of_look, tenant, calendar, look::run(&of_look, tenant, calendar));
            let ended = AssertUnwindSafe(tokio::time::timeout(LOOK, look)).catch_unwind().await;
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(_elapsed)) => {
                    tracing::warn!(calendar.id = %calendar, "a look took too long; its claim ends by itself");
                }
                Err(_panic) => {
                    metrics::counter!(names::CRASHES, "actor" => "calendar").increment(1);
                    tracing::error!(calendar.id = %calendar, "a look died; its claim ends by itself");
                }
            }
            drop(place);
            of_look.woken.send_modify(|count| *count = count.wrapping_add(1));
        };
        shared.tasks.spawn_on(work, &ports.io);
    }
}

/// Does `look` as long as its calendar is claimed by this node.
async fn held(
    shared: &Shared,
    tenant: TenantId,
    calendar: CalendarId,
    look: impl Future<Output = ()>,
) {
    let (engine, calendars) = (shared.engine.ports(), &shared.ports.calendars);
    let mut look = pin!(look);
    loop {
        let renew = engine.clock.now().saturating_add(RENEW).unwrap_or(jiff::Timestamp::MAX);
        tokio::select! {
            () = &mut look => return,
            () = engine.clock.sleep_until(renew) => {}
        }
        let until = engine.clock.now().saturating_add(LEASE).unwrap_or(jiff::Timestamp::MAX);
        let renewed = calendars.renew_calendar(tenant, calendar, engine.node, until);
        tokio::select! {
            () = &mut look => return,
            // What the store does not answer now it may at the next try: the claim holds for three.
            renewed = renewed => if let Ok(false) = renewed {
                tracing::warn!(calendar.id = %calendar, "another node has taken a calendar over");
                return;
            }
        }
    }
}

/// Which of its credentials a provider takes.
pub const fn takes(provider: Provider, credentials: &Credentials) -> bool {
    matches!(
        (provider, credentials),
        (Provider::CalCom, Credentials::Key { .. })
            | (Provider::CalDav, Credentials::Password { .. })
            | (Provider::Google | Provider::Microsoft, Credentials::Tokens { .. })
    )
}
