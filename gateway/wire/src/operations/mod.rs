//! What people see and handle of deliveries, timers and providers.
//!
//! No message's text is here; whom a letter goes to stands only in its own story.

mod deliveries;
mod providers;
mod replays;
mod timers;

pub use self::{
    deliveries::{
        DeliveryEntry, DeliveryKind, DeliveryList, DeliveryStatus, DeliveryStep, DeliveryStory,
        Held, Waits,
    },
    providers::{ProviderEntry, ProviderList, ProviderState},
    replays::{
        DeadStatus, DeliveryReplayed, ReplayChoice, ReplayDeliveries, ReplayDelivery,
        ReplayOutcome, ReplayReport, ReplayResult,
    },
    timers::{TimerEntry, TimerList, TimerName, TimerStatus},
};
