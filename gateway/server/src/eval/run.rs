//! Plays the cases that are asked for, several at once, each on a thread and a clock of its own.

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context as _;
use forecourt_ports::clock::Clock;

use super::{
    cases::{self, Case},
    config::{EvalArgs, Runner},
    play::{LiveModels, Played, play},
    record,
    scorecard::Scorecard,
};
use crate::{clock::SystemClock, models};

/// Plays what was asked for; false when a case failed.
pub(crate) fn run(args: &EvalArgs) -> anyhow::Result<bool> {
    let began = Instant::now();
    let all = match &args.cases {
        Some(folder) => cases::from_dir(folder)?,
        None => cases::embedded()?,
    };
    let chosen = chosen(all, args.runner, args.filter.as_deref());
    anyhow::ensure!(!chosen.is_empty(), "no case is so: try without --filter or --runner");
    let played = match args.runner {
        Some(Runner::Live) => live(args, &chosen)?,
        _ => play_all(&chosen)?,
    };
    if let Some(folder) = &args.record {
        write_down(folder, &chosen, &played)?;
    }
    let card = Scorecard::new(&chosen, &played, began.elapsed());
    if args.json {
        println!("{}", serde_json::to_string_pretty(&card.json())?);
    } else {
        print!("{}", card.text(args.transcripts));
    }
    Ok(card.is_whole())
}

/// The cases of a runner that a filter leaves; all runners but the live one without a choice.
pub(super) fn chosen(all: Vec<Case>, runner: Option<Runner>, filter: Option<&str>) -> Vec<Case> {
    let fits = |case: &Case| {
        let of = match runner {
            Some(Runner::Live) => case.runner == Runner::House,
            Some(runner) => case.runner == runner,
            None => true,
        };
        let has = |text: &str| filter.is_none_or(|part| text.contains(part));
        let names = [&case.file, &case.name, &case.theme, &case.business.pack];
        of && (names.into_iter().any(|name| has(name)) || has(case.lang.tag()))
    };
    all.into_iter().filter(fits).collect()
}

/// Plays the cases under virtual clocks; the answers stand in the cases' order.
pub(super) fn play_all(cases: &[Case]) -> anyhow::Result<Vec<Played>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(cases.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(place) else { break };
                    let played = alone(case);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, played));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, played)| played).collect()
}

/// One case on this thread. Time passes only when nothing can run.
fn alone(case: &Case) -> anyhow::Result<Played> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("no runtime")?;
    let system = actix::System::with_tokio_rt(|| runtime);
    let played = system.block_on(play(case, None));
    drop(system); // and with it everything that still runs
    played.with_context(|| format!("{}.toml: {}", case.file, case.name))
}

/// Writes what models answered, a file for each business and language.
fn write_down(folder: &Path, cases: &[Case], played: &[Played]) -> anyhow::Result<()> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (case, played) in cases.iter().zip(played) {
        let Some(recording) = &played.recording else { continue };
        let name = format!("recorded-{}-{}.toml", case.world, case.lang);
        let file = files.entry(name).or_insert_with(|| record::head(case, &case.world));
        file.push('\n');
        file.push_str(recording);
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The cases of the house, answered by the configured model, one after the other.
fn live(args: &EvalArgs, cases: &[Case]) -> anyhow::Result<Vec<Played>> {
    let io = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("no runtime")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock { offset: jiff::SignedDuration::ZERO });
    let (primary, second) = models::wire(&args.model, &clock, io.handle())?;
    let models = LiveModels { primary, second };
    let mut played = Vec::new();
    for case in cases {
        let system = actix::System::new();
        let one = system.block_on(play(case, Some(&models)));
        drop(system);
        played.push(one.with_context(|| format!("{}.toml: {}", case.file, case.name))?);
    }
    Ok(played)
}
