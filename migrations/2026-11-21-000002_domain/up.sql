-- Leads and their conversations, what they owe, and what a tenant knows.
--
-- The rules of the first migration hold for every table here. One commit of a tenant's journal
-- writes most of these tables at once; it locks the tenant's row first, so two commits of one tenant
-- never wait for each other anywhere else. What a commit writes points to each other, and is sent in
-- one round trip in any order: those foreign keys are checked at its end.

-- ---- who asks ----

CREATE TABLE contacts (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT contacts_tenant_fkey REFERENCES tenants (tenant_id),
    contact_id uuid NOT NULL,
    name text
        CONSTRAINT contacts_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    email text
        CONSTRAINT contacts_email_check CHECK (char_length(email) BETWEEN 3 AND 254),
    email_key text,
    phone text
        CONSTRAINT contacts_phone_check CHECK (phone ~ '^\+[0-9]{4,15}$'),
    search text NOT NULL
        CONSTRAINT contacts_search_check CHECK (char_length(search) <= 1000),
    unsubscribed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, contact_id),
    CONSTRAINT contacts_email_key_check CHECK ((email IS NULL) = (email_key IS NULL))
);
COMMENT ON TABLE contacts IS 'Customers as a tenant knows them.';
COMMENT ON COLUMN contacts.email_key IS
    'What two spellings of one mailbox share: the address in lower case. Decides who somebody is.';
COMMENT ON COLUMN contacts.phone IS
    'E.164. Links contacts, but never merges them by itself.';
COMMENT ON COLUMN contacts.search IS
    'Name and address in lower case, one line each. Folded by the engine, so that the search does not depend on the server''s locale.';
COMMENT ON COLUMN contacts.unsubscribed_at IS
    'Since when they want no more mail of the engine''s own accord (RFC 8058).';
CREATE UNIQUE INDEX contacts_email_key ON contacts (tenant_id, email_key);
CREATE INDEX contacts_phone_idx ON contacts (tenant_id, phone) WHERE phone IS NOT NULL;

-- ---- conversations ----

CREATE TABLE sessions (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT sessions_tenant_fkey REFERENCES tenants (tenant_id),
    session_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT sessions_version_check CHECK (version > 0),
    fence bigint NOT NULL
        CONSTRAINT sessions_fence_check CHECK (fence >= 0),
    channel text NOT NULL
        CONSTRAINT sessions_channel_check CHECK (channel IN ('mail', 'widget')),
    lang text NOT NULL
        CONSTRAINT sessions_lang_check CHECK (lang ~ '^[a-z]{2,3}$'),
    status text NOT NULL
        CONSTRAINT sessions_status_check CHECK (status IN ('open', 'with_human', 'closed')),
    waiting_since timestamptz,
    waits_for text
        CONSTRAINT sessions_waits_for_check CHECK (waits_for IN ('answer', 'person')),
    state jsonb NOT NULL
        CONSTRAINT sessions_state_check
        CHECK (jsonb_typeof(state) = 'object' AND pg_column_size(state) <= 262144),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, session_id),
    CONSTRAINT sessions_waiting_check CHECK ((waiting_since IS NULL) = (waits_for IS NULL))
);
COMMENT ON TABLE sessions IS
    'Conversations: the state after their last event, so that one is woken in one read. The journal is the truth, and rebuilds this row (A3).';
COMMENT ON COLUMN sessions.version IS
    'Of the last event. A commit that expects another one loses (A2).';
COMMENT ON COLUMN sessions.fence IS
    'Rises whenever somebody else begins to speak; the handover of a delivery compares it (A7).';
COMMENT ON COLUMN sessions.waiting_since IS
    'Since when a customer waits, for an answer or for a person. Then a timer must be pending (A11).';
-- For the check of A11, which asks over all tenants at once who waits.
CREATE INDEX sessions_waiting_idx ON sessions (waiting_since, tenant_id)
    WHERE waiting_since IS NOT NULL;

