//! Calendar objects (RFC 5545): our entries as text, and the times in other people's.
//!
//! # Invariants
//! - what is written has lines of 75 octets at most, ends them with CRLF, and no text begins a line of its own;
//! - what is read is read line by line and never trusted: what makes no sense is passed over;
//! - a time without a zone is on the clock of the tenant; a zone nobody knows, too.

use forecourt_core::{
    booking::{Recurrence, Stretch, recur},
    external,
};
use forecourt_ports::calendar::{Busy, Entry};
use jiff::{
    Span, Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// An entry as it is stored: without METHOD, which belongs to invitations alone (RFC 4791, 4.1).
pub fn render(entry: &Entry, sequence: u32) -> String {
    let mut out = Lines(String::with_capacity(768));
    out.line("BEGIN:VCALENDAR");
    out.line("VERSION:2.0");
    out.line("PRODID:-//Forecourt//Booking//EN");
    out.line("BEGIN:VEVENT");
    out.line(&format!("UID:{}", external::uid(entry.booking)));
    out.line(&format!("SEQUENCE:{sequence}"));
    out.line(&format!("DTSTAMP:{}", utc(entry.stamp)));
    out.line(&format!("DTSTART:{}", utc(entry.at.from)));
    out.line(&format!("DTEND:{}", utc(entry.at.until)));
    out.line("STATUS:CONFIRMED");
    out.line("TRANSP:OPAQUE");
    out.line(&format!("SUMMARY:{}", escaped(&entry.summary)));
    if !entry.description.is_empty() {
        out.line(&format!("DESCRIPTION:{}", escaped(&entry.description)));
    }
    out.line("END:VEVENT");
    out.line("END:VCALENDAR");
    out.0
}

/// A time as calendar objects and their queries write it.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Content lines, folded at 75 octets.
struct Lines(String);

impl Lines {
    fn line(&mut self, line: &str) {
        const OCTETS: usize = 75;
        let mut room = OCTETS;
        for char in line.chars() {
            if char.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = OCTETS - 1;
            }
            self.0.push(char);
            room -= char.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// A value of type TEXT (3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.replace("\r\n", "\n").chars() {
        match char {
            '\\' | ';' | ',' => out.extend(['\\', char]),
            '\n' | '\r' => out.push_str("\\n"),
            '\t' => out.push(char),
            char if char.is_control() => {}
            char => out.push(char),
        }
    }
    out
}

/// Times that a calendar object is busy at in `window`, those of repeating entries one by one.
///
/// Servers are asked to expand what repeats. One that does not is helped where the rule is one that
/// [`Recurrence`] knows; of another rule the first time alone is seen.
pub fn busy(text: &str, zone: &TimeZone, window: Stretch) -> Vec<Busy> {
    let events = events(text);
    let mut found = Vec::new();
    for event in &events {
        if event.status.eq_ignore_ascii_case("CANCELLED") {
            continue;
        }
        let Some(start) = event.start.as_ref() else { continue };
        let own = start.zone(zone);
        let rule = event.rule.as_deref().and_then(|rule| Recurrence::parse(rule).ok());
        let stretches = match (rule, event.stretch(zone)) {
            (_, None) => continue,
            (None, Some(once)) => vec![once],
            (Some(rule), Some(once)) => {
                let minutes = once.until.duration_since(once.from).as_mins().max(1);
                let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
                let away = event.away(&events, zone);
                let all = recur::stretches(start.at, minutes, Some(&rule), &own, window);
                all.into_iter().filter(|stretch| !away.contains(&stretch.from)).collect()
            }
        };
        let inside = stretches.into_iter().filter(|stretch| stretch.touches(window));
        found.extend(inside.map(|stretch| Busy {
            from: stretch.from,
            until: stretch.until,
            uid: event.uid.clone(),
            transparent: event.transp.eq_ignore_ascii_case("TRANSPARENT"),
            booking: external::booking_of(&event.uid),
        }));
    }
    found.sort_unstable();
    found
}

/// The `SEQUENCE` of the first event.
pub fn sequence(text: &str) -> Option<u32> {
    events(text).first()?.sequence
}

/// A time as it is written.
struct When {
    at: DateTime,
    all_day: bool,
    utc: bool,
    tzid: Option<String>,
}

impl When {
    fn read(value: &str, tzid: Option<&str>) -> Option<Self> {
        let (digits, utc) = match value.strip_suffix('Z') {
            Some(digits) => (digits, true),
            None => (value, false),
        };
        let tzid = tzid.map(str::to_owned);
        if digits.len() == 8 {
            let date = Date::strptime("%Y%m%d", digits).ok()?;
            return Some(Self { at: date.at(0, 0, 0, 0), all_day: true, utc: false, tzid });
        }
        let at = DateTime::strptime("%Y%m%dT%H%M%S", digits).ok()?;
        Some(Self { at, all_day: false, utc, tzid })
    }

    fn zone(&self, otherwise: &TimeZone) -> TimeZone {
        if self.utc {
            return TimeZone::UTC;
        }
        self.tzid.as_deref().and_then(known_zone).unwrap_or_else(|| otherwise.clone())
    }

    fn timestamp(&self, zone: &TimeZone) -> Option<Timestamp> {
        Some(self.zone(zone).to_zoned(self.at).ok()?.timestamp())
    }
}

/// An IANA zone, also behind a prefix of the program that wrote it.
fn known_zone(tzid: &str) -> Option<TimeZone> {
    let parts: Vec<&str> = tzid.trim_matches('"').split('/').collect();
    (0..parts.len()).find_map(|from| TimeZone::get(&parts[from..].join("/")).ok())
}

#[derive(Default)]
struct Event {
    uid: String,
    start: Option<When>,
    end: Option<When>,
    duration: Option<Span>,
    transp: String,
    status: String,
    rule: Option<String>,
    /// Times of the series that do not take place.
    except: Vec<When>,
    /// The time of the series that this one stands for.
    instead: Option<When>,
    sequence: Option<u32>,
}

impl Event {
    fn note(&mut self, name: &str, tzid: Option<&str>, value: &str) {
        match name {
            "UID" => value.trim().clone_into(&mut self.uid),
            "DTSTART" => self.start = When::read(value, tzid),
            "DTEND" => self.end = When::read(value, tzid),
            "DURATION" => self.duration = value.parse().ok(),
            "TRANSP" => value.clone_into(&mut self.transp),
            "STATUS" => value.clone_into(&mut self.status),
            "RRULE" => self.rule = Some(value.to_owned()),
            "EXDATE" => {
                let read = value.split(',').filter_map(|value| When::read(value, tzid));
                self.except.extend(read.take(Recurrence::MAX_TIMES));
            }
            "RECURRENCE-ID" => self.instead = When::read(value, tzid),
            "SEQUENCE" => self.sequence = value.trim().parse().ok(),
            _ => {}
        }
    }

    /// Its (first) time; `None` for what takes none.
    fn stretch(&self, zone: &TimeZone) -> Option<Stretch> {
        let start = self.start.as_ref()?;
        let from = start.timestamp(zone)?;
        let until = match (&self.end, self.duration) {
            (Some(end), _) => end.timestamp(zone)?,
            (None, Some(span)) => {
                let begins = start.zone(zone).to_zoned(start.at).ok()?;
                begins.checked_add(span).ok()?.timestamp()
            }
            (None, None) if start.all_day => {
                let next = start.at.checked_add(1.day()).ok()?;
                start.zone(zone).to_zoned(next).ok()?.timestamp()
            }
            (None, None) => return None,
        };
        (from < until).then_some(Stretch { from, until })
    }

    /// Times of this series that were left out, or that another event of the object stands for.
    fn away(&self, all: &[Self], zone: &TimeZone) -> Vec<Timestamp> {
        let moved = all.iter().filter(|event| event.uid == self.uid);
        let moved = moved.filter_map(|event| event.instead.as_ref());
        moved.chain(&self.except).filter_map(|when| when.timestamp(zone)).collect()
    }
}

/// The events of a calendar object, in their order; alarms and other parts inside them are passed over.
fn events(text: &str) -> Vec<Event> {
    let (mut events, mut open, mut depth) = (Vec::new(), None::<Event>, 0_usize);
    for line in unfolded(text).lines() {
        let Some((head, value)) = split(line) else { continue };
        let mut parts = head.split(';');
        let name = parts.next().unwrap_or_default().to_ascii_uppercase();
        match (name.as_str(), &mut open) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                open = Some(Event::default());
            }
            ("BEGIN", Some(_)) => depth += 1,
            ("END", Some(_)) if depth > 0 => depth -= 1,
            ("END", Some(_)) => events.extend(open.take()),
            (_, Some(event)) if depth == 0 => {
                let tzid = parts.find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    key.eq_ignore_ascii_case("TZID").then_some(value)
                });
                event.note(&name, tzid, value);
            }
            _ => {}
        }
    }
    events
}

