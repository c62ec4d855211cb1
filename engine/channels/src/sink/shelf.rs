//! The shelf: the newest mails in memory, and in the journal if there is one.
//!
//! # Invariants
//! - **A1** a mail is on the shelf only if the journal has it;
//! - **A9** no more mails and no more bytes than configured; the newest mail always fits.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use forecourt_core::text;
use forecourt_ports::mailbox::{DevMailbox, MailId, MailSummary, StoredMail};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser, PartType};

use super::{
    SinkConfig,
    dialogue::Envelope,
    journal::{Head, Journal, Record},
};

/// Characters of a mail's text in a list.
const EXCERPT: usize = 200;

pub(super) struct Shelf {
    max_mails: usize,
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    mails: VecDeque<Arc<Mail>>,
    bytes: usize,
    last: u64,
    journal: Option<Journal>,
}

struct Mail {
    summary: MailSummary,
    record: Record,
}

impl Shelf {
    /// An empty shelf, or that of an earlier run.
    pub(super) fn open(config: &SinkConfig) -> io::Result<Self> {
        let shelf = Self {
            max_mails: config.max_mails.max(1),
            max_bytes: config.max_bytes,
            kept: Mutex::default(),
        };
        if let Some(dir) = &config.dir {
            let mut kept = shelf.kept();
            let journal = Journal::open(dir, |record| {
                let summary = summary(&record);
                shelf.put(&mut kept, Mail { summary, record });
            })?;
            kept.journal = Some(journal);
        }
        Ok(shelf)
    }

    /// Keeps a mail. Reads it and writes a file: call it where blocking is allowed.
    pub(super) fn store(
        &self,
        envelope: Envelope,
        raw: Vec<u8>,
        at: Timestamp,
    ) -> io::Result<MailId> {
        let head = Head { id: 0, at, from: envelope.from, to: envelope.to };
        let mut record = Record { head, raw };
        let mut summary = summary(&record);

        let mut kept = self.kept();
        let id = kept.last + 1;
        record.head.id = id;
        summary.id = MailId(id);
        if let Some(journal) = &mut kept.journal {
            journal.append(&record)?;
        }
        self.put(&mut kept, Mail { summary, record });
        Self::tidy(&mut kept);
        Ok(MailId(id))
    }

    fn put(&self, kept: &mut Kept, mail: Mail) {
        kept.last = kept.last.max(mail.record.head.id);
        kept.bytes += mail.record.raw.len();
        kept.mails.push_back(Arc::new(mail));
        while kept.mails.len() > self.max_mails
            || (kept.bytes > self.max_bytes && kept.mails.len() > 1)
        {
            if let Some(oldest) = kept.mails.pop_front() {
                kept.bytes -= oldest.record.raw.len();
            }
        }
    }

    /// Rewrites the journal when it has grown to twice what is kept. A failure is no loss: the old
    /// file still holds everything, and the next mail tries again.
    fn tidy(kept: &mut Kept) {
        // A megabyte besides, so that small shelves do not rewrite at every mail.
        let limit = 2 * kept.bytes as u64 + 1024 * 1024;
        let Kept { mails, journal: Some(journal), .. } = kept else {
            return;
        };
        if journal.bytes() > limit
            && let Err(error) = journal.rewrite(mails.iter().map(|mail| &mail.record))
        {
            tracing::warn!(error.kind = ?error.kind(), "the mail sink's file could not be rewritten");
        }
    }

    /// A panic while it was held leaves nothing half done that matters.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DevMailbox for Shelf {
    fn list(&self, limit: usize) -> Vec<MailSummary> {
        let kept = self.kept();
        kept.mails.iter().rev().take(limit).map(|mail| mail.summary.clone()).collect()
    }

    fn find(&self, id: MailId) -> Option<StoredMail> {
        let mail = {
            let kept = self.kept();
            let place = kept.mails.binary_search_by_key(&id, |mail| mail.summary.id).ok()?;
            kept.mails.get(place).map(Arc::clone)?
        };
        Some(stored(&mail))
    }
}

