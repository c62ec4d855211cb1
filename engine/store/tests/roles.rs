//! Databases that somebody else runs (`DATABASE_URL`): which owners are enough, which application
//! roles are refused, and that every refusal says what to run. Over TCP, with passwords.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use forecourt_store::{
    ConnectOptions, Db, DbError, PoolConfig,
    bootstrap::{PrepareError, prepare},
    embedded::Cluster,
    roles::{Access, RolesError},
    testing::{Raw, io, volatile},
};
use std::os::unix::fs::MetadataExt;

use secrecy::SecretString;

/// A server that knows nothing of us: its administrator, and how to get in as anybody.
struct Server {
    cluster: Cluster,
    admin: Raw,
    dir: tempfile::TempDir,
}

impl Server {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = volatile(dir.path());
        let cluster =
            tokio::task::spawn_blocking(|| Cluster::start(config).unwrap()).await.unwrap();
        let admin = Raw::connect(&cluster.superuser()).await.unwrap();
        Self { cluster, admin, dir }
    }

    /// A database with an owner who logs in with a password.
    async fn database(&self, owner: &str, rights: &str) -> ConnectOptions {
        self.admin
            .run(&format!("CREATE ROLE {owner} LOGIN {rights} PASSWORD 'pässword'"))
            .await
            .unwrap();
        self.admin.run(&format!("CREATE DATABASE db OWNER {owner}")).await.unwrap();
        let inside = Raw::connect(&self.cluster.superuser().with_database("db")).await.unwrap();
        inside.run(&format!("ALTER SCHEMA public OWNER TO {owner}")).await.unwrap();
        self.login(owner, "pässword")
    }

    fn login(&self, user: &str, password: &str) -> ConnectOptions {
        let url = format!("postgres://{user}:{password}@127.0.0.1:{}/db", self.cluster.port());
        ConnectOptions::parse(&SecretString::from(url)).unwrap()
    }
}

async fn start(
    owner: &ConnectOptions,
    app: Option<ConnectOptions>,
    jobs: Option<ConnectOptions>,
) -> Result<Access, PrepareError> {
    let access = Access::derive(owner.clone(), app, jobs, None);
    tokio::task::spawn_blocking(move || prepare(&access).map(|_| access)).await.unwrap()
}

