//! A CalDAV server with one person and one calendar, strict where clients go wrong: ETags, preconditions, depth.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use forecourt_core::external;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::session::{Reply, Request};
use super::{Held, MAX_ENTRIES};

const HOME: &str = "/dav/nordlys/";
const CALENDAR: &str = "/dav/nordlys/verksted/";

#[derive(Default)]
pub(super) struct State {
    /// By path.
    entries: BTreeMap<String, Stored>,
    writes: u64,
}

struct Stored {
    etag: String,
    text: String,
}

impl Stored {
    fn property(&self, name: &str) -> Option<&str> {
        let line = self.text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        let value = self.property(name)?.strip_suffix('Z')?;
        let at = DateTime::strptime("%Y%m%dT%H%M%S", value).ok()?;
        TimeZone::UTC.to_timestamp(at).ok()
    }

    fn held(&self) -> Option<Held> {
        let uid = self.property("UID")?.to_owned();
        Some(Held {
            from: self.time("DTSTART")?,
            until: self.time("DTEND")?,
            mark: external::booking_of(&uid).map(|booking| booking.to_string()),
            id: uid,
            sequence: self.property("SEQUENCE").and_then(|n| n.parse().ok()).unwrap_or(0),
        })
    }
}

impl State {
    pub(super) fn occupy(&mut self, id: &str, from: Timestamp, until: Timestamp) {
        let time = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ");
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Sim//EN\r\nBEGIN:VEVENT\r\nUID:{id}\r\nDTSTAMP:{0}\r\nDTSTART:{0}\r\nDTEND:{1}\r\nSUMMARY:Dentist\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            time(from),
            time(until)
        );
        self.store(format!("{CALENDAR}{id}.ics"), text);
    }

    pub(super) fn vacate(&mut self, id: &str) {
        self.entries.retain(|_, stored| stored.property("UID") != Some(id));
    }

    pub(super) fn held(&self) -> Vec<Held> {
        self.entries.values().filter_map(Stored::held).collect()
    }

    fn store(&mut self, path: String, text: String) -> String {
        self.writes += 1;
        let etag = format!("\"{}\"", self.writes);
        self.entries.insert(path, Stored { etag: etag.clone(), text });
        etag
    }

    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        let token = STANDARD.encode("nordlys:secret");
        if request.header("authorization") != Some(&format!("Basic {token}")) {
            return Reply::text(401, "").with("www-authenticate", "Basic realm=\"dav\"");
        }
        let path = request.path.as_str();
        match request.method.as_str() {
            _ if path == "/.well-known/caldav" => Reply::text(301, "").with("location", "/dav/"),
            "PROPFIND" => propfind(path, request),
            "REPORT" if path == CALENDAR => self.report(request),
            "GET" => match self.entries.get(path) {
                Some(stored) => Reply::text(200, stored.text.clone())
                    .with("etag", &stored.etag)
                    .with("content-type", "text/calendar; charset=utf-8"),
                None => Reply::text(404, ""),
            },
            "PUT" if path.starts_with(CALENDAR) => self.put(path, request),
            "DELETE" => match self.entries.remove(path) {
                Some(_) => Reply::text(204, ""),
                None => Reply::text(404, ""),
            },
            _ => Reply::text(405, ""),
        }
    }

    fn put(&mut self, path: &str, request: &Request) -> Reply {
        let there = self.entries.get(path).map(|stored| stored.etag.clone());
        let refused = match (request.header("if-match"), request.header("if-none-match")) {
            (Some(wanted), _) => there.as_deref() != Some(wanted),
            (None, Some("*")) => there.is_some(),
            (None, _) => false,
        };
        if refused {
            return Reply::text(412, "");
        }
        let text = request.text();
        let whole = text.starts_with("BEGIN:VCALENDAR") && text.ends_with("END:VCALENDAR\r\n");
        let wrong = !whole || text.contains("METHOD:") || text.lines().any(|line| line.len() > 75);
        if wrong || self.entries.len() >= MAX_ENTRIES {
            return Reply::text(400, "");
        }
        let etag = self.store(path.to_owned(), text);
        Reply::text(if there.is_some() { 204 } else { 201 }, "").with("etag", etag)
    }

    /// A `calendar-query` with a time range; what it knows repeats nothing, so `expand` has nothing to do.
    fn report(&self, request: &Request) -> Reply {
        let text = request.text();
        let range = text.split("time-range").nth(1).unwrap_or_default();
        let bound = |name: &str| {
            let value = range.split(name).nth(1)?.split('"').nth(1)?.strip_suffix('Z')?;
            let at = DateTime::strptime("%Y%m%dT%H%M%S", value).ok()?;
            TimeZone::UTC.to_timestamp(at).ok()
        };
        let (Some(from), Some(until)) = (bound("start="), bound("end=")) else {
            return Reply::text(400, "");
        };
        if request.header("depth") != Some("1") || !text.contains("calendar-query") {
            return Reply::text(400, "");
        }
        let inside = self.entries.iter().filter(|(_, stored)| {
            stored.held().is_some_and(|held| held.from < until && from < held.until)
        });
        let responses: Vec<String> = inside
            .map(|(path, stored)| {
                let data = stored.text.replace('&', "&amp;").replace('<', "&lt;").replace('\r', "&#13;");
                format!(
                    "<ns0:response><ns0:href>{path}</ns0:href><ns0:propstat><ns0:prop><ns0:getetag>{}</ns0:getetag><ns1:calendar-data>{data}</ns1:calendar-data></ns0:prop><ns0:status>HTTP/1.1 200 OK</ns0:status></ns0:propstat></ns0:response>",
                    stored.etag
                )
            })
            .collect();
        multistatus(&responses.concat())
    }
}

