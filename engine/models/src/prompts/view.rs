//! What the rules, the facts and the present are rendered from: the tenant's words, never a customer's.

use std::{cmp::Reverse, collections::BTreeSet};

use forecourt_core::{
    attachment::SentFiles,
    booking::BookingStatus,
    calendar,
    hours::{Doors, Span},
    knowledge::{Fuel, Service, Vehicle, VehicleStatus},
    lang::Lang,
    settings::Brand,
    tools::{Receipt, ToolName},
};
use forecourt_ports::model::{Ask, Medium, Who};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::Serialize;

use super::{MEMBER_MARK, remembered::Minute};

/// The most of each that a prompt lists.
const MAX_SERVICES: usize = 20;
const MAX_VEHICLES: usize = 80;
const MAX_FAQS: usize = 60;
/// Free times: looked for on so many days, shown for so many of these, so many of each.
const DAYS_AHEAD: u16 = 14;
const DAYS_SHOWN: usize = 5;
const TIMES_SHOWN: usize = 8;
/// The most free times that are worked out per service: five full days of five-minute starts and more.
const MAX_SLOTS: usize = 1_500;

#[derive(Debug, Serialize)]
pub(super) struct RulesView<'a> {
    pub(super) brand: &'a Brand,
    pub(super) language: Language,
    pub(super) medium: &'static str,
    pub(super) member_mark: &'static str,
    pub(super) zone: &'a str,
    pub(super) week: Vec<DayView>,
    pub(super) services: Vec<ServiceView<'a>>,
    pub(super) vehicles: Vec<VehicleView>,
    pub(super) vehicles_left_out: usize,
    pub(super) faqs: Vec<FaqView<'a>>,
    /// Whether tools are offered, and whether appointments can be made with them.
    pub(super) tools: bool,
    pub(super) books: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct NowView<'a> {
    pub(super) zone: &'a str,
    pub(super) now: Moment,
    pub(super) doors: DoorsView,
    /// Days ahead whose hours are not those of the week.
    pub(super) exceptions: Vec<DayView>,
    pub(super) slots: Vec<SlotsView<'a>>,
    /// This customer's appointments.
    pub(super) bookings: Vec<BookingLine<'a>>,
    /// What they sent beside texts, if anything.
    pub(super) files: Option<FilesView>,
}

