-- What the planner should think of these tables before their first real statistics.
--
-- Of a table that was never analyzed, Postgres believes that one tenant has half a percent of the
-- rows: a handful. It then reads all rows of the tenant where it should look up one of them by its
-- key, and prepared statements keep that plan. Autovacuum sets it right, but only after a minute, in
-- which a burst has grown the tables by ten thousand rows. So a made-up tenant comes, is counted, and
-- goes again: what stays is "a tenant has many rows, a key has one". Real statistics replace it;
-- those of an empty table do not.

SELECT set_config('app.tenant_id', '00000000-0000-7000-8000-000000000000', true);

INSERT INTO tenants (slug, name, pack, epoch, created_at, updated_at)
    VALUES ('statistics', 'Statistics', 'dealer', 1, 'epoch', 'epoch');
INSERT INTO contacts (contact_id, name, email, email_key, phone, search, created_at, updated_at)
    SELECT gen_random_uuid(), 'n' || n, n || '@example.org', n || '@example.org', '+' || 10000 + n,
        'n' || n, 'epoch', 'epoch'
    FROM generate_series(1, 300) n;
INSERT INTO sessions (session_id, version, fence, channel, lang, status, waiting_since, waits_for,
        state, created_at, updated_at)
    SELECT contact_id, 1, 0, 'mail', 'nb', 'open', NULL, NULL, '{}', 'epoch', 'epoch'
    FROM contacts;
INSERT INTO leads (lead_id, contact_id, session_id, source, status, excerpt, repeats,
        last_inbound_at, promise_state, created_at, updated_at)
    SELECT gen_random_uuid(), contact_id, contact_id,
        (ARRAY['website', 'widget'])[1 + n % 2],
        (ARRAY['new', 'contacted', 'contacted', 'qualified', 'won', 'lost'])[1 + n % 6],
        '', 0, 'epoch', 'none', timestamptz 'epoch' + n * interval '1 second', 'epoch'
    FROM (SELECT contact_id, row_number() OVER () n FROM contacts) c;
INSERT INTO messages (session_id, seq, message_id, author, text, at)
    SELECT session_id, n, gen_random_uuid(), 'customer', 'text', 'epoch'
    FROM sessions, generate_series(1, 3) n;
INSERT INTO journal (seq, session_id, version, at, kind, body)
    SELECT row_number() OVER (), session_id, n, 'epoch', 'session_opened', '{}'
    FROM sessions, generate_series(1, 5) n;
INSERT INTO timers (entity_kind, entity_id, kind, due_at, status, set_at, ended_at)
    SELECT 'session', session_id, kind, timestamptz 'epoch' + row_number() OVER () * interval '1 second',
        'fired', 'epoch', 'epoch'
    FROM sessions, unnest(ARRAY['promise', 'turn']) kind;
INSERT INTO deliveries (delivery_id, session_id, kind, message_id, to_address, status, attempts,
        next_at, created_at, updated_at)
    SELECT gen_random_uuid(), session_id, 'answer', session_id, 'n@example.org', 'accepted', 1,
        timestamptz 'epoch' + row_number() OVER () * interval '1 second', 'epoch', 'epoch'
    FROM sessions;

ANALYZE contacts, sessions, leads, messages, journal, timers, deliveries;

DELETE FROM deliveries;
DELETE FROM timers;
DELETE FROM journal;
DELETE FROM messages;
DELETE FROM leads;
DELETE FROM sessions;
DELETE FROM contacts;
DELETE FROM tenants WHERE slug = 'statistics';
SELECT set_config('app.tenant_id', '', true);
