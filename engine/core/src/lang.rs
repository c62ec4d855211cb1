//! The languages that ship (decision 7): `nb`, `fr`, `en`, `ar`. Language is data per session.

use serde::{Deserialize, Serialize};

/// A language the assistant can answer in, by its BCP 47 tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    Nb,
    Fr,
    En,
    Ar,
}

impl Lang {
    pub const ALL: [Self; 4] = [Self::Nb, Self::Fr, Self::En, Self::Ar];

    /// The BCP 47 tag: `nb`, `fr`, `en`, `ar`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Nb => "nb",
            Self::Fr => "fr",
            Self::En => "en",
            Self::Ar => "ar",
        }
    }

    /// Whether the script runs from right to left.
    pub const fn is_rtl(self) -> bool {
        matches!(self, Self::Ar)
    }

    /// Reads a BCP 47 tag by its primary subtag; `no` and `nn` are read as `nb`.
    pub fn parse(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "nb" | "no" | "nn" => Some(Self::Nb),
            "fr" => Some(Self::Fr),
            "en" => Some(Self::En),
            "ar" => Some(Self::Ar),
            _ => None,
        }
    }

    /// Tells the language of a text by its script and its commonest words; `None` when unsure.
    ///
    /// Small on purpose: it decides between four languages, from one sentence up.
    pub fn detect(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let arabic = text.chars().filter(|c| matches!(*c, '\u{0600}'..='\u{06FF}')).count();
        if letters > 0 && arabic * 2 >= letters {
            return Some(Self::Ar);
        }
        let mut scores = [(Self::Nb, 0_u32), (Self::Fr, 0), (Self::En, 0)];
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            for (lang, score) in &mut scores {
                *score += u32::from(lang.common_words().contains(&word));
            }
        }
        for (letters, index) in [("æøå", 0), ("éèêàçùœ", 1)] {
            scores[index].1 += lower.chars().filter(|c| letters.contains(*c)).count().min(2) as u32;
        }
        scores.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
        (scores[0].1 > scores[1].1).then_some(scores[0].0)
    }

    const fn common_words(self) -> &'static [&'static str] {
        match self {
            Self::Nb => &[
                "hei",
                "og",
                "jeg",
                "er",
                "på",
                "det",
                "har",
                "dere",
                "ikke",
                "til",
                "kan",
                "med",
                "en",
                "et",
                "bil",
                "bilen",
                "når",
                "hva",
                "prøvekjøre",
                "ønsker",
                "vil",
                "gjerne",
                "fortsatt",
                "ledig",
                "takk",
                "åpent",
                "åpner",
                "pris",
                "koster",
                "den",
                "som",
                "lørdag",
                "interessert",
                "time",
                "å",
                "hvor",
                "mye",
                "noen",
                "ja",
                "nei",
                "i",
                "men",
                "klokka",
                "heller",
                "stedet",
                "mandag",
                "tirsdag",
                "onsdag",
                "torsdag",
                "fredag",
                "søndag",
            ],
            Self::Fr => &[
                "bonjour",
                "je",
                "et",
                "est",
                "vous",
                "avez",
                "pas",
                "pour",
                "une",
                "un",
                "les",
                "des",
                "la",
                "le",
                "voiture",
                "quand",
                "combien",
                "essai",
                "essayer",
                "voudrais",
                "merci",
                "rendez",
                "ouvert",
                "prix",
                "samedi",
                "que",
                "quel",
                "quelle",
                "en",
                "disponible",
                "souhaite",
                "à",
                "de",
                "du",
                "votre",
                "vos",
                "êtes",
                "bonsoir",
                "oui",
                "non",
                "mais",
                "lundi",
                "mardi",
                "mercredi",
                "jeudi",
                "vendredi",
                "dimanche",
            ],
            Self::En => &[
                "hi",
                "hello",
                "and",
                "i",
                "is",
                "you",
                "have",
                "not",
                "to",
                "can",
                "with",
                "a",
                "the",
                "car",
                "when",
                "what",
                "test",
                "drive",
                "would",
                "like",
                "still",
                "thanks",
                "open",
                "price",
                "how",
                "much",
                "do",
                "any",
                "are",
                "saturday",
                "available",
                "interested",
                "in",
                "for",
                "it",
                "book",
                "could",
                "your",
                "yes",
                "but",
                "instead",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "sunday",
            ],
            Self::Ar => &[],
        }
    }
}

impl std::fmt::Display for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_sentence_is_told() {
        for (text, lang) in [
            ("Hei, er den røde Teslaen fortsatt ledig?", Some(Lang::Nb)),
            ("Når har dere åpent på lørdag?", Some(Lang::Nb)),
            ("Bonjour, avez-vous une Clio pour un essai samedi ?", Some(Lang::Fr)),
            ("Hi, is the Model 3 still available?", Some(Lang::En)),
            ("Could I book a test drive for Saturday?", Some(Lang::En)),
            ("مرحبا، هل السيارة متوفرة؟", Some(Lang::Ar)),
            // One letter is not enough to be of another language.
            ("VIDANGE VENDREDI A 11H", None),
            ("Dekkskift fredag kl 11", Some(Lang::Nb)),
            ("ja, men klokka 12 i stedet", Some(Lang::Nb)),
            ("yes but at 12 instead", Some(Lang::En)),
            ("Kari Nordmann, kari.example.no", None),
            ("Tesla Model 3", None),
            ("", None),
            ("👍", None),
        ] {
            assert_eq!(Lang::detect(text), lang, "{text}");
        }
    }

    #[test]
    fn a_tag_is_read_by_its_primary_part() {
        assert_eq!(Lang::parse("nn-NO"), Some(Lang::Nb));
        assert_eq!(Lang::parse("FR_ca"), Some(Lang::Fr));
        assert_eq!(Lang::parse("de"), None);
    }
}
