//! What is said of appointments: booked, held, moved, cancelled. Each needs its receipt.
//!
//! # Invariants
//! - **A6** a claim holds when one receipt of this conversation says it, with its own service, day and
//!   time; a hold that is over is no hold;
//! - what is said not to be so must not be so either.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Reason,
    facts::Facts,
    sentence::{Sentence, Subject},
    stock,
    times::Thread,
    words::{Cue, Deal},
};
use crate::{
    booking::BookingStatus,
    knowledge::Service,
    money::Money,
    reading::{Clock, Kind, phrases::Found},
    tools::BookingReceipt,
};

/// A date, and minutes after its midnight.
pub(super) type Moment = (Date, u16);

/// An appointment of this customer's, on the tenant's clock.
#[derive(Clone, Debug)]
pub(super) struct Appointment {
    /// As it stands now: a hold that is over is [`BookingStatus::Expired`].
    status: BookingStatus,
    /// Index into the services; none when it is no longer offered.
    service: Option<usize>,
    pub start: Moment,
    pub end: Moment,
    hold_end: Moment,
    moved_from: Option<Moment>,
    pub price: Option<Money>,
    /// Whole minutes that a hold still has.
    minutes_left: i64,
}

impl Appointment {
    pub(super) fn of(
        receipt: &BookingReceipt,
        services: &[Service],
        zone: &TimeZone,
        now: Timestamp,
    ) -> Self {
        let moment = |at: Timestamp| {
            let at = zone.to_datetime(at);
            let minute = u16::from(at.hour().unsigned_abs()) * 60;
            (at.date(), minute + u16::from(at.minute().unsigned_abs()))
        };
        let over = receipt.status == BookingStatus::Held && receipt.hold_until <= now;
        Self {
            status: if over { BookingStatus::Expired } else { receipt.status },
            service: services.iter().position(|service| service.id == receipt.service),
            start: moment(receipt.from),
            end: moment(receipt.until),
            hold_end: moment(receipt.hold_until),
            moved_from: receipt.moved_from.map(moment),
            price: receipt.price,
            minutes_left: (receipt.hold_until.as_second() - now.as_second()).max(0) / 60,
        }
    }

    pub(super) const fn is_held(&self) -> bool {
        matches!(self.status, BookingStatus::Held)
    }

    /// Whether its time is the customer's.
    pub(super) const fn stands(&self) -> bool {
        matches!(self.status, BookingStatus::Held | BookingStatus::Booked)
    }

    pub(super) fn is_of(&self, service: usize) -> bool {
        self.service == Some(service)
    }

    /// Whether so many minutes may be named as what a hold has left.
    pub(super) const fn has_left(&self, minutes: i64) -> bool {
        self.is_held() && minutes <= self.minutes_left + 1
    }

    fn is(&self, deal: Deal, says_until: bool) -> bool {
        let booked = self.status == BookingStatus::Booked;
        match deal {
            Deal::Booked | Deal::Stands => booked,
            Deal::Reserved => booked || self.is_held() && says_until,
            Deal::Held => booked || self.is_held(),
            Deal::Cancelled => self.status == BookingStatus::Cancelled,
            Deal::Moved => booked && self.moved_from.is_some(),
        }
    }

    /// Whether a clock time, or a stretch, is one of this appointment's. `on` tells the days it is said of.
    pub(super) fn has_time(
        &self,
        from: Clock,
        until: Option<Clock>,
        place: Place,
        on: impl Fn(Date) -> bool,
    ) -> bool {
        let is = |clock: Clock, minute: u16| clock.minutes().any(|said| said == minute);
        match (place, self.moved_from) {
            (Place::AfterUntil, _) if self.is_held() => {
                until.is_none() && is(from, self.hold_end.1) && on(self.hold_end.0)
            }
            (Place::AfterFrom, Some(old)) if is(from, old.1) && on(old.0) => {
                until.is_none_or(|until| is(until, self.start.1) || is(until, self.end.1))
            }
            _ => {
                is(from, self.start.1)
                    && on(self.start.0)
                    && until.is_none_or(|until| {
                        is(until, self.end.1) || self.is_held() && is(until, self.hold_end.1)
                    })
            }
        }
    }

