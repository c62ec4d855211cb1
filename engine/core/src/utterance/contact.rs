//! What customers write of themselves: a name, a mail address, a phone number, in free text.
//!
//! Lives here: [`hear_contact`], in four languages at once. It gives only what stands in the text (never a
//! guess), and says when something was meant to be an address or a number and is none.

use crate::{
    contact::{Email, Phone},
    text::excerpt,
};

/// Texts are read this far (A9).
const READ_CHARS: usize = 2_000;
/// Words of a name, and characters of each.
const NAME_WORDS: usize = 4;
const NAME_CHARS: usize = 40;

/// Contact data in a text, as it was written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SaidContact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Something with an `@` that is no address.
    pub bad_email: bool,
    /// Something that was called a number and is none of any country's.
    pub bad_phone: bool,
}

impl std::fmt::Debug for SaidContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaidContact(..)") // personal data stays out of logs (A13)
    }
}

impl SaidContact {
    pub const fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.phone.is_none()
    }

    pub const fn is_unclear(&self) -> bool {
        self.bad_email && self.email.is_none() || self.bad_phone && self.phone.is_none()
    }
}

/// Reads a text of a customer's. `country` is the business's: national numbers are read as of it. With
/// `asked`, they were asked for their name, and a text that is nothing but a name is one.
pub fn hear_contact(text: &str, country: &str, asked: bool) -> SaidContact {
    let text: String = text.chars().take(READ_CHARS).filter_map(plain).collect();
    let text = joined_mail(&text);
    let mut said = SaidContact::default();
    let mut rest = String::with_capacity(text.len());
    for piece in text.split_whitespace() {
        if piece.contains('@') {
            let core = piece.trim_matches(|c: char| !c.is_alphanumeric() && !"+_".contains(c));
            let core = core.strip_prefix("mailto:").unwrap_or(core);
            // "e-post:kari@example.no", "بريدي:kari@example.no"
            let core = core.rsplit(':').next().unwrap_or(core);
            match Email::parse(core) {
                Ok(_) if said.email.is_none() => said.email = Some(core.to_owned()),
                Ok(_) => {}
                Err(_) => said.bad_email = true,
            }
            rest.push_str(" @ ");
        } else {
            rest.push(' ');
            rest.push_str(piece);
        }
    }
    (said.phone, said.bad_phone) = phone(&rest, country);
    said.name = name(&rest, asked, said.email.is_some() || said.phone.is_some());
    said
}

/// Digits as ASCII, invisible characters and typographic variants away.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(c as u32 - 0x6f0, 10),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => None,
        '＠' => Some('@'),
        '\u{a0}' | '\u{202f}' => Some(' '),
        '‐' | '‑' | '–' => Some('-'),
        '’' => Some('\''),
        _ => Some(c),
    }
}

/// Puts an address together that was written in words or with spaces: `kari (at) example.no`.
fn joined_mail(text: &str) -> String {
    let mut text = text.to_owned();
    for word in ["(at)", "[at]", "(krøllalfa)", " krøllalfa ", " arobase ", "(arobase)", " ات "]
    {
        text = text.replace(word, "@");
    }
    let pieces: Vec<&str> = text.split_whitespace().collect();
    let mut joined: Vec<String> = Vec::with_capacity(pieces.len());
    let is_domain = |piece: &str| {
        let piece = piece.trim_matches(|c: char| !c.is_alphanumeric());
        piece.contains('.')
            && !piece.contains('@')
            && piece.chars().any(|c| c.is_ascii_alphabetic())
    };
    let mut at = 0;
    while at < pieces.len() {
        let (piece, next) = (pieces[at], pieces.get(at + 1));
        let glue = matches!(piece, "@" | "at") && next.is_some_and(|next| is_domain(next));
        match joined.last_mut() {
            Some(last)
                if glue && last.chars().all(|c| c.is_alphanumeric() || "._-+".contains(c)) =>
            {
                last.push('@');
                last.push_str(next.copied().unwrap_or_default());
                at += 2;
                continue;
            }
            // "kari@ example.no"
            Some(last) if last.ends_with('@') && last.len() > 1 && is_domain(piece) => {
                last.push_str(piece);
            }
            _ => joined.push(piece.to_owned()),
        }
        at += 1;
    }
    joined.join(" ")
}

