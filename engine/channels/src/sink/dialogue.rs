//! The server's half of an SMTP dialogue, without sockets: a line in, a reply out (RFC 5321, 6531).
//!
//! # Invariants
//! - a bad command changes nothing: what was agreed before it still holds;
//! - `MAIL`, `RCPT`, `DATA` come in this order; whatever is out of order gets `503`.

use super::path::{Refusal, address, path};

/// Recipients of one mail (RFC 5321 asks for 100 at least).
const MAX_RECIPIENTS: usize = 100;
/// Bad commands until the connection is closed.
const MAX_ERRORS: u32 = 20;

/// Who sends to whom, as agreed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Empty for a bounce.
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

/// What follows a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Answer, and read the next command.
    Reply(String),
    /// Answer, and read a mail.
    Data(String),
    /// Answer, and close.
    Close(String),
}

/// One connection's dialogue.
pub(super) struct Dialogue {
    max_mail_bytes: usize,
    greeted: bool,
    mail: Option<Mail>,
    errors: u32,
}

struct Mail {
    envelope: Envelope,
    utf8: bool,
}

impl Dialogue {
    pub(super) const fn new(max_mail_bytes: usize) -> Self {
        Self { max_mail_bytes, greeted: false, mail: None, errors: 0 }
    }

    /// Answers one command line, without its line end.
    pub(super) fn command(&mut self, line: &[u8]) -> Step {
        let Ok(line) = std::str::from_utf8(line) else {
            return self.refused("500 5.5.2 the command is not UTF-8");
        };
        if line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0") {
            // A web page must not make a browser speak SMTP in the body of a request.
            return Step::Close("421 4.7.0 this is a mail server".into());
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim_end();
        let answered = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.greet(rest, true),
            "HELO" => self.greet(rest, false),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" if rest.is_empty() => {
                return match &self.mail {
                    Some(mail) if !mail.envelope.to.is_empty() => {
                        Step::Data("354 end with a dot on a line of its own".into())
                    }
                    Some(_) => self.refused("503 5.5.1 RCPT first"),
                    None => self.refused("503 5.5.1 MAIL first"),
                };
            }
            "RSET" if rest.is_empty() => {
                self.mail = None;
                Ok("250 2.0.0 forgotten".into())
            }
            "NOOP" => Ok("250 2.0.0 still here".into()),
            "QUIT" if rest.is_empty() => return Step::Close("221 2.0.0 goodbye".into()),
            "VRFY" if !rest.is_empty() => Ok("252 2.0.0 send and see".into()),
            "HELP" => Ok("214 2.0.0 see RFC 5321".into()),
            "DATA" | "RSET" | "QUIT" | "VRFY" => Err("501 5.5.4 wrong arguments"),
            "AUTH" | "STARTTLS" | "EXPN" | "ETRN" | "BDAT" => Err("502 5.5.1 not offered"),
            _ => Err("500 5.5.2 unknown command"),
        };
        match answered {
            Ok(reply) => Step::Reply(reply),
            Err(refusal) => self.refused(refusal),
        }
    }

    /// Counts a line that could not be read as a command, and answers it.
    pub(super) fn refused(&mut self, refusal: Refusal) -> Step {
        self.errors += 1;
        if self.errors > MAX_ERRORS {
            return Step::Close("421 4.7.0 too many errors".into());
        }
        Step::Reply(refusal.into())
    }

    /// Ends the mail that [`Step::Data`] began, whatever became of it.
    pub(super) fn take_envelope(&mut self) -> Envelope {
        self.mail.take().map(|mail| mail.envelope).unwrap_or_default()
    }

    fn greet(&mut self, name: &str, extended: bool) -> Result<String, Refusal> {
        if name.is_empty() || name.contains(' ') {
            return Err("501 5.5.4 say who you are");
        }
        self.greeted = true;
        self.mail = None;
        if !extended {
            return Ok("250 forecourt-sink".into());
        }
        let size = format!("250-SIZE {}", self.max_mail_bytes);
        let lines = [
            "250-forecourt-sink",
            "250-PIPELINING",
            &size,
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250 ENHANCEDSTATUSCODES",
        ];
        Ok(lines.join("\r\n"))
    }

    fn mail(&mut self, rest: &str) -> Result<String, Refusal> {
        if !self.greeted {
            return Err("503 5.5.1 EHLO first");
        }
        if self.mail.is_some() {
            return Err("503 5.5.1 MAIL was given already");
        }
        let (from, parameters) = path(rest, "FROM:")?;
        let mut utf8 = false;
        for parameter in parameters.split_ascii_whitespace() {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match (key.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
                ("SIZE", size) => match size.parse::<usize>() {
                    Ok(size) if size > self.max_mail_bytes => return Err("552 5.3.4 too large"),
                    Ok(_) => {}
                    Err(_) => return Err("501 5.5.4 SIZE is a number"),
                },
                ("BODY", "7BIT" | "8BITMIME") => {}
                ("SMTPUTF8", "") => utf8 = true,
                _ => return Err("555 5.5.4 unknown parameter"),
            }
        }
        address(from, utf8)?;
        self.mail = Some(Mail { envelope: Envelope { from: from.into(), to: Vec::new() }, utf8 });
        Ok("250 2.1.0 sender noted".into())
    }

    fn rcpt(&mut self, rest: &str) -> Result<String, Refusal> {
        let Some(mail) = &mut self.mail else {
            return Err("503 5.5.1 MAIL first");
        };
        let (to, parameters) = path(rest, "TO:")?;
        if !parameters.trim().is_empty() {
            return Err("555 5.5.4 unknown parameter");
        }
        if to.is_empty() {
            return Err("501 5.1.3 whom to?");
        }
        address(to, mail.utf8)?;
        if mail.envelope.to.len() >= MAX_RECIPIENTS {
            return Err("452 4.5.3 too many recipients");
        }
        mail.envelope.to.push(to.into());
        Ok("250 2.1.5 recipient noted".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(lines: &[&str]) -> Vec<String> {
        let mut dialogue = Dialogue::new(1000);
        lines
            .iter()
            .map(|line| match dialogue.command(line.as_bytes()) {
                Step::Reply(reply) | Step::Close(reply) => reply[..3].to_owned(),
                Step::Data(_) => {
                    dialogue.take_envelope();
                    "354".to_owned()
                }
            })
            .collect()
    }

    #[test]
    fn a_dialogue_in_order_is_taken() {
        assert_eq!(
            replies(&[
                "ehlo me",
                "MAIL FROM:<a@b.no> SIZE=10 BODY=8BITMIME",
                "RCPT TO:<c@d.no>",
                "rcpt to: <e@d.no>",
                "DATA",
                "MAIL FROM:<>",
                "RSET",
                "NOOP x",
                "VRFY a",
                "HELP",
                "QUIT",
            ]),
            ["250", "250", "250", "250", "354", "250", "250", "250", "252", "214", "221"]
        );
    }

    #[test]
    fn what_is_out_of_order_or_unknown_is_refused_and_changes_nothing() {
        assert_eq!(
            replies(&[
                "MAIL FROM:<a@b.no>",
                "EHLO",
                "HELO me",
                "DATA",
                "RCPT TO:<c@d.no>",
                "MAIL FROM:<a@b.no>",
                "MAIL FROM:<a@b.no>",
                "DATA",
                "FOO",
                "",
                "AUTH PLAIN x",
                "STARTTLS",
                "RCPT TO:<c@d.no>",
                "DATA now",
                "DATA",
                "DATA",
            ]),
            [
                "503", "501", "250", "503", "503", "250", "503", "503", "500", "500", "502", "502",
                "250", "501", "354", "503"
            ]
        );
    }

    #[test]
    fn paths_and_parameters_are_read_strictly() {
        for (line, code) in [
            ("MAIL FROM:a@b.no", "501"),
            ("MAIL TO:<a@b.no>", "501"),
            ("MAIL FROM:<a@b.no>SIZE=1", "501"),
            ("MAIL FROM:<a@b.no> SIZE=1001", "552"),
            ("MAIL FROM:<a@b.no> SIZE=many", "501"),
            ("MAIL FROM:<a@b.no> BODY=BINARYMIME", "555"),
            ("MAIL FROM:<a@b.no> RET=FULL", "555"),
            ("MAIL FROM:<å@b.no>", "553"),
            ("MAIL FROM:<å@b.no> SMTPUTF8", "250"),
            ("MAIL FROM:<a b@c.no>", "501"),
            ("MAIL FROM:<a>", "501"),
            ("MAIL FROM:<@>", "501"),
            ("MAI", "500"),
            ("MAIL FROM:é", "501"),
            ("MAIL é", "501"),
        ] {
            assert_eq!(replies(&["EHLO me", line])[1], code, "{line}");
        }
        let long = format!("MAIL FROM:<{}@b.no>", "a".repeat(300));
        assert_eq!(replies(&["EHLO me", &long])[1], "501");
    }

    #[test]
    fn the_greeting_lists_what_is_offered_over_several_lines() {
        let Step::Reply(reply) = Dialogue::new(1000).command(b"EHLO me") else {
            panic!("no reply");
        };
        let lines: Vec<&str> = reply.split("\r\n").collect();
        assert!(lines.contains(&"250-SIZE 1000") && lines.contains(&"250-PIPELINING"));
        let (last, before) = lines.split_last().unwrap();
        assert!(last.starts_with("250 ") && before.iter().all(|line| line.starts_with("250-")));
    }

    #[test]
    fn a_client_that_errs_for_ever_or_speaks_http_is_sent_away() {
        let mut dialogue = Dialogue::new(1000);
        let closed = (0..30).find(|_| matches!(dialogue.command(b"FOO"), Step::Close(_)));
        assert_eq!(closed, Some(20));
        assert!(matches!(Dialogue::new(1).command(b"POST / HTTP/1.1"), Step::Close(_)));
    }

    #[test]
    fn recipients_beyond_the_limit_are_put_off() {
        let mut lines = vec!["EHLO me", "MAIL FROM:<a@b.no>"];
        lines.extend(["RCPT TO:<c@d.no>"; 101]);
        let replies = replies(&lines);
        assert_eq!((replies[101].as_str(), replies[102].as_str()), ("250", "452"));
    }
}
