//! The businesses of the cases: what a file tells of one, and the tenant it makes.

use std::collections::BTreeMap;

use anyhow::Context as _;
use forecourt_core::{
    booking::BookingSettings,
    dialogue::{DialogueSettings, Question},
    gather::GatherSettings,
    handoff::HandoffSettings,
    hours::{Exception, OpeningHours, Span},
    id::{BookingId, MemberId, ServiceId, TenantId, VehicleId},
    inventory::vehicle::Details,
    knowledge::{Faq, Fuel, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    models::ModelSettings,
    money::{Currency, Money},
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::store::{Busy, Member, NewMember, NewTenant, Role, TenantSnapshot};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use serde::Deserialize;
use uuid::Uuid;

use super::cases::Told;

/// The tenant of every case, and its one member.
pub(crate) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x0e5a_1001));
pub(crate) const MEMBER: MemberId = MemberId::from_uuid(Uuid::from_u128(0x0e5a_2001));

/// A business as its file tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Business {
    pub(crate) pack: String,
    name: String,
    pub(crate) zone: String,
    country: String,
    currency: Currency,
    /// When its cases begin, on its own clock.
    now: DateTime,
    #[serde(default = "all")]
    languages: Vec<Lang>,
    /// From Monday to Sunday: `09:00-12:00 13:00-17:00`, or nothing.
    hours: Vec<String>,
    #[serde(default)]
    closed: Vec<Date>,
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
    website: Option<String>,
    #[serde(default)]
    dialogue: DialogueRow,
    #[serde(rename = "service")]
    services: Vec<ServiceRow>,
    #[serde(default, rename = "vehicle")]
    vehicles: Vec<VehicleRow>,
    #[serde(default, rename = "faq")]
    faqs: Vec<FaqRow>,
    #[serde(default)]
    taken: Vec<Taken>,
}

fn all() -> Vec<Lang> {
    Lang::ALL.to_vec()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DialogueRow {
    most_messages: Option<u32>,
    escalate_on: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    /// What the cases call it.
    key: String,
    name: Localized,
    #[serde(default)]
    keywords: Vec<String>,
    minutes: u16,
    /// In whole units of the currency.
    price: Option<i64>,
    #[serde(default)]
    notice_minutes: u32,
    #[serde(default = "one")]
    capacity: u16,
}

const fn one() -> u16 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VehicleRow {
    make: String,
    model: String,
    variant: Option<String>,
    year: u16,
    price: i64,
    fuel: Fuel,
    km: u32,
    #[serde(default = "available")]
    status: VehicleStatus,
}

const fn available() -> VehicleStatus {
    VehicleStatus::Available
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaqRow {
    question: Localized,
    answer: Localized,
    #[serde(default)]
    keywords: Vec<String>,
}

/// A page of the business' website.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageRow {
    pub(crate) url: String,
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) lang: Lang,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionRow {
    key: String,
    text: Localized,
    service: Option<String>,
}

/// A stretch of a service that others have booked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    service: String,
    from: DateTime,
    minutes: i64,
    /// So many at once.
    #[serde(default = "one")]
    times: u16,
}

impl Business {
    pub(crate) fn time_zone(&self) -> anyhow::Result<TimeZone> {
        TimeZone::get(&self.zone).with_context(|| format!("there is no zone {}", self.zone))
    }

    /// When a case begins.
    pub(crate) fn begins(&self, told: &Told) -> anyhow::Result<Timestamp> {
        let at = told.now.unwrap_or(self.now).to_zoned(self.time_zone()?);
        Ok(at.context("the case begins at no time")?.timestamp())
    }

    /// The ids of the services by their keys.
    pub(crate) fn service_ids(&self) -> BTreeMap<String, ServiceId> {
        self.services.iter().map(|row| row.key.clone()).zip((1..).map(service_id)).collect()
    }

    /// The services' English names, in small letters.
    pub(crate) fn service_name(&self, id: ServiceId) -> String {
        let mut rows = self.services.iter().zip((1..).map(service_id));
        let row = rows.find(|(_, known)| *known == id);
        row.map_or_else(|| "?".to_owned(), |(row, _)| row.name.get(Lang::En).to_lowercase())
    }

    fn service_id(&self, key: &str) -> anyhow::Result<ServiceId> {
        let id = self.service_ids().get(key).copied();
        id.with_context(|| format!("there is no service {key}"))
    }

    /// The tenant of a case, with what the case adds.
    pub(crate) fn tenant(&self, told: &Told) -> anyhow::Result<NewTenant> {
        let member = Member {
            tenant: TENANT,
            member: MEMBER,
            name: "Ida Berg".into(),
            email: "ida@forecourt.example".into(),
            role: Role::Seller,
        };
        Ok(NewTenant {
            snapshot: TenantSnapshot {
                id: TENANT,
                slug: "eval".into(),
                pack: self.pack.clone(),
                settings: self.settings(told)?,
            },
            name: self.name.clone(),
            knowledge: self.knowledge(told),
            busy: self.busy(told)?,
            members: vec![NewMember { member, lang: Lang::En, password_hash: None }],
        })
    }

