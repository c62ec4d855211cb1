//! The phases of one turn of one server: idle, paced, flooded, and at half of the highest rate.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use thiserror::Error;

use super::listener::{Dial, Listeners, Shared};
use super::publisher::Publisher;
use super::usage::Usage;

/// Listeners that are open before memory is counted: what every server pays once.
const FIRST: usize = 200;
/// Rest before memory is read.
const REST: Duration = Duration::from_millis(2_500);
/// What is not measured at the beginning of a phase.
const WARM: Duration = Duration::from_millis(700);
/// A listener that hears nothing for this long while events are out is lost.
const STUCK: Duration = Duration::from_secs(15);
/// Between two looks at how far everybody is.
const LOOK: Duration = Duration::from_micros(40);

/// What a turn does.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long each phase is measured.
    pub phase: Duration,
    /// Events that may be on their way while flooding.
    pub window: u32,
    /// Threads of listeners.
    pub threads: usize,
    /// Events a second of the phase that is alike for all; without it half of this server's own most.
    pub alike: Option<f64>,
}

/// Why a turn has no result.
#[derive(Debug, Error)]
pub enum MeasureError {
    #[error("sockets or the server's process failed")]
    Io(#[from] io::Error),
    #[error("{lost} listeners were cut, and {behind} hear nothing")]
    Stuck { lost: u64, behind: usize },
}

/// One phase.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Phase {
    pub deliveries_per_s: f64,
    /// Processors that the server kept busy, database included.
    pub cores: f64,
    /// Deliveries per second and core of the server, database included.
    pub per_core: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Bytes on the wire for one delivery.
    pub bytes: f64,
}

/// One turn of one server.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    pub server: String,
    pub listeners: usize,
    /// Memory of the server for one idle listener, in bytes.
    pub idle_bytes: f64,
    /// One event after the other: the next when everybody has the last.
    pub paced: Phase,
    /// As fast as it goes.
    pub flooded: Phase,
    /// At half of its own flood's rate.
    pub half: Phase,
    /// At half of nchan's, when nchan came before; else as `half`.
    pub alike: Phase,
    /// Events that came twice, out of order, or never.
    pub wrong: u64,
}

/// When the next event is due.
#[derive(Clone, Copy)]
enum Pace {
    /// As long as so many are on their way at most.
    Window(u32),
    /// So many a second.
    Rate(f64),
}

/// Runs all phases against a server that is up. `pid` is the root of its processes.
pub fn turn(
    (name, pid): (&str, u32),
    dials: &[Dial],
    publisher: &mut Publisher,
    plan: Plan,
) -> Result<Turn, MeasureError> {
    let mut memory = Vec::new();
    let listeners = Listeners::open(dials, plan.threads, FIRST, |ready| {
        std::thread::sleep(REST);
        memory.push((ready, Usage::of(pid).engine_bytes));
    })?;
    let idle_bytes = match memory[..] {
        [(few, before), (all, after)] => (after as f64 - before as f64) / (all - few) as f64,
        _ => f64::NAN,
    };
    let mut run = |pace| run(&listeners.shared, publisher, pace, plan.phase, pid);
    let paced = run(Pace::Window(1))?;
    let flooded = run(Pace::Window(plan.window))?;
    let events_per_s = flooded.deliveries_per_s / dials.len() as f64;
    let half = run(Pace::Rate(events_per_s / 2.0))?;
    let alike = plan.alike.map_or(Ok(half), |rate| run(Pace::Rate(rate)))?;
    let shared = &listeners.shared;
    let wrong = shared.disorder.load(Ordering::Relaxed) + shared.missed.load(Ordering::Relaxed);
    Ok(Turn {
        server: name.to_owned(),
        listeners: dials.len(),
        idle_bytes,
        paced,
        flooded,
        half,
        alike,
        wrong,
    })
}

fn run(
    shared: &Shared,
    publisher: &mut Publisher,
    pace: Pace,
    phase: Duration,
    pid: u32,
) -> Result<Phase, MeasureError> {
    publish(shared, publisher, pace, WARM)?;
    drop(shared.take_latencies());
    let begin = Instant::now();
    let (deliveries, bytes, usage) = counted(shared, pid);
    publish(shared, publisher, pace, phase)?;
    let took = begin.elapsed().as_secs_f64();
    let (deliveries_after, bytes_after, usage_after) = counted(shared, pid);
    let latencies = shared.take_latencies();
    drain(shared, publisher)?;
    let (came, cpu) = ((deliveries_after - deliveries) as f64, usage_after.since(usage).cpu());
    Ok(Phase {
        deliveries_per_s: came / took,
        cores: cpu.as_secs_f64() / took,
        per_core: came / cpu.as_secs_f64().max(0.01),
        p50_ms: latencies.value_at_quantile(0.50) as f64 / 1_000.0,
        p99_ms: latencies.value_at_quantile(0.99) as f64 / 1_000.0,
        bytes: (bytes_after - bytes) as f64 / came.max(1.0),
    })
}

fn counted(shared: &Shared, pid: u32) -> (u64, u64, Usage) {
    let (deliveries, bytes) = (&shared.deliveries, &shared.bytes);
    (deliveries.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed), Usage::of(pid))
}

/// Publishes at a pace for so long.
fn publish(
    shared: &Shared,
    publisher: &mut Publisher,
    pace: Pace,
    time: Duration,
) -> Result<(), MeasureError> {
    let begin = Instant::now();
    let first = publisher.last();
    let (mut everybody, mut moved) = (shared.everybody_has(), begin);
    while begin.elapsed() < time {
        let out = publisher.last() - everybody;
        let count = match pace {
            Pace::Window(most) => most.saturating_sub(out),
            Pace::Rate(rate) => {
                let due = first + (begin.elapsed().as_secs_f64() * rate) as u32;
                due.saturating_sub(publisher.last())
            }
        };
        if count > 0 {
            publisher.publish(count, shared.now())?;
        } else {
            std::thread::sleep(LOOK);
        }
        let now = shared.everybody_has();
        if now > everybody || now == publisher.last() {
            (everybody, moved) = (now, Instant::now());
        } else if moved.elapsed() > STUCK {
            return Err(stuck(shared, publisher));
        }
    }
    Ok(())
}

/// Waits until everybody has everything.
fn drain(shared: &Shared, publisher: &Publisher) -> Result<(), MeasureError> {
    let begin = Instant::now();
    while shared.everybody_has() < publisher.last() {
        if begin.elapsed() > STUCK {
            return Err(stuck(shared, publisher));
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn stuck(shared: &Shared, publisher: &Publisher) -> MeasureError {
    let behind = |seen: &&AtomicU32| seen.load(Ordering::Relaxed) < publisher.last();
    MeasureError::Stuck {
        lost: shared.lost.load(Ordering::Relaxed),
        behind: shared.seen.iter().filter(behind).count(),
    }
}
