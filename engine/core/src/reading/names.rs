//! Which of the tenant's vehicles and services a text names.
//!
//! A vehicle is named by make and model, by a model that is a word of its own, or by make alone.
//! A make that is known but not in stock, and a model that the make has none of in stock, are found
//! too: to speak of them as if they were there is a false claim.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use super::{
    lex::{Lex, Lexeme, lex},
    memo::Memo,
};
use crate::knowledge::{Knowledge, Vehicle};

/// A vehicle named in a text, at lexemes `first` up to before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub first: usize,
    pub end: usize,
    /// Indices into [`Knowledge::vehicles`]; empty when nothing in stock is meant.
    pub vehicles: Vec<usize>,
    /// Whether a model was named, not a make alone.
    pub with_model: bool,
    /// The year that stands with it, when no vehicle in stock has it.
    pub wrong_year: bool,
}

/// The names of a stock of vehicles, ready to be found.
#[derive(Debug, Default)]
pub struct VehicleNames {
    /// By the first word of the make.
    makes: HashMap<String, Vec<Make>>,
    /// By the first word of a model that may stand without its make.
    models: HashMap<String, Vec<Model>>,
    /// What tells vehicles of one name apart, by index into [`Knowledge::vehicles`].
    kinds: Vec<VehicleKind>,
    /// The words of each spelling of a variant, in the order of the spellings.
    variants: Vec<Vec<String>>,
}

#[derive(Clone, Copy, Debug)]
struct VehicleKind {
    year: u16,
    /// Index into the variants.
    variant: Option<usize>,
}

#[derive(Debug)]
struct Make {
    words: Vec<String>,
    models: Vec<Model>,
    vehicles: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Model {
    words: Vec<String>,
    vehicles: Vec<usize>,
}

/// Makes that people ask for; in a text, one that is not in stock is still a vehicle.
const KNOWN_MAKES: &str = "abarth|alfa romeo|alpine|aston martin|audi|bentley|bmw|byd|cadillac|\
    chevrolet|chrysler|citroen|cupra|dacia|dodge|ds|ferrari|fiat|fisker|ford|genesis|gmc|honda|\
    hongqi|hyundai|infiniti|isuzu|iveco|jaguar|jeep|kia|lamborghini|lancia|land rover|leapmotor|\
    lexus|lincoln|lotus|lucid|lynk co|maserati|maxus|mazda|mclaren|mercedes|mercedes benz|mg|mini|\
    mitsubishi|nio|nissan|opel|peugeot|polestar|porsche|range rover|renault|rivian|rolls royce|\
    saab|seat|skoda|smart|ssangyong|subaru|suzuki|tesla|toyota|vauxhall|volkswagen|volvo|voyah|vw|\
    xpeng|zeekr|تسلا|تويوتا|مرسيدس|فورد|هيونداي|كيا|نيسان|هوندا|اودي|بورش|فولكس واجن|فولكسفاغن|رينو|بيجو";

/// Makes of more than one spelling; the first is the one that stock lists use.
const ALIASES: [(&str, &str); 12] = [
    ("volkswagen", "vw"),
    ("volkswagen", "فولكس واجن"),
    ("volkswagen", "فولكسفاغن"),
    ("mercedes benz", "mercedes"),
    ("mercedes", "مرسيدس"),
    ("tesla", "تسلا"),
    ("toyota", "تويوتا"),
    ("ford", "فورد"),
    ("renault", "رينو"),
    ("peugeot", "بيجو"),
    ("audi", "اودي"),
    ("kia", "كيا"),
];

/// Makes and models that are words of a language; a make must stand before them, or a capital.
const ORDINARY: &[&str] = &[
    "up",
    "one",
    "note",
    "leaf",
    "jazz",
    "fit",
    "go",
    "smart",
    "life",
    "spring",
    "kona",
    "zoe",
    "mini",
    "seat",
    "ds",
    "mg",
    "space",
    "van",
    "sport",
    "classic",
    "active",
    "micro",
    "nova",
    "city",
    "escape",
    "focus",
    "edge",
    "galaxy",
    "fusion",
    "fiesta",
    "explorer",
    "compass",
    "captur",
    "juke",
    "picanto",
    "stelvio",
    "soul",
    "beat",
    "spark",
    "bolt",
    "volt",
    "model",
    "e",
    "i",
    "c",
    "id",
    "mark",
    "dolphin",
    "seal",
    "atto",
    "han",
    "tang",
    "free",
    "dream",
    "passion",
    "lincoln",
    "genesis",
    "lotus",
    "rapid",
    "arona",
    "ibiza",
    "leon",
    "puma",
    "mustang",
    "tipo",
    "panda",
    "punto",
    "doblo",
    "express",
    "master",
    "expert",
    "partner",
    "traveller",
    "rifter",
    "berlingo",
    "jumpy",
    "combo",
    "vivaro",
    "crafter",
    "caddy",
    "transporter",
    "move",
    "polo",
    "golf",
    "ami",
    "inster",
    "tiger",
    "rio",
    "ceed",
    "air",
];

impl VehicleNames {
    /// The names of a snapshot, read once for as long as it lives.
    pub fn of(knowledge: &Arc<Knowledge>) -> Arc<Self> {
        static NAMES: Memo<VehicleNames> = Memo::new();
        NAMES.of(knowledge, Self::new)
    }

