//! One run of a scenario: sets the stage, lets the load come and the faults happen, waits for the last
//! answers, reckons, and reports.
//!
//! The parts: [`control`] holds the engine, [`meter`] measures it, [`faults`] troubles it, [`audit`]
//! compares what it says at the end with the books.

pub mod audit;
pub mod control;
pub mod disk;
pub mod faults;
pub mod meter;
pub mod postgres;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::watch;

use self::audit::Findings;
use self::control::Control;
use self::disk::SmallDisk;
use self::faults::Stage;
use self::meter::Meter;
use self::postgres::OwnPostgres;
use crate::books::verdict::Row;
use crate::books::{Books, Counts};
use crate::engine::{EngineError, Home};
use crate::leads::people::People;
use crate::load::dashboards::Crowd;
use crate::load::{Field, chats, dashboards, forms, members, resumes, slow};
use crate::model_sim::{ModelSim, ModelSimConfig};
use crate::proxy::{Proxy, ProxyError};
use crate::report::Report;
use crate::scenario::{Link, Scenario};
use crate::smtp_sim::{SmtpSim, SmtpSimConfig};

/// Between two looks at the engine's process.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two looks at whether anything is still to come.
const SETTLE_LOOK: Duration = Duration::from_secs(3);
/// As many waiting leads are asked for one by one.
const FEW: usize = 500;
/// How long to wait for the engine to count nothing undone.
const UNDONE: Duration = Duration::from_secs(15);
/// How long somebody tries to get through to an engine that is away.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why there was no run.
#[derive(Debug, Error)]
pub enum RunError {
    #[error("the mail provider does not start")]
    Smtp(#[from] crate::smtp_sim::SmtpSimError),
    #[error("the model does not start")]
    Model(#[from] crate::model_sim::ModelSimError),
    #[error("a proxy does not start")]
    Proxy(#[from] ProxyError),
    #[error("Postgres does not start: {0}")]
    Postgres(String),
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("nobody can sign in to the tenants")]
    SignIn,
    #[error("a part of the run died")]
    Died,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What a progress display shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    pub elapsed: Duration,
    pub length: Duration,
    pub phase: String,
    pub counts: Counts,
    pub rss_mib: f64,
    /// Cores that the engine used since the last look.
    pub cores: f64,
    pub faults: Vec<String>,
}

/// The engine's outside world.
struct World {
    smtp: Arc<SmtpSim>,
    model: Option<Arc<ModelSim>>,
    proxies: BTreeMap<Link, Proxy>,
    postgres: Option<OwnPostgres>,
}

/// Runs a scenario against `binary`.
pub async fn run(
    scenario: &Scenario,
    binary: &Path,
    progress: watch::Sender<Progress>,
) -> Result<Report, RunError> {
    let world = world(scenario).await?;
    let disk = scenario.engine.small_disk_mib.map(SmallDisk::mount);
    let mut home = Home::new(binary, &settings(scenario, &world))?;
    if let Some(Ok(disk)) = &disk {
        home = home.with_data(disk.path().join("data"));
    }
    // The first start makes a database and is no part of the run.
    let meter = Arc::new(Meter::new(Instant::now()));
    let foreign = world.postgres.as_ref().map(OwnPostgres::pid);
    let (control, target) = {
        let meter = Arc::clone(&meter);
        let started = tokio::task::spawn_blocking(move || Control::start(home, meter, foreign));
        started.await.map_err(|_| RunError::Died)??
    };
    let client = crate::load::client()?;
    let cookies =
        dashboards::sign_in(&client, &target, &scenario.tenants).await.ok_or(RunError::SignIn)?;

    let start = Instant::now();
    let books = Arc::new(Books::new(start));
    let tag = format!("s{:x}", scenario.seed);
    let people = People::new(scenario.seed, &tag);
    let field = Field {
        client,
        target,
        tenants: scenario.tenants.clone().into(),
        cookies,
        people: people.clone(),
        books: Arc::clone(&books),
        seed: scenario.seed,
        patience: PATIENCE,
    };
    let World { smtp, model, proxies, postgres } = world;
    let stage = Arc::new(Stage::new(
        scenario,
        start,
        control.clone(),
        (Arc::clone(&smtp), model.clone()),
        proxies,
        disk,
    ));
    let by_members = scenario.phases.iter().any(|phase| phase.members.is_some());
    let reader =
        tokio::spawn(read_mails(Arc::clone(&smtp), people, Arc::clone(&books), by_members));
    let looker = tokio::spawn(look(control.clone()));
    let phase = watch::Sender::new(String::new());
    let teller = tokio::spawn(tell(Teller {
        stage: Arc::clone(&stage),
        books: Arc::clone(&books),
        meter: Arc::clone(&meter),
        phase: phase.subscribe(),
        length: scenario.length(),
        progress,
    }));

    let before = meter.last();
    let crowd = Crowd::new(field.clone(), stage.clocks_agree.subscribe());
    let ((), crowd) =
        tokio::join!(stage.play(scenario), phases(scenario, &field, crowd, start, &phase));
    phase.send_replace("waiting for answers".to_owned());
    settle(scenario, &field, &stage).await;
    crowd.leave().await;
    let took = start.elapsed();

    phase.send_replace("reckoning".to_owned());
    let found = reckon(scenario, &field).await;
    let undone = undone(&field).await;
    looker.abort();
    let peaceful = {
        let control = control.clone();
        tokio::task::spawn_blocking(move || control.finish()).await.map_err(|_| RunError::Died)?
    };
    reader.abort();
    teller.abort();
    let report = Report::new(
        scenario,
        crate::report::Observed {
            books: &books,
            found,
            undone,
            usage_before: before,
            usage: meter.points(),
            offset: start.saturating_duration_since(meter.start()),
            lives: control.lives(),
            bands: stage.bands(),
            smtp_mistakes: smtp.mistakes(),
            model_requests: model.as_ref().map(|model| model.requests().count),
            took,
            peaceful,
            log_tail: control.log_tail(),
        },
    );
    drop((stage, control, postgres));
    Ok(report)
}

async fn world(scenario: &Scenario) -> Result<World, RunError> {
    let smtp = Arc::new(SmtpSim::start(SmtpSimConfig {
        faults: scenario.smtp.faults.clone(),
        max_connections: 10_000,
        ..SmtpSimConfig::default()
    })?);
    let model = scenario.model.as_ref().map(|dials| {
        ModelSim::start(ModelSimConfig {
            seed: scenario.seed,
            first: dials.first.0,
            between: dials.between.0,
            max_concurrent: dials.at_once,
            scenario: dials.spec.clone(),
            ..ModelSimConfig::default()
        })
    });
    let model = model.transpose()?.map(Arc::new);
    let mut postgres = None;
    let mut proxies = BTreeMap::new();
    for link in &scenario.engine.through_proxy {
        let to = match link {
            Link::Smtp => Some(smtp.addr()),
            Link::Model => model.as_ref().map(|model| model.addr()),
            Link::Postgres => {
                let started = tokio::task::spawn_blocking(OwnPostgres::start);
                let started = started.await.map_err(|_| RunError::Died)?;
                let started = started.map_err(RunError::Postgres)?;
                let addr = started.addr();
                postgres = Some(started);
                Some(addr)
            }
        };
        if let Some(to) = to {
            proxies.insert(*link, Proxy::start(0, to)?);
        }
    }
    Ok(World { smtp, model, proxies, postgres })
}

/// The environment of the engine.
fn settings(scenario: &Scenario, world: &World) -> Vec<(String, String)> {
    let through =
        |link: Link, straight: SocketAddr| world.proxies.get(&link).map_or(straight, Proxy::addr);
    let smtp = through(Link::Smtp, world.smtp.addr());
    let mut settings = vec![("FORECOURT_SMTP_URL".to_owned(), format!("smtp://{smtp}"))];
    if let Some(model) = &world.model {
        let model = through(Link::Model, model.addr());
        settings.push(("ANTHROPIC_API_KEY".to_owned(), "simulated".to_owned()));
        settings.push(("ANTHROPIC_BASE_URL".to_owned(), format!("http://{model}")));
    }
    if let Some(own) = &world.postgres {
        let addr = through(Link::Postgres, own.addr());
        settings.push(("DATABASE_URL".to_owned(), postgres::url(addr)));
        // A database that is not the engine's own needs a secret that is: this one guards nothing.
        settings.push(("FORECOURT_SECRET".to_owned(), "of-a-load-test-".repeat(4)));
    }
    settings.extend(scenario.engine.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    settings
}

/// Lets the load of each phase come; answers the dashboards that still listen.
async fn phases(
    scenario: &Scenario,
    field: &Field,
    mut crowd: Crowd,
    start: Instant,
    told: &watch::Sender<String>,
) -> Crowd {
    let mut begins = start;
    let mut tails = tokio::task::JoinSet::new();
    for (number, phase) in (0_u64..).zip(&scenario.phases) {
        told.send_replace(phase.name.clone());
        crowd.become_as(phase.dashboards.unwrap_or_default()).await;
        let lasts = phase.lasts.0;
        if let Some(load) = phase.leads.clone() {
            tails.spawn(forms::run(field.clone(), load, begins, lasts, number));
        }
        if let Some(load) = phase.chats.clone() {
            let deadline = scenario.deadline.0;
            tails.spawn(chats::run(field.clone(), load, begins, lasts, number, deadline));
        }
        if let Some(load) = phase.members.clone() {
            tails.spawn(members::run(field.clone(), load, begins, lasts, number));
        }
        if let Some(load) = phase.resume.clone() {
            tails.spawn(resumes::run(field.clone(), load, begins, lasts, number));
        }
        if let Some(load) = phase.slow.clone() {
            tails.spawn(slow::run(field.clone(), load, begins, lasts, number));
        }
        begins += lasts;
        tokio::time::sleep_until(begins.into()).await;
    }
    told.send_replace("last requests".to_owned());
    // What a phase began ends after it: retries, conversations.
    while tails.join_next().await.is_some() {}
    crowd
}

/// Waits until every acknowledged form has its end, or the time is up; then looks for seconds.
async fn settle(scenario: &Scenario, field: &Field, stage: &Stage) {
    let books = &field.books;
    let mut changes = books.watch();
    let all = async {
        loop {
            let waiting = books.waiting();
            let replies = books.replies_waiting();
            if waiting.is_empty() && replies == 0 {
                return;
            }
            if waiting.len() <= FEW
                && replies == 0
                && stage.standing_now().is_empty()
                && audit::all_final(field, &waiting).await
            {
                return;
            }
            let change = async {
                // An answer is worth a look at once only if it may be the last.
                while changes.changed().await.is_ok()
                    && !(books.waiting().is_empty() && books.replies_waiting() == 0)
                {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            };
            // Its end says that it is time to look again.
            tokio::time::timeout(SETTLE_LOOK, change).await.ok();
        }
    };
    // Too late is what the reckoning calls unanswered.
    tokio::time::timeout(scenario.settle.0, all).await.ok();
    tokio::time::sleep(scenario.linger.0).await;
}

async fn reckon(scenario: &Scenario, field: &Field) -> Findings {
    let mut rows: HashMap<String, Row> = HashMap::new();
    let mut told = true;
    for tenant in 0..field.tenants.len() {
        match audit::leads(field, tenant).await {
            Some(list) => rows.extend(list),
            None => told = false,
        }
    }
    // Forms that were stored without an acknowledgement are known by their address.
    let by_address = rows.values().filter_map(|row| {
        let number = field.people.number(row.email.as_deref()?)?;
        Some((usize::try_from(number).ok()?, row.lead_id.clone()))
    });
    let by_address: HashMap<usize, String> = by_address.collect();
    let (forms, replies) = (field.books.forms(), field.books.replies());
    let mut found = audit::forms(&forms, &replies, &rows, &by_address, scenario.deadline.0);
    let chats = audit::chats(field, &field.books.chats()).await;
    for (figure, count) in chats.figures {
        *found.figures.entry(figure).or_default() += count;
    }
    found.examples.extend(chats.examples);
    for outcome in field.books.resumes() {
        for (figure, count) in [
            ("resume_events", outcome.events),
            ("resume_messages", outcome.messages),
            ("resume_told", outcome.told),
            ("resume_breaks", outcome.breaks),
            ("resume_gaps", outcome.gaps),
            ("resume_missed", outcome.missed),
            ("resume_repeated", outcome.repeated),
            ("resume_invented", outcome.invented),
            ("resume_wrong_snapshots", outcome.wrong_snapshots),
            ("resume_behind", outcome.behind),
        ] {
            *found.figures.entry(figure).or_default() += count as f64;
        }
        found.examples.extend(outcome.examples);
    }
    for outcome in field.books.slows() {
        let [dashboards, visitors] = outcome.never;
        let back = outcome.dashboards_resumed + outcome.visitors_resumed;
        for (figure, found_one) in [
            ("slow_readers_cut", outcome.readers_cut as f64),
            ("slow_never", (dashboards + visitors) as f64),
            ("slow_not_back", (dashboards + visitors - back) as f64),
            ("slow_alone_p99_ms", outcome.alone_p99_ms),
            ("slow_beside_p99_ms", outcome.beside_p99_ms),
            ("slow_p99_ratio", outcome.ratio()),
        ] {
            *found.figures.entry(figure).or_default() += found_one;
        }
        found.examples.extend(outcome.examples);
    }
    if !told {
        found.examples.insert(0, "the engine could not list its leads".to_owned());
    }
    found
}

/// Overdue timers and open deliveries, as the engine's metrics tell them. The engine counts them every few
/// seconds: a number above zero is asked for again.
async fn undone(field: &Field) -> Option<f64> {
    let give_up = Instant::now() + UNDONE;
    loop {
        let counted = undone_now(field).await;
        if counted.is_some_and(|count| count <= 0.0) || Instant::now() >= give_up {
            return counted;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn undone_now(field: &Field) -> Option<f64> {
    let request = field.client.get(field.target.at("/metrics")).timeout(Duration::from_secs(5));
    let text = request.send().await.ok()?.text().await.ok()?;
    // Who never reads cannot see that it was cut; the engine counts it.
    let cut = sum(&text, "forecourt_http_live_cut_total", |_| true) as u64;
    field.books.count(|counts| counts.slow_cut = counts.slow_cut.max(cut));
    Some(sum(&text, "forecourt_undone", |labels| !labels.contains("uncertain")))
}

/// The sum of a metric over the labels that are wanted.
fn sum(text: &str, name: &str, wanted: impl Fn(&str) -> bool) -> f64 {
    let of = |line: &str| {
        let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
        let whole = labels.is_empty() || labels.starts_with('{');
        value.parse::<f64>().ok().filter(|_| whole && wanted(labels))
    };
    text.lines().filter_map(of).sum()
}

async fn look(control: Control) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        let control = control.clone();
        // A look that panicked was told on standard error.
        tokio::task::spawn_blocking(move || control.look()).await.ok();
    }
}

/// Books every mail as it comes, and frees its memory.
async fn read_mails(smtp: Arc<SmtpSim>, people: People, books: Arc<Books>, by_members: bool) {
    let mut count = smtp.watch();
    loop {
        for mail in smtp.take_mails() {
            for recipient in &mail.to {
                let Some(number) = people.number(recipient) else {
                    books.count(|counts| counts.staff_letters += 1);
                    continue;
                };
                let text = by_members.then(|| mail.text()).flatten();
                if let Some(reply) = text.as_deref().and_then(members::number_in) {
                    books.reply_letter(reply);
                } else {
                    let id = mail.message_id();
                    books.letter(usize::try_from(number).ok(), mail.received, id.as_deref());
                }
            }
        }
        if count.changed().await.is_err() {
            return;
        }
    }
}

struct Teller {
    stage: Arc<Stage>,
    books: Arc<Books>,
    meter: Arc<Meter>,
    phase: watch::Receiver<String>,
    length: Duration,
    progress: watch::Sender<Progress>,
}

async fn tell(teller: Teller) {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let mut last = teller.meter.last();
    loop {
        tick.tick().await;
        let now = teller.meter.last();
        let spent = now.engine_cpu_s - last.engine_cpu_s;
        let cores = if now.at_s > last.at_s { spent / (now.at_s - last.at_s) } else { 0.0 };
        last = now;
        teller.progress.send_replace(Progress {
            elapsed: teller.books.start().elapsed(),
            length: teller.length,
            phase: teller.phase.borrow().clone(),
            counts: teller.books.counts(),
            rss_mib: now.rss_mib,
            cores,
            faults: teller.stage.standing_now(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_the_labels_that_are_wanted() {
        let text = "# HELP forecourt_undone x\nforecourt_undone{kind=\"timer_overdue\"} 2\n\
                    forecourt_undone{kind=\"delivery_uncertain\"} 5\nforecourt_undone_else 7\ncut_total 3\n";
        let certain = sum(text, "forecourt_undone", |labels| !labels.contains("uncertain"));
        assert!((certain - 2.0).abs() < f64::EPSILON, "{certain}");
        assert!((sum(text, "cut_total", |_| true) - 3.0).abs() < f64::EPSILON);
        assert!(sum(text, "absent", |_| true).abs() < f64::EPSILON);
    }
}