/// Words that say that a number to call follows, or is asked about.
#[rustfmt::skip]
const PHONE_WORDS: &[&str] = &[
    "tlf", "telefon", "telefonnummer", "telefonnummeret", "mobil", "mobilnummer", "mobilen", "nummer", "nummeret",
    "nr", "ring", "phone", "number", "mobile", "cell", "call", "tel", "tél", "téléphone", "portable", "numéro",
    "appelez", "رقمي", "رقم", "هاتفي", "هاتف", "جوالي", "جوال", "موبايل", "موبايلي", "تلفون", "واتساب", "whatsapp",
];

/// A number to call, and whether one was meant that is none.
fn phone(text: &str, country: &str) -> (Option<String>, bool) {
    let meant = words(text).any(|word| {
        PHONE_WORDS.contains(&word.as_str())
            || word.strip_prefix('و').is_some_and(|rest| PHONE_WORDS.contains(&rest))
    });
    let mut bad = false;
    for run in runs(text) {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let international = run.starts_with('+') || run.starts_with("00");
        if !(5..=16).contains(&digits) || is_date(&run) {
            continue;
        }
        if !international && !meant && (digits < 8 || is_thousands(&run)) {
            continue; // a price, a mileage, a code
        }
        if Phone::parse(&run, country).is_ok() {
            return (Some(run), false);
        }
        bad |= meant || international;
    }
    (None, bad)
}

/// Stretches of digits with what people put between them.
fn runs(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let starts = chars[at].is_ascii_digit()
            || chars[at] == '+' && chars.get(at + 1).is_some_and(char::is_ascii_digit)
            || chars[at] == '('
                && chars.get(at + 1).is_some_and(|c| c.is_ascii_digit() || *c == '+');
        let glued = at > 0 && chars[at - 1].is_alphabetic();
        if !starts || glued {
            at += 1;
            continue;
        }
        let (mut run, mut gap) = (String::new(), 0);
        while let Some(c) = chars.get(at) {
            match c {
                '0'..='9' => gap = 0,
                '+' if run.is_empty() || run == "(" => {}
                ' ' | '.' | '-' | '/' | '(' | ')' if gap < 2 => gap += 1,
                _ => break,
            }
            run.push(*c);
            at += 1;
        }
        let letters_follow = gap == 0 && chars.get(at).is_some_and(|c| c.is_alphabetic());
        if !letters_follow {
            let trimmed = run.trim_end_matches(|c: char| !c.is_ascii_digit()).to_owned();
            runs.push(trimmed);
        }
    }
    runs
}

/// `28.11.2026`, `2026-11-28`.
fn is_date(run: &str) -> bool {
    let groups: Vec<usize> =
        run.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).map(str::len).collect();
    run.contains(['.', '/', '-'])
        && matches!(groups.as_slice(), [1 | 2, 1 | 2, 4] | [4, 1 | 2, 1 | 2])
}

/// `399 000`, `1.299.000`: groups of three behind the first.
fn is_thousands(run: &str) -> bool {
    let groups: Vec<usize> =
        run.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).map(str::len).collect();
    groups.len() > 1 && groups[0] <= 3 && groups[1..].iter().all(|length| *length == 3)
}

/// What a name is introduced with; the longer first. `true`: what follows may be something else, and is a
/// name only with a capital letter.
#[rustfmt::skip]
const INTRODUCED: &[(&str, bool)] = &[
    ("jeg heter", false), ("mitt navn er", false), ("navnet mitt er", false), ("navnet er", false),
    ("navn er", false), ("navn:", false), ("fullt navn:", false), ("hilsen", true), ("mvh", true), ("dette er", true), ("det er", true),
    ("jeg er", true), ("eg heiter", false), ("kall meg", true), ("my name is", false), ("my name's", false),
    ("the name is", false), ("name is", false), ("name:", false), ("i am called", false), ("call me", true),
    ("this is", true), ("i'm", true), ("i am", true), ("regards,", true), ("regards", true), ("it's", true),
    ("under the name", false), ("in the name of", false), ("je m'appelle", false), ("je me nomme", false),
    ("mon nom est", false), ("mon nom c'est", false), ("moi c'est", false), ("nom :", false), ("nom:", false),
    ("au nom de", false), ("je suis", true), ("c'est", true), ("cordialement,", true), ("cordialement", true),
    ("انا اسمي", false), ("أنا اسمي", false), ("اسمي هو", false), ("اسمي", false), ("إسمي", false), ("الاسم:", false),
    ("الاسم :", false), ("الاسم الكامل:", false), ("الاسم", false), ("باسم", false), ("معك", false), ("معكم", false),
];

