-- Tests' databases have the checks already.
ALTER TABLE tenants
    DROP CONSTRAINT IF EXISTS tenants_slug_check,
    DROP CONSTRAINT IF EXISTS tenants_name_check,
    DROP CONSTRAINT IF EXISTS tenants_pack_check,
    DROP CONSTRAINT IF EXISTS tenants_settings_check,
    DROP CONSTRAINT IF EXISTS tenants_last_seq_check;
ALTER TABLE tenants
    ADD CONSTRAINT tenants_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
    ADD CONSTRAINT tenants_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    ADD CONSTRAINT tenants_pack_check CHECK (pack IN ('dealer', 'portal', 'rental', 'garage', 'secretary')),
    ADD CONSTRAINT tenants_settings_check CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 262144),
    ADD CONSTRAINT tenants_last_seq_check CHECK (last_seq >= 0);
ALTER TABLE contacts
    DROP CONSTRAINT IF EXISTS contacts_email_check,
    DROP CONSTRAINT IF EXISTS contacts_email_key_check,
    DROP CONSTRAINT IF EXISTS contacts_name_check,
    DROP CONSTRAINT IF EXISTS contacts_phone_check,
    DROP CONSTRAINT IF EXISTS contacts_search_check;
ALTER TABLE contacts
    ADD CONSTRAINT contacts_email_check CHECK (char_length(email) BETWEEN 3 AND 254),
    ADD CONSTRAINT contacts_email_key_check CHECK ((email IS NULL) = (email_key IS NULL)),
    ADD CONSTRAINT contacts_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    ADD CONSTRAINT contacts_phone_check CHECK (phone ~ '^\+[0-9]{4,15}$'),
    ADD CONSTRAINT contacts_search_check CHECK (char_length(search) <= 1000);
ALTER TABLE sessions
    DROP CONSTRAINT IF EXISTS sessions_channel_check,
    DROP CONSTRAINT IF EXISTS sessions_fence_check,
    DROP CONSTRAINT IF EXISTS sessions_lang_check,
    DROP CONSTRAINT IF EXISTS sessions_status_check,
    DROP CONSTRAINT IF EXISTS sessions_version_check,
    DROP CONSTRAINT IF EXISTS sessions_waiting_check,
    DROP CONSTRAINT IF EXISTS sessions_waits_for_check;
ALTER TABLE sessions
    ADD CONSTRAINT sessions_channel_check CHECK (channel IN ('mail', 'widget')),
    ADD CONSTRAINT sessions_fence_check CHECK (fence >= 0),
    ADD CONSTRAINT sessions_lang_check CHECK (lang ~ '^[a-z]{2,3}$'),
    ADD CONSTRAINT sessions_status_check CHECK (status IN ('open', 'with_human', 'closed')),
    ADD CONSTRAINT sessions_version_check CHECK (version > 0),
    ADD CONSTRAINT sessions_waiting_check CHECK ((waiting_since IS NULL) = (waits_for IS NULL)),
    ADD CONSTRAINT sessions_waits_for_check CHECK (waits_for IN ('answer', 'person'));
ALTER TABLE leads
    DROP CONSTRAINT IF EXISTS leads_excerpt_check,
    DROP CONSTRAINT IF EXISTS leads_first_response_ms_check,
    DROP CONSTRAINT IF EXISTS leads_last_fingerprint_check,
    DROP CONSTRAINT IF EXISTS leads_needs_human_check,
    DROP CONSTRAINT IF EXISTS leads_promise_by_check,
    DROP CONSTRAINT IF EXISTS leads_promise_by_model_check,
    DROP CONSTRAINT IF EXISTS leads_promise_check,
    DROP CONSTRAINT IF EXISTS leads_promise_state_check,
    DROP CONSTRAINT IF EXISTS leads_repeats_check,
    DROP CONSTRAINT IF EXISTS leads_source_check,
    DROP CONSTRAINT IF EXISTS leads_source_url_check,
    DROP CONSTRAINT IF EXISTS leads_status_check,
    DROP CONSTRAINT IF EXISTS leads_vehicle_interest_check;
