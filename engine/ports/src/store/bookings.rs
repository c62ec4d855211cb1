//! Appointments: resources, their ledgers, bookings with their fences, and the letters they owe.
//!
//! # Invariants
//! - **A2, A12** [`Bookings::write_booking`] stores all of a decision or nothing: the booking is fenced
//!   by its version, each resource by its own, and two takes of a unit never overlap;
//! - a step is told of in the tenant's log once, and a booking's steps in their order: what the step stored says
//!   that it is still to be told ([`Bookings::tell_bookings`]);
//! - a hold that is over at `now` is in nobody's way, whether or not its end was written down;
//! - **A8** every call is one tenant's; what asks over all of them learns only *whose*.

use async_trait::async_trait;
use forecourt_core::{
    booking::{
        Block, Booking, BookingEvent, BookingStatus, BookingVersion, Customer, Ledger, Resource,
        Stretch, TakenBy, Terms,
        letter::{LetterKind, Owed},
    },
    event::EventRecord,
    id::{
        BlockId, BookingId, DeliveryId, NodeId, ResourceId, ServiceId, SessionId, TenantId, WaitId,
    },
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::StoreError;

/// All that a tenant lets be booked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Inactive ones too, in order of their kind and name.
    pub resources: Vec<Resource>,
    /// Of the active services, in their order.
    pub terms: Vec<Terms>,
}

/// A resource's ledger as it is stored.
#[derive(Clone, Debug)]
pub struct StoredLedger {
    /// Raised by everything that changes what is free of it.
    pub version: i64,
    pub resource: Resource,
    /// Takes that end in the window or later.
    pub taken: Vec<TakenBy>,
    pub blocks: Vec<Block>,
}

impl StoredLedger {
    /// The ledger for `window`.
    pub fn ledger(&self, window: Stretch) -> Ledger {
        Ledger::new(self.resource.clone(), &self.taken, &self.blocks, window)
    }
}

/// One step of one booking, to be stored.
#[derive(Clone, Debug)]
pub struct BookingWrite {
    /// The state after the event; its version is one higher than what it was decided from.
    pub booking: Booking,
    pub event: BookingEvent,
    /// Every resource whose ledger changes, with the version it was decided from.
    pub ledgers: Vec<(ResourceId, i64)>,
    /// Letters that are owed from now on, each with the id it is sent under. Those of an older
    /// sequence that have not left are dropped.
    pub letters: Vec<(Owed, DeliveryId)>,
    pub now: Timestamp,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Stored; each of its ledgers' versions is one higher.
    Stored,
    /// The booking was changed by somebody else: reload it and decide again.
    Conflict,
    /// A ledger was: reload it and decide again.
    Behind { resource: ResourceId },
    /// The unit is taken although the ledger said it was free: a bug, or a store written by others.
    Taken,
    /// The same `client_id` has made this booking before.
    Known { booking: BookingId },
}

/// A change of what is free of a resource, besides bookings.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceWrite {
    /// Make it, or replace all of it.
    Put(Resource),
    Block(Block),
    Unblock {
        block: BlockId,
    },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceWritten {
    Stored,
    /// No such resource, block or vehicle.
    NotFound,
    /// The resource has as many blocks as it may have.
    TooMany,
}

/// Which bookings a list shows: by start, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookingFilter {
    pub status: Option<BookingStatus>,
    pub service: Option<ServiceId>,
    pub resource: Option<ResourceId>,
    pub session: Option<SessionId>,
    /// Of whom: an address in lower case.
    pub email: Option<String>,
    /// Of whom: a number as it is stored, `+4722000000`.
    pub phone: Option<String>,
    /// That end after this.
    pub from: Option<Timestamp>,
    /// That start before this.
    pub until: Option<Timestamp>,
    /// Only those after this place: the last of the page before.
    pub after: Option<(Timestamp, BookingId)>,
    pub limit: u32,
}

/// A booking with all that happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct BookingHistory {
    pub booking: Booking,
    pub events: Vec<(Timestamp, BookingEvent)>,
    pub letters: Vec<LetterRecord>,
}

/// A letter as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRecord {
    pub kind: LetterKind,
    pub sequence: u32,
    pub status: LetterStatus,
    /// When it is due, or was.
    pub next_at: Timestamp,
    pub attempts: u32,
    pub code: Option<String>,
}

/// Where a letter about a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LetterStatus {
    Pending,
    HandingOver,
    Accepted,
    Failed,
    /// Nobody knows whether it left (R1).
    Uncertain,
    /// It spoke of the booking as it is no more.
    Dropped,
}

/// A letter that is due and claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct DueLetter {
    pub tenant: TenantId,
    pub booking: Booking,
    pub owed: Owed,
    pub delivery: DeliveryId,
    /// The try that is due, counted from 1.
    pub attempt: u32,
    /// A node ended between handover and report: the outcome is unknown.
    pub lost: bool,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterEnd {
    Again { at: Timestamp, code: String },
    Over { status: LetterStatus, code: Option<String> },
}