    pub fn new(knowledge: &Knowledge) -> Self {
        let spellings = knowledge.vehicles.iter().filter_map(|vehicle| vehicle.variant.as_deref());
        let spellings: BTreeSet<&str> = spellings.collect();
        let places: HashMap<&str, usize> =
            spellings.iter().enumerate().map(|(place, spelling)| (*spelling, place)).collect();
        let kind = |vehicle: &Vehicle| VehicleKind {
            year: vehicle.year,
            variant: vehicle.variant.as_deref().and_then(|variant| places.get(variant).copied()),
        };
        let kinds = knowledge.vehicles.iter().map(kind).collect();
        let variants = spellings.into_iter().map(words).collect();
        // Stock lists repeat their makes and models: each pair is read once.
        let mut pairs: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for (index, vehicle) in knowledge.vehicles.iter().enumerate() {
            pairs.entry((&vehicle.make, &vehicle.model)).or_default().push(index);
        }
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable();
        let mut models: HashMap<String, Vec<Model>> = HashMap::new();
        let mut makes: HashMap<Vec<String>, Make> = HashMap::new();
        for ((make, model), vehicles) in pairs {
            let (make, model) = (words(make), Model { words: words(model), vehicles });
            if model.may_stand_alone() {
                models.entry(model.words[0].clone()).or_default().push(model.clone());
            }
            let entry = makes.entry(make).or_insert_with_key(|words| Make {
                words: words.clone(),
                models: vec![],
                vehicles: vec![],
            });
            entry.vehicles.extend(&model.vehicles);
            entry.models.push(model);
        }
        // The longest name first: "golf gte" before "golf".
        for model in models.values_mut() {
            model.sort_by_key(|model| std::cmp::Reverse(model.words.len()));
        }
        Self { makes: by_first_word(makes.into_values().collect()), models, kinds, variants }
    }

    /// Every vehicle that the text names, in order.
    pub fn find(&self, lexemes: &[Lexeme]) -> Vec<Named> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < lexemes.len() {
            match self.at(lexemes, at) {
                Some(named) => {
                    at = named.end.max(at + 1);
                    found.push(named);
                }
                None => at += 1,
            }
        }
        found
    }

