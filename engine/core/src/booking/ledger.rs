//! The ledger of one resource: what is booked, held and blocked, and whether a stretch of it is free.
//!
//! A resource has units; a booking sits in one of them for its whole stretch, buffers included, and
//! never moves to another by itself. Free means: some unit is free over all of the stretch.
//!
//! # Invariants
//! - **A12** the takes of a unit never overlap, expired holds apart;
//! - a hold whose time has passed is not there for any question (holds end by themselves);
//! - the cost of a question grows with the logarithm of the bookings (P10).

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    Resource, Terms, Why,
    recur::{self, Recurrence},
};
use crate::{
    hours::OpeningHours,
    id::{BlockId, BookingId, ResourceId},
};

/// A stretch of time, from `from` (included) to `until` (not included).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stretch {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Stretch {
    pub fn touches(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// Longer by these minutes on both sides; clipped at the ends of time.
    #[must_use]
    pub fn widened(self, before: u16, after: u16) -> Self {
        let minutes = |minutes: u16| SignedDuration::from_mins(i64::from(minutes));
        Self {
            from: self.from.checked_sub(minutes(before)).unwrap_or(Timestamp::MIN),
            until: self.until.checked_add(minutes(after)).unwrap_or(Timestamp::MAX),
        }
    }
}

/// A unit of a resource for a stretch of time, buffers included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Take {
    pub resource: ResourceId,
    /// Counted from 0.
    pub unit: u16,
    #[serde(flatten)]
    pub stretch: Stretch,
}

/// A take, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBy {
    pub take: Take,
    pub booking: BookingId,
    /// When the hold ends by itself; `None` once it is booked.
    pub held_until: Option<Timestamp>,
}

impl TakenBy {
    fn is_there(&self, now: Timestamp) -> bool {
        self.held_until.is_none_or(|until| now < until)
    }
}

/// Why a resource is kept out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A holiday, a lunch, a meeting.
    Block,
    /// It is repaired or inspected.
    Maintenance,
}

/// Times at which a resource cannot be booked: on the wall clock of the zone that was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub id: BlockId,
    pub resource: ResourceId,
    pub kind: BlockKind,
    /// For staff; never told to customers.
    pub label: Option<String>,
    pub starts_at: DateTime,
    /// IANA.
    pub zone: String,
    pub minutes: u32,
    pub rule: Option<Recurrence>,
}

impl Block {
    /// The longest block: a year.
    pub const MAX_MINUTES: u32 = 366 * 24 * 60;
    /// Blocks that a resource may have (A9).
    pub const MAX_PER_RESOURCE: usize = 200;
    pub const MAX_LABEL: usize = 200;

    /// Its stretches that touch `window`. A zone that is not known any more blocks nothing.
    pub fn stretches(&self, window: Stretch) -> Vec<Stretch> {
        TimeZone::get(&self.zone).map_or_else(
            |_| vec![],
            |zone| {
                recur::stretches(self.starts_at, self.minutes, self.rule.as_ref(), &zone, window)
            },
        )
    }
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Ledger {
    resource: Resource,
    /// By unit, in the order of their starts.
    units: Vec<Vec<TakenBy>>,
    /// In order of their starts, disjoint.
    closed: Vec<(Stretch, BlockKind)>,
    /// Until when `closed` is complete: what is later is not known, and so not free.
    known_until: Timestamp,
}

impl Ledger {
    /// Takes that a ledger holds (A9).
    pub const MAX_TAKES: usize = 20_000;

    /// The ledger of `resource` for `window`, of what is stored. Takes of units that it does not have
    /// (its capacity was lowered) stay where they are, in units that nobody new is put into.
    pub fn new(resource: Resource, taken: &[TakenBy], blocks: &[Block], window: Stretch) -> Self {
        let last = taken.iter().map(|taken| taken.take.unit).max().map_or(0, |unit| unit + 1);
        let mut units = vec![Vec::new(); usize::from(last.max(resource.capacity))];
        for taken in taken {
            units[usize::from(taken.take.unit)].push(*taken);
        }
        for unit in &mut units {
            unit.sort_unstable_by_key(|taken: &TakenBy| taken.take.stretch);
        }
        let mut found: Vec<(Stretch, BlockKind)> = blocks
            .iter()
            .flat_map(|block| block.stretches(window).into_iter().map(|s| (s, block.kind)))
            .collect();
        found.sort_unstable();
        let mut closed: Vec<(Stretch, BlockKind)> = Vec::with_capacity(found.len());
        for (stretch, kind) in found {
            match closed.last_mut() {
                Some((last, _)) if stretch.from < last.until => {
                    // What overlaps is one; the part that reaches further keeps its own kind.
                    let rest = Stretch { from: last.until, until: stretch.until };
                    if rest.from < rest.until {
                        closed.push((rest, kind));
                    }
                }
                _ => closed.push((stretch, kind)),
            }
        }
        Self { resource, units, closed, known_until: window.until }
    }

    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Until when it can be asked.
    pub fn known_until(&self) -> Timestamp {
        self.known_until
    }