ALTER TABLE leads
    ADD CONSTRAINT leads_excerpt_check CHECK (char_length(excerpt) <= 160),
    ADD CONSTRAINT leads_first_response_ms_check CHECK (first_response_ms >= 0),
    ADD CONSTRAINT leads_last_fingerprint_check CHECK (char_length(last_fingerprint) <= 128),
    ADD CONSTRAINT leads_needs_human_check CHECK (needs_human IN ('no_model_answer', 'not_proven',
        'promise_broken', 'undeliverable', 'uncertain', 'still_waiting', 'quarantined', 'customer_asked',
        'upset', 'too_long', 'callback_due', 'callback_missed')),
    ADD CONSTRAINT leads_promise_by_check CHECK (promise_by IN ('model', 'template', 'member')),
    ADD CONSTRAINT leads_promise_by_model_check CHECK (char_length(promise_by_model) <= 200),
    ADD CONSTRAINT leads_promise_check CHECK (((promise_state = 'none') = (promise_since IS NULL))
        AND ((promise_since IS NULL) = (promise_deadline IS NULL))
        AND ((promise_state = 'kept') = (promise_by IS NOT NULL))
        AND ((promise_by = 'model') = (promise_by_model IS NOT NULL))
        AND ((promise_by = 'member') = (promise_by_member_id IS NOT NULL))),
    ADD CONSTRAINT leads_promise_state_check CHECK (promise_state IN ('none', 'waiting', 'kept', 'broken')),
    ADD CONSTRAINT leads_repeats_check CHECK (repeats >= 0),
    ADD CONSTRAINT leads_source_check CHECK (source IN ('website', 'widget')),
    ADD CONSTRAINT leads_source_url_check CHECK (char_length(source_url) <= 2000),
    ADD CONSTRAINT leads_status_check CHECK (status IN ('new', 'contacted', 'qualified', 'won', 'lost')),
    ADD CONSTRAINT leads_vehicle_interest_check CHECK (char_length(vehicle_interest) <= 200);
ALTER TABLE messages
    DROP CONSTRAINT IF EXISTS messages_author_check,
    DROP CONSTRAINT IF EXISTS messages_client_id_check,
    DROP CONSTRAINT IF EXISTS messages_member_check,
    DROP CONSTRAINT IF EXISTS messages_model_check,
    DROP CONSTRAINT IF EXISTS messages_origin_check,
    DROP CONSTRAINT IF EXISTS messages_prompt_check,
    DROP CONSTRAINT IF EXISTS messages_seq_check;
ALTER TABLE messages
    ADD CONSTRAINT messages_author_check CHECK (author IN ('customer', 'assistant', 'member')),
    ADD CONSTRAINT messages_client_id_check CHECK (char_length(client_id) <= 512),
    ADD CONSTRAINT messages_member_check CHECK ((author = 'member') = (member_id IS NOT NULL)),
    ADD CONSTRAINT messages_model_check CHECK (char_length(model) <= 200),
    ADD CONSTRAINT messages_origin_check CHECK (((turn_id IS NULL) = (model IS NULL))
        AND ((turn_id IS NULL) = (prompt IS NULL))),
    ADD CONSTRAINT messages_prompt_check CHECK (char_length(prompt) <= 200),
    ADD CONSTRAINT messages_seq_check CHECK (seq > 0);
ALTER TABLE journal
    DROP CONSTRAINT IF EXISTS journal_kind_check,
    DROP CONSTRAINT IF EXISTS journal_seq_check,
    DROP CONSTRAINT IF EXISTS journal_version_check;
ALTER TABLE journal
    ADD CONSTRAINT journal_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    ADD CONSTRAINT journal_seq_check CHECK (seq > 0),
    ADD CONSTRAINT journal_version_check CHECK (version > 0);
ALTER TABLE inbound_events
    DROP CONSTRAINT IF EXISTS inbound_events_body_check,
    DROP CONSTRAINT IF EXISTS inbound_events_content_type_check,
    DROP CONSTRAINT IF EXISTS inbound_events_kind_check,
    DROP CONSTRAINT IF EXISTS inbound_events_outcome_check,
    DROP CONSTRAINT IF EXISTS inbound_events_status_check;
