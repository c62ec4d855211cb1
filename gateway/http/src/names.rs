//! Members' names for messages: events name the member by id, people read the name.
//!
//! Looked up once per member and kept for a while: names change rarely, and a bounded number of them fits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use forecourt_core::{
    event::{Author, Event, EventRecord, MessageSeq},
    id::{MemberId, TenantId},
};
use forecourt_ports::store::Store;
use jiff::{SignedDuration, Timestamp};

use crate::gateway::lock;

const MAX_NAMES: usize = 10_000;
const KEPT: SignedDuration = SignedDuration::from_mins(5);

type Known = HashMap<(TenantId, MemberId), (Option<Arc<str>>, Timestamp)>;

#[derive(Default)]
pub(crate) struct Names(Mutex<Known>);

impl Names {
    /// The name of the member who wrote the message of this event; `None` for every other event, and when
    /// the store cannot tell just now.
    pub(crate) async fn of(
        &self,
        store: &dyn Store,
        record: &EventRecord,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let Event::MessagePosted(posted) = &record.event else { return None };
        let Author::Member { member } = posted.author else { return None };
        let key = (record.tenant, member);
        if let Some((name, since)) = lock(&self.0).get(&key)
            && now.duration_since(*since) < KEPT
        {
            return name.clone();
        }
        let before = MessageSeq(posted.seq.0 - 1);
        let stored = store.messages(record.tenant, record.session, before, 1).await.ok()?;
        let message = stored.into_iter().find(|message| message.message == posted.message)?;
        let name: Option<Arc<str>> = message.member_name.map(Arc::from);
        let mut known = lock(&self.0);
        if known.len() >= MAX_NAMES {
            known.clear(); // rarer than a name that changes
        }
        known.insert(key, (name.clone(), now));
        name
    }
}
