//! The tools that bind: booking what is held, moving and cancelling, and telling of what is booked.

use forecourt_core::{
    booking::{Booking, BookingStatus, By, Customer},
    id::BookingId,
    text,
    tools::{
        BookingReceipt, Receipt, ToolName, Used,
        request::{CancelBooking, RescheduleBooking},
        results::{BookingRow, Bookings, Code, Failed},
    },
    utterance::hear,
};
use serde::Serialize;

use super::{Found, No, Tools};
use crate::booking::BookingError;

/// Characters of a reason.
const REASON: usize = 300;

impl Tools {
    /// Books what is held: on the customer's own yes, which the session knows of (A6), and when the
    /// business can reach them.
    pub(super) async fn create_booking(&self, id: BookingId) -> Result<Found, No> {
        let missing = self.missing();
        if !missing.is_empty() && self.facts.dialogue.booking(id).is_some() {
            let say = "ask the customer for it, write it down, then book";
            let failed = Failed { missing, ..Failed::new(Code::ContactMissing, say) };
            return Err(No::Failed(Box::new(failed), Vec::new()));
        }
        self.grant(ToolName::CreateBooking, Some(id)).await?;
        let offer = match self.facts.dialogue.booking(id) {
            Some(known) => known.news.offer,
            None => self.desk.find(id).await?.booking.offer,
        };
        let customer = Some(self.facts.customer.clone());
        let booking = self.desk.confirm(id, offer, By::Customer, customer).await?;
        self.tenant.note_booking(&booking).await;
        Ok(self.booked(&booking))
    }

    /// What must be known of the customer before anything is booked for them.
    pub(super) fn missing(&self) -> Vec<String> {
        missing_of(&self.facts.customer)
    }

    pub(super) async fn reschedule_booking(&self, asked: RescheduleBooking) -> Result<Found, No> {
        let RescheduleBooking { booking_id, date, time } = asked;
        let from = self.instant(date, time)?;
        self.grant_to_owner(ToolName::RescheduleBooking, booking_id).await?;
        let booking = match self.desk.reschedule(booking_id, from, By::Customer).await {
            Ok(booking) => booking,
            Err(BookingError::NotFree(_)) => {
                let service = self.desk.find(booking_id).await?.booking.wish.service;
                return Err(self.not_free(service, None, date, from).await?);
            }
            Err(error) => return Err(error.into()),
        };
        self.tenant.note_booking(&booking).await;
        Ok(self.booked(&booking))
    }

    pub(super) async fn cancel_booking(&self, asked: CancelBooking) -> Result<Found, No> {
        let reason = match asked.reason.map(|reason| text::line(&reason, REASON)) {
            None | Some(Err(text::TextError::Empty)) => None,
            Some(Ok(reason)) => Some(reason),
            Some(Err(error)) => return Err(No::bad(format!("`reason` {error}"))),
        };
        self.grant_to_owner(ToolName::CancelBooking, asked.booking_id).await?;
        let booking = self.desk.cancel(asked.booking_id, By::Customer, reason).await?;
        self.tenant.note_booking(&booking).await;
        Ok(self.booked(&booking))
    }

    /// The customer's own bookings: of this conversation, and of no other (A8).
    pub(super) async fn booking_details(&self, id: Option<BookingId>) -> Result<Found, No> {
        self.grant(ToolName::GetBookingDetails, id).await?;
        let bookings = self.desk.of_session(self.facts.session).await?;
        let meant: Vec<&Booking> =
            bookings.iter().filter(|booking| id.is_none_or(|id| booking.id == id)).collect();
        let rows = meant.iter().map(|booking| self.booking_row(booking)).collect();
        Ok(self.of_bookings(&Bookings { bookings: rows }, &meant))
    }

    fn booked(&self, booking: &Booking) -> Found {
        self.of_bookings(&self.booking_row(booking), &[booking])
    }

    /// A result about bookings, with their receipts.
    pub(super) fn of_bookings<T: Serialize>(&self, result: &T, bookings: &[&Booking]) -> Found {
        let now = self.now();
        let receipt = |booking: &&Booking| Receipt::Booking(BookingReceipt::of(booking, now));
        let used =
            |booking: &&Booking| [Used::Booking(booking.id), Used::Service(booking.wish.service)];
        Found {
            receipts: bookings.iter().map(receipt).collect(),
            used: bookings.iter().flat_map(used).collect(),
            ..Found::of(result)
        }
    }

    pub(super) fn booking_row(&self, booking: &Booking) -> BookingRow {
        let at = self.zone.to_datetime(booking.wish.from);
        BookingRow {
            booking_id: booking.id,
            status: booking.status_at(self.now()),
            date: at.date(),
            time: at.time(),
            service: self.service_name(booking.wish.service),
            mail_sent: booking.wish.customer.email.is_some(),
        }
    }

    /// One time of a service is held for a conversation: what was held before is let go. A yes then says
    /// to which, and nobody can keep a calendar shut by asking on.
    pub(super) async fn let_go_of_others(&self, kept: &Booking) {
        let now = self.now();
        let Ok(bookings) = self.desk.of_session(self.facts.session).await else { return };
        // "Sorry, I meant a test drive": what was held before is not wanted, whatever it is of.
        let corrects = hear(&self.facts.last_text, self.zone.to_datetime(now).date()).corrects;
        for other in bookings {
            let held = other.status_at(now) == BookingStatus::Held;
            let is_another = other.wish.service != kept.wish.service && !corrects;
            if !held || other.id == kept.id || is_another {
                continue;
            }
            // A hold that cannot be let go now ends by itself.
            if let Ok(other) = self.desk.cancel(other.id, By::Assistant, None).await {
                self.tenant.note_booking(&other).await;
            }
        }
    }
}

/// What must be known of a customer before anything is booked for them.
pub(super) fn missing_of(customer: &Customer) -> Vec<String> {
    let Customer { name, email, phone, .. } = customer;
    let mut missing = Vec::new();
    if name.is_none() {
        missing.push("name".to_owned());
    }
    if email.is_none() && phone.is_none() {
        missing.push("email".to_owned());
    }
    missing
}
