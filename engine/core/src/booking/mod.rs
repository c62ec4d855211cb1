//! Appointments: what can be booked, when it is free and why not, and the life of one booking.
//!
//! Lives here: [`Resource`]s and the [`Terms`] of services, the [`Ledger`] of one resource, the
//! search for free times ([`free`]) over all that a tenant lets be booked ([`Agenda`]), repeating blocks ([`recur`]), the [`Booking`] itself with its
//! commands and events ([`state`]), and the invitation that calendars understand ([`invite`]).
//! Who asks and who keeps it is elsewhere: this is an aggregate of its own, with its own events.
//!
//! # Invariants
//! - **A3, A10** `now` and ids are arguments; the same ledger and question give the same answer;
//! - **A12** a ledger grants a unit of a resource to one booking at a time, its buffers included;
//! - a hold ends by itself: whatever is asked after its time finds it gone, without a timer;
//! - a booking's id stays for its life, wherever it is moved;
//! - a "yes" names the offer it means; a yes to another offer books nothing.

pub mod agenda;
pub mod code;
pub mod free;
pub mod invite;
pub mod ledger;
pub mod letter;
pub mod recur;
pub mod settings;
pub mod state;
pub mod terms;
pub mod told;
pub(crate) mod wall;
pub mod why;
pub mod words;

pub use self::{
    agenda::Agenda,
    code::CodeRefused,
    free::{FreeTime, Question},
    ledger::{Block, BlockKind, Ledger, Stretch, Take, TakenBy},
    recur::Recurrence,
    settings::{BookingSettings, BookingSettingsError},
    state::{
        Booking, BookingCommand, BookingEvent, BookingStatus, BookingVersion, By, Customer,
        Refused, Requested,
    },
    terms::{Need, Resource, ResourceKind, Terms},
    told::{BookingTold, BookingWhat},
    why::Why,
};
