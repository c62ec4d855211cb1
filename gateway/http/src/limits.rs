//! How often one address, conversation, account or tenant may ask.
//!
//! The limits measure elapsed time on the machine's monotonic clock, not the time of day: a jump of the
//! clock neither opens nor locks a door.
//!
//! # Invariants
//! - **A9** the number of remembered keys is bounded: when there are too many, those that came last share
//!   one bucket.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use forecourt_core::id::{SessionId, TenantId};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use crate::problem::{Code, Problem};

/// Keys that one limiter remembers.
const MAX_KEYS: usize = 50_000;
/// Checks between two looks at how many there are.
const CHECKS_PER_SWEEP: u32 = 1_024;

/// `per_minute` in the long run, `burst` at once. Zero `per_minute` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_minute: u32,
    pub burst: u32,
}

impl Rate {
    pub const UNLIMITED: Self = Self { per_minute: 0, burst: 0 };

    pub const fn new(per_minute: u32, burst: u32) -> Self {
        Self { per_minute, burst }
    }

    /// One limiter of this rate; none when there is no limit.
    pub(crate) fn limiter(self) -> Option<DefaultDirectRateLimiter> {
        self.quota().map(RateLimiter::direct)
    }

    fn quota(self) -> Option<Quota> {
        let per_minute = NonZeroU32::new(self.per_minute)?;
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        Some(Quota::per_minute(per_minute).allow_burst(burst))
    }
}

/// Every limit of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Form submissions of one address, and of all addresses to one tenant.
    pub form_ip: Rate,
    pub form_tenant: Rate,
    /// New conversations, and reads of public pages, of one address.
    pub open_ip: Rate,
    pub public_ip: Rate,
    /// Messages of one conversation, and of one address.
    pub message_session: Rate,
    pub message_ip: Rate,
    /// Sign-ins of one address, and to one account.
    pub login_ip: Rate,
    pub login_account: Rate,
    /// Frames that one live socket may send.
    pub live_frames: Rate,
    /// Event streams of one conversation (tabs), and of the whole node.
    pub streams_per_session: usize,
    pub streams: usize,
    /// Live sockets of the whole node.
    pub sockets: usize,
    /// Open connections of any kind, of the whole node.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            form_ip: Rate::new(60, 30),
            form_tenant: Rate::new(1_200, 300),
            open_ip: Rate::new(60, 30),
            public_ip: Rate::new(600, 120),
            message_session: Rate::new(30, 10),
            message_ip: Rate::new(300, 100),
            login_ip: Rate::new(20, 10),
            login_account: Rate::new(10, 5),
            live_frames: Rate::new(600, 60),
            streams_per_session: 8,
            streams: 20_000,
            sockets: 10_000,
            connections: 50_000,
        }
    }
}

impl Limits {
    /// No limit on how often; for load tests from one machine. The bounds on how many stay.
    pub fn unlimited() -> Self {
        Self {
            form_ip: Rate::UNLIMITED,
            form_tenant: Rate::UNLIMITED,
            open_ip: Rate::UNLIMITED,
            public_ip: Rate::UNLIMITED,
            message_session: Rate::UNLIMITED,
            message_ip: Rate::UNLIMITED,
            login_ip: Rate::UNLIMITED,
            login_account: Rate::UNLIMITED,
            live_frames: Rate::UNLIMITED,
            streams_per_session: 1_000,
            ..Self::default()
        }
    }
}

/// The limiters behind [`Limits`].
pub(crate) struct Limiters {
    pub(crate) form_ip: Limiter<Network>,
    pub(crate) form_tenant: Limiter<TenantId>,
    pub(crate) open_ip: Limiter<Network>,
    pub(crate) public_ip: Limiter<Network>,
    pub(crate) message_session: Limiter<SessionId>,
    pub(crate) message_ip: Limiter<Network>,
    pub(crate) login_ip: Limiter<Network>,
    pub(crate) login_account: Limiter<[u8; 32]>,
}

impl Limiters {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            form_ip: Limiter::new("form_ip", limits.form_ip),
            form_tenant: Limiter::new("form_tenant", limits.form_tenant),
            open_ip: Limiter::new("open_ip", limits.open_ip),
            public_ip: Limiter::new("public_ip", limits.public_ip),
            message_session: Limiter::new("message_session", limits.message_session),
            message_ip: Limiter::new("message_ip", limits.message_ip),
            login_ip: Limiter::new("login_ip", limits.login_ip),
            login_account: Limiter::new("login_account", limits.login_account),
        }
    }
}

/// What counts as one address: an IPv4 address, or the /64 network that one customer of IPv6 holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// One limit, by key.
pub(crate) struct Limiter<K: Hash + Eq + Clone> {
    name: &'static str,
    by_key: Option<(DefaultKeyedRateLimiter<K>, DefaultDirectRateLimiter)>,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(name: &'static str, rate: Rate) -> Self {
        let by_key =
            rate.quota().map(|quota| (RateLimiter::keyed(quota), RateLimiter::direct(quota)));
        Self { name, by_key, checks: AtomicU32::new(0) }
    }

    /// Counts one try; refuses it when there were too many.
    pub(crate) fn check(&self, key: &K) -> Result<(), Problem> {
        let Some((by_key, shared)) = &self.by_key else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_PER_SWEEP) {
            by_key.retain_recent();
            by_key.shrink_to_fit();
        }
        let refused = if by_key.len() < MAX_KEYS {
            by_key.check_key(key).err()
        } else {
            shared.check().err()
        };
        let Some(refused) = refused else { return Ok(()) };
        metrics::counter!("forecourt_http_limited_total", "limit" => self.name).increment(1);
        let wait = refused.wait_time_from(DefaultClock::default().now());
        Err(Problem::new(Code::TooMany).retry_after(wait.max(Duration::from_secs(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_a_key_waits_while_others_do_not() {
        let limiter = Limiter::new("test", Rate::new(1, 3));
        for _ in 0..3 {
            assert!(limiter.check(&1).is_ok());
        }
        let refused = limiter.check(&1).unwrap_err().body();
        assert_eq!((refused.status, refused.code.as_str()), (429, "too-many-requests"));
        assert!((1..=60).contains(&refused.retry_after_s.unwrap()));
        assert!(limiter.check(&2).is_ok());
    }

    #[test]
    fn keys_are_bounded_and_the_last_ones_share_a_bucket() {
        let limiter = Limiter::new("test", Rate::new(1, 1));
        for key in 0..MAX_KEYS {
            assert!(limiter.check(&key).is_ok());
        }
        assert!(limiter.check(&(MAX_KEYS + 1)).is_ok());
        assert!(limiter.check(&(MAX_KEYS + 2)).is_err());
        let Some((by_key, _)) = &limiter.by_key else { unreachable!() };
        assert_eq!(by_key.len(), MAX_KEYS);
    }

    #[test]
    fn a_whole_ipv6_network_is_one_address() {
        let network = |ip: &str| Network::from(ip.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
