//! Dashboards: sockets that read at once, slowly, or never.
//!
//! A reading dashboard counts every event once, in order, resumes with its cursor after a drop, and some
//! of them, the witnesses, remember which leads they were shown.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forecourt_wire::{ClientFrame, Cursor, HelloFrame, Topic};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use super::Field;
use crate::books::Metric;
use crate::clock;
use crate::live::backoff::Backoff;
use crate::live::client::{SILENCE, close};
use crate::live::{Credentials, Dial, Ended, Log, Mark, Socket, Step};
use crate::run::audit;

/// Dashboards of a tenant that remember what they saw (A9).
const WITNESSES: u32 = 4;
/// Between two frames of a slow reader.
const SLOW: Duration = Duration::from_millis(500);
/// Receive buffer of who reads slowly or never, in bytes: the kernel must not read for them.
const SMALL: u32 = 4 * 1024;
/// Events after which a dashboard tells the books.
const TOGETHER: u64 = 64;

/// How a dashboard reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Reading,
    Slow,
    Never,
}

/// The part of a frame that is needed: a thousand dashboards read each of them.
#[derive(Debug, Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    seq: Option<i64>,
    epoch: Option<i64>,
    #[serde(default)]
    resumed: bool,
    event: Option<String>,
    at: Option<jiff::Timestamp>,
    lead: Option<LeadId>,
}

#[derive(Debug, Deserialize)]
struct LeadId {
    lead_id: String,
}

impl Frame {
    fn mark(&self) -> Mark {
        let at = self.epoch.zip(self.seq).map(|(epoch, seq)| Cursor { epoch, seq });
        match (self.kind.as_str(), at, self.seq) {
            ("welcome", Some(at), _) => Mark::Welcome { at, resumed: self.resumed },
            ("gap", Some(at), _) => Mark::Gap(at),
            ("event", _, Some(seq)) => Mark::Event(seq),
            ("beat", _, Some(seq)) => Mark::Beat(seq),
            _ => Mark::None,
        }
    }
}

/// One dashboard, until it is told to stop.
pub struct Dashboard {
    pub field: Field,
    pub tenant: usize,
    pub manner: Manner,
    /// Its number among those of its manner and tenant.
    pub number: u32,
    /// When false, the engine's clock is not ours and tells nothing about latency.
    pub clocks_agree: watch::Receiver<bool>,
    /// Whether nothing must be missed: the engine may lose sockets when it dies, never events.
    pub stop: watch::Receiver<bool>,
}

/// What a dashboard has seen.
struct Seen {
    log: Log,
    backoff: Backoff,
    /// Since when everything was seen.
    whole_since: Option<Instant>,
    leads: HashSet<String>,
    /// A gap was announced, and the snapshot is not read yet.
    behind: bool,
    events: u64,
    repeated: u64,
}

impl Dashboard {
    /// Listens until it is told to stop.
    pub async fn run(mut self) {
        let mut seen = Seen {
            log: Log::default(),
            backoff: Backoff::new(StdRng::seed_from_u64(
                self.field.seed ^ (u64::from(self.number) << 8 | self.tenant as u64),
            )),
            whole_since: None,
            leads: HashSet::new(),
            behind: false,
            events: 0,
            repeated: 0,
        };
        let mut stop = self.stop.clone();
        self.field.books.count(|counts| counts.dashboards += 1);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.listen_once(&mut seen) => {}
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(seen.backoff.next(Duration::ZERO)) => {}
            }
        }
        self.tell(&mut seen);
        self.testify(&seen);
        self.field.books.count(|counts| counts.dashboards -= 1);
    }

    async fn listen_once(&mut self, seen: &mut Seen) {
        let Some(mut socket) = self.connect(seen).await else { return };
        match self.manner {
            Manner::Never => {
                // It will not even read the goodbye: only the end of the run ends this. Whether it was cut, the
                // engine's own count tells.
                std::future::pending::<()>().await;
            }
            Manner::Reading => while self.read(&mut socket, seen).await {},
            Manner::Slow => {
                while self.read(&mut socket, seen).await {
                    tokio::time::sleep(SLOW).await;
                }
            }
        }
        self.tell(seen);
    }

    async fn connect(&self, seen: &Seen) -> Option<Socket> {
        let dial = Dial {
            to: self.field.target.authority().parse().ok()?,
            credentials: Credentials::Cookie(self.field.cookies.get(self.tenant)?.clone()),
            receive_buffer: (self.manner != Manner::Reading).then_some(SMALL),
        };
        let mut socket = Socket::open(&dial).await.ok()?;
        let hello = HelloFrame {
            reference: "1".to_owned(),
            after: seen.log.after().map(|cursor| cursor.to_string()),
            topics: vec![Topic::Leads],
            only: None,
        };
        socket.say(&ClientFrame::Hello(hello)).await.ok()?;
        Some(socket)
    }

    /// Reads a frame; false when the socket is closed, or silent for too long.
    async fn read(&mut self, socket: &mut Socket, seen: &mut Seen) -> bool {
        match tokio::time::timeout(SILENCE, socket.hear_as::<Frame>()).await {
            Ok(Ok(frame)) => {
                self.take(frame, seen);
                self.catch_up(seen).await;
                true
            }
            Ok(Err(Ended { code, .. })) => {
                if code == Some(close::SLOW) {
                    self.field.books.count(|counts| counts.slow_cut += 1);
                }
                false
            }
            Err(_) => false,
        }
    }

    fn take(&self, frame: Frame, seen: &mut Seen) {
        let mark = frame.mark();
        let begun = seen.log.after().is_some();
        let step = seen.log.take(mark);
        match mark {
            Mark::Welcome { .. } => {
                seen.whole_since.get_or_insert_with(Instant::now);
                seen.backoff.reset();
            }
            Mark::Gap(_) => self.field.books.count(|counts| counts.dashboard_gaps += 1),
            Mark::Event(_) => self.take_event(frame, step == Step::Apply, seen),
            Mark::Beat(_) | Mark::None => {}
        }
        // What was missed is in the snapshot; who has just begun has missed nothing.
        seen.behind |= begun && step == Step::Resync;
    }

    /// After a gap the snapshot shows what the stream did not, as a dashboard would load it.
    async fn catch_up(&self, seen: &mut Seen) {
        if !std::mem::take(&mut seen.behind) || !self.is_witness() {
            return;
        }
        match audit::leads(&self.field, self.tenant).await {
            Some(leads) => seen.leads.extend(leads.into_keys()),
            // Nothing can be said of what came before.
            None => seen.whole_since = Some(Instant::now()),
        }
    }

    fn take_event(&self, frame: Frame, new: bool, seen: &mut Seen) {
        seen.events += 1;
        seen.repeated += u64::from(!new);
        if self.is_witness() {
            if let (Some(at), true) = (frame.at, *self.clocks_agree.borrow()) {
                let late = clock::now().duration_since(at);
                self.field.books.time(Metric::Fanout, late.try_into().unwrap_or_default());
            }
            if let (Some("lead.captured"), Some(lead)) = (frame.event.as_deref(), frame.lead) {
                seen.leads.insert(lead.lead_id);
            }
        }
        if seen.events >= TOGETHER {
            self.tell(seen);
        }
    }

    fn is_witness(&self) -> bool {
        self.manner == Manner::Reading && self.number < WITNESSES
    }

    fn tell(&self, seen: &mut Seen) {
        let (events, repeated) =
            (std::mem::take(&mut seen.events), std::mem::take(&mut seen.repeated));
        if self.manner == Manner::Reading {
            self.field.books.count(|counts| {
                counts.dashboard_events += events;
                counts.dashboard_repeated += repeated;
            });
        }
    }

    /// Compares what was shown with what was acknowledged meanwhile.
    fn testify(&self, seen: &Seen) {
        let (true, Some(since)) = (self.is_witness(), seen.whole_since) else { return };
        // What was acknowledged in the last moment may still be on its way, and a lead acknowledged just
        // after the beginning was stored before it.
        let from = since + Duration::from_secs(1);
        let Some(to) = Instant::now().checked_sub(Duration::from_secs(2)) else { return };
        let owed = self.field.books.leads_acked(self.tenant, from, to);
        let missed = owed.difference(&seen.leads).count() as u64;
        self.field.books.count(|counts| counts.dashboard_missed += missed);
    }
}

