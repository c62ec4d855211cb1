//! The agenda: everything that a tenant lets be booked, as it stood at one instant.
//!
//! The one source of free times: what a page offers, what an answer may name, and what a hold is granted
//! are all asked of ledgers through here. It is a snapshot, so an offer may be taken by the time it is
//! accepted; the arbiters say so then (A12).
//!
//! # Invariants
//! - **A3** the same agenda and question give the same answer;
//! - **A6** a time that is not free under all the terms (resources, blocks, buffers, notice, horizon) is
//!   never named; an empty agenda offers nothing.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    FreeTime, Ledger, Question, Resource, ResourceKind, Stretch, Take, TakenBy, Terms, Why,
    terms::places_of,
};
use crate::{
    hours::OpeningHours,
    id::{BookingId, ResourceId, ServiceId},
    knowledge::Service,
};

/// See the [module](self). Cloning copies terms and pointers; behind an [`Arc`] it is free.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    /// Of the services that are offered.
    pub terms: Vec<Terms>,
    /// Of the resources that they may need.
    pub ledgers: Vec<Arc<Ledger>>,
}

impl Agenda {
    /// Ledgers that an agenda holds (A9); what else a tenant has is not offered in conversations.
    pub const MAX_LEDGERS: usize = 256;

    /// The terms of a service, if it can be booked.
    pub fn terms_of(&self, service: ServiceId) -> Option<&Terms> {
        self.terms.iter().find(|terms| terms.service == service)
    }

    /// The free times of a service on `days` days from `first` (in `zone`), in order, `limit` at most.
    /// With `resource` only those at which it is free, such as the vehicle that a customer asked for.
    #[expect(clippy::too_many_arguments, reason = "each is one thing the answer depends on (A3)")]
    pub fn free(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        hours: &OpeningHours,
        zone: &TimeZone,
        now: Timestamp,
        first: Date,
        days: u16,
        limit: usize,
    ) -> Vec<FreeTime> {
        let Some(terms) = self.terms_of(service) else { return vec![] };
        let question = Question { terms, hours, zone, now, moving: None };
        question.free(&self.useful(terms, resource), first, days, limit)
    }

    /// Why [`Self::free`] finds nothing: every reason with how many times it ruled out, the commonest
    /// first.
    #[expect(clippy::too_many_arguments, reason = "each is one thing the answer depends on (A3)")]
    pub fn why_none(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        hours: &OpeningHours,
        zone: &TimeZone,
        now: Timestamp,
        first: Date,
        days: u16,
    ) -> Vec<(Why, u32)> {
        let Some(terms) = self.terms_of(service) else { return vec![(Why::NotOffered, 1)] };
        let question = Question { terms, hours, zone, now, moving: None };
        question.why_none(&self.useful(terms, resource), first, days)
    }

    /// Whether a service can be had at `from`: what it would take, or every reason why not.
    pub fn grant(
        &self,
        service: ServiceId,
        resource: Option<ResourceId>,
        hours: &OpeningHours,
        zone: &TimeZone,
        now: Timestamp,
        from: Timestamp,
    ) -> Result<Vec<Take>, Vec<Why>> {
        let terms = self.terms_of(service).ok_or_else(|| vec![Why::NotOffered])?;
        let question = Question { terms, hours, zone, now, moving: None };
        question.grant(&self.useful(terms, resource), from)
    }

    /// Whether this is the same snapshot: what was worked out of the one holds for the other.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(one, two): (&Arc<Ledger>, &Arc<Ledger>)| Arc::ptr_eq(one, two);
        self.ledgers.len() == other.ledgers.len()
            && self.ledgers.iter().zip(&other.ledgers).all(same)
            && self.terms == other.terms
    }

    /// The agenda of services that need nothing but their own places, under plain terms (no buffers,
    /// ninety days ahead), of which `taken` is taken.
    pub fn of_places(
        services: &[Service],
        taken: &[(ServiceId, Stretch)],
        window: Stretch,
    ) -> Self {
        let ledger = |service: &Service| {
            let resource = Resource {
                id: places_of(service.id),
                kind: ResourceKind::Service,
                name: String::new(),
                capacity: service.capacity,
                buffer_before: 0,
                buffer_after: 0,
                vehicle: None,
                hours: None,
                active: true,
            };
            let mine = taken.iter().filter(|(of, _)| *of == service.id).map(|(_, when)| *when);
            Arc::new(Ledger::new(resource, &placed(places_of(service.id), mine), &[], window))
        };
        Self {
            terms: services.iter().map(Terms::plain).collect(),
            ledgers: services.iter().map(ledger).collect(),
        }
    }

    /// The ledgers that a booking under these terms could use; none when `only` is not known.
    fn useful(&self, terms: &Terms, only: Option<ResourceId>) -> Vec<&Ledger> {
        let by_id = |id| self.ledgers.iter().map(|ledger| ledger.resource()).find(|r| r.id == id);
        let named = only.map(by_id);
        if named == Some(None) {
            return vec![];
        }
        let useful = |ledger: &&Ledger| terms.could_use(ledger.resource(), named.flatten());
        self.ledgers.iter().map(AsRef::as_ref).filter(useful).collect()
    }
}

/// Gives each stretch the lowest unit that is free for it.
fn placed(resource: ResourceId, stretches: impl Iterator<Item = Stretch>) -> Vec<TakenBy> {
    let mut stretches: Vec<Stretch> = stretches.filter(|when| when.from < when.until).collect();
    stretches.sort_unstable();
    let mut taken: Vec<TakenBy> = Vec::with_capacity(stretches.len());
    let mut ends: Vec<Timestamp> = Vec::new();
    for stretch in stretches {
        let free = ends.iter().position(|end| *end <= stretch.from).unwrap_or(ends.len());
        let Ok(unit) = u16::try_from(free) else { continue };
        ends.resize(ends.len().max(free + 1), Timestamp::MIN);
        ends[free] = stretch.until;
        let take = Take { resource, unit, stretch };
        let booking = BookingId::from_uuid(uuid::Uuid::nil());
        taken.push(TakenBy { take, booking, held_until: None });
    }
    taken
}

#[cfg(test)]
#[path = "agenda_tests.rs"]
mod tests;