/// A one-time code that is to be sent: its letter, and who may bring it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCode {
    pub booking: BookingId,
    /// A conversation, or one question of a page.
    pub asker: Uuid,
    /// The code is derived from the letter's id, with a key that no store has.
    pub delivery: DeliveryId,
    pub now: Timestamp,
}

/// A try of a code, counted before anybody looks at what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeTry {
    pub booking: BookingId,
    pub delivery: DeliveryId,
    /// Tries that are left after this one.
    pub left: u32,
}

/// Somebody on a waiting list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub id: WaitId,
    pub service: ServiceId,
    /// Between which times they would come.
    pub between: Stretch,
    pub customer: Customer,
    /// The conversation that shows an offer, besides the letter.
    pub session: Option<SessionId>,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
    /// The booking that is held for them, and until when.
    pub offered: Option<(BookingId, Timestamp)>,
}

#[async_trait]
pub trait Bookings: Send + Sync {
    async fn load_catalogue(&self, tenant: TenantId) -> Result<Catalogue, StoreError>;

    /// Replaces the terms of a service, and the capacity of its own places; `false` when it has none.
    async fn put_terms(
        &self,
        tenant: TenantId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes that end after `since`, and all blocks; `None` when there is no such resource.
    async fn load_ledger(
        &self,
        tenant: TenantId,
        resource: ResourceId,
        since: Timestamp,
    ) -> Result<Option<StoredLedger>, StoreError>;

    async fn write_resource(
        &self,
        tenant: TenantId,
        write: &ResourceWrite,
        now: Timestamp,
    ) -> Result<ResourceWritten, StoreError>;

    /// The blocks that people made of a resource, the oldest first; `None` when there is no such resource.
    async fn list_blocks(
        &self,
        tenant: TenantId,
        resource: ResourceId,
    ) -> Result<Option<Vec<Block>>, StoreError>;

    /// Stores one step of a booking. After [`StoreError::Unavailable`] the outcome may be unknown: the
    /// version, or the `client_id`, tells.
    async fn write_booking(
        &self,
        tenant: TenantId,
        write: &BookingWrite,
    ) -> Result<Written, StoreError>;

    /// Tells of a tenant's steps in its log that nobody told of yet, in the order in which they were stored, `limit`
    /// at most, and says where they stand now. Each is told once, whoever asks; with fewer than `limit` there
    /// were no more.
    async fn tell_bookings(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// Tenants with steps of before `before` that nobody told of: whoever stored them did not live to do it.
    async fn untold_bookings(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;

    async fn find_booking(
        &self,
        tenant: TenantId,
        booking: BookingId,
    ) -> Result<Option<BookingHistory>, StoreError>;

    async fn booking_of(
        &self,
        tenant: TenantId,
        client_id: &str,
    ) -> Result<Option<Booking>, StoreError>;

    async fn list_bookings(
        &self,
        tenant: TenantId,
        filter: &BookingFilter,
    ) -> Result<Vec<Booking>, StoreError>;

    /// Holds of all tenants that were over at `now` and of which that is not written down, the oldest
    /// first.
    async fn overdue_holds(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, BookingId)>, StoreError>;

    /// Claims letters of all tenants that are due and that nobody holds, the oldest first.
    async fn claim_letters(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<DueLetter>, StoreError>;

    /// Records that a claimed letter is being handed over, if it still speaks of the booking as it is.
    async fn hand_over_letter(
        &self,
        letter: &DueLetter,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError>;

    async fn end_letter(
        &self,
        letter: &DueLetter,
        end: &LetterEnd,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Writes down a code and its letter, due now; `false` when enough were sent of this booking
    /// ([`forecourt_core::booking::code::MOST_SENDS`]) or when there is no such booking.
    async fn put_code(&self, tenant: TenantId, code: &NewCode) -> Result<bool, StoreError>;

    /// Counts a try of the last code that was sent for this asker, of `booking` if it is given; `None`
    /// when none is good: used, over, or tried too often.
    async fn try_code(
        &self,
        tenant: TenantId,
        asker: Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Option<CodeTry>, StoreError>;

    /// Uses a code up; `false` when it was.
    async fn use_code(
        &self,
        tenant: TenantId,
        code: DeliveryId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Adds somebody to a waiting list; the same `client_id` is the same place.
    async fn put_wait(&self, tenant: TenantId, wait: &Wait) -> Result<WaitId, StoreError>;

    /// Who waits for a service and would come in `between`, first come first.
    async fn list_waits(
        &self,
        tenant: TenantId,
        service: Option<ServiceId>,
        between: Stretch,
        limit: u32,
    ) -> Result<Vec<Wait>, StoreError>;

    /// Tenants of whom somebody waits for a time after `now`.
    async fn waiting_tenants(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;

    /// Writes down that a booking is held for who waits; `false` when they have an offer or wait no longer.
    async fn offer_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        booking: BookingId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Takes somebody off a waiting list; `false` when they were not on it.
    async fn end_wait(
        &self,
        tenant: TenantId,
        wait: WaitId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

impl BookingWrite {
    /// The version it was decided from; 0 for a new booking.
    pub const fn expected(&self) -> BookingVersion {
        BookingVersion(self.booking.version.0 - 1)
    }
}
