-- Call-backs: who calls the customer of a conversation when, and two more reasons why a person is needed.
--
-- Only widens: an engine of before this migration goes on beside a newer one.

ALTER TABLE leads
    ADD COLUMN callback_member uuid,
    ADD COLUMN callback_at timestamptz,
    ADD COLUMN callback_until timestamptz;
COMMENT ON COLUMN leads.callback_at IS 'When a member calls the customer; empty again when that is over.';

-- One call per member and time: two customers who choose at once cannot both have it.
CREATE UNIQUE INDEX leads_callback_idx ON leads (tenant_id, callback_member, callback_at)
    WHERE callback_at IS NOT NULL;
CREATE INDEX leads_callback_until_idx ON leads (tenant_id, callback_until)
    WHERE callback_until IS NOT NULL;

GRANT UPDATE (callback_member, callback_at, callback_until) ON leads TO forecourt_app;

ALTER TABLE leads DROP CONSTRAINT IF EXISTS leads_needs_human_check;
ALTER TABLE leads ADD CONSTRAINT leads_needs_human_check CHECK (needs_human IN (
    'no_model_answer', 'not_proven', 'promise_broken', 'undeliverable', 'uncertain', 'still_waiting',
    'quarantined', 'customer_asked', 'upset', 'too_long', 'callback_due', 'callback_missed'));
