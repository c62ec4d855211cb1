//! What every table with a tenant must keep, asked of the catalog.

use forecourt_store::testing::{Raw, TestDb};

/// Every query answers with what breaks its rule.
const RULES: [(&str, &str); 13] = [
    (
        "every table with a tenant has row-level security, and forced, so that owners obey too",
        "SELECT relname FROM tenant_tables WHERE NOT (relrowsecurity AND relforcerowsecurity)",
    ),
    (
        "every table with a tenant has a policy for all commands on the tenant's own rows",
        "SELECT relname FROM tenant_tables t WHERE NOT EXISTS (
             SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd = '*'
             AND pg_get_expr(p.polqual, t.oid) LIKE '%tenant_id = ( SELECT app_tenant()%'
             AND pg_get_expr(p.polwithcheck, t.oid) LIKE '%tenant_id = ( SELECT app_tenant()%')",
    ),
    (
        "whoever sees more than their own rows may only read, and is the jobs role or a slug",
        "SELECT relname || '.' || polname FROM tenant_tables t JOIN pg_policy p ON p.polrelid = t.oid
         WHERE pg_get_expr(p.polqual, t.oid) NOT LIKE '%app_tenant()%'
         AND NOT (p.polcmd = 'r' AND (p.polroles = ARRAY['forecourt_jobs'::regrole::oid]
                                      OR p.polname = 'tenants_by_slug'))",
    ),
    (
        "no table belongs to a role that the engine runs as",
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relowner IN ('forecourt_app'::regrole, 'forecourt_jobs'::regrole)",
    ),
    (
        "neither role can bypass security, nor is it a member of one that can",
        "SELECT r.rolname FROM pg_roles r, pg_roles up
         WHERE r.rolname IN ('forecourt_app', 'forecourt_jobs') AND pg_has_role(r.oid, up.oid, 'MEMBER')
         AND (up.rolsuper OR up.rolbypassrls OR up.rolcreaterole OR up.oid <> r.oid)",
    ),
    (
        "neither role waits without an end",
        "SELECT rolname FROM pg_roles WHERE rolname IN ('forecourt_app', 'forecourt_jobs')
         AND NOT COALESCE(rolconfig::text LIKE '%statement_timeout=%' AND rolconfig::text LIKE '%lock_timeout=%'
             AND rolconfig::text LIKE '%idle_in_transaction_session_timeout=%', false)",
    ),
    (
        "the jobs role has no grant on a whole table",
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relkind IN ('r', 'p', 'v', 'm')
         AND has_table_privilege('forecourt_jobs', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
    ),
    (
        "the key of a table with a tenant starts with the tenant",
        "SELECT relname FROM tenant_tables t WHERE NOT EXISTS (
             SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = t.oid AND i.indisprimary AND a.attname = 'tenant_id')",
    ),
    (
        "a foreign key between tenants' tables carries the tenant: its checks bypass security",
        "SELECT c.conname FROM pg_constraint c
         JOIN tenant_tables t ON t.oid = c.conrelid JOIN tenant_tables f ON f.oid = c.confrelid
         WHERE c.contype = 'f' AND NOT EXISTS (
             SELECT FROM pg_attribute here, pg_attribute there
             WHERE here.attrelid = t.oid AND here.attnum = c.conkey[1] AND here.attname = 'tenant_id'
             AND there.attrelid = f.oid AND there.attnum = c.confkey[1] AND there.attname = 'tenant_id')",
    ),
    (
        "every table says what it is",
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relkind IN ('r', 'p') AND relname <> '__diesel_schema_migrations'
         AND obj_description(oid, 'pg_class') IS NULL",
    ),
    (
        "no function runs with its owner's rights",
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
         AND has_function_privilege('forecourt_app', oid, 'EXECUTE')",
    ),
    (
        "a view looks with its caller's rights, and there is no copy of rows without policies",
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND (relkind = 'm' OR relkind = 'v' AND NOT COALESCE(reloptions::text LIKE '%security_invoker=true%', false))",
    ),
    (
        "nobody but the three roles has a grant",
        "SELECT table_name || ' to ' || grantee FROM information_schema.role_table_grants
         WHERE table_schema = 'public' AND grantee NOT IN ('forecourt_owner', 'forecourt_app', 'forecourt_jobs')",
    ),
];

const TENANT_TABLES: &str = "CREATE TEMPORARY VIEW tenant_tables AS
    SELECT c.* FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped";

pub(crate) async fn superuser(db: &TestDb) -> Raw {
    let raw = db.raw(&db.superuser()).await;
    raw.run(TENANT_TABLES).await.unwrap();
    raw
}

pub(crate) async fn broken(raw: &Raw) -> Vec<String> {
    let mut found = Vec::new();
    for (rule, query) in RULES {
        for name in raw.texts(query).await.unwrap() {
            found.push(format!("{name}: {rule}"));
        }
    }
    found
}
