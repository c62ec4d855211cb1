//! Cal.com API v2 with a tenant's own key.
//!
//! What is free there is what its slots say, which takes in every calendar that is connected to it; so busy is
//! the rest. A booking of ours is a booking there, marked in its metadata. The version of the API is a header
//! of its own for each endpoint, and a missing one would silently answer an older shape.
//!
//! # Invariants
//! - Cal.com knows no idempotency key: before a booking is made, one with our mark is looked for;
//! - moving makes a new booking there: a known one is followed to where it was moved;
//! - a webhook is believed only under its signature, and `no-secret-provided` is none.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    booking::Stretch,
    external::{MOST_BUSY, Provider},
    id::BookingId,
};
use forecourt_ports::calendar::{
    Account, Attendee, Busy, Calendar, CalendarError, Choice, Credentials, Entry, ExternalRef,
};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::{self, Http};

/// The version of bookings that the provider's own guide names.
pub const BOOKINGS: &str = "2024-08-13";
const SLOTS: &str = "2024-09-04";
const EVENT_TYPES: &str = "2024-06-14";
/// The metadata by which a booking of ours is known.
const MARK: &str = "forecourt";
/// A page of bookings, and how many are read.
const PAGE: usize = 100;
const MOST_PAGES: usize = 20;
/// How often a booking is followed to where it was moved.
const MOST_HOPS: usize = 60;
/// How far around a booking its twin is looked for: it may have been moved meanwhile.
const AROUND: SignedDuration = SignedDuration::from_hours(24 * 31);

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct CalCom {
    http: Http,
    url: String,
    bookings: String,
}

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: T,
    #[serde(default)]
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(default)]
    has_next_page: bool,
}

#[derive(Deserialize)]
struct Slot {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Booked {
    uid: String,
    status: String,
    start: Timestamp,
    end: Timestamp,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    #[serde(default)]
    rescheduled_to_uid: Option<String>,
}

impl Booked {
    fn is_there(&self) -> bool {
        matches!(self.status.as_str(), "accepted" | "pending" | "awaiting_host")
            && self.rescheduled_to_uid.is_none()
    }

    fn booking(&self) -> Option<BookingId> {
        self.metadata.get(MARK)?.as_str()?.parse().ok()
    }
}

#[derive(Deserialize)]
struct EventType {
    id: u64,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    #[serde(default)]
    time_zone: Option<String>,
}

impl CalCom {
    pub fn new(http: Http, url: &str, bookings: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { http, url, bookings: bookings.to_owned() }
    }

    fn request(
        &self,
        account: &Account,
        method: Method,
        (path, version): (&str, &str),
    ) -> Result<RequestBuilder, CalendarError> {
        let Credentials::Key { key, .. } = &account.credentials else {
            return Err(CalendarError::NotConfigured);
        };
        let request = self.http.client.request(method, format!("{}{path}", self.url));
        Ok(request.bearer_auth(key).header("cal-api-version", version))
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<Envelope<T>, CalendarError> {
        let answer = http::send(request).await?.good()?;
        let envelope: Envelope<T> = answer.json()?;
        if envelope.status == "success" { Ok(envelope) } else { Err(CalendarError::Protocol) }
    }

    /// Bookings of the host that touch `window`.
    async fn list(
        &self,
        account: &Account,
        window: Stretch,
        email: Option<&str>,
    ) -> Result<Vec<Booked>, CalendarError> {
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let mut query = vec![
                ("afterStart", window.from.to_string()),
                ("beforeEnd", window.until.to_string()),
                ("take", PAGE.to_string()),
                ("skip", (page * PAGE).to_string()),
            ];
            query.extend(email.map(|email| ("attendeeEmail", email.to_owned())));
            let at = ("/bookings", self.bookings.as_str());
            let request = self.request(account, Method::GET, at)?.query(&query);
            let found: Envelope<Vec<Booked>> = self.ask(request).await?;
            let more = found.pagination.is_some_and(|pages| pages.has_next_page);
            all.extend(found.data);
            if !more {
                break;
            }
        }
        Ok(all)
    }

