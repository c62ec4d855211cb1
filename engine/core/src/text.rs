//! Text from outside, made safe to keep: bounded, without control characters, in one Unicode form.
//!
//! Postgres text cannot hold NUL, and a header cannot hold a line break; both end here.

use unicode_normalization::UnicodeNormalization as _;

/// Why a text cannot be kept; the words are for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most {max} characters")]
    TooLong { max: usize },
    #[error("must not contain control characters")]
    Control,
}

/// One line: trimmed, NFC, white space folded to single spaces, no control characters.
pub fn line(raw: &str, max: usize) -> Result<String, TextError> {
    bounded(raw, max)?;
    if raw.trim().chars().any(|c| c.is_control() && c != '\t') {
        return Err(TextError::Control);
    }
    let text: String =
        raw.split_whitespace().collect::<Vec<_>>().join(" ").nfc().filter(visible).collect();
    finished(text, max)
}

/// Several lines: trimmed, NFC, line ends as `\n`, no other control characters than tab.
pub fn paragraphs(raw: &str, max: usize) -> Result<String, TextError> {
    bounded(raw, max)?;
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    if unified.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(TextError::Control);
    }
    let text: String = unified.trim().nfc().filter(visible).collect();
    finished(text, max)
}

/// The first `max` characters, cut at a word where one ends near, with an ellipsis.
pub fn excerpt(text: &str, max: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= max {
        return flat;
    }
    let cut: String = flat.chars().take(max.saturating_sub(1)).collect();
    let end = cut.rfind(' ').filter(|end| *end * 2 > cut.len()).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

/// Refuses early what normalisation would have to chew on: no text grows fourfold shorter.
fn bounded(raw: &str, max: usize) -> Result<(), TextError> {
    if raw.len() > max.saturating_mul(16) { Err(TextError::TooLong { max }) } else { Ok(()) }
}

fn finished(text: String, max: usize) -> Result<String, TextError> {
    match text.chars().count() {
        0 => Err(TextError::Empty),
        count if count > max => Err(TextError::TooLong { max }),
        _ => Ok(text),
    }
}

/// Drops what hides or reorders text: bidirectional overrides, tags, zero-width space and marks.
///
/// Joiners stay: Arabic, Persian and emoji need them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape Iterator::filter asks for")]
fn visible(c: &char) -> bool {
    !matches!(*c,
        '\u{200B}' | '\u{FEFF}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}')
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_folded_and_composed() {
        assert_eq!(line("  Kari\t  Nordmann ", 50).unwrap(), "Kari Nordmann");
        assert_eq!(line("A\u{30a}se", 50).unwrap(), "Åse");
        assert_eq!(line("a\u{202e}b", 50).unwrap(), "ab");
        assert_eq!(line("محمد", 50).unwrap(), "محمد");
    }

    #[test]
    fn a_text_that_cannot_be_kept_is_refused() {
        assert_eq!(line("a\nb", 50), Err(TextError::Control));
        assert_eq!(line("a\0b", 50), Err(TextError::Control));
        assert_eq!(line(" \u{200b} ", 50), Err(TextError::Empty));
        assert_eq!(line("abcd", 3), Err(TextError::TooLong { max: 3 }));
        assert_eq!(paragraphs("a\u{1b}[2J", 50), Err(TextError::Control));
        assert_eq!(paragraphs(" a\r\n\r\nb ", 50).unwrap(), "a\n\nb");
    }

    #[test]
    fn an_excerpt_ends_at_a_word() {
        assert_eq!(excerpt("Is the red Tesla still available?", 20), "Is the red Tesla…");
        assert_eq!(excerpt("short", 20), "short");
        assert_eq!(excerpt("ååååååååå", 4), "ååå…");
    }
}
