//! Words the answer, in the customer's language, from nothing but the grounding.

use forecourt_core::{
    booking::FreeTime,
    calendar,
    hours::Span,
    knowledge::{Service, Vehicle, VehicleStatus},
    lang::Lang,
    utterance::Window,
};
use forecourt_ports::model::{Ask, Medium};
use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

use super::understand::{Search, Wish};

/// Vehicles, days and times named at once: more is a list, not an answer.
const VEHICLES: usize = 3;
const DAYS: usize = 2;
const TIMES: usize = 3;
/// How far ahead times are looked for.
const HORIZON_DAYS: u16 = 30;

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

pub(super) fn compose(ask: &Ask, wish: &Wish, earlier: bool) -> String {
    let writer = Writer::new(ask);
    let mut parts: Vec<String> = Vec::new();
    if ask.medium == Medium::Mail && !earlier {
        parts.push(writer.thanks_for_writing());
    }
    if !wish.vehicles.is_empty() {
        parts.push(writer.vehicles(&wish.vehicles));
    } else if wish.unknown_vehicle {
        parts.push(writer.not_in_stock());
    }
    if let Some(search) = wish.search {
        parts.push(writer.search(search));
    }
    if let Some(service) = wish.price_of.and_then(|index| writer.knowledge().services.get(index)) {
        parts.extend(writer.service_price(service));
    }
    if let Some(service) = wish.slots_of.and_then(|index| writer.knowledge().services.get(index)) {
        parts.push(writer.free_times(service, &wish.days, &wish.times));
    }
    if wish.hours {
        parts.push(writer.hours(if wish.slots_of.is_some() { &[] } else { &wish.days }));
    }
    if let Some(faq) = wish.faq.and_then(|index| writer.knowledge().faqs.get(index)) {
        parts.push(faq.answer.get(ask.lang).to_owned());
    }
    if wish.contact {
        parts.extend(writer.contact());
    }
    let answered = parts.len() > usize::from(ask.medium == Medium::Mail && !earlier);
    if wish.person || (!answered && !wish.thanks) {
        parts.push(writer.a_person_follows());
    } else if !answered {
        parts.push(writer.you_are_welcome());
    } else if ask.medium == Medium::Mail {
        parts.push(writer.a_seller_follows());
    }
    parts.truncate(5);
    parts.join("\n\n")
}

/// Words single answers from the grounding.
pub(super) struct Writer<'a> {
    ask: &'a Ask,
    lang: Lang,
    zone: jiff::tz::TimeZone,
    today: Date,
}

impl<'a> Writer<'a> {
    pub(super) fn new(ask: &'a Ask) -> Self {
        let zone = ask.grounding.settings.time_zone();
        let today = ask.grounding.now.to_zoned(zone.clone()).date();
        Self { ask, lang: ask.lang, zone, today }
    }

