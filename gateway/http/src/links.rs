//! The addresses that letters point to.

use forecourt_core::id::{BookingId, DeliveryId, SessionId, TenantId};
use forecourt_ports::links::Links;

use crate::tokens::{Sealer, SigningKey};

/// Links to this gateway, sealed with its key.
pub struct SignedLinks {
    public_url: String,
    sealer: Sealer,
}

impl SignedLinks {
    /// `public_url` is where the outside reaches the gateway, without a slash at the end.
    pub fn new(public_url: impl Into<String>, key: &SigningKey) -> Self {
        Self { public_url: public_url.into(), sealer: Sealer::new(key) }
    }
}

impl Links for SignedLinks {
    fn unsubscribe(&self, tenant: TenantId, session: SessionId) -> Option<String> {
        Some(format!("{}/u/{}", self.public_url, self.sealer.unsubscribe(tenant, session)))
    }

    fn conversation(&self, _: TenantId, session: SessionId) -> String {
        // The dashboard signs in first; the tenant follows from who signs in, never from the address (A8).
        format!("{}/app/sessions/{session}", self.public_url)
    }

    fn webhooks(&self) -> Option<String> {
        Some(format!("{}/app/webhooks", self.public_url))
    }

    fn invitation(&self, tenant: TenantId, booking: BookingId) -> Option<String> {
        let token = self.sealer.booking(tenant, booking);
        Some(format!("{}/v1/public/bookings/{token}/invitation.ics", self.public_url))
    }

    fn booking(&self, tenant: TenantId, booking: BookingId) -> Option<String> {
        Some(format!("{}/booking/{}", self.public_url, self.sealer.booking(tenant, booking)))
    }

    fn code(&self, tenant: TenantId, booking: BookingId, letter: DeliveryId) -> Option<String> {
        Some(self.sealer.code(tenant, booking, letter))
    }
}