/// Words that end a name.
#[rustfmt::skip]
const NAME_ENDS: &[&str] = &[
    "og", "and", "et", "min", "mitt", "mi", "my", "mon", "ma", "med", "with", "avec", "på", "epost", "e-post", "mail",
    "email", "e-mail", "mailadresse", "telefon", "tlf", "mobil", "nummer", "nummeret", "phone", "number", "tel",
    "tél", "téléphone", "numéro", "adresse", "courriel", "jeg", "i", "je", "eg", "from", "fra", "de chez", "og vil",
    "here", "ici", "men", "but", "mais", "takk", "thanks", "merci", "vil", "ønsker", "would", "want", "voudrais",
    "at", "or", "please", "svp", "kan", "can", "اريد", "أريد", "ايميلي", "إيميلي", "بريدي", "رقمي", "هاتفي", "جوالي",
    "البريد", "الهاتف", "الايميل", "شكرا", "شكرًا", "من", "و", "وأريد", "واريد", "ارغب", "أرغب",
];

/// Words that begin a sentence and are no name, with a capital letter or not.
#[rustfmt::skip]
const NO_NAMES: &[&str] = &[
    "hei", "hallo", "ja", "nei", "takk", "ok", "greit", "perfekt", "hi", "hello", "yes", "no", "thanks", "sure",
    "bonjour", "oui", "non", "merci", "parfait", "interessert", "interested", "intéressé", "intéressée", "ute",
    "looking", "not", "ikke", "pas", "sorry", "beklager", "désolé", "désolée", "fine", "good", "bon", "free", "ledig",
    "libre", "disponible", "available", "here", "klar", "ready", "prêt", "sure", "usikker", "sikker", "sûr", "the",
    "a", "an", "en", "et", "un", "une", "le", "la", "flexible", "fleksibel", "happy", "glad", "vet", "hva", "what",
    "quoi", "نعم", "لا", "شكرا", "شكرًا", "طيب", "تمام", "مرحبا", "اهلا", "ماذا", "هل", "متى", "كم", "اريد", "أريد",
    "موافق", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mandag", "tirsdag",
    "onsdag", "torsdag", "fredag", "lørdag", "søndag", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi",
    "dimanche", "why", "when", "how", "who", "hvem", "hvorfor", "når", "hvordan", "qui", "quand", "pourquoi",
    "comment", "why", "kanskje", "maybe", "peut-être", "cancel", "avbestill", "annuler", "later", "senere", "stopp",
    "stop", "tomorrow", "demain", "today", "غدا", "اليوم", "ربما", "لماذا", "الغاء", "إلغاء",
];

