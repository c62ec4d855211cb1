//! Providers that fail: every fault is one of a few errors, in bounded time, and a lost answer doubles nothing.

use std::time::{Duration, Instant};

use forecourt_core::{booking::Stretch, external::Provider};
use forecourt_loadtest::calendar_sim::Side;
use forecourt_ports::calendar::{Account, Calendar as _, CalendarError};
use jiff::SignedDuration;

use super::support::{cal_com, caldav, calendars, consented, entry, hour, sim, times};

fn account(side: Side, url: &str) -> Account {
    match side {
        Side::CalCom => cal_com("cal_live_1"),
        Side::CalDav => caldav(url, "secret"),
        Side::Google => consented(Provider::Google, "access-0"),
        Side::Microsoft => consented(Provider::Microsoft, "access-0"),
    }
}

const SIDES: [Side; 4] = [Side::CalCom, Side::CalDav, Side::Google, Side::Microsoft];

#[tokio::test]
async fn every_fault_is_one_of_a_few_errors() {
    let limited = CalendarError::RateLimited { retry_after: Some(SignedDuration::from_secs(7)) };
    let faults = [
        ("status;code=401", CalendarError::Auth),
        ("status;code=403", CalendarError::Auth),
        ("status;code=404", CalendarError::NotFound),
        ("status;code=418", CalendarError::Protocol),
        ("status;code=302", CalendarError::Protocol),
        ("status;code=429;retry_after=7", limited),
        ("status;code=503;retry_after=7", limited),
        ("status;code=500", CalendarError::Unavailable),
        ("status;code=503", CalendarError::Unavailable),
        ("reset", CalendarError::Unavailable),
        ("garbage", CalendarError::Unavailable),
        ("half_body", CalendarError::Unavailable),
    ];
    let sim = sim(&[]);
    let calendars = calendars(&sim);
    let window = Stretch { from: hour(0).from, until: hour(24).from };
    for side in SIDES {
        let account = account(side, &sim.url(side));
        for (dial, wanted) in faults {
            sim.set(&[dial]).unwrap();
            let failed = calendars.busy(&account, window).await.unwrap_err();
            assert_eq!(failed, wanted, "{side:?} {dial}");
        }
    }
}

#[tokio::test]
async fn silence_ends_in_time() {
    let sim = sim(&["hang"]);
    let (calendars, began) = (calendars(&sim), Instant::now());
    let window = Stretch { from: hour(0).from, until: hour(24).from };
    let (one, other) = (cal_com("cal_live_1"), caldav(&sim.url(Side::CalDav), "secret"));
    let both = tokio::join!(calendars.busy(&one, window), calendars.busy(&other, window));
    let silent = Err(CalendarError::Unavailable);
    assert_eq!(both, (silent.clone(), silent));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_is_there_once_when_it_is_written_again() {
    for side in SIDES {
        let sim = sim(&[]);
        let (calendars, account) = (calendars(&sim), account(side, &sim.url(side)));
        let (write, change, removal) = match side {
            Side::CalCom => ("POST", "POST", "POST"),
            Side::CalDav => ("PUT", "PUT", "DELETE"),
            Side::Google => ("POST", "PUT", "DELETE"),
            Side::Microsoft => ("POST", "PATCH", "DELETE"),
        };
        let lose = |path: &str| format!("lost_answer;times=1;path={path}");
        sim.set(&[&lose(write)]).unwrap();
        let failed = calendars.put(&account, &entry(1, 0, hour(10)), None).await.unwrap_err();
        assert!(failed.is_passing(), "{side:?}");
        assert_eq!(times(&sim.held(side)), [hour(10)], "{side:?}: it had been taken");
        let known = calendars.put(&account, &entry(1, 0, hour(10)), None).await.unwrap();
        assert_eq!(times(&sim.held(side)), [hour(10)], "{side:?}");

        // The same when it is moved.
        sim.set(&[&lose(change)]).unwrap();
        calendars.put(&account, &entry(1, 1, hour(14)), Some(&known)).await.unwrap_err();
        let moved = calendars.put(&account, &entry(1, 1, hour(14)), Some(&known)).await.unwrap();
        assert_eq!(times(&sim.held(side)), [hour(14)], "{side:?}");

        // And when it is taken out.
        sim.set(&[&lose(removal)]).unwrap();
        // Whoever asks what became of it may hear that it went well.
        let gone = entry(1, 1, hour(14));
        calendars.remove(&account, &gone, Some(&moved)).await.ok();
        assert!(sim.held(side).is_empty(), "{side:?}");
        sim.set(&[]).unwrap();
        calendars.remove(&account, &gone, Some(&moved)).await.unwrap();
    }
}

#[tokio::test]
async fn answers_of_another_shape_are_not_taken_for_an_empty_calendar() {
    let sim = sim(&[]);
    // Without the header of its version Cal.com answers an older shape with 200.
    let old = forecourt_connect::Calendars::new(&forecourt_connect::ConnectConfig {
        cal_com_url: sim.url(Side::CalCom),
        cal_com_version: "2020-01-01".to_owned(),
        ..forecourt_connect::ConnectConfig::default()
    });
    let window = Stretch { from: hour(0).from, until: hour(24).from };
    let failed = old.unwrap().busy(&cal_com("cal_live_1"), window).await.unwrap_err();
    assert_eq!(failed, CalendarError::Protocol);
}
