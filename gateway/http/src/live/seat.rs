//! A socket's seat: that its member is there, what they look at, and where they type. Given up with the socket,
//! however it ends.

use std::{sync::Arc, time::Duration};

use forecourt_core::id::{SessionId, TenantId};
use forecourt_ports::{
    bus::Bus,
    presence::{Availability, Person, Typist},
};
use tokio::time::Instant;

/// How often the engine is told that a member goes on typing: it holds the assistant back for longer.
const TELL_AGAIN: Duration = Duration::from_secs(2);

pub(crate) struct Seat {
    bus: Arc<dyn Bus>,
    tenant: TenantId,
    person: Person,
    viewed: Option<SessionId>,
    typing: Option<SessionId>,
    /// When the engine was last told of the typing, and where.
    told: Option<(SessionId, Instant)>,
}

impl Seat {
    /// Takes a seat: the member is there.
    pub(crate) fn take(bus: Arc<dyn Bus>, tenant: TenantId, person: Person) -> Self {
        bus.set_member(tenant, &person, true);
        Self { bus, tenant, person, viewed: None, typing: None, told: None }
    }

    /// Looks at this conversation, and no longer at the one before.
    pub(crate) fn view(&mut self, session: Option<SessionId>) {
        if self.viewed == session {
            return;
        }
        // First the new one: a member never seems to be gone for a moment.
        if let Some(session) = session {
            self.bus.set_viewer(self.tenant, session, &self.person, true);
        }
        if let Some(before) = std::mem::replace(&mut self.viewed, session) {
            self.stop_typing_at(before);
            self.bus.set_viewer(self.tenant, before, &self.person, false);
        }
    }

    /// Whether the engine is to be told that the member types.
    pub(crate) fn is_due(&self, session: SessionId) -> bool {
        self.told.is_none_or(|(at, when)| at != session || when.elapsed() >= TELL_AGAIN)
    }

    /// The engine was told.
    pub(crate) fn told(&mut self, session: SessionId) {
        self.told = Some((session, Instant::now()));
    }

    pub(crate) fn type_at(&mut self, session: SessionId, on: bool) {
        if !on {
            return self.stop_typing_at(session);
        }
        if let Some(before) = self.typing.replace(session).filter(|before| *before != session) {
            self.set_typing(before, false);
        }
        self.set_typing(session, true);
    }

    pub(crate) fn stop_typing_at(&mut self, session: SessionId) {
        if self.typing.take_if(|at| *at == session).is_some() {
            self.set_typing(session, false);
        }
        self.told.take_if(|(at, _)| *at == session);
    }

    fn set_typing(&self, session: SessionId, on: bool) {
        let typist = Typist::Member(self.person.clone());
        self.bus.set_typing(self.tenant, session, typist, on);
    }

    pub(crate) fn say(&self, availability: Availability) {
        self.bus.set_availability(self.tenant, &self.person, availability);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(session) = self.typing.take() {
            self.set_typing(session, false);
        }
        self.view(None);
        self.bus.set_member(self.tenant, &self.person, false);
    }
}
