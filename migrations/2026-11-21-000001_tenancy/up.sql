-- Tenants and the people who work for them.
--
-- Every table with a `tenant_id` follows the same rules, which a test reads back from the catalog:
-- row-level security enabled AND forced, a policy on `(SELECT app_tenant())`, a primary key and
-- indexes that start with `tenant_id`, foreign keys between tenants' tables that carry it (checks
-- of foreign keys bypass row-level security), a comment, and no grant that is not written here.
-- Times have no defaults: the engine's clock writes them.

CREATE FUNCTION app_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    -- A setting that was reset reads '', not NULL.
    AS $$ SELECT NULLIF(pg_catalog.current_setting('app.tenant_id', true), '')::uuid $$;
COMMENT ON FUNCTION app_tenant() IS
    'The tenant of this transaction (app.tenant_id), or NULL outside of one. Every policy asks it.';

CREATE FUNCTION app_tenant_slug() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(pg_catalog.current_setting('app.tenant_slug', true), '') $$;
COMMENT ON FUNCTION app_tenant_slug() IS
    'The public slug (app.tenant_slug) that this transaction may resolve to a tenant, or NULL.';

CREATE TABLE platform_settings (
    key text PRIMARY KEY
        CONSTRAINT platform_settings_key_check CHECK (key ~ '^[a-z][a-z0-9_.-]{0,63}$'),
    value bytea NOT NULL
        CONSTRAINT platform_settings_value_check CHECK (octet_length(value) <= 65536),
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE platform_settings IS
    'What all nodes must agree on and no tenant owns: signing secret, stream epoch. Written once per key by the node that comes first; holds no tenant''s data.';
COMMENT ON COLUMN platform_settings.value IS
    'Bytes as the writer of the key defines them; secrets are sealed before they come here.';

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY DEFAULT app_tenant(),
    slug text NOT NULL
        CONSTRAINT tenants_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
    name text NOT NULL
        CONSTRAINT tenants_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    pack text NOT NULL
        CONSTRAINT tenants_pack_check
        CHECK (pack IN ('dealer', 'portal', 'rental', 'garage', 'secretary')),
    settings jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT tenants_settings_check
        CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 262144),
    epoch bigint NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0
        CONSTRAINT tenants_last_seq_check CHECK (last_seq >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT tenants_slug_key UNIQUE (slug)
);
COMMENT ON TABLE tenants IS
    'One business each: the boundary no row, event or query crosses (A8).';
COMMENT ON COLUMN tenants.slug IS
    'The public name in addresses; a DNS label. Unique over all tenants, and readable without a tenant''s scope only by who already knows it (app_tenant_slug).';
COMMENT ON COLUMN tenants.pack IS 'Which modules, tools, prompts and screens are switched on.';
COMMENT ON COLUMN tenants.epoch IS
    'Epoch of the tenant''s event log; a cursor of another epoch must take a snapshot.';
COMMENT ON COLUMN tenants.last_seq IS
    'Sequence number of the last event of this epoch; the commit that appends events moves it.';

CREATE TABLE members (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT members_tenant_fkey REFERENCES tenants (tenant_id),
    member_id uuid NOT NULL,
    email text NOT NULL
        CONSTRAINT members_email_check
        CHECK (char_length(email) BETWEEN 3 AND 254 AND email ~ '^[^@\s]+@[^@\s]+$'),
    name text NOT NULL
        CONSTRAINT members_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    password_hash text
        CONSTRAINT members_password_hash_check CHECK (char_length(password_hash) <= 512),
    role text NOT NULL
        CONSTRAINT members_role_check CHECK (role IN ('owner', 'manager', 'seller')),
    language text NOT NULL
        CONSTRAINT members_language_check CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (tenant_id, member_id)
);
COMMENT ON TABLE members IS 'People who work for a tenant. Deletes are soft: active = false.';
COMMENT ON COLUMN members.email IS
    'Login name: unique per tenant whatever its case; the same person may work for two tenants.';
COMMENT ON COLUMN members.password_hash IS
    'PHC string of the password; NULL until the member has chosen one.';
COMMENT ON COLUMN members.language IS 'BCP 47 tag of the language the dashboard speaks.';
CREATE UNIQUE INDEX members_email_key ON members (tenant_id, lower(email));

CREATE TABLE staff_sessions (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    token_hash bytea NOT NULL
        CONSTRAINT staff_sessions_token_hash_check CHECK (octet_length(token_hash) = 32),
    member_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT staff_sessions_pkey PRIMARY KEY (tenant_id, token_hash),
    CONSTRAINT staff_sessions_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES members (tenant_id, member_id) ON DELETE CASCADE,
    CONSTRAINT staff_sessions_expiry_check CHECK (expires_at > created_at)
);
COMMENT ON TABLE staff_sessions IS
    'Logged-in members. A logout, a new password or a new role deletes the rows.';
COMMENT ON COLUMN staff_sessions.token_hash IS
    'SHA-256 of the token; the token itself is only in the member''s cookie.';
CREATE INDEX staff_sessions_member_idx ON staff_sessions (tenant_id, member_id);
-- For the sweep, which asks over all tenants at once who has expired sessions.
CREATE INDEX staff_sessions_due_idx ON staff_sessions (expires_at);

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
ALTER TABLE staff_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_sessions FORCE ROW LEVEL SECURITY;

-- In a sub-select the function runs once per statement, not once per row.
CREATE POLICY tenants_own ON tenants
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY tenants_by_slug ON tenants
    FOR SELECT TO forecourt_app USING (slug = (SELECT app_tenant_slug()));
CREATE POLICY members_own ON members
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY staff_sessions_own ON staff_sessions
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

-- The jobs role sees which tenants owe work, never what: the grants below name single columns.
CREATE POLICY tenants_jobs ON tenants FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY staff_sessions_jobs ON staff_sessions FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT ON platform_settings TO forecourt_app;
GRANT SELECT, INSERT ON tenants TO forecourt_app;
GRANT UPDATE (slug, name, pack, settings, epoch, last_seq, updated_at) ON tenants TO forecourt_app;
GRANT SELECT, INSERT ON members TO forecourt_app;
GRANT UPDATE (email, name, password_hash, role, language, active) ON members TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON staff_sessions TO forecourt_app;
GRANT UPDATE (expires_at, last_seen_at) ON staff_sessions TO forecourt_app;

GRANT SELECT (tenant_id) ON tenants TO forecourt_jobs;
GRANT SELECT (tenant_id, expires_at) ON staff_sessions TO forecourt_jobs;
