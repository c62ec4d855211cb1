//! Microsoft Graph: Outlook calendars, of work and of persons.
//!
//! Free and busy is read from `calendarView`, which also personal accounts have, and whose repeating events come
//! one by one. An entry carries the booking as `transactionId`: a repeated creation is the same entry, and ours are
//! known by it.
//!
//! # Invariants
//! - each refresh answers another refresh token, and ends the old one: see [`crate::oauth`];
//! - times are asked for and read in UTC, whatever the mailbox is set to;
//! - a page of a list leads on only within Graph itself.

use async_trait::async_trait;
use forecourt_core::{booking::Stretch, external::Provider, id::BookingId};
use forecourt_ports::calendar::{
    Account, Busy, Calendar, CalendarError, Choice, Consent, Credentials, Entry, ExternalRef,
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{self, Http},
    oauth::{OAuth, OAuthClient},
};

const SCOPE: &str = "offline_access Calendars.ReadWrite";
const MOST_PAGES: usize = 40;
/// How far around a booking its entry is looked for: it may have been moved meanwhile.
const AROUND: SignedDuration = SignedDuration::from_hours(24 * 31);

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Microsoft {
    url: String,
    oauth: OAuth,
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    can_edit: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    id: String,
    start: When,
    end: When,
    #[serde(default)]
    show_as: Option<String>,
    #[serde(default)]
    is_cancelled: bool,
    #[serde(default)]
    transaction_id: Option<String>,
}

impl Event {
    fn booking(&self) -> Option<BookingId> {
        self.transaction_id.as_deref()?.split('-').next()?.parse().ok()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    date_time: String,
    time_zone: String,
}

impl When {
    fn at(&self) -> Option<Timestamp> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let at: DateTime = self.date_time.parse().ok()?;
        Some(zone.to_zoned(at).ok()?.timestamp())
    }
}

impl Microsoft {
    /// `url` with its version; `authority` is that of the directory, such as `…/common`.
    pub fn new(http: Http, client: OAuthClient, (url, authority): (&str, &str)) -> Self {
        let authority = authority.trim_end_matches('/');
        let oauth = OAuth {
            http,
            client,
            authorize_url: format!("{authority}/oauth2/v2.0/authorize"),
            token_url: format!("{authority}/oauth2/v2.0/token"),
            scope: SCOPE,
            extra: &[("response_mode", "query"), ("prompt", "select_account")],
        };
        Self { url: url.trim_end_matches('/').to_owned(), oauth }
    }

    fn request(
        &self,
        account: &Account,
        method: Method,
        path: &str,
    ) -> Result<RequestBuilder, CalendarError> {
        let request = self.oauth.request(account, method, &format!("{}{path}", self.url))?;
        // Ids may not change when an entry is moved to another folder.
        let prefer = r#"outlook.timezone="UTC", IdType="ImmutableId""#;
        Ok(request.header("prefer", prefer))
    }

    /// The entries of a calendar that touch `window`.
    async fn view(&self, account: &Account, window: Stretch) -> Result<Vec<Event>, CalendarError> {
        let path = format!("/me/calendars/{}/calendarView", http::escaped(&account.calendar));
        let query = [
            ("startDateTime", window.from.to_string()),
            ("endDateTime", window.until.to_string()),
            ("$select", "id,start,end,showAs,isCancelled,transactionId".to_owned()),
            ("$top", "200".to_owned()),
        ];
        let mut request = self.request(account, Method::GET, &path)?.query(&query);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page<Event> = http::send(request).await?.good()?.json()?;
            all.extend(page.value.into_iter().filter(|event| !event.is_cancelled));
            let Some(next) = page.next else { break };
            // The token goes nowhere else.
            let rest = next.strip_prefix(&self.url).ok_or(CalendarError::Protocol)?;
            request = self.request(account, Method::GET, rest)?;
        }
        Ok(all)
    }

    async fn twin(
        &self,
        account: &Account,
        entry: &Entry,
    ) -> Result<Option<String>, CalendarError> {
        let around = Stretch {
            from: entry.at.from.saturating_sub(AROUND).unwrap_or(Timestamp::MIN),
            until: entry.at.until.saturating_add(AROUND).unwrap_or(Timestamp::MAX),
        };
        let all = self.view(account, around).await?.into_iter();
        let mut ours = all.filter(|event| event.booking() == Some(entry.booking));
        Ok(ours.next().map(|event| event.id))
    }
}

#[async_trait]
impl Calendar for Microsoft {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        let request = self.request(account, Method::GET, "/me/calendars?$top=100")?;
        let page: Page<Listed> = http::send(request).await?.good()?.json()?;
        let choice = |listed: Listed| Choice {
            calendar: listed.id,
            name: http::shown(&listed.name),
            zone: None,
            writable: listed.can_edit,
        };
        Ok(page.value.into_iter().map(choice).collect())
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        let mut found = Vec::new();
        for event in self.view(account, window).await? {
            let (Some(from), Some(until)) = (event.start.at(), event.end.at()) else { continue };
            let free = ["free", "workingElsewhere"];
            let transparent = event.show_as.as_deref().is_some_and(|shown| free.contains(&shown));
            let booking = event.booking();
            if from < until {
                found.push(Busy { from, until, uid: event.id, transparent, booking });
            }
        }
        Ok(http::in_order(found))
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        let when = |at: Timestamp| {
            let at = TimeZone::UTC.to_datetime(at);
            json!({ "dateTime": at.to_string(), "timeZone": "UTC" })
        };
        let mut body = json!({
            "subject": entry.summary,
            "body": { "contentType": "text", "content": entry.description },
            "start": when(entry.at.from),
            "end": when(entry.at.until),
            "showAs": "busy",
        });
        let there = match known {
            Some(known) => Some(known.id.clone()),
            None => self.twin(account, entry).await?,
        };
        if let Some(id) = there {
            let path = format!("/me/events/{}", http::escaped(&id));
            let request = self.request(account, Method::PATCH, &path)?.json(&body);
            match http::send(request).await?.good() {
                Ok(_) => return Ok(ExternalRef { id, etag: None }),
                // Somebody has taken it out: it is made anew, under another transaction.
                Err(CalendarError::NotFound) => {}
                Err(error) => return Err(error),
            }
            if let Some(id) = self.twin(account, entry).await? {
                return Ok(ExternalRef { id, etag: None });
            }
        }
        // A creation that is repeated is the same; one in the place of an entry that is gone is another.
        body["transactionId"] = match known {
            None => Value::String(entry.booking.to_string()),
            Some(_) => Value::String(format!("{}-{}", entry.booking, entry.sequence)),
        };
        let path = format!("/me/calendars/{}/events", http::escaped(&account.calendar));
        let request = self.request(account, Method::POST, &path)?.json(&body);
        let made: Value = http::send(request).await?.good()?.json()?;
        let id = made.get("id").and_then(Value::as_str).ok_or(CalendarError::Protocol)?;
        Ok(ExternalRef { id: id.to_owned(), etag: None })
    }

    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError> {
        let there = match known {
            Some(known) => Some(known.id.clone()),
            None => self.twin(account, entry).await?,
        };
        let Some(id) = there else { return Ok(()) };
        let path = format!("/me/events/{}", http::escaped(&id));
        match http::send(self.request(account, Method::DELETE, &path)?).await?.good() {
            Ok(_) | Err(CalendarError::NotFound) => Ok(()),
            Err(error) => Err(error),
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
        let path = format!("/me/events/{}?$select=id", http::escaped(&known.id));
        match http::send(self.request(account, Method::GET, &path)?).await?.good() {
            Ok(_) => Ok(true),
            Err(CalendarError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