    /// Every take that is there at `now`.
    pub fn taken(&self, now: Timestamp) -> impl Iterator<Item = &TakenBy> {
        self.units.iter().flatten().filter(move |taken| taken.is_there(now))
    }

    /// The stretches in which it is out of use.
    pub fn closed(&self) -> &[(Stretch, BlockKind)] {
        &self.closed
    }

    /// Whether a booking under these terms fits at `stretch`: the take it would get, or why not.
    /// What `moving` has is passed over: a booking does not stand in its own way.
    pub fn ask(
        &self,
        terms: &Terms,
        stretch: Stretch,
        moving: Option<BookingId>,
        now: Timestamp,
    ) -> Result<Take, Why> {
        let resource = self.resource.id;
        let wide = self.wide(terms, stretch);
        if wide.until > self.known_until {
            return Err(Why::TooFar { latest: self.known_until });
        }
        let at = self.closed.partition_point(|(closed, _)| closed.until <= wide.from);
        if let Some((closed, kind)) = self.closed.get(at).filter(|(c, _)| c.touches(wide)) {
            return Err(Why::Blocked { resource, kind: *kind, until: closed.until });
        }
        let mut why: Option<Why> = None;
        let units = self.units.iter().take(usize::from(self.resource.capacity));
        for (unit, takes) in (0_u16..).zip(units) {
            match in_the_way(takes, wide, moving, now) {
                None => return Ok(Take { resource, unit, stretch: wide }),
                // A hold may be gone soon, which is the better news.
                Some(TakenBy { held_until: Some(until), .. }) => {
                    why = Some(Why::Held { resource, until: *until });
                }
                Some(_) => why = why.or(Some(Why::Booked { resource })),
            }
        }
        Err(why.unwrap_or(Why::Nothing { kind: self.resource.kind }))
    }

    /// The stretch with the service's buffers and its own.
    pub fn wide(&self, terms: &Terms, stretch: Stretch) -> Stretch {
        let Resource { buffer_before, buffer_after, .. } = self.resource;
        stretch.widened(
            terms.buffer_before.saturating_add(buffer_before),
            terms.buffer_after.saturating_add(buffer_after),
        )
    }

    /// Whether its own hours, or the tenant's, are open over all of `stretch`.
    pub fn works(&self, hours: &OpeningHours, zone: &TimeZone, stretch: Stretch) -> bool {
        self.resource.hours.as_ref().is_none_or(|own| is_open(own, zone, stretch))
            && (self.resource.hours.is_some() || is_open(hours, zone, stretch))
    }

    /// The ledger after a booking's takes here became `takes`: none when it gave them back.
    pub fn settle(
        &mut self,
        booking: BookingId,
        takes: &[Take],
        held_until: Option<Timestamp>,
        now: Timestamp,
    ) {
        for unit in &mut self.units {
            unit.retain(|taken| taken.booking != booking && taken.is_there(now));
        }
        for take in takes.iter().filter(|take| take.resource == self.resource.id) {
            let unit = usize::from(take.unit);
            if unit >= self.units.len() {
                self.units.resize(unit + 1, Vec::new());
            }
            let taken = TakenBy { take: *take, booking, held_until };
            let at = self.units[unit].partition_point(|t| t.take.stretch < take.stretch);
            self.units[unit].insert(at, taken);
        }
    }
}

/// The first take of a unit that is in the way of `wide`. Takes that are there are disjoint, so their
/// ends are in order too; an expired hold may overlap what came after it, and is looked past.
fn in_the_way(
    takes: &[TakenBy],
    wide: Stretch,
    moving: Option<BookingId>,
    now: Timestamp,
) -> Option<&TakenBy> {
    let after = takes.partition_point(|taken| taken.take.stretch.from < wide.until);
    for taken in takes[..after].iter().rev() {
        let counts = Some(taken.booking) != moving && taken.is_there(now);
        if taken.take.stretch.touches(wide) {
            if counts {
                return Some(taken);
            }
        } else if counts {
            // What is before this one ends before it begins.
            return None;
        }
    }
    None
}

/// Whether `stretch` lies inside one open stretch of one day on the zone's clock.
pub fn is_open(hours: &OpeningHours, zone: &TimeZone, stretch: Stretch) -> bool {
    let (from, until) = (zone.to_datetime(stretch.from), zone.to_datetime(stretch.until));
    let opens = hours
        .on(from.date())
        .iter()
        .find(|span| span.opens <= from.time() && from.time() < span.closes);
    opens.is_some_and(|span| from.date() == until.date() && until.time() <= span.closes)
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        booking::{ResourceKind, terms::places_of},
        id::ServiceId,
    };

