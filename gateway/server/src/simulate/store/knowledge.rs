//! What the assistant knows and may call: knowledge, websites and custom tools.

use async_trait::async_trait;
use forecourt_core::{
    entry::{EntryId, EntryKind},
    id::{NodeId, QuestionId, SessionId, TenantId, ToolId, TurnId, WebsiteId},
    lang::Lang,
};
use forecourt_ports::store::{
    StoreError,
    knowledge::{
        self, ChangeRecord, Entry, EntryWrite, GroundRecord, KnowledgeBase, Passage, QuestionEnd,
        QuestionRecord, SettingsWrite, SettingsWritten, Stood, Subject,
    },
    tools::{CustomTools, ToolCall, ToolRecord, ToolVersion, ToolWrite, ToolWritten},
    websites::{WebsiteAdded, WebsiteEnd, WebsiteRecord, Websites},
};
use jiff::{SignedDuration, Timestamp};

use super::NodeStore;

#[async_trait]
impl KnowledgeBase for NodeStore {
    async fn list_entries(
        &self,
        tenant: TenantId,
        kind: EntryKind,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(self.inner.list_entries(tenant, kind)).await
    }

    async fn find_entry(&self, tenant: TenantId, id: EntryId) -> Result<Option<Entry>, StoreError> {
        self.read(self.inner.find_entry(tenant, id)).await
    }

    async fn write_entry(
        &self,
        tenant: TenantId,
        write: &EntryWrite,
    ) -> Result<knowledge::Written, StoreError> {
        self.read(self.inner.write_entry(tenant, write)).await
    }

    async fn history(
        &self,
        tenant: TenantId,
        of: Subject,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read(self.inner.history(tenant, of, limit)).await
    }

    async fn write_settings(
        &self,
        tenant: TenantId,
        write: &SettingsWrite,
    ) -> Result<SettingsWritten, StoreError> {
        self.read(self.inner.write_settings(tenant, write)).await
    }

    async fn search_knowledge(
        &self,
        tenant: TenantId,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError> {
        self.read(self.inner.search_knowledge(tenant, query, lang, limit)).await
    }

    async fn note_uses(
        &self,
        tenant: TenantId,
        session: SessionId,
        turn: TurnId,
        used: &[Stood],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(self.inner.note_uses(tenant, session, turn, used, now)).await
    }

    async fn grounds(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<GroundRecord>, StoreError> {
        self.read(self.inner.grounds(tenant, session)).await
    }

    async fn note_unanswered(
        &self,
        tenant: TenantId,
        session: SessionId,
        lang: Lang,
        question: &str,
        id: QuestionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let noted = self.inner.note_unanswered(tenant, session, lang, question, id, now);
        self.read(noted).await
    }

    async fn unanswered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<QuestionRecord>, StoreError> {
        self.read(self.inner.unanswered(tenant, limit)).await
    }

    async fn settle_question(
        &self,
        tenant: TenantId,
        question: QuestionId,
        end: QuestionEnd,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.settle_question(tenant, question, end)).await
    }
}

#[async_trait]
impl Websites for NodeStore {
    async fn add_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        url: &str,
        now: Timestamp,
    ) -> Result<WebsiteAdded, StoreError> {
        self.read(self.inner.add_website(tenant, id, url, now)).await
    }

    async fn list_websites(&self, tenant: TenantId) -> Result<Vec<WebsiteRecord>, StoreError> {
        self.read(self.inner.list_websites(tenant)).await
    }

    async fn read_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.read_website(tenant, id, now)).await
    }

    async fn delete_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.delete_website(tenant, id, now)).await
    }

    async fn claim_websites(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<(TenantId, WebsiteRecord)>, StoreError> {
        self.read(self.inner.claim_websites(node, now, lease, limit)).await
    }

    async fn tell_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        so_far: (u32, u32),
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.tell_website(tenant, id, node, so_far, now, lease)).await
    }

    async fn end_website(
        &self,
        tenant: TenantId,
        id: WebsiteId,
        node: NodeId,
        end: &WebsiteEnd,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.read(self.inner.end_website(tenant, id, node, end, next_at, now)).await
    }
}

#[async_trait]
impl CustomTools for NodeStore {
    async fn list_tools(&self, tenant: TenantId) -> Result<Vec<ToolRecord>, StoreError> {
        self.read(self.inner.list_tools(tenant)).await
    }

    async fn find_tool(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<ToolRecord>, StoreError> {
        self.read(self.inner.find_tool(tenant, tool)).await
    }

    async fn tool_headers(
        &self,
        tenant: TenantId,
        tool: ToolId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.inner.tool_headers(tenant, tool)).await
    }

    async fn write_tool(
        &self,
        tenant: TenantId,
        write: &ToolWrite,
    ) -> Result<ToolWritten, StoreError> {
        self.read(self.inner.write_tool(tenant, write)).await
    }

    async fn tool_versions(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolVersion>, StoreError> {
        self.read(self.inner.tool_versions(tenant, tool, limit)).await
    }

    async fn note_tool_call(&self, tenant: TenantId, call: &ToolCall) -> Result<(), StoreError> {
        self.read(self.inner.note_tool_call(tenant, call)).await
    }

    async fn tool_calls(
        &self,
        tenant: TenantId,
        tool: ToolId,
        limit: u32,
    ) -> Result<Vec<ToolCall>, StoreError> {
        self.read(self.inner.tool_calls(tenant, tool, limit)).await
    }
}