    /// Whether a day that is named is one of this appointment's.
    pub(super) fn has_day(&self, place: Place, on: impl Fn(Date) -> bool) -> bool {
        match place {
            Place::AfterUntil if self.is_held() => on(self.hold_end.0),
            Place::AfterFrom => on(self.start.0) || self.moved_from.is_some_and(|old| on(old.0)),
            Place::Plain | Place::AfterUntil => on(self.start.0),
        }
    }
}

/// Words between `until` or `from` and its time: `from Thursday 26 November at`.
const WITHIN: usize = 7;

/// What stands before a day or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Plain,
    /// `until`
    AfterUntil,
    /// `from`
    AfterFrom,
}

impl Place {
    /// Of lexeme `at`: the nearest of the few words before it.
    pub(super) fn of(sentence: &Sentence, at: usize) -> Self {
        let near = sentence.cues.iter().filter(|cue| cue.end <= at && at - cue.end <= WITHIN);
        let words = near.filter_map(|cue| match cue.meaning {
            Cue::Until => Some((cue.first, Self::AfterUntil)),
            Cue::From => Some((cue.first, Self::AfterFrom)),
            _ => None,
        });
        words.max_by_key(|(first, _)| *first).map_or(Self::Plain, |(_, place)| place)
    }
}

/// Which appointments a sentence speaks of, by where it does.
#[derive(Debug, Default)]
pub(super) struct Claims<'a> {
    each: Vec<(usize, u16, Vec<&'a Appointment>)>,
}

impl<'a> Claims<'a> {
    /// Those that what stands at `at` is said of: in its clause, else before it, else after it.
    pub(super) fn at(&self, sentence: &Sentence, at: usize) -> Option<&[&'a Appointment]> {
        let clause = sentence.clause(at);
        let same = self.each.iter().find(|(_, of, _)| *of == clause);
        let before = || self.each.iter().rev().find(|(first, ..)| *first < at);
        same.or_else(before).or(self.each.first()).map(|(.., meant)| meant.as_slice())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }
}

/// Checks what is said of appointments, but for days and times.
pub(super) fn check<'a>(
    sentence: &Sentence,
    facts: &'a Facts,
    thread: &Thread,
) -> Result<Claims<'a>, Reason> {
    // "Not confirmed until a seller has said so" names no time and claims nothing.
    let until_a_person = sentence.is_conditional()
        && sentence.has(|cue| cue == Cue::Person)
        && !sentence.has_kind(|kind| matches!(kind, Kind::Clock(_) | Kind::Day(_)));
    let mut claims = Claims::default();
    for cue in &sentence.cues {
        let deal = match cue.meaning {
            Cue::Books if !sentence.takes_back(cue) => return Err(Reason::Booking),
            Cue::Deal(deal) => deal,
            _ => continue,
        };
        if is_part_of_another(sentence, cue)
            || deal == Deal::Reserved && stock::is_of_stock(sentence, facts, thread)
            || deal == Deal::Stands && has_stronger(sentence, cue)
        {
            continue;
        }
        if matches!(deal, Deal::Booked | Deal::Reserved) && is_of_a_car(sentence) {
            return Err(Reason::Booking);
        }
        let says_until = sentence.has(|cue| cue == Cue::Until);
        let fits = facts.appointments().iter().filter(|one| one.is(deal, says_until));
        let meant = of_named_service(sentence, thread, cue, fits.collect())?;
        if sentence.takes_back(cue) {
            // "It is not booked yet", where one is: of that one, or of nothing.
            let others = facts.appointments().iter().any(|one| !one.is(deal, says_until));
            if !meant.is_empty() && !others && !sentence.is_conditional() {
                return Err(Reason::Booking);
            }
            continue;
        }
        if meant.is_empty() {
            if until_a_person && matches!(deal, Deal::Booked | Deal::Reserved) {
                continue;
            }
            return Err(Reason::Booking);
        }
        lasts(sentence, facts, &meant)?;
        claims.each.push((cue.first, sentence.clause(cue.first), meant));
    }
    Ok(claims)
}

