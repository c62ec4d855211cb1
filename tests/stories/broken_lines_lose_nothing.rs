//! Lines break at random while events flow (R5): every event comes once and in order, or a gap is told and the
//! snapshot after it is right. The long version is `forecourt-loadtest run resume`.

use std::time::Duration;

use forecourt_loadtest::resume::{Load, Stage, run};
use forecourt_tests::{Forecourt, process::TENANT};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_has_heard_everything_once_and_in_order() {
    let mut engine = Forecourt::plain().await;
    let stage = Stage {
        http: forecourt_loadtest::load::client().unwrap(),
        target: engine.url.parse().unwrap(),
        tenant: TENANT.into(),
        cookie: engine.sign_in(TENANT).await,
        seed: 20_261_130,
    };
    let load = Load { sessions: 6, dashboards: 9, visitors: 12, breaks: 250 };
    let outcome = run(&stage, &load, Duration::from_secs(10), Duration::from_secs(30))
        .await
        .expect("the conversations open");
    println!("{outcome:?}");
    assert!(outcome.is_whole(), "{outcome:#?}");
    assert!(
        outcome.breaks >= 150 && outcome.gaps >= 1,
        "lines broke, and cursors were lost: {outcome:#?}"
    );
    engine.stop().await;
}
