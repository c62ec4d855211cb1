-- An assistant with tools: more reasons why a person is needed.
--
-- Only widens: an engine of before this migration goes on beside a newer one.

ALTER TABLE leads DROP CONSTRAINT leads_needs_human_check;
ALTER TABLE leads ADD CONSTRAINT leads_needs_human_check CHECK (needs_human IN (
    'no_model_answer', 'not_proven', 'promise_broken', 'undeliverable', 'uncertain', 'still_waiting',
    'quarantined', 'customer_asked', 'upset', 'too_long'));
