//! `forecourt session replay`: a conversation's decisions, taken again, with what is behind each (A3).
//!
//! Lives here: [`run`], and how a session is read page by page; [`render`] says it to people and programs;
//! [`hide`] keeps out of it what people wrote. It only reads, also from an engine that runs.
//!
//! # Invariants
//! - **A9** a page has a bound, and so has a session;
//! - **A13** without `--text`, nothing is printed that a person wrote or that tells who they are.

mod hide;
mod render;
#[cfg(test)]
mod tests;

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use forecourt_core::{
    event::Version,
    id::{NodeId, SessionId, TenantId},
    session::{
        LeadSession,
        replay::{Recorded, StoredDecision},
    },
};
use forecourt_ports::{
    ids::Ids as _,
    store::{Decisions, Journal as _},
};
use forecourt_store::pg::PgStore;

use self::render::Report;
use crate::{clock::SystemIds, config::ReplayArgs, database};

/// Events that one read takes; more than the store gives at a time would not help.
const PAGE: u32 = 10_000;
/// Events that a session may have; the longest real ones have some thousands.
const MOST_EVENTS: usize = 200_000;
/// How often a session that goes on meanwhile is looked at, until journal and snapshot are of one moment.
const LOOKS: u32 = 10;
const NOTE: &str = "Recorded by `forecourt session replay --as-test`. It holds what the customer wrote and who they \
                    are (personal data), and the tenant's settings.";

/// A session as it is stored.
struct Stored {
    tenant: TenantId,
    recorded: Recorded,
    /// What a node that wakes the session begins with.
    snapshot: LeadSession,
}

/// Whether every decision is as it was, and leads to the state that is stored.
pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<bool> {
    let io = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let node = NodeId::from_uuid(SystemIds.uuid());
    let opened = database::open_to_read(&args.database, node, io.handle())?;
    let found = io.block_on(read(&opened.store, args.session));
    opened.store.close();
    if let Some(cluster) = opened.cluster {
        cluster.stop();
    }
    let stored =
        found?.with_context(|| format!("there is no conversation {} here", args.session))?;

    let (steps, state) = stored.recorded.replay();
    let report = Report {
        session: args.session,
        tenant: stored.tenant,
        steps: &steps,
        state: &state,
        snapshot: &stored.snapshot,
        text: args.text,
    };
    say(&if args.json { report.json() } else { report.people() })?;
    if let Some(path) = &args.as_test {
        let path = write_test(path, &stored.recorded)?;
        eprintln!(
            "written to {}; it holds the customer's words and name (personal data)",
            path.display()
        );
    }
    Ok(report.is_same())
}

async fn read(store: &PgStore, session: SessionId) -> anyhow::Result<Option<Stored>> {
    let Some(tenant) = store.tenant_of(session).await.context("the database cannot be read")?
    else {
        return Ok(None);
    };
    let mut decisions = Vec::new();
    let mut looks = 0;
    let snapshot = loop {
        read_on(store, tenant, session, &mut decisions, PAGE).await?;
        let loaded = store.load(tenant, session).await.context("its snapshot cannot be read")?;
        let Some(loaded) = loaded else { return Ok(None) };
        looks += 1;
        if loaded.state.version == end(&decisions) || looks == LOOKS {
            break loaded.state;
        }
    };
    let settings = store.kept_settings(tenant).await.context("the settings cannot be read")?;
    // Only what its causes name: a test does not need the others.
    let named = |print: String| {
        decisions.iter().filter_map(|one| one.cause.as_ref()).any(|cause| cause.settings == print)
    };
    let settings = settings.into_iter().filter(|settings| named(settings.print())).collect();
    let recorded = Recorded { note: NOTE.into(), session, settings, decisions };
    Ok(Some(Stored { tenant, recorded, snapshot }))
}

/// Reads what comes after the last of `decisions`, `page` events at a time.
async fn read_on(
    store: &dyn Decisions,
    tenant: TenantId,
    session: SessionId,
    decisions: &mut Vec<StoredDecision>,
    page: u32,
) -> anyhow::Result<()> {
    loop {
        let read = store.decisions(tenant, session, end(decisions), page).await;
        let mut read = read.context("its journal cannot be read")?;
        let full = events(&read) >= page as usize;
        // The last one of a full page may go on after it: it comes whole with the next page.
        if full && read.len() > 1 {
            read.pop();
        }
        decisions.append(&mut read);
        anyhow::ensure!(
            events(decisions) <= MOST_EVENTS,
            "the conversation has more than {MOST_EVENTS} events"
        );
        if !full {
            return Ok(());
        }
    }
}

fn events(decisions: &[StoredDecision]) -> usize {
    decisions.iter().map(|one| one.events.len()).sum()
}

/// Place of the last event.
fn end(decisions: &[StoredDecision]) -> Version {
    decisions.last().map_or(Version::default(), |last| {
        Version(last.version.0.saturating_add_unsigned(last.events.len() as u64) - 1)
    })
}

/// To standard output; a reader who has seen enough is no failure.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// Writes what was recorded to the file, or into the folder, and says where.
fn write_test(path: &Path, recorded: &Recorded) -> anyhow::Result<PathBuf> {
    let is_file = path.extension().is_some_and(|extension| extension == "json") && !path.is_dir();
    anyhow::ensure!(
        is_file || path.is_dir(),
        "there is no folder `{}`; run this in Forecourt's sources, or give --as-test=FILE.json",
        path.display()
    );
    let file =
        if is_file { path.to_owned() } else { path.join(format!("{}.json", recorded.session)) };
    let json = serde_json::to_string_pretty(recorded)?;
    // Only its owner reads it, until they decide otherwise.
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file);
    opened
        .and_then(|mut out| writeln!(out, "{json}"))
        .with_context(|| format!("`{}` cannot be written", file.display()))?;
    Ok(file)
}
