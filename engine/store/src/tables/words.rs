//! The words that columns hold for the engine's enumerations, both ways.
//!
//! They are part of the schema (its checks name them) and must not follow a renamed variant.

use forecourt_core::{
    booking::{BlockKind, BookingStatus, ResourceKind, letter::LetterKind},
    effect::{TimerEnd, TimerKind},
    event::{AlertReason, Channel, Source},
    external::{CalendarStatus, Provider},
    inventory::{Body, Fuel, VehicleStatus},
    lang::Lang,
    webhook::PauseReason,
};
use forecourt_ports::store::{
    CallStatus, DeliveryStatus, InboundOutcome, LeadStatus, LetterStatus, NoticeStatus,
    PromiseState, Role, replies::Rating, websites::WebsiteStatus,
};

use crate::error::DbError;

/// Something that a column holds as a word.
pub(crate) trait Word: Copy + Sized + 'static {
    fn word(self) -> &'static str;

    fn find(word: &str) -> Option<Self>;

    /// Reads a column of `table`.
    fn read(word: &str, table: &'static str) -> Result<Self, DbError> {
        Self::find(word).ok_or(DbError::Inconsistent { table, what: "an unknown word" })
    }
}

macro_rules! words {
    ($($type:ty { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl Word for $type {
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn find(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}

words! {
    Channel { Mail = "mail", Widget = "widget" }
    Source { Website = "website", Widget = "widget" }
    Lang { Nb = "nb", Fr = "fr", En = "en", Ar = "ar" }
    WebsiteStatus {
        Waiting = "waiting",
        Reading = "reading",
        Read = "read",
        Failed = "failed",
    }
    LeadStatus {
        New = "new", Contacted = "contacted", Qualified = "qualified", Won = "won", Lost = "lost",
    }
    PromiseState { None = "none", Waiting = "waiting", Kept = "kept", Broken = "broken" }
    AlertReason {
        NoModelAnswer = "no_model_answer",
        NotProven = "not_proven",
        PromiseBroken = "promise_broken",
        Undeliverable = "undeliverable",
        Uncertain = "uncertain",
        StillWaiting = "still_waiting",
        Quarantined = "quarantined",
        CustomerAsked = "customer_asked",
        Upset = "upset",
        TooLong = "too_long",
        CallbackDue = "callback_due",
        CallbackMissed = "callback_missed",
    }
    TimerKind {
        Promise = "promise",
        Handoff = "handoff",
        Turn = "turn",
        Gather = "gather",
        Resume = "resume",
        GiveBack = "give_back",
        Reroute = "reroute",
        Idle = "idle",
        Callback = "callback",
    }
    DeliveryStatus {
        Pending = "pending",
        HandingOver = "handing_over",
        Accepted = "accepted",
        Failed = "failed",
        Uncertain = "uncertain",
        Refused = "refused",
    }
    TimerEnd { Fired = "fired", Cancelled = "cancelled" }
    InboundOutcome {
        Created = "created", Repeated = "repeated", Appended = "appended",
        Invalid = "invalid", Limited = "limited",
    }
    PauseReason { Member = "member", Gone = "gone", Failing = "failing" }
    NoticeStatus { Due = "due", Begun = "begun", Sent = "sent", Failed = "failed" }
    CallStatus {
        Pending = "pending", Accepted = "accepted", Failed = "failed", Skipped = "skipped",
    }
    Role { Owner = "owner", Manager = "manager", Seller = "seller" }
    Rating { Good = "good", Bad = "bad" }
    Fuel { Electric = "electric", Petrol = "petrol", Diesel = "diesel", Hybrid = "hybrid" }
    VehicleStatus {
        Available = "available", Reserved = "reserved", Sold = "sold", InService = "in_service",
    }
    Body {
        Hatchback = "hatchback", Saloon = "saloon", Estate = "estate", Suv = "suv",
        Coupe = "coupe", Convertible = "convertible", Mpv = "mpv", Van = "van",
        Pickup = "pickup", Motorcycle = "motorcycle", Other = "other",
    }
    BookingStatus {
        Held = "held", Booked = "booked", Cancelled = "cancelled", Expired = "expired",
        NoShow = "no_show",
    }
    ResourceKind {
        Vehicle = "vehicle", Bay = "bay", Person = "person", Room = "room", Service = "service",
    }
    Provider {
        CalCom = "cal_com", CalDav = "cal_dav", Google = "google", Microsoft = "microsoft",
    }
    CalendarStatus { Choosing = "choosing", Active = "active", Refused = "refused" }
    BlockKind { Block = "block", Maintenance = "maintenance" }
    LetterKind {
        Confirmation = "confirmation",
        Change = "change",
        Cancellation = "cancellation",
        Reminder24h = "reminder_24h",
        Reminder2h = "reminder_2h",
        Code = "code",
        Offer = "offer",
    }
    LetterStatus {
        Pending = "pending",
        HandingOver = "handing_over",
        Accepted = "accepted",
        Failed = "failed",
        Uncertain = "uncertain",
        Dropped = "dropped",
    }
}
