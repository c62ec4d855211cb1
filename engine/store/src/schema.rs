//! The tables as Diesel sees them. A test compares this file with the migrated database, and
//! writes it anew when `FORECOURT_WRITE_SCHEMA` is set.

diesel::table! {
    attachments (tenant_id, attachment_id) {
        tenant_id -> Uuid,
        attachment_id -> Uuid,
        session_id -> Uuid,
        kind -> Text,
        sha256 -> Bytea,
        body -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    booking_codes (tenant_id, delivery_id) {
        tenant_id -> Uuid,
        delivery_id -> Uuid,
        booking_id -> Uuid,
        asker_id -> Uuid,
        tries -> Int4,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    booking_events (tenant_id, booking_id, version) {
        tenant_id -> Uuid,
        booking_id -> Uuid,
        version -> Int8,
        kind -> Text,
        body -> Jsonb,
        at -> Timestamptz,
    }
}

diesel::table! {
    booking_letters (tenant_id, booking_id, kind, sequence) {
        tenant_id -> Uuid,
        booking_id -> Uuid,
        kind -> Text,
        sequence -> Int4,
        delivery_id -> Uuid,
        status -> Text,
        attempts -> Int4,
        next_at -> Timestamptz,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        code -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    booking_news (tenant_id, place) {
        tenant_id -> Uuid,
        place -> Int8,
        booking_id -> Uuid,
        version -> Int8,
        body -> Jsonb,
        at -> Timestamptz,
    }
}

diesel::table! {
    booking_takes (tenant_id, booking_id, resource_id) {
        tenant_id -> Uuid,
        booking_id -> Uuid,
        resource_id -> Uuid,
        unit -> Int4,
        takes_from -> Timestamptz,
        takes_until -> Timestamptz,
        held_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    booking_waits (tenant_id, wait_id) {
        tenant_id -> Uuid,
        wait_id -> Uuid,
        service_id -> Uuid,
        waits_from -> Timestamptz,
        waits_until -> Timestamptz,
        status -> Text,
        customer -> Jsonb,
        client_id -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        session_id -> Nullable<Uuid>,
        booking_id -> Nullable<Uuid>,
        offered_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bookings (tenant_id, booking_id) {
        tenant_id -> Uuid,
        booking_id -> Uuid,
        service_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        created_at -> Timestamptz,
        status -> Text,
        version -> Int8,
        hold_until -> Nullable<Timestamptz>,
        session_id -> Nullable<Uuid>,
        client_id -> Nullable<Text>,
        state -> Nullable<Jsonb>,
        updated_at -> Nullable<Timestamptz>,
        customer_email -> Nullable<Text>,
        customer_phone -> Nullable<Text>,
    }
}

diesel::table! {
    calendar_accounts (tenant_id, calendar_id) {
        tenant_id -> Uuid,
        calendar_id -> Uuid,
        provider -> Text,
        url -> Nullable<Text>,
        secret -> Bytea,
        calendar -> Text,
        name -> Text,
        resource_id -> Nullable<Uuid>,
        status -> Text,
        last_error -> Nullable<Text>,
        failures -> Int4,
        failing_since -> Nullable<Timestamptz>,
        read_at -> Nullable<Timestamptz>,
        read_due -> Timestamptz,
        paused_until -> Nullable<Timestamptz>,
        next_at -> Timestamptz,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    calendar_busy (tenant_id, calendar_id, number) {
        tenant_id -> Uuid,
        calendar_id -> Uuid,
        number -> Int4,
        resource_id -> Uuid,
        busy_from -> Timestamptz,
        busy_until -> Timestamptz,
    }
}

diesel::table! {
    calendar_entries (tenant_id, calendar_id, booking_id) {
        tenant_id -> Uuid,
        calendar_id -> Uuid,
        booking_id -> Uuid,
        status -> Text,
        external_id -> Nullable<Text>,
        etag -> Nullable<Text>,
        wanted -> Int8,
        attempts -> Int4,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    contacts (tenant_id, contact_id) {
        tenant_id -> Uuid,
        contact_id -> Uuid,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        phone -> Nullable<Text>,
        search -> Text,
        unsubscribed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    deliveries (tenant_id, delivery_id) {
        tenant_id -> Uuid,
        delivery_id -> Uuid,
        session_id -> Uuid,
        kind -> Text,
        reason -> Nullable<Text>,
        message_id -> Nullable<Uuid>,
        fence -> Nullable<Int8>,
        to_address -> Text,
        status -> Text,
        attempts -> Int4,
        next_at -> Timestamptz,
        deadline -> Nullable<Timestamptz>,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        code -> Nullable<Text>,
        reference -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        intent -> Nullable<Text>,
        replay_of -> Nullable<Uuid>,
        replayed_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    faqs (tenant_id, faq_id) {
        tenant_id -> Uuid,
        faq_id -> Uuid,
        position -> Int4,
        question -> Jsonb,
        answer -> Jsonb,
        keywords -> Array<Text>,
        active -> Bool,
        created_at -> Timestamptz,
        version -> Int8,
        updated_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    inbound_events (tenant_id, inbound_event_id) {
        tenant_id -> Uuid,
        inbound_event_id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        status -> Int2,
        outcome -> Text,
        lead_id -> Nullable<Uuid>,
        content_type -> Nullable<Text>,
        body -> Text,
    }
}

diesel::table! {
    journal (tenant_id, seq) {
        tenant_id -> Uuid,
        seq -> Int8,
        session_id -> Uuid,
        version -> Int8,
        at -> Timestamptz,
        kind -> Text,
        body -> Jsonb,
        cause -> Nullable<Jsonb>,
    }
}

diesel::table! {
    knowledge_changes (tenant_id, kind, item_id, version) {
        tenant_id -> Uuid,
        kind -> Text,
        item_id -> Uuid,
        version -> Int8,
        action -> Text,
        body -> Jsonb,
        member_id -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    knowledge_uses (tenant_id, session_id, turn_id, kind, ref_id) {
        tenant_id -> Uuid,
        session_id -> Uuid,
        turn_id -> Uuid,
        kind -> Text,
        ref_id -> Uuid,
        title -> Text,
        excerpt -> Text,
        source -> Text,
        url -> Nullable<Text>,
        at -> Timestamptz,
        found_by -> Nullable<Text>,
    }
}

diesel::table! {
    knowledge_versions (tenant_id) {
        tenant_id -> Uuid,
        version -> Int8,
    }
}

diesel::table! {
    leads (tenant_id, lead_id) {
        tenant_id -> Uuid,
        lead_id -> Uuid,
        contact_id -> Uuid,
        session_id -> Uuid,
        same_phone_as -> Nullable<Uuid>,
        source -> Text,
        source_url -> Nullable<Text>,
        vehicle_interest -> Nullable<Text>,
        status -> Text,
        excerpt -> Text,
        repeats -> Int4,
        last_inbound_at -> Timestamptz,
        last_fingerprint -> Nullable<Text>,
        first_response_ms -> Nullable<Int8>,
        promise_state -> Text,
        promise_message_id -> Nullable<Uuid>,
        promise_since -> Nullable<Timestamptz>,
        promise_deadline -> Nullable<Timestamptz>,
        promise_answered_after_ms -> Nullable<Int8>,
        promise_by -> Nullable<Text>,
        promise_by_model -> Nullable<Text>,
        promise_by_member_id -> Nullable<Uuid>,
        needs_human -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        assignee -> Nullable<Uuid>,
        callback_member -> Nullable<Uuid>,
        callback_at -> Nullable<Timestamptz>,
        callback_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    members (tenant_id, member_id) {
        tenant_id -> Uuid,
        member_id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        language -> Text,
        active -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    messages (tenant_id, session_id, seq) {
        tenant_id -> Uuid,
        session_id -> Uuid,
        seq -> Int8,
        message_id -> Uuid,
        author -> Text,
        member_id -> Nullable<Uuid>,
        text -> Text,
        client_id -> Nullable<Text>,
        turn_id -> Nullable<Uuid>,
        model -> Nullable<Text>,
        prompt -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    model_usage (tenant_id, day, model) {
        tenant_id -> Uuid,
        day -> Date,
        model -> Text,
        answers -> Int8,
        unpriced -> Int8,
        prompt_tokens -> Int8,
        cached_tokens -> Int8,
        output_tokens -> Int8,
        nano_usd -> Int8,
    }
}

diesel::table! {
    passages (tenant_id, passage_id) {
        tenant_id -> Uuid,
        passage_id -> Uuid,
        source -> Text,
        source_id -> Uuid,
        url -> Nullable<Text>,
        position -> Int4,
        lang -> Text,
        title -> Text,
        body -> Text,
        hints -> Text,
        folded -> Text,
        words -> crate::tables::Tsvector,
        fetched_at -> Timestamptz,
    }
}

diesel::table! {
    platform_settings (key) {
        key -> Text,
        value -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    policies (tenant_id, policy_id) {
        tenant_id -> Uuid,
        policy_id -> Uuid,
        position -> Int4,
        title -> Jsonb,
        body -> Jsonb,
        keywords -> Array<Text>,
        active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    reply_ratings (tenant_id, message_id, member_id) {
        tenant_id -> Uuid,
        message_id -> Uuid,
        member_id -> Uuid,
        session_id -> Uuid,
        rating -> Text,
        reason -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    resource_blocks (tenant_id, block_id) {
        tenant_id -> Uuid,
        block_id -> Uuid,
        resource_id -> Uuid,
        kind -> Text,
        label -> Nullable<Text>,
        starts_at -> Text,
        zone -> Text,
        minutes -> Int4,
        rule -> Nullable<Text>,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    resources (tenant_id, resource_id) {
        tenant_id -> Uuid,
        resource_id -> Uuid,
        kind -> Text,
        name -> Text,
        capacity -> Int4,
        buffer_before_minutes -> Int4,
        buffer_after_minutes -> Int4,
        vehicle_id -> Nullable<Uuid>,
        hours -> Nullable<Jsonb>,
        active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    services (tenant_id, service_id) {
        tenant_id -> Uuid,
        service_id -> Uuid,
        position -> Int4,
        name -> Jsonb,
        keywords -> Array<Text>,
        minutes -> Int4,
        price_minor -> Nullable<Int8>,
        currency -> Nullable<Text>,
        notice_minutes -> Int4,
        capacity -> Int4,
        active -> Bool,
        created_at -> Timestamptz,
        buffer_before_minutes -> Int4,
        buffer_after_minutes -> Int4,
        horizon_days -> Int4,
        needs -> Jsonb,
        description -> Jsonb,
        version -> Int8,
        updated_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    session_drafts (tenant_id, session_id) {
        tenant_id -> Uuid,
        session_id -> Uuid,
        revision -> Int8,
        text -> Text,
        member_id -> Nullable<Uuid>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (tenant_id, session_id) {
        tenant_id -> Uuid,
        session_id -> Uuid,
        version -> Int8,
        fence -> Int8,
        channel -> Text,
        lang -> Text,
        status -> Text,
        waiting_since -> Nullable<Timestamptz>,
        waits_for -> Nullable<Text>,
        state -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    staff_sessions (tenant_id, token_hash) {
        tenant_id -> Uuid,
        token_hash -> Bytea,
        member_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    tenant_settings (tenant_id, print) {
        tenant_id -> Uuid,
        print -> Text,
        settings -> Jsonb,
        since -> Timestamptz,
    }
}

diesel::table! {
    tenants (tenant_id) {
        tenant_id -> Uuid,
        slug -> Text,
        name -> Text,
        pack -> Text,
        settings -> Jsonb,
        epoch -> Int8,
        last_seq -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    timers (tenant_id, entity_kind, entity_id, kind) {
        tenant_id -> Uuid,
        entity_kind -> Text,
        entity_id -> Uuid,
        kind -> Text,
        due_at -> Timestamptz,
        status -> Text,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        set_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        written_by -> Nullable<Uuid>,
        moved -> Int4,
        moved_at -> Nullable<Timestamptz>,
        fired -> Int4,
        fired_at -> Nullable<Timestamptz>,
        fired_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    tool_calls (tenant_id, tool_id, number) {
        tenant_id -> Uuid,
        tool_id -> Uuid,
        number -> Int8,
        version -> Int8,
        session_id -> Nullable<Uuid>,
        member_id -> Nullable<Uuid>,
        at -> Timestamptz,
        took_ms -> Int4,
        status -> Nullable<Int2>,
        code -> Text,
    }
}

diesel::table! {
    tool_versions (tenant_id, tool_id, version) {
        tenant_id -> Uuid,
        tool_id -> Uuid,
        version -> Int8,
        action -> Text,
        body -> Jsonb,
        member_id -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    tools (tenant_id, tool_id) {
        tenant_id -> Uuid,
        tool_id -> Uuid,
        name -> Text,
        body -> Jsonb,
        headers -> Nullable<Bytea>,
        active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    unanswered (tenant_id, question_id) {
        tenant_id -> Uuid,
        question_id -> Uuid,
        lang -> Text,
        key -> Bytea,
        text -> Text,
        times -> Int4,
        session_id -> Uuid,
        status -> Text,
        faq_id -> Nullable<Uuid>,
        first_at -> Timestamptz,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    vehicle_history (tenant_id, vehicle_id, version) {
        tenant_id -> Uuid,
        vehicle_id -> Uuid,
        version -> Int8,
        step -> Jsonb,
        member_id -> Nullable<Uuid>,
        import_id -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    vehicle_imports (tenant_id, import_id) {
        tenant_id -> Uuid,
        import_id -> Uuid,
        file -> Bytea,
        print -> Text,
        new_rows -> Int4,
        changed_rows -> Int4,
        same_rows -> Int4,
        bad_rows -> Int4,
        member_id -> Uuid,
        created_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    vehicle_photos (tenant_id, photo_id) {
        tenant_id -> Uuid,
        photo_id -> Uuid,
        vehicle_id -> Uuid,
        media_type -> Text,
        body -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    vehicles (tenant_id, vehicle_id) {
        tenant_id -> Uuid,
        vehicle_id -> Uuid,
        position -> Int4,
        make -> Text,
        model -> Text,
        variant -> Nullable<Text>,
        year -> Int2,
        price_minor -> Int8,
        currency -> Text,
        fuel -> Text,
        kilometres -> Int4,
        status -> Text,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        vin -> Nullable<Text>,
        plate -> Nullable<Text>,
        stock_number -> Nullable<Text>,
        body -> Nullable<Text>,
        seats -> Nullable<Int2>,
        range_km -> Nullable<Int4>,
        details -> Jsonb,
        make_key -> Text,
        model_key -> Text,
        search -> Text,
    }
}

diesel::table! {
    webhook_calls (tenant_id, endpoint_id, number) {
        tenant_id -> Uuid,
        endpoint_id -> Uuid,
        number -> Int8,
        entity_id -> Uuid,
        seq -> Nullable<Int8>,
        topic -> Text,
        event_id -> Text,
        body -> Text,
        status -> Text,
        tries -> Int4,
        run -> Int4,
        next_at -> Timestamptz,
        last -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_endpoints (tenant_id, endpoint_id) {
        tenant_id -> Uuid,
        endpoint_id -> Uuid,
        url -> Text,
        description -> Nullable<Text>,
        topics -> Array<Text>,
        secret -> Bytea,
        old_secret -> Nullable<Bytea>,
        old_secret_until -> Nullable<Timestamptz>,
        status -> Text,
        paused_why -> Nullable<Text>,
        paused_at -> Nullable<Timestamptz>,
        notice -> Nullable<Text>,
        notice_at -> Nullable<Timestamptz>,
        cursor -> Int8,
        last_number -> Int8,
        failing_since -> Nullable<Timestamptz>,
        accepted_at -> Nullable<Timestamptz>,
        next_at -> Nullable<Timestamptz>,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_tries (tenant_id, endpoint_id, number, attempt) {
        tenant_id -> Uuid,
        endpoint_id -> Uuid,
        number -> Int8,
        attempt -> Int4,
        at -> Timestamptz,
        took_ms -> Int4,
        status -> Nullable<Int2>,
        code -> Nullable<Text>,
        beginning -> Text,
    }
}

diesel::table! {
    websites (tenant_id, website_id) {
        tenant_id -> Uuid,
        website_id -> Uuid,
        url -> Text,
        status -> Text,
        pages_seen -> Int4,
        pages_read -> Int4,
        passages -> Int4,
        code -> Nullable<Text>,
        next_at -> Nullable<Timestamptz>,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    attachments,
    booking_codes,
    booking_events,
    booking_letters,
    booking_news,
    booking_takes,
    booking_waits,
    bookings,
    calendar_accounts,
    calendar_busy,
    calendar_entries,
    contacts,
    deliveries,
    faqs,
    inbound_events,
    journal,
    knowledge_changes,
    knowledge_uses,
    knowledge_versions,
    leads,
    members,
    messages,
    model_usage,
    passages,
    platform_settings,
    policies,
    reply_ratings,
    resource_blocks,
    resources,
    services,
    session_drafts,
    sessions,
    staff_sessions,
    tenant_settings,
    tenants,
    timers,
    tool_calls,
    tool_versions,
    tools,
    unanswered,
    vehicle_history,
    vehicle_imports,
    vehicle_photos,
    vehicles,
    webhook_calls,
    webhook_endpoints,
    webhook_tries,
    websites
);
