//! `/v1/knowledge/profile` and `/v1/knowledge/hours`: how a business is reached, and when it is open.

use actix_web::{HttpResponse, web};
use forecourt_core::{
    booking::{BookingSettings, BookingSettingsError},
    contact::Email,
    settings::{Brand, TenantSettings},
    text,
    webhook::target::{Loopback, Target},
};
use forecourt_ports::store::{
    Role,
    knowledge::{SettingsWrite, SettingsWritten, Subject},
};
use forecourt_wire::{BookingRules, Hours, Profile};
use serde::Serialize;

use super::{nowhere, tell, told_history};
use crate::{
    auth::Staff,
    extract::Json,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
};

const NAME: usize = 200;
const LINE: usize = 300;
const LINK: usize = 2_000;

/// The settings as they are stored now: another node may have changed them.
async fn stored(state: &State, staff: &Staff) -> Result<TenantSettings, Problem> {
    let found = state.store.load_tenant(staff.member.tenant).await?;
    Ok(found.ok_or_else(nowhere)?.settings)
}

/// Stores settings over those that were read, and answers the print of what stands now.
async fn write(
    state: &State,
    staff: &Staff,
    settings: TenantSettings,
    expected: String,
    part: Subject,
    body: &impl Serialize,
) -> Result<String, Problem> {
    let print = settings.print();
    let write = SettingsWrite {
        settings,
        expected,
        part,
        body: serde_json::to_value(body).unwrap_or_default(),
        by: Some(staff.member.member),
        now: state.clock.now(),
    };
    match state.store.write_settings(staff.member.tenant, &write).await? {
        SettingsWritten::Stored => {
            tell(state, staff).await?;
            Ok(print)
        }
        SettingsWritten::Conflict => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}

fn line(pointer: &str, text: Option<String>, most: usize) -> Result<Option<String>, Problem> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let line = text::line(&text, most);
    line.map(Some).map_err(|error| Problem::field(pointer, "value", error.to_string()))
}

/// An address that pages and letters may link to.
fn link(pointer: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = line(pointer, text, LINK)? else { return Ok(None) };
    Target::parse(&text, Loopback::Refused)
        .map(|_| Some(text))
        .map_err(|error| Problem::field(pointer, "value", error.to_string()))
}

fn brand(profile: Profile) -> Result<Brand, Problem> {
    let Profile { name, phone, email, address, website, logo_url, color, .. } = profile;
    let name = line("/name", Some(name), NAME)?;
    let email = line("/email", email, 254)?;
    if email.as_ref().is_some_and(|email| Email::parse(email).is_err()) {
        return Err(Problem::field("/email", "value", "must be a mail address"));
    }
    let is_color = color.len() == 7
        && color.starts_with('#')
        && color[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_color {
        return Err(Problem::field("/color", "value", "must be like #0b5fff"));
    }
    Ok(Brand {
        name: name.ok_or_else(|| Problem::field("/name", "required", "must not be empty"))?,
        phone: line("/phone", phone, 40)?,
        email,
        address: line("/address", address, LINE)?,
        website: link("/website", website)?,
        logo_url: link("/logo_url", logo_url)?,
        color: color.to_lowercase(),
    })
}

/// `GET /v1/knowledge/profile`.
pub(crate) async fn get(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let settings = stored(&gateway.0, &staff).await?;
    Ok(HttpResponse::Ok().json(Profile::of(&settings.brand, settings.print())))
}

/// `PUT /v1/knowledge/profile` — if it still is what was read.
pub(crate) async fn put(gateway: web::Data<Gateway>, staff: Staff, body: Json<Profile>) -> Answer {
    staff.require(Role::Manager)?;
    let (state, expected) = (&gateway.0, body.0.version.clone());
    let brand = brand(body.0)?;
    let settings = TenantSettings { brand: brand.clone(), ..stored(state, &staff).await? };
    let print = write(state, &staff, settings, expected, Subject::Profile, &brand).await?;
    Ok(HttpResponse::Ok().json(Profile::of(&brand, print)))
}

/// `GET /v1/knowledge/profile/history`.
pub(crate) async fn history(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    told_history(&gateway.0, &staff, Subject::Profile).await
}

/// `GET /v1/knowledge/hours`.
pub(crate) async fn hours(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let settings = stored(&gateway.0, &staff).await?;
    Ok(HttpResponse::Ok().json(Hours::of(&settings.hours, &settings.zone, settings.print())))
}

/// `PUT /v1/knowledge/hours` — if they still are what was read.
pub(crate) async fn put_hours(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<Hours>,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, expected) = (&gateway.0, body.0.version.clone());
    let mut hours = body.0.read().map_err(|pointer| {
        Problem::field(pointer, "value", "must be like 09:00, and a day like 2026-12-24")
    })?;
    // So that people find a day, and the last entry of one is the only one.
    hours.exceptions.sort_by_key(|day| day.date);
    if hours.exceptions.windows(2).any(|pair| pair[0].date == pair[1].date) {
        return Err(Problem::field("/exceptions", "value", "must name each day once"));
    }
    hours.check().map_err(|error| Problem::field("/week", "value", error.to_string()))?;
    let settings = TenantSettings { hours: hours.clone(), ..stored(state, &staff).await? };
    let zone = settings.zone.clone();
    let print = write(state, &staff, settings, expected, Subject::Hours, &hours).await?;
    Ok(HttpResponse::Ok().json(Hours::of(&hours, &zone, print)))
}

/// `GET /v1/knowledge/bookings` — when customers are reminded, and how long an offer holds.
pub(crate) async fn bookings(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let settings = stored(&gateway.0, &staff).await?;
    Ok(HttpResponse::Ok().json(BookingRules::of(&settings.bookings, settings.print())))
}

/// `PUT /v1/knowledge/bookings` — if they still are what was read. Letters that wait already stay due as they are.
pub(crate) async fn put_bookings(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<BookingRules>,
) -> Answer {
    staff.require(Role::Manager)?;
    let (state, rules) = (&gateway.0, body.0);
    let bookings = BookingSettings {
        first_reminder_minutes: rules.first_reminder_minutes,
        second_reminder_minutes: rules.second_reminder_minutes,
        offer_minutes: rules.offer_minutes,
    };
    bookings.check().map_err(|error| {
        let pointer = match error {
            BookingSettingsError::Reminder | BookingSettingsError::Order => {
                "/first_reminder_minutes"
            }
            BookingSettingsError::Offer => "/offer_minutes",
        };
        Problem::field(pointer, "value", error.to_string())
    })?;
    let settings = TenantSettings { bookings, ..stored(state, &staff).await? };
    let print = write(state, &staff, settings, rules.version, Subject::Bookings, &bookings).await?;
    Ok(HttpResponse::Ok().json(BookingRules::of(&bookings, print)))
}

/// `GET /v1/knowledge/hours/history`.
pub(crate) async fn hours_history(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    told_history(&gateway.0, &staff, Subject::Hours).await
}
