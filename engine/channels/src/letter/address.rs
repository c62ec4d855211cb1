//! Names and addresses as a mail header takes them.
//!
//! # Invariants
//! - nothing from outside can end a header line: control characters are gone before they get here;
//! - a name that reads like a link is left out: our letters carry no stranger's advertisement.

use forecourt_core::{contact::Email, text};
use lettre::{Address, message::Mailbox};

/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// Reads an address; an international domain becomes its ASCII form, so that only a non-ASCII local
/// part needs a server that knows SMTPUTF8. `None` when it is no address.
pub(super) fn address(raw: &str) -> Option<Address> {
    let email = Email::parse(raw).ok()?;
    let (local, domain) = email.as_str().rsplit_once('@')?;
    let url::Host::Domain(domain) = url::Host::parse(domain).ok()? else {
        return None;
    };
    Address::new(local, domain).ok()
}

/// An address with the name it is shown under.
pub(super) fn mailbox(name: Option<String>, address: Address) -> Mailbox {
    Mailbox::new(name.filter(|name| !name.is_empty()), address)
}

/// A tenant's own name, on one line and bounded: `Nordlys Bil`, `bil.example`.
pub(super) fn own_name(name: &str) -> String {
    clean(name, NAME_CHARS)
}

/// A stranger's name, on one line and bounded; `None` when nothing is left to show.
pub(super) fn presentable(name: &str) -> Option<String> {
    let flat = clean(name, NAME_CHARS);
    (!flat.is_empty() && !reads_like_a_link(&flat)).then_some(flat)
}

/// One line without control characters or hidden marks, cut at `max` characters.
pub(super) fn clean(raw: &str, max: usize) -> String {
    let visible: String = raw.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Cut first: the core refuses what is far too long instead of cutting it.
    text::line(&text::excerpt(&visible, max), max).unwrap_or_default()
}

/// Whether a mail program would make a link of it, or of a word of it.
fn reads_like_a_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("://")
        || lower.contains("www.")
        || lower.contains('@')
        || lower.split([' ', '/', ',', ';', '(', ')', '<', '>', '"']).any(reads_like_a_host)
}

/// `example.no`, but neither `J.` nor `3.0`.
fn reads_like_a_host(word: &str) -> bool {
    word.trim_matches('.').rsplit_once('.').is_some_and(|(before, top)| {
        !before.is_empty() && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_international_domain_is_written_in_ascii_and_a_local_part_is_left_alone() {
        for (raw, read) in [
            ("kari@example.no", "kari@example.no"),
            ("kari@blåbær.example", "kari@xn--blbr-roah.example"),
            ("åse@blåbær.example", "åse@xn--blbr-roah.example"),
            ("o'brien+bil@example.ie", "o'brien+bil@example.ie"),
        ] {
            assert_eq!(address(raw).map(|a| a.to_string()).as_deref(), Some(read));
        }
    }

    #[test]
    fn what_is_no_address_or_hides_a_header_is_refused() {
        for raw in [
            "",
            "kari",
            "kari@example.no\r\nBcc: x@example.no",
            "kari@example.no> RCPT TO:<x@example.no",
            "kari@10.0.0.1",
            "kari@0x7f.1",
        ] {
            assert_eq!(address(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn a_name_is_shown_on_one_line_unless_it_advertises() {
        assert_eq!(presentable("  Kari\r\nBcc: x ").as_deref(), Some("Kari Bcc: x"));
        assert_eq!(presentable("محمد علي").as_deref(), Some("محمد علي"));
        assert_eq!(presentable("J. R. R. O'Brien 🚗").as_deref(), Some("J. R. R. O'Brien 🚗"));
        assert_eq!(presentable(&"å".repeat(5000)).unwrap().chars().count(), 80);
        for name in
            ["", "\u{202e}", "Win https://evil.example", "evil.example", "go to www.x", "a@b"]
        {
            assert_eq!(presentable(name), None, "{name}");
        }
    }
}
