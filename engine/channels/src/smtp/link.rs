//! One open SMTP connection, and the two halves of sending a mail over it.
//!
//! # Invariants
//! - [`Link::begin`] ends with the server's `354` and not one byte of the mail;
//! - [`Link::finish`] sends the mail and the final dot: the point of no return;
//! - a server that has something to say before it is asked is heard first.

use std::time::Duration;

use futures_util::FutureExt as _;
use lettre::transport::smtp::{
    Error,
    client::AsyncSmtpConnection,
    commands::{Data, Mail, Rcpt, Rset},
    extension::{Extension, MailBodyParameter, MailParameter},
    response::Response,
};
use tokio::time::{Instant, timeout};

use super::{config::Timeouts, fault::Fault, wire::Watch};
use crate::letter::Composed;

/// How long a server that has cut us off is listened to for its reason.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a kept connection may take to say that it lives.
const CHECK: Duration = Duration::from_secs(2);
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct Link {
    smtp: AsyncSmtpConnection,
    watch: Watch,
    times: Timeouts,
    /// When it was opened.
    pub(super) born: Instant,
    /// When it was last given back.
    pub(super) idle_since: Instant,
    /// Mails that were handed over on it.
    pub(super) mails: u32,
}

impl Link {
    pub(super) fn new(smtp: AsyncSmtpConnection, watch: Watch, times: Timeouts) -> Self {
        let now = Instant::now();
        Self { smtp, watch, times, born: now, idle_since: now, mails: 0 }
    }

    /// What an error of `lettre` means; its text is dropped (A13).
    pub(super) fn fault(error: &Error, watch: &Watch) -> Fault {
        match error.status() {
            Some(code) => Fault::Reply(code.into()),
            None if error.is_timeout() => Fault::Timeout,
            None if watch.has_ended() => Fault::Lost,
            None if error.is_response() || error.is_client() => Fault::BadReply,
            None => Fault::Lost,
        }
    }

    /// Whether the server has neither spoken nor hung up since the last reply. Costs no round trip.
    pub(super) async fn quiet(&mut self) -> Result<(), Fault> {
        self.hear()?;
        if self.watch.has_unread() {
            // The runtime is behind the system; in TLS what has arrived may say nothing at all.
            let caught_up = timeout(CHECK, self.watch.readable()).await;
            caught_up.map_err(|_| Fault::Timeout)?.map_err(|_| Fault::Lost)?;
            self.hear()?;
        }
        Ok(())
    }

    /// Reads what is there to be read, without waiting.
    fn hear(&mut self) -> Result<(), Fault> {
        // Not a timeout of zero: the timer's grain is a millisecond.
        match self.smtp.read_response().now_or_never() {
            None => Ok(()),
            Some(Ok(_unasked)) => Err(Fault::BadReply),
            Some(Err(error)) => Err(Self::fault(&error, &self.watch)),
        }
    }

    /// Asks a kept connection whether it lives, and makes it forget a mail that was begun.
    pub(super) async fn reset(&mut self) -> Result<(), Fault> {
        let reply = timeout(CHECK, self.smtp.command(Rset)).await.map_err(|_| Fault::Timeout)?;
        self.expect(reply, 250)
    }

    /// Agrees on sender and recipient and gets leave to send: all that may be repeated.
    pub(super) async fn begin(&mut self, mail: &Composed) -> Result<(), Fault> {
        self.quiet().await?;
        let mut parameters = Vec::new();
        if mail.needs_utf8 {
            if !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Fault::Utf8Missing);
            }
            // The address stands in the headers as well; SMTPUTF8 implies 8BITMIME (RFC 6531, 3.1).
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            parameters.push(MailParameter::SmtpUtfEight);
        }
        self.command(Mail::new(Some(mail.from.clone()), parameters), 250).await?;
        self.command(Rcpt::new(mail.to.clone(), Vec::new()), 250).await?;
        self.command(Data, 354).await
    }

    /// Sends the mail and the final dot, and waits for the reply.
    pub(super) async fn finish(&mut self, bytes: &[u8]) -> Result<Response, Fault> {
        let sent = timeout(self.times.body, self.smtp.message(bytes)).await;
        let fault = match sent {
            Ok(Ok(reply)) if u16::from(reply.code()) / 100 == 2 => {
                self.mails += 1;
                return Ok(reply);
            }
            Ok(Ok(_intermediate)) => return Err(Fault::BadReply),
            Ok(Err(error)) => Self::fault(&error, &self.watch),
            Err(_) => return Err(Fault::Timeout),
        };
        // A server that refuses in mid-body says why before it hangs up; our write failed first.
        if fault == Fault::Lost
            && let Ok(Err(error)) = timeout(LAST_WORDS, self.smtp.read_response()).await
            && let Some(code) = error.status()
        {
            return Err(Fault::Reply(code.into()));
        }
        Err(fault)
    }

    /// Says goodbye, without insisting.
    pub(super) async fn close(mut self) {
        let _parted = timeout(GOODBYE, self.smtp.quit()).await;
    }

    async fn command(&mut self, command: impl std::fmt::Display, code: u16) -> Result<(), Fault> {
        let reply = timeout(self.times.command, self.smtp.command(command)).await;
        let reply = reply.map_err(|_| Fault::Timeout)?;
        self.expect(reply, code)
    }

    /// `code`, or for 250 any other 25x (RFC 5321, 4.3.2: `RCPT` may answer 251).
    fn expect(&self, reply: Result<Response, Error>, code: u16) -> Result<(), Fault> {
        let reply = reply.map_err(|error| Self::fault(&error, &self.watch))?;
        if u16::from(reply.code()) / 10 == code / 10 { Ok(()) } else { Err(Fault::BadReply) }
    }
}