/// Reads what a list shows. Mails come from anywhere: whatever is missing stays empty, and a mail
/// that cannot be read at all is shown by its envelope.
fn summary(record: &Record) -> MailSummary {
    let message = MessageParser::default().parse(&record.raw);
    let message = message.as_ref();
    let from = message.and_then(Message::from).and_then(|from| from.first());
    MailSummary {
        id: MailId(record.head.id),
        at: record.head.at,
        from: from.map_or_else(
            || record.head.from.clone(),
            |from| match (from.name(), from.address()) {
                (Some(name), Some(address)) => format!("{name} <{address}>"),
                (None, Some(address)) => address.to_owned(),
                (name, None) => name.unwrap_or_default().to_owned(),
            },
        ),
        to: record.head.to.clone(),
        subject: message.and_then(Message::subject).unwrap_or_default().to_owned(),
        excerpt: message
            .and_then(|message| message.body_text(0))
            .map(|body| text::excerpt(&body, EXCERPT))
            .unwrap_or_default(),
        delivery: message
            .and_then(|message| message.header_raw("X-Forecourt-Delivery"))
            .and_then(|value| value.trim().parse().ok()),
        size: record.raw.len(),
    }
}

fn stored(mail: &Mail) -> StoredMail {
    let message = MessageParser::default().parse(&mail.record.raw);
    StoredMail {
        summary: mail.summary.clone(),
        text: message.as_ref().and_then(text_part),
        html: message.as_ref().and_then(html_part),
        headers: message.as_ref().map(headers).unwrap_or_default(),
        raw: mail.record.raw.clone(),
    }
}

/// The text as it was written; a text made from HTML does not count.
fn text_part(message: &Message<'_>) -> Option<String> {
    message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.to_string()),
        _ => None,
    })
}

fn html_part(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        _ => None,
    })
}

fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    let unfolded = |value: &str| value.replace("\r\n", "").trim().to_owned();
    message.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(dir: Option<&Path>, max_mails: usize, max_bytes: usize) -> SinkConfig {
        SinkConfig { dir: dir.map(Into::into), max_mails, max_bytes, ..SinkConfig::default() }
    }

    fn store(shelf: &Shelf, raw: &str) -> MailId {
        let envelope = Envelope { from: "a@b.no".into(), to: vec!["c@d.no".into()] };
        shelf.store(envelope, raw.as_bytes().to_vec(), Timestamp::UNIX_EPOCH).unwrap()
    }

    fn ids(shelf: &Shelf) -> Vec<u64> {
        shelf.list(usize::MAX).iter().map(|summary| summary.id.0).collect()
    }

    #[test]
    fn the_oldest_mails_are_forgotten_by_number_and_by_bytes() {
        let shelf = Shelf::open(&config(None, 3, 1000)).unwrap();
        for _ in 0..5 {
            store(&shelf, "Subject: x\r\n\r\nx");
        }
        assert_eq!(ids(&shelf), [5, 4, 3]);
        assert_eq!(shelf.find(MailId(2)), None);
        store(&shelf, &"x".repeat(990));
        assert_eq!(ids(&shelf), [6]);
        store(&shelf, &"x".repeat(5000));
        assert_eq!(ids(&shelf), [7], "the newest mail always fits");
    }

    #[test]
    fn mails_and_their_numbering_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(Some(dir.path()), 2, 10_000);
        let shelf = Shelf::open(&config).unwrap();
        for subject in ["one", "two", "three"] {
            store(&shelf, &format!("Subject: {subject}\r\n\r\nHi"));
        }
        drop(shelf);
        let shelf = Shelf::open(&config).unwrap();
        assert_eq!(ids(&shelf), [3, 2]);
        assert_eq!(shelf.find(MailId(3)).unwrap().summary.subject, "three");
        assert_eq!(store(&shelf, "x"), MailId(4));
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&config(Some(dir.path()), 2, 1_000_000)).unwrap();
        let mail = format!("Subject: big\r\n\r\n{}", "x".repeat(100_000));
        for _ in 0..50 {
            store(&shelf, &mail);
        }
        let length = std::fs::metadata(dir.path().join("mails.log")).unwrap().len();
        assert!(length < 1_700_000, "{length} bytes");
        assert_eq!(ids(&shelf), [50, 49]);
    }

    #[test]
    fn a_mail_is_read_whatever_it_is() {
        let shelf = Shelf::open(&config(None, 100, 100_000)).unwrap();
        for raw in [
            "",
            "\r\n",
            "no headers at all",
            "Subject: =?x?y?z\r\n",
            "From: \r\n\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        ] {
            let id = store(&shelf, raw);
            let mail = shelf.find(id).unwrap();
            assert_eq!(mail.raw, raw.as_bytes());
        }
        let html = store(&shelf, "Content-Type: text/html\r\n\r\n<p>Hei</p>");
        let html = shelf.find(html).unwrap();
        assert_eq!((html.text, html.html.as_deref()), (None, Some("<p>Hei</p>")));
        let folded = store(&shelf, "References: <a>\r\n <b>\r\n\r\nx");
        assert_eq!(shelf.find(folded).unwrap().headers, [("References".into(), "<a> <b>".into())]);
    }
}
