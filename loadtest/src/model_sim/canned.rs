//! The ordinary reply: short, sensible, in the customer's language, and without a single claim.
//!
//! Lives here: guessing language and topic from a text, and the replies. They name no time, price or
//! availability: the engine lets such a sentence pass only with a receipt, and this model has none.

/// Languages the simulator answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Norwegian,
    French,
    Arabic,
}

/// What a customer of a car dealer asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    TestDrive,
    TradeIn,
    Price,
    Workshop,
    Hours,
    Stock,
    Other,
}

const NORWEGIAN: &[&str] = &[
    "jeg",
    "ikke",
    "hei",
    "og",
    "er",
    "på",
    "kan",
    "hva",
    "har",
    "dere",
    "bil",
    "bilen",
    "prøvekjøre",
    "prøvekjøring",
    "pris",
    "prisen",
    "når",
    "takk",
    "til",
    "med",
    "det",
    "innbytte",
    "ønsker",
    "vil",
    "gjerne",
    "koster",
    "åpent",
    "hvor",
];
const FRENCH: &[&str] = &[
    "je",
    "bonjour",
    "le",
    "la",
    "les",
    "est",
    "vous",
    "une",
    "un",
    "pour",
    "avec",
    "merci",
    "quel",
    "quelle",
    "voiture",
    "essai",
    "essayer",
    "prix",
    "combien",
    "reprise",
    "garage",
    "voudrais",
    "disponible",
    "rendez-vous",
    "et",
    "mon",
    "ma",
    "coûte",
];
const ENGLISH: &[&str] = &[
    "the", "is", "i", "hello", "hi", "and", "you", "do", "can", "what", "have", "car", "price",
    "test", "drive", "when", "thanks", "my", "a", "to", "would", "like", "how", "much", "are",
    "open", "still",
];

/// In this order: a question about a trade-in often names the price too.
const TOPICS: &[(Topic, &[&str])] = &[
    (
        Topic::TestDrive,
        &["test drive", "test-drive", "prøvekjør", "prøvetur", "essai", "essayer", "تجربة"],
    ),
    (Topic::TradeIn, &["trade-in", "trade in", "innbytte", "bytte inn", "reprise", "استبدال"]),
    (
        Topic::Workshop,
        &[
            "service",
            "workshop",
            "repair",
            "verksted",
            "reparasjon",
            "entretien",
            "révision",
            "صيانة",
        ],
    ),
    (
        Topic::Price,
        &[
            "price", "cost", "financ", "leas", "pris", "koster", "lån", "prix", "coût", "combien",
            "سعر",
        ],
    ),
    (Topic::Hours, &["open", "hours", "åpen", "åpningstid", "ouvert", "horaire", "ساعات"]),
    (
        Topic::Stock,
        &[
            "available",
            "in stock",
            "still for sale",
            "ledig",
            "tilgjengelig",
            "til salgs",
            "disponible",
            "en stock",
            "متوفر",
            "متاح",
        ],
    ),
];

