//! Throw-away databases for tests: one volatile cluster per test process, one migrated database as
//! the template, a copy of it per test.
//!
//! The cluster goes away with the process, however that ends: the kernel stops the server, and a
//! small shell that waits for our end removes the folder. Feature `testing`; panics instead of
//! returning errors, as tests do.

use std::{
    fs,
    io::ErrorKind,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::ExpressionMethods;

use forecourt_core::id::TenantId;
use forecourt_ports::embedder::Space;
use jiff::Timestamp;
use tokio::runtime::{Handle, Runtime};

use crate::{
    Db, DbError, JobsDb, PoolConfig,
    bootstrap::{PrepareError, prepare, prepare_vectors},
    connect::ConnectOptions,
    embedded::{BinarySearch, Cluster, ClusterConfig, DATABASE},
    roles::{Access, quote},
    schema::tenants,
};

/// Removes its folder once we are gone and the server has left it.
const CLEANER: &str = r#"while read -r _; do :; done
n=0; while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 200 ]; do sleep 0.1; n=$((n+1)); done
rm -rf -- "$1" "$2""#;

/// Connections of one test's pool: many tests share a server.
const POOL: usize = 6;

/// Where another Postgres than the installed one is.
static BINARIES: OnceLock<PathBuf> = OnceLock::new();
static CLUSTER: OnceLock<Shared> = OnceLock::new();
static NAMES: AtomicU64 = AtomicU64::new(1);

struct Shared {
    cluster: Cluster,
    /// Open as long as this process lives: its end is the cleaner's sign.
    _cleaner: ChildStdin,
}

/// The io runtime of all tests of this process.
pub fn io() -> Handle {
    static IO: OnceLock<Runtime> = OnceLock::new();
    let make = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("test-io")
            .enable_all()
            .build()
            .expect("a runtime")
    };
    IO.get_or_init(make).handle().clone()
}

/// A cluster's configuration that flushes nothing to disk.
pub fn volatile(dir: impl Into<PathBuf>) -> ClusterConfig {
    let config = ClusterConfig { volatile: true, ..ClusterConfig::new(dir) };
    match BINARIES.get() {
        Some(dir) => ClusterConfig { search: BinarySearch::In(dir.clone()), ..config },
        None => config,
    }
}

/// The Postgres with pgvector that `make pgvector` puts together; panics with what to run where it is not.
pub fn pgvector() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pgvector/bin");
    assert!(
        dir.join("postgres").is_file(),
        "no Postgres with pgvector at {}: run `make pgvector`",
        dir.display()
    );
    dir
}

/// The cluster that all tests of this process share. Blocks; the first call takes a second.
pub fn cluster() -> &'static Cluster {
    let start = || {
        let dir = new_dir();
        let cluster = Cluster::start(volatile(&dir)).expect("a test cluster");
        let cleaner = clean_up_after_us(&dir, cluster.socket());
        prepare(cluster.access()).expect("a migrated database");
        check(cluster.access());
        Shared { cluster, _cleaner: cleaner }
    };
    &CLUSTER.get_or_init(start).cluster
}

/// Has the database check what the engine guarantees of its rows, so that a fault of ours shows in a test.
fn check(access: &Access) {
    crate::bootstrap::run(access, include_str!("../checks.sql"))
        .expect("checks of migrated tables");
}

/// Reverts all migrations of a database and applies them again.
pub fn redo_migrations(access: &Access) {
    crate::bootstrap::redo(access).expect("every down.sql undoes its up.sql");
    check(access);
}

/// Reverts all migrations of a database.
pub fn revert_migrations(access: &Access) {
    crate::bootstrap::revert(access).expect("every down.sql runs");
}

/// A database of one's own: migrated, empty, dropped at the end.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    access: Access,
    db: Db,
    jobs: JobsDb,
}

impl TestDb {
    /// Makes one. Works on any tokio runtime with a running clock.
    pub async fn new() -> Self {
        io().spawn_blocking(cluster).await.expect("a test cluster");
        io().spawn(Self::make()).await.expect("a database")
    }

    /// One that keeps vectors of `space`, on the Postgres of [`pgvector`], as all of this process are then.
    pub async fn with_vectors(space: &Space) -> Self {
        BINARIES.get_or_init(pgvector);
        let db = Self::new().await;
        db.prepare_vectors(space).await.expect("a database with vectors");
        db
    }

    /// Has it keep vectors of `space` from now on.
    pub async fn prepare_vectors(&self, space: &Space) -> Result<(), PrepareError> {
        let (access, superuser, space) = (self.access.clone(), self.superuser(), space.clone());
        let prepare = move || prepare_vectors(&access, Some(superuser), &space);
        io().spawn_blocking(prepare).await.expect("no panic")
    }

