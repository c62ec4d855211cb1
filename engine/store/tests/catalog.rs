//! S2: row-level security, grants and indexes, read back from the catalog of a migrated database,
//! so that a new table cannot forget a rule.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

#[path = "ground/rules.rs"]
mod rules;

use std::{fmt::Write as _, fs, path::Path};

use forecourt_store::testing::{Raw, TestDb, redo_migrations};
use rules::{broken, superuser};

/// Indexes of tenants' tables that do not start with `tenant_id`: what a sweep asks over all
/// tenants at once, and what is unique over all of them. A new one needs a reason here.
const OVER_ALL_TENANTS: [&str; 10] = [
    // A public name leads to one tenant.
    "tenants_slug_key",
    // Who has expired sessions?
    "staff_sessions_due_idx",
    // What is due, and whose handover was broken off?
    "timers_due_idx",
    "deliveries_due_idx",
    "deliveries_begun_idx",
    // Whose holds are over, and which letters about bookings are due?
    "bookings_held_idx",
    "booking_letters_due_idx",
    // Which pages are to be read?
    "websites_due_idx",
    // Which calendars have to be looked at?
    "calendar_accounts_due_idx",
    // Who waits (A11)?
    "sessions_waiting_idx",
];

#[tokio::test]
async fn every_table_with_a_tenant_has_forced_row_level_security() {
    let db = TestDb::new().await;
    let raw = superuser(&db).await;
    let tables = raw.texts("SELECT relname FROM tenant_tables ORDER BY 1").await.unwrap();
    for known in ["members", "staff_sessions", "tenants"] {
        assert!(tables.iter().any(|table| table == known), "the walk missed {known}: {tables:?}");
    }
    assert_eq!(broken(&raw).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_index_starts_with_the_tenant_unless_it_is_for_all_of_them() {
    let db = TestDb::new().await;
    let raw = superuser(&db).await;
    let others = "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN tenant_tables t ON t.oid = i.indrelid
                  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
                  WHERE a.attname IS DISTINCT FROM 'tenant_id' ORDER BY 1";
    let mut expected = OVER_ALL_TENANTS;
    expected.sort_unstable();
    assert_eq!(raw.texts(others).await.unwrap(), expected);
}

/// The walk itself is tested: each of these mistakes must be noticed.
#[tokio::test]
async fn a_table_that_forgets_a_rule_is_noticed() {
    let mistakes = [
        "CREATE TABLE forgotten (tenant_id uuid PRIMARY KEY)",
        "ALTER TABLE members NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY members_own ON members",
        "ALTER POLICY members_own ON members WITH CHECK (true)",
        "CREATE POLICY open ON members FOR SELECT TO forecourt_app USING (true)",
        "ALTER TABLE members OWNER TO forecourt_app",
        "GRANT SELECT ON members TO forecourt_jobs",
        "GRANT SELECT ON members TO PUBLIC",
        "CREATE VIEW peek AS SELECT * FROM members",
        "CREATE MATERIALIZED VIEW copy AS SELECT * FROM members",
        "CREATE FUNCTION hole() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "COMMENT ON TABLE members IS NULL",
        "ALTER TABLE staff_sessions ADD CONSTRAINT crossing FOREIGN KEY (member_id, tenant_id)
         REFERENCES members (member_id, tenant_id)",
    ];
    let db = TestDb::new().await;
    let raw = superuser(&db).await;
    raw.run("ALTER TABLE members ADD UNIQUE (member_id, tenant_id)").await.unwrap();
    for mistake in mistakes {
        raw.run(&format!("BEGIN; {mistake}")).await.unwrap();
        assert_ne!(broken(&raw).await, Vec::<String>::new(), "`{mistake}` went unnoticed");
        raw.run("ROLLBACK").await.unwrap();
    }
}

/// Everything that a migration can change, as text.
async fn fingerprint(raw: &Raw) -> String {
    let queries = [
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
         || COALESCE(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT tablename || ' ' || policyname || ' ' || roles::text || cmd || COALESCE(qual, '')
         || COALESCE(with_check, '') FROM pg_policies",
        "SELECT oid::regprocedure || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT oid::regclass || ' ' || COALESCE(relacl::text, '') || relrowsecurity || relforcerowsecurity
         FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        "SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace",
    ];
    let mut text = String::new();
    for query in queries {
        let mut rows = raw.texts(query).await.unwrap();
        rows.retain(|row| !row.contains("__diesel_schema_migrations"));
        rows.sort();
        writeln!(text, "{}", rows.join("\n")).unwrap();
    }
    text
}

#[tokio::test]
async fn each_migration_can_be_taken_back_and_applied_again() {
    let db = TestDb::new().await;
    let raw = db.raw(&db.superuser()).await;
    let before = fingerprint(&raw).await;
    let access = db.access().clone();
    tokio::task::spawn_blocking(move || redo_migrations(&access)).await.unwrap();
    assert_eq!(fingerprint(&raw).await, before);
}

#[tokio::test]
async fn nothing_is_left_when_all_migrations_are_taken_back() {
    let db = TestDb::new().await;
    let access = db.access().clone();
    tokio::task::spawn_blocking(move || forecourt_store::testing::revert_migrations(&access))
        .await
        .unwrap();
    let raw = db.raw(&db.superuser()).await;
    assert_eq!(fingerprint(&raw).await.trim(), "", "left behind");
}

/// Names and types in `schema.rs` are those of the database; Diesel does not check them.
#[tokio::test]
async fn the_tables_that_diesel_knows_are_those_of_the_database() {
    let db = TestDb::new().await;
    let raw = db.raw(&db.superuser()).await;
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs");
    let known = fs::read_to_string(&written).unwrap();
    let head = known.split_once("diesel::table!").unwrap().0;
    let generated = format!("{head}{}", schema(&raw).await);
    if std::env::var_os("FORECOURT_WRITE_SCHEMA").is_some() {
        fs::write(&written, generated).unwrap();
    } else {
        let hint =
            "run this test with FORECOURT_WRITE_SCHEMA=1, then `cargo fmt -p forecourt-store`";
        // Whatever rustfmt did between the words.
        let tables = |text: &str| -> Vec<String> {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let words = words.replace("( ", "(").replace(", )", ")").replace(" )", ")");
            words.split("diesel::").map(|part| part.trim().to_owned()).collect()
        };
        let (mut known, mut generated) = (tables(&known), tables(&generated));
        let same: Vec<_> = known.iter().filter(|part| generated.contains(part)).cloned().collect();
        known.retain(|part| !same.contains(part));
        generated.retain(|part| !same.contains(part));
        assert_eq!(known, generated, "{hint}");
    }
}

async fn schema(raw: &Raw) -> String {
    let tables = raw
        .texts(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                AND relkind IN ('r', 'p') AND relname <> '__diesel_schema_migrations' ORDER BY 1",
        )
        .await
        .unwrap();
    let mut text = String::new();
    for table in &tables {
        let keys = raw
            .texts(&format!(
                "SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, n)
                 JOIN pg_attribute a ON a.attnum = k.attnum AND a.attrelid = '{table}'::regclass
                 WHERE i.indrelid = '{table}'::regclass AND i.indisprimary ORDER BY k.n"
            ))
            .await
            .unwrap();
        let columns = raw
            .texts(&format!(
                "SELECT attname || ' ' || format_type(atttypid, NULL) || CASE WHEN attnotnull THEN '' ELSE '?' END
                 FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0
                 AND NOT attisdropped ORDER BY attnum"
            ))
            .await
            .unwrap();
        writeln!(text, "diesel::table! {{\n    {table} ({}) {{", keys.join(", ")).unwrap();
        for column in columns {
            let (name, sql) = column.split_once(' ').unwrap();
            writeln!(text, "        {name} -> {},", diesel_type(sql)).unwrap();
        }
        text.push_str("    }\n}\n\n");
    }
    writeln!(text, "diesel::allow_tables_to_appear_in_same_query!({});", tables.join(", "))
        .unwrap();
    text
}

fn diesel_type(sql: &str) -> String {
    if let Some(inner) = sql.strip_suffix('?') {
        return format!("Nullable<{}>", diesel_type(inner));
    }
    if let Some(inner) = sql.strip_suffix("[]") {
        return format!("Array<{}>", diesel_type(inner));
    }
    let name = match sql {
        "uuid" => "Uuid",
        "text" => "Text",
        "bytea" => "Bytea",
        "boolean" => "Bool",
        "smallint" => "Int2",
        "integer" => "Int4",
        "bigint" => "Int8",
        "numeric" => "Numeric",
        "double precision" => "Float8",
        "jsonb" => "Jsonb",
        "date" => "Date",
        "time without time zone" => "Time",
        "timestamp with time zone" => "Timestamptz",
        "tstzrange" => "Tstzrange",
        "tsvector" => "crate::tables::Tsvector",
        other => panic!("schema.rs has no name for `{other}` yet"),
    };
    name.to_owned()
}