/// The language that most of the words speak; English if nothing tells.
pub fn language_of(text: &str) -> Language {
    if text.chars().any(|letter| ('\u{0600}'..='\u{06FF}').contains(&letter)) {
        return Language::Arabic;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter(|word| !word.is_empty())
        .collect();
    let hits = |known: &[&str]| words.iter().filter(|word| known.contains(word)).count();
    let norwegian = hits(NORWEGIAN) + lower.matches(['å', 'ø']).count();
    let french = hits(FRENCH) + lower.matches(['ç', 'ê', 'à']).count();
    let english = hits(ENGLISH);
    if norwegian > english && norwegian >= french {
        Language::Norwegian
    } else if french > english {
        Language::French
    } else {
        Language::English
    }
}

/// What `text` asks about.
pub fn topic_of(text: &str) -> Topic {
    let lower = text.to_lowercase();
    TOPICS
        .iter()
        .find(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .map_or(Topic::Other, |(topic, _)| *topic)
}

/// The ordinary reply to `text`.
pub fn reply_to(text: &str) -> &'static str {
    use Language::{Arabic, English, French, Norwegian};
    use Topic::{Hours, Other, Price, Stock, TestDrive, TradeIn, Workshop};
    match (topic_of(text), language_of(text)) {
        (TestDrive, English) => {
            "Thanks for asking about a test drive! Which day suits you, and do you prefer the \
             morning or the afternoon? I will look for a slot right away."
        }
        (TestDrive, Norwegian) => {
            "Takk for at du vil prøvekjøre! Hvilken dag passer for deg, og helst formiddag eller \
             ettermiddag? Så ser jeg etter en time med en gang."
        }
        (TestDrive, French) => {
            "Merci pour votre demande d'essai ! Quel jour vous convient, plutôt le matin ou \
             l'après-midi ? Je cherche un créneau tout de suite."
        }
        (TestDrive, Arabic) => {
            "شكرًا لاهتمامك بتجربة القيادة! ما اليوم المناسب لك، وهل تفضل الصباح أم بعد الظهر؟ \
             سأبحث لك عن موعد فورًا."
        }
        (TradeIn, English) => {
            "Happy to look at your trade-in. Could you tell me the make, the year and the mileage? \
             A colleague will value it from there."
        }
        (TradeIn, Norwegian) => {
            "Vi ser gjerne på innbyttebilen din. Kan du si meg merke, årsmodell og kilometerstand? \
             Så vurderer en kollega den."
        }
        (TradeIn, French) => {
            "Nous étudions volontiers votre reprise. Pouvez-vous m'indiquer la marque, l'année et \
             le kilométrage ? Un collègue fera l'estimation."
        }
        (TradeIn, Arabic) => {
            "يسعدنا تقييم سيارتك للاستبدال. هل يمكنك ذكر النوع وسنة الصنع والمسافة المقطوعة؟ \
             سيقوم زميل بتقييمها."
        }
        (Price, English) => {
            "Good question. Let me check the current terms for this car so that you get the right \
             figure. Are you thinking of buying outright or of financing?"
        }
        (Price, Norwegian) => {
            "Godt spørsmål. Jeg sjekker de gjeldende vilkårene for denne bilen, så du får riktig \
             tall. Tenker du på kjøp eller finansiering?"
        }
        (Price, French) => {
            "Bonne question. Je vérifie les conditions actuelles de cette voiture pour vous donner \
             le bon chiffre. Pensez-vous à un achat ou à un financement ?"
        }
        (Price, Arabic) => {
            "سؤال جيد. سأتحقق من الشروط الحالية لهذه السيارة حتى أعطيك الرقم الصحيح. هل تفكر في \
             الشراء نقدًا أم بالتمويل؟"
        }
        (Workshop, English) => {
            "We can help with that. Which car is it, and what should the workshop look at?"
        }
        (Workshop, Norwegian) => {
            "Det hjelper vi deg med. Hvilken bil gjelder det, og hva skal verkstedet se på?"
        }
        (Workshop, French) => {
            "Nous pouvons vous aider. De quelle voiture s'agit-il, et que doit regarder l'atelier ?"
        }
        (Workshop, Arabic) => "يمكننا مساعدتك. ما هي السيارة، وما الذي تريد أن تفحصه الورشة؟",
        (Hours, English) => {
            "Let me look up our opening hours for you. Which day would you like to come by?"
        }
        (Hours, Norwegian) => {
            "Jeg slår opp åpningstidene våre for deg. Hvilken dag vil du komme innom?"
        }
        (Hours, French) => "Je vérifie nos horaires pour vous. Quel jour souhaitez-vous passer ?",
        (Hours, Arabic) => "سأتحقق لك من ساعات العمل. في أي يوم ترغب في زيارتنا؟",
        (Stock, English) => {
            "Let me check that car for you. Would you like to come and see it if it is there?"
        }
        (Stock, Norwegian) => {
            "Jeg sjekker den bilen for deg. Vil du komme og se på den hvis den er her?"
        }
        (Stock, French) => {
            "Je vérifie cette voiture pour vous. Souhaitez-vous venir la voir si elle est là ?"
        }
        (Stock, Arabic) => "سأتحقق من هذه السيارة لك. هل ترغب في القدوم لرؤيتها إن كانت موجودة؟",
        (Other, English) => {
            "Thanks for your message! I am happy to help. Which car are you interested in, and what \
             would you like to know?"
        }
        (Other, Norwegian) => {
            "Takk for meldingen! Jeg hjelper deg gjerne. Hvilken bil gjelder det, og hva lurer du \
             på?"
        }
        (Other, French) => {
            "Merci pour votre message ! Je vous aide volontiers. Quelle voiture vous intéresse, et \
             que souhaitez-vous savoir ?"
        }
        (Other, Arabic) => {
            "شكرًا على رسالتك! يسعدني مساعدتك. ما السيارة التي تهمك، وماذا تود أن تعرف عنها؟"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_is_in_the_language_of_the_customer() {
        for (text, language) in [
            ("Hello, is the blue Volvo still for sale?", Language::English),
            ("Hei, jeg ønsker å prøvekjøre en bil på lørdag", Language::Norwegian),
            ("Bonjour, je voudrais essayer la voiture", Language::French),
            ("مرحبا، هل السيارة متوفرة؟", Language::Arabic),
            ("?", Language::English),
            ("Hva koster Toyota Yaris 2024?", Language::Norwegian),
            ("Combien coûte cette voiture ?", Language::French),
        ] {
            assert_eq!(language_of(text), language, "{text}");
        }
    }

    #[test]
    fn the_reply_is_about_what_was_asked() {
        for (text, topic) in [
            ("Kan jeg prøvekjøre den?", Topic::TestDrive),
            ("What is the price with my trade-in?", Topic::TradeIn),
            ("Combien coûte la voiture ?", Topic::Price),
            ("Jeg trenger time på verksted", Topic::Workshop),
            ("When are you open?", Topic::Hours),
            ("هل السيارة متوفرة؟", Topic::Stock),
            ("Hei", Topic::Other),
        ] {
            assert_eq!(topic_of(text), topic, "{text}");
        }
    }

    #[test]
    fn no_ordinary_reply_claims_a_number() {
        for topic in ["test drive", "trade-in", "price", "repair", "hours", "available", "hello"] {
            for language in ["hello the you", "jeg er på", "je vous le", "مرحبا"] {
                let reply = reply_to(&format!("{topic} {language}"));
                assert!(!reply.chars().any(char::is_numeric), "{reply}");
            }
        }
    }
}
