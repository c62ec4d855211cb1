//! How text is cut, folded and compared for search; how two lists of finds become one; what a question is
//! without who asked it.
//!
//! Lives here: what every store needs to do alike. The search itself is the store's.
//!
//! # Invariants
//! - **A9** a question is searched by [`MAX_WORDS`] words at most, and a passage has [`MAX_PASSAGE`]
//!   characters at most.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use uuid::Uuid;

use crate::{id::PassageId, lang::Lang, text};

/// Words of a question that are searched for.
pub const MAX_WORDS: usize = 12;
/// The longest passage that is shown, in characters.
pub const MAX_PASSAGE: usize = 600;
/// The longest question that is kept as unanswered, in characters.
pub const MAX_QUESTION: usize = 500;

/// Without case, accents and marks, words parted by single blanks.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c) && *c != '\u{640}') {
        if !c.is_alphanumeric() {
            gap = !folded.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            folded.push(' ');
        }
        for c in c.to_lowercase() {
            match c {
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'ø' => folded.push('o'),
                'ß' => folded.push_str("ss"),
                'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
                'ى' => folded.push('ي'),
                'ة' => folded.push('ه'),
                c => folded.push(c),
            }
        }
    }
    folded
}

/// The words of a question that are worth a search: folded, each once, without the commonest.
pub fn words(question: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in fold(question).split(' ') {
        let letters = word.chars().count();
        let worth = letters >= 2 && !COMMON.contains(&word);
        if worth && !words.iter().any(|known| known == word) {
            words.push(word.chars().take(40).collect());
        }
        if words.len() == MAX_WORDS {
            break;
        }
    }
    words
}

/// [`words`] as they were typed, in lower case: stemmers know words by their accents.
pub fn query_words(question: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in question
        .to_lowercase()
        .nfc()
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
    {
        let folded = fold(word);
        let worth = folded.chars().count() >= 2 && !COMMON.contains(&folded.as_str());
        if worth && !words.iter().any(|known| known == word) {
            words.push(word.chars().take(40).collect());
        }
        if words.len() == MAX_WORDS {
            break;
        }
    }
    words
}

/// Folded words that stand in any question and tell nothing of it.
const COMMON: &[&str] = &[
    // nb
    "jeg",
    "du",
    "vi",
    "dere",
    "de",
    "det",
    "den",
    "er",
    "en",
    "et",
    "ei",
    "og",
    "i",
    "pa",
    "til",
    "for",
    "av",
    "med",
    "om",
    "som",
    "har",
    "hva",
    "hvor",
    "kan",
    "vil",
    "hei",
    "ikke",
    "meg",
    "din",
    "deres",
    "noe",
    "noen",
    "skal",
    "hvordan",
    "hvilke",
    "nar",
    "sa",
    "fra",
    "min",
    "mitt",
    // fr
    "je",
    "tu",
    "vous",
    "nous",
    "il",
    "elle",
    "le",
    "la",
    "les",
    "un",
    "une",
    "des",
    "du",
    "de",
    "et",
    "est",
    "ce",
    "que",
    "qui",
    "quoi",
    "dans",
    "sur",
    "avec",
    "pour",
    "pas",
    "avez",
    "puis",
    "peut",
    "bonjour",
    "votre",
    "vos",
    "mon",
    "ma",
    "mes",
    "quel",
    "quelle",
    "comment",
    "au",
    "aux",
    "se",
    "sont",
    // en
    "you",
    "we",
    "the",
    "an",
    "is",
    "are",
    "do",
    "does",
    "of",
    "to",
    "in",
    "on",
    "at",
    "for",
    "and",
    "or",
    "what",
    "how",
    "can",
    "have",
    "has",
    "my",
    "your",
    "it",
    "with",
    "be",
    "me",
    "hi",
    "hello",
    "there",
    "if",
    "when",
    "where",
    "which",
    "any",
    "will",
    "would",
    "could",
    "please",
    // ar
    "في",
    "من",
    "على",
    "الى",
    "هل",
    "ما",
    "هو",
    "هي",
    "انا",
    "نحن",
    "عن",
    "مع",
    "لي",
    "كم",
    "كيف",
    "متى",
    "اين",
    "هذا",
    "هذه",
    "لديكم",
    "عندكم",
    "مرحبا",
];

