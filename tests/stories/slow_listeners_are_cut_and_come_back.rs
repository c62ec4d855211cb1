//! Listeners that never read (R7): they are cut and resume with their cursor, memory stays bounded, and those who read
//! notice nothing. The long version is `forecourt-loadtest run slow-listeners`.

use std::time::Duration;

use forecourt_loadtest::{
    engine::usage,
    resume::{
        Stage,
        slow::{Load, run},
    },
};
use forecourt_tests::{Forecourt, process::TENANT};

/// What the engine may keep for 32 listeners that are behind by megabytes each, and for what else happens meanwhile.
const KEEPS: u64 = 160 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_notice_nothing_and_nobody_loses_anything() {
    let mut engine = Forecourt::plain().await;
    let stage = Stage {
        http: forecourt_loadtest::load::client().unwrap(),
        target: engine.url.parse().unwrap(),
        tenant: TENANT.into(),
        cookie: engine.sign_in(TENANT).await,
        seed: 20_261_127,
    };
    // Long messages fill what the kernel keeps for a listener in a short time.
    let words: &'static str = "🚗".repeat(4_900).leak();
    let load = Load {
        sessions: 12,
        reading: 2,
        never: 16,
        dashboards: 0,
        every: forecourt_loadtest::scenario::Span::default(),
    };
    let pid = engine.pid().as_raw().cast_unsigned();
    let memory = || usage::sample(pid).map_or(0, |sample| sample.rss);
    let outcome = run(&stage, &load, words, Duration::from_secs(5), memory).await.expect("a stage");
    println!("{outcome:?}");
    let [alone, beside] = outcome.measured;
    assert!(beside < alone + KEEPS, "{outcome:?}");
    assert_eq!(outcome.readers_cut, 0, "{outcome:?}");
    assert_eq!((outcome.dashboards_resumed, outcome.visitors_resumed), (16, 16), "{outcome:?}");
    assert!(outcome.dashboards_cut >= 8, "who never reads is cut: {outcome:?}");
    assert!(outcome.told[0] > 20 && outcome.told[1] > 20, "{outcome:?}");
    // A small machine that does much at once says little about how late; it says when all stand still.
    assert!(outcome.beside_p99_ms < 10.0 * outcome.alone_p99_ms + 1_000.0, "{outcome:?}");
    engine.stop().await;
}
