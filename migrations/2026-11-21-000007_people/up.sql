-- People who share an inbox: whose a conversation is, and the draft that they write together.
--
-- Only adds: an engine of before this migration goes on beside a newer one.

-- ---- whose it is ----

ALTER TABLE leads ADD COLUMN assignee uuid;
COMMENT ON COLUMN leads.assignee IS
    'Whose conversation it is; NULL when it is anybody''s. No foreign key: members are never deleted, and the commit of a lead should not pay for the look.';
CREATE INDEX leads_assignee_idx ON leads (tenant_id, assignee, created_at DESC, lead_id DESC)
    WHERE assignee IS NOT NULL;
GRANT UPDATE (assignee) ON leads TO forecourt_app;

-- ---- who waits for a person ----

CREATE INDEX sessions_queue_idx ON sessions (tenant_id, waiting_since) WHERE waits_for = 'person';

-- ---- drafts ----

CREATE TABLE session_drafts (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    session_id uuid NOT NULL,
    revision bigint NOT NULL
        CONSTRAINT session_drafts_revision_check CHECK (revision > 0),
    text text NOT NULL
        CONSTRAINT session_drafts_text_check CHECK (char_length(text) <= 5000),
    member_id uuid,
    updated_at timestamptz NOT NULL,
    CONSTRAINT session_drafts_pkey PRIMARY KEY (tenant_id, session_id),
    CONSTRAINT session_drafts_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id),
    CONSTRAINT session_drafts_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES members (tenant_id, member_id)
);
COMMENT ON TABLE session_drafts IS
    'The reply that the members of a tenant are writing in a conversation: it belongs to the conversation, not to who wrote it.';
COMMENT ON COLUMN session_drafts.revision IS
    'Rises with every change, and never begins anew: who saves names the revision that was changed.';
COMMENT ON COLUMN session_drafts.text IS
    'Empty once a member''s message was sent, or somebody threw it away.';
COMMENT ON COLUMN session_drafts.member_id IS 'Who changed it last; NULL when it was sent.';

ALTER TABLE session_drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY session_drafts_own ON session_drafts
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
GRANT SELECT, INSERT ON session_drafts TO forecourt_app;
GRANT UPDATE (revision, text, member_id, updated_at) ON session_drafts TO forecourt_app;