    fn at(&self, lexemes: &[Lexeme], at: usize) -> Option<Named> {
        let first = &lexemes[at];
        let text = first.word().or_else(|| first.digits())?;
        let make = super::phrases::forms(text).find_map(|form| {
            let stocked = self.makes.get(form).into_iter().flatten();
            stocked.chain(known_makes().get(form).into_iter().flatten()).find_map(|make| {
                let end = matched(&make.words, lexemes, at)?;
                let is_plain = make.words.len() == 1 && ORDINARY.contains(&make.words[0].as_str());
                (!is_plain || first.upper).then_some((make, end))
            })
        });
        if let Some((make, end)) = make {
            let model = make
                .models
                .iter()
                .find_map(|model| matched(&model.words, lexemes, end).map(|end| (model, end)));
            let named = match model {
                Some((model, end)) => self.narrowed(lexemes, at, end, &model.vehicles, true),
                None if is_model_like(lexemes.get(end)) => Named {
                    first: at,
                    end: end + 1,
                    vehicles: vec![],
                    with_model: true,
                    wrong_year: false,
                },
                None => self.narrowed(lexemes, at, end, &make.vehicles, false),
            };
            return Some(named);
        }
        let models = self.models.get(text)?;
        let (model, end) = models.iter().find_map(|model| {
            let end = matched(&model.words, lexemes, at)?;
            let is_plain = model.words.len() == 1 && ORDINARY.contains(&model.words[0].as_str());
            (!is_plain || first.upper).then_some((model, end))
        })?;
        // Two makes may have a model of the same name.
        let twins: Vec<usize> = models
            .iter()
            .filter(|twin| twin.words == model.words)
            .flat_map(|twin| twin.vehicles.iter().copied())
            .collect();
        Some(self.narrowed(lexemes, at, end, &twins, true))
    }

    /// Takes the variant and the year that stand with a name into account.
    fn narrowed(
        &self,
        lexemes: &[Lexeme],
        first: usize,
        mut end: usize,
        candidates: &[usize],
        with_model: bool,
    ) -> Named {
        let mut vehicles = candidates.to_vec();
        // The longest variant that stands here, word by word; each spelling is looked at once.
        let variant_of = |index: usize| self.kinds[index].variant;
        let spellings: BTreeSet<usize> =
            candidates.iter().filter_map(|index| variant_of(*index)).collect();
        let variant = spellings
            .into_iter()
            .filter_map(|place| Some((matched(&self.variants[place], lexemes, end)?, place)))
            .max();
        if let Some((after, variant)) = variant {
            vehicles.retain(|index| variant_of(*index) == Some(variant));
            end = after;
        }
        let year_at = |at: usize| {
            let year =
                lexemes.get(at).filter(|l| l.digits().is_some_and(|d| d.len() == 4))?.small();
            let is_amount = super::number::amount(lexemes, at).is_some();
            year.filter(|year| (1950..=2100).contains(year) && !is_amount)
        };
        let skip = |mut at: usize| {
            let is_filler = |l: &Lexeme| {
                l.is_mark(',') || l.is_mark('(') || l.is_mark('-') || {
                    matches!(
                        l.word(),
                        Some(
                            "fra"
                                | "from"
                                | "de"
                                | "modell"
                                | "year"
                                | "av"
                                | "موديل"
                                | "annee"
                                | "سنه"
                        )
                    )
                }
            };
            while at < end + 2 && lexemes.get(at).is_some_and(is_filler) {
                at += 1;
            }
            at
        };
        let after = skip(end);
        let before = first.checked_sub(1).filter(|at| {
            // "24. november 2026 Tesla" is a date's year.
            let before = at.checked_sub(1).and_then(|before| lexemes[before].word());
            year_at(*at).is_some() && before.is_none_or(|word| word.len() <= 4)
        });
        let (year, end) = match (year_at(after), before.and_then(year_at)) {
            (Some(year), _) => (Some(year), after + 1),
            (None, year) => (year, end),
        };
        let mut wrong_year = false;
        if let Some(year) = year {
            let of_year: Vec<usize> =
                vehicles.iter().copied().filter(|index| self.kinds[*index].year == year).collect();
            wrong_year = of_year.is_empty() && !vehicles.is_empty();
            vehicles = if wrong_year { vehicles } else { of_year };
        }
        Named { first, end, vehicles, with_model, wrong_year }
    }
}

impl Model {
    /// Whether the model says enough without its make: a word, or letters with digits.
    fn may_stand_alone(&self) -> bool {
        let letters: usize = self
            .words
            .iter()
            .filter(|word| word.chars().all(char::is_alphabetic))
            .map(|word| word.chars().count())
            .sum();
        let has_digits = self.words.iter().any(|word| word.chars().all(|c| c.is_ascii_digit()));
        letters >= 3 || (letters >= 1 && has_digits)
    }
}

