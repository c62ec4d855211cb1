//! What an answer may name: the grounding, made ready to be asked by the gate.
//!
//! Everything is worked out when it is first asked for, and remembered: most answers touch little
//! of what a tenant knows. What follows from the knowledge alone outlives the answer ([`Memo`]).

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::{
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::{deals::Appointment, outside, own::Own, sentence::Sentence, split::Splitter};
use crate::{
    hours::{Doors, Span},
    knowledge::{Grounding, Knowledge, Service, Vehicle},
    money::Money,
    reading::{
        Amount, Kind, Number, fold, lex, memo::Memo, names::VehicleNames, phrases::Phrases, read,
    },
    tools::Receipt,
};

/// Days ahead in which a time without a day is looked for.
const NEAR_DAYS: u16 = 14;
/// How many days may be asked about one by one, in one answer (A9).
const MAX_DAYS_ASKED: usize = 120;

pub(super) struct Facts {
    pub grounding: Grounding,
    pub zone: TimeZone,
    pub today: Date,
    names: OnceCell<Arc<VehicleNames>>,
    services: OnceCell<Arc<Phrases<usize>>>,
    faqs: OnceCell<Arc<Said>>,
    receipts: OnceCell<Own>,
    appointments: OnceCell<Vec<Appointment>>,
    own: OnceCell<Vec<Vec<String>>>,
    slots: RefCell<HashMap<Date, Vec<Free>>>,
    near: OnceCell<Vec<Free>>,
}

/// A free time of a service on a day, in minutes after midnight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free {
    /// Index into the services.
    pub service: usize,
    pub start: u16,
    pub end: u16,
}

/// What the tenant's own answers name.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Whole sentences, folded.
    pub sentences: HashSet<String>,
    /// Amounts, percentages, numbers and the like.
    pub kinds: Vec<Kind>,
    pub hosts: HashSet<String>,
    pub mails: HashSet<String>,
}

impl Facts {
    pub(super) fn new(grounding: &Grounding) -> Self {
        let zone = grounding.settings.time_zone();
        let today = zone.to_datetime(grounding.now).date();
        Self {
            grounding: grounding.clone(),
            zone,
            today,
            names: OnceCell::new(),
            services: OnceCell::new(),
            faqs: OnceCell::new(),
            receipts: OnceCell::new(),
            appointments: OnceCell::new(),
            own: OnceCell::new(),
            slots: RefCell::default(),
            near: OnceCell::new(),
        }
    }

    pub(super) fn vehicles(&self) -> &[Vehicle] {
        &self.grounding.knowledge.vehicles
    }

    pub(super) fn names(&self) -> &VehicleNames {
        self.names.get_or_init(|| VehicleNames::of(&self.grounding.knowledge))
    }

    /// The names and keywords of the services, by index.
    pub(super) fn services(&self) -> &Phrases<usize> {
        static SERVICES: Memo<Phrases<usize>> = Memo::new();
        self.services.get_or_init(|| SERVICES.of(&self.grounding.knowledge, services))
    }

    /// Names that are no claims whatever their words: the brand's, and the lines of its address.
    pub(super) fn own(&self) -> &[Vec<String>] {
        self.own.get_or_init(|| {
            let brand = &self.grounding.settings.brand;
            let address = brand.address.as_deref().unwrap_or_default();
            std::iter::once(brand.name.as_str())
                .chain(address.split([',', '\n', ';']))
                .map(|name| fold(name).split(' ').map(str::to_owned).collect::<Vec<_>>())
                .filter(|words: &Vec<String>| words.iter().any(|word| !word.is_empty()))
                .collect()
        })
    }

    /// What the questions-and-answers say, in all languages.
    pub(super) fn said(&self) -> &Said {
        static SAID: Memo<Said> = Memo::new();
        self.faqs.get_or_init(|| SAID.of(&self.grounding.knowledge, said))
    }

    /// Whether the tenant's own words name this; those that were looked up, in like company.
    pub(super) fn says(&self, sentence: &Sentence, kind: &Kind) -> bool {
        self.said().kinds.contains(kind) || self.receipts().says(&sentence.lexemes, kind)
    }

    /// Whether the tenant's own words contain this sentence, folded.
    pub(super) fn has_sentence(&self, folded: &str) -> bool {
        self.said().sentences.contains(folded) || self.receipts().sentences.contains(folded)
    }

    fn receipts(&self) -> &Own {
        self.receipts.get_or_init(|| Own::of(&self.grounding.receipts))
    }

    /// The customer's own appointments, as receipts have them.
    pub(super) fn appointments(&self) -> &[Appointment] {
        self.appointments.get_or_init(|| {
            let Grounding { knowledge, receipts, now, .. } = &self.grounding;
            let of = |receipt: &Receipt| match receipt {
                Receipt::Booking(booking) => {
                    Some(Appointment::of(booking, &knowledge.services, &self.zone, *now))
                }
                _ => None,
            };
            receipts.iter().filter_map(of).collect()
        })
    }

    /// Whether a person was called.
    pub(super) fn has_called(&self) -> bool {
        self.receipts().called
    }

    /// Whether a hold still lasts so long.
    pub(super) fn leaves_time(&self, kind: &Kind) -> bool {
        let Kind::Duration(minutes) = kind else { return false };
        self.appointments().iter().any(|one| one.has_left(*minutes))
    }

    /// Whether a word is of the customer's own contact data.
    pub(super) fn is_customers_word(&self, word: &str) -> bool {
        self.receipts().words.contains(word)
    }

