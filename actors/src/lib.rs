//! Supervised actors: every tenant, lead session and running turn is one; so are a node's timers and a
//! tenant's deliveries.
//!
//! Lives here: who runs where, in what order, and what happens when one dies. What to do is decided in
//! `engine/core`; what to keep is kept through `engine/ports`. The way of a fact is always *decide →
//! store → apply → run* ([`lead_session`]).
//!
//! # Where to start reading
//! [`Engine`] is what the gateway holds. [`lead_session`] is the heart; [`registry`] starts and restarts
//! it; [`journal`] commits for it; [`turn`], [`timers`] and [`deliveries`] run what it asks for. Apart from
//! all that, [`webhooks`] reads the log and tells integrators, and [`calendars`]
//! reads and writes other people's calendars.
//!
//! # Invariants
//! - **A1** a command is answered, and its events are published, only after the commit;
//! - **A2** a session's commands are decided one at a time, by one actor on this node; another node
//!   loses by version, and reloads;
//! - **A9** every queue has an end, and says so to who is turned away;
//! - an actor's death loses nothing: what it owed is in rows, and the registry starts another.

mod booking;
mod booking_agenda;
mod booking_codes;
mod booking_letters;
mod booking_waits;
pub mod calendars;
mod callbacks;
mod deliveries;
mod engine;
mod error;
pub mod inspect;
mod inventory;
mod journal;
mod lead_session;
mod names;
mod people;
mod providers;
mod recent;
mod registry;
mod remembered;
mod resource;
mod resume;
mod spending;
mod tenant;
mod timers;
mod together;
mod tools;
mod turn;
mod vectors;
mod vitals;
pub mod way;
mod webhooks;
mod websites;

pub use self::{
    booking::{BookingDesk, BookingError, FreeTimes, HoldWish},
    booking_codes::{CodeSent, Proof},
    calendars::{CalendarPorts, CalendarSync, ToldError},
    engine::{Engine, EngineConfig, Ports},
    error::EngineError,
    inventory::{Imported, InventoryDesk, Preview, StockError},
    people::QueuePlace,
    providers::ProviderStatus,
    tenant::{Captured, CustomerMessage, Posted, TenantHandle},
    tools::{
        desk::{ToolDesk, Trial, TrialSent},
        dry_run::DryRun,
    },
    vectors::Meaning,
    webhooks::{WebhookCalls, WebhookPorts},
};
