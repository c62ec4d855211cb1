//! The limits of all nodes together, counted by Redis.
//!
//! One script per try, with Redis's own clock, so that nodes whose clocks differ agree. What this process
//! alone has counted is asked first: whom it refuses Redis would refuse too, so a flood stays here.
//!
//! # Invariants
//! - Redis has 50 ms; slow or gone, this process answers alone and leaves Redis in peace for a second;
//! - a key goes by itself once its bucket is full again (A9); a flushed Redis costs one burst more.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use forecourt_ports::limiter::{Limit, LimitKey, Limiter, Verdict};
use redis::{
    Client, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::ExposeSecret as _;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::LocalLimiter;
use crate::{BusError, RedisConfig, names};

/// How long Redis may take.
const ANSWER: Duration = Duration::from_millis(50);
/// How long it is left in peace after it did not answer.
const PEACE: Duration = Duration::from_secs(1);
/// Questions at once.
const MAX_ASKED: usize = 1_024;

/// The key's number is the time at which its bucket is full again, in microseconds. Answers how long to
/// wait, 0 when the try is allowed.
const GCRA: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or now) or now
if full < now or full > now + interval * burst then full = now end
local next = full + interval * cost
local wait = next - interval * burst - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
return 0
";

/// See the [module](self).
pub struct RedisLimiter(Arc<Shared>);

struct Shared {
    prefix: String,
    local: LocalLimiter,
    script: Script,
    connection: ConnectionManager,
    io: Handle,
    asked: Semaphore,
    started: Instant,
    /// Until when Redis is left in peace, in milliseconds since the start.
    peace_until: AtomicU64,
}

impl RedisLimiter {
    /// Connects on `io` with the first try.
    pub fn start(config: &RedisConfig, io: &Handle) -> Result<Self, BusError> {
        let client = Client::open(config.url.expose_secret()).map_err(|_| BusError::Url)?;
        let manager = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let connection = {
            // Its driver belongs on the io runtime, not on the thread that happens to ask.
            let _entered = io.enter();
            client.get_connection_manager_lazy(manager).map_err(|_| BusError::Url)?
        };
        Ok(Self(Arc::new(Shared {
            prefix: config.prefix.clone(),
            local: LocalLimiter::default(),
            script: Script::new(GCRA),
            connection,
            io: io.clone(),
            asked: Semaphore::new(MAX_ASKED),
            started: Instant::now(),
            peace_until: AtomicU64::new(0),
        })))
    }
}

impl Shared {
    /// Asks Redis, unless it is left in peace; `None` when it does not answer.
    async fn ask(
        self: &Arc<Self>,
        key: LimitKey,
        cost: NonZeroU32,
        limit: Limit,
    ) -> Option<Verdict> {
        let now = self.started.elapsed().as_millis() as u64;
        if now < self.peace_until.load(Ordering::Relaxed) {
            return None;
        }
        let _permit = self.asked.try_acquire().ok()?;
        let shared = Arc::clone(self);
        let answer = self.io.spawn(async move {
            let whom = u128::from_be_bytes(key.whom);
            let mut connection = shared.connection.clone();
            shared
                .script
                .key(format!("{}:limit:{}:{whom:032x}", shared.prefix, key.name))
                .arg(limit.interval_us().get())
                .arg(limit.burst.get())
                .arg(cost.get())
                .invoke_async::<u64>(&mut connection)
                .await
        });
        match timeout(ANSWER, answer).await {
            Ok(Ok(Ok(0))) => Some(Verdict::Allowed),
            Ok(Ok(Ok(wait))) => Some(Verdict::Limited { retry_after: Duration::from_micros(wait) }),
            _ => {
                let until = now + PEACE.as_millis() as u64;
                self.peace_until.store(until, Ordering::Relaxed);
                None
            }
        }
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn take(&self, key: LimitKey, cost: NonZeroU32, limit: Limit) -> Verdict {
        let alone = self.0.local.count(key, cost, limit);
        if !alone.is_allowed() {
            return alone;
        }
        let answer = self.0.ask(key, cost, limit).await;
        let by = if answer.is_some() { "shared" } else { "local" };
        metrics::counter!(names::LIMITS_ASKED, "by" => by).increment(1);
        answer.unwrap_or(alone)
    }
}

impl std::fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisLimiter(..)")
    }
}
