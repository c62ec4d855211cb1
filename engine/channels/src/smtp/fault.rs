//! What goes wrong with a mail server, and what it means for the message.
//!
//! # Invariants
//! - **A13** a code is made of our words and the server's number, never of its text;
//! - a refusal before `MAIL` says nothing about the message: it is never `Permanent`.

use forecourt_ports::sender::SendError;

/// A step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server said no, with this number (400 to 599).
    Reply(u16),
    Refused,
    Unreachable,
    Timeout,
    /// The connection ended.
    Lost,
    /// The server answered what the protocol does not allow there.
    BadReply,
    Tls,
    /// The URL asks for STARTTLS, the server does not offer it.
    TlsMissing,
    /// The URL has a password, the server offers no way to give it.
    AuthMissing,
    /// The address needs SMTPUTF8, the server does not offer it.
    Utf8Missing,
    /// All connections were in use for too long.
    Busy,
    /// The task was cancelled or panicked.
    Aborted,
}

impl Fault {
    /// The code by which callers and metrics know it.
    pub(super) fn code(self) -> String {
        match self {
            Self::Reply(number) => return format!("smtp-{number}"),
            Self::Refused => "connect-refused",
            Self::Unreachable => "connect-failed",
            Self::Timeout => "timeout",
            Self::Lost => "connection-lost",
            Self::BadReply => "bad-reply",
            Self::Tls => "tls-failed",
            Self::TlsMissing => "tls-unsupported",
            Self::AuthMissing => "auth-unsupported",
            Self::Utf8Missing => "smtputf8-unsupported",
            Self::Busy => "pool-busy",
            Self::Aborted => "aborted",
        }
        .into()
    }

    /// Whether a kept connection, not the server, may be to blame.
    pub(super) const fn may_be_stale(self) -> bool {
        matches!(self, Self::Reply(421) | Self::Lost | Self::BadReply)
    }

    /// Whether the connection can be used again after `RSET`.
    pub(super) const fn leaves_connection(self) -> bool {
        matches!(self, Self::Utf8Missing) || matches!(self, Self::Reply(number) if number != 421)
    }

    /// What it means when connecting, greeting or logging in: the next try may do better.
    pub(super) fn before_message(self) -> SendError {
        SendError::Temporary { code: self.code(), retry_after: None }
    }

    /// What it means from `MAIL` on, when the server has been told of this message.
    pub(super) fn of_message(self) -> SendError {
        match self {
            // The server wants a login: the set-up is wrong, not the message.
            Self::Reply(530 | 534 | 535 | 538) => self.before_message(),
            Self::Reply(500..) | Self::Utf8Missing => SendError::Permanent { code: self.code() },
            _ => self.before_message(),
        }
    }

    /// What it means once the body has begun: only a reply is an answer.
    pub(super) fn of_body(self) -> SendError {
        match self {
            Self::Reply(500..) => SendError::Permanent { code: self.code() },
            Self::Reply(_) => SendError::Temporary { code: self.code(), retry_after: None },
            _ => SendError::Uncertain { code: self.code() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(error: &SendError) -> &'static str {
        match error {
            SendError::Temporary { .. } => "temporary",
            SendError::Permanent { .. } => "permanent",
            SendError::Uncertain { .. } => "uncertain",
        }
    }

    #[test]
    fn a_fault_means_what_the_step_makes_of_it() {
        for (fault, before, message, body) in [
            (Fault::Reply(451), "temporary", "temporary", "temporary"),
            (Fault::Reply(550), "temporary", "permanent", "permanent"),
            (Fault::Reply(535), "temporary", "temporary", "permanent"),
            (Fault::Timeout, "temporary", "temporary", "uncertain"),
            (Fault::Lost, "temporary", "temporary", "uncertain"),
            (Fault::BadReply, "temporary", "temporary", "uncertain"),
            (Fault::Utf8Missing, "temporary", "permanent", "uncertain"),
        ] {
            assert_eq!(word(&fault.before_message()), before, "{fault:?}");
            assert_eq!(word(&fault.of_message()), message, "{fault:?}");
            assert_eq!(word(&fault.of_body()), body, "{fault:?}");
        }
        assert_eq!(Fault::Reply(451).code(), "smtp-451");
    }
}
