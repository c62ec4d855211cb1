ALTER TABLE journal ADD COLUMN of_session uuid
    GENERATED ALWAYS AS (CASE WHEN kind = 'booking_told' THEN NULL ELSE session_id END) STORED;
ALTER TABLE journal ADD CONSTRAINT journal_session_fkey FOREIGN KEY (tenant_id, of_session)
    REFERENCES sessions (tenant_id, session_id)
    DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN journal.of_session IS 'The conversation, where it is one.';
