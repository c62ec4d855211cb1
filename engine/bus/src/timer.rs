//! One timer for all who type: it sleeps until the first of them has been silent long enough.
//!
//! It runs while there is something to wait for, on whatever runtime set it. Without a runtime (a test that
//! steps by itself) nothing expires by itself.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use forecourt_core::id::{SessionId, TenantId};
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::Topics;

/// Conversations that are waited for at once; one more may show somebody typing for too long.
const MAX_WAITS: usize = 100_000;

#[derive(Debug)]
pub(crate) struct Timer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    topics: Weak<Topics>,
    state: Mutex<State>,
    earlier: Notify,
}

#[derive(Debug, Default)]
struct State {
    waits: BTreeSet<(Instant, TenantId, SessionId)>,
    runs: bool,
}

impl Timer {
    pub(crate) fn new(topics: &Arc<Topics>) -> Self {
        let topics = Arc::downgrade(topics);
        Self(Arc::new(Shared { topics, state: Mutex::default(), earlier: Notify::new() }))
    }

    /// Looks at a conversation at this time.
    pub(crate) fn at(&self, when: Instant, tenant: TenantId, session: SessionId) {
        let mut state = self.0.lock();
        if state.waits.len() >= MAX_WAITS {
            return;
        }
        let first = state.waits.first().is_none_or(|(first, ..)| when < *first);
        state.waits.insert((when, tenant, session));
        if !state.runs {
            let Ok(runtime) = Handle::try_current() else { return };
            state.runs = true;
            runtime.spawn(run(Running { shared: Arc::clone(&self.0), over: false }));
        } else if first {
            self.0.earlier.notify_one();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that the timer stands still when its runtime ends under it: the next one to type starts another.
struct Running {
    shared: Arc<Shared>,
    /// It has said so itself.
    over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            self.shared.lock().runs = false;
        }
    }
}

async fn run(mut running: Running) {
    let shared = Arc::clone(&running.shared);
    loop {
        let now = Instant::now();
        let next = {
            let mut state = shared.lock();
            let Some(first) = state.waits.first().copied() else {
                (state.runs, running.over) = (false, true);
                return;
            };
            if first.0 <= now {
                state.waits.pop_first();
            }
            first
        };
        let (when, tenant, session) = next;
        if now < when {
            tokio::select! {
                () = sleep_until(when) => {}
                () = shared.earlier.notified() => {}
            }
            continue;
        }
        let Some(topics) = shared.topics.upgrade() else { return };
        if let Some(again) = topics.expire(tenant, session, now) {
            shared.lock().waits.insert((again, tenant, session));
        }
    }
}
