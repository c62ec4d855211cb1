//! What a tenant has set: brand, languages, zone, hours, promise, mail. A snapshot, shared as `Arc`.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    booking::{BookingSettings, BookingSettingsError},
    contact::Email,
    dialogue::{DialogueError, DialogueSettings},
    gather::{GatherOutOfBounds, GatherSettings},
    handoff::{HandoffSettings, OutOfRange},
    hours::{HoursError, OpeningHours},
    lang::Lang,
    models::ModelSettings,
    promise::{PromiseSettings, RungsOutOfOrder},
    text,
};

/// Everything a tenant can set, as stored in `tenants.settings`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSettings {
    pub brand: Brand,
    /// The languages the tenant answers in; the first is the default. Never empty.
    pub languages: Vec<Lang>,
    /// IANA zone of the business, such as `Europe/Oslo`.
    pub zone: String,
    /// ISO 3166-1 alpha-2; national phone numbers are read as of this country.
    pub country: String,
    #[serde(default)]
    pub hours: OpeningHours,
    #[serde(default)]
    pub promise: PromiseSettings,
    #[serde(default)]
    pub gather: GatherSettings,
    /// Left out when it is the default: what was printed before it was added prints the same.
    #[serde(default, skip_serializing_if = "HandoffSettings::is_default")]
    pub handoff: HandoffSettings,
    pub mail: MailSettings,
    /// Origins whose pages may embed the widget, such as `https://bil.example.no`; exact match.
    /// The engine's own origin is always allowed.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// How the assistant leads a conversation.
    #[serde(default, skip_serializing_if = "DialogueSettings::is_default")]
    pub dialogue: DialogueSettings,
    /// When customers are reminded of bookings, and how long an offer holds.
    #[serde(default, skip_serializing_if = "BookingSettings::is_default")]
    pub bookings: BookingSettings,
    /// Which models answer, and how much they may take.
    #[serde(default, skip_serializing_if = "ModelSettings::is_default")]
    pub models: ModelSettings,
}

/// How a tenant looks and is reached; all of it is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    pub website: Option<String>,
    /// `https` URL of a logo, shown in mail.
    pub logo_url: Option<String>,
    /// Main colour, `#rrggbb`.
    pub color: String,
}

/// From whom mail goes out and who is told when a person is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    pub from_name: String,
    pub from_address: String,
    pub reply_to: Option<String>,
    /// Members' addresses that get the alert when the promise is in danger.
    pub alert_to: Vec<String>,
}

/// Addresses that can be alerted.
const MAX_ALERTED: usize = 20;

/// Why settings cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A customer who needs a person would wait for nobody.
    #[error("somebody must be told when a person is needed: alert_to names no address")]
    NoReceiver,
    #[error("alert_to names {found} addresses, {MAX_ALERTED} are allowed")]
    TooManyReceivers { found: usize },
    #[error("an address in alert_to is no mail address")]
    BadReceiver,
    #[error("the tenant must answer in one language at least")]
    NoLanguage,
    #[error("the time zone is not known")]
    UnknownZone,
    #[error(transparent)]
    Promise(#[from] RungsOutOfOrder),
    #[error(transparent)]
    Gather(#[from] GatherOutOfBounds),
    #[error(transparent)]
    Handoff(#[from] OutOfRange),
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    #[error(transparent)]
    Bookings(#[from] BookingSettingsError),
    #[error(transparent)]
    Hours(#[from] HoursError),
}

impl TenantSettings {
    /// Checks what must hold before settings are stored: above all that somebody is told when a person is
    /// needed.
    pub fn check(&self) -> Result<(), SettingsError> {
        let receivers = &self.mail.alert_to;
        match receivers.len() {
            0 => return Err(SettingsError::NoReceiver),
            found if found > MAX_ALERTED => return Err(SettingsError::TooManyReceivers { found }),
            _ => {}
        }
        if receivers.iter().any(|address| Email::parse(address).is_err()) {
            return Err(SettingsError::BadReceiver);
        }
        if self.languages.is_empty() {
            return Err(SettingsError::NoLanguage);
        }
        TimeZone::get(&self.zone).map_err(|_| SettingsError::UnknownZone)?;
        self.promise.check()?;
        self.gather.check()?;
        self.handoff.check()?;
        self.dialogue.check()?;
        self.bookings.check()?;
        self.hours.check()?;
        Ok(())
    }

    /// Tells one state of the settings from another: SHA-256 over their JSON, 32 hex digits.
    pub fn print(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default(); // a struct of plain values always is JSON
        text::hex(&Sha256::digest(json)[..16])
    }

    /// The tenant's zone; UTC when the name is unknown to this machine (checked when settings are saved).
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// The tenant's default language.
    pub fn default_language(&self) -> Lang {
        self.languages.first().copied().unwrap_or(Lang::En)
    }

    /// `wanted` when the tenant speaks it, else the tenant's default.
    pub fn language_or_default(&self, wanted: Option<Lang>) -> Lang {
        wanted.filter(|lang| self.languages.contains(lang)).unwrap_or(self.default_language())
    }
}
