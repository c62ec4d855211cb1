-- Outgoing webhooks: endpoints of integrators, the calls that are owed to them, and every try.
--
-- Only adds: an engine of before this migration goes on beside a newer one. An endpoint has a cursor in its
-- tenant's log, so the commit of an event writes nothing here.

CREATE TABLE webhook_endpoints (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT webhook_endpoints_tenant_fkey REFERENCES tenants (tenant_id),
    endpoint_id uuid NOT NULL,
    url text NOT NULL
        CONSTRAINT webhook_endpoints_url_check CHECK (octet_length(url) <= 2000),
    description text
        CONSTRAINT webhook_endpoints_description_check
        CHECK (char_length(description) BETWEEN 1 AND 200),
    topics text[] NOT NULL
        CONSTRAINT webhook_endpoints_topics_check CHECK (cardinality(topics) <= 64),
    secret bytea NOT NULL
        CONSTRAINT webhook_endpoints_secret_check CHECK (octet_length(secret) <= 512),
    old_secret bytea
        CONSTRAINT webhook_endpoints_old_secret_check CHECK (octet_length(old_secret) <= 512),
    old_secret_until timestamptz,
    status text NOT NULL
        CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('active', 'paused', 'deleted')),
    paused_why text
        CONSTRAINT webhook_endpoints_paused_why_check
        CHECK (paused_why IN ('member', 'gone', 'failing')),
    paused_at timestamptz,
    notice text
        CONSTRAINT webhook_endpoints_notice_check
        CHECK (notice IN ('due', 'begun', 'sent', 'failed')),
    notice_at timestamptz,
    cursor bigint NOT NULL
        CONSTRAINT webhook_endpoints_cursor_check CHECK (cursor >= 0),
    last_number bigint NOT NULL DEFAULT 0
        CONSTRAINT webhook_endpoints_last_number_check CHECK (last_number >= 0),
    failing_since timestamptz,
    accepted_at timestamptz,
    next_at timestamptz,
    claimed_by uuid,
    claimed_until timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (tenant_id, endpoint_id),
    CONSTRAINT webhook_endpoints_member_fkey FOREIGN KEY (tenant_id, created_by)
        REFERENCES members (tenant_id, member_id),
    CONSTRAINT webhook_endpoints_paused_check
        CHECK ((status = 'paused') = (paused_why IS NOT NULL) AND (paused_why IS NULL) = (paused_at IS NULL))
);
COMMENT ON TABLE webhook_endpoints IS
    'Integrators'' addresses that hear of what happens. A deleted one stays, without address and secrets, until its calls are gone.';
COMMENT ON COLUMN webhook_endpoints.topics IS 'What it hears of; empty means everything.';
COMMENT ON COLUMN webhook_endpoints.secret IS
    'Signs calls; sealed by the engine before it comes here (A14).';
COMMENT ON COLUMN webhook_endpoints.cursor IS
    'Up to this place of the tenant''s log events have become calls; moves in the transaction that writes them.';
COMMENT ON COLUMN webhook_endpoints.last_number IS 'Number of the newest call.';
COMMENT ON COLUMN webhook_endpoints.failing_since IS
    'The first failure since the last accepted call.';
COMMENT ON COLUMN webhook_endpoints.next_at IS
    'When somebody must look at its calls again, unless the log has grown before; NULL when none is pending.';
COMMENT ON COLUMN webhook_endpoints.claimed_by IS 'The one node that calls it; its lease ends at claimed_until.';
COMMENT ON COLUMN webhook_endpoints.notice IS
    'How the letter stands that tells the tenant''s people of a pause.';

