-- Commits of a tenant's journal cost less.
--
-- Postgres parses and prepares every CHECK of a table anew for each statement that writes it: of the 0.2 ms of a
-- one-row update of deliveries they were 0.15, and of a whole commit most. What they repeat is what the engine's types
-- already say (words of an enum, counts that do not fall below zero, lengths that were bounded where the text came
-- in), and a reader that finds another word says so. They are not gone: engine/store/checks.sql sets them in every
-- test's database, where a fault of ours must show. What bounds a row's size stays.
--
-- Nor does the journal point to its conversation by a foreign key: each of a lead's nine events was looked up in
-- sessions once more at the end of its commit. They can only be written by the commit that writes the session's row
-- too, under its version (A2, A3); and the truth does not hang on the row that follows from it.
-- Each commit moves its tenant's last_seq, and wrote the tenant's whole settings as text to count their bytes.
ALTER TABLE tenants
    DROP CONSTRAINT tenants_slug_check,
    DROP CONSTRAINT tenants_name_check,
    DROP CONSTRAINT tenants_pack_check,
    DROP CONSTRAINT tenants_settings_check,
    DROP CONSTRAINT tenants_last_seq_check;
ALTER TABLE contacts
    DROP CONSTRAINT contacts_email_check,
    DROP CONSTRAINT contacts_email_key_check,
    DROP CONSTRAINT contacts_name_check,
    DROP CONSTRAINT contacts_phone_check,
    DROP CONSTRAINT contacts_search_check;
ALTER TABLE sessions
    DROP CONSTRAINT sessions_channel_check,
    DROP CONSTRAINT sessions_fence_check,
    DROP CONSTRAINT sessions_lang_check,
    DROP CONSTRAINT sessions_status_check,
    DROP CONSTRAINT sessions_version_check,
    DROP CONSTRAINT sessions_waiting_check,
    DROP CONSTRAINT sessions_waits_for_check;
ALTER TABLE leads
    DROP CONSTRAINT leads_excerpt_check,
    DROP CONSTRAINT leads_first_response_ms_check,
    DROP CONSTRAINT leads_last_fingerprint_check,
    DROP CONSTRAINT leads_needs_human_check,
    DROP CONSTRAINT leads_promise_by_check,
    DROP CONSTRAINT leads_promise_by_model_check,
    DROP CONSTRAINT leads_promise_check,
    DROP CONSTRAINT leads_promise_state_check,
    DROP CONSTRAINT leads_repeats_check,
    DROP CONSTRAINT leads_source_check,
    DROP CONSTRAINT leads_source_url_check,
    DROP CONSTRAINT leads_status_check,
    DROP CONSTRAINT leads_vehicle_interest_check;
ALTER TABLE messages
    DROP CONSTRAINT messages_author_check,
    DROP CONSTRAINT messages_client_id_check,
    DROP CONSTRAINT messages_member_check,
    DROP CONSTRAINT messages_model_check,
    DROP CONSTRAINT messages_origin_check,
    DROP CONSTRAINT messages_prompt_check,
    DROP CONSTRAINT messages_seq_check;
ALTER TABLE journal
    DROP CONSTRAINT journal_kind_check,
    DROP CONSTRAINT journal_seq_check,
    DROP CONSTRAINT journal_version_check;
ALTER TABLE inbound_events
    DROP CONSTRAINT inbound_events_body_check,
    DROP CONSTRAINT inbound_events_content_type_check,
    DROP CONSTRAINT inbound_events_kind_check,
    DROP CONSTRAINT inbound_events_outcome_check,
    DROP CONSTRAINT inbound_events_status_check;
ALTER TABLE timers
    DROP CONSTRAINT timers_claim_check,
    DROP CONSTRAINT timers_ended_check,
    DROP CONSTRAINT timers_entity_kind_check,
    DROP CONSTRAINT timers_fired_check,
    DROP CONSTRAINT timers_kind_check,
    DROP CONSTRAINT timers_moved_check,
    DROP CONSTRAINT timers_reason_check,
    DROP CONSTRAINT timers_status_check;
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_alert_check,
    DROP CONSTRAINT deliveries_attempts_check,
    DROP CONSTRAINT deliveries_claim_check,
    DROP CONSTRAINT deliveries_code_check,
    DROP CONSTRAINT deliveries_intent_check,
    DROP CONSTRAINT deliveries_kind_check,
    DROP CONSTRAINT deliveries_reason_check,
    DROP CONSTRAINT deliveries_reference_check,
    DROP CONSTRAINT deliveries_status_check,
    DROP CONSTRAINT deliveries_to_address_check;
ALTER TABLE journal DROP CONSTRAINT journal_session_fkey;
ALTER TABLE journal DROP COLUMN of_session;
