-- Tools of tenants' own: HTTP calls that the assistant may wish for, their versions and their last calls.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and offers none of them.

CREATE TABLE tools (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT tools_tenant_fkey REFERENCES tenants (tenant_id),
    tool_id uuid NOT NULL,
    name text NOT NULL
        CONSTRAINT tools_name_check CHECK (name ~ '^[a-z][a-z0-9_]{2,39}$'),
    body jsonb NOT NULL
        CONSTRAINT tools_body_check CHECK (jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 131072),
    headers bytea
        CONSTRAINT tools_headers_check CHECK (octet_length(headers) <= 32768),
    active boolean NOT NULL,
    version bigint NOT NULL
        CONSTRAINT tools_version_check CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT tools_pkey PRIMARY KEY (tenant_id, tool_id),
    CONSTRAINT tools_deleted_check CHECK (deleted_at IS NULL OR headers IS NULL)
);
COMMENT ON TABLE tools IS
    'HTTP calls of a tenant''s own that the assistant may wish for; deletes are soft: deleted_at.';
COMMENT ON COLUMN tools.headers IS
    'Values of its headers; sealed by the engine before they come here (A14).';
CREATE UNIQUE INDEX tools_name_key ON tools (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE tool_versions (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    tool_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT tool_versions_version_check CHECK (version > 0),
    action text NOT NULL
        CONSTRAINT tool_versions_action_check CHECK (action IN ('made', 'changed', 'deleted')),
    body jsonb NOT NULL
        CONSTRAINT tool_versions_body_check CHECK (pg_column_size(body) <= 131072),
    member_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT tool_versions_pkey PRIMARY KEY (tenant_id, tool_id, version),
    CONSTRAINT tool_versions_tool_fkey FOREIGN KEY (tenant_id, tool_id)
        REFERENCES tools (tenant_id, tool_id)
);
COMMENT ON TABLE tool_versions IS
    'Who changed a tool, and how it stood after: one row for each change, never changed.';

CREATE TABLE tool_calls (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    tool_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    version bigint NOT NULL,
    session_id uuid,
    member_id uuid,
    at timestamptz NOT NULL,
    took_ms integer NOT NULL
        CONSTRAINT tool_calls_took_ms_check CHECK (took_ms >= 0),
    status smallint,
    code text NOT NULL
        CONSTRAINT tool_calls_code_check CHECK (char_length(code) BETWEEN 1 AND 64),
    CONSTRAINT tool_calls_pkey PRIMARY KEY (tenant_id, tool_id, number),
    CONSTRAINT tool_calls_tool_fkey FOREIGN KEY (tenant_id, tool_id)
        REFERENCES tools (tenant_id, tool_id)
);
COMMENT ON TABLE tool_calls IS
    'The last calls of each tool: when, how long, how they ended; neither arguments nor answers (A13).';
COMMENT ON COLUMN tool_calls.session_id IS 'The conversation that called; none of a trial.';

CREATE TRIGGER tools_known AFTER INSERT OR UPDATE OR DELETE ON tools
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();

ALTER TABLE tools ENABLE ROW LEVEL SECURITY;
ALTER TABLE tools FORCE ROW LEVEL SECURITY;
ALTER TABLE tool_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE tool_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE tool_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE tool_calls FORCE ROW LEVEL SECURITY;

CREATE POLICY tools_own ON tools
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY tool_versions_own ON tool_versions
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY tool_calls_own ON tool_calls
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

GRANT SELECT, INSERT ON tools TO forecourt_app;
GRANT UPDATE (name, body, headers, active, version, updated_at, deleted_at) ON tools TO forecourt_app;
GRANT SELECT, INSERT ON tool_versions TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON tool_calls TO forecourt_app;
