-- Files that customers send in the chat: their bytes. What a conversation knows of them (which message they
-- came with, what arrived, what failed) stands in its events.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and shows none of them.

CREATE TABLE attachments (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    attachment_id uuid NOT NULL,
    session_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT attachments_kind_check CHECK (kind IN ('jpeg', 'png', 'webp', 'heic', 'pdf')),
    sha256 bytea NOT NULL
        CONSTRAINT attachments_sha256_check CHECK (octet_length(sha256) = 32),
    body bytea NOT NULL
        CONSTRAINT attachments_body_check CHECK (octet_length(body) BETWEEN 1 AND 10485760),
    created_at timestamptz NOT NULL,
    CONSTRAINT attachments_pkey PRIMARY KEY (tenant_id, attachment_id),
    CONSTRAINT attachments_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id) ON DELETE CASCADE
);
COMMENT ON TABLE attachments IS
    'The bytes of customers'' files, once all of them are here; they go with their conversation.';
COMMENT ON COLUMN attachments.kind IS 'By the first bytes, never by a claim of the sender''s (A6).';
COMMENT ON COLUMN attachments.sha256 IS 'Of the body: tells a repeat from another file.';
-- Pictures and PDFs are compressed as they are.
ALTER TABLE attachments ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX attachments_session_idx ON attachments (tenant_id, session_id);

ALTER TABLE attachments ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachments FORCE ROW LEVEL SECURITY;

CREATE POLICY attachments_own ON attachments
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

GRANT SELECT, INSERT, DELETE ON attachments TO forecourt_app;
