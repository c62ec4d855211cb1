DROP INDEX timers_pending_idx;
ALTER TABLE timers
    DROP COLUMN fired_by,
    DROP COLUMN fired_at,
    DROP COLUMN fired,
    DROP COLUMN moved_at,
    DROP COLUMN moved,
    DROP COLUMN written_by,
    DROP COLUMN reason;

DROP INDEX deliveries_intent_key;
DROP INDEX deliveries_failed_idx;
DROP INDEX deliveries_uncertain_idx;
CREATE INDEX deliveries_uncertain_idx ON deliveries (tenant_id) WHERE status = 'uncertain';
ALTER TABLE deliveries
    DROP COLUMN replayed_by,
    DROP COLUMN replay_of,
    DROP COLUMN intent;
