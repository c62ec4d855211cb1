//! The real store, seen through faults: calls that fail, take long, or succeed in silence.
//!
//! A call of the real store runs to its end while this thread waits, so that calls end in the order
//! in which they began. Its time passes before and after, on the virtual clock, and there a killed node stays.

mod bookings;
mod conversations;
mod deliveries;
mod knowledge;
mod stock;
mod tenants;

use std::sync::Arc;

use forecourt_ports::store::{Store, StoreError};
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::{
    clock::{Pulse, pass},
    faults::Fault,
    world::Shared,
};

/// The store as one node has it.
pub(super) struct NodeStore {
    pub(super) inner: Arc<dyn Store>,
    /// Drives the real store, where it has connections.
    pub(super) io: Option<Handle>,
    pub(super) world: Shared,
    pub(super) pulse: Pulse,
    pub(super) node: usize,
}

/// Runs a call of the real store to its end, while this thread waits.
pub(super) async fn at_once<T: Send>(
    io: Option<&Handle>,
    call: impl Future<Output = T> + Send,
) -> T {
    match io {
        None => call.await, // in memory: it never waits
        Some(io) => std::thread::scope(|scope| {
            let call = scope.spawn(|| io.block_on(call));
            call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }),
    }
}

impl NodeStore {
    /// What happens before any call.
    async fn enter(&self) -> Result<(), StoreError> {
        self.pulse.alive().await;
        let (wait, away) = {
            let mut world = self.world.lock();
            let slow = world.faults.strikes(Fault::StoreSlow);
            let dice = world.faults.dice();
            let wait = if slow { dice.millis(500, 6_000) } else { dice.millis(0, 3) };
            (wait, world.time.now() < world.store_away_until)
        };
        pass(wait).await;
        self.pulse.alive().await;
        if away { Err(StoreError::Unavailable) } else { Ok(()) }
    }

    async fn read<T: Send>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRead) {
            return Err(StoreError::Unavailable);
        }
        let found = at_once(self.io.as_ref(), call).await;
        self.leave().await;
        found
    }

    /// The way back, on which a node may die too.
    async fn leave(&self) {
        let wait = self.world.lock().faults.dice().millis(0, 1);
        pass(wait).await;
        self.pulse.alive().await;
    }

    /// Whether anything is due; a sweep that must find nothing asks nobody.
    fn is_quiet(&self, due: Option<Timestamp>, now: Timestamp) -> bool {
        due.is_none_or(|due| due > now) && self.world.lock().store_away_until <= now
    }
}
