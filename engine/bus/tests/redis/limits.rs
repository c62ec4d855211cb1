//! Limits that two nodes keep together.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use forecourt_bus::{RedisConfig, RedisLimiter};
use forecourt_ports::limiter::{Limit, LimitKey, Limiter as _, Verdict};
use nix::sys::signal::Signal;
use tokio::runtime::Handle;

use crate::support::{PATIENCE, Redis};

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn limit(per_minute: u32, burst: u32) -> Limit {
    let some = |n| NonZeroU32::new(n).expect("not zero");
    Limit { per_minute: some(per_minute), burst: some(burst) }
}

fn key(whom: u128) -> LimitKey {
    LimitKey { name: "form_ip", whom: whom.to_be_bytes() }
}

fn node(redis: &Redis) -> RedisLimiter {
    RedisLimiter::start(&RedisConfig::new(redis.url().into()), &Handle::current())
        .expect("an address")
}

/// Waits until both nodes count over Redis: what one takes the other one misses.
async fn together(a: &RedisLimiter, b: &RedisLimiter, mut whom: u128) {
    let until = Instant::now() + PATIENCE;
    loop {
        whom += 1;
        let first = a.take(key(whom), ONE, limit(1, 1)).await;
        let second = b.take(key(whom), ONE, limit(1, 1)).await;
        if first.is_allowed() && !second.is_allowed() {
            return;
        }
        assert!(Instant::now() < until, "the nodes count together in the end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_together_allow_what_one_would() {
    let redis = Redis::start();
    let (a, b) = (node(&redis), node(&redis));
    together(&a, &b, 1_000).await;
    // A machine so busy that Redis takes 50 ms lets a node answer alone for a while: then another key tells.
    let (mut number, until) = (0, Instant::now() + PATIENCE);
    let whom = loop {
        number += 1;
        let mut allowed = 0;
        for _ in 0..10 {
            for one in [&a, &b] {
                let verdict = one.take(key(number), ONE, limit(1, 10)).await;
                allowed += u32::from(verdict.is_allowed());
            }
        }
        assert!(allowed >= 10, "{allowed} of 10");
        if allowed == 10 {
            break key(number);
        }
        assert!(Instant::now() < until, "two nodes allow more than one would");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let Verdict::Limited { retry_after } = b.take(whom, ONE, limit(1, 10)).await else {
        panic!("the burst is over")
    };
    assert!(
        (Duration::from_secs(1)..=Duration::from_mins(1)).contains(&retry_after),
        "{retry_after:?}"
    );
    assert!(b.take(key(7_000_000), ONE, limit(1, 10)).await.is_allowed(), "others do not wait");
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert!(keys.iter().all(|key| key.starts_with("forecourt:limit:form_ip:")), "{keys:?}");
    let ttl: i64 = redis.ask(&["PTTL", &keys[0]]).await;
    assert!((1..=602_000).contains(&ttl), "it goes by itself: {ttl}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_used_comes_back_with_time() {
    let redis = Redis::start();
    let (a, b) = (node(&redis), node(&redis));
    together(&a, &b, 1_000).await;
    let quick = limit(1_200, 1); // one every 50 ms
    assert!(a.take(key(1), ONE, quick).await.is_allowed());
    let until = Instant::now() + PATIENCE;
    loop {
        match b.take(key(1), ONE, quick).await {
            Verdict::Allowed => break,
            Verdict::Limited { retry_after } => {
                assert!(retry_after <= Duration::from_millis(50), "{retry_after:?}");
                tokio::time::sleep(retry_after).await;
            }
        }
        assert!(Instant::now() < until, "it is allowed again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_node_keeps_the_limit_alone_and_nobody_waits() {
    let mut redis = Redis::start();
    let (a, b) = (node(&redis), node(&redis));
    together(&a, &b, 1_000).await;
    for paused in [true, false] {
        if paused {
            redis.signal(Signal::SIGSTOP);
        } else {
            redis.kill();
        }
        for one in [&a, &b] {
            let whom = key(1 + u128::from(paused));
            let (mut allowed, asked) = (0, Instant::now());
            for _ in 0..40 {
                allowed += u32::from(one.take(whom, ONE, limit(1, 5)).await.is_allowed());
            }
            assert_eq!(allowed, 5);
            // One try waits 50 ms; the others do not ask.
            assert!(asked.elapsed() < Duration::from_millis(1_500), "{:?}", asked.elapsed());
        }
        if paused {
            redis.signal(Signal::SIGCONT);
            together(&a, &b, 2_000).await;
        }
    }
    redis.start_again();
    together(&a, &b, 3_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_forgets_the_script_and_counts_on() {
    let redis = Redis::start();
    let (a, b) = (node(&redis), node(&redis));
    together(&a, &b, 1_000).await;
    let _: String = redis.ask(&["SCRIPT", "FLUSH"]).await;
    let _: String = redis.ask(&["FLUSHALL"]).await;
    together(&a, &b, 2_000).await;
}
