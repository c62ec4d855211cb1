//! What is kept: the truth in Postgres, behind one trait per need.
//!
//! Every call names its tenant; an adapter runs it inside that tenant's scope (A8). What sweeps
//! across tenants answers only *which* tenants owe work, never what.

pub mod attachments;
mod bookings;
mod calendars;
mod decisions;
mod deliveries;
mod inbound;
mod inventory;
mod journal;
pub mod knowledge;
mod leads;
mod members;
mod news;
mod operations;
mod people;
mod projection;
pub mod replies;
mod spending;
mod tenants;
mod timers;
pub mod tools;
pub mod vectors;
mod webhooks;
pub mod websites;

pub use self::{
    bookings::{
        BookingFilter, BookingHistory, BookingWrite, Bookings, Catalogue, CodeTry, DueLetter,
        LetterEnd, LetterRecord, LetterStatus, NewCode, ResourceWrite, ResourceWritten,
        StoredLedger, Wait, Written,
    },
    calendars::{
        CalendarChange, CalendarChanged, CalendarRecord, CalendarWork, Calendars, DueEntry,
        EntryEnd, LookEnd, NewCalendar,
    },
    decisions::Decisions,
    deliveries::{Content, Deliveries, DueDelivery, HandOver, Leaving, Postponed},
    inbound::{InboundEvent, InboundOutcome},
    inventory::{
        ImportRecord, Inventory, MAX_HISTORY, MOST_PHOTOS, MOST_PREVIEWS, PhotoRecord, StockChange,
        StockRow, StockWritten, VehicleHistory, VehicleKey, VehiclePage, VehicleRecord,
        VehicleWrite, keys_of, refusal,
    },
    journal::{Append, Appended, Batch, Head, Journal, Loaded, StoredMessage},
    knowledge::KnowledgeBase,
    leads::{
        DeliveryRow, LeadDetail, LeadFilter, LeadPage, LeadRow, LeadStatus, Leads, Needle,
        PromiseRow, PromiseState, Whose, search_text,
    },
    members::{Member, MemberWithHash, Members, Role},
    news::{HeldBy, LeadDelta, LeadFold, LeadNews},
    operations::{
        DeliveryFilter, DeliveryHistory, DeliveryRecord, DeliveryStatus, Held, MOST_ROWS,
        Operations, TimerFilter, TimerPlace, TimerRecord, reason_of, speaks_of,
    },
    people::{DraftRow, DraftSaved, MAX_CALLS, MAX_DRAFT, MAX_TEAM, People, Teammate},
    projection::LeadRecord,
    spending::{Spending, Taken},
    tenants::{Busy, NewMember, NewTenant, TenantSnapshot, Tenants},
    timers::{DueTimer, STUCK, Timers},
    webhooks::{
        CallFilter, CallRecord, CallReport, CallStatus, CallStory, DueCall, DueNotice,
        EndpointChange, EndpointRecord, MOST_PENDING, MOST_REPLAYED, NewEndpoint, NoticeStatus,
        Paused, Replay, Replayed, Reported, TryRecord, Webhooks, Work, WorkAsk,
    },
};

/// Why the store could not do it. Refusals that are answers are not errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection, a time-out, a restart: worth another try. Nothing is known to be stored.
    #[error("the store is unavailable")]
    Unavailable,
    /// What is stored cannot be read as what it should be.
    #[error("inconsistent row in {table}")]
    Inconsistent { table: &'static str },
    /// A bug or a broken schema; the text carries no data.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Everything the engine keeps, as one handle.
pub trait Store:
    Journal
    + Decisions
    + Leads
    + Timers
    + Deliveries
    + Operations
    + Tenants
    + Members
    + People
    + Spending
    + Bookings
    + KnowledgeBase
    + websites::Websites
    + Inventory
    + tools::CustomTools
    + replies::Replies
    + attachments::Attachments
{
}
impl<
    T: Journal
        + Decisions
        + Leads
        + Timers
        + Deliveries
        + Operations
        + Tenants
        + Members
        + People
        + Spending
        + Bookings
        + KnowledgeBase
        + websites::Websites
        + Inventory
        + tools::CustomTools
        + replies::Replies
        + attachments::Attachments,
> Store for T
{
}
