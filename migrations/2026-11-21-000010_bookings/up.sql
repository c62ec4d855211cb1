-- Appointments: what can be booked, who has it when, and the letters that follow.
--
-- Behind the arbiter of each resource stands booking_takes_apart: two takes of one unit never overlap,
-- whatever a bug or a second node decides (A12). Writers lock (tenant, resource) by an advisory lock
-- first, in one order: an exclusion constraint alone would let rivals wait for each other.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- ---- what can be booked ----

CREATE TABLE resources (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT resources_tenant_fkey REFERENCES tenants (tenant_id),
    resource_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT resources_kind_check
        CHECK (kind IN ('vehicle', 'bay', 'person', 'room', 'service')),
    name text NOT NULL
        CONSTRAINT resources_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    capacity integer NOT NULL
        CONSTRAINT resources_capacity_check CHECK (capacity BETWEEN 0 AND 1000),
    buffer_before_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT resources_buffer_before_check CHECK (buffer_before_minutes BETWEEN 0 AND 720),
    buffer_after_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT resources_buffer_after_check CHECK (buffer_after_minutes BETWEEN 0 AND 720),
    vehicle_id uuid,
    hours jsonb
        CONSTRAINT resources_hours_check
        CHECK (jsonb_typeof(hours) = 'object' AND pg_column_size(hours) <= 65536),
    active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1
        CONSTRAINT resources_version_check CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT resources_pkey PRIMARY KEY (tenant_id, resource_id),
    CONSTRAINT resources_vehicle_fkey FOREIGN KEY (tenant_id, vehicle_id)
        REFERENCES vehicles (tenant_id, vehicle_id)
);
COMMENT ON TABLE resources IS
    'What one booking at a time has: vehicles, bays, people, rooms, and the own places of services, whose id is the service''s. Deletes are soft: active = false.';
COMMENT ON COLUMN resources.capacity IS 'How many units it has; a booking sits in one of them.';
COMMENT ON COLUMN resources.hours IS 'Its own working hours; NULL for the tenant''s.';
COMMENT ON COLUMN resources.version IS
    'Raised by everything that changes what is free of it: an arbiter that decided from an older one decides again.';

CREATE TABLE resource_blocks (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    block_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT resource_blocks_kind_check CHECK (kind IN ('block', 'maintenance')),
    label text
        CONSTRAINT resource_blocks_label_check CHECK (char_length(label) BETWEEN 1 AND 200),
    starts_at text NOT NULL
        CONSTRAINT resource_blocks_starts_at_check CHECK (char_length(starts_at) <= 40),
    zone text NOT NULL
        CONSTRAINT resource_blocks_zone_check CHECK (char_length(zone) BETWEEN 1 AND 64),
    minutes integer NOT NULL
        CONSTRAINT resource_blocks_minutes_check CHECK (minutes BETWEEN 1 AND 527040),
    rule text
        CONSTRAINT resource_blocks_rule_check CHECK (char_length(rule) <= 500),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT resource_blocks_pkey PRIMARY KEY (tenant_id, block_id),
    CONSTRAINT resource_blocks_resource_fkey FOREIGN KEY (tenant_id, resource_id)
        REFERENCES resources (tenant_id, resource_id)
);
COMMENT ON TABLE resource_blocks IS
    'Times at which a resource cannot be booked. Deletes are soft: active = false.';
COMMENT ON COLUMN resource_blocks.starts_at IS
    'On the wall clock of the zone, without an offset: a weekly block stays at nine when the clock changes.';
COMMENT ON COLUMN resource_blocks.rule IS 'RFC 5545 RRULE; NULL for once.';
CREATE INDEX resource_blocks_resource_idx ON resource_blocks (tenant_id, resource_id) WHERE active;

ALTER TABLE services
    ADD COLUMN buffer_before_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT services_buffer_before_check CHECK (buffer_before_minutes BETWEEN 0 AND 720),
    ADD COLUMN buffer_after_minutes integer NOT NULL DEFAULT 0
        CONSTRAINT services_buffer_after_check CHECK (buffer_after_minutes BETWEEN 0 AND 720),
    ADD COLUMN horizon_days integer NOT NULL DEFAULT 90
        CONSTRAINT services_horizon_days_check CHECK (horizon_days BETWEEN 1 AND 400),
    ADD COLUMN needs jsonb NOT NULL DEFAULT '[]'
        CONSTRAINT services_needs_check
        CHECK (jsonb_typeof(needs) = 'array' AND pg_column_size(needs) <= 16384);
COMMENT ON COLUMN services.horizon_days IS 'The latest start, counted from now.';
COMMENT ON COLUMN services.needs IS
    'What it needs, each a different resource; empty for its own places.';

-- ---- bookings ----