ALTER TABLE inbound_events
    ADD CONSTRAINT inbound_events_body_check CHECK (octet_length(body) <= 65536),
    ADD CONSTRAINT inbound_events_content_type_check CHECK (char_length(content_type) <= 200),
    ADD CONSTRAINT inbound_events_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    ADD CONSTRAINT inbound_events_outcome_check CHECK (outcome IN ('created', 'repeated', 'appended',
        'invalid', 'limited')),
    ADD CONSTRAINT inbound_events_status_check CHECK (status BETWEEN 100 AND 599);
ALTER TABLE timers
    DROP CONSTRAINT IF EXISTS timers_claim_check,
    DROP CONSTRAINT IF EXISTS timers_ended_check,
    DROP CONSTRAINT IF EXISTS timers_entity_kind_check,
    DROP CONSTRAINT IF EXISTS timers_fired_check,
    DROP CONSTRAINT IF EXISTS timers_kind_check,
    DROP CONSTRAINT IF EXISTS timers_moved_check,
    DROP CONSTRAINT IF EXISTS timers_reason_check,
    DROP CONSTRAINT IF EXISTS timers_status_check;
ALTER TABLE timers
    ADD CONSTRAINT timers_claim_check CHECK (((claimed_by IS NULL) = (claimed_until IS NULL))
        AND ((status = 'pending') OR (claimed_by IS NULL))),
    ADD CONSTRAINT timers_ended_check CHECK ((status = 'pending') = (ended_at IS NULL)),
    ADD CONSTRAINT timers_entity_kind_check CHECK (entity_kind = 'session'),
    ADD CONSTRAINT timers_fired_check CHECK (fired >= 0),
    ADD CONSTRAINT timers_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    ADD CONSTRAINT timers_moved_check CHECK (moved >= 0),
    ADD CONSTRAINT timers_reason_check CHECK (char_length(reason) BETWEEN 1 AND 64),
    ADD CONSTRAINT timers_status_check CHECK (status IN ('pending', 'fired', 'cancelled'));
ALTER TABLE deliveries
    DROP CONSTRAINT IF EXISTS deliveries_alert_check,
    DROP CONSTRAINT IF EXISTS deliveries_attempts_check,
    DROP CONSTRAINT IF EXISTS deliveries_claim_check,
    DROP CONSTRAINT IF EXISTS deliveries_code_check,
    DROP CONSTRAINT IF EXISTS deliveries_intent_check,
    DROP CONSTRAINT IF EXISTS deliveries_kind_check,
    DROP CONSTRAINT IF EXISTS deliveries_reason_check,
    DROP CONSTRAINT IF EXISTS deliveries_reference_check,
    DROP CONSTRAINT IF EXISTS deliveries_status_check,
    DROP CONSTRAINT IF EXISTS deliveries_to_address_check;
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_alert_check CHECK (((kind = 'alert') = (reason IS NOT NULL))
        AND ((kind = 'answer') = (message_id IS NOT NULL))),
    ADD CONSTRAINT deliveries_attempts_check CHECK (attempts >= 0),
    ADD CONSTRAINT deliveries_claim_check CHECK (((claimed_by IS NULL) = (claimed_until IS NULL))
        AND ((status IN ('pending', 'handing_over')) OR (claimed_by IS NULL))),
    ADD CONSTRAINT deliveries_code_check CHECK (char_length(code) <= 200),
    ADD CONSTRAINT deliveries_intent_check CHECK (char_length(intent) BETWEEN 1 AND 200),
    ADD CONSTRAINT deliveries_kind_check CHECK (kind IN ('answer', 'alert')),
    ADD CONSTRAINT deliveries_reason_check CHECK (char_length(reason) BETWEEN 1 AND 64),
    ADD CONSTRAINT deliveries_reference_check CHECK (char_length(reference) <= 200),
    ADD CONSTRAINT deliveries_status_check CHECK (status IN ('pending', 'handing_over', 'accepted',
        'failed', 'uncertain', 'refused')),
    ADD CONSTRAINT deliveries_to_address_check CHECK (char_length(to_address) BETWEEN 3 AND 254);
ALTER TABLE journal ADD COLUMN of_session uuid
    GENERATED ALWAYS AS (CASE WHEN kind = 'booking_told' THEN NULL ELSE session_id END) STORED;
ALTER TABLE journal ADD CONSTRAINT journal_session_fkey FOREIGN KEY (tenant_id, of_session)
    REFERENCES sessions (tenant_id, session_id)
    DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN journal.of_session IS 'The conversation, where it is one.';