/// How like two folded words are, 0 to 1: the share of their threes of letters that they have in common.
pub fn likeness(one: &str, other: &str) -> f32 {
    let (one, other) = (threes(one), threes(other));
    let shared = one.iter().filter(|three| other.contains(three)).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}

fn threes(word: &str) -> Vec<[char; 3]> {
    let padded: Vec<char> = "  ".chars().chain(word.chars()).chain(" ".chars()).collect();
    let mut threes: Vec<[char; 3]> = padded.windows(3).map(|w| [w[0], w[1], w[2]]).collect();
    threes.sort_unstable();
    threes.dedup();
    threes
}

/// Which way a passage was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// It has words of the question.
    Words,
    /// It means something near, whatever its words.
    Meaning,
    Both,
}

impl FoundBy {
    /// As rows and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Meaning => "meaning",
            Self::Both => "both",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Words, Self::Meaning, Self::Both].into_iter().find(|by| by.as_str() == word)
    }
}

/// Of reciprocal rank fusion: how little the first places of a list are worth more than the next ones.
const RANK_OFFSET: f32 = 60.0;

/// Puts two lists, each the best first, together by reciprocal rank: what both found comes first, and neither
/// list's own scores, which cannot be compared, matter. Of equals the one found by words comes first.
pub fn fuse<T: Copy + PartialEq>(words: &[T], meaning: &[T]) -> Vec<(T, f32, FoundBy)> {
    let worth = |place: usize| 1.0 / (RANK_OFFSET + 1.0 + place as f32);
    let mut fused: Vec<(T, f32, FoundBy)> = Vec::with_capacity(words.len() + meaning.len());
    for (place, one) in words.iter().enumerate() {
        fused.push((*one, worth(place), FoundBy::Words));
    }
    for (place, one) in meaning.iter().enumerate() {
        match fused.iter_mut().find(|(known, ..)| known == one) {
            Some((_, score, by)) => {
                *score += worth(place);
                *by = FoundBy::Both;
            }
            None => fused.push((*one, worth(place), FoundBy::Meaning)),
        }
    }
    // Stable: equals stay in the order in which they came.
    fused.sort_by(|(_, one, _), (_, other, _)| other.total_cmp(one));
    fused
}

/// What is shown of a passage.
pub fn shown(text: &str) -> String {
    text::excerpt(text, MAX_PASSAGE)
}

/// An id that follows from what a passage is made of: unchanged, it stays the same.
pub fn passage_id(parts: &[&str]) -> PassageId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    // Version 8: of our own making (RFC 9562).
    PassageId::from_uuid(uuid_v8(bytes))
}