ALTER TABLE bookings
    ADD COLUMN status text NOT NULL DEFAULT 'booked'
        CONSTRAINT bookings_status_check
        CHECK (status IN ('held', 'booked', 'cancelled', 'expired', 'no_show')),
    ADD COLUMN version bigint NOT NULL DEFAULT 1
        CONSTRAINT bookings_version_check CHECK (version > 0),
    ADD COLUMN hold_until timestamptz,
    ADD COLUMN session_id uuid,
    ADD COLUMN client_id text
        CONSTRAINT bookings_client_id_check CHECK (char_length(client_id) BETWEEN 1 AND 200),
    ADD COLUMN state jsonb
        CONSTRAINT bookings_state_check
        CHECK (jsonb_typeof(state) = 'object' AND pg_column_size(state) <= 65536),
    ADD COLUMN updated_at timestamptz,
    ADD CONSTRAINT bookings_hold_check CHECK ((status = 'held') = (hold_until IS NOT NULL));
COMMENT ON TABLE bookings IS
    'Appointments, from the hold to the end. Which units of which resources they have stands in booking_takes.';
COMMENT ON COLUMN bookings.hold_until IS
    'A hold is over at this time, whether or not anybody has written that down.';
COMMENT ON COLUMN bookings.client_id IS
    'The caller''s own id of the wish: the same again is the same booking.';
COMMENT ON COLUMN bookings.state IS 'The whole booking; NULL for what was imported.';
CREATE UNIQUE INDEX bookings_client_id_key ON bookings (tenant_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX bookings_starts_idx ON bookings (tenant_id, starts_at, booking_id);
CREATE INDEX bookings_session_idx ON bookings (tenant_id, session_id) WHERE session_id IS NOT NULL;
-- For the sweep, which asks over all tenants at once whose holds are over.
CREATE INDEX bookings_held_idx ON bookings (hold_until, tenant_id) WHERE status = 'held';

CREATE TABLE booking_takes (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    booking_id uuid NOT NULL,
    resource_id uuid NOT NULL,
    unit integer NOT NULL
        CONSTRAINT booking_takes_unit_check CHECK (unit BETWEEN 0 AND 1000),
    takes_from timestamptz NOT NULL,
    takes_until timestamptz NOT NULL,
    held_until timestamptz,
    CONSTRAINT booking_takes_pkey PRIMARY KEY (tenant_id, booking_id, resource_id),
    CONSTRAINT booking_takes_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id),
    CONSTRAINT booking_takes_resource_fkey FOREIGN KEY (tenant_id, resource_id)
        REFERENCES resources (tenant_id, resource_id),
    CONSTRAINT booking_takes_time_check CHECK (takes_until > takes_from),
    CONSTRAINT booking_takes_apart EXCLUDE USING gist (
        tenant_id WITH =, resource_id WITH =, unit WITH =,
        tstzrange(takes_from, takes_until) WITH &&)
);
COMMENT ON TABLE booking_takes IS
    'Which units of which resources bookings have, buffers included, while they have them.';
COMMENT ON COLUMN booking_takes.held_until IS
    'Of a hold, when it is over: the next writer of the resource removes it then.';
CREATE INDEX booking_takes_resource_idx ON booking_takes (tenant_id, resource_id, takes_until);

CREATE TABLE booking_events (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    booking_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT booking_events_version_check CHECK (version > 0),
    kind text NOT NULL
        CONSTRAINT booking_events_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    body jsonb NOT NULL
        CONSTRAINT booking_events_body_check
        CHECK (jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 65536),
    at timestamptz NOT NULL,
    CONSTRAINT booking_events_pkey PRIMARY KEY (tenant_id, booking_id, version),
    CONSTRAINT booking_events_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id)
);
COMMENT ON TABLE booking_events IS 'What happened to bookings, append-only.';

CREATE TABLE booking_letters (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    booking_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT booking_letters_kind_check CHECK (kind IN
            ('confirmation', 'change', 'cancellation', 'reminder_24h', 'reminder_2h')),
    sequence integer NOT NULL
        CONSTRAINT booking_letters_sequence_check CHECK (sequence >= 0),
    delivery_id uuid NOT NULL,
    status text NOT NULL
        CONSTRAINT booking_letters_status_check CHECK (status IN
            ('pending', 'handing_over', 'accepted', 'failed', 'uncertain', 'dropped')),
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT booking_letters_attempts_check CHECK (attempts >= 0),
    next_at timestamptz NOT NULL,
    claimed_by uuid,
    claimed_until timestamptz,
    code text
        CONSTRAINT booking_letters_code_check CHECK (char_length(code) <= 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT booking_letters_pkey PRIMARY KEY (tenant_id, booking_id, kind, sequence),
    CONSTRAINT booking_letters_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id),
    CONSTRAINT booking_letters_claim_check CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)
        AND (status IN ('pending', 'handing_over') OR claimed_by IS NULL))
);
COMMENT ON TABLE booking_letters IS
    'Invitations and reminders. The key says what a letter means, so it is sent once; one that speaks of a booking as it is no more is dropped.';
-- For the sweep, which asks over all tenants at once what is due.
CREATE INDEX booking_letters_due_idx ON booking_letters (next_at, tenant_id)
    WHERE status IN ('pending', 'handing_over');

