//! SMTP replies, of one line or several.

/// A reply: a code and at least one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// A reply of several lines; an empty list makes one empty line.
    pub fn lines(code: u16, lines: Vec<String>) -> Self {
        if lines.is_empty() { Self::new(code, "") } else { Self { code, lines } }
    }

    /// 501 for a line that cannot be read.
    pub fn syntax(what: &str) -> Self {
        Self::new(501, format!("5.5.4 Syntax: {what}"))
    }

    /// The reply code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The bytes on the wire: all lines but the last have a hyphen after the code.
    pub fn to_bytes(&self) -> Vec<u8> {
        let last = self.lines.len() - 1;
        let mut bytes = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let mark = if at == last { ' ' } else { '-' };
            bytes.extend_from_slice(format!("{}{mark}{line}\r\n", self.code).as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_has_a_blank_after_the_code() {
        let reply = Reply::lines(250, vec!["a".into(), "b".into(), "c".into()]);
        assert_eq!(reply.to_bytes(), b"250-a\r\n250-b\r\n250 c\r\n");
        assert_eq!(Reply::lines(221, vec![]).to_bytes(), b"221 \r\n");
    }
}
