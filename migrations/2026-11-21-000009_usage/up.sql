-- What models took of a tenant's plan.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and counts nothing.

CREATE TABLE model_usage (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    day date NOT NULL,
    model text NOT NULL
        CONSTRAINT model_usage_model_check CHECK (char_length(model) BETWEEN 1 AND 128),
    answers bigint NOT NULL
        CONSTRAINT model_usage_answers_check CHECK (answers > 0),
    unpriced bigint NOT NULL
        CONSTRAINT model_usage_unpriced_check CHECK (unpriced BETWEEN 0 AND answers),
    prompt_tokens bigint NOT NULL
        CONSTRAINT model_usage_prompt_tokens_check CHECK (prompt_tokens >= 0),
    cached_tokens bigint NOT NULL
        CONSTRAINT model_usage_cached_tokens_check CHECK (cached_tokens BETWEEN 0 AND prompt_tokens),
    output_tokens bigint NOT NULL
        CONSTRAINT model_usage_output_tokens_check CHECK (output_tokens >= 0),
    nano_usd bigint NOT NULL
        CONSTRAINT model_usage_nano_usd_check CHECK (nano_usd >= 0),
    CONSTRAINT model_usage_pkey PRIMARY KEY (tenant_id, day, model),
    CONSTRAINT model_usage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
COMMENT ON TABLE model_usage IS
    'What models took: one row for each day and model, to which every complete answer adds.';
COMMENT ON COLUMN model_usage.day IS 'In the tenant''s zone.';
COMMENT ON COLUMN model_usage.unpriced IS
    'Of the answers, those whose price is not known: they are not in nano_usd.';
COMMENT ON COLUMN model_usage.cached_tokens IS
    'Of the prompts'' tokens, those that came out of the provider''s cache.';
COMMENT ON COLUMN model_usage.nano_usd IS 'Billionths of a US dollar.';

ALTER TABLE model_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY model_usage_own ON model_usage
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
GRANT SELECT, INSERT ON model_usage TO forecourt_app;
GRANT UPDATE (answers, unpriced, prompt_tokens, cached_tokens, output_tokens, nano_usd)
    ON model_usage TO forecourt_app;
