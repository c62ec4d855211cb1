//! CalDAV (RFC 4791) with a name and a password: discovery, busy times, and entries under their ETags.
//!
//! XML is read by namespace and never by prefix. Servers differ: a missing property is passed over, a refusal
//! is only final where the protocol says so.
//!
//! # Invariants
//! - an entry lies at `<calendar>/<booking>.ics`: what was written and whose answer was lost is found there;
//! - a new entry is written under `If-None-Match`, a known one under `If-Match`. Where somebody else was
//!   there first, it is read and then written as the booking is: the booking is the truth;
//! - credentials go to an address only after it was checked, and over plain HTTP only to this machine.

use async_trait::async_trait;
use forecourt_core::{
    booking::Stretch,
    id::BookingId,
    webhook::target::{Loopback, Target},
};
use forecourt_ports::calendar::{
    Account, Busy, Calendar, CalendarError, Choice, Credentials, Entry, ExternalRef,
};
use jiff::tz::TimeZone;
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, LOCATION},
};
use roxmltree::{Document, Node};
use url::Url;

use crate::{
    http::{self, Answer, Http},
    ics,
};

const DAV: &str = "DAV:";
const CAL: &str = "urn:ietf:params:xml:ns:caldav";
/// Redirects that discovery follows.
const MOST_HOPS: u32 = 4;
/// How often an entry is written again because somebody else was there first.
const MOST_WRITES: u32 = 4;
/// Calendars that are shown.
const MOST_CHOICES: usize = 200;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct CalDav {
    http: Http,
    loopback: Loopback,
}

/// What is asked of a collection.
struct Ask {
    method: &'static str,
    depth: &'static str,
    body: String,
}

impl Ask {
    fn propfind(depth: &'static str, properties: &str) -> Self {
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="{DAV}" xmlns:C="{CAL}"><D:prop>{properties}</D:prop></D:propfind>"#
        );
        Self { method: "PROPFIND", depth, body }
    }

    fn query(window: Stretch) -> Self {
        let (from, until) = (ics::utc(window.from), ics::utc(window.until));
        let range = format!(r#"start="{from}" end="{until}""#);
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><C:calendar-query xmlns:D="{DAV}" xmlns:C="{CAL}"><D:prop><D:getetag/><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range {range}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"#
        );
        Self { method: "REPORT", depth: "1", body }
    }
}

impl CalDav {
    pub fn new(http: Http, loopback: Loopback) -> Self {
        Self { http, loopback }
    }

    fn request(
        &self,
        account: &Account,
        method: &str,
        url: &Url,
    ) -> Result<RequestBuilder, CalendarError> {
        let Credentials::Password { user, password } = &account.credentials else {
            return Err(CalendarError::NotConfigured);
        };
        let target = Target::parse(url.as_str(), self.loopback);
        let target = target.map_err(|_| CalendarError::NotConfigured)?;
        let method = Method::from_bytes(method.as_bytes());
        let method = method.map_err(|_| CalendarError::Protocol)?;
        let request = self.http.client.request(method, target.as_str());
        Ok(request.basic_auth(user, Some(password)))
    }

    async fn ask(&self, account: &Account, url: &Url, ask: &Ask) -> Result<Answer, CalendarError> {
        let request = self
            .request(account, ask.method, url)?
            .header("depth", ask.depth)
            .header(CONTENT_TYPE, "application/xml; charset=utf-8")
            .body(ask.body.clone());
        http::send(request).await
    }