fn unfolded(text: &str) -> String {
    text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
}

/// What stands before the first colon outside quotes, and what after it.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.char_indices().find(|(_, char)| {
        quoted ^= *char == '"';
        *char == ':' && !quoted
    });
    let (at, _) = at?;
    Some((&line[..at], &line[at + 1..]))
}

#[cfg(test)]
mod tests {
    use forecourt_core::id::BookingId;
    use forecourt_ports::calendar::Attendee;
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window() -> Stretch {
        Stretch { from: at("2026-11-20T00:00:00Z"), until: at("2026-12-20T00:00:00Z") }
    }

    fn oslo() -> TimeZone {
        TimeZone::get("Europe/Oslo").unwrap()
    }

    fn times(lines: &[&str]) -> Vec<String> {
        let event = lines.join("\r\n");
        let text = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let found = busy(&text, &oslo(), window());
        found.iter().map(|busy| format!("{} {}", busy.from, busy.until)).collect()
    }

    fn entry() -> Entry {
        Entry {
            booking: BookingId::from_uuid(Uuid::from_u128(7)),
            sequence: 3,
            at: Stretch { from: at("2026-12-01T09:00:00Z"), until: at("2026-12-01T10:00:00Z") },
            zone: "Europe/Oslo".to_owned(),
            summary: "Prøvekjøring; øl, «så» \\ lenge: ".repeat(5),
            description: "linje\r\nBEGIN:VALARM\n\u{7}سيارة".to_owned(),
            attendee: Attendee::default(),
            stamp: at("2026-11-21T09:00:00Z"),
        }
    }

