//! Makes the faults of a scenario at their times, and writes down when each began and ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::control::Control;
use super::disk::SmallDisk;
use crate::model_sim::ModelSim;
use crate::proxy::{Dial, Proxy};
use crate::scenario::{Fault, Link, Scenario, Span, TimedFault};
use crate::smtp_sim::SmtpSim;

/// Faults that are written down (A9).
const MAX_BANDS: usize = 10_000;

/// A fault as it happened, in seconds from the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    pub what: String,
    pub from_s: f64,
    /// None while it lasts.
    pub to_s: Option<f64>,
    /// Why it could not be made.
    pub skipped: Option<String>,
}

/// Everything that faults are made to.
pub struct Stage {
    pub control: Control,
    pub smtp: Arc<SmtpSim>,
    pub model: Option<Arc<ModelSim>>,
    pub proxies: BTreeMap<Link, Proxy>,
    /// The small disk, or why there is none.
    pub disk: Option<Result<SmallDisk, String>>,
    pub clocks_agree: watch::Sender<bool>,
    standing: Mutex<Standing>,
    bands: Mutex<Vec<Band>>,
    start: Instant,
}

/// What holds at the moment, beside what the scenario began with.
#[derive(Default)]
struct Standing {
    smtp: Vec<String>,
    base_smtp: Vec<String>,
    base_model: Option<String>,
    dials: Vec<(Link, Dial)>,
}

impl Stage {
    /// A stage on which nothing has happened yet.
    pub fn new(
        scenario: &Scenario,
        start: Instant,
        control: Control,
        (smtp, model): (Arc<SmtpSim>, Option<Arc<ModelSim>>),
        proxies: BTreeMap<Link, Proxy>,
        disk: Option<Result<SmallDisk, String>>,
    ) -> Self {
        let standing = Standing {
            base_smtp: scenario.smtp.faults.clone(),
            base_model: scenario.model.as_ref().and_then(|model| model.spec.clone()),
            ..Standing::default()
        };
        Self {
            control,
            smtp,
            model,
            proxies,
            disk,
            clocks_agree: watch::Sender::new(true),
            standing: Mutex::new(standing),
            bands: Mutex::default(),
            start,
        }
    }

    /// What happened so far.
    pub fn bands(&self) -> Vec<Band> {
        self.bands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The faults that stand now, for the display.
    pub fn standing_now(&self) -> Vec<String> {
        let open = |band: &Band| band.to_s.is_none() && band.skipped.is_none();
        self.bands().into_iter().filter(open).map(|band| band.what).collect()
    }

    /// Makes all faults; ends when the last one is over. Faults without an end last beyond this.
    pub async fn play(self: &Arc<Self>, scenario: &Scenario) {
        let mut running = JoinSet::new();
        for (at, lasts, what) in moments(scenario) {
            let stage = Arc::clone(self);
            running.spawn(async move {
                tokio::time::sleep_until((stage.start + at).into()).await;
                stage.make(&what, lasts).await;
            });
        }
        while running.join_next().await.is_some() {}
    }

    async fn make(self: &Arc<Self>, what: &Fault, lasts: Option<Duration>) {
        let band = self.open_band(what.to_string());
        if let Err(why) = self.begin(what).await {
            return self.close_band(band, Some(why));
        }
        if what.is_a_blow() {
            return self.close_band(band, None);
        }
        let Some(lasts) = lasts else { return };
        tokio::time::sleep(lasts).await;
        let why = self.end(what).await.err();
        self.close_band(band, why);
    }

    async fn begin(&self, what: &Fault) -> Result<(), String> {
        let control = self.control.clone();
        match what.clone() {
            Fault::Kill { down } => blocking(move || control.kill(down)).await,
            Fault::Term { down } => blocking(move || control.term(down)).await,
            Fault::Clock { by } => {
                let shifted = blocking(move || control.shift_clock(by)).await;
                if shifted.is_ok() {
                    self.clocks_agree.send_replace(by == 0);
                }
                shifted
            }
            Fault::Pause => blocking(move || control.signal(Signal::SIGSTOP)).await,
            Fault::PostgresKill => blocking(move || control.signal_postgres(Signal::SIGKILL)).await,
            Fault::PostgresStop => blocking(move || control.signal_postgres(Signal::SIGINT)).await,
            Fault::BackendKill => blocking(move || control.kill_backend()).await,
            Fault::PostgresPause => {
                blocking(move || control.signal_all_of_postgres(Signal::SIGSTOP)).await
            }
            Fault::DiskFull => self.disk()?.fill().map(|_| ()).map_err(|error| error.to_string()),
            Fault::Model(spec) => self.set_model(Some(&spec)),
            Fault::Smtp(spec) => {
                self.change(|standing| standing.smtp.push(spec));
                self.set_smtp().await
            }
            Fault::Proxy { link, dial, .. } => {
                self.change(|standing| standing.dials.push((link, dial)));
                self.set_dials(link)
            }
        }
    }

    async fn end(&self, what: &Fault) -> Result<(), String> {
        let control = self.control.clone();
        match what.clone() {
            Fault::Pause => blocking(move || control.signal(Signal::SIGCONT)).await,
            Fault::PostgresPause => {
                blocking(move || control.signal_all_of_postgres(Signal::SIGCONT)).await
            }
            Fault::DiskFull => self.disk()?.free().map_err(|error| error.to_string()),
            Fault::Model(_) => {
                let base = self.with(|standing| standing.base_model.clone());
                self.set_model(base.as_deref())
            }
            Fault::Smtp(spec) => {
                self.change(|standing| remove_one(&mut standing.smtp, &spec));
                self.set_smtp().await
            }
            Fault::Proxy { link, dial, .. } => {
                self.change(|standing| remove_one(&mut standing.dials, &(link, dial)));
                self.set_dials(link)
            }
            _ => Ok(()),
        }
    }

    fn disk(&self) -> Result<&SmallDisk, String> {
        match &self.disk {
            Some(Ok(disk)) => Ok(disk),
            Some(Err(why)) => Err(why.clone()),
            None => Err("there is no small disk".to_owned()),
        }
    }

    fn set_model(&self, spec: Option<&str>) -> Result<(), String> {
        let model = self.model.as_ref().ok_or("there is no model")?;
        model.set_scenario(spec).map_err(|error| error.to_string())
    }

    async fn set_smtp(&self) -> Result<(), String> {
        let all = self.with(|standing| [&standing.base_smtp[..], &standing.smtp[..]].concat());
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.smtp.set_faults(&all).await.map_err(|error| error.to_string())
    }

    fn set_dials(&self, link: Link) -> Result<(), String> {
        let proxy = self.proxies.get(&link).ok_or("there is no such proxy")?;
        let of_link = |standing: &mut Standing| {
            let dials = standing.dials.iter().filter(|(of, _)| *of == link);
            dials.map(|(_, dial)| *dial).collect::<Vec<_>>()
        };
        proxy.set(&self.with(of_link));
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Standing)) {
        self.with(change);
    }

