//! The public face of a tenant: what its demo website and its widget show.

use forecourt_core::{
    hours::OpeningHours,
    knowledge::{Fuel, Knowledge, Service, Vehicle, VehicleStatus},
    lang::Lang,
};
use forecourt_ports::store::TenantSnapshot;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicTenant {
    pub slug: String,
    pub name: String,
    /// `#rrggbb`.
    pub color: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub website: Option<String>,
    /// BCP 47 tags; the first is the default.
    pub languages: Vec<String>,
    /// IANA zone of the business, such as `Europe/Oslo`.
    pub zone: String,
    pub vehicles: Vec<PublicVehicle>,
    pub services: Vec<PublicService>,
    /// Monday to Sunday.
    pub hours: Vec<OpeningDay>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicVehicle {
    pub title: String,
    pub year: u16,
    /// As people of the language write it.
    #[schema(example = "399 000 kr")]
    pub price: String,
    /// `electric`, `petrol`, `diesel` or `hybrid`.
    pub fuel: String,
    pub kilometres: u32,
    /// `available`, `reserved`, `sold` or `in_service`.
    pub status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PublicService {
    pub name: String,
    pub minutes: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub price: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OpeningDay {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u8,
    /// None means closed.
    pub spans: Vec<OpeningSpan>,
}

/// Wall-clock times of the business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OpeningSpan {
    #[schema(example = "09:00")]
    pub opens: String,
    #[schema(example = "17:00")]
    pub closes: String,
}

/// The credentials of the demo, shown where it runs and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DemoLogin {
    pub tenant: String,
    pub email: String,
    pub password: String,
}

impl PublicTenant {
    pub fn of(tenant: &TenantSnapshot, knowledge: &Knowledge, lang: Lang) -> Self {
        let brand = tenant.settings.brand.clone();
        Self {
            slug: tenant.slug.clone(),
            name: brand.name,
            color: brand.color,
            phone: brand.phone,
            email: brand.email,
            address: brand.address,
            website: brand.website,
            zone: tenant.settings.zone.clone(),
            languages: tenant.settings.languages.iter().map(|l| l.tag().to_owned()).collect(),
            vehicles: knowledge.vehicles.iter().map(|v| PublicVehicle::of(v, lang)).collect(),
            services: knowledge.services.iter().map(|s| PublicService::of(s, lang)).collect(),
            hours: week(&tenant.settings.hours),
        }
    }
}

impl PublicVehicle {
    fn of(vehicle: &Vehicle, lang: Lang) -> Self {
        Self {
            title: vehicle.title(),
            year: vehicle.year,
            price: vehicle.price.display(lang).to_string(),
            fuel: match vehicle.fuel {
                Fuel::Electric => "electric",
                Fuel::Petrol => "petrol",
                Fuel::Diesel => "diesel",
                Fuel::Hybrid => "hybrid",
            }
            .to_owned(),
            kilometres: vehicle.kilometres,
            status: match vehicle.status {
                VehicleStatus::Available => "available",
                VehicleStatus::Reserved => "reserved",
                VehicleStatus::Sold => "sold",
                VehicleStatus::InService => "in_service",
            }
            .to_owned(),
        }
    }
}

impl PublicService {
    fn of(service: &Service, lang: Lang) -> Self {
        Self {
            name: service.name.get(lang).to_owned(),
            minutes: service.minutes,
            price: service.price.map(|price| price.display(lang).to_string()),
        }
    }
}

fn week(hours: &OpeningHours) -> Vec<OpeningDay> {
    let time = |time: jiff::civil::Time| format!("{:02}:{:02}", time.hour(), time.minute());
    (1..=7)
        .map(|weekday| {
            let spans = hours.week.get(usize::from(weekday) - 1).map_or(&[][..], Vec::as_slice);
            let spans = spans
                .iter()
                .map(|span| OpeningSpan { opens: time(span.opens), closes: time(span.closes) })
                .collect();
            OpeningDay { weekday, spans }
        })
        .collect()
}

impl std::fmt::Debug for DemoLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DemoLogin(..)") // a password, even of a demo, prints nowhere (A14)
    }
}
