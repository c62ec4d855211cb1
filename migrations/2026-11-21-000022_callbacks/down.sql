UPDATE leads SET needs_human = 'still_waiting'
    WHERE needs_human IN ('callback_due', 'callback_missed');
ALTER TABLE leads DROP CONSTRAINT leads_needs_human_check;
ALTER TABLE leads ADD CONSTRAINT leads_needs_human_check CHECK (needs_human IN (
    'no_model_answer', 'not_proven', 'promise_broken', 'undeliverable', 'uncertain', 'still_waiting',
    'quarantined', 'customer_asked', 'upset', 'too_long'));
ALTER TABLE leads
    DROP COLUMN callback_member,
    DROP COLUMN callback_at,
    DROP COLUMN callback_until;
