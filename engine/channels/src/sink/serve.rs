//! The sink's sockets: accepting, reading commands and mails, writing replies.
//!
//! # Invariants
//! - **A9** a connection waits for no client longer than [`IDLE`], and lives no longer than [`LIFE`];
//! - replies to pipelined commands leave together, in order.

use std::{io, sync::Arc, time::Duration};

use forecourt_ports::clock::Clock;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    dialogue::{Dialogue, Step},
    read::{self, Line, Mail},
    shelf::Shelf,
};

/// Longest wait for a command, and for a whole mail.
const IDLE: Duration = Duration::from_mins(2);
/// Longest life of a connection.
const LIFE: Duration = Duration::from_hours(1);
/// Pause after a failed accept, as when files run out.
const BREATH: Duration = Duration::from_millis(100);

pub(super) struct Server {
    pub(super) shelf: Arc<Shelf>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) max_mail_bytes: usize,
    pub(super) max_connections: usize,
}

impl Server {
    /// Accepts until stopped.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(self.max_connections));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let server = Arc::clone(&self);
                    self.tasks.spawn(async move { server.attend(stream, place).await });
                }
                Err(_) => turn_away(&stream),
            }
        }
    }

    async fn attend(&self, stream: TcpStream, _place: OwnedSemaphorePermit) {
        // A client that leaves or stalls is no event: the next one is served.
        let _ended = tokio::select! {
            () = self.stop.cancelled() => None,
            ended = timeout(LIFE, self.converse(stream)) => Some(ended),
        };
    }

    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (reading, mut writing) = stream.into_split();
        let mut reading = BufReader::new(reading);
        let mut replies = b"220 forecourt-sink ESMTP keeps what it gets\r\n".to_vec();
        let mut dialogue = Dialogue::new(self.max_mail_bytes);
        loop {
            // Whoever pipelines gets the replies together, once no whole command is waiting.
            if !reading.buffer().contains(&b'\n') {
                timeout(IDLE, writing.write_all(&replies)).await??;
                replies.clear();
            }
            let step = match timeout(IDLE, read::line(&mut reading)).await?? {
                Line::Whole(line) => dialogue.command(&line),
                Line::TooLong => dialogue.refused("500 5.5.2 the line is too long"),
                Line::BareEnd => dialogue.refused("500 5.5.2 lines end in CR LF"),
                Line::End => return Ok(()),
            };
            let (reply, close) = match step {
                Step::Reply(reply) => (reply, false),
                Step::Close(reply) => (reply, true),
                Step::Data(go_on) => {
                    replies.extend_from_slice(format!("{go_on}\r\n").as_bytes());
                    timeout(IDLE, writing.write_all(&replies)).await??;
                    replies.clear();
                    let reading = read::mail(&mut reading, self.max_mail_bytes);
                    let envelope = dialogue.take_envelope();
                    let reply = match timeout(IDLE, reading).await?? {
                        Mail::Whole(raw) => self.keep(envelope, raw).await,
                        Mail::TooLarge => "552 5.3.4 too large".into(),
                        Mail::LineTooLong => "550 5.6.0 a line is too long".into(),
                        Mail::BareEnd => "550 5.6.0 lines end in CR LF".into(),
                        Mail::End => return Ok(()),
                    };
                    (reply, false)
                }
            };
            replies.extend_from_slice(reply.as_bytes());
            replies.extend_from_slice(b"\r\n");
            if close {
                return timeout(IDLE, writing.write_all(&replies)).await?;
            }
        }
    }

    async fn keep(&self, envelope: super::dialogue::Envelope, raw: Vec<u8>) -> String {
        let (shelf, at) = (Arc::clone(&self.shelf), self.clock.now());
        match tokio::task::spawn_blocking(move || shelf.store(envelope, raw, at)).await {
            Ok(Ok(id)) => format!("250 2.0.0 Ok: queued as sink-{id}"),
            Ok(Err(error)) => {
                tracing::warn!(error.kind = ?error.kind(), "the mail sink could not write its file");
                "452 4.3.1 no space to keep it".into()
            }
            Err(_) => "451 4.3.0 it could not be read".into(),
        }
    }
}

/// Says so without waiting: who is too many must not cost a task.
fn turn_away(stream: &TcpStream) {
    let _written = stream.try_write(b"421 4.7.0 too many connections\r\n");
}
