//! The private cluster with real processes: starts, kills, hangs, odd folders, and what it says.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::id::TenantId;
use forecourt_store::{
    ConnectOptions, Db, DbError, PoolConfig,
    bootstrap::prepare,
    embedded::{BinarySearch, Cluster, ClusterConfig, ClusterState, EmbeddedError},
    schema::tenants,
    testing::{Raw, io, uuid, volatile},
};
use jiff::Timestamp;
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use secrecy::{ExposeSecret, SecretString};

/// Long enough for a loaded machine; nothing waits that long when all is well.
const PATIENCE: Duration = Duration::from_secs(30);
/// Set for the child of [`an_engine_that_is_killed_takes_its_server_along_and_loses_nothing`].
const CHILD_DIR: &str = "FORECOURT_TEST_CHILD_DIR";

/// A folder that other users can reach, as a data folder usually is.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn postmaster(dir: &Path) -> Pid {
    let text = fs::read_to_string(dir.join("data/postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap())
}

fn alive(pid: Pid) -> bool {
    // A zombie that nobody waits for is dead.
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    kill(pid, None).is_ok() && !state.contains(") Z ")
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn block_on<R>(work: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn pool(cluster: &Cluster) -> Db {
    Db::new(cluster.access().app.clone(), PoolConfig::new(io())).unwrap()
}

async fn add_tenant(db: &Db, slug: &str) -> Result<TenantId, DbError> {
    let id = TenantId::from_uuid(uuid());
    let now = jiff_diesel::Timestamp::from(Timestamp::UNIX_EPOCH);
    db.tenant(id, async |tx| {
        let row = (
            tenants::slug.eq(slug),
            tenants::name.eq("Åse's biler"),
            tenants::pack.eq("dealer"),
            tenants::epoch.eq(1),
            tenants::created_at.eq(now),
            tenants::updated_at.eq(now),
        );
        diesel::insert_into(tenants::table).values(row).execute(tx).await?;
        Ok(id)
    })
    .await
}

#[test]
fn the_first_start_makes_a_cluster_and_the_next_ones_find_it() {
    let dir = folder();
    // Flushed to disk, as in earnest.
    let first = Cluster::start(ClusterConfig::new(dir.path())).unwrap();
    let prepared = prepare(first.access()).unwrap();
    assert!(first.started().fresh);
    assert_eq!(
        prepared.applied.len(),
        fs::read_dir("../../migrations")
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count()
    );
    let tenant = block_on(add_tenant(&pool(&first), "bil-oslo")).unwrap();
    let start = Instant::now();
    first.stop();
    let stopped = start.elapsed();

    let second = Cluster::start(ClusterConfig::new(dir.path())).unwrap();
    assert!(!second.started().fresh);
    let again = prepare(second.access()).unwrap();
    assert_eq!(again.applied, Vec::<String>::new());
    assert_eq!(block_on(pool(&second).resolve_slug("bil-oslo")).unwrap(), Some(tenant));
    println!(
        "first start {:?}, first prepare {:?}, stop {stopped:?}, next start {:?}, next prepare {:?}",
        first.started().took,
        prepared.took,
        second.started().took,
        again.took
    );
}

#[test]
fn a_stopped_cluster_leaves_no_process_and_says_so() {
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    let (pid, state) = (postmaster(dir.path()), cluster.watch());
    assert_eq!(*state.borrow(), ClusterState::Ready);
    // Somebody is still connected: a fast shutdown does not wait for them.
    let raw = block_on(Raw::connect(&cluster.superuser())).unwrap();
    cluster.stop();
    assert!(!alive(pid));
    assert_eq!(*state.borrow(), ClusterState::Stopped);
    assert!(block_on(raw.run("SELECT 1")).is_err());
    cluster.stop();
}

#[test]
fn a_second_instance_on_the_same_folder_is_refused_and_told_by_whom() {
    let dir = folder();
    let first = Cluster::start(volatile(dir.path())).unwrap();
    let pid = postmaster(dir.path());
    let config = ClusterConfig { lock_wait: Duration::from_millis(100), ..volatile(dir.path()) };
    let error = Cluster::start(config).unwrap_err();
    assert!(matches!(error, EmbeddedError::InUse { .. }), "{error}");
    assert!(
        error.to_string().ends_with(&format!("in use by process {}", std::process::id())),
        "{error}"
    );
    // The first one's server was not taken for an orphan.
    assert!(alive(pid));
    drop(first);
}

#[test]
fn without_binaries_the_error_says_what_to_do() {
    let dir = folder();
    let search = BinarySearch::In("/no/such/folder".into());
    let error = Cluster::start(ClusterConfig { search, ..volatile(dir.path()) }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "FORECOURT_PG_BIN is `/no/such/folder`, but it holds no `postgres`"
    );
}

#[test]
fn a_server_that_is_killed_comes_back_at_the_same_address_with_all_that_was_acknowledged() {
    let dir = folder();
    let cluster = Cluster::start(ClusterConfig::new(dir.path())).unwrap();
    prepare(cluster.access()).unwrap();
    let db = pool(&cluster);
    for round in 0..3 {
        let acked = block_on(add_tenant(&db, &format!("round-{round}"))).unwrap();
        let mut state = cluster.watch();
        state.mark_unchanged();
        kill(postmaster(dir.path()), Signal::SIGKILL).unwrap();
        let killed = Instant::now();

        block_on(async {
            let noticed = state.wait_for(|state| *state != ClusterState::Ready);
            tokio::time::timeout(PATIENCE, noticed).await.unwrap().unwrap();
            // The engine lives on and answers 503 meanwhile.
            let mut errors = 0;
            while let Err(error) = db.resolve_slug("round-0").await {
                assert!(error.is_unavailable(), "{error:?}");
                assert!(killed.elapsed() < PATIENCE, "it did not come back: {error}");
                errors += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            println!("back after {:?}, {errors} refusals meanwhile", killed.elapsed());
            assert_eq!(db.resolve_slug(&format!("round-{round}")).await.unwrap(), Some(acked));
            let ready = state.wait_for(|state| *state == ClusterState::Ready);
            tokio::time::timeout(PATIENCE, ready).await.unwrap().unwrap();
        });
    }
}

#[test]
fn a_server_that_hangs_is_a_timeout_and_not_a_hang() {
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    prepare(cluster.access()).unwrap();
    let config = PoolConfig {
        size: 2,
        acquire_timeout: Duration::from_millis(300),
        transaction_timeout: Duration::from_millis(300),
        ..PoolConfig::new(io())
    };
    let db = Db::new(cluster.access().app.clone(), config).unwrap();
    block_on(async {
        db.ping().await.unwrap();
        let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let cwd = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
            (cwd == fs::canonicalize(dir.path().join("data")).unwrap())
                .then_some(Pid::from_raw(pid))
        });
        let frozen: Vec<Pid> = children.collect();
        // A worker may have ended since it was listed; whoever is still there must hear it.
        let signal = |signal: Signal| {
            for pid in &frozen {
                assert!(matches!(kill(*pid, signal), Ok(()) | Err(Errno::ESRCH)), "{pid} {signal}");
            }
        };
        signal(Signal::SIGSTOP);
        for _ in 0..5 {
            let start = Instant::now();
            let error = db.resolve_slug("nobody").await.unwrap_err();
            assert!(error.is_unavailable(), "{error:?}");
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
        signal(Signal::SIGCONT);
        let start = Instant::now();
        while db.resolve_slug("nobody").await.is_err() {
            assert!(start.elapsed() < PATIENCE, "the pool is exhausted for ever");
        }
    });
}

#[test]
fn a_connection_that_breaks_says_whether_anything_can_have_happened() {
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    prepare(cluster.access()).unwrap();
    let db = pool(&cluster);
    block_on(async {
        let tenant = add_tenant(&db, "bil-oslo").await.unwrap();
        let superuser = Raw::connect(&cluster.superuser()).await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'forecourt_app'";
        let during = db
            .tenant(tenant, async |tx| -> Result<i64, DbError> {
                superuser.run(cut).await?;
                Ok(tenants::table.count().get_result(tx).await?)
            })
            .await;
        assert!(matches!(during, Err(DbError::Unavailable(_))), "{during:?}");
        let before_commit = db
            .tenant(tenant, async |tx| -> Result<(), DbError> {
                let _: i64 = tenants::table.count().get_result(tx).await?;
                superuser.run(cut).await
            })
            .await;
        assert_eq!(before_commit, Err(DbError::OutcomeUnknown));
        assert_eq!(db.resolve_slug("bil-oslo").await.unwrap(), Some(tenant));
    });
}

#[test]
fn an_engine_that_is_killed_takes_its_server_along_and_loses_nothing() {
    let dir = folder();
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_engine", "--nocapture"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acked = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(slug) = line.strip_prefix("acked ") {
                acked.push(slug.to_owned());
            }
            if acked.len() == 20 {
                break;
            }
        }
        assert_eq!(acked.len(), 20, "the child broke off");
        let server = postmaster(dir.path());
        if round == 2 {
            // It cannot obey the kernel's signal now: the next start has to reap it.
            kill(server, Signal::SIGSTOP).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if round < 2 {
            wait_until("the end of the server", || !alive(server));
        }

        let start = Instant::now();
        let cluster = Cluster::start(ClusterConfig::new(dir.path())).unwrap();
        println!("restart after a kill: {:?}", start.elapsed());
        assert!(!alive(server));
        let db = pool(&cluster);
        block_on(async {
            for slug in &acked {
                assert!(db.resolve_slug(slug).await.unwrap().is_some(), "{slug} was acknowledged");
            }
        });
    }
}

/// Not a test of its own: what the test above starts and kills.
#[test]
fn child_engine() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let cluster = Cluster::start(ClusterConfig::new(PathBuf::from(dir))).unwrap();
    prepare(cluster.access()).unwrap();
    let db = pool(&cluster);
    block_on(async {
        for n in 0.. {
            let slug = format!("p{}-{n}", std::process::id());
            // An id that no earlier child has used.
            let id = TenantId::from_uuid(uuid::Uuid::from_u128(
                (u128::from(std::process::id()) << 64) + n,
            ));
            let now = jiff_diesel::Timestamp::from(Timestamp::UNIX_EPOCH);
            db.tenant(id, async |tx| -> Result<(), DbError> {
                let row = (
                    tenants::slug.eq(&slug),
                    tenants::name.eq("x"),
                    tenants::pack.eq("dealer"),
                    tenants::epoch.eq(1),
                    tenants::created_at.eq(now),
                    tenants::updated_at.eq(now),
                );
                diesel::insert_into(tenants::table).values(row).execute(tx).await?;
                Ok(())
            })
            .await
            .unwrap();
            println!("acked {slug}");
            std::io::stdout().flush().unwrap();
        }
    });
}

