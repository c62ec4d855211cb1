//! A mail as the provider got it: envelope, bytes, and the questions a test asks about it.

use std::time::Instant;

use jiff::Timestamp;
use mail_parser::{Message, MessageParser};

/// An accepted mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Place in the order of acceptance, from 1.
    pub number: u64,
    pub received_at: Timestamp,
    /// The same moment, for measuring.
    pub received: Instant,
    /// The connection it came over, counted from 1.
    pub connection: u64,
    /// What the client called itself.
    pub helo: String,
    /// The user it logged in as.
    pub user: Option<String>,
    /// Envelope sender; empty for the null sender of bounces.
    pub from: String,
    /// Envelope recipients that were accepted.
    pub to: Vec<String>,
    /// The message after dot-unstuffing, lines ended by CRLF.
    pub raw: Vec<u8>,
    /// `SIZE=` as announced.
    pub announced_size: Option<u64>,
    /// `BODY=8BITMIME` was announced.
    pub eight_bit: bool,
    /// `SMTPUTF8` was announced.
    pub utf8: bool,
    /// Whether the client was told 250; a lost acknowledgement leaves it in doubt.
    pub acked: bool,
}

impl Mail {
    /// The first header of this name, unfolded, without surrounding blanks, not decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// All headers of this name, in order; upper and lower case alike.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut wanted = false;
        for line in self.head().split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            if line.starts_with([' ', '\t']) {
                if let (true, Some(value)) = (wanted, found.last_mut()) {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                continue;
            }
            wanted = false;
            if let Some((key, value)) = line.split_once(':')
                && key.trim_end().eq_ignore_ascii_case(name)
            {
                found.push(value.trim().to_owned());
                wanted = true;
            }
        }
        for value in &mut found {
            value.truncate(value.trim_end().len());
        }
        found
    }

    /// The Message-ID without its angle brackets.
    pub fn message_id(&self) -> Option<String> {
        let id = self.header("message-id")?;
        Some(id.trim_start_matches('<').trim_end_matches('>').to_owned())
    }

    /// The subject, decoded.
    pub fn subject(&self) -> Option<String> {
        self.parsed()?.subject().map(str::to_owned)
    }

    /// The first text part, decoded.
    pub fn text(&self) -> Option<String> {
        self.parsed()?.body_text(0).map(std::borrow::Cow::into_owned)
    }

    /// The first HTML part, decoded.
    pub fn html(&self) -> Option<String> {
        self.parsed()?.body_html(0).map(std::borrow::Cow::into_owned)
    }

    /// Whether `address` is among the envelope recipients; upper and lower case alike.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|recipient| recipient.eq_ignore_ascii_case(address))
    }

    fn parsed(&self) -> Option<Message<'_>> {
        MessageParser::default().parse(&self.raw)
    }

    /// Everything before the first empty line.
    fn head(&self) -> &[u8] {
        if self.raw.starts_with(b"\r\n") {
            return &[];
        }
        let end = self.raw.windows(4).position(|window| window == b"\r\n\r\n");
        &self.raw[..end.unwrap_or(self.raw.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a mail of a test has any time")]
    fn mail(raw: &str) -> Mail {
        Mail {
            number: 1,
            received_at: Timestamp::now(),
            received: Instant::now(),
            connection: 1,
            helo: String::new(),
            user: None,
            from: String::new(),
            to: vec!["Kari@Example.NO".into()],
            raw: raw.replace('\n', "\r\n").into_bytes(),
            announced_size: None,
            eight_bit: false,
            utf8: false,
            acked: true,
        }
    }

    #[test]
    fn headers_are_unfolded_and_found_in_any_case() {
        let mail =
            mail("Message-ID: <a.b@c>\nReferences: <x>\n\t<y>\n <z>\nX: 1\nx: 2\n\nX: body\n");
        assert_eq!(mail.message_id().as_deref(), Some("a.b@c"));
        assert_eq!(mail.header("references").as_deref(), Some("<x> <y> <z>"));
        assert_eq!(mail.headers("X"), ["1", "2"]);
        assert_eq!(mail.header("body"), None);
    }

    #[test]
    fn subject_and_text_are_decoded() {
        let mail = mail(
            "Subject: =?utf-8?q?Pr=C3=B8vekj=C3=B8ring?=\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\nHei K=C3=A5re\n",
        );
        assert_eq!(mail.subject().as_deref(), Some("Prøvekjøring"));
        assert_eq!(mail.text().unwrap().trim(), "Hei Kåre");
        assert!(mail.is_to("kari@example.no"));
    }

    #[test]
    fn a_mail_without_headers_has_none() {
        assert_eq!(mail("\nSubject: body\n").header("subject"), None);
        assert_eq!(mail("").header("subject"), None);
    }
}
