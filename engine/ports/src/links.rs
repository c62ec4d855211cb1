//! Addresses that letters point to; made by whoever knows the public address and the signing key.

use forecourt_core::id::{BookingId, DeliveryId, SessionId, TenantId};

pub trait Links: Send + Sync {
    /// Where one click unsubscribes the customer of a session (RFC 8058).
    fn unsubscribe(&self, tenant: TenantId, session: SessionId) -> Option<String>;

    /// Where staff see the conversation.
    fn conversation(&self, tenant: TenantId, session: SessionId) -> String;

    /// Where staff see the endpoints of integrators.
    fn webhooks(&self) -> Option<String> {
        None
    }

    /// Where a customer fetches the calendar entry of their booking; `None` where nobody serves it.
    fn invitation(&self, _tenant: TenantId, _booking: BookingId) -> Option<String> {
        None
    }

    /// Where a customer sees their booking, moves or cancels it; `None` where nobody serves it.
    fn booking(&self, _tenant: TenantId, _booking: BookingId) -> Option<String> {
        None
    }

    /// The one-time code that a letter about a booking carries: six digits, derived with the key from
    /// the letter's id; `None` where nobody signs.
    fn code(&self, _tenant: TenantId, _booking: BookingId, _letter: DeliveryId) -> Option<String> {
        None
    }
}