    pub(crate) fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    pub(crate) fn stretch(from: &str, until: &str) -> Stretch {
        Stretch { from: at(from), until: at(until) }
    }

    pub(crate) fn window() -> Stretch {
        Stretch {
            from: "2026-11-01T00:00:00Z".parse().unwrap(),
            until: "2027-03-01T00:00:00Z".parse().unwrap(),
        }
    }

    pub(crate) fn service() -> ServiceId {
        ServiceId::from_uuid(Uuid::from_u128(1))
    }

    pub(crate) fn booking(n: u128) -> BookingId {
        BookingId::from_uuid(Uuid::from_u128(n))
    }

    pub(crate) fn terms(minutes: u16) -> Terms {
        Terms {
            service: service(),
            minutes,
            price: None,
            buffer_before: 0,
            buffer_after: 0,
            notice_minutes: 0,
            horizon_days: 90,
            capacity: 1,
            needs: vec![],
            active: true,
        }
    }

    pub(crate) fn resource(n: u128, kind: ResourceKind, capacity: u16) -> Resource {
        Resource {
            id: ResourceId::from_uuid(Uuid::from_u128(n)),
            kind,
            name: format!("{n}"),
            capacity,
            buffer_before: 0,
            buffer_after: 0,
            vehicle: None,
            hours: None,
            active: true,
        }
    }

    pub(crate) fn taken(
        ledger: u128,
        unit: u16,
        by: u128,
        stretch: Stretch,
        held_until: Option<Timestamp>,
    ) -> TakenBy {
        let resource = ResourceId::from_uuid(Uuid::from_u128(ledger));
        TakenBy { take: Take { resource, unit, stretch }, booking: booking(by), held_until }
    }

    const NOW: &str = "21T08:00";

    fn one(taken_there: &[TakenBy]) -> Ledger {
        Ledger::new(resource(1, ResourceKind::Service, 1), taken_there, &[], window())
    }

    #[test]
    fn a_stretch_is_free_up_to_the_minute_where_the_next_begins() {
        let ledger = one(&[
            taken(1, 0, 1, stretch("23T10:00", "23T11:00"), None),
            taken(1, 0, 2, stretch("23T12:00", "23T13:00"), None),
        ]);
        let ask = |from, until| ledger.ask(&terms(60), stretch(from, until), None, at(NOW));
        assert!(ask("23T11:00", "23T12:00").is_ok());
        assert!(ask("23T09:00", "23T10:00").is_ok());
        let resource = places_of(service());
        for (from, until) in [
            ("23T09:30", "23T10:01"),
            ("23T10:15", "23T10:30"),
            ("23T10:59", "23T11:30"),
            ("23T11:30", "23T12:30"),
            ("23T09:00", "23T14:00"),
        ] {
            assert_eq!(ask(from, until), Err(Why::Booked { resource }), "{from}");
        }
    }

    #[test]
    fn buffers_of_the_service_and_of_the_resource_are_kept_free() {
        let mut with_buffer = resource(1, ResourceKind::Vehicle, 1);
        with_buffer.buffer_after = 15;
        let there = [taken(1, 0, 1, stretch("23T10:00", "23T11:00"), None)];
        let ledger = Ledger::new(with_buffer, &there, &[], window());
        let terms = Terms { buffer_before: 10, buffer_after: 5, ..terms(30) };
        let ask = |from, until| ledger.ask(&terms, stretch(from, until), None, at(NOW)).is_ok();
        assert!(!ask("23T09:11", "23T09:41"), "twenty minutes after it are too few");
        assert!(ask("23T09:10", "23T09:40"));
        assert!(!ask("23T11:09", "23T11:39"), "ten minutes before it are needed");
        assert!(ask("23T11:10", "23T11:40"));
        let take = ledger.ask(&terms, stretch("23T11:10", "23T11:40"), None, at(NOW)).unwrap();
        assert_eq!(take.stretch, stretch("23T11:00", "23T12:00"));
    }

