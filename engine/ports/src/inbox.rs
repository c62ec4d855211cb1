//! A bounded queue from the bus to one listener: small while it is empty, for there are many listeners (P4).
//!
//! A channel of the runtime's keeps room for 32 messages in advance and shares a permit book: two kilobytes for a
//! listener that waits. This one has one writer, one reader, and memory only for what is in it.
//!
//! # Invariants
//! - what was put in comes out once and in order, also after the writer has gone;
//! - **A9** it holds `capacity` at most, and who puts more in is told so and never waits.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::mpsc::error::{TryRecvError, TrySendError};

/// Room that an empty queue may keep.
const KEPT: usize = 4;

#[derive(Debug)]
struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    queue: VecDeque<T>,
    reader: Option<Waker>,
    /// Whether the other end is gone, as seen from either.
    is_closed: bool,
}

/// The end of whoever tells. Dropping it closes the queue.
#[derive(Debug)]
pub struct Teller<T>(Arc<Shared<T>>);

/// The end of the listener. Dropping it closes the queue.
#[derive(Debug)]
pub struct Inbox<T>(Arc<Shared<T>>);

/// A queue for `capacity` messages.
pub fn inbox<T>(capacity: usize) -> (Teller<T>, Inbox<T>) {
    let state = State { queue: VecDeque::new(), reader: None, is_closed: false };
    let shared = Arc::new(Shared { capacity, state: Mutex::new(state) });
    (Teller(Arc::clone(&shared)), Inbox(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let reader = {
            let mut state = self.lock();
            state.is_closed = true;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl<T> Teller<T> {
    /// Puts a message in, unless the queue is full or nobody reads it any more.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let reader = {
            let mut state = self.0.lock();
            if state.is_closed {
                return Err(TrySendError::Closed(message));
            }
            if state.queue.len() >= self.0.capacity {
                return Err(TrySendError::Full(message));
            }
            state.queue.push_back(message);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    /// Whether nobody reads any more.
    pub fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Inbox<T> {
    /// Takes what is there, `most` at most, and waits for the first one. Zero: the queue is closed and empty.
    /// Nothing is lost when the future is dropped.
    pub async fn recv_many(&mut self, into: &mut Vec<T>, most: usize) -> usize {
        poll_fn(|context| self.poll_many(context, into, most)).await
    }

    /// Takes the next one; `None` when the queue is closed and empty.
    pub async fn recv(&mut self) -> Option<T> {
        let mut one = Vec::with_capacity(1);
        self.recv_many(&mut one, 1).await;
        one.pop()
    }

    /// Takes the next one if it is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.0.lock();
        let ended = if state.is_closed { TryRecvError::Disconnected } else { TryRecvError::Empty };
        state.take().ok_or(ended)
    }

    /// Whether nothing more will be put in.
    pub fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }

    fn poll_many(&self, context: &mut Context<'_>, into: &mut Vec<T>, most: usize) -> Poll<usize> {
        let mut state = self.0.lock();
        let before = into.len();
        while into.len() - before < most
            && let Some(message) = state.take()
        {
            into.push(message);
        }
        let count = into.len() - before;
        if count > 0 || state.is_closed {
            return Poll::Ready(count);
        }
        if !state.reader.as_ref().is_some_and(|reader| reader.will_wake(context.waker())) {
            state.reader = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Option<T> {
        let message = self.queue.pop_front()?;
        if self.queue.is_empty() && self.queue.capacity() > KEPT {
            self.queue = VecDeque::new();
        }
        Some(message)
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        self.0.close();
        let waiting = mem::take(&mut self.0.lock().queue);
        drop(waiting); // not under the lock: what is dropped may do anything
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn what_was_put_in_comes_out_in_order_also_after_the_teller_has_gone() {
        let (teller, mut inbox) = inbox(100);
        (0..100).for_each(|number| teller.try_send(number).unwrap());
        assert!(matches!(teller.try_send(100), Err(TrySendError::Full(100))));
        let mut got = Vec::new();
        assert_eq!(inbox.recv_many(&mut got, 64).now_or_never(), Some(64));
        drop(teller);
        assert!(inbox.is_closed());
        assert_eq!(inbox.recv_many(&mut got, 64).now_or_never(), Some(36));
        assert_eq!(got, (0..100).collect::<Vec<_>>());
        assert_eq!(inbox.recv_many(&mut got, 64).now_or_never(), Some(0));
        assert!(matches!(inbox.try_recv(), Err(TryRecvError::Disconnected)));
    }

    #[test]
    fn an_empty_queue_keeps_no_room() {
        let (teller, mut inbox) = inbox(1_000);
        (0..1_000).for_each(|number| teller.try_send(number).unwrap());
        while inbox.try_recv().is_ok() {}
        assert!(inbox.0.lock().queue.capacity() <= KEPT);
        assert!(matches!(inbox.try_recv(), Err(TryRecvError::Empty)));
    }

    #[test]
    fn nobody_is_told_who_no_longer_listens() {
        let (teller, inbox) = inbox(2);
        let held = Arc::new(());
        teller.try_send(Arc::clone(&held)).unwrap();
        drop(inbox);
        assert!(teller.is_closed());
        assert!(matches!(teller.try_send(Arc::clone(&held)), Err(TrySendError::Closed(_))));
        assert_eq!(Arc::strong_count(&held), 1, "what waited is gone with the listener");
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_next_one_and_by_the_end() {
        let (teller, mut inbox) = inbox(2);
        let reader = tokio::spawn(async move {
            let mut got = Vec::new();
            while let Some(number) = inbox.recv().await {
                got.push(number);
            }
            got
        });
        for number in 0..50 {
            while teller.try_send(number).is_err() {
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
        }
        drop(teller);
        assert_eq!(reader.await.unwrap(), (0..50).collect::<Vec<_>>());
    }
}
