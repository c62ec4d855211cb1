//! What can be booked, and under which terms: resources, and what a service needs of them.

use serde::{Deserialize, Serialize};

use crate::{
    hours::OpeningHours,
    id::{ResourceId, ServiceId, VehicleId},
    knowledge::Service,
    money::Money,
};

/// What a resource is. A service that needs nothing else is a resource itself, with its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    Vehicle,
    Bay,
    Person,
    Room,
    /// The service's own places; its id is the service's.
    Service,
}

impl ResourceKind {
    pub const ALL: [Self; 5] = [Self::Vehicle, Self::Bay, Self::Person, Self::Room, Self::Service];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Bay => "bay",
            Self::Person => "person",
            Self::Room => "room",
            Self::Service => "service",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One bookable thing: what one arbiter stands for (A12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub id: ResourceId,
    pub kind: ResourceKind,
    pub name: String,
    /// How many bookings it carries at once, each in a unit of its own; at most [`Self::MAX_UNITS`].
    pub capacity: u16,
    /// Minutes that it needs around every booking, besides the service's.
    pub buffer_before: u16,
    pub buffer_after: u16,
    /// The vehicle it is, for [`ResourceKind::Vehicle`].
    pub vehicle: Option<VehicleId>,
    /// Its own working hours in the tenant's zone; `None` for the tenant's.
    pub hours: Option<OpeningHours>,
    pub active: bool,
}

impl Resource {
    pub const MAX_UNITS: u16 = 64;
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 200;
}

/// The resource that is a service's own places.
pub const fn places_of(service: ServiceId) -> ResourceId {
    ResourceId::from_uuid(service.into_uuid())
}

/// One thing that a service needs: a unit of any resource of a kind, or of one of some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    pub kind: ResourceKind,
    /// Only these, in the order in which they are preferred; empty for any of the kind.
    #[serde(default)]
    pub only: Vec<ResourceId>,
}

/// Under which terms a service is booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub service: ServiceId,
    pub minutes: u16,
    pub price: Option<Money>,
    /// Minutes that are kept free around it.
    pub buffer_before: u16,
    pub buffer_after: u16,
    /// The earliest start, counted from now, in minutes.
    pub notice_minutes: u32,
    /// The latest start, counted from now, in days.
    pub horizon_days: u16,
    /// How many may run at once, when it needs nothing else.
    pub capacity: u16,
    /// What it needs, each a different resource. Empty: its own places.
    pub needs: Vec<Need>,
    pub active: bool,
}

impl Terms {
    /// Things that a service may need (A9).
    pub const MAX_NEEDS: usize = 4;
    pub const MAX_ONLY: usize = 50;
    pub const MAX_BUFFER: u16 = 720;
    pub const MAX_HORIZON: u16 = 400;

    /// The terms of a service of which nothing else was said: its own places, ninety days ahead.
    pub fn plain(service: &Service) -> Self {
        Self {
            service: service.id,
            minutes: service.minutes,
            price: service.price,
            buffer_before: 0,
            buffer_after: 0,
            notice_minutes: service.notice_minutes,
            horizon_days: 90,
            capacity: service.capacity,
            needs: vec![],
            active: true,
        }
    }

    /// What it needs; its own places when it names nothing.
    pub fn needs(&self) -> Vec<Need> {
        if self.needs.is_empty() {
            vec![Need { kind: ResourceKind::Service, only: vec![places_of(self.service)] }]
        } else {
            self.needs.clone()
        }
    }

    /// Whether a booking under these terms could use `resource`. A resource that is asked for by name
    /// (`only`) stands for all of its kind.
    pub fn could_use(&self, resource: &Resource, only: Option<&Resource>) -> bool {
        let suits = if self.needs.is_empty() {
            resource.active
                && resource.kind == ResourceKind::Service
                && resource.id == places_of(self.service)
        } else {
            self.needs.iter().any(|need| need.suits(resource))
        };
        suits && only.is_none_or(|only| only.kind != resource.kind || only.id == resource.id)
    }
}

impl Need {
    /// Whether a resource could serve it.
    pub fn suits(&self, resource: &Resource) -> bool {
        resource.active
            && resource.kind == self.kind
            && (self.only.is_empty() || self.only.contains(&resource.id))
    }
}
