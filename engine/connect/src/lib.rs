//! Connections to other people's systems: external calendars behind [`forecourt_ports::calendar`].
//!
//! Lives here: one module per protocol ([`cal_com`], [`caldav`], [`google`], [`microsoft`], with [`oauth`] for the last two), the text of calendar objects ([`ics`]), and
//! the plumbing that all of them share ([`http`]). When something is asked again is decided in
//! [`forecourt_core::external`]; nothing here tries twice by itself, but to find out what became of a call.
//!
//! # Invariants
//! - **A9** a call ends within [`http::TIMEOUT`], and no more than [`http::MOST_BYTES`] of an answer are read;
//! - **A14** a credential goes to the server it is for, and into no log line, error or `Debug`;
//! - an address that a tenant gave is called only where it leads to the open internet.

pub mod cal_com;
pub mod caldav;
pub mod google;
pub mod guard;
pub mod http;
pub mod ics;
pub mod microsoft;
pub mod oauth;

use async_trait::async_trait;
use forecourt_core::{
    booking::Stretch, external::Provider, id::BookingId, webhook::target::Loopback,
};
use forecourt_ports::calendar::{
    Account, Busy, Calendar, CalendarError, Choice, Consent, Credentials, Entry, ExternalRef,
};
use jiff::Timestamp;

use self::{
    cal_com::CalCom,
    caldav::CalDav,
    google::Google,
    http::{Http, HttpError},
    microsoft::Microsoft,
    oauth::OAuthClient,
};

/// Where providers are, and as whom we come to them.
#[derive(Clone, Debug)]
pub struct ConnectConfig {
    /// With the version, without a slash at the end.
    pub cal_com_url: String,
    /// The version of bookings that Cal.com is asked for; the others are fixed.
    pub cal_com_version: String,
    /// As whom we come to Google; without it nobody can connect one of its calendars.
    pub google: Option<OAuthClient>,
    /// Google's APIs, its consent page and its token endpoint.
    pub google_urls: [String; 3],
    pub microsoft: Option<OAuthClient>,
    /// Microsoft Graph with its version, and the authority of the directory.
    pub microsoft_urls: [String; 2],
    /// Whether a tenant's own server may be this machine, by plain HTTP too.
    pub loopback: Loopback,
}

impl Default for ConnectConfig {
    fn default() -> Self {
        Self {
            cal_com_url: "https://api.cal.com/v2".to_owned(),
            cal_com_version: cal_com::BOOKINGS.to_owned(),
            google: None,
            google_urls: [
                "https://www.googleapis.com".to_owned(),
                "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                "https://oauth2.googleapis.com/token".to_owned(),
            ],
            microsoft: None,
            microsoft_urls: [
                "https://graph.microsoft.com/v1.0".to_owned(),
                "https://login.microsoftonline.com/common".to_owned(),
            ],
            loopback: Loopback::Refused,
        }
    }
}

/// Every provider. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Calendars {
    cal_com: CalCom,
    caldav: CalDav,
    google: Option<Google>,
    microsoft: Option<Microsoft>,
}

impl Calendars {
    pub fn new(config: &ConnectConfig) -> Result<Self, HttpError> {
        let open = Http::new(None)?;
        let [api, accounts, tokens] = &config.google_urls;
        let google = config
            .google
            .clone()
            .map(|client| Google::new(open.clone(), client, (api, accounts, tokens)));
        let [graph, authority] = &config.microsoft_urls;
        let microsoft = config
            .microsoft
            .clone()
            .map(|client| Microsoft::new(open.clone(), client, (graph, authority)));
        Ok(Self {
            google,
            microsoft,
            cal_com: CalCom::new(open, &config.cal_com_url, &config.cal_com_version),
            caldav: CalDav::new(Http::new(Some(config.loopback))?, config.loopback),
        })
    }

    fn of(&self, provider: Provider) -> Result<&dyn Calendar, CalendarError> {
        match provider {
            Provider::CalCom => Ok(&self.cal_com),
            Provider::CalDav => Ok(&self.caldav),
            Provider::Google => {
                self.google.as_ref().map(|google| google as _).ok_or(CalendarError::NotConfigured)
            }
            Provider::Microsoft => {
                let microsoft = self.microsoft.as_ref().map(|microsoft| microsoft as _);
                microsoft.ok_or(CalendarError::NotConfigured)
            }
        }
    }
}

#[async_trait]
impl Calendar for Calendars {
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, CalendarError> {
        self.of(account.provider)?.check(account).await
    }

    async fn busy(&self, account: &Account, window: Stretch) -> Result<Vec<Busy>, CalendarError> {
        self.of(account.provider)?.busy(account, window).await
    }

    async fn put(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<ExternalRef, CalendarError> {
        self.of(account.provider)?.put(account, entry, known).await
    }

    async fn remove(
        &self,
        account: &Account,
        entry: &Entry,
        known: Option<&ExternalRef>,
    ) -> Result<(), CalendarError> {
        self.of(account.provider)?.remove(account, entry, known).await
    }

    async fn renew(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<Credentials>, CalendarError> {
        self.of(account.provider)?.renew(account, now).await
    }

    fn consent_url(&self, provider: Provider, consent: &Consent<'_>) -> Option<String> {
        self.of(provider).ok()?.consent_url(provider, consent)
    }

    async fn redeem(
        &self,
        provider: Provider,
        code: &str,
        verifier: &str,
        redirect: &str,
        now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        self.of(provider)?.redeem(provider, code, verifier, redirect, now).await
    }

    fn is_signed(&self, provider: Provider, secret: &str, signature: &str, body: &[u8]) -> bool {
        self.of(provider)
            .is_ok_and(|calendar| calendar.is_signed(provider, secret, signature, body))
    }

    async fn is_there(
        &self,
        account: &Account,
        known: &ExternalRef,
    ) -> Result<bool, CalendarError> {
        self.of(account.provider)?.is_there(account, known).await
    }

    fn cancelled(&self, provider: Provider, body: &[u8]) -> Option<BookingId> {
        self.of(provider).ok()?.cancelled(provider, body)
    }
}
