//! The tools that tell of the business: who it is, when it is open, what can be booked.

use forecourt_core::{
    calendar,
    hours::{Doors, Span},
    knowledge::Service,
    tools::{
        Used,
        results::{ServiceRow, Services},
    },
};
use jiff::{ToSpan, civil::Weekday};
use serde_json::{Value, json};

use super::{Found, Tools};

/// Days ahead whose own hours are told.
const DAYS_AHEAD: i64 = 14;
/// Services that are told.
const MOST_SERVICES: usize = 50;

impl Tools {
    pub(super) fn business_info(&self) -> Found {
        let (lang, brand, hours) = (self.facts.lang, &self.settings.brand, &self.settings.hours);
        let now = self.now();
        let today = self.zone.to_datetime(now).date();
        let week: Vec<Value> = Weekday::Monday
            .cycle_forward()
            .take(7)
            .map(|day| json!({ "day": calendar::weekday(lang, day), "hours": spans(hours.on_weekday(day)) }))
            .collect();
        let ahead = (0..DAYS_AHEAD).filter_map(|day| today.checked_add(day.days()).ok());
        let exceptions: Vec<Value> = ahead
            .filter_map(|date| hours.exception(date).map(|exception| (date, exception)))
            .map(|(date, exception)| json!({ "date": date, "hours": spans(&exception.spans) }))
            .collect();
        let open = matches!(hours.doors(&self.zone, now), Doors::Open { .. });
        Found::of(&json!({
            "name": brand.name,
            "address": brand.address,
            "phone": brand.phone,
            "email": brand.email,
            "website": brand.website,
            "time_zone": self.settings.zone,
            "now": self.zone.to_datetime(now).strftime("%Y-%m-%d %H:%M").to_string(),
            "open_now": open,
            "week": week,
            "other_hours": exceptions,
        }))
    }

    pub(super) fn services(&self) -> Found {
        let lang = self.facts.lang;
        let listed = || self.knowledge.services.iter().take(MOST_SERVICES);
        let row = |service: &Service| ServiceRow {
            service_id: service.id,
            name: service.name.get(lang).to_owned(),
            minutes: service.minutes,
            price: service.price.map(|price| price.display(lang).to_string()),
        };
        let services = Services { services: listed().map(row).collect() };
        let used = listed().map(|service| Used::Service(service.id)).collect();
        Found { used, ..Found::of(&services) }
    }
}

/// `["09:00–16:00"]`; empty when closed.
fn spans(spans: &[Span]) -> Vec<String> {
    let clock =
        |span: &Span| format!("{}–{}", span.opens.strftime("%H:%M"), span.closes.strftime("%H:%M"));
    spans.iter().map(clock).collect()
}
