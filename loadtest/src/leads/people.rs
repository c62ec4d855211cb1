//! The people who write: unique, plausible, and the same again from the same seed and tag.
//!
//! Lives here: names, addresses, questions. An address carries the lead's number, so that a mail is
//! matched without a search. The domain is reserved for examples and belongs to nobody.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng};
use serde::Serialize;

const FIRST: &[&str] = &[
    "Kari", "Ola", "Åse", "Bjørn", "Ingrid", "Håkon", "Sølvi", "Per", "Anne", "Lars", "Fatima",
    "José", "Chloé", "Zoë", "Mohammed", "Siri", "Tor", "Øyvind", "Guðrún", "Łukasz", "سارة",
    "Ellen",
];
const LAST: &[&str] = &[
    "Nordmann",
    "Hansen",
    "Ødegård",
    "Berg",
    "Åsland",
    "Lie",
    "Sæther",
    "O'Brien",
    "Müller",
    "Nguyen",
    "Lefèvre",
    "Haugen",
    "Brekke",
    "Dahl-Olsen",
    "Nilsen",
    "Strand",
    "Moe",
    "García",
];
const CARS: &[&str] = &[
    "Volvo XC60",
    "Toyota Yaris",
    "Tesla Model 3",
    "Škoda Enyaq",
    "VW ID.4",
    "BMW i3",
    "Kia EV6",
    "Ford Transit",
    "Peugeot e-208",
    "Nissan Leaf",
];
const QUESTIONS: &[&str] = &[
    "Hei! Er {car} fortsatt til salgs, og kan jeg prøvekjøre den på lørdag?",
    "God dag, hva koster {car} med vinterhjul? Jeg har en bil i innbytte.",
    "Hei, jeg lurer på om dere kan finansiere {car} over fem år 🙂",
    "Hello, is the {car} still available? I would like a test drive.",
    "Bonjour, la {car} est-elle disponible ? Je voudrais l'essayer.",
    "Kan dere ringe meg om {car}? Jeg er ledig etter kl. 16.",
    "مرحبا، هل سيارة {car} متوفرة؟",
    "Hei,\n\nser på {car}. Er det én eier, og når er neste EU-kontroll?\n\nMvh",
];
/// Numbers of Norwegian mobiles: eight digits from 40 000 000.
const PHONES: u64 = 9_000_000;

/// What the form sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    pub name: String,
    pub email: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicle_interest: Option<String>,
    pub source_url: String,
}

/// Everybody who writes in a run.
#[derive(Debug, Clone)]
pub struct People {
    seed: u64,
    /// `-<tag>@leads.example`
    ending: Arc<str>,
    first_phone: u64,
}

impl People {
    /// The people of `seed`; `tag` sets this run apart from others with the same seed.
    pub fn new(seed: u64, tag: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        tag.hash(&mut hasher);
        let ending = Arc::from(format!("-{}@leads.example", tag.to_lowercase()));
        Self { seed, ending, first_phone: hasher.finish() % PHONES }
    }

    /// The lead with this number.
    pub fn lead(&self, number: u64) -> Lead {
        let mut rng = StdRng::seed_from_u64(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut pick = |list: &[&'static str]| list.choose(&mut rng).copied().unwrap_or_default();
        let (first, last, car, question) = (pick(FIRST), pick(LAST), pick(CARS), pick(QUESTIONS));
        let message = question.replace("{car}", car);
        Lead {
            name: format!("{first} {last} {}", letters(number)),
            email: self.address(number),
            message: format!("{message}\n(ref. {})", letters(number)),
            phone: rng.random_bool(0.4).then(|| {
                let digits = 40_000_000 + (self.first_phone + number) % PHONES;
                format!("+47 {digits}")
            }),
            vehicle_interest: rng.random_bool(0.7).then(|| car.to_owned()),
            source_url: "https://nordlys.example/kontakt".to_owned(),
        }
    }

    /// The address of a lead.
    pub fn address(&self, number: u64) -> String {
        format!("kunde{number}{}", self.ending)
    }

    /// The number of the lead with this address; `None` for an address of nobody here.
    pub fn number(&self, address: &str) -> Option<u64> {
        let address = address.to_lowercase();
        address.strip_suffix(&*self.ending)?.strip_prefix("kunde")?.parse().ok()
    }
}

/// A number in letters: names and messages must differ, and digits in them could pass for a price.
fn letters(mut number: u64) -> String {
    let mut text = String::new();
    loop {
        text.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thousand_people_differ_in_name_address_message_and_phone() {
        let people = People::new(1, "t1");
        let leads: Vec<Lead> = (0..1000).map(|number| people.lead(number)).collect();
        let distinct = |of: fn(&Lead) -> &str| leads.iter().map(of).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|lead| &lead.name), 1000);
        assert_eq!(distinct(|lead| &lead.email), 1000);
        assert_eq!(distinct(|lead| &lead.message), 1000);
        let phones: Vec<&String> = leads.iter().filter_map(|lead| lead.phone.as_ref()).collect();
        assert_eq!(phones.iter().collect::<HashSet<_>>().len(), phones.len());
        assert!(leads.iter().all(|lead| lead.name.chars().count() <= 200));
    }

    #[test]
    fn the_same_seed_and_tag_give_the_same_people() {
        assert_eq!(People::new(7, "a").lead(42), People::new(7, "a").lead(42));
        assert_ne!(People::new(7, "a").lead(42).email, People::new(7, "b").lead(42).email);
    }

    #[test]
    fn an_address_leads_back_to_its_number() {
        let people = People::new(1, "T1");
        assert_eq!(people.number(&people.address(77)), Some(77));
        assert_eq!(people.number("KUNDE77-t1@LEADS.example"), Some(77));
        assert_eq!(people.number("selger@nordlys.example"), None);
        assert_eq!(People::new(1, "t2").number(&people.address(77)), None);
    }
}