fn refused(result: Result<Access, PrepareError>) -> (RolesError, String) {
    match result {
        Err(PrepareError::Roles(error)) => {
            let text = error.to_string();
            assert!(!text.contains("pässword"), "A14: {text}");
            (error, text)
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_owner_who_may_create_roles_needs_nothing_else() {
    let server = Server::new().await;
    let owner = server.database("shop", "CREATEROLE").await;
    let access = start(&owner, None, None).await.unwrap();
    let db = Db::new(access.app.clone(), PoolConfig::new(io())).unwrap();
    assert_eq!(db.resolve_slug("nobody").await.unwrap(), None);

    // A second node derives the same passwords, and the first one's connections live on.
    start(&owner, None, None).await.unwrap();
    assert_eq!(db.resolve_slug("nobody").await.unwrap(), None);
    let guess = access.app.with_role("forecourt_app", Some(&SecretString::from("pässword")));
    assert!(Raw::connect(&guess).await.is_err(), "the owner's password is not the application's");
    // What the server keeps is a verifier.
    let kept = "SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'forecourt\\_%app'";
    assert!(server.admin.texts(kept).await.unwrap()[0].starts_with("SCRAM-SHA-256$"));
    // A stranger's limits: a statement that hangs does not hang for ever.
    let raw = Raw::connect(&access.app).await.unwrap();
    assert_eq!(raw.texts("SHOW statement_timeout").await.unwrap(), ["10s"]);
    assert_eq!(raw.texts("SHOW lock_timeout").await.unwrap(), ["5s"]);
}

#[tokio::test]
async fn an_owner_who_may_not_create_roles_is_told_what_to_run() {
    let server = Server::new().await;
    let owner = server.database("shop", "").await;
    let (error, text) = refused(start(&owner, None, None).await);
    assert!(matches!(error, RolesError::MayNotCreate { .. }), "{text}");
    assert!(text.contains("ALTER ROLE \"shop\" CREATEROLE;"), "{text}");

    // What the message says works, with passwords of the administrator's choice.
    for role in ["forecourt_app", "forecourt_jobs"] {
        let create = format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'theirs'");
        server.admin.run(&create).await.unwrap();
    }
    let given = || {
        (
            Some(server.login("forecourt_app", "theirs")),
            Some(server.login("forecourt_jobs", "theirs")),
        )
    };
    let (app, jobs) = given();
    let (_, text) = refused(start(&owner, app, jobs).await);
    let cure = "ALTER ROLE \"forecourt_app\" SET statement_timeout = '10s';";
    assert!(text.contains(cure), "{text}");
    for role in ["forecourt_app", "forecourt_jobs"] {
        for setting in ["statement_timeout = '10s'", "idle_in_transaction_session_timeout = '15s'"]
        {
            server.admin.run(&format!("ALTER ROLE {role} SET {setting}")).await.unwrap();
        }
    }
    let (app, jobs) = given();
    let access = start(&owner, app, jobs).await.unwrap();
    Db::new(access.app, PoolConfig::new(io())).unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_role_with_another_password_is_not_taken_over() {
    let server = Server::new().await;
    let owner = server.database("shop", "").await;
    for role in ["forecourt_app", "forecourt_jobs"] {
        server.admin.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'theirs'")).await.unwrap();
    }
    let (error, text) = refused(start(&owner, None, None).await);
    assert!(matches!(error, RolesError::MayNotAlter { .. }), "{text}");
}

#[tokio::test]
async fn an_application_role_that_could_leave_its_scope_is_refused() {
    let server = Server::new().await;
    let owner = server.database("shop", "CREATEROLE").await;
    start(&owner, None, None).await.unwrap();
    let limits = "SET statement_timeout = '10s'; ALTER ROLE engine SET idle_in_transaction_session_timeout = '15s'";
    server
        .admin
        .run("CREATE ROLE engine LOGIN PASSWORD 'engine' IN ROLE forecourt_app")
        .await
        .unwrap();
    server.admin.run(&format!("ALTER ROLE engine {limits}")).await.unwrap();
    let engine = || Some(server.login("engine", "engine"));

    // As a plain member of the application's role it is welcome.
    let access = start(&owner, engine(), None).await.unwrap();
    assert_eq!(access.app.user(), "engine");
    Db::new(access.app, PoolConfig::new(io())).unwrap().ping().await.unwrap();

    for (danger, undo, cure) in [
        (
            "ALTER ROLE engine SUPERUSER",
            "ALTER ROLE engine NOSUPERUSER",
            "ALTER ROLE \"engine\" NOSUPERUSER;",
        ),
        (
            "ALTER ROLE engine BYPASSRLS",
            "ALTER ROLE engine NOBYPASSRLS",
            "ALTER ROLE \"engine\" NOBYPASSRLS;",
        ),
        ("GRANT shop TO engine", "REVOKE shop FROM engine", "REVOKE \"shop\" FROM \"engine\";"),
    ] {
        server.admin.run(danger).await.unwrap();
        let (error, text) = refused(start(&owner, engine(), None).await);
        assert!(
            matches!(error, RolesError::Unsafe { .. }) && text.contains(cure),
            "{danger}: {text}"
        );
        server.admin.run(undo).await.unwrap();
    }
    // The owner itself, out of laziness.
    let (_, text) = refused(start(&owner, Some(owner.clone()), None).await);
    assert!(text.contains("it owns tables"), "{text}");
    start(&owner, engine(), None).await.unwrap();
}

#[tokio::test]
async fn a_remote_database_is_spoken_to_in_secret_when_the_url_says_so() {
    // The server runs as another user than this test; its files must be that user's.
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, pair.cert.pem()).unwrap();

    let plain = Server::new().await;
    plain.database("shop", "CREATEROLE").await;
    let data = plain.dir.path().join("data");
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let owner = std::fs::metadata(&data).unwrap();
    std::os::unix::fs::chown(&key, Some(owner.uid()), Some(owner.gid())).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    plain
        .admin
        .run(&format!("ALTER SYSTEM SET ssl_cert_file = '{}'", cert.display()))
        .await
        .unwrap();
    plain.admin.run(&format!("ALTER SYSTEM SET ssl_key_file = '{}'", key.display())).await.unwrap();
    plain.admin.run("ALTER SYSTEM SET ssl = on").await.unwrap();

    let url = |rest: &str| {
        let port = plain.cluster.port();
        SecretString::from(format!("postgres://shop:pässword@127.0.0.1:{port}/db?{rest}"))
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", cert.display());
    let options = ConnectOptions::parse(&url(&trusted)).unwrap();
    let without = Raw::connect(&options).await.map(drop).unwrap_err();
    assert!(without.is_unavailable(), "a server without TLS was accepted: {without}");

    plain.admin.run("SELECT pg_reload_conf()").await.unwrap();
    let secret = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut raw = Raw::connect(&options).await;
    while raw.is_err() {
        // The reload is a signal; nothing tells when it has arrived.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        raw = Raw::connect(&options).await;
    }
    assert_eq!(raw.unwrap().texts(secret).await.unwrap(), ["t"]);
    let access = start(&options, None, None).await.unwrap();
    assert_eq!(Raw::connect(&access.app).await.unwrap().texts(secret).await.unwrap(), ["t"]);

    // The system's authorities know nothing of this certificate.
    let stranger = ConnectOptions::parse(&url("sslmode=require")).unwrap();
    assert!(Raw::connect(&stranger).await.is_err(), "an unknown server was trusted");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error_without_the_password() {
    let server = Server::new().await;
    let owner = server.login("nobody", "pässword");
    let error = start(&owner, None, None).await.unwrap_err();
    assert!(matches!(error, PrepareError::Connect(DbError::Unavailable(_))), "{error:?}");
    assert!(!format!("{error:?}").contains("pässword"));
}
