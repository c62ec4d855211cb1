//! The mails that were accepted.
//!
//! Lives here: the list in memory, waiting for it to grow, and the copy in a JSON-lines file. The
//! bytes kept are bounded (A9): a full store refuses mail as a full provider does, it forgets none.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use thiserror::Error;
use tokio::sync::watch;

use super::mail::Mail;

#[derive(Default)]
struct Kept {
    mails: Vec<Arc<Mail>>,
    bytes: usize,
    accepted: u64,
}

/// The store has no room for this mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the store is full")]
pub struct Full;

/// Accepted mails, oldest first.
pub struct MailStore {
    kept: Mutex<Kept>,
    max_bytes: usize,
    count: watch::Sender<u64>,
    file: Option<Mutex<BufWriter<File>>>,
}

impl MailStore {
    /// An empty store for `max_bytes` of messages, with a copy of each in `file`.
    pub fn new(max_bytes: usize, file: Option<File>) -> Self {
        Self {
            kept: Mutex::default(),
            max_bytes,
            count: watch::Sender::new(0),
            file: file.map(|file| Mutex::new(BufWriter::new(file))),
        }
    }

    /// Keeps a mail, numbered, if it fits.
    pub fn add(&self, mut mail: Mail) -> Result<Arc<Mail>, Full> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + mail.raw.len() > self.max_bytes {
            return Err(Full);
        }
        kept.bytes += mail.raw.len();
        kept.accepted += 1;
        mail.number = kept.accepted;
        let mail = Arc::new(mail);
        kept.mails.push(Arc::clone(&mail));
        let accepted = kept.accepted;
        drop(kept);
        self.write_down(&mail);
        self.count.send_replace(accepted);
        Ok(mail)
    }

    /// All mails that are kept.
    pub fn list(&self) -> Vec<Arc<Mail>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).mails.clone()
    }

    /// Takes all mails out of the store: for a reader that keeps up and needs no memory of them.
    pub fn take(&self) -> Vec<Arc<Mail>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = 0;
        std::mem::take(&mut kept.mails)
    }

    /// Tells how many mails were accepted so far, and every change of it.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    fn write_down(&self, mail: &Mail) {
        let Some(file) = &self.file else { return };
        let mut line = json!({
            "number": mail.number,
            "at": mail.received_at.to_string(),
            "helo": mail.helo,
            "from": mail.from,
            "to": mail.to,
            "message_id": mail.message_id(),
            "acked": mail.acked,
        });
        match std::str::from_utf8(&mail.raw) {
            Ok(text) => line["raw"] = text.into(),
            Err(_) => line["raw_base64"] = STANDARD.encode(&mail.raw).into(),
        }
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = writeln!(file, "{line}").and_then(|()| file.flush());
        if let Err(error) = written {
            eprintln!("the mail file cannot be written: {error}");
        }
    }
}
