-- What people see and handle of timers and deliveries, and the ledger of what was meant.
--
-- Only adds: an engine of before this migration goes on beside a newer one.

-- ---- deliveries ----

ALTER TABLE deliveries
    ADD COLUMN intent text
        CONSTRAINT deliveries_intent_check CHECK (char_length(intent) BETWEEN 1 AND 200),
    ADD COLUMN replay_of uuid,
    ADD COLUMN replayed_by uuid;
COMMENT ON COLUMN deliveries.intent IS
    'What it means: who is to learn what. The recipient is in it as a hash. Of one meaning at most one is on its way or has arrived; see deliveries_intent_key.';
COMMENT ON COLUMN deliveries.replay_of IS
    'The dead letter that this one sends once more, because a person said so.';
COMMENT ON COLUMN deliveries.replayed_by IS
    'The newest delivery that sends this dead letter once more.';

-- The intent ledger. A retry keeps its row; a bug or a second replay finds the key taken.
CREATE UNIQUE INDEX deliveries_intent_key ON deliveries (tenant_id, intent)
    WHERE intent IS NOT NULL AND status IN ('pending', 'handing_over', 'accepted');
-- Dead letters, for their list, their replay, and their count over all tenants.
CREATE INDEX deliveries_failed_idx ON deliveries (tenant_id, delivery_id) WHERE status = 'failed';
DROP INDEX deliveries_uncertain_idx;
CREATE INDEX deliveries_uncertain_idx ON deliveries (tenant_id, delivery_id)
    WHERE status = 'uncertain';

GRANT UPDATE (replayed_by) ON deliveries TO forecourt_app;
GRANT SELECT (replayed_by) ON deliveries TO forecourt_jobs;

-- ---- timers ----

ALTER TABLE timers
    ADD COLUMN reason text
        CONSTRAINT timers_reason_check CHECK (char_length(reason) BETWEEN 1 AND 64),
    ADD COLUMN written_by uuid,
    ADD COLUMN moved integer NOT NULL DEFAULT 0
        CONSTRAINT timers_moved_check CHECK (moved >= 0),
    ADD COLUMN moved_at timestamptz,
    ADD COLUMN fired integer NOT NULL DEFAULT 0
        CONSTRAINT timers_fired_check CHECK (fired >= 0),
    ADD COLUMN fired_at timestamptz,
    ADD COLUMN fired_by uuid;
COMMENT ON COLUMN timers.reason IS 'The kind of the event that set, moved or ended it last.';
COMMENT ON COLUMN timers.written_by IS 'The node whose commit set, moved or ended it last.';
COMMENT ON COLUMN timers.moved IS 'How often it was moved since set_at, while it was not due.';
COMMENT ON COLUMN timers.fired IS
    'How often it has fired since its entity began: it was due when it was set anew or ended.';

-- A tenant's own timers in the order in which they fire: for the list, and for the sweep's claim.
CREATE INDEX timers_pending_idx ON timers (tenant_id, due_at, entity_id, kind)
    WHERE status = 'pending';

GRANT UPDATE (reason, written_by, moved, moved_at, fired, fired_at, fired_by)
    ON timers TO forecourt_app;
