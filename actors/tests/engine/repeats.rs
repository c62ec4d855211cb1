//! R6: whatever a form's sender repeats, reorders or sends to two nodes at once is one lead and one answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use forecourt_actors::{Captured, EngineError};
use forecourt_core::{event::Channel, id::SessionId};
use forecourt_ports::{sender::Letter, store::InboundOutcome};
use futures_util::future::join_all;

use crate::fences::{
    doubles::mix,
    stage::{Stage, at_rest},
};

const SUBMISSIONS: usize = 1_000;
/// Calls that come in at the same time.
const AT_ONCE: usize = 200;

/// Sends a form as a website does: what is turned away for now is sent again.
async fn deliver(stage: &Stage, node: usize, customer: usize) -> Captured {
    for _ in 0..200 {
        match stage.capture_at(node, customer, "Hei, er bilen ledig?").await {
            Ok(captured) => return captured,
            Err(EngineError::Busy { .. } | EngineError::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(refused) => panic!("a form is never refused: {refused}"),
        }
    }
    panic!("turned away for ever");
}

#[actix_rt::test]
async fn a_thousand_forms_sent_one_to_five_times_to_two_nodes_are_a_thousand_leads_and_answers() {
    let mut stage = Stage::new(2, 0).await;
    stage.races.all_open.store(true, Ordering::Relaxed);
    // Repeats come close to each other and in any order, so that many of them meet.
    let mut calls: Vec<(u64, usize, usize)> = Vec::new();
    for customer in 0..SUBMISSIONS {
        for copy in 0..=(mix(customer as u64) % 5) {
            let random = mix((customer as u64) << 8 | copy);
            let place = (customer / 100 * 100) as u64 * 1_000 + random % 100_000;
            calls.push((place, customer, usize::from(random & (1 << 40) == 0)));
        }
    }
    calls.sort_unstable();
    let mut leads: BTreeMap<usize, Vec<Captured>> = BTreeMap::new();
    for batch in calls.chunks(AT_ONCE) {
        let stage = &stage;
        let captured = batch.iter().map(|(_, customer, node)| async move {
            (*customer, deliver(stage, *node, *customer).await)
        });
        for (customer, captured) in join_all(captured).await {
            leads.entry(customer).or_default().push(captured);
        }
    }
    let repeats = calls.len() - SUBMISSIONS;
    let mut sessions: BTreeSet<SessionId> = BTreeSet::new();
    for (customer, answers) in &leads {
        let one: BTreeSet<_> = answers.iter().map(|c| (c.lead, c.session)).collect();
        assert_eq!(one.len(), 1, "customer {customer} has several leads");
        let created = answers.iter().filter(|c| c.outcome == InboundOutcome::Created).count();
        let repeated = answers.iter().filter(|c| c.outcome == InboundOutcome::Repeated).count();
        assert_eq!((created, repeated), (1, answers.len() - 1), "customer {customer}");
        sessions.insert(answers[0].session);
    }
    assert_eq!(sessions.len(), SUBMISSIONS);
    stage.note(sessions.into_iter().map(|session| (session, Channel::Mail)));
    stage.until("answers", |state| at_rest(state) && state.promises.is_empty()).await;
    let sender = Arc::clone(&stage.sender);
    let outcomes = stage.close().await;
    println!("{repeats} repeats of {SUBMISSIONS} forms at two nodes: {outcomes:?}");
    assert!(repeats > SUBMISSIONS, "hardly anything was repeated");
    assert_eq!((outcomes.sessions, outcomes.promises_kept), (SUBMISSIONS, SUBMISSIONS));
    let mut answered: BTreeMap<SessionId, usize> = BTreeMap::new();
    for sent in sender.inner.sent() {
        assert!(matches!(sent.outgoing.letter, Letter::Answer { .. }), "nobody was to be alerted");
        *answered.entry(sent.outgoing.session).or_default() += 1;
    }
    assert_eq!(answered.len(), SUBMISSIONS);
    assert!(answered.values().all(|letters| *letters == 1), "somebody was answered twice");
}
