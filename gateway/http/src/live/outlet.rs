//! The way of frames that say how things stand now: to one socket, few at a time.
//!
//! # Invariants
//! - **A9** [`FEW`] such batches wait for a socket; what comes then is let go, and told anew when it reads again.
//!   So a socket that falls behind loses these first, and its place only when events do not fit either.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix::Recipient;
use bytestring::ByteString;

use super::room::Push;

/// Batches that may wait for a socket.
const FEW: usize = 8;

/// Batches on their way to a socket. Shared by the socket and all who write to it.
#[derive(Clone, Default)]
pub(crate) struct OnTheWay(Arc<AtomicUsize>);

impl OnTheWay {
    /// The socket has taken one.
    pub(crate) fn taken(&self) {
        let less = |waiting: usize| Some(waiting.saturating_sub(1));
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// See the [module](self).
pub(crate) struct Outlet {
    to: Recipient<Push>,
    on_the_way: OnTheWay,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Sent,
    /// The socket reads too slowly just now.
    Full,
    /// The socket is gone.
    Gone,
}

impl Outlet {
    pub(crate) const fn new(to: Recipient<Push>, on_the_way: OnTheWay) -> Self {
        Self { to, on_the_way }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.to.connected()
    }

    pub(crate) fn push(&self, frames: Arc<[ByteString]>) -> Pushed {
        let waiting = &self.on_the_way.0;
        if waiting.load(Ordering::Relaxed) >= FEW {
            metrics::counter!("forecourt_http_live_let_go_total").increment(1);
            return if self.is_open() { Pushed::Full } else { Pushed::Gone };
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        match self.to.try_send(Push::Now(frames)) {
            Ok(()) => Pushed::Sent,
            Err(refused) => {
                self.on_the_way.taken();
                match refused {
                    actix::dev::SendError::Full(_) => Pushed::Full,
                    actix::dev::SendError::Closed(_) => Pushed::Gone,
                }
            }
        }
    }

    pub(crate) fn close(&self, code: u16, words: &'static str) {
        // A socket whose mailbox is full is cut by its room.
        let _full = self.to.try_send(Push::Close(code, words));
    }
}