CREATE TABLE webhook_calls (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    endpoint_id uuid NOT NULL,
    number bigint NOT NULL
        CONSTRAINT webhook_calls_number_check CHECK (number > 0),
    entity_id uuid NOT NULL,
    seq bigint,
    topic text NOT NULL
        CONSTRAINT webhook_calls_topic_check CHECK (char_length(topic) BETWEEN 1 AND 64),
    event_id text NOT NULL
        CONSTRAINT webhook_calls_event_id_check CHECK (char_length(event_id) BETWEEN 1 AND 64),
    body text NOT NULL
        CONSTRAINT webhook_calls_body_check CHECK (octet_length(body) <= 262144),
    status text NOT NULL
        CONSTRAINT webhook_calls_status_check
        CHECK (status IN ('pending', 'accepted', 'failed', 'skipped')),
    tries integer NOT NULL DEFAULT 0
        CONSTRAINT webhook_calls_tries_check CHECK (tries >= 0),
    run integer NOT NULL DEFAULT 0
        CONSTRAINT webhook_calls_run_check CHECK (run >= 0),
    next_at timestamptz NOT NULL,
    last text
        CONSTRAINT webhook_calls_last_check CHECK (char_length(last) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT webhook_calls_pkey PRIMARY KEY (tenant_id, endpoint_id, number),
    CONSTRAINT webhook_calls_seq_key UNIQUE (tenant_id, endpoint_id, seq),
    CONSTRAINT webhook_calls_endpoint_fkey FOREIGN KEY (tenant_id, endpoint_id)
        REFERENCES webhook_endpoints (tenant_id, endpoint_id)
);
COMMENT ON TABLE webhook_calls IS
    'One event for one endpoint; kept for thirty days after its end.';
COMMENT ON COLUMN webhook_calls.number IS 'Place among the calls of its endpoint; rises with seq.';
COMMENT ON COLUMN webhook_calls.entity_id IS
    'Whose order it keeps: the conversation. Of one entity only the oldest pending call is due.';
COMMENT ON COLUMN webhook_calls.seq IS 'The event''s place in the tenant''s log; NULL for a test.';
COMMENT ON COLUMN webhook_calls.event_id IS
    'The webhook-id: the same at every try, replay and endpoint.';
COMMENT ON COLUMN webhook_calls.body IS 'What is signed and sent, the same at every try.';
COMMENT ON COLUMN webhook_calls.run IS 'Tries since it was queued or replayed last: its place on the ladder.';
-- Which call of a conversation is the oldest pending one, and what is due.
CREATE INDEX webhook_calls_pending_idx ON webhook_calls (tenant_id, endpoint_id, entity_id, number)
    WHERE status = 'pending';
CREATE INDEX webhook_calls_due_idx ON webhook_calls (tenant_id, endpoint_id, number)
    WHERE status = 'pending';
CREATE INDEX webhook_calls_failed_idx ON webhook_calls (tenant_id, endpoint_id, number)
    WHERE status = 'failed';
-- What is old enough to be forgotten.
CREATE INDEX webhook_calls_ended_idx ON webhook_calls (tenant_id, updated_at)
    WHERE status <> 'pending';

CREATE TABLE webhook_tries (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    endpoint_id uuid NOT NULL,
    number bigint NOT NULL,
    attempt integer NOT NULL
        CONSTRAINT webhook_tries_attempt_check CHECK (attempt > 0),
    at timestamptz NOT NULL,
    took_ms integer NOT NULL
        CONSTRAINT webhook_tries_took_ms_check CHECK (took_ms >= 0),
    status smallint,
    code text
        CONSTRAINT webhook_tries_code_check CHECK (char_length(code) BETWEEN 1 AND 64),
    beginning text NOT NULL
        CONSTRAINT webhook_tries_beginning_check CHECK (octet_length(beginning) <= 1024),
    CONSTRAINT webhook_tries_pkey PRIMARY KEY (tenant_id, endpoint_id, number, attempt),
    CONSTRAINT webhook_tries_call_fkey FOREIGN KEY (tenant_id, endpoint_id, number)
        REFERENCES webhook_calls (tenant_id, endpoint_id, number) ON DELETE CASCADE,
    CONSTRAINT webhook_tries_outcome_check CHECK ((status IS NULL) <> (code IS NULL))
);
COMMENT ON TABLE webhook_tries IS 'Every try of a call: when, how long, what was answered.';
COMMENT ON COLUMN webhook_tries.beginning IS 'The beginning of the answer''s body.';

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_calls FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_tries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_tries FORCE ROW LEVEL SECURITY;

CREATE POLICY webhook_endpoints_own ON webhook_endpoints
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY webhook_calls_own ON webhook_calls
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY webhook_tries_own ON webhook_tries
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

-- Which endpoints owe calls, and how many calls are pending; never what they say or where they go.
CREATE POLICY webhook_endpoints_jobs ON webhook_endpoints FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY webhook_calls_jobs ON webhook_calls FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON webhook_calls TO forecourt_app;
GRANT UPDATE (status, tries, run, next_at, last, updated_at) ON webhook_calls TO forecourt_app;
GRANT SELECT, INSERT ON webhook_tries TO forecourt_app;

GRANT SELECT (tenant_id, endpoint_id, status, cursor, next_at, claimed_until, notice, notice_at)
    ON webhook_endpoints TO forecourt_jobs;
GRANT SELECT (tenant_id, endpoint_id, status, updated_at) ON webhook_calls TO forecourt_jobs;
GRANT SELECT (last_seq) ON tenants TO forecourt_jobs;
