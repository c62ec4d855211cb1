//! Google Calendar v3 with one calendar, `primary`: ids of the client's own that stay taken, ETags, pages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::session::{Reply, Request};
use super::tokens::Tokens;
use super::{Held, MAX_ENTRIES};

/// So few to a page that clients must follow.
const PAGE: usize = 2;
const CALENDAR: &str = "/calendar/v3/calendars/primary/events";

pub(super) struct State {
    pub(super) tokens: Tokens,
    events: BTreeMap<String, Event>,
    writes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { tokens: Tokens::new(false), events: BTreeMap::new(), writes: 0 }
    }
}

struct Event {
    body: Value,
    from: Timestamp,
    until: Timestamp,
    cancelled: bool,
    etag: u64,
}

impl Event {
    fn shown(&self, id: &str) -> Value {
        let mut shown = self.body.clone();
        shown["id"] = json!(id);
        shown["etag"] = json!(format!("\"{}\"", self.etag));
        shown["status"] = json!(if self.cancelled { "cancelled" } else { "confirmed" });
        shown
    }
}

fn error(status: u16, reason: &str) -> Reply {
    let one = json!({ "domain": "global", "reason": reason, "message": reason });
    let error = json!({ "code": status, "message": reason, "errors": [one] });
    Reply::json(status, &json!({ "error": error }))
}

fn time(body: &Value, end: &str) -> Option<Timestamp> {
    body[end]["dateTime"].as_str()?.parse().ok()
}

/// The client's marks are their own: here it is only read back.
fn mark(id: &str) -> Option<String> {
    let digits = id.strip_prefix("fc").filter(|digits| digits.len() == 32)?;
    Some(format!("bkg_{digits}"))
}

impl State {
    pub(super) fn occupy(&mut self, id: &str, from: Timestamp, until: Timestamp) {
        let when = |at: Timestamp| json!({ "dateTime": at.to_string(), "timeZone": "UTC" });
        let body = json!({ "summary": "Dentist", "start": when(from), "end": when(until) });
        self.store(id, body, (from, until));
    }

    pub(super) fn vacate(&mut self, id: &str) {
        if let Some(event) = self.events.get_mut(id) {
            event.cancelled = true;
        }
    }

    pub(super) fn held(&self) -> Vec<Held> {
        let there = self.events.iter().filter(|(_, event)| !event.cancelled);
        let held = there.map(|(id, event)| Held {
            id: id.clone(),
            from: event.from,
            until: event.until,
            mark: mark(id),
            sequence: event.body["sequence"].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(0),
        });
        held.collect()
    }

    fn store(&mut self, id: &str, body: Value, (from, until): (Timestamp, Timestamp)) -> Value {
        self.writes += 1;
        let event = Event { body, from, until, cancelled: false, etag: self.writes };
        let shown = event.shown(id);
        self.events.insert(id.to_owned(), event);
        shown
    }

    pub(super) fn answer(&mut self, path: &str, request: &Request) -> Reply {
        let method = request.method.as_str();
        if (method, path) == ("POST", "/token") {
            return self.tokens.answer(request);
        }
        if !self.tokens.opens(request) {
            return error(401, "authError");
        }
        if (method, path) == ("GET", "/calendar/v3/users/me/calendarList") {
            let one = json!({ "id": "primary", "summary": "Nordlys Bil", "accessRole": "owner", "timeZone": "Europe/Oslo" });
            let other = json!({ "id": "holidays", "summary": "Holidays", "accessRole": "reader" });
            return Reply::json(200, &json!({ "items": [one, other] }));
        }
        let Some(rest) = path.strip_prefix(CALENDAR) else { return error(404, "notFound") };
        match (method, rest.strip_prefix('/')) {
            ("GET", None) => self.list(request),
            ("POST", None) => self.insert(&request.json()),
            ("GET", Some(id)) => match self.events.get(id) {
                Some(event) => Reply::json(200, &event.shown(id)),
                None => error(404, "notFound"),
            },
            ("PUT", Some(id)) => self.update(id, request),
            ("DELETE", Some(id)) => match self.events.get_mut(id) {
                None => error(404, "notFound"),
                Some(event) if event.cancelled => error(410, "deleted"),
                Some(event) => {
                    event.cancelled = true;
                    Reply::text(204, "")
                }
            },
            _ => error(405, "notAllowed"),
        }
    }

    fn list(&self, request: &Request) -> Reply {
        let bound = |name: &str| request.query(name).and_then(|at| at.parse::<Timestamp>().ok());
        let (Some(from), Some(until), Some("true")) =
            (bound("timeMin"), bound("timeMax"), request.query("singleEvents"))
        else {
            return error(400, "required");
        };
        let inside = self
            .events
            .iter()
            .filter(|(_, event)| !event.cancelled && event.from < until && from < event.until);
        let mut inside: Vec<_> = inside.collect();
        inside.sort_unstable_by_key(|(_, event)| event.from);
        let skip = request.query("pageToken").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        let page = inside.iter().skip(skip).take(PAGE).map(|(id, event)| event.shown(id));
        let mut body = json!({ "items": page.collect::<Vec<_>>() });
        if inside.len() > skip + PAGE {
            body["nextPageToken"] = json!((skip + PAGE).to_string());
        }
        Reply::json(200, &body)
    }

    fn insert(&mut self, body: &Value) -> Reply {
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        let known = |c: char| c.is_ascii_digit() || ('a'..='v').contains(&c);
        let (Some(from), Some(until)) = (time(body, "start"), time(body, "end")) else {
            return error(400, "required");
        };
        if !(5..=1024).contains(&id.len()) || !id.chars().all(known) || from >= until {
            return error(400, "invalid");
        }
        if self.events.contains_key(&id) || self.events.len() >= MAX_ENTRIES {
            return error(409, "duplicate");
        }
        Reply::json(200, &self.store(&id, body.clone(), (from, until)))
    }

    fn update(&mut self, id: &str, request: &Request) -> Reply {
        let body = request.json();
        let Some(there) = self.events.get(id) else { return error(404, "notFound") };
        if request.header("if-match").is_some_and(|etag| etag != format!("\"{}\"", there.etag)) {
            return error(412, "conditionNotMet");
        }
        let (Some(from), Some(until)) = (time(&body, "start"), time(&body, "end")) else {
            return error(400, "required");
        };
        Reply::json(200, &self.store(id, body, (from, until)))
    }
}
