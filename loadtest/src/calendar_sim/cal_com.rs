//! Cal.com's API v2 with one host and one event type: half hours from 08:00 to 18:00 UTC.
//!
//! The version header decides the shape, as it does there: without it an older one is answered. Moving makes a
//! new booking; a time that is taken is refused by words in a 400; a key has 120 calls in 60 seconds.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value, json};

use super::session::{Reply, Request};
use super::{Held, MAX_ENTRIES};

const EVENT_TYPE: u64 = 7;
const LENGTH: SignedDuration = SignedDuration::from_mins(30);
const RATE: usize = 120;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Default)]
pub(super) struct State {
    bookings: Vec<Booking>,
    made: u64,
    calls: VecDeque<Timestamp>,
}

#[derive(Clone)]
struct Booking {
    uid: String,
    cancelled: bool,
    start: Timestamp,
    end: Timestamp,
    metadata: Value,
    email: Option<String>,
    moves: u32,
    to: Option<String>,
}

impl Booking {
    fn is_there(&self) -> bool {
        !self.cancelled && self.to.is_none()
    }

    fn shown(&self) -> Value {
        let mut shown = json!({
            "uid": self.uid,
            "status": if self.is_there() { "accepted" } else { "cancelled" },
            "start": self.start.to_string(),
            "end": self.end.to_string(),
            "eventTypeId": EVENT_TYPE,
            "metadata": self.metadata,
        });
        if let Some(to) = &self.to {
            shown["rescheduledToUid"] = json!(to);
        }
        shown
    }
}

fn success(status: u16, data: &Value) -> Reply {
    Reply::json(status, &json!({ "status": "success", "data": data }))
}

fn failure(status: u16, code: &str, message: &str) -> Reply {
    let error = json!({ "code": code, "message": message, "details": {} });
    Reply::json(status, &json!({ "status": "error", "error": error }))
}

impl State {
    pub(super) fn occupy(&mut self, id: &str, from: Timestamp, until: Timestamp) {
        self.bookings.retain(|booking| booking.uid != id);
        self.bookings.push(Booking {
            uid: id.to_owned(),
            cancelled: false,
            start: from,
            end: until,
            metadata: json!({}),
            email: None,
            moves: 0,
            to: None,
        });
    }

    pub(super) fn vacate(&mut self, id: &str) {
        for booking in self.bookings.iter_mut().filter(|booking| booking.uid == id) {
            booking.cancelled = true;
        }
    }

    pub(super) fn held(&self) -> Vec<Held> {
        let there = self.bookings.iter().filter(|booking| booking.is_there());
        let held = there.map(|booking| Held {
            id: booking.uid.clone(),
            from: booking.start,
            until: booking.end,
            mark: booking.metadata.get("forecourt").and_then(Value::as_str).map(str::to_owned),
            sequence: booking.moves,
        });
        held.collect()
    }

