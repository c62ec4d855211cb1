//! What all stories share: a tenant, a letter, a clock that stands still.

use std::sync::{Arc, Mutex};

use forecourt_core::{
    hours::OpeningHours,
    id::{DeliveryId, SessionId, TenantId},
    lang::Lang,
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::{
    clock::Clock,
    sender::{Letter, Outgoing, Recipient},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// 21 November 2026, 10:00 UTC.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// A clock that only moves when told.
pub(crate) struct StillClock(Mutex<Timestamp>);

impl StillClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(noon())))
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += by;
    }
}

#[async_trait::async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, _at: Timestamp) {
        std::future::pending::<()>().await;
    }
}

pub(crate) fn settings() -> TenantSettings {
    TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: Some("post@nordlys.example".into()),
            address: Some("Storgata 1, 0155 Oslo".into()),
            website: Some("https://nordlys.example".into()),
            logo_url: Some("https://nordlys.example/logo.png".into()),
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours::default(),
        promise: PromiseSettings::default(),
        gather: forecourt_core::gather::GatherSettings::default(),
        handoff: forecourt_core::handoff::HandoffSettings::default(),
        dialogue: forecourt_core::dialogue::DialogueSettings::default(),
        bookings: forecourt_core::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "svar@mail.nordlys.example".into(),
            reply_to: Some("post@nordlys.example".into()),
            alert_to: vec!["selger@nordlys.example".into()],
        },
        allowed_origins: Vec::new(),
        models: forecourt_core::models::ModelSettings::default(),
    }
}

pub(crate) fn delivery(number: u128) -> DeliveryId {
    DeliveryId::from_uuid(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + number))
}

pub(crate) fn to(name: &str, address: &str) -> Recipient {
    Recipient { name: (!name.is_empty()).then(|| name.into()), address: address.into() }
}

/// The assistant's answer to Kari; stories change what they are about.
pub(crate) fn outgoing(number: u128) -> Outgoing {
    Outgoing {
        delivery: delivery(number),
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        session: SessionId::from_uuid(Uuid::from_u128(2)),
        settings: Arc::new(settings()),
        lang: Lang::Nb,
        letter: Letter::Answer {
            subject: None,
            text: "Ja, Tesla Model 3 er fortsatt ledig.\n\nVil du prøvekjøre den på lørdag?".into(),
        },
        to: to("Kari Nordmann", "kari@example.no"),
        thread: Vec::new(),
        unsubscribe_url: Some("https://nordlys.example/u/tok_9f2c".into()),
    }
}
