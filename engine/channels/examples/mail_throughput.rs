//! How many mails a second leave over loopback: letters written, prepared, handed over, caught.
//!
//! `cargo run --release -p forecourt-channels --example mail_throughput -- [mails] [in flight]`

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use forecourt_channels::{
    letter,
    sink::{MailSink, SinkConfig},
    smtp::{SmtpConfig, SmtpSender},
};
use forecourt_core::{
    hours::OpeningHours,
    id::{DeliveryId, SessionId, TenantId},
    lang::Lang,
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::{
    clock::Clock,
    sender::{Letter, Outgoing, Recipient, Sender},
};
use jiff::Timestamp;
use uuid::Uuid;

/// Stands still: nothing here depends on the time of day.
struct Still;

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep_until(&self, _at: Timestamp) {}
}

fn outgoing(number: u64, settings: &Arc<TenantSettings>) -> Outgoing {
    Outgoing {
        delivery: DeliveryId::from_uuid(Uuid::from_u128(u128::from(number))),
        tenant: TenantId::from_uuid(Uuid::nil()),
        session: SessionId::from_uuid(Uuid::nil()),
        settings: Arc::clone(settings),
        lang: Lang::Nb,
        letter: Letter::Answer {
            subject: None,
            text: "Ja, Tesla Model 3 er fortsatt ledig.\n\nVil du prøvekjøre den på lørdag?".into(),
        },
        to: Recipient { name: Some("Kari".into()), address: "kari@example.no".into() },
        thread: Vec::new(),
        unsubscribe_url: Some("https://nordlys.example/u/tok".into()),
    }
}

fn settings() -> Arc<TenantSettings> {
    Arc::new(TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: Some("post@nordlys.example".into()),
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: vec![Lang::Nb],
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
            from_address: "svar@nordlys.example".into(),
            reply_to: None,
            alert_to: Vec::new(),
        },
        allowed_origins: Vec::new(),
        models: forecourt_core::models::ModelSettings::default(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mails = arguments.next().transpose()?.unwrap_or(20_000);
    let in_flight = arguments.next().transpose()?.unwrap_or(8);
    let settings = settings();

    let begun = Instant::now();
    let written = (0..1000)
        .map(|number| letter::compose(&outgoing(number, &settings), Timestamp::UNIX_EPOCH))
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = written.first().map_or(0, |mail| mail.bytes.len());
    println!("writing a letter of {bytes} bytes: {:?}", begun.elapsed() / 1000);

    let io = tokio::runtime::Handle::current();
    let sink = MailSink::start(&SinkConfig::default(), Arc::new(Still), &io)?;
    let mut config = SmtpConfig::from_url(&sink.url())?;
    config.pool.connections = usize::try_from(in_flight)?;
    let sender = Arc::new(SmtpSender::new(config, Arc::new(Still), io)?);

    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..in_flight {
        let (sender, next, settings) =
            (Arc::clone(&sender), Arc::clone(&next), Arc::clone(&settings));
        workers.push(tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= mails {
                    return Ok::<_, forecourt_ports::sender::SendError>(took);
                }
                let begun = Instant::now();
                sender.prepare(&outgoing(number, &settings)).await?.hand_over().await?;
                took.push(begun.elapsed());
            }
        }));
    }
    let mut took: Vec<Duration> = Vec::new();
    for worker in workers {
        took.extend(worker.await??);
    }
    let elapsed = begun.elapsed();
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default();
    println!(
        "{mails} mails, {in_flight} in flight: {:.0} mails/s, p50 {:?}, p99 {:?}",
        mails as f64 / elapsed.as_secs_f64(),
        at(50),
        at(99)
    );
    sink.stop().await;
    Ok(())
}
