-- External calendars: whose, what they are busy with, and which bookings stand in them.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and writes nothing into calendars.

CREATE TABLE calendar_accounts (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT calendar_accounts_tenant_fkey REFERENCES tenants (tenant_id),
    calendar_id uuid NOT NULL,
    provider text NOT NULL
        CONSTRAINT calendar_accounts_provider_check
        CHECK (provider IN ('cal_com', 'cal_dav', 'google', 'microsoft')),
    url text
        CONSTRAINT calendar_accounts_url_check CHECK (octet_length(url) <= 2000),
    secret bytea NOT NULL
        CONSTRAINT calendar_accounts_secret_check CHECK (octet_length(secret) <= 16384),
    calendar text NOT NULL DEFAULT ''
        CONSTRAINT calendar_accounts_calendar_check CHECK (octet_length(calendar) <= 2000),
    name text NOT NULL DEFAULT ''
        CONSTRAINT calendar_accounts_name_check CHECK (char_length(name) <= 200),
    resource_id uuid,
    status text NOT NULL
        CONSTRAINT calendar_accounts_status_check
        CHECK (status IN ('choosing', 'active', 'refused')),
    last_error text
        CONSTRAINT calendar_accounts_last_error_check CHECK (char_length(last_error) BETWEEN 1 AND 64),
    failures integer NOT NULL DEFAULT 0
        CONSTRAINT calendar_accounts_failures_check CHECK (failures >= 0),
    failing_since timestamptz,
    read_at timestamptz,
    read_due timestamptz NOT NULL,
    paused_until timestamptz,
    next_at timestamptz NOT NULL,
    claimed_by uuid,
    claimed_until timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT calendar_accounts_pkey PRIMARY KEY (tenant_id, calendar_id),
    CONSTRAINT calendar_accounts_member_fkey FOREIGN KEY (tenant_id, created_by)
        REFERENCES members (tenant_id, member_id),
    CONSTRAINT calendar_accounts_resource_fkey FOREIGN KEY (tenant_id, resource_id)
        REFERENCES resources (tenant_id, resource_id),
    CONSTRAINT calendar_accounts_chosen_check
        CHECK (status <> 'active' OR (calendar <> '' AND resource_id IS NOT NULL)),
    CONSTRAINT calendar_accounts_claim_check
        CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
COMMENT ON TABLE calendar_accounts IS
    'Calendars of people that are connected: each closes one resource where it is busy, and shows the bookings of that resource.';
COMMENT ON COLUMN calendar_accounts.secret IS
    'What opens it; sealed by the engine before it comes here (A14).';
COMMENT ON COLUMN calendar_accounts.calendar IS 'Which one, in the provider''s words; empty until one was chosen.';
COMMENT ON COLUMN calendar_accounts.failing_since IS 'The first failure since it was asked with success.';
COMMENT ON COLUMN calendar_accounts.read_due IS 'When its busy times are read again.';
COMMENT ON COLUMN calendar_accounts.paused_until IS 'After failures nobody asks it before this time.';
COMMENT ON COLUMN calendar_accounts.next_at IS
    'When somebody must look at it: its entries or its busy times are due then.';
COMMENT ON COLUMN calendar_accounts.claimed_by IS 'The one node that asks it; its lease ends at claimed_until.';
CREATE INDEX calendar_accounts_resource_idx ON calendar_accounts (tenant_id, resource_id);
-- For the sweep, which asks over all tenants at once who has to be looked at.
CREATE INDEX calendar_accounts_due_idx ON calendar_accounts (next_at, tenant_id)
    WHERE status = 'active';

CREATE TABLE calendar_busy (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    calendar_id uuid NOT NULL,
    number integer NOT NULL
        CONSTRAINT calendar_busy_number_check CHECK (number >= 0),
    resource_id uuid NOT NULL,
    busy_from timestamptz NOT NULL,
    busy_until timestamptz NOT NULL,
    CONSTRAINT calendar_busy_pkey PRIMARY KEY (tenant_id, calendar_id, number),
    CONSTRAINT calendar_busy_calendar_fkey FOREIGN KEY (tenant_id, calendar_id)
        REFERENCES calendar_accounts (tenant_id, calendar_id) ON DELETE CASCADE,
    CONSTRAINT calendar_busy_time_check CHECK (busy_until > busy_from)
);
COMMENT ON TABLE calendar_busy IS
    'When connected calendars are busy: times alone, and nothing of what they are about. Replaced as a whole.';
CREATE INDEX calendar_busy_resource_idx ON calendar_busy (tenant_id, resource_id, busy_until);

CREATE TABLE calendar_entries (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    calendar_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    status text NOT NULL
        CONSTRAINT calendar_entries_status_check CHECK (status IN ('pending', 'done', 'failed')),
    external_id text
        CONSTRAINT calendar_entries_external_id_check
        CHECK (octet_length(external_id) BETWEEN 1 AND 4000),
    etag text
        CONSTRAINT calendar_entries_etag_check CHECK (octet_length(etag) <= 400),
    wanted bigint NOT NULL
        CONSTRAINT calendar_entries_wanted_check CHECK (wanted >= 0),
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT calendar_entries_attempts_check CHECK (attempts >= 0),
    last_error text
        CONSTRAINT calendar_entries_last_error_check CHECK (char_length(last_error) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT calendar_entries_pkey PRIMARY KEY (tenant_id, calendar_id, booking_id),
    CONSTRAINT calendar_entries_calendar_fkey FOREIGN KEY (tenant_id, calendar_id)
        REFERENCES calendar_accounts (tenant_id, calendar_id) ON DELETE CASCADE,
    CONSTRAINT calendar_entries_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id)
);
COMMENT ON TABLE calendar_entries IS
    'How a booking stands in a connected calendar. Written in the transaction that changes the booking; what is pending is made so as the booking is then.';
COMMENT ON COLUMN calendar_entries.wanted IS
    'Counts the changes of the booking: what was done for an older one is not done.';
COMMENT ON COLUMN calendar_entries.attempts IS
    'Tries since the last change; counted before a try, so that one whose answer was lost is known.';
CREATE INDEX calendar_entries_pending_idx ON calendar_entries (tenant_id, calendar_id, updated_at)
    WHERE status = 'pending';
CREATE INDEX calendar_entries_booking_idx ON calendar_entries (tenant_id, booking_id);

ALTER TABLE calendar_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar_accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE calendar_busy ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar_busy FORCE ROW LEVEL SECURITY;
ALTER TABLE calendar_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE calendar_entries FORCE ROW LEVEL SECURITY;

CREATE POLICY calendar_accounts_own ON calendar_accounts
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY calendar_busy_own ON calendar_busy
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY calendar_entries_own ON calendar_entries
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

-- Which calendars have to be looked at, whose one is, and how many entries are pending; nothing else.
CREATE POLICY calendar_accounts_jobs ON calendar_accounts FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY calendar_entries_jobs ON calendar_entries FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_accounts TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON calendar_busy TO forecourt_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_entries TO forecourt_app;

GRANT SELECT (tenant_id, calendar_id, status, next_at, claimed_until)
    ON calendar_accounts TO forecourt_jobs;
GRANT SELECT (tenant_id, calendar_id, status) ON calendar_entries TO forecourt_jobs;
