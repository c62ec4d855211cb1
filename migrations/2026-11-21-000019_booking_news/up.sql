-- Steps of bookings in the tenant's log, where dashboards and integrators hear of them in order.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and tells of no bookings.

-- Steps that the log does not tell of yet. Written with the step, and taken away by whoever tells of it.
CREATE TABLE booking_news (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    place bigint GENERATED ALWAYS AS IDENTITY,
    booking_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT booking_news_version_check CHECK (version > 0),
    body jsonb NOT NULL
        CONSTRAINT booking_news_body_check
        CHECK (jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 16384),
    at timestamptz NOT NULL,
    CONSTRAINT booking_news_pkey PRIMARY KEY (tenant_id, place),
    CONSTRAINT booking_news_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id)
);
COMMENT ON TABLE booking_news IS
    'Steps of bookings that the log does not tell of yet; a row lives for milliseconds, or until a sweep finds what a dead node left.';
COMMENT ON COLUMN booking_news.place IS
    'Of one booking it rises with the version: the next step is decided from what the last one committed.';

ALTER TABLE booking_news ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_news FORCE ROW LEVEL SECURITY;
CREATE POLICY booking_news_own ON booking_news
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY booking_news_jobs ON booking_news FOR SELECT TO forecourt_jobs USING (true);
GRANT SELECT, INSERT, DELETE ON booking_news TO forecourt_app;
GRANT SELECT (tenant_id, at) ON booking_news TO forecourt_jobs;

-- A booking's stream is named by its own id, which is no conversation's.
ALTER TABLE journal DROP CONSTRAINT journal_session_fkey;
ALTER TABLE journal ADD COLUMN of_session uuid
    GENERATED ALWAYS AS (CASE WHEN kind = 'booking_told' THEN NULL ELSE session_id END) STORED;
ALTER TABLE journal ADD CONSTRAINT journal_session_fkey FOREIGN KEY (tenant_id, of_session)
    REFERENCES sessions (tenant_id, session_id)
    DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN journal.session_id IS
    'Whose event it is: a conversation, or the stream of a booking, named by the booking''s id.';
COMMENT ON COLUMN journal.of_session IS 'The conversation, where it is one.';

-- Who waits is offered what becomes free: a booking that is held for them.
ALTER TABLE booking_waits
    ADD COLUMN session_id uuid,
    ADD COLUMN booking_id uuid,
    ADD COLUMN offered_until timestamptz,
    ADD CONSTRAINT booking_waits_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id),
    ADD CONSTRAINT booking_waits_offer_check
        CHECK ((booking_id IS NULL) = (offered_until IS NULL)),
    DROP CONSTRAINT booking_waits_status_check,
    ADD CONSTRAINT booking_waits_status_check CHECK (status IN ('waiting', 'offered', 'over'));
COMMENT ON COLUMN booking_waits.session_id IS 'The conversation that shows an offer, besides the letter.';
COMMENT ON COLUMN booking_waits.booking_id IS 'What is held for them, or was.';
-- For the sweep, which asks over all tenants at once who waits.
CREATE INDEX booking_waits_open_idx ON booking_waits (tenant_id, waits_until) WHERE status <> 'over';
CREATE POLICY booking_waits_jobs ON booking_waits FOR SELECT TO forecourt_jobs USING (true);
GRANT UPDATE (booking_id, offered_until) ON booking_waits TO forecourt_app;
GRANT SELECT (tenant_id, status, waits_until) ON booking_waits TO forecourt_jobs;

ALTER TABLE booking_letters DROP CONSTRAINT booking_letters_kind_check;
ALTER TABLE booking_letters ADD CONSTRAINT booking_letters_kind_check CHECK (kind IN
    ('confirmation', 'change', 'cancellation', 'reminder_24h', 'reminder_2h', 'code', 'offer'));

-- Settings of bookings have a history, as the profile has.
ALTER TABLE knowledge_changes DROP CONSTRAINT knowledge_changes_kind_check;
ALTER TABLE knowledge_changes ADD CONSTRAINT knowledge_changes_kind_check
    CHECK (kind IN ('service', 'faq', 'policy', 'profile', 'hours', 'bookings'));