    fn knowledge(&self) -> &'a forecourt_core::knowledge::Knowledge {
        &self.ask.grounding.knowledge
    }

    fn brand(&self) -> &'a forecourt_core::settings::Brand {
        &self.ask.grounding.settings.brand
    }

    // ---- courtesy ----

    pub(super) fn thanks_for_writing(&self) -> String {
        let name = &self.brand().name;
        match self.lang {
            Lang::Nb => format!("Takk for at du tar kontakt med {name}."),
            Lang::Fr => format!("Merci d'avoir contacté {name}."),
            Lang::En => format!("Thank you for contacting {name}."),
            Lang::Ar => format!("شكرًا لتواصلك مع {name}."),
        }
    }

    fn you_are_welcome(&self) -> String {
        match self.lang {
            Lang::Nb => "Bare hyggelig! Si fra hvis du lurer på noe mer.",
            Lang::Fr => "Avec plaisir ! N'hésitez pas si vous avez une autre question.",
            Lang::En => "You are welcome! Just ask if there is anything else.",
            Lang::Ar => "على الرحب والسعة! لا تتردد في السؤال عن أي شيء آخر.",
        }
        .to_owned()
    }

    fn a_seller_follows(&self) -> String {
        match self.lang {
            Lang::Nb => "En selger tar kontakt med deg snart.",
            Lang::Fr => "Un vendeur vous contactera bientôt.",
            Lang::En => "A salesperson will get in touch with you soon.",
            Lang::Ar => "سنتواصل معك في أقرب وقت ممكن.",
        }
        .to_owned()
    }

    fn a_person_follows(&self) -> String {
        let mut text = match self.lang {
            Lang::Nb => "Dette lar jeg en av oss svare på. Vi tar kontakt med deg så snart vi kan.",
            Lang::Fr => {
                "Je laisse l'un de nous vous répondre. Nous vous contacterons dès que possible."
            }
            Lang::En => {
                "I will let one of us answer that. We will get back to you as soon as we can."
            }
            Lang::Ar => "سأترك الإجابة لأحد أفراد فريقنا. سنتواصل معك في أقرب وقت ممكن.",
        }
        .to_owned();
        if let Some(phone) = &self.brand().phone {
            let call = match self.lang {
                Lang::Nb => format!(" Haster det, kan du ringe oss på {phone}."),
                Lang::Fr => format!(" Si c'est urgent, appelez-nous au {phone}."),
                Lang::En => format!(" If it is urgent, please call us on {phone}."),
                Lang::Ar => {
                    format!(" وإذا كان الأمر عاجلًا، اتصل بنا على الرقم \u{2066}{phone}\u{2069}.")
                }
            };
            text += &call;
        }
        text
    }

    // ---- vehicles ----

    pub(super) fn vehicles(&self, indices: &[usize]) -> String {
        let stock = &self.knowledge().vehicles;
        // What can be bought first.
        let mut named: Vec<&Vehicle> =
            indices.iter().filter_map(|index| stock.get(*index)).collect();
        named.sort_by_key(|vehicle| vehicle.status != VehicleStatus::Available);
        let sentences: Vec<_> =
            named.iter().take(VEHICLES).map(|vehicle| self.vehicle(vehicle)).collect();
        sentences.join(" ")
    }

    fn vehicle(&self, vehicle: &Vehicle) -> String {
        let (title, price) = (vehicle.title(), vehicle.price.display(self.lang));
        match (vehicle.status, self.lang) {
            (VehicleStatus::Available, Lang::Nb) => format!("{title} er ledig, og koster {price}."),
            (VehicleStatus::Available, Lang::Fr) => {
                format!("{title} est disponible au prix de {price}.")
            }
            (VehicleStatus::Available, Lang::En) => format!("{title} is available at {price}."),
            (VehicleStatus::Available, Lang::Ar) => format!("{title} متوفرة بسعر {price}."),
            (VehicleStatus::Reserved, Lang::Nb) => format!("{title} er reservert for øyeblikket."),
            (VehicleStatus::Reserved, Lang::Fr) => format!("{title} est réservée pour le moment."),
            (VehicleStatus::Reserved, Lang::En) => format!("{title} is reserved at the moment."),
            (VehicleStatus::Reserved, Lang::Ar) => format!("{title} محجوزة حاليًا."),
            (VehicleStatus::Sold, Lang::Nb) => format!("{title} er dessverre solgt."),
            (VehicleStatus::Sold, Lang::Fr) => format!("{title} est malheureusement vendue."),
            (VehicleStatus::Sold, Lang::En) => format!("{title} has unfortunately been sold."),
            (VehicleStatus::Sold, Lang::Ar) => format!("{title} مباعة للأسف."),
            (VehicleStatus::InService, Lang::Nb) => {
                format!("{title} er på verksted for øyeblikket.")
            }
            (VehicleStatus::InService, Lang::Fr) => {
                format!("{title} est à l'atelier pour le moment.")
            }
            (VehicleStatus::InService, Lang::En) => {
                format!("{title} is in the workshop at the moment.")
            }
            (VehicleStatus::InService, Lang::Ar) => format!("{title} في الورشة حاليًا."),
        }
    }

    pub(super) fn not_in_stock(&self) -> String {
        match self.lang {
            Lang::Nb => "Vi har dessverre ingen slik bil på lager.",
            Lang::Fr => "Nous n'avons malheureusement aucune voiture de ce type.",
            Lang::En => "Unfortunately we have no such car in stock.",
            Lang::Ar => "للأسف ليس لدينا سيارة كهذه.",
        }
        .to_owned()
    }

    pub(super) fn search(&self, search: Search) -> String {
        let fits = |vehicle: &&Vehicle| {
            vehicle.status == VehicleStatus::Available
                && search.ceiling.is_none_or(|ceiling| vehicle.price.minor <= ceiling)
                && search.fuel.is_none_or(|fuel| vehicle.fuel == fuel)
        };
        let mut found: Vec<&Vehicle> = self.knowledge().vehicles.iter().filter(fits).collect();
        // The dearest under a ceiling is nearest to what was asked for.
        found.sort_by_key(|vehicle| std::cmp::Reverse(vehicle.price.minor));
        if found.is_empty() {
            return self.no_vehicle_fits();
        }
        let found: Vec<_> =
            found.into_iter().take(VEHICLES).map(|vehicle| self.vehicle(vehicle)).collect();
        found.join(" ")
    }

    pub(super) fn no_vehicle_fits(&self) -> String {
        match self.lang {
            Lang::Nb => "Vi har dessverre ingen slik bil.",
            Lang::Fr => "Nous n'avons actuellement aucune voiture en stock qui corresponde.",
            Lang::En => "Unfortunately we have no car that fits.",
            Lang::Ar => "لا توجد لدينا حاليًا سيارة تناسب طلبك.",
        }
        .to_owned()
    }

    /// Whether one of them can be bought.
    pub(super) fn any_available(&self, indices: &[usize]) -> bool {
        let stock = &self.knowledge().vehicles;
        let mut of = indices.iter().filter_map(|index| stock.get(*index));
        of.any(|vehicle| vehicle.status == VehicleStatus::Available)
    }

    // ---- services and times ----

    pub(super) fn service_price(&self, service: &Service) -> Option<String> {
        let (name, price) = (service.name.get(self.lang), service.price?.display(self.lang));
        Some(match self.lang {
            Lang::Nb => format!("{name} koster {price}."),
            Lang::Fr => format!("{name} : {price}."),
            Lang::En => format!("{name} costs {price}."),
            Lang::Ar => format!("{name}: {price}."),
        })
    }

    fn free_times(&self, service: &Service, days: &[Date], times: &[Window]) -> String {
        let free = |first: Date, count: u16, limit: usize| {
            let grounding = &self.ask.grounding;
            let (hours, now) = (&grounding.settings.hours, grounding.now);
            grounding.agenda.free(service.id, None, hours, &self.zone, now, first, count, limit)
        };
        let mut sentences = Vec::new();
        let mut others = Vec::new();
        for day in days {
            let found = free(*day, 1, 64);
            let asked: Vec<FreeTime> =
                found.iter().filter(|slot| self.is_asked(slot, times)).copied().collect();
            if asked.is_empty() && !found.is_empty() && others.len() < DAYS {
                others.push(self.times_on(service, *day, &spread(&found)));
            } else if !asked.is_empty() && sentences.len() < DAYS {
                sentences.push(self.times_on(service, *day, &spread(&asked)));
            }
        }
        if sentences.is_empty() && !others.is_empty() {
            sentences.push(self.not_then());
            sentences.extend(others);
        }
        if sentences.is_empty() {
            if !days.is_empty() {
                sentences.push(self.nothing_free());
            }
            let mut day = days.first().copied().unwrap_or(self.today);
            for _ in 0..DAYS {
                let Some(first) = free(day, HORIZON_DAYS, 1).first().map(|slot| self.day_of(slot))
                else {
                    break;
                };
                let mut found = free(first, 1, 64);
                if found.iter().any(|slot| self.is_asked(slot, times)) {
                    found.retain(|slot| self.is_asked(slot, times));
                }
                sentences.push(self.times_on(service, first, &spread(&found)));
                match first.checked_add(1.day()) {
                    Ok(next) => day = next,
                    Err(_) => break,
                }
            }
        }
        sentences.push(self.which_suits());
        sentences.join(" ")
    }

    /// Whether a slot begins when it is asked for; any does when nothing is.
    fn is_asked(&self, slot: &FreeTime, times: &[Window]) -> bool {
        let time = slot.from.to_zoned(self.zone.clone()).time();
        let minute =
            u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
        times.is_empty() || times.iter().any(|window| window.holds(minute))
    }

    fn times_on(&self, service: &Service, day: Date, slots: &[FreeTime]) -> String {
        let (name, day) = (service.name.get(self.lang), calendar::date(self.lang, day, self.today));
        let times: Vec<_> = slots
            .iter()
            .map(|slot| calendar::time(self.lang, slot.from.to_zoned(self.zone.clone()).time()))
            .collect();
        let times = self.list(&times);
        match self.lang {
            Lang::Nb => format!("{name} {day}: ledig kl. {times}."),
            Lang::Fr => format!("{name}, {day} : libre à {times}."),
            Lang::En => format!("{name} on {day}: free at {times}."),
            Lang::Ar => format!("{name} يوم {day}: المواعيد المتاحة الساعة {times}."),
        }
    }

    fn nothing_free(&self) -> String {
        match self.lang {
            Lang::Nb => "Den dagen passer det dessverre ikke hos oss.",
            Lang::Fr => "Nous n'avons malheureusement plus de créneau ce jour-là.",
            Lang::En => "Unfortunately we have nothing free then.",
            Lang::Ar => "للأسف لا توجد مواعيد متاحة في ذلك اليوم.",
        }
        .to_owned()
    }

    fn not_then(&self) -> String {
        match self.lang {
            Lang::Nb => "Akkurat da er det dessverre opptatt.",
            Lang::Fr => "Cette heure-là est malheureusement prise.",
            Lang::En => "Unfortunately that time is taken.",
            Lang::Ar => "للأسف هذا الوقت محجوز.",
        }
        .to_owned()
    }

    fn which_suits(&self) -> String {
        match self.lang {
            Lang::Nb => "Hvilken tid passer? En av oss bekrefter den.",
            Lang::Fr => "Quelle heure vous convient ? L'un de nous la confirmera.",
            Lang::En => "Which time suits you? One of us will confirm it.",
            Lang::Ar => "أي موعد يناسبك؟ سيؤكده لك أحد أفراد فريقنا.",
        }
        .to_owned()
    }

    // ---- hours and contact ----

    pub(super) fn hours(&self, days: &[Date]) -> String {
        let hours = &self.ask.grounding.settings.hours;
        if !days.is_empty() {
            let said: Vec<_> =
                days.iter().take(DAYS).map(|day| self.hours_on(*day, hours.on(*day))).collect();
            return said.join(" ");
        }
        // Days of the same hours stand together, each group in a line of its own.
        let mut groups: Vec<(&[Span], Vec<String>)> = Vec::new();
        for weekday in WEEK {
            let (spans, name) = (hours.on_weekday(weekday), calendar::weekday(self.lang, weekday));
            match groups.iter_mut().find(|(of, _)| *of == spans) {
                Some((_, names)) => names.push(name.to_owned()),
                None => groups.push((spans, vec![name.to_owned()])),
            }
        }
        let line = |(spans, names): &(&[Span], Vec<String>)| {
            let open =
                if spans.is_empty() { self.closed_word().to_owned() } else { self.spans(spans) };
            let colon = if self.lang == Lang::Fr { " :" } else { ":" };
            capitalised(&format!("{}{colon} {open}.", self.list(names)))
        };
        groups.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn hours_on(&self, day: Date, spans: &[Span]) -> String {
        let date = calendar::date(self.lang, day, self.today);
        if spans.is_empty() {
            return match self.lang {
                Lang::Nb => format!("Vi holder stengt {date}."),
                Lang::Fr => format!("Nous sommes fermés {date}."),
                Lang::En => format!("We are closed on {date}."),
                Lang::Ar => format!("نحن مغلقون يوم {date}."),
            };
        }
        let spans = self.spans(spans);
        match self.lang {
            Lang::Nb => format!("Vi har åpent {date} {spans}."),
            Lang::Fr => format!("Nous sommes ouverts {date} {spans}."),
            Lang::En => format!("We are open on {date} {spans}."),
            Lang::Ar => format!("نحن مفتوحون يوم {date} {spans}."),
        }
    }

    fn spans(&self, spans: &[Span]) -> String {
        let each: Vec<_> = spans
            .iter()
            .map(|span| {
                let (opens, closes) =
                    (calendar::time(self.lang, span.opens), calendar::time(self.lang, span.closes));
                match self.lang {
                    Lang::Nb | Lang::En => format!("{opens}–{closes}"),
                    Lang::Fr => format!("de {opens} à {closes}"),
                    Lang::Ar => format!("من {opens} إلى {closes}"),
                }
            })
            .collect();
        self.list(&each)
    }

    fn closed_word(&self) -> &'static str {
        match self.lang {
            Lang::Nb => "stengt",
            Lang::Fr => "fermé",
            Lang::En => "closed",
            Lang::Ar => "مغلق",
        }
    }

    pub(super) fn contact(&self) -> Option<String> {
        let brand = self.brand();
        let label = |nb, fr, en, ar| match self.lang {
            Lang::Nb => nb,
            Lang::Fr => fr,
            Lang::En => en,
            Lang::Ar => ar,
        };
        let isolated = |text: &str| {
            if self.lang == Lang::Ar { format!("\u{2066}{text}\u{2069}") } else { text.to_owned() }
        };
        let lines: Vec<_> = [
            (label("Adresse", "Adresse", "Address", "العنوان"), &brand.address),
            (label("Telefon", "Téléphone", "Phone", "الهاتف"), &brand.phone),
            (label("E-post", "E-mail", "Email", "البريد الإلكتروني"), &brand.email),
        ]
        .into_iter()
        .filter_map(|(label, value)| Some(format!("{label}: {}", isolated(value.as_deref()?))))
        .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// `a, b eller c`.
    fn list(&self, items: &[String]) -> String {
        let (or, comma) = match self.lang {
            Lang::Nb => (" og ", ", "),
            Lang::Fr => (" et ", ", "),
            Lang::En => (" and ", ", "),
            Lang::Ar => (" و", "، "),
        };
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{or}{last}", first.join(comma)),
        }
    }

    fn day_of(&self, slot: &FreeTime) -> Date {
        slot.from.to_zoned(self.zone.clone()).date()
    }
}

/// With a capital first letter, as a line begins.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Up to three of a day's times: early, in the middle and late.
fn spread(slots: &[FreeTime]) -> Vec<FreeTime> {
    if slots.len() <= TIMES {
        return slots.to_vec();
    }
    [0, slots.len() / 2, slots.len() - 1].into_iter().map(|index| slots[index]).collect()
}
