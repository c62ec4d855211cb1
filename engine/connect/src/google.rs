//! Google Calendar v3.
//!
//! Entries carry an id of our own, which follows from the booking's: a repeated insert answers 409 and is the
//! same entry. An id stays taken when its entry was deleted; then the entry is brought back by an update.
//!
//! # Invariants
//! - repeating events are read as single ones (`singleEvents`), page by page, so that each has its id and ours are
//!   known among them;
//! - an update stands under the entry's ETag; where it is another one by now, it is read again: the booking is
//!   the truth;
//! - 403 is a refusal only where it does not speak of a rate.

use async_trait::async_trait;
use forecourt_core::{
    booking::Stretch,
    external::{MOST_BUSY, Provider},
    id::BookingId,
};
use forecourt_ports::calendar::{
    Account, Busy, Calendar, CalendarError, Choice, Consent, Credentials, Entry, ExternalRef,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use reqwest::{Method, RequestBuilder, header::IF_MATCH};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    http::{self, Answer, Http},
    oauth::{OAuth, OAuthClient},
};

const SCOPE: &str = "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const MOST_PAGES: usize = 20;
const MOST_WRITES: u32 = 4;
/// Before the digits of a booking's id; both are of the alphabet that Google takes.
const MARK: &str = "fc";

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Google {
    url: String,
    oauth: OAuth,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    #[serde(default, rename = "nextPageToken")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    time_zone: Option<String>,
    #[serde(default)]
    access_role: String,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    transparency: Option<String>,
    #[serde(default)]
    start: Option<When>,
    #[serde(default)]
    end: Option<When>,
    #[serde(default)]
    sequence: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    #[serde(default)]
    date_time: Option<String>,
    #[serde(default)]
    date: Option<Date>,
}

impl When {
    fn at(&self, zone: &TimeZone) -> Option<Timestamp> {
        match (&self.date_time, self.date) {
            (Some(text), _) => text.parse().ok(),
            (None, Some(date)) => Some(date.to_zoned(zone.clone()).ok()?.timestamp()),
            (None, None) => None,
        }
    }
}

fn id_of(booking: BookingId) -> String {
    format!("{MARK}{}", booking.as_uuid().as_simple())
}

fn booking_of(id: &str) -> Option<BookingId> {
    let digits = id.strip_prefix(MARK).filter(|digits| digits.len() == 32)?;
    Uuid::try_parse(digits).ok().map(BookingId::from_uuid)
}

impl Google {
    /// `url` is that of all of Google's APIs, `accounts` where a person consents, `token_url` where tokens are.
    pub fn new(
        http: Http,
        client: OAuthClient,
        (url, accounts, token_url): (&str, &str, &str),
    ) -> Self {
        let oauth = OAuth {
            http,
            client,
            authorize_url: accounts.to_owned(),
            token_url: token_url.to_owned(),
            scope: SCOPE,
            // Without both, only the first consent ever gives a refresh token.
            extra: &[("access_type", "offline"), ("prompt", "consent")],
        };
        Self { url: url.trim_end_matches('/').to_owned(), oauth }
    }

    fn request(
        &self,
        account: &Account,
        method: Method,
        path: &str,
    ) -> Result<RequestBuilder, CalendarError> {
        self.oauth.request(account, method, &format!("{}/calendar/v3{path}", self.url))
    }

    fn events(account: &Account) -> String {
        format!("/calendars/{}/events", http::escaped(&account.calendar))
    }

    async fn read(&self, account: &Account, id: &str) -> Result<Option<Event>, CalendarError> {
        let path = format!("{}/{}", Self::events(account), http::escaped(id));
        let answer = http::send(self.request(account, Method::GET, &path)?).await?;
        match answer.status {
            404 | 410 => Ok(None),
            _ => good(answer)?.json().map(Some),
        }
    }
}

