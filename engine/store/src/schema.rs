//! The tables as Diesel sees them. A test compares this file with the migrated database, and
//! writes it anew when `FORECOURT_WRITE_SCHEMA` is set.

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
    platform_settings (key) {
        key -> Text,
        value -> Bytea,
        created_at -> Timestamptz,
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

diesel::allow_tables_to_appear_in_same_query!(members, platform_settings, staff_sessions, tenants);
