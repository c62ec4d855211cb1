//! Hostile clients (bar S3): a corpus of what no client should send, spoken to the real engine over WebSocket,
//! event stream and long-poll, and the judgement of what came back.
//!
//! Lives here: [`frame`] writes frames bit by bit, [`sockets`], [`upgrades`] and [`requests`] are the corpus (data:
//! add a line), [`speak`] speaks a case on a connection of its own. A case passes when that one connection gets the
//! code or the problem that the protocol document names, in time. That nobody else notices is for the caller to
//! watch, with a well-behaved client beside it.

pub mod frame;
pub mod requests;
pub mod sockets;
pub mod speak;
pub mod upgrades;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Cases at once.
const AT_ONCE: usize = 48;

/// Whom the corpus is spoken to, and with what.
#[derive(Debug, Clone)]
pub struct Target {
    pub to: SocketAddr,
    /// Of a signed-in member.
    pub cookie: String,
    /// Conversations of that member's tenant, and their tokens: each takes a few streams at once.
    pub sessions: Vec<(String, String)>,
    /// A conversation of another tenant, and its token.
    pub foreign: String,
    pub foreign_token: String,
}

/// A case that did not end as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub case: String,
    pub expected: String,
    pub got: String,
}

/// Speaks the whole corpus, many cases at a time; answers how many there were, and those that failed.
pub async fn assault(target: &Target) -> (usize, Vec<Failure>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let sockets = sockets::all(target).into_iter().map(speak::Spoken::Socket);
    let upgrades = upgrades::all(target).into_iter().map(speak::Spoken::Upgrade);
    let requests = requests::all(target).into_iter().map(speak::Spoken::Request);
    for case in sockets.chain(upgrades).chain(requests) {
        let (places, target) = (Arc::clone(&places), target.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            case.speak(&target).await
        });
    }
    let (mut count, mut failures) = (0, Vec::new());
    while let Some(ended) = running.join_next().await {
        count += 1;
        match ended {
            Ok(failure) => failures.extend(failure),
            Err(error) => failures.push(Failure {
                case: "a case that panicked".to_owned(),
                expected: "an end".to_owned(),
                got: error.to_string(),
            }),
        }
    }
    failures.sort_by(|a, b| a.case.cmp(&b.case));
    (count, failures)
}
