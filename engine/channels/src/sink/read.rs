//! Reading lines of bounded length, and mails of bounded size, from a mail client.
//!
//! # Invariants
//! - only CR LF ends a line, and only CR LF `.` CR LF ends a mail: a bare CR or LF smuggles nothing;
//! - whatever a client sends, no more than the limit is held.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// Longest command line, and longest line of a mail, without its line end (RFC 5322: 998).
const MAX_LINE: usize = 998;

/// One line as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Whole, without its line end.
    Whole(Vec<u8>),
    /// Longer than [`MAX_LINE`]; the rest was passed over.
    TooLong,
    /// With a bare CR or LF.
    BareEnd,
    /// The client is gone; a line it left unfinished is dropped.
    End,
}

/// How a mail was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mail {
    /// Whole, dots unstuffed.
    Whole(Vec<u8>),
    TooLarge,
    LineTooLong,
    BareEnd,
    /// The client left before the final dot: there is no mail.
    End,
}

/// Reads up to the next LF.
pub(super) async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let buffer = from.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(Line::End);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        if line.len() + used > MAX_LINE + 2 {
            too_long = true;
            line.clear();
        }
        if !too_long {
            line.extend_from_slice(&buffer[..used]);
        }
        from.consume(used);
        if end.is_none() {
            continue;
        }
        if too_long {
            return Ok(Line::TooLong);
        }
        line.pop();
        if line.pop() != Some(b'\r') || line.contains(&b'\r') {
            return Ok(Line::BareEnd);
        }
        return Ok(Line::Whole(line));
    }
}

/// Reads up to the final dot, and past it whatever was wrong, so that the dialogue can go on.
pub(super) async fn mail(
    from: &mut (impl AsyncBufRead + Unpin),
    max_bytes: usize,
) -> io::Result<Mail> {
    let mut mail = Vec::new();
    let mut wrong = None;
    loop {
        match line(from).await? {
            Line::End => return Ok(Mail::End),
            Line::TooLong => wrong = wrong.or(Some(Mail::LineTooLong)),
            Line::BareEnd => wrong = wrong.or(Some(Mail::BareEnd)),
            Line::Whole(line) if line == b"." => return Ok(wrong.unwrap_or(Mail::Whole(mail))),
            Line::Whole(line) => {
                let line = line.strip_prefix(b".").unwrap_or(&line);
                if mail.len() + line.len() + 2 > max_bytes {
                    wrong = wrong.or(Some(Mail::TooLarge));
                } else if wrong.is_none() {
                    mail.extend_from_slice(line);
                    mail.extend_from_slice(b"\r\n");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    /// Reads through a buffer of three bytes, so that every line comes in pieces.
    async fn read_mail(bytes: &[u8]) -> Mail {
        mail(&mut BufReader::with_capacity(3, bytes), 2000).await.unwrap()
    }

    async fn read_line(bytes: &[u8]) -> Line {
        line(&mut BufReader::with_capacity(3, bytes)).await.unwrap()
    }

    #[tokio::test]
    async fn dots_are_unstuffed_and_the_last_one_ends_the_mail() {
        assert_eq!(
            read_mail(b"a\r\n..b\r\n...\r\n.c\r\n\r\n.\r\nQUIT\r\n").await,
            Mail::Whole(b"a\r\n.b\r\n..\r\nc\r\n\r\n".to_vec())
        );
        assert_eq!(read_mail(b".\r\n").await, Mail::Whole(Vec::new()));
    }

    #[tokio::test]
    async fn a_bare_line_end_neither_ends_a_mail_nor_passes() {
        assert_eq!(read_mail(b"a\n.\nMAIL FROM:<x@y>\r\n.\r\n").await, Mail::BareEnd);
        assert_eq!(read_mail(b"a\r\n.\rb\r\n.\r\n").await, Mail::BareEnd);
        assert_eq!(read_mail(b"a\r\n.\n").await, Mail::End);
        assert_eq!(read_line(b"NOOP\n").await, Line::BareEnd);
        assert_eq!(read_line(b"\n").await, Line::BareEnd);
    }

    #[tokio::test]
    async fn a_client_that_leaves_early_leaves_no_mail() {
        assert_eq!(read_mail(b"a\r\n").await, Mail::End);
        assert_eq!(read_mail(b"a\r\n.").await, Mail::End);
        assert_eq!(read_line(b"NOOP").await, Line::End);
    }

    #[tokio::test]
    async fn lines_and_mails_are_bounded() {
        let long = [vec![b'a'; 999], b"\r\nb\r\n.\r\n".to_vec()].concat();
        assert_eq!(read_mail(&long).await, Mail::LineTooLong);
        let fits = [vec![b'a'; 998], b"\r\n".to_vec()].concat();
        assert_eq!(read_line(&fits).await, Line::Whole(vec![b'a'; 998]));
        let large = [b"abc\r\n".repeat(401), b".\r\n".to_vec()].concat();
        assert_eq!(read_mail(&large).await, Mail::TooLarge);
    }
}
