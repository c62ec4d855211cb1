//! Conversations: their journal, decisions, leads, and what people do in them.

use async_trait::async_trait;
use forecourt_core::{
    capture::Known,
    contact::{Email, Phone},
    effect::Effect,
    event::{EventRecord, MessageSeq, Seq, Version},
    id::{AttachmentId, LeadId, MemberId, MessageId, SessionId, TenantId},
    session::replay::StoredDecision,
    settings::TenantSettings,
};
use forecourt_ports::store::{
    Appended, Batch, Decisions, Head, Journal, LeadDetail, LeadFilter, LeadPage, LeadRow, Leads,
    Loaded, StoreError, StoredMessage,
    attachments::{AttachmentKept, AttachmentRecord, Attachments},
    replies::{Rated, Replies, ReplyFigures, ReplyRating},
};
use jiff::Timestamp;

use super::{NodeStore, at_once};
use crate::simulate::{faults::Fault, world::Sabotage};

#[async_trait]
impl Journal for NodeStore {
    async fn commit(&self, tenant: TenantId, batch: &Batch) -> Result<Vec<Appended>, StoreError> {
        self.enter().await?;
        if self.world.strikes(Fault::StoreRefused) {
            return Err(StoreError::Unavailable);
        }
        let sabotage = self.world.lock().sabotage;
        if sabotage == Sabotage::AckUnstored && self.world.lock().faults.dice().chance(20) {
            let first = self.world.lock().witness.tenants.get(&tenant).copied().unwrap_or(0) + 1;
            return Ok(batch
                .appends
                .iter()
                .map(|_| Appended::Stored { first: Seq(first) })
                .collect());
        }
        let stored = if sabotage == Sabotage::LoseTimers {
            let mut batch = batch.clone();
            for append in &mut batch.appends {
                append.effects.retain(|effect| !matches!(effect, Effect::SetTimer { .. }));
            }
            at_once(self.io.as_ref(), self.inner.commit(tenant, &batch)).await
        } else {
            at_once(self.io.as_ref(), self.inner.commit(tenant, batch)).await
        };
        if let Ok(appended) = &stored {
            self.world.lock().committed(self.node, tenant, &batch.appends, appended);
        }
        self.leave().await;
        if self.world.strikes(Fault::StoreUnknown) {
            return Err(StoreError::Unavailable);
        }
        stored
    }

    async fn load(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Loaded>, StoreError> {
        self.read(self.inner.load(tenant, session)).await
    }

    async fn head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        self.read(self.inner.head(tenant)).await
    }

    async fn replay(
        &self,
        tenant: TenantId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.read(self.inner.replay(tenant, after, limit)).await
    }

    async fn replay_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.read(self.inner.replay_session(tenant, session, after, limit)).await
    }

    async fn messages(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: MessageSeq,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.read(self.inner.messages(tenant, session, after, limit)).await
    }
}

#[async_trait]
impl Leads for NodeStore {
    async fn known(
        &self,
        tenant: TenantId,
        email: &Email,
        phone: Option<&Phone>,
    ) -> Result<Known, StoreError> {
        self.read(self.inner.known(tenant, email, phone)).await
    }

    async fn list_leads(
        &self,
        tenant: TenantId,
        filter: &LeadFilter,
    ) -> Result<LeadPage, StoreError> {
        self.read(self.inner.list_leads(tenant, filter)).await
    }

    async fn find_lead(
        &self,
        tenant: TenantId,
        lead: LeadId,
    ) -> Result<Option<LeadDetail>, StoreError> {
        self.read(self.inner.find_lead(tenant, lead)).await
    }

    async fn lead_rows(
        &self,
        tenant: TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<LeadRow>, StoreError> {
        self.read(self.inner.lead_rows(tenant, sessions)).await
    }
}

#[async_trait]
impl Decisions for NodeStore {
    async fn keep_settings(
        &self,
        tenant: TenantId,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.keep_settings(tenant, settings, now)).await
    }

    async fn kept_settings(&self, tenant: TenantId) -> Result<Vec<TenantSettings>, StoreError> {
        self.read(self.inner.kept_settings(tenant)).await
    }

    async fn decisions(
        &self,
        tenant: TenantId,
        session: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        self.read(self.inner.decisions(tenant, session, after, limit)).await
    }

    async fn tenant_of(&self, session: SessionId) -> Result<Option<TenantId>, StoreError> {
        self.read(self.inner.tenant_of(session)).await
    }
}

#[async_trait]
impl Attachments for NodeStore {
    async fn put_attachment(
        &self,
        tenant: TenantId,
        file: &AttachmentRecord,
    ) -> Result<AttachmentKept, StoreError> {
        self.read(self.inner.put_attachment(tenant, file)).await
    }

    async fn find_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<Option<AttachmentRecord>, StoreError> {
        self.read(self.inner.find_attachment(tenant, session, attachment)).await
    }

    async fn delete_attachment(
        &self,
        tenant: TenantId,
        session: SessionId,
        attachment: AttachmentId,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.delete_attachment(tenant, session, attachment)).await
    }
}

#[async_trait]
impl Replies for NodeStore {
    async fn rate(&self, tenant: TenantId, rating: &ReplyRating) -> Result<Rated, StoreError> {
        self.read(self.inner.rate(tenant, rating)).await
    }

    async fn unrate(
        &self,
        tenant: TenantId,
        session: SessionId,
        message: MessageId,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.unrate(tenant, session, message, member)).await
    }

    async fn ratings(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<ReplyRating>, StoreError> {
        self.read(self.inner.ratings(tenant, session)).await
    }

    async fn reply_figures(
        &self,
        tenant: TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReplyFigures>, StoreError> {
        self.read(self.inner.reply_figures(tenant, from, until)).await
    }
}
