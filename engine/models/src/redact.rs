//! Contact data taken out of what a model reads, where it has no use for it.
//!
//! An answer to a customer needs their words and may greet by the first name; it needs neither address
//! nor number, and may not repeat them. So these are hidden, unless a tool is offered whose arguments
//! they are ([`Tool::takes_contacts`](forecourt_ports::model::Tool)). What is hidden leaves a word in its
//! place, so that the model knows that something was given.
//!
//! Hidden too much is better than too little here, but prices, years, kilometres, dates, times and
//! registration numbers stay: without them there is no answer.

use std::borrow::Cow;

/// What stands in place of an address.
pub const MAIL: &str = "[e-mail address]";
/// What stands in place of a number to call, or of a longer one: an account, a card, an identity.
pub const NUMBER: &str = "[number]";

/// Digits of the shortest number that is hidden; a price of seven digits stays.
const SHORTEST: usize = 8;

/// Hides addresses and numbers.
pub fn contacts(text: &str) -> Cow<'_, str> {
    if !text.contains('@') && text.chars().filter(|c| c.is_numeric()).count() < SHORTEST {
        return Cow::Borrowed(text);
    }
    Cow::Owned(numbers(&mails(text)))
}

/// The first word of a name: enough for a greeting.
pub fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or_default()
}

fn mails(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let local = rest[..at].char_indices().rev().take_while(|(_, c)| is_mail(*c)).last();
        let behind = &rest[at + 1..];
        let end = behind.find(|c: char| !is_mail(c)).unwrap_or(behind.len());
        // A full stop that ends the sentence is none of the address.
        let domain = behind[..end].trim_end_matches(['.', '-']);
        match local {
            Some((start, _)) if !domain.is_empty() => {
                out.push_str(&rest[..start]);
                out.push_str(MAIL);
            }
            _ => out.push_str(&rest[..=at + domain.len()]),
        }
        rest = &behind[domain.len()..];
    }
    out.push_str(rest);
    out
}

fn is_mail(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'')
}

fn numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_numeric() || c == '+') {
        out.push_str(&rest[..start]);
        let run = &rest[start..];
        let end = run.char_indices().find(|(_, c)| !belongs(*c)).map_or(run.len(), |(at, _)| at);
        let number = run[..end].trim_end_matches(|c: char| !c.is_numeric());
        let number = if number.is_empty() {
            &run[..run.chars().next().map_or(0, char::len_utf8)]
        } else {
            number
        };
        let before = out.chars().next_back();
        let hidden = is_hidden(number, before);
        out.push_str(if hidden { NUMBER } else { number });
        rest = &run[number.len()..];
    }
    out.push_str(rest);
    out
}

/// Whether a character may stand within a number; brackets and hyphens part its groups.
fn belongs(c: char) -> bool {
    c.is_numeric() || matches!(c, '+' | ' ' | '\u{a0}' | '\u{202f}' | '-' | '.' | '/' | '(' | ')')
}

/// Whether a run of digits and their separators is a number of somebody's.
fn is_hidden(run: &str, before: Option<char>) -> bool {
    let digits = run.chars().filter(|c| c.is_numeric()).count();
    // Part of a word, as in a chassis number or a link.
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_')) {
        return false;
    }
    digits >= SHORTEST && !is_date(run) && !is_amounts(run)
}

/// `24.11.2026`, `2026-11-24`, alone or in a row, with times.
fn is_date(run: &str) -> bool {
    let mut parts = run.split(' ').filter(|part| !part.is_empty());
    // Groups parted by blanks alone are those of a phone number.
    run.contains(['.', '-', '/'])
        && parts.all(|part| {
            let groups: Vec<_> =
                part.split(['.', '-', '/']).filter(|group| !group.is_empty()).collect();
            let small = |group: &&str| (1..=2).contains(&group.chars().count());
            let year = |group: &&str| group.chars().count() == 4 || group.chars().count() == 2;
            match groups[..] {
                [one] => {
                    small(&one)
                        || (one.len() == 4 && (one.starts_with("19") || one.starts_with("20")))
                }
                [first, middle, last] => {
                    small(&middle)
                        && ((small(&first) && year(&last)) || (year(&first) && small(&last)))
                }
                [first, last] => small(&first) && small(&last),
                _ => false,
            }
        })
}

/// `400 000`, `1.250.000`, two of them with a hyphen between: groups of three behind a first of at most
/// three digits. A phone number in such groups has a sign or a nought before it, or more groups.
fn is_amounts(run: &str) -> bool {
    run.split(['-', '/']).map(str::trim).all(|amount| {
        let mut groups = amount.split([' ', '.', '\u{a0}', '\u{202f}']);
        let first = groups.next().unwrap_or_default();
        let plain = |group: &str| group.chars().all(char::is_numeric);
        let threes: Vec<_> = groups.collect();
        plain(first)
            && !first.starts_with('0')
            && (1..=3).contains(&first.chars().count())
            && threes.len() <= 2
            && threes.iter().all(|group| group.chars().count() == 3 && plain(group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers_are_hidden_and_the_rest_stays() {
        for (text, hidden) in [
            ("Skriv til kari.nordmann+bil@example.no.", "Skriv til [e-mail address]."),
            ("a@b.no, c@d.no", "[e-mail address], [e-mail address]"),
            ("Ring meg på 99 88 77 66!", "Ring meg på [number]!"),
            ("Ring +47 998 87 766 etter 14.00", "Ring [number]"),
            ("tlf: 99887766, takk", "tlf: [number], takk"),
            ("Appelez le 06 12 34 56 78.", "Appelez le [number]."),
            ("Call (020) 7946 0958 now", "Call ([number] now"),
            ("اتصل بي على ٠٥٠١٢٣٤٥٦٧ غدا", "اتصل بي على [number] غدا"),
            ("fødselsnummer 01017012345", "fødselsnummer [number]"),
            ("kort 4111 1111 1111 1111", "kort [number]"),
        ] {
            let got = contacts(text);
            assert!(got == hidden || got.starts_with(hidden), "{text}: {got}");
        }
    }

    #[test]
    fn what_an_answer_is_about_stays() {
        for text in [
            "Under 400 000 kr, 2022-modell, 45 000 km",
            "Mellom 300 000 - 400 000 kr",
            "1.250.000 kr og 1 250 000",
            "24.11.2026 kl. 14:00",
            "2026-11-24 eller 25.11.2026",
            "Lørdag 28.11. kl. 10.30 eller 11.30",
            "EL 12345, WVWZZZ1KZAW123456",
            "https://nordlys.example/bil/12345678",
            "@nordlys",
            "a @ b",
            "",
        ] {
            assert_eq!(contacts(text), text);
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in
            ["@", "@@@", "+", "++++++++++", "8 8 8 8 8 8 8 8", "a@", "@b", "٠٠٠٠٠٠٠٠", "(((((((("]
        {
            let _any = contacts(text);
        }
        assert_eq!(first_name("  Kari  Nordmann "), "Kari");
        assert_eq!(first_name(""), "");
    }
}
