//! How many streams are open, of a conversation and of the node (A9).

use std::time::Duration;

use forecourt_core::id::{SessionId, TenantId};

use crate::{
    gateway::{Gateway, State, lock},
    problem::{Code, Problem},
};

/// A place among the open streams, given back when the stream ends. While it is held the customer counts as there.
pub(super) struct Slot {
    gateway: Gateway,
    tenant: TenantId,
    session: SessionId,
}

impl Slot {
    pub(super) fn take(
        gateway: &Gateway,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Self, Problem> {
        let state: &State = &gateway.0;
        let limits = &state.config.limits;
        let mut streams = lock(&state.streams);
        let full = streams.len() >= limits.streams;
        let open = streams.entry(session).or_insert(0);
        if *open >= limits.streams_per_session || (full && *open == 0) {
            if *open == 0 {
                streams.remove(&session);
            }
            return Err(Problem::new(Code::TooMany)
                .detail("too many event streams are open")
                .retry_after(Duration::from_secs(5)));
        }
        *open += 1;
        drop(streams);
        metrics::gauge!("forecourt_http_event_streams").increment(1.0);
        state.bus.set_customer(tenant, session, true);
        Ok(Self { gateway: gateway.clone(), tenant, session })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        metrics::gauge!("forecourt_http_event_streams").decrement(1.0);
        self.gateway.0.bus.set_customer(self.tenant, self.session, false);
        let mut streams = lock(&self.gateway.0.streams);
        if let Some(open) = streams.get_mut(&self.session) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.session);
            }
        }
    }
}