CREATE TABLE leads (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    lead_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    session_id uuid NOT NULL,
    same_phone_as uuid,
    source text NOT NULL
        CONSTRAINT leads_source_check CHECK (source IN ('website', 'widget')),
    source_url text
        CONSTRAINT leads_source_url_check CHECK (char_length(source_url) <= 2000),
    vehicle_interest text
        CONSTRAINT leads_vehicle_interest_check CHECK (char_length(vehicle_interest) <= 200),
    status text NOT NULL
        CONSTRAINT leads_status_check
        CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
    excerpt text NOT NULL
        CONSTRAINT leads_excerpt_check CHECK (char_length(excerpt) <= 160),
    repeats integer NOT NULL
        CONSTRAINT leads_repeats_check CHECK (repeats >= 0),
    last_inbound_at timestamptz NOT NULL,
    last_fingerprint text
        CONSTRAINT leads_last_fingerprint_check CHECK (char_length(last_fingerprint) <= 128),
    first_response_ms bigint
        CONSTRAINT leads_first_response_ms_check CHECK (first_response_ms >= 0),
    promise_state text NOT NULL
        CONSTRAINT leads_promise_state_check
        CHECK (promise_state IN ('none', 'waiting', 'kept', 'broken')),
    promise_message_id uuid,
    promise_since timestamptz,
    promise_deadline timestamptz,
    promise_answered_after_ms bigint,
    promise_by text
        CONSTRAINT leads_promise_by_check CHECK (promise_by IN ('model', 'template', 'member')),
    promise_by_model text
        CONSTRAINT leads_promise_by_model_check CHECK (char_length(promise_by_model) <= 200),
    promise_by_member_id uuid,
    needs_human text
        CONSTRAINT leads_needs_human_check CHECK (needs_human IN ('no_model_answer', 'not_proven',
            'promise_broken', 'undeliverable', 'uncertain', 'still_waiting', 'quarantined')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT leads_pkey PRIMARY KEY (tenant_id, lead_id),
    CONSTRAINT leads_session_key UNIQUE (tenant_id, session_id),
    CONSTRAINT leads_contact_fkey FOREIGN KEY (tenant_id, contact_id)
        REFERENCES contacts (tenant_id, contact_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT leads_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT leads_same_phone_as_fkey FOREIGN KEY (tenant_id, same_phone_as)
        REFERENCES contacts (tenant_id, contact_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT leads_promise_check
        CHECK ((promise_state = 'none') = (promise_since IS NULL)
            AND (promise_since IS NULL) = (promise_deadline IS NULL)
            AND (promise_state = 'kept') = (promise_by IS NOT NULL)
            AND (promise_by = 'model') = (promise_by_model IS NOT NULL)
            AND (promise_by = 'member') = (promise_by_member_id IS NOT NULL))
);
COMMENT ON TABLE leads IS
    'Wishes of contacts, one per conversation; everything here follows from the session''s events.';
COMMENT ON COLUMN leads.same_phone_as IS
    'Another contact with the same phone number: shown to the seller, never merged by itself.';
COMMENT ON COLUMN leads.status IS
    'contacted is proven: the provider accepted an answer, or it stands on the customer''s own stream.';
COMMENT ON COLUMN leads.repeats IS 'How often the same person came again within seven days.';
COMMENT ON COLUMN leads.last_fingerprint IS
    'Of the last submission: the same one within five minutes is the same click.';
COMMENT ON COLUMN leads.promise_state IS 'How the newest promise stands.';
COMMENT ON COLUMN leads.needs_human IS 'Why a person is needed; cleared when one writes.';
CREATE INDEX leads_newest_idx ON leads (tenant_id, created_at DESC, lead_id DESC);
CREATE INDEX leads_contact_idx ON leads (tenant_id, contact_id, created_at DESC);

CREATE TABLE messages (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    session_id uuid NOT NULL,
    seq bigint NOT NULL
        CONSTRAINT messages_seq_check CHECK (seq > 0),
    message_id uuid NOT NULL,
    author text NOT NULL
        CONSTRAINT messages_author_check CHECK (author IN ('customer', 'assistant', 'member')),
    member_id uuid,
    text text NOT NULL
        CONSTRAINT messages_text_check CHECK (char_length(text) BETWEEN 1 AND 32768),
    client_id text
        CONSTRAINT messages_client_id_check CHECK (char_length(client_id) <= 512),
    turn_id uuid,
    model text
        CONSTRAINT messages_model_check CHECK (char_length(model) <= 200),
    prompt text
        CONSTRAINT messages_prompt_check CHECK (char_length(prompt) <= 200),
    at timestamptz NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (tenant_id, session_id, seq),
    CONSTRAINT messages_message_key UNIQUE (tenant_id, message_id),
    CONSTRAINT messages_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT messages_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES members (tenant_id, member_id),
    CONSTRAINT messages_member_check CHECK ((author = 'member') = (member_id IS NOT NULL)),
    CONSTRAINT messages_origin_check
        CHECK ((turn_id IS NULL) = (model IS NULL) AND (turn_id IS NULL) = (prompt IS NULL))
);
COMMENT ON TABLE messages IS 'What was said, in order and without gaps; append-only.';
COMMENT ON COLUMN messages.client_id IS
    'The sender''s own id of the message: a repeat finds the first answer.';
COMMENT ON COLUMN messages.prompt IS
    'Prompt or template with its version, such as reply@3: what the assistant''s text came from.';

CREATE TABLE journal (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    seq bigint NOT NULL
        CONSTRAINT journal_seq_check CHECK (seq > 0),
    session_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT journal_version_check CHECK (version > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL
        CONSTRAINT journal_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    body jsonb NOT NULL
        CONSTRAINT journal_body_check
        CHECK (jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 262144),
    CONSTRAINT journal_pkey PRIMARY KEY (tenant_id, seq),
    CONSTRAINT journal_version_key UNIQUE (tenant_id, session_id, version),
    CONSTRAINT journal_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id)
        DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE journal IS
    'Everything that happened in a tenant''s conversations, in order; append-only. Folded, a session''s events give its state (A3).';
COMMENT ON COLUMN journal.seq IS
    'Place in the tenant''s log: rises by one without gaps, and is what cursors of streams count.';
COMMENT ON COLUMN journal.version IS
    'Place in the session''s log. Unique: of two writers from one version one wins (A2).';

CREATE TABLE inbound_events (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT inbound_events_tenant_fkey REFERENCES tenants (tenant_id),
    inbound_event_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL
        CONSTRAINT inbound_events_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    status smallint NOT NULL
        CONSTRAINT inbound_events_status_check CHECK (status BETWEEN 100 AND 599),
    outcome text NOT NULL
        CONSTRAINT inbound_events_outcome_check
        CHECK (outcome IN ('created', 'repeated', 'appended', 'invalid', 'limited')),
    lead_id uuid,
    content_type text
        CONSTRAINT inbound_events_content_type_check CHECK (char_length(content_type) <= 200),
    body text NOT NULL
        CONSTRAINT inbound_events_body_check CHECK (octet_length(body) <= 65536),
    CONSTRAINT inbound_events_pkey PRIMARY KEY (tenant_id, inbound_event_id),
    CONSTRAINT inbound_events_lead_fkey FOREIGN KEY (tenant_id, lead_id)
        REFERENCES leads (tenant_id, lead_id)
        DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE inbound_events IS
    'Calls that came in from outside, whatever became of them; append-only.';
COMMENT ON COLUMN inbound_events.body IS
    'As it came, cut to a bound, NUL replaced; empty when it was refused unread.';
CREATE INDEX inbound_events_at_idx ON inbound_events (tenant_id, at);

-- ---- what is owed ----

CREATE TABLE timers (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT timers_tenant_fkey REFERENCES tenants (tenant_id),
    entity_kind text NOT NULL
        CONSTRAINT timers_entity_kind_check CHECK (entity_kind IN ('session')),
    entity_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT timers_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    due_at timestamptz NOT NULL,
    status text NOT NULL
        CONSTRAINT timers_status_check CHECK (status IN ('pending', 'fired', 'cancelled')),
    claimed_by uuid,
    claimed_until timestamptz,
    set_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT timers_pkey PRIMARY KEY (tenant_id, entity_kind, entity_id, kind),
    CONSTRAINT timers_claim_check CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)
        AND (status = 'pending' OR claimed_by IS NULL)),
    CONSTRAINT timers_ended_check CHECK ((status = 'pending') = (ended_at IS NULL))
);
COMMENT ON TABLE timers IS
    'What must happen at a time, at most one of a kind per entity. Rows are the truth; memory is only faster.';
COMMENT ON COLUMN timers.entity_id IS
    'The session, or another kind of entity later; hence no foreign key.';
COMMENT ON COLUMN timers.claimed_until IS
    'A node fires it; when it is not ended by then, another node may.';
-- For the sweep, which asks over all tenants at once what is due.
CREATE INDEX timers_due_idx ON timers (due_at, tenant_id) WHERE status = 'pending';

CREATE TABLE deliveries (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    delivery_id uuid NOT NULL,
    session_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT deliveries_kind_check CHECK (kind IN ('answer', 'alert')),
    reason text
        CONSTRAINT deliveries_reason_check CHECK (char_length(reason) BETWEEN 1 AND 64),
    message_id uuid,
    fence bigint,
    to_address text NOT NULL
        CONSTRAINT deliveries_to_address_check CHECK (char_length(to_address) BETWEEN 3 AND 254),
    status text NOT NULL
        CONSTRAINT deliveries_status_check CHECK (status IN
            ('pending', 'handing_over', 'accepted', 'failed', 'uncertain', 'refused')),
    attempts integer NOT NULL
        CONSTRAINT deliveries_attempts_check CHECK (attempts >= 0),
    next_at timestamptz NOT NULL,
    deadline timestamptz,
    claimed_by uuid,
    claimed_until timestamptz,
    code text
        CONSTRAINT deliveries_code_check CHECK (char_length(code) <= 200),
    reference text
        CONSTRAINT deliveries_reference_check CHECK (char_length(reference) <= 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, delivery_id),
    CONSTRAINT deliveries_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES sessions (tenant_id, session_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT deliveries_alert_check CHECK ((kind = 'alert') = (reason IS NOT NULL)
        AND (kind = 'answer') = (message_id IS NOT NULL)),
    CONSTRAINT deliveries_claim_check CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)
        AND (status IN ('pending', 'handing_over') OR claimed_by IS NULL))
);
COMMENT ON TABLE deliveries IS 'Letters to somebody through a provider, from the decision to the proof.';
COMMENT ON COLUMN deliveries.fence IS
    'What the assistant wrote carries the fence it was made under, and stays in once the session''s is higher (A7). What a person wrote carries none.';
COMMENT ON COLUMN deliveries.status IS
    'handing_over: the point of no return is passed. Found in it after its lease, the outcome is unknown: never tried again, a person must look (R1).';
COMMENT ON COLUMN deliveries.attempts IS 'Tries that have ended.';
COMMENT ON COLUMN deliveries.code IS 'The provider''s code, never its free text (A13).';
CREATE INDEX deliveries_session_idx ON deliveries (tenant_id, session_id, created_at);
-- For the sweep and the count of undone work, which ask over all tenants at once.
CREATE INDEX deliveries_due_idx ON deliveries (next_at, tenant_id) WHERE status = 'pending';
CREATE INDEX deliveries_begun_idx ON deliveries (claimed_until, tenant_id)
    WHERE status = 'handing_over';
CREATE INDEX deliveries_uncertain_idx ON deliveries (tenant_id) WHERE status = 'uncertain';

-- ---- what a tenant knows ----

CREATE TABLE services (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT services_tenant_fkey REFERENCES tenants (tenant_id),
    service_id uuid NOT NULL,
    position integer NOT NULL,
    name jsonb NOT NULL
        CONSTRAINT services_name_check CHECK (jsonb_typeof(name) = 'object'),
    keywords text[] NOT NULL
        CONSTRAINT services_keywords_check CHECK (cardinality(keywords) <= 100),
    minutes integer NOT NULL
        CONSTRAINT services_minutes_check CHECK (minutes BETWEEN 1 AND 1440),
    price_minor bigint,
    currency text
        CONSTRAINT services_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    notice_minutes integer NOT NULL
        CONSTRAINT services_notice_minutes_check CHECK (notice_minutes >= 0),
    capacity integer NOT NULL
        CONSTRAINT services_capacity_check CHECK (capacity BETWEEN 0 AND 1000),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CONSTRAINT services_pkey PRIMARY KEY (tenant_id, service_id),
    CONSTRAINT services_price_check CHECK ((price_minor IS NULL) = (currency IS NULL))
);
COMMENT ON TABLE services IS
    'What a tenant offers by appointment. Deletes are soft: active = false.';
COMMENT ON COLUMN services.name IS 'By language: {"nb": "Prøvekjøring", …}.';
COMMENT ON COLUMN services.price_minor IS 'In minor units of the currency.';
COMMENT ON COLUMN services.notice_minutes IS 'The earliest start, counted from now.';
COMMENT ON COLUMN services.capacity IS 'How many may run at once.';

CREATE TABLE faqs (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT faqs_tenant_fkey REFERENCES tenants (tenant_id),
    faq_id uuid NOT NULL,
    position integer NOT NULL,
    question jsonb NOT NULL
        CONSTRAINT faqs_question_check CHECK (jsonb_typeof(question) = 'object'),
    answer jsonb NOT NULL
        CONSTRAINT faqs_answer_check CHECK (jsonb_typeof(answer) = 'object'),
    keywords text[] NOT NULL
        CONSTRAINT faqs_keywords_check CHECK (cardinality(keywords) <= 100),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CONSTRAINT faqs_pkey PRIMARY KEY (tenant_id, faq_id)
);
COMMENT ON TABLE faqs IS
    'Questions that customers ask, with the tenant''s answers by language. Deletes are soft: active = false.';

CREATE TABLE vehicles (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT vehicles_tenant_fkey REFERENCES tenants (tenant_id),
    vehicle_id uuid NOT NULL,
    position integer NOT NULL,
    make text NOT NULL
        CONSTRAINT vehicles_make_check CHECK (char_length(make) BETWEEN 1 AND 100),
    model text NOT NULL
        CONSTRAINT vehicles_model_check CHECK (char_length(model) BETWEEN 1 AND 100),
    variant text
        CONSTRAINT vehicles_variant_check CHECK (char_length(variant) BETWEEN 1 AND 200),
    year smallint NOT NULL
        CONSTRAINT vehicles_year_check CHECK (year BETWEEN 1885 AND 2200),
    price_minor bigint NOT NULL
        CONSTRAINT vehicles_price_minor_check CHECK (price_minor >= 0),
    currency text NOT NULL
        CONSTRAINT vehicles_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    fuel text NOT NULL
        CONSTRAINT vehicles_fuel_check CHECK (fuel IN ('electric', 'petrol', 'diesel', 'hybrid')),
    kilometres integer NOT NULL
        CONSTRAINT vehicles_kilometres_check CHECK (kilometres >= 0),
    status text NOT NULL
        CONSTRAINT vehicles_status_check
        CHECK (status IN ('available', 'reserved', 'sold', 'in_service')),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT vehicles_pkey PRIMARY KEY (tenant_id, vehicle_id)
);
COMMENT ON TABLE vehicles IS 'A tenant''s stock. Deletes are soft: active = false.';
COMMENT ON COLUMN vehicles.price_minor IS 'In minor units of the currency.';

CREATE TABLE bookings (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    booking_id uuid NOT NULL,
    service_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT bookings_pkey PRIMARY KEY (tenant_id, booking_id),
    CONSTRAINT bookings_service_fkey FOREIGN KEY (tenant_id, service_id)
        REFERENCES services (tenant_id, service_id),
    CONSTRAINT bookings_time_check CHECK (ends_at > starts_at)
);
COMMENT ON TABLE bookings IS
    'Booked stretches of time of a service; what is free is the rest. As many may overlap as the service has capacity, so no constraint here keeps them apart: one arbiter per service does (A12).';
CREATE INDEX bookings_ends_idx ON bookings (tenant_id, ends_at);
CREATE INDEX bookings_service_idx ON bookings (tenant_id, service_id, starts_at);

-- ---- whose rows, and what the roles may do ----

ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE leads FORCE ROW LEVEL SECURITY;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE messages FORCE ROW LEVEL SECURITY;
ALTER TABLE journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal FORCE ROW LEVEL SECURITY;
ALTER TABLE inbound_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbound_events FORCE ROW LEVEL SECURITY;
ALTER TABLE timers ENABLE ROW LEVEL SECURITY;
ALTER TABLE timers FORCE ROW LEVEL SECURITY;
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE services ENABLE ROW LEVEL SECURITY;
ALTER TABLE services FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs ENABLE ROW LEVEL SECURITY;
ALTER TABLE faqs FORCE ROW LEVEL SECURITY;
ALTER TABLE vehicles ENABLE ROW LEVEL SECURITY;
ALTER TABLE vehicles FORCE ROW LEVEL SECURITY;
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;

CREATE POLICY contacts_own ON contacts
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY sessions_own ON sessions
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY leads_own ON leads
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY messages_own ON messages
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY journal_own ON journal
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY inbound_events_own ON inbound_events
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY timers_own ON timers
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY deliveries_own ON deliveries
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY services_own ON services
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY faqs_own ON faqs
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY vehicles_own ON vehicles
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY bookings_own ON bookings
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

-- The jobs role sees which tenants owe work, never what: the grants below name single columns.
CREATE POLICY sessions_jobs ON sessions FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY timers_jobs ON timers FOR SELECT TO forecourt_jobs USING (true);
CREATE POLICY deliveries_jobs ON deliveries FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT ON contacts TO forecourt_app;
GRANT UPDATE (name, email, email_key, phone, search, unsubscribed_at, updated_at)
    ON contacts TO forecourt_app;
GRANT SELECT, INSERT ON sessions TO forecourt_app;
GRANT UPDATE (version, fence, channel, lang, status, waiting_since, waits_for, state, updated_at)
    ON sessions TO forecourt_app;
GRANT SELECT, INSERT ON leads TO forecourt_app;
GRANT UPDATE (source_url, vehicle_interest, status, excerpt, repeats, last_inbound_at,
    last_fingerprint, first_response_ms, promise_state, promise_message_id, promise_since,
    promise_deadline, promise_answered_after_ms, promise_by, promise_by_model,
    promise_by_member_id, needs_human, updated_at) ON leads TO forecourt_app;
-- Append-only: there is nothing to change and nothing to delete.
GRANT SELECT, INSERT ON messages, journal, inbound_events TO forecourt_app;
GRANT SELECT, INSERT ON timers TO forecourt_app;
GRANT UPDATE (due_at, status, claimed_by, claimed_until, set_at, ended_at)
    ON timers TO forecourt_app;
GRANT SELECT, INSERT ON deliveries TO forecourt_app;
GRANT UPDATE (status, attempts, next_at, claimed_by, claimed_until, code, reference, updated_at)
    ON deliveries TO forecourt_app;
GRANT SELECT, INSERT, UPDATE ON services, faqs, vehicles TO forecourt_app;
GRANT SELECT, INSERT ON bookings TO forecourt_app;

GRANT SELECT (tenant_id, waiting_since) ON sessions TO forecourt_jobs;
GRANT SELECT (tenant_id, due_at, status, claimed_until) ON timers TO forecourt_jobs;
GRANT SELECT (tenant_id, next_at, status, claimed_until) ON deliveries TO forecourt_jobs;
