//! The engine under test as faults and samples see it: one process after the other, over the same data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;

use super::meter::Meter;
use crate::engine::usage::children;
use crate::engine::{EngineError, Home, Running};

/// What became of restarts.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Lives {
    /// From a start to ready, in milliseconds; the first start is the first.
    pub starts_ms: Vec<f64>,
    /// From SIGTERM to the end, in milliseconds.
    pub drains_ms: Vec<f64>,
    /// Ends that nobody asked for.
    pub died: u64,
    /// Starts that failed.
    pub failed_starts: u64,
}

struct State {
    home: Home,
    running: Option<Running>,
    lives: Lives,
    /// The Postgres of the harness, if the engine has none of its own.
    foreign_postgres: Option<u32>,
}

/// Handle of the engine; clones lead to the same one.
#[derive(Clone)]
pub struct Control {
    state: Arc<Mutex<State>>,
    meter: Arc<Meter>,
    /// While something is done to the process on purpose, its end is no surprise.
    busy: Arc<AtomicBool>,
}

impl Control {
    /// Starts the engine of `home`. Blocks.
    pub fn start(
        mut home: Home,
        meter: Arc<Meter>,
        foreign_postgres: Option<u32>,
    ) -> Result<(Self, crate::leads::Target), EngineError> {
        let began = Instant::now();
        let running = home.start()?;
        let target = running.target()?.clone();
        let mut lives = Lives::default();
        lives.starts_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        let state = State { home, running: Some(running), lives, foreign_postgres };
        let busy = Arc::new(AtomicBool::new(false));
        Ok((Self { state: Arc::new(Mutex::new(state)), meter, busy }, target))
    }

    /// What became of starts and stops so far.
    pub fn lives(&self) -> Lives {
        self.lock().lives.clone()
    }

    /// The end of the engine's log.
    pub fn log_tail(&self) -> String {
        self.lock().home.log_tail()
    }

    /// The whole log.
    pub fn log(&self) -> std::path::PathBuf {
        self.lock().home.log()
    }

    /// Takes a sample; an engine that has ended by itself is started again, as a supervisor would.
    pub fn look(&self) {
        if self.busy.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.lock();
        self.meter.look(state.running.as_ref().map(Running::pid), state.postmaster());
        if state.running.as_mut().is_some_and(Running::has_ended) {
            state.lives.died += 1;
            state.running = None;
            // A start that fails is counted, and tried again by nobody: the run will show it.
            state.start_again().ok();
        }
    }

    /// SIGKILL, and a start after `down`. Blocks.
    pub fn kill(&self, down: Duration) -> Result<(), String> {
        self.deliberately(|state| {
            self.meter.look(state.running.as_ref().map(Running::pid), state.postmaster());
            if let Some(running) = state.running.take() {
                running.crash();
            }
            std::thread::sleep(down);
            state.start_again()
        })
    }

    /// SIGTERM, its end, and a start after `down`. Blocks.
    pub fn term(&self, down: Duration) -> Result<(), String> {
        self.deliberately(|state| {
            self.meter.look(state.running.as_ref().map(Running::pid), state.postmaster());
            state.drain();
            std::thread::sleep(down);
            state.start_again()
        })
    }

    /// A restart with the clock shifted. Blocks. A build that refuses goes on with the right clock.
    pub fn shift_clock(&self, by: i64) -> Result<(), String> {
        const NAME: &str = "FORECOURT_CLOCK_OFFSET_S";
        self.deliberately(|state| {
            state.drain();
            state.home.set(NAME, &by.to_string());
            if state.start_again().is_ok() {
                return Ok(());
            }
            let why = state.home.log_tail();
            state.home.unset(NAME);
            state.start_again()?;
            state.lives.failed_starts = state.lives.failed_starts.saturating_sub(1);
            if why.contains("debug build") {
                Err("the clock can be shifted in debug builds alone".to_owned())
            } else {
                Err(format!("the engine does not start with a shifted clock: {why}"))
            }
        })
    }

    /// Sends a signal to the engine.
    pub fn signal(&self, signal: Signal) -> Result<(), String> {
        let state = self.lock();
        let running = state.running.as_ref().ok_or("the engine does not run")?;
        running.signal(signal).map_err(|error| error.to_string())
    }

    /// Sends a signal to Postgres' first process.
    pub fn signal_postgres(&self, signal: Signal) -> Result<(), String> {
        let pid = self.lock().postmaster().ok_or("there is no Postgres")?;
        send(pid, signal)
    }

    /// Sends a signal to Postgres and all of its server processes.
    pub fn signal_all_of_postgres(&self, signal: Signal) -> Result<(), String> {
        let pid = self.lock().postmaster().ok_or("there is no Postgres")?;
        send(pid, signal)?;
        for child in children(pid) {
            // It may have ended just now.
            send(child, signal).ok();
        }
        Ok(())
    }

    /// SIGKILL to a server process that serves a connection.
    pub fn kill_backend(&self) -> Result<(), String> {
        let pid = self.lock().postmaster().ok_or("there is no Postgres")?;
        let serves = |pid: &u32| {
            let title = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&title).contains("forecourt")
        };
        let backend = children(pid).into_iter().find(serves).ok_or("no connection is served")?;
        send(backend, Signal::SIGKILL)
    }

    /// Asks the engine to end for good; says whether it went in peace. Blocks.
    pub fn finish(&self) -> bool {
        self.busy.store(true, Ordering::Release);
        let mut state = self.lock();
        self.meter.look(state.running.as_ref().map(Running::pid), state.postmaster());
        state.drain()
    }

    fn deliberately(
        &self,
        act: impl FnOnce(&mut State) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut state = self.lock();
        self.busy.store(true, Ordering::Release);
        let done = act(&mut state);
        self.busy.store(false, Ordering::Release);
        done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn postmaster(&self) -> Option<u32> {
        self.foreign_postgres.or_else(|| self.home.postmaster())
    }

    fn drain(&mut self) -> bool {
        let Some(running) = self.running.take() else { return false };
        let began = Instant::now();
        let peaceful = running.stop();
        self.lives.drains_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        peaceful
    }

    fn start_again(&mut self) -> Result<(), String> {
        let began = Instant::now();
        match self.home.start() {
            Ok(running) => {
                self.running = Some(running);
                self.lives.starts_ms.push(began.elapsed().as_secs_f64() * 1000.0);
                Ok(())
            }
            Err(error) => {
                self.lives.failed_starts += 1;
                Err(error.to_string())
            }
        }
    }
}

fn send(pid: u32, signal: Signal) -> Result<(), String> {
    kill(Pid::from_raw(pid.cast_signed()), signal).map_err(|error| error.to_string())
}
