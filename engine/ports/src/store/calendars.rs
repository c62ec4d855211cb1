//! External calendars: who is connected, what they are busy with, and how bookings stand in them.
//!
//! The row of a booking in a calendar is written in the transaction that changes the booking, and says only
//! *that* something is to be done; what, follows from the booking as it is when somebody does it. So whatever
//! fails in between is caught up with, and nothing is written that is not so any more.
//!
//! # Invariants
//! - **A2** one node works on a calendar at a time: what it reports is stored while its claim holds, else not;
//! - **A4** an entry is done only for the booking's version that it was made from;
//! - **A12** busy times are stored under the lock of their resource and raise its version, as a block does;
//! - **A8** every call names its tenant, but the one that asks whose a calendar is.

use async_trait::async_trait;
use forecourt_core::{
    booking::{Booking, Stretch},
    external::{CalendarStatus, Provider},
    id::{BookingId, CalendarId, MemberId, NodeId, ResourceId, TenantId},
};
use jiff::{SignedDuration, Timestamp};

use super::StoreError;
use crate::calendar::ExternalRef;

/// A calendar to be connected.
#[derive(Clone)]
pub struct NewCalendar {
    pub calendar: CalendarId,
    pub provider: Provider,
    /// Where the tenant's own server is.
    pub url: Option<String>,
    /// Sealed.
    pub secret: Vec<u8>,
    pub by: MemberId,
    pub at: Timestamp,
}

/// A connected calendar as people see it.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarRecord {
    pub calendar: CalendarId,
    pub provider: Provider,
    pub url: Option<String>,
    /// Which one, in the provider's words; empty until one was chosen.
    pub external: String,
    pub name: String,
    pub resource: Option<ResourceId>,
    pub status: CalendarStatus,
    /// Why the last call failed, as a code; `None` when it went well.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    pub failing_since: Option<Timestamp>,
    /// When its busy times were read last.
    pub read_at: Option<Timestamp>,
    /// Times that it closes from now on.
    pub busy: u32,
    /// Bookings that are still to be written into it, or taken out.
    pub pending: u32,
    /// Bookings that it refused.
    pub failed: u32,
    pub created_at: Timestamp,
}

// An address may hold a secret (A14).
impl std::fmt::Debug for CalendarRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CalendarRecord")
            .field("calendar", &self.calendar)
            .field("status", &self.status)
            .field("last_error", &self.last_error)
            .finish_non_exhaustive()
    }
}

/// What a member changes.
#[derive(Clone)]
pub enum CalendarChange {
    /// This calendar is that resource's from now on; its bookings to come are written into it.
    Choose { external: String, name: String, resource: ResourceId },
    /// Other credentials, sealed; what had failed is tried again.
    Reconnect { secret: Vec<u8> },
    /// Look at it at once; what had failed is tried again.
    Now,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarChanged {
    Done(Box<CalendarRecord>),
    NotFound,
    NoResource,
    /// Another connection of the tenant has this calendar.
    Taken,
}

/// A booking that is to be made so in a calendar.
#[derive(Clone, Debug)]
pub struct DueEntry {
    pub booking: Booking,
    /// Which change of the booking it is: reported back.
    pub wanted: i64,
    /// What is known of the entry.
    pub known: Option<ExternalRef>,
    /// Tries before this one since the last change.
    pub tried: u32,
}

/// What there is to do for a calendar.
#[derive(Clone)]
pub struct CalendarWork {
    pub record: CalendarRecord,
    /// Sealed.
    pub secret: Vec<u8>,
    pub entries: Vec<DueEntry>,
    /// Whether its busy times are due.
    pub read_due: bool,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryEnd {
    There(ExternalRef),
    Out,
    /// What is there may stay.
    Left,
    /// Refused for good, until the booking changes or a member has it tried again.
    Failed(&'static str),
}

/// How a look at a calendar ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookEnd {
    Good,
    /// Nobody asks it before `until`.
    Failing {
        code: &'static str,
        until: Timestamp,
    },
    /// The credentials are not good any more.
    Refused {
        code: &'static str,
    },
}

#[async_trait]
pub trait Calendars: Send + Sync {
    // ---- what people do ----

    /// Connects a calendar; `None` when the tenant has as many as it may.
    async fn create_calendar(
        &self,
        tenant: TenantId,
        new: &NewCalendar,
    ) -> Result<Option<CalendarRecord>, StoreError>;

    /// Oldest first.
    async fn list_calendars(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<CalendarRecord>, StoreError>;

    /// A calendar with its sealed secret.
    async fn find_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        now: Timestamp,
    ) -> Result<Option<(CalendarRecord, Vec<u8>)>, StoreError>;

    async fn change_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        change: &CalendarChange,
        now: Timestamp,
    ) -> Result<CalendarChanged, StoreError>;

    /// Forgets a calendar with its secret and what it closed; answers the resource that it closed.
    async fn delete_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        now: Timestamp,
    ) -> Result<Option<Option<ResourceId>>, StoreError>;

    /// What is known of a booking's entry in a calendar.
    async fn find_entry(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        booking: BookingId,
    ) -> Result<Option<ExternalRef>, StoreError>;

    /// Whose a calendar is.
    async fn tenant_of_calendar(
        &self,
        calendar: CalendarId,
    ) -> Result<Option<TenantId>, StoreError>;

    // ---- what the sweep does ----

    /// Claims active calendars of all tenants that are due and that nobody holds, those that wait longest first.
    async fn claim_calendars(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, CalendarId)>, StoreError>;

    /// Holds a claim until `until`; `false` when it is gone.
    async fn renew_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// What there is to do, `limit` entries at most, each counted as tried. `None` when the claim is gone.
    async fn calendar_work(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<CalendarWork>, StoreError>;

    /// Keeps fresh credentials, sealed; `false` when the claim is gone.
    async fn keep_secret(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        secret: &[u8],
    ) -> Result<bool, StoreError>;

    /// Stores what became of an entry; of one whose booking has changed since, what is known of it alone.
    async fn note_entry(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        (booking, wanted): (BookingId, i64),
        end: &EntryEnd,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Replaces the busy times of a calendar; the next are due at `next`. Answers whether something changed.
    async fn note_busy(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        busy: &[Stretch],
        now: Timestamp,
        next: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Stores how a look has ended, and gives the claim back. Who has had it looked at since it began has it
    /// looked at again at once.
    async fn leave_calendar(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        node: NodeId,
        end: LookEnd,
        (began, now): (Timestamp, Timestamp),
    ) -> Result<(), StoreError>;

    /// Entries of all tenants that are still to be made.
    async fn undone_entries(&self) -> Result<u64, StoreError>;
}