    /// A booking as it is now, wherever it was moved to; `None` when it is over.
    async fn present(&self, account: &Account, uid: &str) -> Result<Option<Booked>, CalendarError> {
        let mut uid = uid.to_owned();
        for _ in 0..MOST_HOPS {
            let path = format!("/bookings/{}", escaped(&uid));
            let at = (path.as_str(), self.bookings.as_str());
            let found: Result<Envelope<Booked>, _> =
                self.ask(self.request(account, Method::GET, at)?).await;
            match found {
                Ok(Envelope { data: Booked { rescheduled_to_uid: Some(to), .. }, .. }) => uid = to,
                Ok(found) => return Ok(Some(found.data).filter(Booked::is_there)),
                Err(CalendarError::NotFound) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Err(CalendarError::Protocol)
    }

    /// The booking there that carries our mark, if one was made.
    async fn twin(
        &self,
        account: &Account,
        entry: &Entry,
    ) -> Result<Option<Booked>, CalendarError> {
        let around = Stretch {
            from: entry.at.from.saturating_sub(AROUND).unwrap_or(Timestamp::MIN),
            until: entry.at.until.saturating_add(AROUND).unwrap_or(Timestamp::MAX),
        };
        let email = entry.attendee.email.as_deref();
        let all = self.list(account, around, email).await?.into_iter();
        let mut ours = all.filter(|one| one.is_there() && one.booking() == Some(entry.booking));
        Ok(ours.next())
    }

    async fn create(&self, account: &Account, entry: &Entry) -> Result<Booked, CalendarError> {
        let event_type: u64 = account.calendar.parse().map_err(|_| CalendarError::NotFound)?;
        let body = json!({
            "start": entry.at.from.to_string(),
            "eventTypeId": event_type,
            "attendee": attendee(&entry.attendee, &entry.zone)?,
            "metadata": { MARK: entry.booking.to_string() },
        });
        self.post(account, "/bookings", &body).await
    }

    async fn post(
        &self,
        account: &Account,
        path: &str,
        body: &Value,
    ) -> Result<Booked, CalendarError> {
        let at = (path, self.bookings.as_str());
        let request = self.request(account, Method::POST, at)?.json(body);
        let answer = http::send(request).await?;
        if answer.status == 400 {
            return Err(taken(&answer.body));
        }
        let envelope: Envelope<Booked> = answer.good()?.json()?;
        Ok(envelope.data)
    }

    /// Free times of the chosen event type, as they are offered.
    pub async fn slots(
        &self,
        account: &Account,
        window: Stretch,
    ) -> Result<Vec<Stretch>, CalendarError> {
        let query = [
            ("eventTypeId", account.calendar.clone()),
            ("start", window.from.to_string()),
            ("end", window.until.to_string()),
            ("timeZone", "UTC".to_owned()),
            ("format", "range".to_owned()),
        ];
        let request = self.request(account, Method::GET, ("/slots", SLOTS))?.query(&query);
        let found: Envelope<BTreeMap<String, Vec<Slot>>> = self.ask(request).await?;
        let slots = found.data.into_values().flatten();
        let slots = slots.map(|slot| Stretch { from: slot.start, until: slot.end });
        let mut slots: Vec<Stretch> = slots.filter(|slot| slot.from < slot.until).collect();
        slots.sort_unstable();
        Ok(slots)
    }
}

#[async_trait]
impl Calendar for CalCom {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        let me = self.request(account, Method::GET, ("/me", EVENT_TYPES))?;
        let me: Envelope<Me> = self.ask(me).await?;
        let types = self.request(account, Method::GET, ("/event-types", EVENT_TYPES))?;
        let types: Envelope<Vec<EventType>> = self.ask(types).await?;
        let choice = |one: EventType| Choice {
            calendar: one.id.to_string(),
            name: http::shown(&one.title),
            zone: me.data.time_zone.clone(),
            writable: true,
        };
        Ok(types.data.into_iter().take(200).map(choice).collect())
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        let slots = self.slots(account, window).await?;
        let booked = self.list(account, window, None).await?;
        let ours = booked.iter().filter(|one| one.is_there() && one.booking().is_some());
        let ours = ours.map(|one| Stretch { from: one.start, until: one.end });
        let free: Vec<Stretch> = slots.into_iter().chain(ours).collect();
        let mut found = between(window, free);
        found.truncate(MOST_BUSY);
        Ok(found)
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        // Without anybody who comes nothing could be made, and nothing was.
        attendee(&entry.attendee, &entry.zone)?;
        let there = match known {
            Some(known) => self.present(account, &known.id).await?,
            None => None,
        };
        let there = match there {
            Some(there) => Some(there),
            None => self.twin(account, entry).await?,
        };
        let now = match there {
            Some(there) if there.start == entry.at.from => there,
            Some(there) => {
                let body = json!({ "start": entry.at.from.to_string() });
                let path = format!("/bookings/{}/reschedule", escaped(&there.uid));
                self.post(account, &path, &body).await?
            }
            None => self.create(account, entry).await?,
        };
        Ok(ExternalRef { id: now.uid, etag: None })
    }

    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError> {
        let there = match known {
            Some(known) => self.present(account, &known.id).await?,
            None => self.twin(account, entry).await?,
        };
        let Some(there) = there else { return Ok(()) };
        let path = format!("/bookings/{}/cancel", escaped(&there.uid));
        let body = json!({ "cancellationReason": "cancelled" });
        match self.post(account, &path, &body).await {
            Ok(_) => Ok(()),
            // It may have been cancelled between the two calls.
            Err(error) => match self.present(account, &there.uid).await? {
                None => Ok(()),
                Some(_) => Err(error),
            },
        }
    }

    async fn is_there(
        &self,
        account: &Account,
        known: &ExternalRef,
    ) -> Result<bool, CalendarError> {
        Ok(self.present(account, &known.id).await?.is_some())
    }

    fn is_signed(&self, _: Provider, secret: &str, signature: &str, body: &[u8]) -> bool {
        let Ok(signature) = hex::decode(signature.trim()) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(body);
        !secret.is_empty() && mac.verify_slice(&signature).is_ok()
    }

    fn cancelled(&self, _: Provider, body: &[u8]) -> Option<BookingId> {
        let told: Value = serde_json::from_slice(body).ok()?;
        if told.get("triggerEvent")?.as_str()? != "BOOKING_CANCELLED" {
            return None;
        }
        told.pointer(&format!("/payload/metadata/{MARK}"))?.as_str()?.parse().ok()
    }
}

/// A 400 says in words that a time is taken; everything else about it is our mistake.
fn taken(body: &[u8]) -> CalendarError {
    let text = String::from_utf8_lossy(body).to_lowercase();
    let says = |word: &str| text.contains(word);
    if says("not available") || says("already has booking") || says("no available") {
        CalendarError::Conflict
    } else {
        CalendarError::Protocol
    }
}

fn attendee(attendee: &Attendee, zone: &str) -> Result<Value, CalendarError> {
    if attendee.email.is_none() && attendee.phone.is_none() {
        return Err(CalendarError::Protocol);
    }
    let mut value = json!({
        "name": attendee.name,
        "timeZone": attendee.zone.as_deref().unwrap_or(zone),
    });
    if let Some(email) = &attendee.email {
        value["email"] = json!(email);
    }
    if let Some(phone) = &attendee.phone {
        value["phoneNumber"] = json!(phone);
    }
    if let Some(lang) = attendee.lang {
        // Cal.com knows Norwegian by its language alone.
        let code = lang.tag();
        value["language"] = json!(if code == "nb" { "no" } else { code });
    }
    Ok(value)
}

/// What of `window` is not in `free`.
fn between(window: Stretch, mut free: Vec<Stretch>) -> Vec<Busy> {
    free.sort_unstable();
    let end = Stretch { from: window.until, until: window.until };
    let (mut found, mut at) = (Vec::new(), window.from);
    for stretch in free.into_iter().chain([end]) {
        let until = stretch.from.min(window.until);
        if at < until {
            let uid = format!("closed-{}", at.as_second());
            found.push(Busy { from: at, until, uid, transparent: false, booking: None });
        }
        at = at.max(stretch.until);
    }
    found
}

/// A part of a path.
fn escaped(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).unwrap()
    }

    fn stretch((from, until): (i64, i64)) -> Stretch {
        Stretch { from: at(from), until: at(until) }
    }

    #[test]
    fn busy_is_what_nothing_is_free_in() {
        let busy = |free: &[(i64, i64)]| -> Vec<(i64, i64)> {
            let found = between(stretch((0, 24)), free.iter().copied().map(stretch).collect());
            found
                .iter()
                .map(|b| (b.from.as_second() / 3_600, b.until.as_second() / 3_600))
                .collect()
        };
        assert_eq!(busy(&[]), [(0, 24)]);
        assert_eq!(busy(&[(0, 24)]), []);
        assert_eq!(busy(&[(9, 10), (10, 11), (14, 16)]), [(0, 9), (11, 14), (16, 24)]);
        assert_eq!(busy(&[(14, 16), (8, 12), (9, 10)]), [(0, 8), (12, 14), (16, 24)]);
        assert_eq!(busy(&[(-4, 2), (22, 30)]), [(2, 22)]);
        assert_eq!(busy(&[(30, 40)]), [(0, 24)]);
    }
}
