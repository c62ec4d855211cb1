//! Reads the websites of tenants: when they are asked for, and each week again.
//!
//! A reading is claimed in the store for [`LEASE`], and the claim renewed while it lasts; a node that dies leaves it
//! to another within seconds, and one that has lost its claim reads no further. What was read replaces what was read before in one commit; what failed leaves it as it was.
//!
//! # Invariants
//! - **A9** [`AT_ONCE`] sites are read at once by a node;
//! - **A6** what is read is stored as text, searched as text, and shown to models as text.

use std::{collections::HashSet, sync::Arc, time::Duration};

use forecourt_core::{
    id::TenantId,
    lang::Lang,
    search,
    website::{self, MAX_PASSAGES},
};
use forecourt_ports::{
    store::websites::{PagePassage, WebsiteEnd, WebsiteRecord},
    web::{Progress, ReadSite, Web},
};
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{engine::Engine, names};

/// How often it is looked for websites that are to be read.
const LOOK: Duration = Duration::from_secs(2);
/// How long a claim holds: so long after a node has died, another one reads the site.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often a claim is renewed while a reading is under way.
const RENEW: SignedDuration = SignedDuration::from_secs(5);
/// Sites that are read at once.
const AT_ONCE: u32 = 2;
/// Between two readings of a site that nobody asks for.
const REFRESH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// After a reading that failed.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// How often the progress of a reading is written down.
const TELL: Duration = Duration::from_millis(500);

impl Engine {
    /// Reads websites with `web` from now on, as long as the engine lives.
    pub fn read_websites(&self, web: Arc<dyn Web>) {
        let (engine, io) = (self.downgrade(), self.ports().io.clone());
        self.ports().io.spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut running = tokio::task::JoinSet::new();
            loop {
                look.tick().await;
                while running.try_join_next().is_some() {}
                let Some(engine) = engine.get().filter(|engine| !engine.is_closed()) else { break };
                let free = AT_ONCE.saturating_sub(running.len() as u32);
                if free == 0 || engine.is_stopping() {
                    continue;
                }
                let ports = engine.ports();
                let claim = ports.store.claim_websites(ports.node, ports.clock.now(), LEASE, free);
                for (tenant, site) in claim.await.unwrap_or_default() {
                    let one = read(engine.clone(), Arc::clone(&web), tenant, site);
                    running.spawn_on(one, &io);
                }
            }
        });
    }
}

async fn read(engine: Engine, web: Arc<dyn Web>, tenant: TenantId, site: WebsiteRecord) {
    let ports = engine.ports();
    let (sender, mut told) = watch::channel((0, 0));
    let progress: Progress = Arc::new(move |seen, read| {
        sender.send_replace((seen, read));
    });
    let reading = web.read(&site.url, progress);
    tokio::pin!(reading);
    let mut tell = tokio::time::interval(TELL);
    let mut renewed = ports.clock.now();
    let read = loop {
        tokio::select! {
            read = &mut reading => break read,
            _ = tell.tick() => {
                let now = ports.clock.now();
                let is_due = now.duration_since(renewed) >= RENEW;
                if !is_due && !told.has_changed().unwrap_or_default() {
                    continue;
                }
                let so_far = *told.borrow_and_update();
                let held = ports.store.tell_website(tenant, site.id, ports.node, so_far, now, LEASE);
                match held.await {
                    Ok(true) => renewed = now,
                    // Deleted, or this node stood still and another one reads it.
                    Ok(false) => {
                        tracing::info!(website.id = %site.id, "a reading was given up: its claim is lost");
                        return;
                    }
                    Err(error) => {
                        tracing::debug!(website.id = %site.id, %error, "the progress of a reading was not told");
                    }
                }
            }
        }
    };
    let now = ports.clock.now();
    let (end, pause, result) = match read {
        Ok(read) => (kept(read), REFRESH, "read"),
        Err(error) => (WebsiteEnd::Failed { code: error.0 }, AGAIN, "failed"),
    };
    metrics::counter!(names::WEBSITES, "result" => result).increment(1);
    let next = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    let ended = ports.store.end_website(tenant, site.id, ports.node, &end, next, now).await;
    match ended {
        Ok(true) => {
            tracing::info!(tenant.id = %tenant, website.id = %site.id, result, "a website was read");
        }
        // Deleted meanwhile, or taken up by another node.
        Ok(false) => {
            tracing::info!(website.id = %site.id, "what was read of a website was not needed any more");
        }
        Err(error) => {
            tracing::warn!(website.id = %site.id, %error, "what was read of a website was not stored");
        }
    }
}

/// Cuts pages into passages; the same text under the same heading is kept once.
fn kept(read: ReadSite) -> WebsiteEnd {
    let (seen, pages, mut code) = (read.seen, read.pages.len() as u32, read.cut);
    let mut known = HashSet::new();
    let mut passages = Vec::new();
    for page in read.pages {
        for piece in website::cut(&page.title, &page.blocks) {
            if passages.len() == MAX_PASSAGES {
                code = Some("passages");
                break;
            }
            // Menus and footers stand on every page: once is enough.
            if !known.insert(search::fold(&format!("{} {}", piece.heading, piece.text))) {
                continue;
            }
            let id = search::passage_id(&[&page.url, &piece.heading, &piece.text]);
            let lang = Lang::detect(&piece.text).or_else(|| Lang::detect(&page.title));
            passages.push(PagePassage {
                id,
                url: page.url.clone(),
                heading: piece.heading,
                lang: lang.unwrap_or(Lang::En),
                text: piece.text,
            });
        }
    }
    WebsiteEnd::Read { passages, seen, pages, code }
}