    /// Whether a number is the customer's own phone number, written in one.
    pub(super) fn knows_digits(&self, number: Number) -> bool {
        let digits = (number.hundredths / 100).to_string();
        self.receipts().phones.contains(&digits)
    }

    /// The open stretches of a date, in minutes after midnight.
    pub(super) fn open_on(&self, date: Date) -> Vec<(u16, u16)> {
        minutes(self.grounding.settings.hours.on(date))
    }

    /// The open stretches of an ordinary weekday.
    pub(super) fn open_on_weekday(&self, weekday: Weekday) -> Vec<(u16, u16)> {
        minutes(self.grounding.settings.hours.on_weekday(weekday))
    }

    pub(super) fn is_open_now(&self) -> bool {
        let doors = self.grounding.settings.hours.doors(&self.zone, self.grounding.now);
        matches!(doors, Doors::Open { .. })
    }

    /// The free times of a date, of every service.
    pub(super) fn free_on(&self, date: Date) -> Vec<Free> {
        if let Some(known) = self.slots.borrow().get(&date) {
            return known.clone();
        }
        if self.slots.borrow().len() >= MAX_DAYS_ASKED {
            return Vec::new();
        }
        let free = self.free_from(date, 1);
        self.slots.borrow_mut().insert(date, free.clone());
        free
    }

    /// The free times of the coming days.
    pub(super) fn free_soon(&self) -> &[Free] {
        self.near.get_or_init(|| self.free_from(self.today, NEAR_DAYS))
    }

    fn free_from(&self, date: Date, days: u16) -> Vec<Free> {
        let Grounding { settings, knowledge, agenda, now, .. } = &self.grounding;
        let (hours, zone, most) = (&settings.hours, &self.zone, usize::from(days) * 288);
        let of = |(index, service): (usize, &Service)| {
            let free = agenda.free(service.id, None, hours, zone, *now, date, days, most);
            free.into_iter().map(move |time| Free {
                service: index,
                start: self.minute(time.from),
                end: self.minute(time.until),
            })
        };
        knowledge.services.iter().enumerate().flat_map(of).collect()
    }

    fn minute(&self, at: jiff::Timestamp) -> u16 {
        let time = self.zone.to_datetime(at).time();
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    }

    /// Whether the brand, or one of its answers, has this phone number.
    pub(super) fn knows_phone(&self, number: &str) -> bool {
        let same = |known: &str| {
            let digits = |text: &str| -> String {
                text.chars().filter(char::is_ascii_digit).skip_while(|c| *c == '0').collect()
            };
            let (known, number) = (digits(known), digits(number));
            let short = known.len().min(number.len());
            short >= 5 && (known.ends_with(&number) || number.ends_with(&known))
        };
        self.grounding.settings.brand.phone.as_deref().is_some_and(same)
            || self
                .said()
                .kinds
                .iter()
                .any(|kind| matches!(kind, Kind::Phone(known) if same(known)))
            || self.receipts().phones.iter().any(|known| same(known))
    }

    pub(super) fn knows_mail(&self, mail: &str) -> bool {
        let brand = &self.grounding.settings.brand;
        brand.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(mail))
            || self.said().mails.contains(mail)
            || self.receipts().mails.contains(mail)
    }

    /// Whether a link to this host may be given: the tenant's own sites, and those its answers name.
    pub(super) fn knows_host(&self, host: &str) -> bool {
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        let settings = &self.grounding.settings;
        let own = settings.brand.website.iter().chain(&settings.allowed_origins);
        own.filter_map(|site| outside::host_of(site)).any(|own| bare(&own) == bare(host))
            || self.said().hosts.iter().any(|known| bare(known) == bare(host))
            || self.receipts().hosts.iter().any(|known| bare(known) == bare(host))
    }
}

fn services(knowledge: &Knowledge) -> Phrases<usize> {
    Phrases::new(knowledge.services.iter().enumerate().flat_map(|(index, service)| {
        let names = service.name.0.values().map(String::as_str);
        names.chain(service.keywords.iter().map(String::as_str)).map(move |name| (index, name))
    }))
}

fn said(knowledge: &Knowledge) -> Said {
    let mut said = Said::default();
    for answer in knowledge.faqs.iter().flat_map(|faq| faq.answer.0.values()) {
        let (mut splitter, mut sentences) = (Splitter::default(), Vec::new());
        answer.chars().for_each(|c| splitter.push(c, &mut sentences));
        splitter.complete(&mut sentences);
        for sentence in sentences.into_iter().filter(|one| !one.too_long).map(|one| one.text) {
            let (rest, found) = outside::links(&sentence);
            said.hosts.extend(found.hosts);
            said.mails.extend(found.mails);
            let lexemes = lex(&rest);
            said.kinds.extend(read(&lexemes, |_| false).into_iter().map(|token| token.kind));
            said.sentences.insert(fold(&sentence));
        }
    }
    said.kinds.retain(|kind| !matches!(kind, Kind::Word | Kind::Mark(_) | Kind::Claimed));
    said
}

/// Whether an amount in a text is this price.
pub(super) fn is_price(amount: Amount, price: Money) -> bool {
    amount.minor == price.minor && amount.currency == Some(price.currency)
}

fn minutes(spans: &[Span]) -> Vec<(u16, u16)> {
    let of = |time: jiff::civil::Time| {
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    };
    spans.iter().map(|span| (of(span.opens), of(span.closes))).collect()
}
