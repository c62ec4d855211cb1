//! Mail that was caught instead of sent: what a demo shows and a test reads back.
//!
//! Lives here: the contract between the mail sink (`engine/channels`) and whoever shows its mails.
//! May be used by: the sink, the gateway's `/dev` pages, tests.
//!
//! # Invariants
//! - **A9** a mailbox forgets its oldest mails; an id that is not found any more is no error;
//! - **A13** nothing here prints a mail: `Debug` gives the id and nothing else.

use std::{fmt, num::ParseIntError, str::FromStr};

use forecourt_core::id::DeliveryId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A mail's place in the mailbox: rises by one with every mail, and is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailId(pub u64);

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MailId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// What a list of mails shows of one.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MailSummary {
    pub id: MailId,
    /// When the mailbox took it.
    pub at: Timestamp,
    /// The `From` header, decoded: name and address; the envelope's sender when there is none.
    pub from: String,
    /// The envelope's recipients: whom it would have reached.
    pub to: Vec<String>,
    /// Decoded; empty when there is none.
    pub subject: String,
    /// The first words of the text, at most 200 characters.
    pub excerpt: String,
    /// The delivery that made it, when the engine itself sent it.
    pub delivery: Option<DeliveryId>,
    /// Size of the raw mail in bytes.
    pub size: usize,
}

/// One mail in full.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMail {
    pub summary: MailSummary,
    /// The plain text part, decoded.
    pub text: Option<String>,
    /// The HTML part, decoded: foreign markup, to be shown in a sandbox without scripts only.
    pub html: Option<String>,
    /// All headers in their order, unfolded, as they were written (encoded words are not decoded).
    pub headers: Vec<(String, String)>,
    /// The mail as it came over the wire, dots unstuffed.
    pub raw: Vec<u8>,
}

impl fmt::Debug for MailSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailSummary({}, ..)", self.id)
    }
}

impl fmt::Debug for StoredMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredMail({}, ..)", self.summary.id)
    }
}

/// A mailbox that keeps the newest mails. Answers from memory, without waiting.
pub trait DevMailbox: Send + Sync {
    /// The newest mails, newest first, at most `limit`.
    fn list(&self, limit: usize) -> Vec<MailSummary>;

    /// One mail; `None` when there never was one of that id, or it is forgotten.
    fn find(&self, id: MailId) -> Option<StoredMail>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_printed_and_a_mail_prints_nothing_of_itself() {
        assert_eq!(MailId(12).to_string().parse(), Ok(MailId(12)));
        assert!("-1".parse::<MailId>().is_err());

        let summary = MailSummary {
            id: MailId(12),
            at: Timestamp::UNIX_EPOCH,
            from: "Kari <kari@example.no>".into(),
            to: vec!["ola@example.no".into()],
            subject: "secret".into(),
            excerpt: String::new(),
            delivery: None,
            size: 0,
        };
        assert_eq!(format!("{summary:?}"), "MailSummary(12, ..)");
    }
}