CREATE TABLE booking_waits (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    wait_id uuid NOT NULL,
    service_id uuid NOT NULL,
    waits_from timestamptz NOT NULL,
    waits_until timestamptz NOT NULL,
    status text NOT NULL
        CONSTRAINT booking_waits_status_check CHECK (status IN ('waiting', 'over')),
    customer jsonb NOT NULL
        CONSTRAINT booking_waits_customer_check
        CHECK (jsonb_typeof(customer) = 'object' AND pg_column_size(customer) <= 8192),
    client_id text
        CONSTRAINT booking_waits_client_id_check CHECK (char_length(client_id) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT booking_waits_pkey PRIMARY KEY (tenant_id, wait_id),
    CONSTRAINT booking_waits_service_fkey FOREIGN KEY (tenant_id, service_id)
        REFERENCES services (tenant_id, service_id),
    CONSTRAINT booking_waits_time_check CHECK (waits_until > waits_from)
);
COMMENT ON TABLE booking_waits IS
    'Who would take a time of a service if one became free, first come first served.';
CREATE INDEX booking_waits_service_idx ON booking_waits (tenant_id, service_id, created_at)
    WHERE status = 'waiting';
CREATE UNIQUE INDEX booking_waits_client_id_key ON booking_waits (tenant_id, client_id)
    WHERE client_id IS NOT NULL;

-- ---- what is there already ----

-- The owner obeys the policies too, so that no row of any tenant is seen here; for the time of this
-- transaction, in which nobody else looks, it does not.
ALTER TABLE services NO FORCE ROW LEVEL SECURITY;
ALTER TABLE bookings NO FORCE ROW LEVEL SECURITY;

INSERT INTO resources (tenant_id, resource_id, kind, name, capacity, active, created_at, updated_at)
SELECT tenant_id, service_id, 'service',
    left(COALESCE(name ->> 'en', (SELECT min(value) FROM jsonb_each_text(name)), 'service'), 200),
    capacity, active, created_at, created_at
FROM services;

DO $$
DECLARE
    old record;
    place integer;
BEGIN
    FOR old IN SELECT * FROM bookings ORDER BY tenant_id, service_id, starts_at, booking_id LOOP
        place := 0;
        WHILE EXISTS (SELECT FROM booking_takes t
                      WHERE t.tenant_id = old.tenant_id AND t.resource_id = old.service_id
                      AND t.unit = place
                      AND t.takes_from < old.ends_at AND old.starts_at < t.takes_until) LOOP
            place := place + 1;
        END LOOP;
        INSERT INTO booking_takes (tenant_id, booking_id, resource_id, unit, takes_from, takes_until)
        VALUES (old.tenant_id, old.booking_id, old.service_id, place, old.starts_at, old.ends_at);
    END LOOP;
END $$;

ALTER TABLE services FORCE ROW LEVEL SECURITY;
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;

-- ---- whose rows, and what the roles may do ----

ALTER TABLE resources ENABLE ROW LEVEL SECURITY;
ALTER TABLE resources FORCE ROW LEVEL SECURITY;
ALTER TABLE resource_blocks ENABLE ROW LEVEL SECURITY;
ALTER TABLE resource_blocks FORCE ROW LEVEL SECURITY;
ALTER TABLE booking_takes ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_takes FORCE ROW LEVEL SECURITY;
ALTER TABLE booking_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_events FORCE ROW LEVEL SECURITY;
ALTER TABLE booking_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_letters FORCE ROW LEVEL SECURITY;
ALTER TABLE booking_waits ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_waits FORCE ROW LEVEL SECURITY;

CREATE POLICY resources_own ON resources
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY resource_blocks_own ON resource_blocks
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY booking_takes_own ON booking_takes
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY booking_events_own ON booking_events
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY booking_letters_own ON booking_letters
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY booking_waits_own ON booking_waits
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY bookings_jobs ON bookings FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY booking_letters_jobs ON booking_letters FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT ON resources TO forecourt_app;
GRANT UPDATE (kind, name, capacity, buffer_before_minutes, buffer_after_minutes, vehicle_id, hours,
    active, version, updated_at) ON resources TO forecourt_app;
GRANT SELECT, INSERT ON resource_blocks TO forecourt_app;
GRANT UPDATE (active, updated_at) ON resource_blocks TO forecourt_app;
GRANT UPDATE (service_id, starts_at, ends_at, status, version, hold_until, session_id, state,
    updated_at) ON bookings TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON booking_takes TO forecourt_app;
-- Append-only.
GRANT SELECT, INSERT ON booking_events TO forecourt_app;
GRANT SELECT, INSERT ON booking_letters TO forecourt_app;
GRANT UPDATE (status, attempts, next_at, claimed_by, claimed_until, code, updated_at)
    ON booking_letters TO forecourt_app;
GRANT SELECT, INSERT ON booking_waits TO forecourt_app;
GRANT UPDATE (status, updated_at) ON booking_waits TO forecourt_app;

GRANT SELECT (tenant_id, status, hold_until) ON bookings TO forecourt_jobs;
GRANT SELECT (tenant_id, status, next_at, claimed_until) ON booking_letters TO forecourt_jobs;