/// Counts in words; no name, and nothing of what is in them.
#[derive(Debug, Serialize)]
pub(super) struct FilesView {
    /// With what is answered now.
    pub(super) new: Vec<String>,
    pub(super) earlier: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Language {
    pub(super) name: &'static str,
    pub(super) tag: &'static str,
}

/// A day and when it is open; no hours when closed.
#[derive(Debug, Serialize)]
pub(super) struct DayView {
    pub(super) name: String,
    pub(super) hours: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ServiceView<'a> {
    pub(super) name: &'a str,
    pub(super) minutes: u16,
    pub(super) price: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct VehicleView {
    pub(super) title: String,
    pub(super) price: String,
    pub(super) fuel: &'static str,
    pub(super) kilometres: u32,
    pub(super) status: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct FaqView<'a> {
    pub(super) question: &'a str,
    pub(super) answer: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Moment {
    pub(super) date: String,
    pub(super) time: String,
}

#[derive(Debug, Serialize)]
pub(super) struct DoorsView {
    pub(super) open: bool,
    pub(super) closes: Option<String>,
    pub(super) opens: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct BookingLine<'a> {
    pub(super) id: String,
    pub(super) name: &'a str,
    pub(super) when: String,
    pub(super) status: &'static str,
    /// Of a hold, when it ends.
    pub(super) until: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct SlotsView<'a> {
    pub(super) name: &'a str,
    pub(super) days: Vec<SlotDay>,
}

#[derive(Debug, Serialize)]
pub(super) struct SlotDay {
    pub(super) name: String,
    pub(super) times: Vec<String>,
}

impl<'a> RulesView<'a> {
    pub(super) fn of(ask: &'a Ask) -> Self {
        let (lang, settings, knowledge) =
            (ask.lang, &ask.grounding.settings, &ask.grounding.knowledge);
        let week = Weekday::Monday.cycle_forward().take(7).map(|day| DayView {
            name: calendar::weekday(lang, day).to_owned(),
            hours: hours(lang, settings.hours.on_weekday(day)),
        });
        let services = knowledge.services.iter().take(MAX_SERVICES).map(|service| ServiceView {
            name: service.name.get(lang),
            minutes: service.minutes,
            price: service.price.map(|price| price.display(lang).to_string()),
        });
        let vehicles: Vec<_> = nearest(&knowledge.vehicles, ask)
            .into_iter()
            .map(|vehicle| VehicleView {
                title: vehicle.title(),
                price: vehicle.price.display(lang).to_string(),
                fuel: fuel(vehicle.fuel),
                kilometres: vehicle.kilometres,
                status: status(vehicle.status),
            })
            .collect();
        let faqs = knowledge
            .faqs
            .iter()
            .take(MAX_FAQS)
            .map(|faq| FaqView { question: faq.question.get(lang), answer: faq.answer.get(lang) });
        Self {
            brand: &settings.brand,
            language: language(lang),
            medium: medium(ask.medium),
            member_mark: MEMBER_MARK,
            zone: &settings.zone,
            week: week.collect(),
            services: services.collect(),
            vehicles_left_out: knowledge.vehicles.len() - vehicles.len(),
            vehicles,
            faqs: faqs.collect(),
            tools: offers_tools(ask),
            books: offers_bookings(ask),
        }
    }
}

impl<'a> NowView<'a> {
    pub(super) fn of(ask: &'a Ask, Minute { shown, free_from }: Minute) -> Self {
        let (lang, settings) = (ask.lang, &ask.grounding.settings);
        let zone = settings.time_zone();
        let local = zone.to_datetime(shown);
        let today = local.date();
        let ahead = (0..DAYS_AHEAD).filter_map(|day| today.checked_add(i64::from(day).days()).ok());
        let exceptions = ahead.filter_map(|date| {
            let exception = settings.hours.exception(date)?;
            let name = calendar::date(lang, date, today);
            Some(DayView { name, hours: hours(lang, &exception.spans) })
        });
        let doors = match settings.hours.doors(&zone, shown) {
            Doors::Open { closes } => {
                DoorsView { open: true, closes: Some(calendar::time(lang, closes)), opens: None }
            }
            Doors::Closed { opens } => DoorsView {
                open: false,
                closes: None,
                opens: opens.map(|(date, time)| {
                    let (date, time) =
                        (calendar::date(lang, date, today), calendar::time(lang, time));
                    format!("{date}, {time}")
                }),
            },
        };
        let services = ask.grounding.knowledge.services.iter().take(MAX_SERVICES);
        Self {
            zone: &settings.zone,
            now: Moment {
                date: calendar::date(lang, today, today),
                time: calendar::time(lang, local.time()),
            },
            doors,
            exceptions: exceptions.collect(),
            slots: services
                .filter_map(|service| free(ask, service, &zone, free_from, today))
                .collect(),
            bookings: bookings(ask, &zone, today),
            files: FilesView::of(ask.files),
        }
    }
}

impl FilesView {
    fn of(sent: SentFiles) -> Option<Self> {
        let SentFiles { pictures, documents, arriving, failed, earlier } = sent;
        let told = |n: u8, one: &str, more: &str| {
            let thing = if n == 1 { one } else { more };
            (n > 0).then(|| format!("{n} {thing}"))
        };
        let new = [
            told(pictures, "picture that has arrived", "pictures that have arrived"),
            told(documents, "document that has arrived", "documents that have arrived"),
            told(arriving, "file that has not arrived yet", "files that have not arrived yet"),
            told(failed, "file that will not come", "files that will not come"),
        ];
        let earlier = told(earlier, "file", "files");
        let new = new.into_iter().flatten().collect();
        (!sent.is_empty()).then_some(Self { new, earlier })
    }
}

/// The free times of a service on its next free days, spread over each day; `None` when it has none.
fn free<'a>(
    ask: &Ask,
    service: &'a Service,
    zone: &TimeZone,
    now: Timestamp,
    today: Date,
) -> Option<SlotsView<'a>> {
    let (hours, agenda) = (&ask.grounding.settings.hours, &ask.grounding.agenda);
    let free = agenda.free(service.id, None, hours, zone, now, today, DAYS_AHEAD, MAX_SLOTS);
    let starts: Vec<_> = free.iter().map(|time| zone.to_datetime(time.from)).collect();
    let days: Vec<_> = starts
        .chunk_by(|a, b| a.date() == b.date())
        .take(DAYS_SHOWN)
        .map(|day| SlotDay {
            name: calendar::date(ask.lang, day[0].date(), today),
            times: day
                .iter()
                .step_by(day.len().div_ceil(TIMES_SHOWN))
                .map(|start| calendar::time(ask.lang, start.time()))
                .collect(),
        })
        .collect();
    (!days.is_empty()).then(|| SlotsView { name: service.name.get(ask.lang), days })
}

/// The appointments of this conversation, as the engine knows them.
fn bookings<'a>(ask: &'a Ask, zone: &TimeZone, today: Date) -> Vec<BookingLine<'a>> {
    let lang = ask.lang;
    let say = |at: Timestamp| {
        let at = zone.to_datetime(at);
        format!("{}, {}", calendar::date(lang, at.date(), today), calendar::time(lang, at.time()))
    };
    let line = |receipt: &'a Receipt| {
        let Receipt::Booking(booking) = receipt else { return None };
        let services = &ask.grounding.knowledge.services;
        let service = services.iter().find(|service| service.id == booking.service);
        Some(BookingLine {
            id: booking.booking.to_string(),
            name: service.map_or("", |service| service.name.get(lang)),
            when: say(booking.from),
            status: booking.status.as_str(),
            until: (booking.status == BookingStatus::Held).then(|| say(booking.hold_until)),
        })
    };
    ask.grounding.receipts.iter().filter_map(line).collect()
}

