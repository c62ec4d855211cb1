-- One-time codes by which a customer proves that a booking is theirs, and by whom bookings are found.
--
-- No code is stored: it is derived from the signing key and the delivery's id, when the letter is written
-- and when the code comes back. Whoever reads this table learns when codes were sent, not which.

CREATE TABLE booking_codes (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    delivery_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    asker_id uuid NOT NULL,
    tries integer NOT NULL DEFAULT 0
        CONSTRAINT booking_codes_tries_check CHECK (tries BETWEEN 0 AND 5),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT booking_codes_pkey PRIMARY KEY (tenant_id, delivery_id),
    CONSTRAINT booking_codes_booking_fkey FOREIGN KEY (tenant_id, booking_id)
        REFERENCES bookings (tenant_id, booking_id)
);
COMMENT ON TABLE booking_codes IS
    'One-time codes that were sent about bookings; each is good once, for few tries and minutes.';
COMMENT ON COLUMN booking_codes.delivery_id IS
    'The letter''s id, from which the code is derived with a key that is not here.';
COMMENT ON COLUMN booking_codes.asker_id IS
    'Who may bring the code back: a conversation, or one question of a page.';
CREATE INDEX booking_codes_booking_idx ON booking_codes (tenant_id, booking_id, created_at);
CREATE INDEX booking_codes_asker_idx ON booking_codes (tenant_id, asker_id, created_at);

ALTER TABLE booking_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY booking_codes_own ON booking_codes
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
GRANT SELECT, INSERT, DELETE ON booking_codes TO forecourt_app;
GRANT UPDATE (tries, used_at) ON booking_codes TO forecourt_app;

ALTER TABLE booking_letters DROP CONSTRAINT booking_letters_kind_check;
ALTER TABLE booking_letters ADD CONSTRAINT booking_letters_kind_check CHECK (kind IN
    ('confirmation', 'change', 'cancellation', 'reminder_24h', 'reminder_2h', 'code'));
COMMENT ON COLUMN booking_letters.sequence IS
    'The booking''s when the letter was written down; of codes, a number of their own.';

ALTER TABLE bookings
    ADD COLUMN customer_email text
        GENERATED ALWAYS AS (lower(state #>> '{customer,email}')) STORED,
    ADD COLUMN customer_phone text
        GENERATED ALWAYS AS (state #>> '{customer,phone}') STORED;
COMMENT ON COLUMN bookings.customer_email IS 'Of the state, to be found by.';
CREATE INDEX bookings_customer_email_idx ON bookings (tenant_id, customer_email, starts_at)
    WHERE customer_email IS NOT NULL;
CREATE INDEX bookings_customer_phone_idx ON bookings (tenant_id, customer_phone, starts_at)
    WHERE customer_phone IS NOT NULL;