fn name(text: &str, asked: bool, beside_others: bool) -> Option<String> {
    let lower = text.to_lowercase();
    for (cue, needs_capital) in INTRODUCED {
        for (found, _) in lower.match_indices(cue) {
            let starts = lower[..found].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let after = found + cue.len();
            let ends = cue.ends_with([':', ','])
                || lower[after..].chars().next().is_none_or(|c| !c.is_alphanumeric());
            // Lower case may have another length: only where it has not are the places the same.
            if !starts || !ends || lower.len() != text.len() || !text.is_char_boundary(after) {
                continue;
            }
            if let Some(name) = name_at(&text[after..], *needs_capital) {
                return Some(name);
            }
        }
    }
    // "Kari Nordmann, kari@example.no"; and whoever was asked may write nothing else.
    let before = text
        .split(['@', '،', ',', ';', '\n', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+']);
    let before: Vec<&str> = before.filter(|piece| piece.chars().any(char::is_alphabetic)).collect();
    let alone = match before.as_slice() {
        [one] => *one,
        [one, ..] if beside_others || asked => *one,
        _ => return None,
    };
    if !asked && !beside_others || alone.contains(['?', ':']) {
        return None;
    }
    let count = alone.split_whitespace().count();
    let capitals = alone.split_whitespace().all(|word| {
        word.chars()
            .next()
            .is_some_and(|c| c.is_uppercase() || ('\u{600}'..='\u{6ff}').contains(&c))
    });
    let plausible =
        if asked { count <= NAME_WORDS } else { capitals && (2..=NAME_WORDS).contains(&count) };
    if !plausible {
        return None;
    }
    name_at(alone, false).filter(|name| name.split_whitespace().count() == count)
}

/// The words of a name where it should begin.
fn name_at(text: &str, needs_capital: bool) -> Option<String> {
    let mut name: Vec<&str> = Vec::new();
    for piece in text.split_whitespace() {
        let word = piece.trim_matches(|c: char| !c.is_alphanumeric());
        let lower = word.to_lowercase();
        let is_name = !word.is_empty()
            && word.chars().all(|c| c.is_alphabetic() || "-'’.".contains(c) || is_vowel_mark(c))
            && word.chars().count() <= NAME_CHARS
            && !NAME_ENDS.contains(&lower.as_str())
            && !(lower.starts_with('و') && NAME_ENDS.contains(&&lower['و'.len_utf8()..]))
            && !(name.is_empty() && NO_NAMES.contains(&lower.as_str()))
            && (!needs_capital || word.starts_with(char::is_uppercase));
        if !is_name || name.len() == NAME_WORDS {
            break;
        }
        name.push(word);
        if piece.ends_with([',', '.', ';', '!', '?', '،', ':', ')']) {
            break;
        }
    }
    (!name.is_empty()).then(|| excerpt(&name.join(" "), 200))
}

fn is_vowel_mark(c: char) -> bool {
    ('\u{64b}'..='\u{652}').contains(&c) || c == '\u{640}'
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// In the notation of the tables.
    fn notation(said: &SaidContact) -> String {
        let mut parts = Vec::new();
        parts.extend(said.name.as_ref().map(|name| format!("name {name}")));
        parts.extend(said.email.as_ref().map(|email| format!("mail {email}")));
        parts.extend(said.phone.as_ref().map(|phone| {
            format!(
                "phone {}",
                phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>()
            )
        }));
        if said.is_unclear() {
            parts.push("?".to_owned());
        }
        if parts.is_empty() { ".".to_owned() } else { parts.join("; ") }
    }

    /// `heard/contact.txt`: `text = name …; mail …; phone …`; a text that begins with `>` was asked for its
    /// name, one with `~` is not understood yet and must be asked back: at most one in twenty.
    #[test]
    fn what_customers_say_of_themselves_is_heard() {
        let (mut wrong, mut asked_back, mut texts) = (Vec::new(), 0, BTreeSet::new());
        let mut country = "NO";
        for line in include_str!("heard/contact.txt").lines() {
            if let Some(named) = line.strip_prefix("# country ") {
                country = named;
            }
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (text, expected) = line.rsplit_once(" = ").unwrap_or_else(|| panic!("{line}"));
            assert!(texts.insert(text), "stands twice: {text}");
            let (text, back) = text.strip_prefix("~ ").map_or((text, false), |text| (text, true));
            asked_back += usize::from(back);
            let (text, asked) = text.strip_prefix("> ").map_or((text, false), |text| (text, true));
            let heard = notation(&hear_contact(text, country, asked));
            if heard != expected.trim() {
                wrong.push(format!("{text}\n   expected {expected}\n   heard    {heard}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {} differ\n{}",
            wrong.len(),
            texts.len(),
            wrong.join("\n")
        );
        assert!(asked_back * 20 <= texts.len(), "{asked_back} of {} are asked back", texts.len());
    }

    #[test]
    fn no_text_is_too_odd_to_be_read() {
        for text in [
            "@",
            "a@",
            "@ at .",
            "+",
            "((((",
            "\u{202e}@\u{0}",
            "İİİ jeg heter İ",
            "name:",
            "00",
            "é@é",
        ] {
            let _ = hear_contact(text, "XX", true);
            let _ = hear_contact(&text.repeat(3_000), "NO", false);
        }
    }
}