pub(super) fn offers_tools(ask: &Ask) -> bool {
    !ask.toolbox.offered.is_empty()
}

pub(super) fn offers_bookings(ask: &Ask) -> bool {
    let books = ToolName::CreateBooking.as_str();
    ask.toolbox.offered.iter().any(|tool| tool.name == books)
}

/// Whether the present is the same for every customer.
pub(super) fn is_everybodys(ask: &Ask) -> bool {
    let has_booking = |receipt: &Receipt| matches!(receipt, Receipt::Booking(_));
    ask.files.is_empty() && !ask.grounding.receipts.iter().any(has_booking)
}

/// Whether the whole stock stands in the facts, whatever was asked.
pub(super) fn lists_all(ask: &Ask) -> bool {
    ask.grounding.knowledge.vehicles.len() <= MAX_VEHICLES
}

/// The vehicles to list: all, or those whose names the customer used most, in the order of the stock.
///
/// The customer's words choose here, and go no further.
fn nearest<'a>(vehicles: &'a [Vehicle], ask: &Ask) -> Vec<&'a Vehicle> {
    if vehicles.len() <= MAX_VEHICLES {
        return vehicles.iter().collect();
    }
    let said = ask.transcript.iter().filter(|line| line.who == Who::Customer);
    let said: BTreeSet<String> = said
        .map(|line| line.text.as_str())
        .chain(ask.vehicle_interest.as_deref())
        .flat_map(words)
        .collect();
    let mut ranked: Vec<_> = vehicles.iter().enumerate().collect();
    ranked.sort_by_key(|(index, vehicle)| {
        let named = words(&vehicle.title()).filter(|word| said.contains(word)).count();
        (Reverse(named), vehicle.status != VehicleStatus::Available, *index)
    });
    ranked.truncate(MAX_VEHICLES);
    ranked.sort_by_key(|(index, _)| *index);
    ranked.into_iter().map(|(_, vehicle)| vehicle).collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

fn hours(lang: Lang, spans: &[Span]) -> Option<String> {
    let spans: Vec<_> = spans
        .iter()
        .map(|span| {
            format!("{}–{}", calendar::time(lang, span.opens), calendar::time(lang, span.closes))
        })
        .collect();
    (!spans.is_empty()).then(|| spans.join(", "))
}

pub(super) fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Mail => "mail",
        Medium::Chat => "chat",
    }
}

pub(super) fn language(lang: Lang) -> Language {
    let name = match lang {
        Lang::Nb => "Norwegian Bokmål",
        Lang::Fr => "French",
        Lang::En => "English",
        Lang::Ar => "Modern Standard Arabic, with European digits",
    };
    Language { name, tag: lang.tag() }
}

fn fuel(fuel: Fuel) -> &'static str {
    match fuel {
        Fuel::Electric => "electric",
        Fuel::Petrol => "petrol",
        Fuel::Diesel => "diesel",
        Fuel::Hybrid => "hybrid",
    }
}

fn status(status: VehicleStatus) -> &'static str {
    match status {
        VehicleStatus::Available => "available",
        VehicleStatus::Reserved => "reserved",
        VehicleStatus::Sold => "sold",
        VehicleStatus::InService => "in service",
    }
}
