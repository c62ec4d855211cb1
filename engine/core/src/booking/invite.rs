//! Invitations that calendars understand: iCalendar (RFC 5545) with the methods of RFC 5546.
//!
//! Times are in UTC, which every calendar shows on its own clock and no change of a zone's rules can
//! move; so there is no `VTIMEZONE`. The same text goes into the `text/calendar` part of a letter and
//! behind a link.
//!
//! # Invariants
//! - lines end in CRLF and have at most 75 octets; no character is cut in two;
//! - a text cannot begin a line of its own: line breaks, `;`, `,` and `\` are escaped, other control
//!   characters are left out;
//! - the `UID` stays for the booking's life, `SEQUENCE` rises with each change.

use jiff::Timestamp;

use super::{Booking, BookingStatus};

/// What the receiver's calendar is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Enter it, or move it.
    Request,
    Cancel,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// What a calendar entry says, besides what the booking does.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// `Prøvekjøring · Nordlys Bil`.
    pub summary: &'a str,
    pub description: &'a str,
    pub location: &'a str,
    pub organizer_name: &'a str,
    /// A mail address.
    pub organizer: &'a str,
    /// Where the booking can be changed, if anywhere.
    pub url: Option<&'a str>,
    /// What makes the `UID` unique in the world: a host's name.
    pub host: &'a str,
}

/// The method that tells a calendar how the booking stands.
pub const fn method(booking: &Booking) -> Method {
    match booking.status {
        BookingStatus::Held | BookingStatus::Booked | BookingStatus::NoShow => Method::Request,
        BookingStatus::Cancelled | BookingStatus::Expired => Method::Cancel,
    }
}

/// The invitation as a calendar object; `stamp` is when it is written.
pub fn render(booking: &Booking, entry: &Entry<'_>, stamp: Timestamp) -> String {
    let method = method(booking);
    let status = match (method, booking.status) {
        (Method::Cancel, _) => "CANCELLED",
        (Method::Request, BookingStatus::Held) => "TENTATIVE",
        (Method::Request, _) => "CONFIRMED",
    };
    let mut out = Lines(String::with_capacity(1_024));
    out.line("BEGIN:VCALENDAR");
    out.line("VERSION:2.0");
    out.line("PRODID:-//Forecourt//Booking//EN");
    out.line("CALSCALE:GREGORIAN");
    out.line(&format!("METHOD:{}", method.as_str()));
    out.line("BEGIN:VEVENT");
    out.line(&format!("UID:{}@{}", booking.id, host(entry.host)));
    out.line(&format!("SEQUENCE:{}", booking.sequence));
    out.line(&format!("DTSTAMP:{}", utc(stamp)));
    out.line(&format!("CREATED:{}", utc(booking.created_at)));
    out.line(&format!("LAST-MODIFIED:{}", utc(booking.updated_at)));
    out.line(&format!("DTSTART:{}", utc(booking.wish.from)));
    out.line(&format!("DTEND:{}", utc(booking.wish.until)));
    out.line(&format!("STATUS:{status}"));
    out.line("TRANSP:OPAQUE");
    for (name, text) in [
        ("SUMMARY", entry.summary),
        ("DESCRIPTION", entry.description),
        ("LOCATION", entry.location),
    ] {
        if !text.is_empty() {
            out.line(&format!("{name}:{}", escaped(text)));
        }
    }
    if let Some(url) = entry.url {
        let url: String = url.chars().filter(char::is_ascii_graphic).collect();
        out.line(&format!("URL:{url}"));
    }
    let name = parameter(entry.organizer_name);
    out.line(&format!("ORGANIZER;CN=\"{name}\":mailto:{}", address(entry.organizer)));
    if let Some(email) = &booking.wish.customer.email {
        let name = booking.wish.customer.name.as_deref().map(parameter);
        let name = name.map_or_else(String::new, |name| format!("CN=\"{name}\";"));
        // They have said yes already: nobody waits for an answer from their calendar.
        out.line(&format!(
            "ATTENDEE;{name}ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:{}",
            address(email)
        ));
    }
    out.line("END:VEVENT");
    out.line("END:VCALENDAR");
    out.0
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

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A value of type TEXT (3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' | ';' | ',' => out.extend(['\\', char]),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push_str("\\n");
                }
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push(char),
            char if char.is_control() => {}
            char => out.push(char),
        }
    }
    out
}

/// A quoted parameter's value cannot hold quotes or control characters (3.2).
fn parameter(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.map(|c| if c == '"' { '\'' } else { c }).collect()
}

