//! Starts the embedded Postgres, or reaches the one that is given; prepares it; opens the pools.

use std::{sync::Arc, time::Instant};

use anyhow::Context as _;
use forecourt_core::id::NodeId;
use forecourt_ports::embedder::Space;
use forecourt_store::{
    ConnectOptions, Db, JobsDb, PoolConfig, bootstrap,
    embedded::{self, Cluster, ClusterConfig},
    pg::PgStore,
    roles::Access,
};
use secrecy::SecretString;
use tokio::runtime::Handle;

use crate::config::DatabaseArgs;

/// A database that is ready to be used.
pub(crate) struct Database {
    /// `None` when the database is somebody else's.
    pub(crate) cluster: Option<Arc<Cluster>>,
    pub(crate) store: Arc<PgStore>,
}

/// Blocks until the database answers and its schema is current; with a `space` it keeps vectors of it.
pub(crate) fn open(
    args: &DatabaseArgs,
    space: Option<&Space>,
    node: NodeId,
    io: &Handle,
) -> anyhow::Result<Database> {
    let started = Instant::now();
    let (cluster, access) = if let Some(owner) = &args.database_url {
        (None, given(args, owner)?)
    } else {
        let cluster = Cluster::start(ClusterConfig::new(&args.data_dir))
            .context("the embedded Postgres does not start")?;
        let access = cluster.access().clone();
        (Some(Arc::new(cluster)), access)
    };
    let prepared = bootstrap::prepare(&access).context("the database cannot be prepared")?;
    if let Some(space) = space {
        let superuser = cluster.as_ref().map(|cluster| cluster.superuser());
        bootstrap::prepare_vectors(&access, superuser, space)
            .context("the database cannot keep vectors")?;
    }
    tracing::info!(
        embedded = cluster.is_some(),
        migrations = prepared.applied.len(),
        took_ms = started.elapsed().as_millis() as u64,
        "the database is ready"
    );
    connect(args, node, io, cluster, &access)
}

/// The database as it is, for who only reads: nothing is migrated, and a Postgres that another process runs
/// in the data folder is joined. Blocks until it answers.
pub(crate) fn open_to_read(
    args: &DatabaseArgs,
    node: NodeId,
    io: &Handle,
) -> anyhow::Result<Database> {
    let dir = &args.data_dir;
    let (cluster, access) = if let Some(owner) = &args.database_url {
        (None, given(args, owner)?)
    } else if let Some(access) =
        embedded::running(dir).context("the running Postgres cannot be joined")?
    {
        (None, access)
    } else {
        anyhow::ensure!(
            dir.join("data").is_dir(),
            "there is no database in `{}`; give its --data-dir, or a DATABASE_URL",
            dir.display()
        );
        let cluster = Cluster::start(ClusterConfig::new(dir))
            .context("the embedded Postgres does not start")?;
        let access = cluster.access().clone();
        (Some(Arc::new(cluster)), access)
    };
    connect(args, node, io, cluster, &access)
}

fn connect(
    args: &DatabaseArgs,
    node: NodeId,
    io: &Handle,
    cluster: Option<Arc<Cluster>>,
    access: &Access,
) -> anyhow::Result<Database> {
    let config =
        || PoolConfig { size: usize::from(args.database_pool), ..PoolConfig::new(io.clone()) };
    let app = Db::new(access.app.clone(), config())?;
    let jobs = JobsDb::new(access.jobs.clone(), PoolConfig { size: 2, ..config() })?;
    Ok(Database { cluster, store: Arc::new(PgStore::new(app, jobs, node)) })
}

fn given(args: &DatabaseArgs, owner: &SecretString) -> anyhow::Result<Access> {
    let parse = |name: &'static str, url: &SecretString| {
        ConnectOptions::parse(url).with_context(|| format!("{name} cannot be used"))
    };
    let app =
        args.database_app_url.as_ref().map(|url| parse("DATABASE_APP_URL", url)).transpose()?;
    let jobs =
        args.database_jobs_url.as_ref().map(|url| parse("DATABASE_JOBS_URL", url)).transpose()?;
    Ok(Access::derive(parse("DATABASE_URL", owner)?, app, jobs, args.secret.as_ref()))
}
