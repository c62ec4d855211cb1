//! What vectors need of a database, beside the migrations: the extension, two tables, an index.
//!
//! The migrations run on any Postgres; this runs only where the operator has switched vectors on, after them
//! and under the same start lock. It may run again and again: what is there already stays. A database holds one
//! space; with another model all passages are placed anew, with other dimensions the table is made anew too.
//! Switched off again, the tables stay and are not looked at.
//!
//! # Invariants
//! - **A8** the tables force row-level security on `tenant_id`, as all others do;
//! - vectors are derived: dropping them loses nothing but the money to make them again.

use forecourt_ports::embedder::Space;
use tokio_postgres::Client;

use crate::{connect::ConnectOptions, error::DbError};

/// Rises when the tables below change; then they are made anew.
const FORMAT: i32 = 1;
/// Older versions may look at too few rows of an index when most are other tenants'.
const OLDEST: (u32, u32) = (0, 8);

/// Why vectors cannot be kept here. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VectorsError {
    #[error(
        "vectors are switched on, but pgvector is not installed on the database server; install it (Debian and \
         Ubuntu: `apt-get install postgresql-{0}-pgvector` from apt.postgresql.org, macOS: `brew install \
         pgvector`, managed databases offer it as an extension), or start without --vectors"
    )]
    NotInstalled(u32),
    #[error(
        "vectors are switched on, but the database has no extension `vector` and `{user}` may not create it; let \
         a superuser run `CREATE EXTENSION vector;` in the database `{database}`, or start without --vectors"
    )]
    MayNotCreate { user: String, database: String },
    #[error(
        "vectors need pgvector 0.8 or newer, this is {0}; install a newer one and let a superuser run \
         `ALTER EXTENSION vector UPDATE;`"
    )]
    TooOld(String),
    #[error("the model or the dimensions of the embeddings are out of their bounds")]
    Space,
    #[error("cannot make the tables of vectors")]
    Query(#[from] DbError),
}

/// Makes what is missing for vectors of `space`. The caller holds the start lock.
pub(crate) async fn ensure(
    owner: &Client,
    options: &ConnectOptions,
    superuser: Option<&ConnectOptions>,
    space: &Space,
) -> Result<(), VectorsError> {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
    if !(8..=forecourt_ports::embedder::MOST_DIMS).contains(&space.dims)
        || !(1..=128).contains(&space.model.len())
        || !plain(&space.model)
    {
        return Err(VectorsError::Space);
    }
    extension(owner, options, superuser).await?;
    let dims = i32::from(space.dims);
    let known = known(owner).await?;
    if known == Some((FORMAT, space.model.clone(), dims)) {
        return Ok(());
    }
    let same_table = matches!(known, Some((format, _, of)) if format == FORMAT && of == dims);
    let tables = if same_table { String::new() } else { format!("{ANEW}{}", tables(dims)) };
    // All or nothing: a node that is killed in between leaves the space as it was.
    let begin = format!("BEGIN; SET LOCAL lock_timeout = '10s'; {SPACE}{tables}{ALL_DUE}");
    let set = "INSERT INTO vector_space (format, model, dims) VALUES ($1, $2, $3)
               ON CONFLICT (one) DO UPDATE SET format = $1, model = $2, dims = $3";
    owner.batch_execute(&begin).await.map_err(DbError::from)?;
    owner.execute(set, &[&FORMAT, &space.model, &dims]).await.map_err(DbError::from)?;
    owner.batch_execute("COMMIT").await.map_err(DbError::from)?;
    tracing::info!(model = %space.model, dims, "passages are placed anew in a space of vectors");
    Ok(())
}

/// The space that the database holds.
async fn known(owner: &Client) -> Result<Option<(i32, String, i32)>, DbError> {
    let there =
        owner.query_one("SELECT to_regclass('public.vector_space') IS NOT NULL", &[]).await?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = owner.query_opt("SELECT format, model, dims FROM vector_space", &[]).await?;
    Ok(row.map(|row| (row.get(0), row.get(1), row.get(2))))
}

/// The extension is not a trusted one: only a superuser creates it.
async fn extension(
    owner: &Client,
    options: &ConnectOptions,
    superuser: Option<&ConnectOptions>,
) -> Result<(), VectorsError> {
    let installed = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'vector'";
    let version = async || -> Result<Option<String>, DbError> {
        let row = owner.query_opt(installed, &[]).await?;
        Ok(row.map(|row| row.get(0)))
    };
    let mut found = version().await?;
    if found.is_none() {
        create(owner, options, superuser).await?;
        found = version().await?;
    }
    let found = found.unwrap_or_default();
    let mut parts = found.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let parsed = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if parsed < OLDEST { Err(VectorsError::TooOld(found)) } else { Ok(()) }
}

