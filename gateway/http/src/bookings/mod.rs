//! Appointments over HTTP: for staff all of them, for a customer the one whose link they hold.
//!
//! # Invariants
//! - **A8** the tenant is the member's or the link's; another tenant's ids lead nowhere;
//! - an id is no right: a customer changes a booking only by the signed link of it;
//! - what belongs to another customer is never in an answer to one: reasons carry no ids.

pub(crate) mod codes;
pub(crate) mod customers;
pub(crate) mod resources;
pub(crate) mod staff;
pub(crate) mod waits;

use forecourt_actors::BookingError;
use forecourt_core::{
    booking::{CodeRefused, Customer, Refused, Why, free, words},
    contact::{Email, Phone},
    lang::Lang,
    settings::TenantSettings,
};
use forecourt_wire::{BookingCustomer, FieldError};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    leads,
    problem::{Code, Problem},
};

/// The tenant's zone. Settings that were stored have one that was known then.
pub(super) fn zone_of(settings: &TenantSettings) -> TimeZone {
    TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC)
}

/// The problem that a refusal is, told on the tenant's clock.
pub(super) fn problem(
    error: BookingError,
    settings: &TenantSettings,
    lang: Lang,
    now: Timestamp,
) -> Problem {
    match error {
        BookingError::NotFound => Problem::new(Code::NotFound),
        BookingError::TooMany => Problem::new(Code::TooManyBlocks),
        BookingError::Engine(error) => error.into(),
        BookingError::Refused(refused) => match refused {
            Refused::HoldIsOver => Problem::new(Code::HoldOver),
            Refused::AnotherOffer => Problem::new(Code::AnotherOffer),
            Refused::Over | Refused::Already => {
                Problem::new(Code::BookingOver).detail("the booking is over")
            }
            Refused::NotYet => {
                Problem::new(Code::BookingOver).detail("the booking has not begun yet")
            }
            Refused::TooLate => Problem::new(Code::BookingOver).detail("the booking has begun"),
            Refused::TooOften => {
                Problem::new(Code::BookingOver).detail("the booking was moved too often")
            }
        },
        BookingError::Code(refused) => {
            let code = match refused {
                CodeRefused::Wrong { left: 1.. } => Code::WrongProof,
                CodeRefused::Wrong { left: 0 } | CodeRefused::Over => Code::ProofOver,
                CodeRefused::TooMany => Code::TooMany,
            };
            Problem::new(code).detail(words::code_refused(refused, lang))
        }
        BookingError::NotFree(why) => not_free(&why, settings, lang, now),
    }
}

fn not_free(why: &[Why], settings: &TenantSettings, lang: Lang, now: Timestamp) -> Problem {
    let zone = zone_of(settings);
    let mut errors: Vec<FieldError> = Vec::new();
    for why in why {
        let error = FieldError {
            pointer: "/starts_at".into(),
            code: why.key().to_owned(),
            detail: why.sentence(lang, &zone, now),
        };
        // Ten people who are taken are one reason.
        if !errors.contains(&error) && errors.len() < 10 {
            errors.push(error);
        }
    }
    Problem::new(Code::NotFree).errors(errors)
}

/// A start: an instant, or a time on the tenant's wall clock.
pub(super) fn start(
    text: &str,
    settings: &TenantSettings,
    lang: Lang,
    now: Timestamp,
) -> Result<Timestamp, Problem> {
    let wrong = || {
        let detail =
            "must be an instant (2026-11-24T13:00:00Z) or a wall-clock time (2026-11-24T14:00)";
        Problem::field("/starts_at", "value", detail)
    };
    if text.len() > 64 {
        return Err(wrong());
    }
    let at = if let Ok(at) = text.parse::<Timestamp>() {
        at
    } else {
        let local: DateTime = text.parse().map_err(|_| wrong())?;
        free::on_the_clock(local, &zone_of(settings))
            .map_err(|why| not_free(&[why], settings, lang, now))?
    };
    if leads::is_plain(at) { Ok(at) } else { Err(wrong()) }
}

/// A text of a person: trimmed, at most `most` characters, no control characters but line breaks.
pub(super) fn text(
    pointer: &str,
    text: Option<String>,
    most: usize,
) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    let plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    if !plain || text.chars().count() > most {
        let detail = format!("must have at most {most} characters, and no control characters");
        return Err(Problem::field(pointer, "length", detail));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A customer, every field checked.
pub(super) fn customer(
    customer: BookingCustomer,
    settings: &TenantSettings,
) -> Result<Customer, Problem> {
    let BookingCustomer { name, email, phone, lang, zone, sms_consent } = customer;
    let wrong = |pointer: &str, detail: &str| Problem::field(pointer, "value", detail);
    let email = email.map(|email| {
        Email::parse(&email)
            .map(|email| email.as_str().to_owned())
            .map_err(|_| wrong("/customer/email", "must be a mail address"))
    });
    let phone = phone.map(|phone| {
        Phone::parse(&phone, &settings.country)
            .map(|phone| phone.as_str().to_owned())
            .map_err(|_| wrong("/customer/phone", "must be a phone number"))
    });
    let lang = lang.map(|tag| {
        Lang::parse(&tag).ok_or_else(|| wrong("/customer/lang", "must be one of nb, fr, en, ar"))
    });
    Ok(Customer {
        name: text("/customer/name", name, 200)?.map(|name| name.replace(['\n', '\r', '\t'], " ")),
        email: email.transpose()?,
        phone: phone.transpose()?,
        lang: lang.transpose()?,
        zone: zone.map(|zone| known_zone("/customer/zone", zone)).transpose()?,
        sms_consent,
    })
}

/// The name of a zone that is known, as it was given.
pub(super) fn known_zone(pointer: &str, zone: String) -> Result<String, Problem> {
    let known = zone.len() <= 64 && TimeZone::get(&zone).is_ok();
    let detail = "must be a time zone of the IANA database, such as Europe/Paris";
    if known { Ok(zone) } else { Err(Problem::field(pointer, "value", detail)) }
}
