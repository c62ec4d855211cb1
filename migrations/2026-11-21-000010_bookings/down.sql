DROP TABLE booking_waits;
DROP TABLE booking_letters;
DROP TABLE booking_events;
DROP TABLE booking_takes;

REVOKE SELECT (tenant_id, status, hold_until) ON bookings FROM forecourt_jobs;
REVOKE UPDATE (service_id, starts_at, ends_at, status, version, hold_until, session_id, state,
    updated_at) ON bookings FROM forecourt_app;
DROP POLICY bookings_jobs ON bookings;
DROP INDEX bookings_held_idx;
DROP INDEX bookings_session_idx;
DROP INDEX bookings_starts_idx;
DROP INDEX bookings_client_id_key;
-- What an older engine would take for a booking.
ALTER TABLE bookings NO FORCE ROW LEVEL SECURITY;
DELETE FROM bookings WHERE status <> 'booked';
ALTER TABLE bookings FORCE ROW LEVEL SECURITY;
ALTER TABLE bookings
    DROP CONSTRAINT bookings_hold_check,
    DROP COLUMN updated_at,
    DROP COLUMN state,
    DROP COLUMN client_id,
    DROP COLUMN session_id,
    DROP COLUMN hold_until,
    DROP COLUMN version,
    DROP COLUMN status;
COMMENT ON TABLE bookings IS
    'Booked stretches of time of a service; what is free is the rest. As many may overlap as the service has capacity, so no constraint here keeps them apart: one arbiter per service does (A12).';

ALTER TABLE services
    DROP COLUMN needs,
    DROP COLUMN horizon_days,
    DROP COLUMN buffer_after_minutes,
    DROP COLUMN buffer_before_minutes;

DROP TABLE resource_blocks;
DROP TABLE resources;

DROP EXTENSION btree_gist;
