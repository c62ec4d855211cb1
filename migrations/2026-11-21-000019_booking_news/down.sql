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
