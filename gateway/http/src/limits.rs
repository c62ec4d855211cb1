//! How often one address, conversation, account or tenant may ask.
//!
//! Here is what is counted and how much is allowed; who counts is behind the [`Limiter`] port: this process,
//! or all nodes together.
//!
//! # Invariants
//! - **A13** who asks leaves this module as a hash under a key of our own, never in the clear.

use std::{
    marker::PhantomData,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use forecourt_core::id::{SessionId, TenantId};
use forecourt_ports::limiter::{Limit, LimitKey, Limiter, Verdict};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::{
    problem::{Code, Problem},
    tokens::{Blinder, SigningKey},
};

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

    /// One limiter of this rate for one socket; none when there is no limit.
    pub(crate) fn limiter(self) -> Option<DefaultDirectRateLimiter> {
        let Limit { per_minute, burst } = self.limit()?;
        Some(RateLimiter::direct(Quota::per_minute(per_minute).allow_burst(burst)))
    }

    fn limit(self) -> Option<Limit> {
        let per_minute = NonZeroU32::new(self.per_minute)?;
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        Some(Limit { per_minute, burst })
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
    /// Files that one address announces, and calls about files of one conversation.
    pub attachment_ip: Rate,
    pub attachment_session: Rate,
    /// What a customer's page tells of itself: typing, what it has shown.
    pub notice_session: Rate,
    /// Sign-ins of one address, and to one account.
    pub login_ip: Rate,
    pub login_account: Rate,
    /// Tickets for live sockets of one sign-in.
    pub live_tickets: Rate,
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
            attachment_ip: Rate::new(20, 40),
            attachment_session: Rate::new(60, 40),
            notice_session: Rate::new(120, 30),
            login_ip: Rate::new(20, 10),
            login_account: Rate::new(10, 5),
            live_tickets: Rate::new(60, 20),
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
            attachment_ip: Rate::UNLIMITED,
            attachment_session: Rate::UNLIMITED,
            notice_session: Rate::UNLIMITED,
            login_ip: Rate::UNLIMITED,
            login_account: Rate::UNLIMITED,
            live_tickets: Rate::UNLIMITED,
            live_frames: Rate::UNLIMITED,
            streams_per_session: 1_000,
            ..Self::default()
        }
    }
}

/// The limits behind [`Limits`].
pub(crate) struct Limiters {
    pub(crate) form_ip: Counted<Network>,
    pub(crate) form_tenant: Counted<TenantId>,
    pub(crate) open_ip: Counted<Network>,
    pub(crate) public_ip: Counted<Network>,
    pub(crate) message_session: Counted<SessionId>,
    pub(crate) message_ip: Counted<Network>,
    pub(crate) attachment_ip: Counted<Network>,
    pub(crate) attachment_session: Counted<SessionId>,
    pub(crate) notice_session: Counted<SessionId>,
    pub(crate) login_ip: Counted<Network>,
    pub(crate) login_account: Counted<[u8; 32]>,
    pub(crate) live_tickets: Counted<[u8; 32]>,
}

impl Limiters {
    pub(crate) fn new(limits: &Limits, by: Arc<dyn Limiter>, key: &SigningKey) -> Self {
        let counting = Arc::new(Counting { by, blinder: Blinder::new(key) });
        Self {
            form_ip: Counted::new("form_ip", limits.form_ip, &counting),
            form_tenant: Counted::new("form_tenant", limits.form_tenant, &counting),
            open_ip: Counted::new("open_ip", limits.open_ip, &counting),
            public_ip: Counted::new("public_ip", limits.public_ip, &counting),
            message_session: Counted::new("message_session", limits.message_session, &counting),
            message_ip: Counted::new("message_ip", limits.message_ip, &counting),
            attachment_ip: Counted::new("attachment_ip", limits.attachment_ip, &counting),
            attachment_session: Counted::new(
                "attachment_session",
                limits.attachment_session,
                &counting,
            ),
            notice_session: Counted::new("notice_session", limits.notice_session, &counting),
            login_ip: Counted::new("login_ip", limits.login_ip, &counting),
            login_account: Counted::new("login_account", limits.login_account, &counting),
            live_tickets: Counted::new("live_tickets", limits.live_tickets, &counting),
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

/// What can be counted, as bytes that tell it from all others of its kind.
pub(crate) trait Whom {
    fn write(&self, to: &mut Vec<u8>);
}

impl Whom for Network {
    fn write(&self, to: &mut Vec<u8>) {
        match self.0 {
            IpAddr::V4(v4) => to.extend(v4.octets()),
            IpAddr::V6(v6) => to.extend(v6.octets()),
        }
    }
}

impl Whom for TenantId {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.as_uuid().as_bytes());
    }
}

impl Whom for SessionId {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.as_uuid().as_bytes());
    }
}