    /// Asks, and goes where the server sends us; answers where that was.
    async fn follow(
        &self,
        account: &Account,
        mut url: Url,
        ask: &Ask,
    ) -> Result<(Url, Answer), CalendarError> {
        for _ in 0..MOST_HOPS {
            let answer = self.ask(account, &url, ask).await?;
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok((url, answer));
            }
            let next = answer.header(LOCATION).and_then(|to| url.join(to).ok());
            let next = next.ok_or(CalendarError::Protocol)?;
            // A server may know itself by another path or port; the password goes to no other host.
            if next.host() != url.host() {
                return Err(CalendarError::Protocol);
            }
            url = next;
        }
        Err(CalendarError::Protocol)
    }

    /// The address of a property that holds one, such as `current-user-principal`.
    async fn href(
        &self,
        account: &Account,
        url: Url,
        (namespace, name): (&str, &str),
    ) -> Result<Option<Url>, CalendarError> {
        let prefix = if namespace == DAV { "D" } else { "C" };
        let ask = Ask::propfind("0", &format!("<{prefix}:{name}/>"));
        let (url, answer) = self.follow(account, url, &ask).await?;
        if matches!(answer.status, 404 | 405) {
            return Ok(None);
        }
        let answer = answer.good()?;
        let text = text_of(&answer)?;
        let document = Document::parse(text).map_err(|_| CalendarError::Protocol)?;
        let holder = document.descendants().find(|node| node.has_tag_name((namespace, name)));
        let href = holder.and_then(|node| child_text(node, "href"));
        Ok(href.and_then(|href| url.join(href).ok()))
    }

    /// The collection that holds a person's calendars.
    async fn home(&self, account: &Account, url: Url) -> Result<Url, CalendarError> {
        let principal = (DAV, "current-user-principal");
        let mut found = self.href(account, url.clone(), principal).await?;
        if found.is_none() {
            let known = url.join("/.well-known/caldav").map_err(|_| CalendarError::Protocol)?;
            found = self.href(account, known, principal).await?;
        }
        let Some(person) = found else { return Ok(url) };
        let home = self.href(account, person.clone(), (CAL, "calendar-home-set")).await?;
        Ok(home.unwrap_or(person))
    }

    fn calendar(account: &Account) -> Result<Url, CalendarError> {
        let mut url = Url::parse(&account.calendar).map_err(|_| CalendarError::NotFound)?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(url)
    }

    fn entry(account: &Account, booking: BookingId) -> Result<Url, CalendarError> {
        let url = Self::calendar(account)?.join(&format!("{booking}.ics"));
        url.map_err(|_| CalendarError::Protocol)
    }

    async fn read(&self, account: &Account, url: &Url) -> Result<Option<Answer>, CalendarError> {
        let answer = http::send(self.request(account, "GET", url)?).await?;
        match answer.status {
            404 | 410 => Ok(None),
            _ => answer.good().map(Some),
        }
    }
}