async fn create(
    owner: &Client,
    options: &ConnectOptions,
    superuser: Option<&ConnectOptions>,
) -> Result<(), VectorsError> {
    let offered =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'vector'),
                   current_setting('server_version_num')::int / 10000";
    let row = owner.query_one(offered, &[]).await.map_err(DbError::from)?;
    if !row.get::<_, bool>(0) {
        let version: i32 = row.get(1);
        return Err(VectorsError::NotInstalled(version.unsigned_abs()));
    }
    let create = "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public";
    let created = match superuser {
        Some(superuser) => {
            let client = superuser.with_database(options.database()).client().await?;
            client.batch_execute(create).await
        }
        None => owner.batch_execute(create).await,
    };
    created.map_err(DbError::from).map_err(|error| match error {
        DbError::Refused(_) => VectorsError::MayNotCreate {
            user: options.user().to_owned(),
            database: options.database().to_owned(),
        },
        error => error.into(),
    })
}

const SPACE: &str = "
CREATE TABLE IF NOT EXISTS vector_space (
    one boolean DEFAULT true
        CONSTRAINT vector_space_one_check CHECK (one),
    format integer NOT NULL,
    model text NOT NULL,
    dims integer NOT NULL,
    CONSTRAINT vector_space_pkey PRIMARY KEY (one)
);
COMMENT ON TABLE vector_space IS
    'The one space that vectors are of: a node with another model neither adds to them nor compares with them.';
GRANT SELECT ON vector_space TO forecourt_app;
";

const ANEW: &str = "
DROP TABLE IF EXISTS passage_vectors;
DROP TABLE IF EXISTS passage_work;
";

/// The tables for vectors of `dims` dimensions.
fn tables(dims: i32) -> String {
    format!(
        "
CREATE TABLE passage_vectors (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    passage_id uuid NOT NULL,
    model text NOT NULL,
    place vector({dims}),
    CONSTRAINT passage_vectors_pkey PRIMARY KEY (tenant_id, passage_id),
    CONSTRAINT passage_vectors_passage_fkey FOREIGN KEY (tenant_id, passage_id)
        REFERENCES passages (tenant_id, passage_id) ON DELETE CASCADE
);
COMMENT ON TABLE passage_vectors IS
    'Where passages lie in the space of meaning; a passage that is written anew has lost its place.';
COMMENT ON COLUMN passage_vectors.place IS 'Nothing for a text that the provider does not take.';
CREATE INDEX passage_vectors_place_idx ON passage_vectors USING hnsw (place vector_cosine_ops);

CREATE TABLE passage_work (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT passage_work_tenant_fkey REFERENCES tenants (tenant_id),
    next_at timestamptz,
    failures integer NOT NULL DEFAULT 0
        CONSTRAINT passage_work_failures_check CHECK (failures >= 0),
    claimed_by uuid,
    claimed_until timestamptz,
    CONSTRAINT passage_work_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT passage_work_claim_check CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
COMMENT ON TABLE passage_work IS 'Whose passages may lack a place, and who looks after them.';
COMMENT ON COLUMN passage_work.next_at IS 'The epoch for at once; nothing when all have their place.';
CREATE INDEX passage_work_due_idx ON passage_work (next_at) WHERE next_at IS NOT NULL;

CREATE OR REPLACE FUNCTION passages_lack_places() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO passage_work (tenant_id, next_at)
    SELECT app_tenant(), 'epoch' WHERE app_tenant() IS NOT NULL
    ON CONFLICT (tenant_id) DO UPDATE SET next_at = 'epoch';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION passages_lack_places() IS 'Has the tenant''s new passages placed.';
DROP TRIGGER IF EXISTS passages_placed ON passages;
CREATE TRIGGER passages_placed AFTER INSERT ON passages
    FOR EACH STATEMENT EXECUTE FUNCTION passages_lack_places();

ALTER TABLE passage_vectors ENABLE ROW LEVEL SECURITY;
ALTER TABLE passage_vectors FORCE ROW LEVEL SECURITY;
ALTER TABLE passage_work ENABLE ROW LEVEL SECURITY;
ALTER TABLE passage_work FORCE ROW LEVEL SECURITY;
CREATE POLICY passage_vectors_own ON passage_vectors
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY passage_work_own ON passage_work
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY passage_work_jobs ON passage_work FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT ON passage_vectors TO forecourt_app;
GRANT UPDATE (model, place) ON passage_vectors TO forecourt_app;
GRANT SELECT, INSERT ON passage_work TO forecourt_app;
GRANT UPDATE (next_at, failures, claimed_by, claimed_until) ON passage_work TO forecourt_app;
GRANT SELECT (tenant_id, next_at, claimed_until) ON passage_work TO forecourt_jobs;
"
    )
}

/// The owner obeys the policies too, so that no row of any tenant is seen here; for the time of this
/// transaction it does not.
const ALL_DUE: &str = "
ALTER TABLE passages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE passage_work NO FORCE ROW LEVEL SECURITY;
INSERT INTO passage_work (tenant_id, next_at) SELECT DISTINCT tenant_id, 'epoch'::timestamptz FROM passages
ON CONFLICT (tenant_id) DO UPDATE SET next_at = 'epoch', failures = 0;
ALTER TABLE passages FORCE ROW LEVEL SECURITY;
ALTER TABLE passage_work FORCE ROW LEVEL SECURITY;
";
