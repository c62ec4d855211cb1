//! Reading from the client: command lines and message data, both with limits (A9).
//!
//! Lives here: line ends as the standard wants them. Only CRLF ends a line and only CRLF.CRLF ends a
//! message: a server that is lenient here lets one mail be taken for two.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Longest text line, its line end included (RFC 5321, 4.5.3.1.6).
const MAX_TEXT_LINE: usize = 1000;

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    Crlf,
    BareLf,
    /// More came than was asked for; the rest of the line was thrown away.
    TooLong,
    /// The client hung up.
    Eof,
}

/// Reads a line into `line`, without its end; at most `limit` octets are kept.
pub async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    limit: usize,
) -> io::Result<LineEnd> {
    line.clear();
    let mut too_long = false;
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok(LineEnd::Eof);
        }
        let (part, ended) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (&available[..=at], true),
            None => (available, false),
        };
        too_long |= line.len() + part.len() > limit;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len();
        reader.consume(used);
        if !ended {
            continue;
        }
        if too_long {
            return Ok(LineEnd::TooLong);
        }
        line.pop();
        return Ok(if line.last() == Some(&b'\r') {
            line.pop();
            LineEnd::Crlf
        } else {
            LineEnd::BareLf
        });
    }
}

/// Message data as it came.
#[expect(clippy::struct_excessive_bools, reason = "independent findings, not a state")]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Unstuffed; empty if it was too large.
    pub bytes: Vec<u8>,
    pub too_large: bool,
    /// A carriage return or line feed alone.
    pub bare_newline: bool,
    /// A line beyond 1000 octets.
    pub long_line: bool,
    pub nul: bool,
}

/// Reads up to the final dot; `None` if the client hangs up before it.
pub async fn read_data(
    reader: &mut (impl AsyncBufRead + Unpin),
    max_size: usize,
) -> io::Result<Option<Data>> {
    let mut data = Data::default();
    let mut line = Vec::new();
    let mut after_crlf = true;
    loop {
        let end = read_line(reader, &mut line, max_size.saturating_add(MAX_TEXT_LINE)).await?;
        match end {
            LineEnd::Eof => return Ok(None),
            LineEnd::Crlf if after_crlf && line == b"." => return Ok(Some(data)),
            _ => {}
        }
        let stuffed = after_crlf && line.first() == Some(&b'.');
        let text = &line[usize::from(stuffed)..];
        data.nul |= text.contains(&0);
        data.bare_newline |= text.contains(&b'\r') || end == LineEnd::BareLf;
        data.long_line |= text.len() + 2 > MAX_TEXT_LINE;
        data.too_large |= end == LineEnd::TooLong || data.bytes.len() + text.len() + 2 > max_size;
        if data.too_large {
            data.bytes = Vec::new();
        } else {
            data.bytes.extend_from_slice(text);
            data.bytes.extend_from_slice(if end == LineEnd::BareLf { b"\n" } else { b"\r\n" });
        }
        after_crlf = end == LineEnd::Crlf || end == LineEnd::TooLong;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn data(input: &[u8]) -> Option<Data> {
        read_data(&mut &*input, 4096).await.unwrap()
    }

    #[tokio::test]
    async fn dots_are_unstuffed_and_the_final_dot_is_no_text() {
        let got = data(b"a\r\n..b\r\n...\r\n.c\r\n\r\n.\r\nQUIT\r\n").await.unwrap();
        assert_eq!(got.bytes, b"a\r\n.b\r\n..\r\nc\r\n\r\n");
        assert_eq!(data(b".\r\n").await.unwrap().bytes, b"");
    }

    #[tokio::test]
    async fn a_dot_after_a_bare_line_feed_does_not_end_the_message() {
        let got = data(b"a\n.\r\nMAIL FROM:<evil@x.no>\r\n.\r\n").await.unwrap();
        assert!(got.bare_newline);
        assert_eq!(got.bytes, b"a\n.\r\nMAIL FROM:<evil@x.no>\r\n");
        assert_eq!(data(b"a\r\n.\n").await, None, "nor does a dot before one");
    }

    #[tokio::test]
    async fn faults_of_the_text_are_seen() {
        assert!(data(b"a\rb\r\n.\r\n").await.unwrap().bare_newline);
        assert!(data(b"a\0b\r\n.\r\n").await.unwrap().nul);
        let longest = [&[b'x'; 998][..], b"\r\n.\r\n"].concat();
        assert!(!data(&longest).await.unwrap().long_line);
        let longer = [&[b'x'; 999][..], b"\r\n.\r\n"].concat();
        assert!(data(&longer).await.unwrap().long_line);
    }

    #[tokio::test]
    async fn a_message_beyond_the_limit_is_read_to_its_end_and_not_kept() {
        let big =
            [&b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(200)[..], b".\r\n"].concat();
        let got = data(&big).await.unwrap();
        assert!(got.too_large);
        assert!(got.bytes.is_empty());
        let one_line = [&vec![b'y'; 100_000][..], b"\r\n.\r\n"].concat();
        assert!(data(&one_line).await.unwrap().too_large);
    }

    #[tokio::test]
    async fn a_line_is_known_by_its_end() {
        let mut line = Vec::new();
        let mut input = &b"NOOP\r\nRSET\nxxxxxxxxxxxxxxxxxxxx\r\nhalf"[..];
        assert_eq!(read_line(&mut input, &mut line, 10).await.unwrap(), LineEnd::Crlf);
        assert_eq!(line, b"NOOP");
        assert_eq!(read_line(&mut input, &mut line, 10).await.unwrap(), LineEnd::BareLf);
        assert_eq!(read_line(&mut input, &mut line, 10).await.unwrap(), LineEnd::TooLong);
        assert_eq!(read_line(&mut input, &mut line, 10).await.unwrap(), LineEnd::Eof);
    }
}