/// The dashboards of a run, more or fewer from phase to phase.
pub struct Crowd {
    field: Field,
    clocks_agree: watch::Receiver<bool>,
    members: Vec<(Manner, watch::Sender<bool>, tokio::task::JoinHandle<()>)>,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(field: Field, clocks_agree: watch::Receiver<bool>) -> Self {
        Self { field, clocks_agree, members: Vec::new() }
    }

    /// Lets as many listen as a phase wants; those that there are stay.
    pub async fn become_as(&mut self, load: crate::scenario::DashboardLoad) {
        for (manner, wanted) in [
            (Manner::Reading, load.reading),
            (Manner::Slow, load.slow),
            (Manner::Never, load.never),
        ] {
            let have = self.members.iter().filter(|(of, ..)| *of == manner).count() as u32;
            for number in have..wanted {
                self.add(manner, number);
            }
            let mut over = have.saturating_sub(wanted);
            let mut leaving = Vec::new();
            while over > 0
                && let Some(at) = self.members.iter().rposition(|(of, ..)| *of == manner)
            {
                leaving.push(self.members.swap_remove(at));
                over -= 1;
            }
            part(leaving).await;
        }
    }

    /// Everybody goes.
    pub async fn leave(mut self) {
        part(std::mem::take(&mut self.members)).await;
    }

    fn add(&mut self, manner: Manner, number: u32) {
        let (stop, stopped) = watch::channel(false);
        let tenants = self.field.tenants.len();
        let dashboard = Dashboard {
            field: self.field.clone(),
            tenant: number as usize % tenants,
            manner,
            number: number / tenants as u32,
            clocks_agree: self.clocks_agree.clone(),
            stop: stopped,
        };
        self.members.push((manner, stop, tokio::spawn(dashboard.run())));
    }
}

async fn part(leaving: Vec<(Manner, watch::Sender<bool>, tokio::task::JoinHandle<()>)>) {
    for (_, stop, _) in &leaving {
        stop.send_replace(true);
    }
    for (_, _, task) in leaving {
        // A panic was printed when it happened.
        task.await.ok();
    }
}

/// Signs in to each tenant as the demo's owner; answers the cookies.
pub async fn sign_in(
    client: &reqwest::Client,
    target: &crate::leads::Target,
    tenants: &[String],
) -> Option<Arc<[String]>> {
    let mut cookies = Vec::new();
    for tenant in tenants {
        let login = json!({
            "tenant": tenant,
            "email": format!("demo@{tenant}.example"),
            "password": "forecourt-demo",
        });
        let answer = client
            .post(target.at("/v1/login"))
            .header("origin", target.to_string())
            .timeout(super::REQUEST_TIMEOUT)
            .json(&login)
            .send()
            .await
            .ok()?;
        let cookie = answer.headers().get("set-cookie")?.to_str().ok()?;
        cookies.push(cookie.split(';').next().unwrap_or_default().to_owned());
    }
    Some(cookies.into())
}