/// A mail address, without what could end its line or its value.
fn address(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

fn host(text: &str) -> String {
    let host: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
    if host.is_empty() { "forecourt".to_owned() } else { host }
}

#[cfg(test)]
mod tests {
    use icalendar::{Calendar, CalendarComponent, Component as _, EventLike as _};
    use proptest::prelude::*;

    use super::*;
    use crate::booking::{BookingCommand, By, ledger::tests::at, state::tests::held};

    const ENTRY: Entry<'_> = Entry {
        summary: "Prøvekjøring; Tesla, Model 3 · Nordlys Bil",
        description: "Ta med førerkort.\nFlytt eller avbestill: https://forecourt.example/b/x\\y",
        location: "Storgata 1, 0155 Oslo",
        organizer_name: "Nordlys \"Bil\" & Sønner",
        organizer: "post@nordlys.example",
        url: Some("https://forecourt.example/b/x"),
        host: "forecourt.example",
    };

    fn booked() -> Booking {
        let (mut booking, _) = held();
        let confirm =
            BookingCommand::Confirm { offer: booking.offer, by: By::Customer, customer: None };
        let event = booking.decide(confirm, at("21T08:01")).unwrap();
        booking.apply(&event, at("21T08:01"));
        booking
    }

    fn parsed(text: &str) -> (Calendar, icalendar::Event) {
        let calendar: Calendar = text.parse().expect("an independent parser reads it");
        let event = calendar.components.iter().find_map(|component| match component {
            CalendarComponent::Event(event) => Some(event.clone()),
            _ => None,
        });
        let event = event.expect("it has an event");
        (calendar, event)
    }

    #[test]
    fn an_independent_parser_reads_what_was_meant() {
        let text = render(&booked(), &ENTRY, at("21T08:02"));
        let (calendar, event) = parsed(&text);
        assert_eq!(calendar.property_value("METHOD"), Some("REQUEST"));
        let value = |name: &str| event.property_value(name).unwrap_or_default().to_owned();
        assert_eq!(event.get_summary(), Some(ENTRY.summary));
        assert_eq!(event.get_description(), Some(ENTRY.description));
        assert_eq!(event.get_location(), Some(ENTRY.location));
        assert_eq!(value("UID"), "bkg_00000000000000000000000000000001@forecourt.example");
        assert_eq!(value("DTSTART"), "20261124T130000Z");
        assert_eq!(value("DTEND"), "20261124T140000Z");
        assert_eq!((value("SEQUENCE"), value("STATUS")), ("0".into(), "CONFIRMED".into()));
        assert_eq!(value("ORGANIZER"), "mailto:post@nordlys.example");
        assert!(text.contains("CN=\"Nordlys 'Bil' & Sønner\""), "{text}");
    }

    #[test]
    fn a_move_and_a_cancellation_have_the_same_uid_and_a_higher_sequence() {
        let mut booking = booked();
        let uid = parsed(&render(&booking, &ENTRY, at("21T08:02"))).1.get_uid().unwrap().to_owned();
        let to = BookingCommand::Reschedule {
            from: at("25T13:00"),
            until: at("25T14:00"),
            takes: vec![],
            by: By::Customer,
        };
        for (command, method, sequence, status) in [
            (to, "REQUEST", "1", "CONFIRMED"),
            (BookingCommand::Cancel { by: By::Customer, reason: None }, "CANCEL", "2", "CANCELLED"),
        ] {
            let event = booking.decide(command, at("21T09:00")).unwrap();
            booking.apply(&event, at("21T09:00"));
            let (calendar, event) = parsed(&render(&booking, &ENTRY, at("21T09:01")));
            assert_eq!(calendar.property_value("METHOD"), Some(method));
            assert_eq!(event.property_value("SEQUENCE"), Some(sequence));
            assert_eq!(event.property_value("STATUS"), Some(status));
            assert_eq!(event.property_value("DTSTART"), Some("20261125T130000Z"));
            assert_eq!(event.get_uid(), Some(uid.as_str()));
        }
    }

    #[test]
    fn lines_are_folded_between_characters() {
        let long = "åß€😀".repeat(60);
        let text = render(&booked(), &Entry { summary: &long, ..ENTRY }, at("21T08:02"));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        assert_eq!(parsed(&text).1.get_summary(), Some(long.as_str()));
    }

    #[test]
    fn nobody_s_name_or_words_begin_a_line_of_their_own() {
        let evil = "x\r\nATTENDEE:mailto:evil@example.org\nMETHOD:CANCEL\u{0}\u{1b}\";:";
        let mut booking = booked();
        booking.wish.customer.name = Some(evil.into());
        booking.wish.customer.email = Some("a@b.no\r\nURL:https://evil.example".into());
        let entry = Entry {
            summary: evil,
            description: evil,
            location: evil,
            organizer_name: evil,
            organizer: "o@b.no\nMETHOD:CANCEL",
            url: Some("https://a.example/\r\nMETHOD:CANCEL"),
            host: "a.example\r\nMETHOD:CANCEL",
        };
        let text = render(&booking, &entry, at("21T08:02")).replace("\r\n ", "");
        let lines: Vec<&str> = text.split("\r\n").collect();
        let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!((count("METHOD"), count("ATTENDEE"), count("URL")), (1, 1, 1), "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_folded_and_read_back(text in "[^\\p{C}]{0,200}") {
            let rendered = render(&booked(), &Entry { summary: &text, ..ENTRY }, at("21T08:02"));
            prop_assert!(rendered.split("\r\n").all(|line| line.len() <= 75));
            let unfolded = rendered.replace("\r\n ", "");
            let summary = unfolded.split("\r\n").find(|line| line.starts_with("SUMMARY:"));
            let back = summary.map(|line| line["SUMMARY:".len()..].replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\"));
            prop_assert_eq!(back.unwrap_or_default(), text);
        }
    }
}