    fn settings(&self, told: &Told) -> anyhow::Result<TenantSettings> {
        let week = self.hours.iter().map(|day| spans(day)).collect::<anyhow::Result<_>>()?;
        let closed = self.closed.iter().chain(&told.closed);
        let exceptions = closed.map(|date| Exception { date: *date, spans: vec![] }).collect();
        let question = |row: &QuestionRow| {
            let service = row.service.as_deref().map(|key| self.service_id(key)).transpose()?;
            anyhow::Ok(Question { key: row.key.clone(), text: row.text.clone(), service })
        };
        let default = DialogueSettings::default();
        let settings = TenantSettings {
            brand: Brand {
                name: self.name.clone(),
                phone: self.phone.clone(),
                email: self.email.clone(),
                address: self.address.clone(),
                website: self.website.clone(),
                logo_url: None,
                color: "#0b5fff".into(),
            },
            languages: self.languages.clone(),
            zone: self.zone.clone(),
            country: self.country.clone(),
            hours: OpeningHours { week, exceptions },
            promise: PromiseSettings::default(),
            // A case waits for nobody who may write more.
            gather: GatherSettings { shortest_ms: 0, longest_ms: 0, ..Default::default() },
            handoff: HandoffSettings::default(),
            mail: MailSettings {
                from_name: self.name.clone(),
                from_address: self.email.clone().unwrap_or_else(|| "post@eval.example".into()),
                reply_to: None,
                alert_to: vec!["ida@forecourt.example".into()],
            },
            allowed_origins: vec![],
            dialogue: DialogueSettings {
                most_messages: self.dialogue.most_messages.unwrap_or(default.most_messages),
                escalate_on: self.dialogue.escalate_on.clone(),
                questions: told.questions.iter().map(question).collect::<anyhow::Result<_>>()?,
                ..default
            },
            bookings: BookingSettings::default(),
            models: ModelSettings::default(),
        };
        settings.check().context("the settings cannot be kept")?;
        Ok(settings)
    }

    fn money(&self, units: i64) -> Money {
        Money { minor: units * 100, currency: self.currency }
    }

    fn knowledge(&self, told: &Told) -> Knowledge {
        let service = |(row, id): (&ServiceRow, ServiceId)| Service {
            id,
            name: row.name.clone(),
            keywords: row.keywords.clone(),
            minutes: row.minutes,
            price: row.price.map(|units| self.money(units)),
            notice_minutes: row.notice_minutes,
            capacity: row.capacity,
        };
        let vehicle = |(row, nth): (&VehicleRow, u128)| Vehicle {
            id: VehicleId::from_uuid(Uuid::from_u128(0x0e5a_4000 + nth)),
            make: row.make.clone(),
            model: row.model.clone(),
            variant: row.variant.clone(),
            year: row.year,
            price: self.money(row.price),
            fuel: row.fuel,
            kilometres: row.km,
            status: row.status,
            details: Details::default(),
        };
        let faq = |row: &FaqRow| Faq {
            question: row.question.clone(),
            answer: row.answer.clone(),
            keywords: row.keywords.clone(),
        };
        Knowledge {
            services: self.services.iter().zip((1..).map(service_id)).map(service).collect(),
            faqs: self.faqs.iter().chain(&told.faqs).map(faq).collect(),
            vehicles: self.vehicles.iter().chain(&told.vehicles).zip(1..).map(vehicle).collect(),
            ..Knowledge::default()
        }
    }

    fn busy(&self, told: &Told) -> anyhow::Result<Vec<Busy>> {
        let zone = self.time_zone()?;
        let mut busy = Vec::new();
        for taken in self.taken.iter().chain(&told.taken) {
            let service = self.service_id(&taken.service)?;
            let starts_at = zone.to_timestamp(taken.from).context("a booking begins at no time")?;
            let ends_at = starts_at + SignedDuration::from_mins(taken.minutes);
            for _ in 0..taken.times {
                let booking = 0x0e5a_5000 + busy.len() as u128;
                let booking = BookingId::from_uuid(Uuid::from_u128(booking));
                busy.push(Busy { booking, service, starts_at, ends_at });
            }
        }
        Ok(busy)
    }
}

fn service_id(nth: u128) -> ServiceId {
    ServiceId::from_uuid(Uuid::from_u128(0x0e5a_3000 + nth))
}

fn spans(day: &str) -> anyhow::Result<Vec<Span>> {
    let span = |text: &str| {
        let (opens, closes) =
            text.split_once('-').with_context(|| format!("`{text}` is no stretch"))?;
        let time =
            |text: &str| text.parse::<Time>().with_context(|| format!("`{text}` is no time"));
        anyhow::Ok(Span { opens: time(opens)?, closes: time(closes)? })
    };
    day.split_whitespace().map(span).collect()
}
