//! What every store keeps of endpoints and calls.

mod calls;
mod endpoints;
mod hearing;

use std::sync::Arc;

use forecourt_core::{
    id::{EndpointId, NodeId},
    session::{Command, LeadSession},
    webhook::{Outcome, Topic},
};
use jiff::SignedDuration;

use super::{Ground, Stage};
use crate::ids::Ids as _;
use crate::{
    fake::PlainEncode,
    store::{
        CallFilter, CallRecord, CallReport, EndpointChange, EndpointRecord, NewEndpoint, Replay,
        Replayed, Reported, Webhooks, Work, WorkAsk,
    },
};

pub use self::{calls::*, endpoints::*, hearing::*};

const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// A ground whose nodes know webhooks.
pub trait WebhookGround: Ground {
    /// The store as node number `n` sees it.
    fn webhooks(&self, n: u8) -> Arc<dyn Webhooks>;
}

/// Makes one `#[tokio::test]` of every test about webhooks; see [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! webhook_contract {
    ($ground:path) => {
        $crate::store_contract!(@each $ground:
            an_endpoint_hears_of_what_comes_after_it_was_made
            an_endpoint_hears_of_its_topics_alone
            of_one_conversation_only_the_oldest_pending_call_is_due
            an_endpoint_is_claimed_by_one_node_until_its_lease_ends
            an_event_becomes_one_call_whoever_takes_it
            a_call_that_is_not_taken_climbs_the_ladder_and_lets_the_next_one_by_when_it_ends
            an_endpoint_that_is_gone_is_paused_at_once_and_people_are_told_once
            an_endpoint_that_fails_for_three_days_is_paused
            a_paused_endpoint_goes_on_where_it_stopped_or_leaves_out_what_waited
            calls_are_replayed_one_or_many_with_the_same_ids
            calls_are_listed_newest_first_and_tell_every_try
            a_rotated_secret_signs_for_a_while
            a_test_waits_for_nobody
            a_tenant_has_so_many_endpoints_and_no_more
            a_deleted_endpoint_is_gone_and_its_calls_follow
            what_has_ended_is_forgotten_after_its_time
            webhooks_of_another_tenant_are_not_there
        );
    };
}

struct Play<'a, G: WebhookGround> {
    stage: Stage<'a>,
    ground: &'a G,
    hooks: Arc<dyn Webhooks>,
}

impl<'a, G: WebhookGround> Play<'a, G> {
    async fn set(ground: &'a G) -> Self {
        let stage = Stage::set(ground).await;
        Self { hooks: ground.webhooks(1), stage, ground }
    }

    async fn endpoint(&self, topics: &[Topic]) -> EndpointId {
        let made = self.hooks.create_endpoint(self.stage.tenant, &self.described(topics)).await;
        made.expect("the store is there").expect("there is room").endpoint
    }

    fn described(&self, topics: &[Topic]) -> NewEndpoint {
        NewEndpoint {
            endpoint: self.stage.ids.endpoint(),
            url: "https://example.com/hook".into(),
            description: Some("Regnskap".into()),
            topics: topics.to_vec(),
            secret: vec![7; 32],
            by: self.stage.member,
            at: self.stage.now,
        }
    }

    async fn find(&self, endpoint: EndpointId) -> Option<EndpointRecord> {
        self.hooks.find_endpoint(self.stage.tenant, endpoint).await.expect("a read")
    }

    async fn claim(&self, node: NodeId) -> usize {
        let claimed = self.hooks.claim_endpoints(node, self.stage.now, LEASE, 10).await;
        claimed.expect("a claim").len()
    }

    async fn work_of(&self, node: NodeId, endpoint: EndpointId, busy: &[i64]) -> Option<Work> {
        let ask = WorkAsk { node, now: self.stage.now, lease: LEASE, busy, room: 100 };
        self.hooks.work(self.stage.tenant, endpoint, &ask, &PlainEncode).await.expect("work")
    }

    /// Takes the endpoint for the first node, and what is due.
    async fn work(&self, endpoint: EndpointId) -> Work {
        self.claim(self.stage.node).await;
        self.work_of(self.stage.node, endpoint, &[]).await.expect("the endpoint is ours")
    }

    async fn report(
        &self,
        endpoint: EndpointId,
        number: i64,
        outcome: Outcome,
    ) -> Option<Reported> {
        let report = CallReport {
            number,
            at: self.stage.now,
            took: std::time::Duration::from_millis(12),
            outcome,
            beginning: "ok".into(),
            retry_after: None,
            now: self.stage.now,
        };
        self.hooks.report_call(self.stage.tenant, endpoint, &report).await.expect("a report")
    }

    async fn change(&self, endpoint: EndpointId, change: EndpointChange) -> EndpointRecord {
        let tenant = self.stage.tenant;
        let changed = self.hooks.change_endpoint(tenant, endpoint, &change, self.stage.now).await;
        changed.expect("a change").expect("the endpoint is there")
    }

    async fn calls(&self, endpoint: EndpointId, filter: CallFilter) -> Vec<CallRecord> {
        let filter = CallFilter { limit: filter.limit.max(50), ..filter };
        self.hooks.list_calls(self.stage.tenant, endpoint, &filter).await.expect("a list")
    }

    async fn say(&self, state: &LeadSession, n: u32) -> LeadSession {
        let command: Command = Stage::customer_says(&format!("Hei {n}"), &format!("w-{n}"));
        self.stage.play(state, command).await
    }

    async fn replay(&self, endpoint: EndpointId, which: Replay) -> Replayed {
        let done = self.hooks.replay_calls(self.stage.tenant, endpoint, &which, self.stage.now);
        done.await.expect("a replay")
    }
}

const TAKEN: Outcome = Outcome::Answered { status: 204 };

const REFUSED: Outcome = Outcome::Answered { status: 500 };

const MESSAGES: &[Topic] = &[Topic::MessagePosted];

fn numbers(work: &Work) -> Vec<i64> {
    work.calls.iter().map(|call| call.number).collect()
}
