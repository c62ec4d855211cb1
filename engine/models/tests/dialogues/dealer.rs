//! The dealer of the conversations: Nordlys Bil, two services, five cars.

use forecourt_core::{
    hours::{Exception, OpeningHours, Span},
    id::{ServiceId, VehicleId},
    knowledge::{Faq, Fuel, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    money::{Currency, Money},
    settings::{Brand, MailSettings, TenantSettings},
};
use jiff::civil::{date, time};
use uuid::Uuid;

pub(crate) fn localized(texts: [&str; 4]) -> Localized {
    let [nb, fr, en, ar] = texts;
    Localized::from([(Lang::Nb, nb), (Lang::Fr, fr), (Lang::En, en), (Lang::Ar, ar)])
}

pub(crate) fn settings() -> TenantSettings {
    let day = vec![Span { opens: time(9, 0, 0, 0), closes: time(17, 0, 0, 0) }];
    let mut week = vec![day; 5];
    week[3] = vec![Span { opens: time(9, 0, 0, 0), closes: time(19, 0, 0, 0) }];
    week.push(vec![Span { opens: time(10, 0, 0, 0), closes: time(15, 0, 0, 0) }]);
    week.push(Vec::new());
    let closed = Exception { date: date(2026, 12, 24), spans: vec![] };
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: Some("post@nordlys.example".into()),
            address: Some("Bilveien 1, 0580 Oslo".into()),
            website: Some("https://nordlys.example".into()),
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours { week, exceptions: vec![closed] },
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
    let service = |n: u128, names: [&str; 4], keywords: &str, price: Option<i64>| Service {
        id: ServiceId::from_uuid(Uuid::from_u128(n)),
        name: localized(names),
        keywords: keywords.split('|').filter(|k| !k.is_empty()).map(str::to_owned).collect(),
        minutes: 60,
        price: price.map(|kroner| Money { minor: kroner * 100, currency: Currency::Nok }),
        notice_minutes: 60,
        capacity: 1,
    };
    let vehicle = |n: u128, make: &str, model: &str, kroner: i64, fuel, status| Vehicle {
        id: VehicleId::from_uuid(Uuid::from_u128(n)),
        make: make.into(),
        model: model.into(),
        variant: None,
        year: 2022,
        price: Money { minor: kroner * 100, currency: Currency::Nok },
        fuel,
        kilometres: 40_000,
        status,
        details: forecourt_core::inventory::vehicle::Details::default(),
    };
    Knowledge {
        services: vec![
            service(1, ["Prøvekjøring", "Essai", "Test drive", "تجربة قيادة"], "", None),
            service(
                2,
                ["Dekkskift", "Changement de pneus", "Tyre change", "تبديل الإطارات"],
                "",
                Some(890),
            ),
        ],
        faqs: vec![Faq {
            question: Localized::from([(Lang::En, "?")]),
            answer: localized([
                "Vi formidler billån gjennom flere banker.",
                "Nous proposons un financement avec plusieurs banques.",
                "We arrange car loans with several banks.",
                "نوفر تمويل السيارات عبر عدة بنوك.",
            ]),
            keywords: "finansiering|lån|financement|crédit|finance|loan|تمويل|تقسيط"
                .split('|')
                .map(str::to_owned)
                .collect(),
        }],
        vehicles: vec![
            vehicle(1, "Tesla", "Model 3", 359_900, Fuel::Electric, VehicleStatus::Available),
            vehicle(2, "BMW", "i4", 499_900, Fuel::Electric, VehicleStatus::Reserved),
            vehicle(3, "Kia", "EV6", 389_900, Fuel::Electric, VehicleStatus::Sold),
            vehicle(4, "Toyota", "RAV4", 429_900, Fuel::Hybrid, VehicleStatus::Available),
            vehicle(5, "Nissan", "Leaf", 149_900, Fuel::Electric, VehicleStatus::Available),
        ],
        tools: Vec::new(),
    }
}