fn propfind(path: &str, request: &Request) -> Reply {
    let asked = request.text();
    let property = |path: &str, inner: &str| {
        multistatus(&format!(
            "<ns0:response><ns0:href>{path}</ns0:href><ns0:propstat><ns0:prop>{inner}</ns0:prop><ns0:status>HTTP/1.1 200 OK</ns0:status></ns0:propstat></ns0:response>"
        ))
    };
    if asked.contains("current-user-principal") {
        let inner = "<ns0:current-user-principal><ns0:href>/dav/nordlys/</ns0:href></ns0:current-user-principal>";
        return if path == "/dav/" || path == HOME {
            property(path, inner)
        } else {
            Reply::text(404, "")
        };
    }
    if asked.contains("calendar-home-set") && path == HOME {
        let inner =
            "<ns1:calendar-home-set><ns0:href>/dav/nordlys/</ns0:href></ns1:calendar-home-set>";
        return property(path, inner);
    }
    if path != HOME || request.header("depth") != Some("1") {
        return Reply::text(404, "");
    }
    let collection = |path: &str, inner: &str| {
        format!(
            "<ns0:response><ns0:href>{path}</ns0:href><ns0:propstat><ns0:prop>{inner}</ns0:prop><ns0:status>HTTP/1.1 200 OK</ns0:status></ns0:propstat></ns0:response>"
        )
    };
    let calendar = "<ns0:resourcetype><ns0:collection/><ns1:calendar/></ns0:resourcetype>";
    multistatus(
        &[
            collection(HOME, "<ns0:resourcetype><ns0:collection/></ns0:resourcetype>"),
            collection(CALENDAR, &format!("{calendar}<ns0:displayname>Work &amp; løp</ns0:displayname>")),
            collection(
                "/dav/nordlys/tasks/",
                &format!("{calendar}<ns0:displayname>Tasks</ns0:displayname><ns1:supported-calendar-component-set><ns1:comp name=\"VTODO\"/></ns1:supported-calendar-component-set>"),
            ),
        ]
        .concat(),
    )
}

fn multistatus(responses: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><ns0:multistatus xmlns:ns0=\"DAV:\" xmlns:ns1=\"urn:ietf:params:xml:ns:caldav\">{responses}</ns0:multistatus>"
    );
    Reply::text(207, body).with("content-type", "text/xml; charset=utf-8")
}
