//! One-time codes about bookings: sent to the address that a booking has, and brought back.
//!
//! # Invariants
//! - **A6** nobody proves a booking but who has read its mail: an assistant carries a code, and cannot know it;
//! - **A14** a code is nowhere but in its letter; it is worked out again when it comes back;
//! - an answer is the same whether or not the booking has an address.

use forecourt_core::{
    booking::{
        Booking, CodeRefused,
        code::{self, VALID},
    },
    id::{BookingId, SessionId},
};
use forecourt_ports::store::{BookingFilter, NewCode};
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::booking::{BookingDesk, BookingError};

/// Bookings of one customer that are looked at.
const MOST: u32 = 50;

/// A code is on its way, if there is an address to send it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// The address, for who knows it: `k•••@e•••`. Whoever is not the conversation that made the booking
    /// sees no letter of it.
    pub masked: String,
    /// Until when the code is good.
    pub until: Timestamp,
}

/// Somebody has read the mail of a booking's customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub booking: BookingId,
    /// Who brought the code: a conversation, or one question of a page.
    pub asker: Uuid,
    pub at: Timestamp,
}

impl BookingDesk {
    /// Sends a code to the booking's mail address. Three in an hour, whoever asks.
    pub async fn send_code(
        &self,
        booking: BookingId,
        by_session: SessionId,
    ) -> Result<CodeSent, BookingError> {
        let booking = self.find(booking).await?.booking;
        let own = booking.wish.session == Some(by_session);
        self.send_code_to(&booking, by_session.into_uuid(), own).await
    }

    async fn send_code_to(
        &self,
        booking: &Booking,
        asker: Uuid,
        own: bool,
    ) -> Result<CodeSent, BookingError> {
        self.open_for_new()?;
        let now = self.now();
        let until = now.saturating_add(VALID).unwrap_or(Timestamp::MAX);
        let address = booking.wish.customer.email.as_deref();
        let masked = match address {
            Some(address) if own => code::masked(address),
            _ => code::HIDDEN.to_owned(),
        };
        if address.is_some() && booking.status_at(now).takes_place() {
            let delivery = self.tenant.ports.ids.delivery();
            let code = NewCode { booking: booking.id, asker, delivery, now };
            if !self.tenant.ports.store.put_code(self.id(), &code).await? {
                return Err(CodeRefused::TooMany.into());
            }
            self.resources.letters_are_due();
        }
        Ok(CodeSent { masked, until })
    }

    /// Takes a code that a customer typed. It is good once, and for five tries.
    pub async fn prove_code(
        &self,
        booking: BookingId,
        by_session: SessionId,
        code: &str,
    ) -> Result<Proof, BookingError> {
        self.prove(Some(booking), by_session.into_uuid(), code).await
    }

    async fn prove(
        &self,
        booking: Option<BookingId>,
        asker: Uuid,
        code: &str,
    ) -> Result<Proof, BookingError> {
        self.open_for_new()?;
        let (ports, at) = (&self.tenant.ports, self.now());
        // Counted first: whoever goes away in the middle has had a try.
        let tried = ports.store.try_code(self.id(), asker, booking, at).await?;
        let tried = tried.ok_or(CodeRefused::Over)?;
        let wanted = ports.links.code(self.id(), tried.booking, tried.delivery);
        let wanted = wanted.ok_or(CodeRefused::Over)?;
        let typed = code::digits(code).unwrap_or_default();
        if !bool::from(typed.as_bytes().ct_eq(wanted.as_bytes())) {
            return Err(CodeRefused::Wrong { left: tried.left }.into());
        }
        if !ports.store.use_code(self.id(), tried.delivery, at).await? {
            return Err(CodeRefused::Over.into());
        }
        Ok(Proof { booking: tried.booking, asker, at })
    }

    /// The bookings of a customer that are still ahead, the next first. Addresses in lower case, numbers
    /// as they are stored.
    pub async fn of_customer(
        &self,
        email: Option<String>,
        phone: Option<String>,
    ) -> Result<Vec<Booking>, BookingError> {
        if email.is_none() && phone.is_none() {
            return Ok(vec![]);
        }
        let now = self.now();
        let from = Some(now);
        let filter = BookingFilter { email, phone, from, limit: MOST, ..Default::default() };
        let mut found = self.list(&filter).await?;
        found.retain(|booking| booking.status_at(now).takes_place());
        Ok(found)
    }

    /// Sends a code for the next booking of a customer, or for the one whose id ends in `reference`.
    /// Tells nothing: neither whether there is one, nor whether a code was sent.
    pub async fn send_code_to_customer(
        &self,
        email: Option<String>,
        phone: Option<String>,
        reference: Option<&str>,
        asker: Uuid,
    ) -> Result<(), BookingError> {
        let found = self.of_customer(email, phone).await?;
        let meant = |booking: &&Booking| {
            booking.wish.customer.email.is_some()
                && reference.is_none_or(|end| booking.id.to_string().ends_with(end))
        };
        let Some(booking) = found.iter().find(meant) else { return Ok(()) };
        match self.send_code_to(booking, asker, false).await {
            Ok(_) | Err(BookingError::Code(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the code of [`Self::send_code_to_customer`]; answers every booking ahead that has the same
    /// mail address: who reads that mail may change them all.
    pub async fn prove_customer(
        &self,
        asker: Uuid,
        code: &str,
    ) -> Result<Vec<Booking>, BookingError> {
        let proof = self.prove(None, asker, code).await?;
        let proven = self.find(proof.booking).await?.booking;
        let email = proven.wish.customer.email.as_deref().map(str::to_lowercase);
        self.of_customer(email, None).await
    }
}
