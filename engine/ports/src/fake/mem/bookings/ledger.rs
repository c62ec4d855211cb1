//! Bookings: written against their ledgers, found again.

use forecourt_core::{
    booking::{
        Booking, BookingEvent, BookingStatus, BookingTold, BookingVersion, TakenBy,
        letter::LetterKind,
    },
    id::{BookingId, ResourceId, SessionId},
};
use jiff::Timestamp;

use super::{Data, Letter};
use crate::store::{BookingFilter, BookingHistory, BookingWrite, LetterStatus, MOST_ROWS, Written};

impl Data {
    pub(super) fn write(&mut self, write: &BookingWrite) -> Written {
        let BookingWrite { booking, event, ledgers, letters, now } = write;
        let expected = write.expected();
        if let Some(client_id) = &booking.wish.client_id
            && expected == BookingVersion(0)
        {
            let same =
                |(other, _): &&(Booking, Vec<_>)| other.wish.client_id.as_ref() == Some(client_id);
            if let Some((known, _)) = self.bookings.values().find(same) {
                return Written::Known { booking: known.id };
            }
        }
        let stored = self.bookings.get(&booking.id);
        if stored.map_or(BookingVersion(0), |(stored, _)| stored.version) != expected {
            return Written::Conflict;
        }
        for (resource, version) in ledgers {
            if self.resources.get(resource).is_none_or(|(_, stored)| stored != version) {
                return Written::Behind { resource: *resource };
            }
        }
        let over = |taken: &TakenBy| {
            taken.held_until.is_some_and(|until| until <= *now)
                && ledgers.iter().any(|(resource, _)| *resource == taken.take.resource)
        };
        let mut taken: Vec<TakenBy> = self.taken.clone();
        taken.retain(|taken| taken.booking != booking.id && !over(taken));
        for take in booking.takes() {
            let overlaps = |other: &TakenBy| {
                other.take.resource == take.resource
                    && other.take.unit == take.unit
                    && other.take.stretch.touches(take.stretch)
            };
            if taken.iter().any(overlaps) {
                return Written::Taken;
            }
            let held_until = booking.held_until();
            taken.push(TakenBy { take: *take, booking: booking.id, held_until });
        }
        self.taken = taken;
        for (resource, _) in ledgers {
            if let Some((_, version)) = self.resources.get_mut(resource) {
                *version += 1;
            }
        }
        for ((id, kind, sequence), letter) in &mut self.letters {
            let older =
                *id == booking.id && *sequence < booking.sequence && *kind != LetterKind::Code;
            if older && letter.status == LetterStatus::Pending {
                (letter.status, letter.claim) = (LetterStatus::Dropped, None);
            }
        }
        for (owed, delivery) in letters {
            let place = self.letters.entry((booking.id, owed.kind, owed.sequence));
            place.or_insert(Letter::new(*delivery, owed.due_at));
        }
        let (place, events) =
            self.bookings.entry(booking.id).or_insert_with(|| (booking.clone(), vec![]));
        place.clone_from(booking);
        events.push((*now, event.clone()));
        self.untold.push((*now, BookingTold::of(booking, event)));
        Written::Stored
    }

    pub(in crate::fake::mem) fn find(&self, id: BookingId) -> Option<&Booking> {
        self.bookings.get(&id).map(|(booking, _)| booking)
    }

    /// Whether something of this conversation is booked, or was when its time came.
    pub(in crate::fake::mem) fn is_booked_in(&self, session: SessionId) -> bool {
        let booked = [BookingStatus::Booked, BookingStatus::NoShow];
        self.bookings.values().any(|(booking, _)| {
            booking.wish.session == Some(session) && booked.contains(&booking.status)
        })
    }

    pub(super) fn history(&self, booking: BookingId) -> Option<BookingHistory> {
        let (found, events) = self.bookings.get(&booking)?;
        let letters = self.letters_of(booking);
        Some(BookingHistory { booking: found.clone(), events: events.clone(), letters })
    }

    pub(super) fn booking_of(&self, client_id: &str) -> Option<Booking> {
        let mine = |(booking, _): &&(Booking, Vec<(Timestamp, BookingEvent)>)| {
            booking.wish.client_id.as_deref() == Some(client_id)
        };
        self.bookings.values().find(mine).map(|(booking, _)| booking.clone())
    }

    pub(super) fn list_bookings(&self, filter: &BookingFilter) -> Vec<Booking> {
        let place = |booking: &Booking| (booking.wish.from, booking.id);
        let has = |booking: &Booking, resource: ResourceId| {
            self.taken.iter().any(|t| t.booking == booking.id && t.take.resource == resource)
        };
        let mut found: Vec<Booking> = self
            .bookings
            .values()
            .map(|(booking, _)| booking)
            .filter(|booking| {
                filter.status.is_none_or(|status| booking.status == status)
                    && filter.service.is_none_or(|service| booking.wish.service == service)
                    && filter.session.is_none_or(|session| booking.wish.session == Some(session))
                    && filter.email.as_ref().is_none_or(|email| {
                        let own = booking.wish.customer.email.as_deref().map(str::to_lowercase);
                        own.as_ref() == Some(email)
                    })
                    && (filter.phone.is_none() || filter.phone == booking.wish.customer.phone)
                    && filter.from.is_none_or(|from| booking.wish.until > from)
                    && filter.until.is_none_or(|until| booking.wish.from < until)
                    && filter.resource.is_none_or(|resource| has(booking, resource))
                    && filter.after.is_none_or(|after| place(booking) > after)
            })
            .cloned()
            .collect();
        found.sort_by_key(place);
        found.truncate(filter.limit.min(MOST_ROWS) as usize);
        found
    }

    /// Holds that are over and still stand as held, each with its end.
    pub(super) fn overdue_holds(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, BookingId)> {
        let over = move |booking: &&Booking| {
            booking.status == BookingStatus::Held && booking.hold_until <= now
        };
        let bookings = self.bookings.values().map(|(booking, _)| booking).filter(over);
        bookings.map(|booking| (booking.hold_until, booking.id))
    }
}