    pub(super) fn answer(&mut self, path: &str, request: &Request, now: Timestamp) -> Reply {
        let bearer = request.header("authorization").unwrap_or_default();
        if !bearer.starts_with("Bearer cal_") {
            return failure(401, "UnauthorizedException", "Invalid API key");
        }
        while self.calls.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
            self.calls.pop_front();
        }
        if self.calls.len() >= RATE {
            return failure(429, "TooManyRequestsException", "slow down").with("retry-after", "1");
        }
        self.calls.push_back(now);
        let left = RATE - self.calls.len();
        self.route(path, request).with("x-ratelimit-remaining-default", left.to_string())
    }

    fn route(&mut self, path: &str, request: &Request) -> Reply {
        let version = request.header("cal-api-version").unwrap_or_default();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["me"]) => {
                success(200, &json!({ "id": 5, "username": "nordlys", "timeZone": "Europe/Oslo" }))
            }
            ("GET", ["event-types"]) if version == "2024-06-14" => {
                let one = json!({ "id": EVENT_TYPE, "title": "Test drive", "lengthInMinutes": 30 });
                success(200, &json!([one]))
            }
            ("GET", ["event-types"]) => success(200, &json!({ "eventTypeGroups": [] })),
            ("GET", ["slots"]) if version == "2024-09-04" => self.slots(request),
            ("GET", ["slots"]) => success(200, &json!({ "slots": {} })),
            (_, ["bookings", ..]) if version != "2024-08-13" => {
                success(200, &json!({ "bookings": [] }))
            }
            ("GET", ["bookings"]) => self.list(request),
            ("GET", ["bookings", uid]) => match self.find(uid) {
                Some(booking) => success(200, &booking.shown()),
                None => failure(404, "NotFoundException", "Booking not found"),
            },
            ("POST", ["bookings"]) => self.create(&request.json()),
            ("POST", ["bookings", uid, "reschedule"]) => self.reschedule(uid, &request.json()),
            ("POST", ["bookings", uid, "cancel"]) => self.cancel(uid),
            _ => failure(404, "NotFoundException", "no such endpoint"),
        }
    }

    fn find(&mut self, uid: &str) -> Option<&mut Booking> {
        self.bookings.iter_mut().find(|booking| booking.uid == uid)
    }

    fn is_free(&self, from: Timestamp, until: Timestamp, but: Option<&str>) -> bool {
        let there = self.bookings.iter().filter(|booking| booking.is_there());
        let mut others = there.filter(|booking| Some(booking.uid.as_str()) != but);
        !others.any(|booking| booking.start < until && from < booking.end)
    }

    fn slots(&self, request: &Request) -> Reply {
        let bound = |name: &str| request.query(name).and_then(|at| at.parse::<Timestamp>().ok());
        let of_type = request.query("eventTypeId").and_then(|id| id.parse().ok());
        let (Some(from), Some(until), Some(EVENT_TYPE)) = (bound("start"), bound("end"), of_type)
        else {
            return failure(400, "BadRequestException", "start, end and eventTypeId are needed");
        };
        let mut days = serde_json::Map::new();
        let mut day = TimeZone::UTC.to_datetime(from).date();
        let last = TimeZone::UTC.to_datetime(until).date();
        while day <= last {
            let mut slots = Vec::new();
            for half in 16..36_i8 {
                let at = day.at(half / 2, half % 2 * 30, 0, 0);
                let Ok(start) = TimeZone::UTC.to_timestamp(at) else { continue };
                let Ok(end) = start.checked_add(LENGTH) else { continue };
                if start >= from && end <= until && self.is_free(start, end, None) {
                    slots.push(json!({ "start": start.to_string(), "end": end.to_string() }));
                }
            }
            // Days without slots are absent.
            if !slots.is_empty() {
                days.insert(day.to_string(), Value::Array(slots));
            }
            let Ok(next) = day.checked_add(1.day()) else { break };
            day = next;
        }
        success(200, &Value::Object(days))
    }

    fn list(&self, request: &Request) -> Reply {
        let bound = |name: &str| request.query(name).and_then(|at| at.parse::<Timestamp>().ok());
        let number = |name: &str| request.query(name).and_then(|n| n.parse::<usize>().ok());
        let (after, before) = (bound("afterStart"), bound("beforeEnd"));
        let email = request.query("attendeeEmail");
        let all = self.bookings.iter().filter(|booking| {
            after.is_none_or(|after| booking.start >= after)
                && before.is_none_or(|before| booking.end <= before)
                && email.is_none_or(|email| booking.email.as_deref() == Some(email))
        });
        let all: Vec<Value> = all.map(Booking::shown).collect();
        let (skip, take) = (number("skip").unwrap_or(0), number("take").unwrap_or(100).min(250));
        let page: Vec<&Value> = all.iter().skip(skip).take(take).collect();
        let more = all.len() > skip + page.len();
        let pagination = json!({ "totalItems": all.len(), "hasNextPage": more });
        let body = json!({ "status": "success", "data": page, "pagination": pagination });
        Reply::json(200, &body)
    }

    fn create(&mut self, wish: &Value) -> Reply {
        let start = wish["start"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let email = wish["attendee"]["email"].as_str();
        let phone = wish["attendee"]["phoneNumber"].as_str();
        let named =
            wish["attendee"]["name"].is_string() && wish["attendee"]["timeZone"].is_string();
        let (Some(start), true, true, EVENT_TYPE) =
            (start, named, email.or(phone).is_some(), wish["eventTypeId"].as_u64().unwrap_or(0))
        else {
            return failure(
                400,
                "BadRequestException",
                "start, attendee and eventTypeId are needed",
            );
        };
        let Ok(end) = start.checked_add(LENGTH) else { return failure(400, "BadRequest", "start") };
        if !self.is_free(start, end, None) || self.bookings.len() >= MAX_ENTRIES {
            return taken();
        }
        let email = email.map(str::to_owned);
        let metadata = wish.get("metadata").cloned().unwrap_or_else(|| json!({}));
        let booking = self.add(start, end, metadata, (email, 0));
        success(201, &booking.shown())
    }

    fn add(
        &mut self,
        start: Timestamp,
        end: Timestamp,
        metadata: Value,
        (email, moves): (Option<String>, u32),
    ) -> Booking {
        self.made += 1;
        let uid = format!("uid{}", self.made);
        let booking =
            Booking { uid, cancelled: false, start, end, metadata, email, moves, to: None };
        self.bookings.push(booking.clone());
        booking
    }

    fn reschedule(&mut self, uid: &str, wish: &Value) -> Reply {
        let start = wish["start"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let Some(old) = self.find(uid).map(|booking| booking.clone()) else {
            return failure(404, "NotFoundException", "Booking not found");
        };
        let Some(start) = start.filter(|_| old.is_there()) else {
            return failure(400, "BadRequestException", "it cannot be rescheduled");
        };
        let Ok(end) = start.checked_add(LENGTH) else { return failure(400, "BadRequest", "start") };
        if !self.is_free(start, end, Some(uid)) {
            return taken();
        }
        let new = self.add(start, end, old.metadata, (old.email, old.moves + 1));
        if let Some(old) = self.find(uid) {
            old.to = Some(new.uid.clone());
        }
        success(201, &new.shown())
    }

    fn cancel(&mut self, uid: &str) -> Reply {
        match self.find(uid) {
            None => failure(404, "NotFoundException", "Booking not found"),
            Some(booking) if !booking.is_there() => {
                failure(400, "BadRequestException", "the booking is already cancelled")
            }
            Some(booking) => {
                booking.cancelled = true;
                success(200, &booking.shown())
            }
        }
    }
}

fn taken() -> Reply {
    let message = "User either already has booking at this time or is not available";
    failure(400, "BadRequestException", message)
}