    async fn make() -> Self {
        let cluster = cluster();
        let name = format!("t{}", NAMES.fetch_add(1, Ordering::Relaxed));
        let access = cluster.access().with_database(&name);
        let admin = cluster.superuser().client().await.expect("the superuser");
        // Copies files, as older versions always do: a tenth of the work of logging every page.
        let strategy = if cluster.started().version < 15 { "" } else { "STRATEGY FILE_COPY" };
        let owner = access.owner.user();
        let create = format!("CREATE DATABASE {name} TEMPLATE {DATABASE} OWNER {owner} {strategy}");
        admin.batch_execute(&create).await.expect("a copy of the template");
        // Rights on a database are not copied with it.
        let revoke = format!("REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC");
        admin.batch_execute(&revoke).await.expect("the template's rights");
        let pool = PoolConfig { size: POOL, ..PoolConfig::new(io()) };
        let db = Db::new(access.app.clone(), pool.clone()).expect("a pool");
        let jobs = JobsDb::new(access.jobs.clone(), pool).expect("a pool");
        Self { name, access, db, jobs }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    pub fn jobs(&self) -> &JobsDb {
        &self.jobs
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The cluster's superuser in this database: sees everything, for assertions.
    pub fn superuser(&self) -> ConnectOptions {
        cluster().superuser().with_database(&self.name)
    }

    /// A bare connection for statements that the engine never sends.
    pub async fn raw(&self, options: &ConnectOptions) -> Raw {
        Raw::connect(options).await.expect("a connection")
    }

    /// Adds a tenant and says its id.
    pub async fn add_tenant(&self, slug: &str) -> TenantId {
        let tenant = TenantId::from_uuid(uuid());
        let now = jiff_diesel::Timestamp::from(Timestamp::UNIX_EPOCH);
        let row = (
            tenants::tenant_id.eq(tenant.into_uuid()),
            tenants::slug.eq(slug.to_owned()),
            tenants::name.eq(slug.to_owned()),
            tenants::pack.eq("dealer"),
            tenants::epoch.eq(1_i64),
            tenants::created_at.eq(now),
            tenants::updated_at.eq(now),
        );
        let insert = async |tx: &mut crate::TenantTx| -> Result<(), DbError> {
            let insert = diesel::insert_into(tenants::table).values(row);
            diesel_async::RunQueryDsl::execute(insert, tx).await?;
            Ok(())
        };
        self.db.tenant(tenant, insert).await.expect("a new tenant");
        tenant
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        self.db.close();
        self.jobs.close();
        let drop = format!("DROP DATABASE {} WITH (FORCE)", quote(&self.name));
        // Nobody waits for it, and nobody misses it when the process ends first.
        io().spawn(async move {
            if let Ok(admin) = cluster().superuser().client().await
                && let Err(error) = admin.batch_execute(&drop).await
            {
                tracing::debug!(%error, "a test's database is left to the end of the process");
            }
        });
    }
}

/// A connection without a scope, for statements as text. Its driver lives on [`io`].
pub struct Raw(tokio_postgres::Client);

impl Raw {
    pub async fn connect(options: &ConnectOptions) -> Result<Self, DbError> {
        let options = options.clone();
        io().spawn(async move { options.client().await }).await.expect("io").map(Self)
    }

    /// Runs statements.
    pub async fn run(&self, sql: &str) -> Result<(), DbError> {
        Ok(self.0.batch_execute(sql).await?)
    }

    /// Runs one statement and says how many rows it changed.
    pub async fn change(&self, sql: &str) -> Result<u64, DbError> {
        Ok(self.0.execute(sql, &[]).await?)
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>, DbError> {
        use tokio_postgres::SimpleQueryMessage;
        let messages = self.0.simple_query(sql).await?;
        let text = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(text).collect())
    }
}

/// A UUID that this process has not seen yet.
pub fn uuid() -> uuid::Uuid {
    let n = NAMES.fetch_add(1, Ordering::Relaxed);
    uuid::Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | u128::from(n))
}

fn new_dir() -> PathBuf {
    for n in 0.. {
        let dir = std::env::temp_dir().join(format!("forecourt-test-{}-{n}", std::process::id()));
        match fs::create_dir(&dir) {
            Ok(()) => return dir,
            // Left by a process of the same number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot make {}: {error}", dir.display()),
        }
    }
    unreachable!("some number is free")
}

fn clean_up_after_us(dir: &Path, socket: &Path) -> ChildStdin {
    let cleaner = Command::new("sh")
        .args(["-c", CLEANER, "sh"])
        .args([dir, socket])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C ends the tests, not what cleans up after them.
        .process_group(0)
        .spawn();
    cleaner.expect("a shell").stdin.expect("it is piped")
}