    fn with<T>(&self, look: impl FnOnce(&mut Standing) -> T) -> T {
        look(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open_band(&self, what: String) -> Option<usize> {
        let mut bands = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        if bands.len() >= MAX_BANDS {
            return None;
        }
        let from_s = self.start.elapsed().as_secs_f64();
        bands.push(Band { what, from_s, to_s: None, skipped: None });
        Some(bands.len() - 1)
    }

    fn close_band(&self, number: Option<usize>, skipped: Option<String>) {
        let to_s = self.start.elapsed().as_secs_f64();
        let mut bands = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(band) = number.and_then(|number| bands.get_mut(number)) {
            (band.to_s, band.skipped) = (Some(to_s), skipped);
        }
    }
}

/// When each fault begins and how long it lasts; those of phases are as long as their phase.
fn moments(scenario: &Scenario) -> Vec<(Duration, Option<Duration>, Fault)> {
    let mut random = StdRng::seed_from_u64(scenario.seed ^ 0x000F_A017);
    let mut list = Vec::new();
    for TimedFault { at, what, lasts, every, times, jitter } in &scenario.faults {
        for time in 0..*times {
            let middle = at.0 + every.unwrap_or(Span::default()).0 * time;
            let moved = jitter.mul_f64(random.random_range(0.0..2.0));
            let at = (middle + moved).saturating_sub(jitter.0);
            list.push((at, lasts.map(|lasts| lasts.0), what.clone()));
        }
    }
    let mut begins = Duration::ZERO;
    for phase in &scenario.phases {
        let model = phase.model.clone().map(Fault::Model);
        let smtp = phase.smtp.clone().map(Fault::Smtp);
        for what in [model, smtp].into_iter().flatten() {
            list.push((begins, Some(phase.lasts.0), what));
        }
        begins += phase.lasts.0;
    }
    list
}

fn remove_one<T: PartialEq>(list: &mut Vec<T>, what: &T) {
    if let Some(at) = list.iter().position(|item| item == what) {
        list.swap_remove(at);
    }
}

async fn blocking(act: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), String> {
    tokio::task::spawn_blocking(act).await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(faults: &str) -> Scenario {
        let text = format!(
            "name = \"a\"\nabout = \"b\"\nthresholds = []\n[model]\n\
             [[phases]]\nname = \"one\"\nfor = \"10s\"\n\
             [[phases]]\nname = \"two\"\nfor = \"5s\"\nmodel = \"garbage\"\n{faults}"
        );
        Scenario::parse(&text, "s", false, &[]).unwrap()
    }

    #[test]
    fn a_phase_s_fault_is_as_long_as_the_phase() {
        let list = moments(&scenario(""));
        let garbage = Fault::Model("garbage".into());
        assert_eq!(list, [(Duration::from_secs(10), Some(Duration::from_secs(5)), garbage)]);
    }

    #[test]
    fn repeated_faults_keep_their_distance_within_the_jitter() {
        let kills = "[[faults]]\nat = \"2s\"\nwhat = \"kill\"\nevery = \"3s\"\ntimes = 4\n\
                     jitter = \"500ms\"\n";
        let list = moments(&scenario(kills));
        let again = moments(&scenario(kills));
        assert_eq!(list, again, "the seed decides");
        for (number, (at, lasts, what)) in list.iter().take(4).enumerate() {
            let middle = 2.0 + 3.0 * number as f64;
            assert!((at.as_secs_f64() - middle).abs() <= 0.5, "{at:?}");
            assert_eq!((lasts, what), (&None, &Fault::Kill { down: Duration::ZERO }));
        }
    }
}