    #[test]
    fn a_hold_is_gone_at_its_time_and_not_before() {
        let until = at("21T08:05");
        let ledger = one(&[taken(1, 0, 1, stretch("23T10:00", "23T11:00"), Some(until))]);
        let ask = |now| ledger.ask(&terms(60), stretch("23T10:00", "23T11:00"), None, at(now));
        let resource = places_of(service());
        assert_eq!(ask("21T08:04"), Err(Why::Held { resource, until }));
        assert!(ask("21T08:05").is_ok());
    }

    #[test]
    fn an_expired_hold_does_not_hide_the_booking_before_it() {
        let ledger = one(&[
            taken(1, 0, 1, stretch("23T09:00", "23T12:00"), None),
            taken(1, 0, 2, stretch("23T12:00", "23T12:30"), Some(at("21T07:00"))),
        ]);
        let asked = ledger.ask(&terms(60), stretch("23T11:30", "23T12:30"), None, at(NOW));
        assert!(matches!(asked, Err(Why::Booked { .. })), "{asked:?}");
    }

    #[test]
    fn a_moving_booking_does_not_stand_in_its_own_way() {
        let ledger = one(&[taken(1, 0, 7, stretch("23T10:00", "23T11:00"), None)]);
        let later = stretch("23T10:30", "23T11:30");
        assert!(ledger.ask(&terms(60), later, None, at(NOW)).is_err());
        assert!(ledger.ask(&terms(60), later, Some(booking(7)), at(NOW)).is_ok());
    }

    #[test]
    fn each_booking_sits_in_a_unit_of_its_own() {
        let mut ledger = Ledger::new(resource(1, ResourceKind::Bay, 2), &[], &[], window());
        let when = stretch("23T10:00", "23T11:00");
        for (n, unit) in [(1, 0), (2, 1)] {
            let take = ledger.ask(&terms(60), when, None, at(NOW)).unwrap();
            assert_eq!(take.unit, unit);
            ledger.settle(booking(n), &[take], None, at(NOW));
        }
        assert!(ledger.ask(&terms(60), when, None, at(NOW)).is_err());
        ledger.settle(booking(1), &[], None, at(NOW));
        assert_eq!(ledger.ask(&terms(60), when, None, at(NOW)).unwrap().unit, 0);
        assert_eq!(ledger.taken(at(NOW)).count(), 1);
    }

    #[test]
    fn a_lower_capacity_keeps_what_is_booked_and_grants_less() {
        let when = stretch("23T10:00", "23T11:00");
        let there = [taken(1, 1, 1, when, None)];
        let ledger = Ledger::new(resource(1, ResourceKind::Bay, 1), &there, &[], window());
        assert_eq!(ledger.ask(&terms(60), when, None, at(NOW)).unwrap().unit, 0);
        assert_eq!(ledger.taken(at(NOW)).count(), 1);
        let none = Ledger::new(resource(1, ResourceKind::Bay, 0), &[], &[], window());
        assert_eq!(
            none.ask(&terms(60), when, None, at(NOW)),
            Err(Why::Nothing { kind: ResourceKind::Bay })
        );
    }

    #[test]
    fn blocks_and_maintenance_close_all_units_and_say_until_when() {
        let block = |kind, starts: &str, minutes, rule: Option<&str>| Block {
            id: BlockId::from_uuid(Uuid::from_u128(1)),
            resource: places_of(service()),
            kind,
            label: None,
            starts_at: starts.parse().unwrap(),
            zone: "Europe/Oslo".into(),
            minutes,
            rule: rule.map(|rule| Recurrence::parse(rule).unwrap()),
        };
        let blocks = [
            block(BlockKind::Block, "2026-11-23T12:00", 30, Some("FREQ=DAILY")),
            block(BlockKind::Maintenance, "2026-11-24T12:15", 60, None),
        ];
        let room = resource(1, ResourceKind::Bay, 5);
        let ledger = Ledger::new(room, &[], &blocks, window());
        let ask = |from, until| ledger.ask(&terms(30), stretch(from, until), None, at(NOW));
        let resource = places_of(service());
        let blocked = |kind, until| Err(Why::Blocked { resource, kind, until: at(until) });
        assert_eq!(ask("23T11:15", "23T11:45"), blocked(BlockKind::Block, "23T11:30"));
        assert!(ask("23T11:30", "23T12:00").is_ok());
        assert_eq!(ask("24T11:45", "24T12:05"), blocked(BlockKind::Maintenance, "24T12:15"));
        assert!(ask("24T12:15", "24T12:45").is_ok());
        let beyond = Stretch {
            from: "2027-02-28T23:50:00Z".parse().unwrap(),
            until: "2027-03-01T00:20:00Z".parse().unwrap(),
        };
        assert!(matches!(ledger.ask(&terms(30), beyond, None, at(NOW)), Err(Why::TooFar { .. })));
    }
}
