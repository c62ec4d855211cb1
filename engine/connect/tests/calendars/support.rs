//! A simulator and its person, and accounts for it.

use async_trait::async_trait;
use forecourt_connect::{Calendars, ConnectConfig, oauth::OAuthClient};
use forecourt_core::{booking::Stretch, external::Provider, webhook::target::Loopback};
use forecourt_loadtest::calendar_sim::{CalendarSim, CalendarSimConfig, Held, Side};
use forecourt_ports::{
    calendar::{Account, Attendee, Credentials, Entry},
    contract::calendars::Person,
};
use jiff::{SignedDuration, Timestamp, Unit};

pub(crate) fn sim(dials: &[&str]) -> CalendarSim {
    rustls::crypto::ring::default_provider().install_default().ok();
    let dials = dials.iter().map(|dial| (*dial).to_owned()).collect();
    CalendarSim::start(&CalendarSimConfig { port: 0, dials }).unwrap()
}

pub(crate) fn calendars(sim: &CalendarSim) -> Calendars {
    Calendars::new(&ConnectConfig {
        cal_com_url: sim.url(Side::CalCom),
        google: Some(client()),
        google_urls: [
            sim.url(Side::Google),
            "https://accounts.example/auth".to_owned(),
            format!("{}/token", sim.url(Side::Google)),
        ],
        microsoft: Some(client()),
        microsoft_urls: [sim.url(Side::Microsoft), format!("http://{}/graph", sim.addr())],
        loopback: Loopback::Allowed,
        ..ConnectConfig::default()
    })
    .unwrap()
}

fn client() -> OAuthClient {
    OAuthClient { id: "forecourt".to_owned(), secret: "s3cret".into() }
}

/// A calendar of Google or Microsoft, as after a consent.
pub(crate) fn consented(provider: Provider, access: &str) -> Account {
    Account {
        provider,
        url: None,
        credentials: Credentials::Tokens {
            refresh: "refresh-0".to_owned(),
            access: access.to_owned(),
            ends_at: day(),
        },
        calendar: if provider == Provider::Google { "primary" } else { "work1" }.to_owned(),
        zone: "Europe/Oslo".to_owned(),
    }
}

pub(crate) fn cal_com(key: &str) -> Account {
    Account {
        provider: Provider::CalCom,
        url: None,
        credentials: Credentials::Key { key: key.to_owned(), hook_secret: "hook".to_owned() },
        calendar: "7".to_owned(),
        zone: "Europe/Oslo".to_owned(),
    }
}

pub(crate) fn caldav(url: &str, password: &str) -> Account {
    Account {
        provider: Provider::CalDav,
        url: Some(url.to_owned()),
        credentials: Credentials::Password {
            user: "nordlys".to_owned(),
            password: password.to_owned(),
        },
        calendar: format!("{url}nordlys/verksted/"),
        zone: "Europe/Oslo".to_owned(),
    }
}

/// A midnight some days ahead.
pub(crate) fn day() -> Timestamp {
    let soon = forecourt_loadtest::clock::now() + SignedDuration::from_hours(24 * 10);
    let day = jiff::TimestampRound::new().smallest(Unit::Hour).increment(24);
    soon.round(day).unwrap()
}

pub(crate) fn hour(hour: i64) -> Stretch {
    let from = day() + SignedDuration::from_hours(hour);
    Stretch { from, until: from + SignedDuration::from_mins(30) }
}

pub(crate) fn entry(n: u128, sequence: u32, at: Stretch) -> Entry {
    Entry {
        booking: forecourt_core::id::BookingId::from_uuid(uuid::Uuid::from_u128(n)),
        sequence,
        at,
        zone: "Europe/Oslo".to_owned(),
        summary: "Prøvekjøring".to_owned(),
        description: String::new(),
        attendee: Attendee {
            name: "Kari".to_owned(),
            email: Some("kari@example.com".to_owned()),
            ..Attendee::default()
        },
        stamp: day(),
    }
}

pub(crate) struct OfSim<'a>(pub(crate) &'a CalendarSim, pub(crate) Side);

#[async_trait]
impl Person for OfSim<'_> {
    async fn occupy(&self, id: &str, at: Stretch) {
        self.0.occupy(self.1, id, at.from, at.until);
    }
    async fn vacate(&self, id: &str) {
        self.0.vacate(self.1, id);
    }
    async fn entries(&self) -> Vec<Stretch> {
        times(&self.0.held(self.1))
    }
}

pub(crate) fn times(held: &[Held]) -> Vec<Stretch> {
    held.iter().map(|held| Stretch { from: held.from, until: held.until }).collect()
}
