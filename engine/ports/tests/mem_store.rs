//! The store in memory keeps the contract of every store, and fails as its dials say.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use forecourt_core::id::NodeId;
use forecourt_ports::{
    contract::{Ground, Stage, WebhookGround},
    fake::MemStore,
    store::{Appended, Batch, NewTenant, Store, StoreError, Webhooks},
    store_contract, webhook_contract,
};
use uuid::Uuid;

struct Memory(MemStore);

#[async_trait]
impl Ground for Memory {
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>) {
        let node = NodeId::from_uuid(Uuid::from_u128(n.into()));
        (node, Arc::new(self.0.node(node)))
    }

    async fn add_tenant(&self, new: NewTenant) {
        self.0.seed_tenant(new);
    }
}

impl WebhookGround for Memory {
    fn webhooks(&self, n: u8) -> Arc<dyn Webhooks> {
        Arc::new(self.0.node(NodeId::from_uuid(Uuid::from_u128(n.into()))))
    }
}

fn memory() -> std::future::Ready<Memory> {
    std::future::ready(Memory(MemStore::new(NodeId::from_uuid(Uuid::nil()))))
}

store_contract!(memory);
webhook_contract!(memory);

#[tokio::test]
async fn a_failed_commit_stores_nothing_and_a_lost_answer_is_stored() {
    let memory = memory().await;
    let stage = Stage::set(&memory).await;
    let state = stage.chat("Hei").await;
    let append = stage.decide(&state, Stage::customer_says("Hallo?", "c-2"));
    let batch = Batch { appends: vec![append], inbound: vec![] };

    memory.0.fail_next_commits(1);
    let failed = stage.store.commit(stage.tenant, &batch).await;
    assert_eq!(failed, Err(StoreError::Unavailable));
    memory.0.commit_then_fail(1);
    let lost = stage.store.commit(stage.tenant, &batch).await;
    assert_eq!(lost, Err(StoreError::Unavailable));
    let again = stage.store.commit(stage.tenant, &batch).await;
    assert_eq!(again, Ok(vec![Appended::Conflict]), "it was stored the second time");
}

#[tokio::test]
async fn a_hook_sees_every_call_and_an_unavailable_store_answers_none() {
    let memory = memory().await;
    let stage = Stage::set(&memory).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    memory.0.set_hook(Some(Arc::new(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Box::pin(tokio::task::yield_now())
    })));
    assert!(stage.store.head(stage.tenant).await.is_ok());
    memory.0.set_unavailable(true);
    assert_eq!(stage.store.head(stage.tenant).await, Err(StoreError::Unavailable));
    memory.0.set_unavailable(false);
    assert!(stage.store.head(stage.tenant).await.is_ok());
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}
