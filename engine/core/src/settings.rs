//! What a tenant has set: brand, languages, zone, hours, promise, mail. A snapshot, shared as `Arc`.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    gather::GatherSettings, handoff::HandoffSettings, hours::OpeningHours, lang::Lang,
    models::ModelSettings, promise::PromiseSettings, text,
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

impl TenantSettings {
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
