//! A database of one's own with two nodes at it.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::id::NodeId;
use forecourt_ports::{
    contract::{Ground, WebhookGround},
    store::{NewTenant, Store, Webhooks},
};
use forecourt_store::{PgStore, testing::TestDb};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) struct Postgres {
    pub(crate) db: TestDb,
}

impl Postgres {
    pub(crate) fn store(&self, n: u8) -> (NodeId, PgStore) {
        let node = NodeId::from_uuid(Uuid::from_u128(n.into()));
        (node, PgStore::new(self.db.db().clone(), self.db.jobs().clone(), node))
    }
}

#[async_trait]
impl Ground for Postgres {
    fn node(&self, n: u8) -> (NodeId, Arc<dyn Store>) {
        let (node, store) = self.store(n);
        (node, Arc::new(store))
    }

    async fn add_tenant(&self, new: NewTenant) {
        let made = self.store(1).1.create_tenant(&new, Timestamp::UNIX_EPOCH).await;
        assert_eq!(made, Ok((new.snapshot.id, true)));
    }
}

impl WebhookGround for Postgres {
    fn webhooks(&self, n: u8) -> Arc<dyn Webhooks> {
        Arc::new(self.store(n).1)
    }
}

pub(crate) async fn postgres() -> Postgres {
    Postgres { db: TestDb::new().await }
}
