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
    /// The name of the member who wrote the message of this event, or took over by it; `None` for every other
    /// event, and when the store cannot tell just now.
    pub(crate) async fn of(
        &self,
        store: &dyn Store,
        record: &EventRecord,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        if let Event::TakenOver { member, .. } = &record.event {
            return self.member(store, record.tenant, *member, now).await;
        }
        let Event::MessagePosted(posted) = &record.event else { return None };
        let Author::Member { member } = posted.author else { return None };
        if let Some(name) = self.known(record.tenant, member, now) {
            return name;
        }
        let before = MessageSeq(posted.seq.0 - 1);
        let stored = store.messages(record.tenant, record.session, before, 1).await.ok()?;
        let message = stored.into_iter().find(|message| message.message == posted.message)?;
        let name: Option<Arc<str>> = message.member_name.map(Arc::from);
        self.keep(record.tenant, member, name.clone(), now);
        name
    }

    /// The name of a member of the tenant's; `None` when there is no such member, or the store cannot tell.
    pub(crate) async fn member(
        &self,
        store: &dyn Store,
        tenant: TenantId,
        member: MemberId,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        if let Some(name) = self.known(tenant, member, now) {
            return name;
        }
        for mate in store.team(tenant).await.ok()? {
            self.keep(tenant, mate.member.member, Some(mate.member.name.into()), now);
        }
        self.known(tenant, member, now).flatten()
    }

    #[expect(clippy::option_option, reason = "not known, known to have none, and a name")]
    fn known(
        &self,
        tenant: TenantId,
        member: MemberId,
        now: Timestamp,
    ) -> Option<Option<Arc<str>>> {
        let known = lock(&self.0);
        let (name, since) = known.get(&(tenant, member))?;
        (now.duration_since(*since) < KEPT).then(|| name.clone())
    }

    fn keep(&self, tenant: TenantId, member: MemberId, name: Option<Arc<str>>, now: Timestamp) {
        let mut known = lock(&self.0);
        if known.len() >= MAX_NAMES {
            known.clear(); // rarer than a name that changes
        }
        known.insert((tenant, member), (name, now));
    }
}
