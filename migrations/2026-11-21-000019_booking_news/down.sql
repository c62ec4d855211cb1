ALTER TABLE knowledge_changes NO FORCE ROW LEVEL SECURITY;
DELETE FROM knowledge_changes WHERE kind = 'bookings';
ALTER TABLE knowledge_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE knowledge_changes DROP CONSTRAINT knowledge_changes_kind_check;
ALTER TABLE knowledge_changes ADD CONSTRAINT knowledge_changes_kind_check
    CHECK (kind IN ('service', 'faq', 'policy', 'profile', 'hours'));

ALTER TABLE booking_letters NO FORCE ROW LEVEL SECURITY;
DELETE FROM booking_letters WHERE kind = 'offer';
ALTER TABLE booking_letters FORCE ROW LEVEL SECURITY;
ALTER TABLE booking_letters DROP CONSTRAINT booking_letters_kind_check;
ALTER TABLE booking_letters ADD CONSTRAINT booking_letters_kind_check CHECK (kind IN
    ('confirmation', 'change', 'cancellation', 'reminder_24h', 'reminder_2h', 'code'));

ALTER TABLE booking_waits NO FORCE ROW LEVEL SECURITY;
UPDATE booking_waits SET status = 'over' WHERE status = 'offered';
ALTER TABLE booking_waits FORCE ROW LEVEL SECURITY;
DROP POLICY booking_waits_jobs ON booking_waits;
REVOKE SELECT (tenant_id, status, waits_until) ON booking_waits FROM forecourt_jobs;
DROP INDEX booking_waits_open_idx;
ALTER TABLE booking_waits
    DROP COLUMN session_id,
    DROP COLUMN booking_id,
    DROP COLUMN offered_until,
    DROP CONSTRAINT booking_waits_status_check,
    ADD CONSTRAINT booking_waits_status_check CHECK (status IN ('waiting', 'over'));

ALTER TABLE journal DROP CONSTRAINT journal_session_fkey;
ALTER TABLE journal DROP COLUMN of_session;
COMMENT ON COLUMN journal.session_id IS NULL;
-- What the log tells of bookings belongs to no conversation.
ALTER TABLE journal NO FORCE ROW LEVEL SECURITY;
DELETE FROM journal WHERE kind = 'booking_told';
ALTER TABLE journal FORCE ROW LEVEL SECURITY;
ALTER TABLE journal ADD CONSTRAINT journal_session_fkey FOREIGN KEY (tenant_id, session_id)
    REFERENCES sessions (tenant_id, session_id)
    DEFERRABLE INITIALLY DEFERRED;
DROP TABLE booking_news;