    #[test]
    fn what_is_written_is_read_back_as_ours() {
        let text = render(&entry(), 3);
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert!(text.split("\r\n").all(|line| !line.contains('\n') && line != "BEGIN:VALARM"));
        assert!(!text.contains("METHOD"));
        let found = busy(&text, &oslo(), window());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].booking, Some(entry().booking));
        assert_eq!((found[0].from, found[0].until), (entry().at.from, entry().at.until));
        assert_eq!(sequence(&text), Some(3));
    }

    #[test]
    fn a_time_is_read_on_the_clock_that_was_meant() {
        let nine = ["2026-12-01T08:00:00Z 2026-12-01T09:00:00Z"];
        assert_eq!(times(&["DTSTART:20261201T080000Z", "DTEND:20261201T090000Z"]), nine);
        assert_eq!(times(&["DTSTART;TZID=Europe/Paris:20261201T090000", "DURATION:PT1H"]), nine);
        assert_eq!(times(&["DTSTART:20261201T090000", "DTEND:20261201T100000"]), nine, "floating");
        assert_eq!(times(&["DTSTART;TZID=Nowhere/Land:20261201T090000", "DURATION:PT1H"]), nine);
        let prefixed = "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Oslo:20261201T090000";
        assert_eq!(times(&[prefixed, "DURATION:PT60M"]), nine);
        let day = ["2026-11-30T23:00:00Z 2026-12-01T23:00:00Z"];
        assert_eq!(times(&["DTSTART;VALUE=DATE:20261201"]), day);
        assert_eq!(times(&["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"]), day);
    }

    #[test]
    fn what_takes_no_time_or_makes_no_sense_is_passed_over() {
        let nothing: [&str; 0] = [];
        for lines in [
            &["DTSTART:20261201T080000Z"][..],
            &["DTSTART:20261201T080000Z", "DTEND:20261201T080000Z"],
            &["DTSTART:20261301T080000Z", "DTEND:20261201T090000Z"],
            &["DTSTART:20261201T080000Z", "DTEND:20261201T090000Z", "STATUS:CANCELLED"],
            &["DTSTART:20270201T080000Z", "DTEND:20270201T090000Z"],
            &["DTSTART", "DTEND:::"],
        ] {
            assert_eq!(times(lines), nothing, "{lines:?}");
        }
        assert!(busy("", &oslo(), window()).is_empty());
        assert!(busy("BEGIN:VEVENT\nBEGIN:VEVENT\nEND:X", &oslo(), window()).is_empty());
    }

    #[test]
    fn an_alarm_inside_an_event_says_nothing_about_its_time() {
        let alarm = ["BEGIN:VALARM", "DURATION:PT5H", "DTSTART:20261202T080000Z", "END:VALARM"];
        let event = ["DTSTART:20261201T080000Z", "DURATION:PT1H"];
        let all: Vec<&str> = event.iter().chain(&alarm).copied().collect();
        assert_eq!(times(&all), ["2026-12-01T08:00:00Z 2026-12-01T09:00:00Z"]);
    }

    #[test]
    fn what_a_server_did_not_expand_is_expanded_without_what_was_left_out() {
        let found = times(&[
            "DTSTART;TZID=Europe/Oslo:20261123T120000",
            "DTEND;TZID=Europe/Oslo:20261123T123000",
            "RRULE:FREQ=DAILY;COUNT=4",
            "EXDATE;TZID=Europe/Oslo:20261124T120000",
        ]);
        assert_eq!(
            found,
            [
                "2026-11-23T11:00:00Z 2026-11-23T11:30:00Z",
                "2026-11-25T11:00:00Z 2026-11-25T11:30:00Z",
                "2026-11-26T11:00:00Z 2026-11-26T11:30:00Z"
            ]
        );
    }
}