/// Makes by the first word of their name and of its other spellings, the longest first.
fn by_first_word(mut makes: Vec<Make>) -> HashMap<String, Vec<Make>> {
    let stocked: HashSet<Vec<String>> = makes.iter().map(|make| make.words.clone()).collect();
    for (name, alias) in aliases() {
        // Either spelling may be the one in stock; the other then means the same.
        for (have, add) in [(name, alias), (alias, name)] {
            if !stocked.contains(add)
                && let Some(make) = makes.iter().find(|make| make.words == *have)
            {
                let (models, vehicles) = (make.models.clone(), make.vehicles.clone());
                makes.push(Make { words: add.clone(), models, vehicles });
            }
        }
    }
    for make in &mut makes {
        make.models.sort_by_key(|model| std::cmp::Reverse(model.words.len()));
    }
    let mut by_word: HashMap<String, Vec<Make>> = HashMap::new();
    for make in makes.into_iter().filter(|make| !make.words.is_empty()) {
        by_word.entry(make.words[0].clone()).or_default().push(make);
    }
    for makes in by_word.values_mut() {
        makes.sort_by_key(|make| std::cmp::Reverse(make.words.len()));
    }
    by_word
}

/// [`KNOWN_MAKES`], none of them in stock, by first word; asked only after the stock.
fn known_makes() -> &'static HashMap<String, Vec<Make>> {
    static MAKES: OnceLock<HashMap<String, Vec<Make>>> = OnceLock::new();
    MAKES.get_or_init(|| {
        let unstocked = |name| Make { words: words(name), models: vec![], vehicles: vec![] };
        by_first_word(KNOWN_MAKES.split('|').map(unstocked).collect())
    })
}

/// [`ALIASES`], read.
fn aliases() -> &'static [(Vec<String>, Vec<String>)] {
    static PAIRS: OnceLock<Vec<(Vec<String>, Vec<String>)>> = OnceLock::new();
    PAIRS.get_or_init(|| ALIASES.iter().map(|(name, alias)| (words(name), words(alias))).collect())
}

/// The words and digits of a name.
fn words(name: &str) -> Vec<String> {
    lex(name)
        .into_iter()
        .filter_map(|lexeme| match lexeme.lex {
            Lex::Word(text) | Lex::Digits(text) => Some(text),
            Lex::Mark(_) | Lex::Odd => None,
        })
        .collect()
}

/// Where `name` ends when it stands at `at`; marks inside it (`ID.4`, `e-tron`) are passed over.
fn matched(name: &[String], lexemes: &[Lexeme], at: usize) -> Option<usize> {
    let mut at = at;
    for (index, word) in name.iter().enumerate() {
        let is_joint = |l: &Lexeme| matches!(l.lex, Lex::Mark('.' | '-' | '\'' | '!' | '&' | '/'));
        while index > 0 && lexemes.get(at).is_some_and(is_joint) {
            at += 1;
        }
        let lexeme = lexemes.get(at)?;
        let hit = match &lexeme.lex {
            Lex::Word(text) if index == 0 => super::phrases::forms(text).any(|form| form == word),
            Lex::Word(text) | Lex::Digits(text) => text == word,
            Lex::Mark(_) | Lex::Odd => false,
        };
        if !hit {
            return None;
        }
        at += 1;
    }
    (!name.is_empty()).then_some(at)
}

/// Whether what follows a make looks like a model of it: a capital, or a short mix with digits.
fn is_model_like(next: Option<&Lexeme>) -> bool {
    let Some(next) = next else { return false };
    match &next.lex {
        Lex::Word(word) => {
            let is_latin = word.is_ascii();
            // Dealers write "Tesla Oslo" of themselves; that is taken out before names are read.
            next.upper
                && is_latin
                && !matches!(word.as_str(), "i" | "er" | "is" | "est" | "and" | "og" | "et")
                || matches!(word.as_str(), "model" | "modell" | "موديل" | "modele") && !next.glued
        }
        Lex::Digits(digits) => digits.len() <= 3 && !next.glued,
        Lex::Mark(_) | Lex::Odd => false,
    }
}