#[async_trait]
impl Calendar for CalDav {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        let url = account.url.as_deref().ok_or(CalendarError::NotConfigured)?;
        let url = Url::parse(url).map_err(|_| CalendarError::NotConfigured)?;
        let home = self.home(account, url).await?;
        let ask = Ask::propfind(
            "1",
            "<D:resourcetype/><D:displayname/><D:current-user-privilege-set/><C:supported-calendar-component-set/>",
        );
        let (home, answer) = self.follow(account, home, &ask).await?;
        let answer = answer.good()?;
        let document = Document::parse(text_of(&answer)?).map_err(|_| CalendarError::Protocol)?;
        let choices = responses(&document).filter_map(|response| choice(&home, response));
        Ok(choices.take(MOST_CHOICES).collect())
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        let url = Self::calendar(account)?;
        let answer = self.ask(account, &url, &Ask::query(window)).await?.good()?;
        let document = Document::parse(text_of(&answer)?).map_err(|_| CalendarError::Protocol)?;
        if document.root_element().tag_name().name() != "multistatus" {
            return Err(CalendarError::Protocol);
        }
        let zone = TimeZone::get(&account.zone).unwrap_or(TimeZone::UTC);
        let data = document.descendants().filter(|node| node.has_tag_name((CAL, "calendar-data")));
        let texts = data.filter_map(|node| node.text());
        let found = texts.flat_map(|text| ics::busy(text, &zone, window)).collect();
        Ok(http::in_order(found))
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        let url = Self::entry(account, entry.booking)?;
        let (mut etag, mut sequence) = (known.and_then(|known| known.etag.clone()), entry.sequence);
        for _ in 0..MOST_WRITES {
            let request = self
                .request(account, "PUT", &url)?
                .header(CONTENT_TYPE, "text/calendar; charset=utf-8")
                .body(ics::render(entry, sequence));
            let request = match &etag {
                Some(etag) => request.header(IF_MATCH, etag),
                None => request.header(IF_NONE_MATCH, "*"),
            };
            let answer = http::send(request).await?;
            match answer.status {
                200..=299 => {
                    let etag = match answer.etag() {
                        Some(etag) => Some(etag),
                        // A server that rewrites what it stores tells no tag with the answer.
                        None => self.read(account, &url).await?.and_then(|there| there.etag()),
                    };
                    return Ok(ExternalRef { id: url.into(), etag });
                }
                404 if etag.is_some() => etag = None,
                409 | 412 => match self.read(account, &url).await? {
                    None => etag = None,
                    Some(there) => {
                        etag = Some(there.etag().ok_or(CalendarError::Conflict)?);
                        let theirs = text_of(&there).ok().and_then(ics::sequence).unwrap_or(0);
                        sequence = entry.sequence.max(theirs);
                    }
                },
                _ => return Err(answer.error()),
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
        let url = Self::entry(account, entry.booking)?;
        let answer = http::send(self.request(account, "DELETE", &url)?).await?;
        match answer.status {
            404 | 410 => Ok(()),
            _ => answer.good().map(drop),
        }
    }

    async fn is_there(
        &self,
        account: &Account,
        known: &ExternalRef,
    ) -> Result<bool, CalendarError> {
        let url = Url::parse(&known.id).map_err(|_| CalendarError::Protocol)?;
        Ok(self.read(account, &url).await?.is_some())
    }
}

fn text_of(answer: &Answer) -> Result<&str, CalendarError> {
    std::str::from_utf8(&answer.body).map_err(|_| CalendarError::Protocol)
}

fn responses<'a>(document: &'a Document<'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    document.root_element().children().filter(|node| node.has_tag_name((DAV, "response")))
}

fn child_text<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.has_tag_name((DAV, name)))?;
    child.text().map(str::trim).filter(|text| !text.is_empty())
}

/// A collection that holds events, of those below `home`.
fn choice(home: &Url, response: Node<'_, '_>) -> Option<Choice> {
    let find = |namespace: &'static str, name: &'static str| {
        response.descendants().find(move |node| node.has_tag_name((namespace, name)))
    };
    let kinds = find(DAV, "resourcetype")?;
    if !kinds.children().any(|kind| kind.has_tag_name((CAL, "calendar"))) {
        return None;
    }
    let parts = find(CAL, "supported-calendar-component-set");
    let holds_events = parts.is_none_or(|parts| {
        let mut parts = parts.children().filter(Node::is_element).peekable();
        parts.peek().is_none() || parts.any(|part| part.attribute("name") == Some("VEVENT"))
    });
    if !holds_events {
        return None;
    }
    let url = home.join(child_text(response, "href")?).ok()?;
    // Without a word about privileges a server is taken at its best.
    let writable = find(DAV, "current-user-privilege-set").is_none_or(|set| {
        let mut named = set.descendants().filter(Node::is_element).skip(1).peekable();
        named.peek().is_none()
            || named.any(|node| {
                ["all", "write", "write-content", "bind"].contains(&node.tag_name().name())
            })
    });
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    let name = find(DAV, "displayname").and_then(|node| node.text()).map(str::trim);
    let name = name.filter(|name| !name.is_empty()).or(last).unwrap_or("calendar");
    Some(Choice { name: http::shown(name), calendar: url.to_string(), zone: None, writable })
}
