//! A dealer, a customer and a question.

use std::sync::Arc;

use forecourt_core::{
    booking::{Agenda, Stretch},
    hours::{Exception, OpeningHours, Span},
    id::{ServiceId, SessionId, TurnId, VehicleId},
    knowledge::{Faq, Fuel, Grounding, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    money::{Currency, Money},
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::model::{Allowance, Ask, Line, Medium, Task, Toolbox, Who};
use jiff::{
    SignedDuration, Timestamp,
    civil::{date, time},
};
use uuid::Uuid;

/// What a customer of Nordlys Bil asks on Monday 23 November 2026 at 10:00 in Oslo.
pub(crate) fn ask() -> Ask {
    Ask {
        turn: TurnId::from_uuid(Uuid::from_u128(7)),
        session: SessionId::from_uuid(Uuid::from_u128(8)),
        lang: Lang::Nb,
        medium: Medium::Chat,
        customer_name: Some("Kari Sentinelsen".into()),
        vehicle_interest: Some("Tesla Model 3 sentinel".into()),
        transcript: vec![line(Who::Customer, "Er den sentinel-bilen ledig?")],
        grounding: Arc::new(Grounding {
            settings: Arc::new(settings()),
            knowledge: Arc::new(knowledge()),
            agenda: Arc::new(agenda(&knowledge())),
            now: now(),
            receipts: [].into(),
        }),
        task: Task::default(),
        allowance: Allowance::default(),
        dialogue: Arc::default(),
        files: forecourt_core::attachment::SentFiles::default(),
        toolbox: Toolbox::default(),
    }
}

fn now() -> Timestamp {
    date(2026, 11, 23).at(9, 0, 0, 0).in_tz("UTC").expect("UTC is known").timestamp()
}

/// Nothing is booked.
pub(crate) fn agenda(knowledge: &Knowledge) -> Agenda {
    let until = now() + SignedDuration::from_hours(24 * 200);
    Agenda::of_places(&knowledge.services, &[], Stretch { from: now(), until })
}

pub(crate) fn line(who: Who, text: &str) -> Line {
    Line { who, text: text.into() }
}

pub(crate) fn settings() -> TenantSettings {
    let day = Span { opens: time(9, 0, 0, 0), closes: time(17, 0, 0, 0) };
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: Some("post@nordlys.example".into()),
            address: Some("Storgata 1, Oslo".into()),
            website: Some("https://nordlys.example".into()),
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.into(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours {
            week: vec![vec![day]; 5],
            exceptions: vec![Exception { date: date(2026, 11, 25), spans: Vec::new() }],
        },
        promise: forecourt_core::promise::PromiseSettings::default(),
        gather: forecourt_core::gather::GatherSettings::default(),
        handoff: forecourt_core::handoff::HandoffSettings::default(),
        dialogue: forecourt_core::dialogue::DialogueSettings::default(),
        bookings: forecourt_core::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "post@nordlys.example".into(),
            reply_to: None,
            alert_to: Vec::new(),
        },
        allowed_origins: Vec::new(),
        models: forecourt_core::models::ModelSettings::default(),
    }
}

pub(crate) fn knowledge() -> Knowledge {
    Knowledge {
        services: vec![Service {
            id: ServiceId::from_uuid(Uuid::from_u128(1)),
            name: Localized::from([
                (Lang::Nb, "Prøvekjøring"),
                (Lang::En, "Test drive"),
                (Lang::Fr, "Essai"),
                (Lang::Ar, "تجربة قيادة"),
            ]),
            keywords: vec!["prøvekjøre".into()],
            minutes: 30,
            price: None,
            notice_minutes: 60,
            capacity: 1,
        }],
        faqs: vec![Faq {
            question: Localized::from([(Lang::Nb, "Tar dere innbytte?")]),
            answer: Localized::from([(Lang::Nb, "Ja, vi tar innbytte.")]),
            keywords: Vec::new(),
        }],
        vehicles: vec![
            vehicle(1, "Tesla", "Model 3", VehicleStatus::Available),
            vehicle(2, "Volvo", "EX30", VehicleStatus::Sold),
        ],
        tools: Vec::new(),
    }
}

pub(crate) fn vehicle(id: u128, make: &str, model: &str, status: VehicleStatus) -> Vehicle {
    Vehicle {
        id: VehicleId::from_uuid(Uuid::from_u128(id)),
        make: make.into(),
        model: model.into(),
        variant: Some("Long Range".into()),
        year: 2022,
        price: Money { minor: 39_900_000, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 45_000,
        status,
        details: forecourt_core::inventory::Details::default(),
    }
}
