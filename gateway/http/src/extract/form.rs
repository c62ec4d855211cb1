//! `application/x-www-form-urlencoded`, in strict UTF-8: what cannot be decoded is refused, not replaced.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// How many fields a form or a query may have.
const MAX_PAIRS: usize = 100;

/// Decodes the pairs of a form or a query; `None` when it is not UTF-8, or has too many.
pub(crate) fn pairs(encoded: &[u8]) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PAIRS {
            return None;
        }
        let at = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        pairs.push((decoded(name)?, decoded(value)?));
    }
    Some(pairs)
}

fn decoded(encoded: &[u8]) -> Option<String> {
    let spaced: Vec<u8> =
        encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_as_browsers_encode_it() {
        let decoded = pairs(b"name=Kari+%C3%98&message=a%2Bb%26c&empty&=x&&").unwrap();
        let expected = [("name", "Kari Ø"), ("message", "a+b&c"), ("empty", ""), ("", "x")];
        assert_eq!(decoded, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn bytes_that_are_not_utf_8_and_endless_forms_are_refused() {
        assert_eq!(pairs(b"name=%FF"), None);
        assert_eq!(pairs(b"name=\xff"), None);
        assert_eq!(pairs("a=1&".repeat(101).as_bytes()), None);
        assert_eq!(pairs(b"name=%zz").unwrap()[0].1, "%zz");
    }
}
