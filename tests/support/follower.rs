//! A dashboard that stays: when its socket ends, it comes back with its cursor, as the real one does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{eventually, live::Live, load::Acked};

/// How a lead's way may end.
const ENDS: [&str; 3] = ["kept", "broken", "uncertain"];
/// Events of the end that are compared with the journal; a replay has at most 500.
const TAIL: usize = 100;
/// The pause before it comes back.
const AGAIN: Duration = Duration::from_millis(100);

/// An event as it was told: its place, what it is, whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub seq: i64,
    pub event: String,
    pub lead: String,
    /// How the promise stands, or `uncertain`.
    pub promise: String,
}

#[derive(Default)]
struct Seen {
    events: Vec<Told>,
    /// Whose lead a session is.
    leads: HashMap<String, String>,
    gaps: usize,
    connections: usize,
    epoch: i64,
    begun_at: i64,
}

/// Follows a tenant's leads until it is dropped.
pub struct Follower {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Begins with now, at a node or a proxy.
    pub async fn start(url: &str, cookie: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let first =
            eventually("the dashboard connects", async || Live::open(url, cookie, None).await)
                .await;
        {
            let mut seen = lock(&seen);
            (seen.epoch, seen.begun_at) = place(&first.welcome);
        }
        let follow = follow(first, url.to_owned(), cookie.to_owned(), Arc::clone(&seen));
        Self { task: tokio::spawn(follow), seen }
    }

    pub fn events(&self) -> Vec<Told> {
        lock(&self.seen).events.clone()
    }

    /// How often it came back.
    pub fn came_back(&self) -> usize {
        lock(&self.seen).connections - 1
    }

    /// Waits until it was told of an event that is wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        eventually(what, async || lock(&self.seen).events.iter().find(|told| wanted(told)).cloned())
            .await
    }

    /// Nothing was missed and nothing came twice: places rise, no gap was told, every lead was told from its
    /// capture to its answer, and the end is what the journal holds.
    pub async fn assert_complete(&self, url: &str, cookie: &str, acked: &[Acked]) {
        let last = self.catch_up(url, cookie).await;
        let events = self.events();
        assert_eq!(lock(&self.seen).gaps, 0, "a gap was told");
        assert!(events.is_sorted_by(|a, b| a.seq < b.seq), "an event came twice or late");
        for Acked { lead, .. } in acked {
            let of = |wanted: &dyn Fn(&Told) -> bool| {
                events.iter().filter(|told| told.lead == *lead && wanted(told)).count()
            };
            assert_eq!(of(&|told| told.event == "lead.captured"), 1, "{lead} was captured");
            assert!(of(&|told| ENDS.contains(&told.promise.as_str())) > 0, "{lead} ended");
        }
        // A fresh replay of the last ones, from the journal.
        let from = events.iter().rev().nth(TAIL).map_or(lock(&self.seen).begun_at, |told| told.seq);
        let after = format!("{}-{from}", lock(&self.seen).epoch);
        let mut replay = Live::open(url, cookie, Some(&after)).await.expect("the socket opens");
        assert_eq!(replay.welcome["resumed"], true);
        let mut stored = Vec::new();
        while stored.last().is_none_or(|told: &Told| told.seq < last) {
            let frame = replay.next().await.expect("the replay goes on");
            stored.extend(told(&frame, &mut HashMap::new()));
        }
        stored.retain(|told| told.seq <= last);
        let tail = events.iter().filter(|told| told.seq > from && told.seq <= last);
        let places = |told: &Told| (told.seq, told.event.clone());
        let (tail, stored): (Vec<_>, Vec<_>) =
            (tail.map(places).collect(), stored.iter().map(places).collect());
        assert_eq!(tail, stored, "what was told live is what is stored");
    }

    /// Waits until this dashboard was told what another one, asked now, is told; answers the last place.
    async fn catch_up(&self, url: &str, cookie: &str) -> i64 {
        let now = Live::open(url, cookie, None).await.expect("the socket opens");
        let (_, head) = place(&now.welcome);
        // The last events of a lead may be no dashboard's: so its own last place is a bit before.
        let from = format!("{}-{}", lock(&self.seen).epoch, head - 20);
        let mut replay = Live::open(url, cookie, Some(&from)).await.expect("the socket opens");
        let mut last = 0;
        while let Ok(Some(frame)) =
            tokio::time::timeout(Duration::from_millis(500), replay.next()).await
        {
            last = frame["seq"].as_i64().unwrap_or(last).min(head);
        }
        eventually("the dashboard has been told everything", async || {
            let told =
                lock(&self.seen).events.iter().rev().find(|told| told.seq <= last).map(|t| t.seq);
            (told? >= last).then_some(())
        })
        .await;
        last
    }
}

/// Several dashboards were told the same, from where the last one began.
pub fn assert_same(dashboards: &[Follower]) {
    let begun = dashboards.iter().map(|one| lock(&one.seen).begun_at).max().unwrap_or(0);
    let told: Vec<Vec<_>> = dashboards
        .iter()
        .map(|one| {
            let events = one.events().into_iter().filter(|told| told.seq > begun);
            events.map(|told| (told.seq, told.event)).collect()
        })
        .collect();
    let shortest = told.iter().map(Vec::len).min().unwrap_or(0);
    for (n, pair) in told.windows(2).enumerate() {
        let (one, other) = (&pair[0][..shortest], &pair[1][..shortest]);
        assert_eq!(one, other, "dashboards {n} and {} were told different things", n + 1);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(first: Live, url: String, cookie: String, seen: Arc<Mutex<Seen>>) {
    let mut live = Some(first);
    loop {
        let Some(mut socket) = live.take() else {
            tokio::time::sleep(AGAIN).await;
            let after = {
                let seen = lock(&seen);
                let last = seen.events.last().map_or(seen.begun_at, |told| told.seq);
                format!("{}-{last}", seen.epoch)
            };
            live = Live::open(&url, &cookie, Some(&after)).await;
            continue;
        };
        lock(&seen).connections += 1;
        while let Some(frame) = socket.next().await {
            let mut seen = lock(&seen);
            if frame["type"] == "gap" {
                seen.gaps += 1;
            }
            let told = told(&frame, &mut seen.leads);
            seen.events.extend(told);
        }
    }
}

/// What a frame tells; `leads` remembers whose lead a session is, because only its first event says so.
fn told(frame: &Value, leads: &mut HashMap<String, String>) -> Option<Told> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = if frame["lead"].is_object() { &frame["lead"] } else { &frame["changes"] };
    if frame["type"] != "event" {
        return None;
    }
    let session = text(&frame["session_id"]);
    if let Some(lead) = row["lead_id"].as_str() {
        leads.insert(session.clone(), lead.to_owned());
    }
    Some(Told {
        seq: frame["seq"].as_i64().expect("a place"),
        event: text(&frame["event"]),
        lead: leads.get(&session).cloned().unwrap_or_default(),
        promise: if row["human_reason"] == "uncertain" {
            "uncertain".into()
        } else {
            text(&row["promise"]["state"])
        },
    })
}

fn place(welcome: &Value) -> (i64, i64) {
    let number = |field: &str| welcome[field].as_i64().expect("a number");
    (number("epoch"), number("seq"))
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