/// `Ola has booked that car`: receipts are of appointments, and say nothing of a car.
fn is_of_a_car(sentence: &Sentence) -> bool {
    let of_an_appointment = sentence.has(|cue| matches!(cue, Cue::ForYou | Cue::Slot))
        || sentence.has_kind(|kind| matches!(kind, Kind::Clock(_) | Kind::Day(_)))
        || sentence.subjects.iter().any(|placed| matches!(placed.subject, Subject::Service(_)));
    !of_an_appointment && sentence.has(|cue| matches!(cue, Cue::OneVehicle | Cue::ManyVehicles))
}

/// `Cancellation is confirmed` confirms nothing but a cancellation.
fn is_part_of_another(sentence: &Sentence, cue: &Found<Cue>) -> bool {
    sentence.cues.iter().any(|other| {
        matches!(other.meaning, Cue::Deal(_))
            && other.first <= cue.first
            && other.end >= cue.end
            && other.end - other.first > cue.end - cue.first
    })
}

/// `Your appointment is cancelled`: the words after say how it stands.
fn has_stronger(sentence: &Sentence, cue: &Found<Cue>) -> bool {
    let clause = sentence.clause(cue.first);
    sentence.cues.iter().any(|other| {
        matches!(other.meaning, Cue::Deal(deal) if deal != Deal::Stands)
            && sentence.clause(other.first) == clause
    })
}

/// Those of `fits` whose service is the one that is spoken of; each that is named needs one.
fn of_named_service<'a>(
    sentence: &Sentence,
    thread: &Thread,
    cue: &Found<Cue>,
    fits: Vec<&'a Appointment>,
) -> Result<Vec<&'a Appointment>, Reason> {
    let clause = sentence.clause(cue.first);
    let named = |same_clause: bool| {
        let placed = sentence.subjects.iter();
        let placed = placed.filter(move |one| !same_clause || sentence.clause(one.at) == clause);
        let service = |subject: &Subject| match subject {
            Subject::Service(index) => Some(*index),
            Subject::Vehicles(_) => None,
        };
        placed.filter_map(|one| service(&one.subject)).collect::<Vec<usize>>()
    };
    let mut services = named(true);
    if services.is_empty() {
        services = named(false);
    }
    if let (true, Some(Subject::Service(spoken_of))) = (services.is_empty(), &thread.subject) {
        // Only when the day and the time do not say which one is meant.
        let says_when = sentence.has_kind(|kind| matches!(kind, Kind::Clock(_) | Kind::Day(_)));
        services.extend((!says_when).then_some(*spoken_of));
    }
    if services.is_empty() {
        return Ok(fits);
    }
    let every = services.iter().all(|service| fits.iter().any(|one| one.is_of(*service)));
    if !every && !sentence.takes_back(cue) {
        return Err(Reason::Booking);
    }
    Ok(fits.into_iter().filter(|one| services.iter().any(|index| one.is_of(*index))).collect())
}

/// `I hold it for five minutes`: no longer than it is held, or the length of the service.
fn lasts(sentence: &Sentence, facts: &Facts, meant: &[&Appointment]) -> Result<(), Reason> {
    let lengths = sentence.tokens.iter().filter_map(|token| match token.kind {
        Kind::Duration(minutes) => Some(minutes),
        _ => None,
    });
    let lengths: Vec<i64> = lengths.collect();
    if lengths.is_empty() && sentence.has(|cue| cue == Cue::TimeUnit) {
        return Err(Reason::Booking); // a length in words, which is not read
    }
    for minutes in lengths {
        let is_length = |one: &&Appointment| {
            let service = one.service.and_then(|at| facts.grounding.knowledge.services.get(at));
            service.is_some_and(|service| i64::from(service.minutes) == minutes)
        };
        if !meant.iter().any(|one| one.has_left(minutes) || is_length(one)) {
            return Err(Reason::Booking);
        }
    }
    Ok(())
}
