//! The bridge between runtimes: a task on the io runtime, a stream for whoever asked.
//!
//! A connection is driven by the runtime that opened it; were that an actor's, a busy actor would
//! stall the calls of others.
//!
//! # Invariants
//! - the channel is bounded: a slow listener slows the reading down (A9);
//! - dropping the stream aborts the task, and with it the call;
//! - the stream ends with exactly one `Done` or error, also when the task dies.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use forecourt_ports::model::{Delta, ModelError};
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

/// How many pieces wait for the listener.
const WAITING: usize = 16;

type Piece = Result<Delta, ModelError>;

/// Nobody listens any more.
#[derive(Debug)]
pub(super) struct Gone;

/// Where a call puts what comes.
pub(super) struct Out(mpsc::Sender<Piece>);

impl Out {
    pub(super) async fn send(&self, piece: Piece) -> Result<(), Gone> {
        self.0.send(piece).await.map_err(|_| Gone)
    }
}

/// Runs `call` on `io`; what it sends is the stream.
pub(super) fn on<F, C>(io: &Handle, call: C) -> BoxStream<'static, Piece>
where
    C: FnOnce(Out) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let (out, pieces) = mpsc::channel(WAITING);
    let task: JoinHandle<()> = io.spawn(call(Out(out)));
    Answer { pieces, task: task.abort_handle(), ended: false }.boxed()
}

struct Answer {
    pieces: mpsc::Receiver<Piece>,
    task: AbortHandle,
    ended: bool,
}

impl Stream for Answer {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = std::task::ready!(self.pieces.poll_recv(cx));
        // A task that ended without its last word died: its runtime was shut down.
        let piece = piece.unwrap_or(Err(ModelError::Transport));
        self.ended = !matches!(piece, Ok(Delta::Text(_) | Delta::Call(_)));
        Poll::Ready(Some(piece))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A call that had its last word may read its connection to the end.
        if !self.ended {
            self.task.abort();
        }
    }
}
