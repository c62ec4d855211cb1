//! Calendars in memory, which fail as a test says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use forecourt_core::{
    booking::Stretch,
    external::{self, Provider},
    id::BookingId,
};
use jiff::Timestamp;

use super::lock;
use crate::calendar::{
    Account, Busy, Calendar, CalendarError, Choice, Consent, Credentials, Entry, ExternalRef,
};

/// The key that is good.
pub const GOOD_KEY: &str = "good";

#[derive(Default)]
struct World {
    /// By calendar and uid.
    entries: BTreeMap<(String, String), (Stretch, u32)>,
    fails: Option<CalendarError>,
}

/// See the [module](self). Clones are the same calendars.
#[derive(Clone, Default)]
pub struct FakeCalendar(Arc<Mutex<World>>);

impl FakeCalendar {
    /// Every call fails so, until it is told otherwise.
    pub fn fail(&self, error: Option<CalendarError>) {
        lock(&self.0).fails = error;
    }

    /// Somebody enters an appointment of their own.
    pub fn occupy(&self, calendar: &str, id: &str, at: Stretch) {
        lock(&self.0).entries.insert((calendar.to_owned(), id.to_owned()), (at, 0));
    }

    pub fn vacate(&self, calendar: &str, id: &str) {
        lock(&self.0).entries.remove(&(calendar.to_owned(), id.to_owned()));
    }

    /// What is there, in order of time.
    pub fn entries(&self, calendar: &str) -> Vec<(String, Stretch)> {
        let world = lock(&self.0);
        let here = world.entries.iter().filter(|((of, _), _)| of == calendar);
        let mut here: Vec<_> = here.map(|((_, uid), (at, _))| (uid.clone(), *at)).collect();
        here.sort_unstable_by_key(|(uid, at)| (*at, uid.clone()));
        here
    }

    fn open(&self, account: &Account) -> Result<std::sync::MutexGuard<'_, World>, CalendarError> {
        let world = lock(&self.0);
        match (&account.credentials, world.fails) {
            (_, Some(error)) => Err(error),
            (Credentials::Key { key, .. }, None) if key == GOOD_KEY => Ok(world),
            _ => Err(CalendarError::Auth),
        }
    }
}

#[async_trait]
impl Calendar for FakeCalendar {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        drop(self.open(account)?);
        let (calendar, name) = ("work".to_owned(), "Work".to_owned());
        Ok(vec![Choice { calendar, name, zone: None, writable: true }])
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        drop(self.open(account)?);
        let here = self.entries(&account.calendar).into_iter();
        let inside = here.filter(|(_, at)| at.touches(window)).map(|(uid, at)| Busy {
            from: at.from,
            until: at.until,
            booking: external::booking_of(&uid),
            uid,
            transparent: false,
        });
        Ok(inside.collect())
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        _known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        let uid = external::uid(entry.booking);
        let key = (account.calendar.clone(), uid.clone());
        self.open(account)?.entries.insert(key, (entry.at, entry.sequence));
        Ok(ExternalRef { id: uid, etag: None })
    }

    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        _known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError> {
        let key = (account.calendar.clone(), external::uid(entry.booking));
        self.open(account)?.entries.remove(&key);
        Ok(())
    }

    async fn renew(
        &self,
        account: &Account,
        _now: Timestamp,
    ) -> Result<Option<Credentials>, CalendarError> {
        drop(self.open(account)?);
        Ok(None)
    }

    fn consent_url(&self, _provider: Provider, consent: &Consent<'_>) -> Option<String> {
        Some(format!("https://consent.example/?state={}", consent.state))
    }

    async fn redeem(
        &self,
        _provider: Provider,
        code: &str,
        _verifier: &str,
        _redirect: &str,
        _now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        if code != GOOD_KEY {
            return Err(CalendarError::Auth);
        }
        Ok(Credentials::Key { key: GOOD_KEY.to_owned(), hook_secret: String::new() })
    }

    async fn is_there(
        &self,
        account: &Account,
        known: &ExternalRef,
    ) -> Result<bool, CalendarError> {
        let key = (account.calendar.clone(), known.id.clone());
        Ok(self.open(account)?.entries.contains_key(&key))
    }

    fn is_signed(&self, _: Provider, secret: &str, signature: &str, _: &[u8]) -> bool {
        secret == signature
    }

    fn cancelled(&self, _: Provider, body: &[u8]) -> Option<BookingId> {
        std::str::from_utf8(body).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::calendars::{Person, calendar};

    struct Seller(FakeCalendar);

    #[async_trait]
    impl Person for Seller {
        async fn occupy(&self, id: &str, at: Stretch) {
            self.0.occupy("work", id, at);
        }
        async fn vacate(&self, id: &str) {
            self.0.vacate("work", id);
        }
        async fn entries(&self) -> Vec<Stretch> {
            self.0.entries("work").into_iter().map(|(_, at)| at).collect()
        }
    }

    #[tokio::test]
    async fn the_fake_keeps_the_contract() {
        let fake = FakeCalendar::default();
        let with = |key: &str| Account {
            provider: Provider::CalCom,
            url: None,
            credentials: Credentials::Key { key: key.to_owned(), hook_secret: String::new() },
            calendar: "work".to_owned(),
            zone: "Europe/Oslo".to_owned(),
        };
        let day = "2026-12-01T00:00:00Z".parse().unwrap();
        calendar(&fake, &with(GOOD_KEY), &with("bad"), &Seller(fake.clone()), day).await;
    }
}
