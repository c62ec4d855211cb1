//! A Redis of the test's own, a journal in memory, and nodes that share both.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use forecourt_bus::{Pace, RedisBus, RedisConfig};
use forecourt_core::{
    event::{Event, EventRecord, MessageSeq, Seq, Version},
    id::{NodeId, SessionId, TenantId, TurnId},
};
use forecourt_ports::{
    bus::{Bus as _, BusHealth, Published, Pushed, Subscription},
    clock::Clock,
    fake::ManualClock,
    store::{Appended, Batch, Head, Journal, Loaded, StoreError, StoredMessage},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::runtime::Handle;
use uuid::Uuid;

pub(crate) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
pub(crate) const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(2));
pub(crate) const TURN: TurnId = TurnId::from_uuid(Uuid::from_u128(3));
/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn node(n: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(n))
}

/// A Redis on a free port, in a folder of its own; it goes with the test.
pub(crate) struct Redis {
    port: u16,
    dir: TempDir,
    child: Child,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let dir = tempfile::tempdir().expect("a folder");
        let child = Self::spawn(port, &dir);
        Self { port, dir, child }
    }

    fn spawn(port: u16, dir: &TempDir) -> Child {
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--daemonize", "no"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts: `make cluster-tools` installs it");
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < until, "redis-server answers");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) fn start_again(&mut self) {
        self.child = Self::spawn(self.port, &self.dir);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it answers");
        let (name, rest) = words.split_first().expect("a command");
        redis::cmd(name).arg(rest).query_async(&mut connection).await.expect("an answer")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The truth: events with their places, as Postgres keeps them.
#[derive(Default)]
pub(crate) struct Log {
    events: Mutex<HashMap<TenantId, Vec<EventRecord>>>,
    reads: Mutex<u32>,
}

impl Log {
    fn events(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<EventRecord>>> {
        self.events.lock().expect("nobody panicked")
    }

    /// Commits events of a session, and gives them as they are published.
    pub(crate) fn commit(&self, tenant: TenantId, events: Vec<Event>) -> Vec<Arc<Published>> {
        let mut log = self.events();
        let log = log.entry(tenant).or_default();
        let published = events.into_iter().map(|event| {
            let seq = log.len() as i64 + 1;
            let (seq, version) = (Seq(seq), Version(seq));
            let at = jiff::Timestamp::UNIX_EPOCH;
            let record = EventRecord { tenant, session: SESSION, seq, version, at, event };
            log.push(record.clone());
            Published::new(record)
        });
        published.collect()
    }

    /// How often a page was read.
    pub(crate) fn reads(&self) -> u32 {
        *self.reads.lock().expect("nobody panicked")
    }
}

#[async_trait]
impl Journal for Log {
    async fn commit(&self, _: TenantId, _: &Batch) -> Result<Vec<Appended>, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn load(&self, _: TenantId, _: SessionId) -> Result<Option<Loaded>, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        let seq = self.events().get(&tenant).map_or(0, Vec::len);
        Ok(Head { epoch: 1, seq: Seq(seq as i64) })
    }

    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        *self.reads.lock().expect("nobody panicked") += 1;
        let events = self.events();
        let log = events.get(&tenant).map(Vec::as_slice).unwrap_or_default();
        Ok(log.iter().filter(|one| one.seq > after).take(limit as usize).cloned().collect())
    }

    async fn replay_session(
        &self,
        _: TenantId,
        _: SessionId,
        _: Version,
        _: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn messages(
        &self,
        _: TenantId,
        _: SessionId,
        _: MessageSeq,
        _: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        Err(StoreError::Unavailable)
    }
}

/// One node.
pub(crate) struct Node {
    pub(crate) bus: RedisBus,
    log: Arc<Log>,
}

impl Node {
    pub(crate) fn start(redis: &Redis, log: &Arc<Log>, n: u128) -> Self {
        Self::start_with(redis, log, n, Pace::default())
    }

    pub(crate) fn start_with(redis: &Redis, log: &Arc<Log>, n: u128, pace: Pace) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let config = RedisConfig { pace, ..RedisConfig::new(redis.url().into()) };
        let journal = Arc::clone(log) as Arc<dyn Journal>;
        let bus = RedisBus::start(config, node(n), journal, clock, &Handle::current());
        Self { bus: bus.expect("an address"), log: Arc::clone(log) }
    }

    /// Commits so many events in one batch, and publishes them.
    pub(crate) fn write(&self, count: usize) {
        let events = std::iter::repeat_n(Event::SubmissionRepeated, count).collect();
        self.bus.publish(TENANT, self.log.commit(TENANT, events));
    }

    pub(crate) async fn until(&self, health: BusHealth) {
        let wait = async {
            while self.bus.health() != health {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "the bus is {health:?} in the end");
    }
}

pub(crate) async fn joined(redis: &Redis, log: &Arc<Log>) -> (Node, Node) {
    let (a, b) = (Node::start(redis, log, 11), Node::start(redis, log, 12));
    a.until(BusHealth::Joined).await;
    b.until(BusHealth::Joined).await;
    (a, b)
}

/// The next stored event or piece of an answer.
pub(crate) async fn next(subscription: &mut Subscription) -> Pushed {
    loop {
        let next = tokio::time::timeout(PATIENCE, subscription.events.recv()).await;
        let next = next.expect("something comes in time").expect("the listener was not cut");
        if !matches!(next, Pushed::Ephemeral(..)) {
            return next;
        }
    }
}

/// The places of the next events, up to and with `last`.
pub(crate) async fn seqs_to(subscription: &mut Subscription, last: i64) -> Vec<i64> {
    let mut seqs = Vec::new();
    while seqs.last() != Some(&last) {
        if let Pushed::Event(event) = next(subscription).await {
            seqs.push(event.record.seq.0);
            assert!(seqs.last() <= Some(&last), "{seqs:?} goes past {last}");
        }
    }
    seqs
}

pub(crate) fn all(range: std::ops::RangeInclusive<i64>) -> Vec<i64> {
    range.collect()
}