impl Whom for [u8; 32] {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self);
    }
}

/// Who counts, and the key that hides who is counted.
struct Counting {
    by: Arc<dyn Limiter>,
    blinder: Blinder,
}

/// One limit, by key.
pub(crate) struct Counted<K> {
    name: &'static str,
    limit: Option<Limit>,
    counting: Arc<Counting>,
    of: PhantomData<fn(&K)>,
}

impl<K: Whom> Counted<K> {
    fn new(name: &'static str, rate: Rate, counting: &Arc<Counting>) -> Self {
        Self { name, limit: rate.limit(), counting: Arc::clone(counting), of: PhantomData }
    }

    /// Counts one try; refuses it when there were too many.
    pub(crate) async fn check(&self, key: &K) -> Result<(), Problem> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut whom = Vec::with_capacity(48);
        key.write(&mut whom);
        let key = LimitKey { name: self.name, whom: self.counting.blinder.hide(self.name, &whom) };
        match self.counting.by.take(key, NonZeroU32::MIN, limit).await {
            Verdict::Allowed => Ok(()),
            Verdict::Limited { retry_after } => {
                metrics::counter!("forecourt_http_limited_total", "limit" => self.name)
                    .increment(1);
                let wait = retry_after.max(Duration::from_secs(1));
                Err(Problem::new(Code::TooMany).retry_after(wait))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Remembers what it was asked, and allows the first.
    #[derive(Default)]
    struct Once(Mutex<Vec<LimitKey>>);

    #[async_trait::async_trait]
    impl Limiter for Once {
        async fn take(&self, key: LimitKey, _: NonZeroU32, _: Limit) -> Verdict {
            let mut asked = self.0.lock().unwrap();
            asked.push(key);
            if asked.len() == 1 {
                return Verdict::Allowed;
            }
            Verdict::Limited { retry_after: Duration::from_millis(1) }
        }
    }

    fn limiters(rate: Rate) -> (Arc<Once>, Limiters) {
        let once = Arc::new(Once::default());
        let limits = Limits { form_ip: rate, open_ip: rate, ..Limits::default() };
        let key = SigningKey::new(vec![7; 32]).unwrap();
        (Arc::clone(&once), Limiters::new(&limits, once, &key))
    }

    #[actix_web::test]
    async fn who_is_refused_is_told_when_to_come_back_and_nobody_is_named() {
        let (asked, limiters) = limiters(Rate::new(60, 1));
        let network = Network::from("192.0.2.1".parse::<IpAddr>().unwrap());
        assert!(limiters.form_ip.check(&network).await.is_ok());
        let refused = limiters.form_ip.check(&network).await.unwrap_err().body();
        assert_eq!((refused.status, refused.code.as_str()), (429, "too-many-requests"));
        assert_eq!(refused.retry_after_s, Some(1));
        assert!(limiters.open_ip.check(&network).await.is_err());
        let asked = asked.0.lock().unwrap();
        assert_eq!(asked[0], asked[1], "the same one");
        assert_ne!(asked[0].whom, asked[2].whom, "another limit hides the same one otherwise");
        assert!(!asked[0].whom.windows(4).any(|bytes| bytes == [192, 0, 2, 1]));
    }

    #[actix_web::test]
    async fn without_a_limit_nobody_is_asked() {
        let (asked, limiters) = limiters(Rate::UNLIMITED);
        let network = Network::from("192.0.2.1".parse::<IpAddr>().unwrap());
        assert!(limiters.form_ip.check(&network).await.is_ok());
        assert!(asked.0.lock().unwrap().is_empty());
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
