//! Microsoft Graph with one calendar: transactions that are made once, pages, and refresh tokens that rotate.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

use super::session::{Reply, Request};
use super::tokens::Tokens;
use super::{Held, MAX_ENTRIES};

/// So few to a page that clients must follow.
const PAGE: usize = 2;

pub(super) struct State {
    pub(super) tokens: Tokens,
    events: Vec<Event>,
    made: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { tokens: Tokens::new(true), events: Vec::new(), made: 0 }
    }
}

struct Event {
    id: String,
    from: Timestamp,
    until: Timestamp,
    transaction: Option<String>,
    changes: u32,
}

impl Event {
    /// In the zone that was asked for, or in the mailbox's own.
    fn shown(&self, request: &Request) -> Value {
        let utc = request.header("prefer").is_some_and(|p| p.contains("outlook.timezone=\"UTC\""));
        let zone = if utc { "UTC" } else { "W. Europe Standard Time" };
        let when = |at: Timestamp| {
            let at = TimeZone::UTC.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.0000000");
            json!({ "dateTime": at.to_string(), "timeZone": zone })
        };
        json!({
            "id": self.id, "start": when(self.from), "end": when(self.until), "showAs": "busy",
            "isCancelled": false, "transactionId": self.transaction,
        })
    }
}

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "code": code, "message": code } }))
}

fn time(body: &Value, end: &str) -> Option<Timestamp> {
    let when = &body[end];
    let zone = TimeZone::get(when["timeZone"].as_str()?).ok()?;
    let at: DateTime = when["dateTime"].as_str()?.parse().ok()?;
    Some(zone.to_zoned(at).ok()?.timestamp())
}

impl State {
    pub(super) fn occupy(&mut self, id: &str, from: Timestamp, until: Timestamp) {
        self.vacate(id);
        let (id, transaction) = (id.to_owned(), None);
        self.events.push(Event { id, from, until, transaction, changes: 0 });
    }

    pub(super) fn vacate(&mut self, id: &str) {
        self.events.retain(|event| event.id != id);
    }

    pub(super) fn held(&self) -> Vec<Held> {
        let held = self.events.iter().map(|event| Held {
            id: event.id.clone(),
            from: event.from,
            until: event.until,
            mark: event.transaction.as_deref().and_then(|t| t.split('-').next()).map(str::to_owned),
            sequence: event.changes,
        });
        held.collect()
    }

    pub(super) fn answer(&mut self, path: &str, request: &Request) -> Reply {
        let method = request.method.as_str();
        if (method, path) == ("POST", "/oauth2/v2.0/token") {
            return self.tokens.answer(request);
        }
        if !self.tokens.opens(request) {
            return error(401, "InvalidAuthenticationToken");
        }
        let path = path.strip_prefix("/v1.0/me/").unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["calendars"]) => {
                let one = json!({ "id": "work1", "name": "Calendar", "canEdit": true });
                Reply::json(200, &json!({ "value": [one] }))
            }
            ("GET", ["calendars", "work1", "calendarView"]) => self.view(request),
            ("POST", ["calendars", "work1", "events"]) => self.create(request),
            ("GET", ["events", id]) => match self.events.iter().find(|event| event.id == *id) {
                Some(event) => Reply::json(200, &event.shown(request)),
                None => error(404, "ErrorItemNotFound"),
            },
            ("PATCH", ["events", id]) => self.update(id, request),
            ("DELETE", ["events", id]) => {
                let before = self.events.len();
                self.vacate(id);
                if self.events.len() < before {
                    Reply::text(204, "")
                } else {
                    error(404, "ErrorItemNotFound")
                }
            }
            _ => error(404, "ResourceNotFound"),
        }
    }

    fn view(&self, request: &Request) -> Reply {
        let bound = |name: &str| request.query(name).and_then(|at| at.parse::<Timestamp>().ok());
        let (Some(from), Some(until)) = (bound("startDateTime"), bound("endDateTime")) else {
            return error(400, "ErrorInvalidParameter");
        };
        let inside = self.events.iter().filter(|event| event.from < until && from < event.until);
        let inside: Vec<&Event> = inside.collect();
        let skip = request.query("$skip").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        let page = inside.iter().skip(skip).take(PAGE).map(|event| event.shown(request));
        let mut body = json!({ "value": page.collect::<Vec<_>>() });
        if inside.len() > skip + PAGE {
            let next = format!(
                "http://{}{}?startDateTime={from}&endDateTime={until}&$skip={}",
                request.header("host").unwrap_or_default(),
                request.path,
                skip + PAGE
            );
            body["@odata.nextLink"] = json!(next);
        }
        Reply::json(200, &body)
    }

    fn create(&mut self, request: &Request) -> Reply {
        let body = request.json();
        let (Some(from), Some(until)) = (time(&body, "start"), time(&body, "end")) else {
            return error(400, "ErrorInvalidParameter");
        };
        let transaction = body["transactionId"].as_str().map(str::to_owned);
        let known =
            self.events.iter().find(|e| transaction.is_some() && e.transaction == transaction);
        if let Some(known) = known {
            return Reply::json(201, &known.shown(request));
        }
        if self.events.len() >= MAX_ENTRIES {
            return error(507, "ErrorQuotaExceeded");
        }
        self.made += 1;
        let event =
            Event { id: format!("AAMk{}", self.made), from, until, transaction, changes: 0 };
        let shown = event.shown(request);
        self.events.push(event);
        Reply::json(201, &shown)
    }

    fn update(&mut self, id: &str, request: &Request) -> Reply {
        let body = request.json();
        let (Some(from), Some(until)) = (time(&body, "start"), time(&body, "end")) else {
            return error(400, "ErrorInvalidParameter");
        };
        let Some(event) = self.events.iter_mut().find(|event| event.id == id) else {
            return error(404, "ErrorItemNotFound");
        };
        (event.from, event.until, event.changes) = (from, until, event.changes + 1);
        Reply::json(200, &event.shown(request))
    }
}
