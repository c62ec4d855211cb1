//! Appointments of a dealer in memory: held, booked, moved, cancelled, each with its receipt.

use forecourt_core::{
    booking::BookingStatus,
    dialogue::{BookingNews, CodeState, KnownBooking, Offer},
    id::{BookingId, OfferId},
    tools::{
        BookingReceipt, Receipt,
        request::{HoldSlot, RescheduleBooking},
        results::{self, BookingRow, Code, Failed, HeldRow},
    },
};
use jiff::SignedDuration;
use uuid::Uuid;

use super::World;

impl World {
    pub(super) fn create(&mut self, booking: BookingId) -> String {
        let now = self.now;
        let known = self.dialogue.booking(booking);
        if !known.is_some_and(|known| known.news.is_held_at(now)) {
            return results::write(&Failed::new(Code::NotHeld, "the hold has ended"));
        }
        if known.is_none_or(|known| known.accepted.is_none()) {
            return results::write(&Failed::new(Code::NoYes, "no yes"));
        }
        let missing = self.missing();
        if !missing.is_empty() {
            let failed = Failed { missing, ..Failed::new(Code::ContactMissing, "missing") };
            return results::write(&failed);
        }
        self.dialogue.offers.clear();
        self.change(booking, |news| news.status = BookingStatus::Booked)
    }

    pub(super) fn hold(&mut self, hold: &HoldSlot, offers: &mut Vec<Offer>) -> String {
        let from = self.instant(hold.date, hold.time);
        if self.grant(hold.service_id, from).is_err() {
            let near = self.free(hold.service_id, hold.date, 1, None, None);
            offers.extend(near.iter().map(|row| self.offer(hold.service_id, row)));
            let failed = Failed { near, ..Failed::new(Code::NotFree, "not free") };
            return results::write(&failed);
        }
        let minutes = i64::from(self.service(hold.service_id).minutes);
        let (booking, offer) = (self.id(), self.id());
        let news = BookingNews {
            booking: BookingId::from_uuid(booking),
            offer: OfferId::from_uuid(offer),
            status: BookingStatus::Held,
            service: hold.service_id,
            from,
            until: from + SignedDuration::from_mins(minutes),
            hold_until: self.now + SignedDuration::from_mins(10),
        };
        // One hold at a time: the customer chose another.
        let now = self.now;
        self.dialogue.bookings.retain(|known| !known.news.is_held_at(now));
        self.dialogue.bookings.push(KnownBooking { news, shown: None, accepted: None });
        self.note(news);
        results::write(&HeldRow {
            booking_id: news.booking,
            offer_id: Some(news.offer),
            date: hold.date,
            time: hold.time,
            hold_until: news.hold_until,
            service: self.service(hold.service_id).name.get(self.lang).to_owned(),
            missing: self.missing(),
        })
    }

    pub(super) fn reschedule(&mut self, to: &RescheduleBooking) -> String {
        if let Some(failed) = self.without_code(to.booking_id) {
            return failed;
        }
        let from = self.instant(to.date, to.time);
        let news = self.dialogue.booking(to.booking_id).unwrap().news;
        let service = news.service;
        if self.grant(service, from).is_err() {
            let near = self.free(service, to.date, 1, None, None);
            return results::write(&Failed { near, ..Failed::new(Code::NotFree, "not free") });
        }
        self.moved_from = Some(news.from);
        self.change(to.booking_id, |news| {
            news.until = from + news.until.duration_since(news.from);
            news.from = from;
        })
    }

    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.name.is_none() {
            missing.push("name".to_owned());
        }
        if self.email.is_none() {
            missing.push("email".to_owned());
        }
        missing
    }

    pub(super) fn without_code(&mut self, booking: BookingId) -> Option<String> {
        if self.dialogue.is_proven(booking, self.now) {
            return None;
        }
        self.dialogue.code = Some(CodeState { booking, proven_until: None });
        let mut failed = Failed::new(Code::NoCode, "a code was sent");
        failed.code_sent_to = Some("k•••@example.no".into());
        Some(results::write(&failed))
    }

    pub(super) fn change(&mut self, booking: BookingId, with: impl Fn(&mut BookingNews)) -> String {
        let known = self.dialogue.bookings.iter_mut().find(|known| known.news.booking == booking);
        let Some(known) = known else {
            return results::write(&Failed::new(Code::NotFound, "no such booking"));
        };
        with(&mut known.news);
        let news = known.news;
        self.note(news);
        results::write(&self.row(news))
    }

    /// The receipt of a booking as it is now.
    fn note(&mut self, news: BookingNews) {
        let of =
            |receipt: &Receipt| matches!(receipt, Receipt::Booking(b) if b.booking == news.booking);
        self.receipts.retain(|receipt| !of(receipt));
        self.receipts.push(Receipt::Booking(BookingReceipt {
            booking: news.booking,
            status: news.status,
            service: news.service,
            from: news.from,
            until: news.until,
            hold_until: news.hold_until,
            price: None,
            resources: vec![],
            moved_from: self.moved_from,
        }));
    }

    pub(super) fn row(&self, news: BookingNews) -> BookingRow {
        let at = self.zone.to_datetime(news.from);
        BookingRow {
            booking_id: news.booking,
            status: news.status,
            date: at.date(),
            time: at.time(),
            service: self.service(news.service).name.get(self.lang).to_owned(),
            mail_sent: self.email.is_some(),
        }
    }

    fn id(&mut self) -> Uuid {
        self.next += 1;
        Uuid::from_u128(self.next)
    }
}
