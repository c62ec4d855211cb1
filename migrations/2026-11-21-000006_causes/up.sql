-- Why: what led to each decision, and the settings that held, so that it can be taken again (A3).
--
-- Only adds: an engine of before this migration goes on beside a newer one.

ALTER TABLE journal
    ADD COLUMN cause jsonb
        CONSTRAINT journal_cause_check
        CHECK (jsonb_typeof(cause) = 'object' AND pg_column_size(cause) <= 262144);
COMMENT ON COLUMN journal.cause IS
    'On the first event of a decision: the command, the fresh id, and the print of the settings that held. NULL on the others, and on what was stored before causes were.';

CREATE TABLE tenant_settings (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT tenant_settings_tenant_fkey REFERENCES tenants (tenant_id),
    print text NOT NULL
        CONSTRAINT tenant_settings_print_check CHECK (print ~ '^[0-9a-f]{32}$'),
    settings jsonb NOT NULL
        CONSTRAINT tenant_settings_settings_check
        CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 262144),
    since timestamptz NOT NULL,
    CONSTRAINT tenant_settings_pkey PRIMARY KEY (tenant_id, print)
);
COMMENT ON TABLE tenant_settings IS
    'All settings that a tenant ever had, as decisions name them; append-only.';
COMMENT ON COLUMN tenant_settings.print IS 'SHA-256 over the settings as the engine writes them, cut.';

ALTER TABLE tenant_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_settings_own ON tenant_settings
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
GRANT SELECT, INSERT ON tenant_settings TO forecourt_app;
