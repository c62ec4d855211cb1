//! Senders of leads that behave as a good website does: a 503 is tried once more when it says, and only then.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use crate::{Forecourt, eventually, process::TENANT};

/// A lead that was acknowledged.
#[derive(Clone, Debug)]
pub struct Acked {
    pub email: String,
    pub lead: String,
    /// Which of the addresses took it.
    pub by: usize,
}

/// Sends leads to some addresses, each sender one after the other, until it is stopped.
pub struct Load {
    acked: Arc<Mutex<Vec<Acked>>>,
    failed: Arc<Mutex<Vec<String>>>,
    again: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    senders: JoinSet<()>,
}

impl Load {
    /// `senders` per address, each with a pause after its lead; `name` makes their customers its own.
    pub fn start(name: &str, urls: &[String], senders: usize, pause: Duration) -> Self {
        let mut load = Self {
            acked: Arc::default(),
            failed: Arc::default(),
            again: Arc::default(),
            stop: Arc::default(),
            senders: JoinSet::new(),
        };
        for (by, url) in urls.iter().enumerate() {
            for sender in 0..senders {
                let (acked, failed) = (Arc::clone(&load.acked), Arc::clone(&load.failed));
                let (again, stop) = (Arc::clone(&load.again), Arc::clone(&load.stop));
                let (url, name) = (url.clone(), format!("{name}.{by}.{sender}"));
                load.senders.spawn(async move {
                    let http = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let email = format!("{name}.{n}@kunde.example");
                        match send(&http, &url, &email, &again).await {
                            Ok(lead) => lock(&acked).push(Acked { email, lead, by }),
                            Err(why) => lock(&failed).push(why),
                        }
                        tokio::time::sleep(pause).await;
                    }
                });
            }
        }
        load
    }

    pub fn acked(&self) -> usize {
        lock(&self.acked).len()
    }

    /// Waits until so many more leads are acknowledged than now.
    pub async fn more(&self, leads: usize) {
        let wanted = self.acked() + leads;
        eventually("leads are taken", async || (self.acked() >= wanted).then_some(())).await;
    }

    /// Ends the senders; what was acknowledged, what failed and why, and how many were tried again.
    pub async fn stop(mut self) -> (Vec<Acked>, Vec<String>, usize) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended.expect("a sender does not panic");
        }
        let acked = lock(&self.acked).clone();
        (acked, lock(&self.failed).clone(), self.again.load(Ordering::Relaxed))
    }
}

async fn send(
    http: &Client,
    url: &str,
    email: &str,
    again: &AtomicUsize,
) -> Result<String, String> {
    let form = json!({
        "name": "Ola Nordmann", "email": email, "message": "Hei! Er Tesla Model 3 fortsatt ledig?",
    });
    let url = format!("{url}/v1/webhooks/form/{TENANT}");
    for last in [false, true] {
        let answer =
            http.post(&url).json(&form).send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status().as_u16();
        let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok());
        let after: Option<u64> = after.and_then(|after| after.parse().ok());
        match (status, after) {
            (200, _) => {
                let captured: Value = answer.json().await.map_err(|error| error.to_string())?;
                return captured["lead_id"].as_str().map(str::to_owned).ok_or("no lead".into());
            }
            (503, Some(seconds)) if !last => {
                again.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            _ => {
                let body = answer.text().await.unwrap_or_default();
                return Err(format!("{status} (retry-after {after:?}, last {last}): {body}"));
            }
        }
    }
    Err("unreachable".into())
}

/// How the leads of a story ended.
#[derive(Debug, Default)]
pub struct Tally {
    pub answered: usize,
    pub uncertain: usize,
    /// Answered after this, in milliseconds, at most.
    pub slowest_ms: i64,
}

/// Every acknowledged lead is answered once, or flagged as uncertain and never repeated (R1). A letter whose
/// handover was begun by a node that died is flagged when its lease of 45 s has ended.
pub async fn assert_each_answered_once(node: &Forecourt, acked: &[Acked]) -> Tally {
    let cookie = node.sign_in(TENANT).await;
    let mut tally = Tally::default();
    let deadline = Instant::now() + Duration::from_mins(1);
    for Acked { email, lead, .. } in acked {
        let row = loop {
            let row = node.lead_of(&cookie, email).await.expect("an acked lead is there");
            let state = row["promise"]["state"].as_str().unwrap_or_default();
            if state == "kept" || state == "broken" || row["human_reason"] == "uncertain" {
                break row;
            }
            assert!(Instant::now() < deadline, "a promise does not end: {row}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(row["lead_id"], lead.as_str());
        let mails = node.mail.mails_to(email).len();
        if row["promise"]["state"] == "kept" && row["human_reason"] != "uncertain" {
            assert_eq!(mails, 1, "{lead}: kept by {mails} mails");
            tally.answered += 1;
            let after = row["promise"]["answered_after_ms"].as_i64().unwrap_or(0);
            tally.slowest_ms = tally.slowest_ms.max(after);
        } else {
            assert_eq!(row["human_reason"], "uncertain", "{lead}: not answered, and not flagged");
            assert!(mails <= 1, "{lead}: sent again");
            tally.uncertain += 1;
        }
    }
    tally
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