#[async_trait]
impl Calendar for Google {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        let request = self.request(account, Method::GET, "/users/me/calendarList")?;
        let page: Page<Listed> = good(http::send(request).await?)?.json()?;
        let choice = |listed: Listed| Choice {
            writable: matches!(listed.access_role.as_str(), "owner" | "writer"),
            calendar: listed.id,
            name: http::shown(&listed.summary),
            zone: listed.time_zone,
        };
        Ok(page.items.into_iter().take(200).map(choice).collect())
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        let zone = TimeZone::get(&account.zone).unwrap_or(TimeZone::UTC);
        let (mut found, mut next) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let mut query = vec![
                ("timeMin", window.from.to_string()),
                ("timeMax", window.until.to_string()),
                ("singleEvents", "true".to_owned()),
                ("orderBy", "startTime".to_owned()),
                ("maxResults", "250".to_owned()),
            ];
            query.extend(next.take().map(|token| ("pageToken", token)));
            let request = self.request(account, Method::GET, &Self::events(account))?;
            let page: Page<Event> = good(http::send(request.query(&query)).await?)?.json()?;
            for event in page.items.into_iter().filter(|event| event.status != "cancelled") {
                let at = |when: &Option<When>| when.as_ref().and_then(|when| when.at(&zone));
                let (Some(from), Some(until)) = (at(&event.start), at(&event.end)) else {
                    continue;
                };
                let transparent = event.transparency.as_deref() == Some("transparent");
                let booking = booking_of(&event.id);
                if from < until {
                    found.push(Busy { from, until, uid: event.id, transparent, booking });
                }
            }
            next = page.next;
            if next.is_none() || found.len() >= MOST_BUSY {
                break;
            }
        }
        Ok(http::in_order(found))
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        _known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        let id = id_of(entry.booking);
        for _ in 0..MOST_WRITES {
            let there = self.read(account, &id).await?;
            let sequence = entry.sequence.max(there.as_ref().map_or(0, |event| event.sequence));
            let when =
                |at: Timestamp| json!({ "dateTime": at.to_string(), "timeZone": entry.zone });
            let body = json!({
                "id": id,
                "status": "confirmed",
                "summary": entry.summary,
                "description": entry.description,
                "start": when(entry.at.from),
                "end": when(entry.at.until),
                "sequence": sequence,
                "transparency": "opaque",
            });
            let request = match there {
                None => self.request(account, Method::POST, &Self::events(account))?,
                Some(event) => {
                    let path = format!("{}/{}", Self::events(account), http::escaped(&id));
                    let request = self.request(account, Method::PUT, &path)?;
                    match event.etag {
                        Some(etag) => request.header(IF_MATCH, etag),
                        None => request,
                    }
                }
            };
            // The customer has their own letters: nobody is told by Google.
            let answer = http::send(request.query(&[("sendUpdates", "none")]).json(&body)).await?;
            if !matches!(answer.status, 404 | 409 | 410 | 412) {
                let event: Event = good(answer)?.json()?;
                return Ok(ExternalRef { id: event.id, etag: event.etag });
            }
            if answer.status == 404 && self.read(account, &id).await?.is_none() {
                // It was not the entry that is missing.
                return Err(CalendarError::NotFound);
            }
        }
        Err(CalendarError::Conflict)
    }

    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        _known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError> {
        let path = format!("{}/{}", Self::events(account), http::escaped(&id_of(entry.booking)));
        let request = self.request(account, Method::DELETE, &path)?;
        let answer = http::send(request.query(&[("sendUpdates", "none")])).await?;
        match answer.status {
            404 | 410 => Ok(()),
            _ => good(answer).map(drop),
        }
    }

    async fn renew(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<Credentials>, CalendarError> {
        self.oauth.renew(&account.credentials, now).await
    }

    fn consent_url(&self, _provider: Provider, consent: &Consent<'_>) -> Option<String> {
        self.oauth.consent_url(consent)
    }

    async fn redeem(
        &self,
        _provider: Provider,
        code: &str,
        verifier: &str,
        redirect: &str,
        now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        self.oauth.redeem((code, verifier, redirect), now).await
    }

    async fn is_there(
        &self,
        account: &Account,
        known: &ExternalRef,
    ) -> Result<bool, CalendarError> {
        let found = self.read(account, &known.id).await?;
        Ok(found.is_some_and(|event| event.status != "cancelled"))
    }
}

fn good(answer: Answer) -> Result<Answer, CalendarError> {
    if answer.status == 403 {
        let told: Value = answer.json().unwrap_or_default();
        let reason = told.pointer("/error/errors/0/reason").and_then(Value::as_str);
        let limited = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"];
        if reason.is_some_and(|reason| limited.contains(&reason)) {
            return Err(CalendarError::RateLimited { retry_after: None });
        }
    }
    answer.good()
}