const fn uuid_v8(mut bytes: [u8; 16]) -> Uuid {
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

/// A question as it is kept for people: one line, bounded, without what tells who asked. `None` when nothing
/// is left of it.
pub fn question(raw: &str) -> Option<String> {
    let cut: String =
        raw.chars().filter(|c| !c.is_control() || c.is_whitespace()).take(2_000).collect();
    let line = text::excerpt(&masked(&cut), MAX_QUESTION);
    (!fold(&line).is_empty()).then_some(line)
}

/// What the same question has in common, however it is typed.
pub fn question_key(question: &str, lang: Lang) -> [u8; 32] {
    Sha256::new().chain_update(lang.tag()).chain_update(fold(question)).finalize().into()
}

/// Digits of the shortest number that is hidden; a price of seven digits stays.
const SHORTEST: usize = 8;

/// Hides mail addresses, numbers of eight digits and more, and registration plates.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut number = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        // Groups of a number that are parted by blanks are one number.
        let numeric = !word.is_empty()
            && word.chars().all(|c| c.is_numeric() || "+-./():,;?!".contains(c))
            && word.chars().any(char::is_numeric);
        if numeric {
            number.push_str(piece);
            continue;
        }
        settle(&mut number, &mut out);
        if word.contains('@') || is_plate(word) || digits(word) >= SHORTEST {
            out.push_str(HIDDEN);
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    settle(&mut number, &mut out);
    out
}

/// What stands in place of something hidden.
const HIDDEN: &str = "[…]";

fn settle(number: &mut String, out: &mut String) {
    if digits(number) >= SHORTEST {
        let end = number.trim_end().len();
        out.push_str(HIDDEN);
        out.push_str(&number[end..]);
    } else {
        out.push_str(number);
    }
    number.clear();
}

fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

/// `AB12345`, `AA-123-AA`: two letters and three digits at least, nothing else but hyphens.
fn is_plate(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let letters = word.chars().filter(char::is_ascii_uppercase).count();
    let known = letters + digits(word) + word.matches('-').count() == word.chars().count();
    known
        && letters >= 2
        && digits(word) >= 3
        && word.chars().count() <= 10
        && word.chars().take(2).all(|c| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_leaves_neither_case_nor_accent_nor_mark() {
        for (text, folded) in [
            ("Prøvekjøring, SØNDAG!", "provekjoring sondag"),
            ("  Où est l’entrée ?", "ou est l entree"),
            ("Hæ?", "hae"),
            ("مُتاحـة", "متاحه"),
            ("ÅPENT på Å", "apent pa a"),
            ("", ""),
            ("?!", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn a_question_is_searched_by_what_it_is_about() {
        assert_eq!(words("Hei, har dere dekkhotell på vinteren?"), ["dekkhotell", "vinteren"]);
        assert_eq!(words("Do you have winter tyres? Winter TYRES!"), ["winter", "tyres"]);
        assert_eq!(words("هل لديكم إطارات شتوية؟"), ["اطارات", "شتويه"]);
        assert_eq!(words(&"ord1 ord2 ".repeat(50)).len(), 2);
        let many = (0..100).map(|n| format!("ord{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(words(&many).len(), MAX_WORDS);
    }

    #[test]
    fn words_that_are_nearly_right_are_alike() {
        assert!(likeness("dekkhotell", "dekkhotel") > 0.6);
        assert!(likeness("vinterdekk", "sommerdekk") < 0.4);
        assert!((likeness("a", "a") - 1.0).abs() < f32::EPSILON);
        assert!(likeness("", "") <= 1.0);
    }

    #[test]
    fn what_two_searches_found_comes_first_and_of_equals_what_has_the_words() {
        let fused = fuse(&[1, 2, 3], &[3, 4]);
        let order: Vec<_> = fused.iter().map(|(id, _, by)| (*id, *by)).collect();
        let (words, meaning) = (FoundBy::Words, FoundBy::Meaning);
        assert_eq!(order, [(3, FoundBy::Both), (1, words), (2, words), (4, meaning)]);
        assert!(fused.is_sorted_by(|(_, one, _), (_, other, _)| one >= other));
        assert_eq!(fuse::<u8>(&[], &[]), []);
        assert_eq!(fuse(&[7], &[7]).len(), 1);
        for by in [words, meaning, FoundBy::Both] {
            assert_eq!(FoundBy::parse(by.as_str()), Some(by));
        }
        assert_eq!(FoundBy::parse("guess"), None);
    }

    #[test]
    fn a_question_is_kept_without_what_tells_who_asked() {
        for (raw, kept) in [
            ("Ring meg på 912 34 567, takk", "Ring meg på […] takk"),
            ("Skriv til kari@example.no om AB12345", "Skriv til […] om […]"),
            ("Plaque AA-123-AA ?", "Plaque […] ?"),
            ("+47 91234567", "[…]"),
            ("Koster Golf 2019 under 250 000 kr?", "Koster Golf 2019 under 250 000 kr?"),
            ("Åpent 24/12?", "Åpent 24/12?"),
        ] {
            assert_eq!(masked(raw), kept, "{raw}");
        }
        assert_eq!(question("  a\nb\0 "), Some("a b".into()));
        assert_eq!(question(" ?! "), None);
        assert!(question(&"æ".repeat(9_000)).unwrap().chars().count() <= MAX_QUESTION);
    }

    #[test]
    fn the_same_question_has_the_same_key_however_it_is_typed() {
        let key = |text| question_key(text, Lang::Nb);
        assert_eq!(key("Har dere DEKKHOTELL?"), key("har dere dekkhotell"));
        assert_ne!(key("Har dere dekkhotell?"), key("Har dere dekk?"));
        assert_ne!(key("Taxi?"), question_key("Taxi?", Lang::Fr));
    }

    #[test]
    fn an_id_follows_from_what_a_passage_is_made_of() {
        assert_eq!(passage_id(&["a", "b"]), passage_id(&["a", "b"]));
        assert_ne!(passage_id(&["a", "b"]), passage_id(&["ab", ""]));
        assert_eq!(passage_id(&["a"]).as_uuid().get_version_num(), 8);
    }
}