#[test]
fn odd_folders_work() {
    let dir = folder();
    let long = "en veldig lang mappe ".repeat(8);
    for name in [
        "with spaces and 'quotes'",
        "with \"double\", commas \\ and @",
        "bilforhandler Åse ☂",
        long.trim(),
    ] {
        let path = dir.path().join(name);
        let cluster =
            Cluster::start(volatile(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
        prepare(cluster.access()).unwrap();
        block_on(pool(&cluster).ping()).unwrap();
        let socket = cluster.socket().to_owned();
        assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700, "{name}");
        drop(cluster);
        // A folder of its own in the temporary folder goes with the cluster.
        assert_eq!(socket.exists(), socket.starts_with(fs::canonicalize(&path).unwrap()), "{name}");
    }
}

#[test]
fn a_folder_that_only_root_can_reach_works_and_may_change_hands() {
    if !geteuid().is_root() {
        return; // An unprivileged user has one identity only.
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut owners = Vec::new();
    for mode in [0o700, 0o755, 0o700] {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let cluster = Cluster::start(volatile(dir.path())).unwrap();
        block_on(Raw::connect(&cluster.superuser())).unwrap();
        let status =
            fs::read_to_string(format!("/proc/{}/status", postmaster(dir.path()))).unwrap();
        owners.push((fs::metadata(&data).unwrap().uid() == 0, status.contains("Uid:\t0")));
    }
    // Root's on disk inside a user namespace, somebody else's outside of one.
    assert_eq!(owners, [(true, true), (false, false), (true, true)]);
}

#[test]
fn an_initialisation_that_broke_off_is_done_again() {
    let dir = folder();
    fs::create_dir_all(dir.path().join("data.new/base")).unwrap();
    fs::write(dir.path().join("data.new/PG_VERSION"), "15\n").unwrap();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    assert!(cluster.started().fresh);
    assert!(!dir.path().join("data.new").exists());
}

#[test]
fn a_pid_file_that_names_a_stranger_does_not_keep_the_server_out() {
    let dir = folder();
    drop(Cluster::start(volatile(dir.path())).unwrap());
    // The machine was cut off, and the number now belongs to this very process.
    let file = dir.path().join("data/postmaster.pid");
    let socket = dir.path().join("s").display().to_string();
    let text = format!(
        "{}\n{}\n0\n5432\n{socket}\n127.0.0.1\n0 0\nready\n",
        std::process::id(),
        dir.path().display()
    );
    fs::write(&file, text).unwrap();
    fs::write(dir.path().join("s/.s.PGSQL.5432.lock"), format!("{}\n", std::process::id()))
        .unwrap();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    block_on(Raw::connect(&cluster.superuser())).unwrap();
}

#[test]
fn operators_attach_over_tcp_with_the_password_and_with_nothing_else() {
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    let operator = cluster.operator();
    let url = operator.url();
    let port = cluster.port();
    assert!(url.expose_secret().contains(&format!("@127.0.0.1:{port}/forecourt")));
    block_on(async {
        let by_url = ConnectOptions::parse(&url).unwrap();
        let owner = Raw::connect(&by_url).await.unwrap();
        assert_eq!(owner.texts("SELECT current_user").await.unwrap(), ["forecourt_owner"]);
        let wrong = SecretString::from("guess");
        for (user, password) in [
            ("forecourt_owner", None),
            ("forecourt_owner", Some(&wrong)),
            ("postgres", None),
            ("postgres", Some(&wrong)),
        ] {
            let attempt = Raw::connect(&operator.with_role(user, password)).await;
            assert!(attempt.is_err(), "{user} got in over TCP");
        }
    });
    // And the url does not appear where things are printed.
    let password = url.expose_secret().split([':', '@']).nth(2).unwrap();
    assert!(!format!("{cluster:?} {operator:?}").contains(password));
}

#[test]
fn what_the_server_logs_holds_no_statement_and_no_value() {
    static LINES: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct Sink;
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LINES.get_or_init(Arc::default).lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let filter = format!("trace,{}", forecourt_store::LOG_LIMITS.join(","));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Sink).init();

    let canary = "ola.nordmann@example.com";
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    prepare(cluster.access()).unwrap();
    block_on(async {
        let raw = Raw::connect(&cluster.superuser()).await.unwrap();
        for statement in [
            format!("SELECT '{canary}'::uuid"),
            format!("SELECT * FROM \"{canary}\""),
            format!(
                "CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('{canary}'), ('{canary}')"
            ),
            format!("DO $$ BEGIN RAISE WARNING '{canary}'; RAISE EXCEPTION '{canary}'; END $$"),
            format!("SET statement_timeout = '20ms'; SELECT pg_sleep(1), '{canary}'"),
            format!("SET lock_timeout = '{canary}'"),
        ] {
            let error = raw
                .run(&statement)
                .await
                .map_or_else(|error| error.to_string(), |()| String::new());
            if !statement.contains("RAISE") {
                assert!(!error.contains(canary), "A13: {error}");
            }
        }
    });
    cluster.stop();
    let lines = String::from_utf8(LINES.get().unwrap().lock().unwrap().clone()).unwrap();
    assert!(lines.contains("private PostgreSQL is ready"), "nothing was captured");
    assert!(lines.contains("postgres: "), "the server's own lines were not captured");
    let leaks: Vec<_> = lines.lines().filter(|line| line.contains(canary)).collect();
    assert_eq!(leaks, Vec::<&str>::new(), "A13");
}

#[test]
fn of_many_nodes_that_start_at_once_one_migrates() {
    let dir = folder();
    let cluster = Cluster::start(volatile(dir.path())).unwrap();
    let access = cluster.access();
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let nodes: Vec<_> =
            (0..6).map(|_| scope.spawn(|| prepare(access).unwrap().applied.len())).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
}
