//! The three roles and their passwords.
//!
//! - the **owner** migrates and owns the tables;
//! - [`APP`] runs the engine: no superuser, no `BYPASSRLS`, not the owner nor a member of it, with
//!   limits on how long a statement, a lock or an idle transaction may take;
//! - [`JOBS`] sees single columns over all tenants, see [`crate::jobs`].
//!
//! The passwords of the last two are HMACs of the owner's password (or of `FORECOURT_SECRET`), so
//! that several nodes agree on them without asking each other.
//!
//! # Invariants
//! - **A8** an application role that could bypass row-level security is refused at start;
//! - **A14** a password is sent as a SCRAM verifier, so that it is in no server's statement log.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio_postgres::Client;

use crate::{connect::ConnectOptions, error::DbError};

/// The role of a private cluster's owner. With `DATABASE_URL` it is whoever that names.
pub const OWNER: &str = "forecourt_owner";
/// The role the engine runs as; migrations grant to it by this name.
pub const APP: &str = "forecourt_app";
/// The role the sweeps run as; migrations grant to it by this name.
pub const JOBS: &str = "forecourt_jobs";

/// Settings of [`APP`] and [`JOBS`]. A dropped future closes its connection, but the server would
/// go on with the statement and keep its locks.
const LIMITS: [(&str, &str); 4] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "15s"),
    // A13: a notice may quote a row, and the driver logs notices.
    ("client_min_messages", "error"),
];
/// Since 14 the server can look whether its client is still there while a statement runs.
const CHECK_CLIENT: (&str, &str) = ("client_connection_check_interval", "1s");

/// Why the roles could not be brought in order.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    #[error("cannot connect to the database as `{role}`")]
    Connect { role: String, source: DbError },
    #[error(
        "the database user `{user}` may not create roles; let an administrator run \
         `ALTER ROLE \"{user}\" CREATEROLE;`, or run \
         `CREATE ROLE forecourt_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…'; \
         CREATE ROLE forecourt_jobs LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…';` \
         and give DATABASE_APP_URL and DATABASE_JOBS_URL"
    )]
    MayNotCreate { user: String },
    #[error(
        "`{role}` exists, but its password is another one and `{user}` may not set it; \
         give DATABASE_APP_URL and DATABASE_JOBS_URL, or run \
         `GRANT \"{role}\" TO \"{user}\" WITH ADMIN OPTION;`"
    )]
    MayNotAlter { role: String, user: String },
    #[error("the database role `{role}` is not safe to run as: {problem}; run `{cure}`")]
    Unsafe { role: String, problem: String, cure: String },
    #[error("PostgreSQL 13 or newer is needed, this is {0}")]
    TooOld(String),
    #[error("cannot set up the database roles")]
    Query(#[from] DbError),
}

/// The three ways into one database.
#[derive(Clone, Debug)]
pub struct Access {
    pub owner: ConnectOptions,
    pub app: ConnectOptions,
    pub jobs: ConnectOptions,
    /// Passwords this process derived, and therefore sets.
    app_password: Option<Derived>,
    jobs_password: Option<Derived>,
}

#[derive(Clone, Debug)]
struct Derived(Option<SecretString>);

impl Access {
    /// Derives what is not given. `secret` is `FORECOURT_SECRET`; it matters when the owner's url
    /// has no password, and then only if the server asks for passwords.
    pub fn derive(
        owner: ConnectOptions,
        app: Option<ConnectOptions>,
        jobs: Option<ConnectOptions>,
        secret: Option<&SecretString>,
    ) -> Self {
        let key = owner
            .password()
            .map(<[u8]>::to_vec)
            .or_else(|| secret.map(|secret| secret.expose_secret().as_bytes().to_vec()));
        let derive = |given: Option<ConnectOptions>, role: &str| {
            let password = key.as_deref().map(|key| derived_password(key, role));
            match given {
                Some(options) => (options, None),
                None => (owner.with_role(role, password.as_ref()), Some(Derived(password))),
            }
        };
        let (app, app_password) = derive(app, APP);
        let (jobs, jobs_password) = derive(jobs, JOBS);
        Self { owner, app, jobs, app_password, jobs_password }
    }

    /// The same roles in another database of the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self {
            owner: self.owner.with_database(name),
            app: self.app.with_database(name),
            jobs: self.jobs.with_database(name),
            ..self.clone()
        }
    }
}

/// `hex(HMAC-SHA256(key, role))`.
pub(crate) fn derived_password(key: &[u8], role: &str) -> SecretString {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(role.as_bytes());
    SecretString::from(hex(&mac.finalize().into_bytes()))
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// Creates what is missing and sets passwords and limits. Runs before the migrations, which grant
/// to the roles by name. The caller holds the start lock.
pub(crate) async fn ensure(owner: &Client, access: &Access) -> Result<(), RolesError> {
    let version = server_version(owner).await?;
    if version < 130_000 {
        return Err(RolesError::TooOld(format!("{}.{}", version / 10_000, version % 10_000)));
    }
    let pairs =
        [(APP, &access.app, &access.app_password), (JOBS, &access.jobs, &access.jobs_password)];
    for (role, login, derived) in pairs {
        ensure_role(owner, role, login, derived.as_ref(), version).await?;
    }
    let database = quote(access.owner.database());
    // Whoever may not revoke gets a warning here and an error from `verify`.
    let grants = format!(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
         GRANT CONNECT ON DATABASE {database} TO {APP}, {JOBS};
         GRANT USAGE ON SCHEMA public TO {APP}, {JOBS};"
    );
    batch(owner, &grants).await?;
    Ok(())
}

async fn ensure_role(
    owner: &Client,
    role: &str,
    login: &ConnectOptions,
    derived: Option<&Derived>,
    version: i32,
) -> Result<(), RolesError> {
    let row = owner
        .query_one(
            "SELECT rolcreaterole OR rolsuper, rolsuper, rolname::text,
                    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1::text)
             FROM pg_catalog.pg_roles WHERE rolname = current_user",
            &[&role],
        )
        .await
        .map_err(DbError::from)?;
    let (may_create, superuser, user, exists): (bool, bool, String, bool) =
        (row.get(0), row.get(1), row.get(2), row.get(3));

    if !exists && !may_create {
        return Err(RolesError::MayNotCreate { user });
    }
    if !exists {
        // Without LOGIN when another role is to log in as a member of it.
        let login = if derived.is_some() { "LOGIN" } else { "NOLOGIN" };
        batch(owner, &format!("CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS")).await?;
    }
    if login.user() != role {
        let member = quote(login.user());
        let granted = owner
            .query_one(
                "SELECT pg_catalog.pg_has_role($1::text, $2::text, 'MEMBER')",
                &[&login.user(), &role],
            )
            .await
            .map_err(DbError::from)?;
        if !granted.get::<_, bool>(0) {
            batch(owner, &format!("GRANT {role} TO {member}")).await?;
        }
        return Ok(());
    }
    let Some(Derived(password)) = derived else { return Ok(()) };

    let mut alter = Vec::new();
    if let Some(password) = password {
        let verifier =
            postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
        alter.push(format!("ALTER ROLE {role} LOGIN PASSWORD '{verifier}'"));
    }
    let check = (version >= 140_000).then_some(CHECK_CLIENT);
    // Errors are told apart by their English texts; only a superuser may choose the language.
    let language = superuser.then_some(("lc_messages", "C"));
    for (name, value) in LIMITS.into_iter().chain(check).chain(language) {
        alter.push(format!("ALTER ROLE {role} SET {name} = '{value}'"));
    }
    match batch(owner, &alter.join(";")).await {
        Ok(()) => Ok(()),
        // Made by somebody else: fine as long as its password is ours, which a login tells.
        Err(DbError::Refused(_)) => match login.client().await {
            Ok(_) => Ok(()),
            Err(_) => Err(RolesError::MayNotAlter { role: role.into(), user }),
        },
        Err(error) => Err(error.into()),
    }
}

/// Proves, as the roles themselves and after the migrations, that neither can leave its scope.
pub(crate) async fn verify(access: &Access) -> Result<(), RolesError> {
    for login in [&access.app, &access.jobs] {
        if login.is_exposed() {
            tracing::warn!(
                "the connection to the database is not encrypted; on anything but a private \
                 network add `sslmode=require` to its url"
            );
        }
        let role = login.user().to_owned();
        let connect = |source| RolesError::Connect { role: role.clone(), source };
        let client = login.client().await.map_err(connect)?;
        verify_one(&client, &role, access.owner.user()).await?;
    }
    Ok(())
}

async fn verify_one(client: &Client, role: &str, owner: &str) -> Result<(), RolesError> {
    let row = client
        .query_one(
            "SELECT r.rolsuper, r.rolbypassrls,
                    EXISTS (SELECT FROM pg_catalog.pg_class c
                            WHERE c.relnamespace = 'public'::regnamespace
                              AND c.relkind IN ('r', 'p')
                              AND pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER')),
                    pg_catalog.has_schema_privilege('public', 'CREATE'),
                    current_setting('statement_timeout') <> '0',
                    current_setting('idle_in_transaction_session_timeout') <> '0',
                    current_setting('lc_messages')
             FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
            &[],
        )
        .await
        .map_err(DbError::from)?;
    let unsafe_because = |problem: &str, cure: String| {
        Err(RolesError::Unsafe { role: role.into(), problem: problem.into(), cure })
    };
    let name = quote(role);
    if row.get(0) {
        return unsafe_because("it is a superuser", format!("ALTER ROLE {name} NOSUPERUSER;"));
    }
    if row.get(1) {
        let cure = format!("ALTER ROLE {name} NOBYPASSRLS;");
        return unsafe_because("it bypasses row-level security", cure);
    }
    if row.get(2) {
        let cure = format!("REVOKE {} FROM {name};", quote(owner));
        return unsafe_because("it owns tables, itself or through a membership", cure);
    }
    if row.get(3) {
        let cure = "REVOKE CREATE ON SCHEMA public FROM PUBLIC;".to_owned();
        return unsafe_because("it may create tables and functions", cure);
    }
    for (limited, (setting, value)) in
        [row.get(4), row.get(5)].into_iter().zip([LIMITS[0], LIMITS[2]])
    {
        let limited: bool = limited;
        if !limited {
            let cure = format!("ALTER ROLE {name} SET {setting} = '{value}';");
            return unsafe_because(&format!("{setting} is not set"), cure);
        }
    }
    let language: String = row.get(6);
    if !(language.is_empty() || ["C", "POSIX", "en"].iter().any(|en| language.starts_with(en))) {
        tracing::warn!(
            "the database speaks `{language}`, so deadlocks and timeouts are not recognised; \
             run `ALTER ROLE {name} SET lc_messages = 'C'` as a superuser"
        );
    }
    Ok(())
}

async fn server_version(client: &Client) -> Result<i32, DbError> {
    let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?;
    Ok(row.get(0))
}

async fn batch(client: &Client, sql: &str) -> Result<(), DbError> {
    client.batch_execute(sql).await.map_err(DbError::from)
}

/// A name as an SQL identifier.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(url: &str) -> ConnectOptions {
        ConnectOptions::parse(&SecretString::from(url)).unwrap()
    }

    #[test]
    fn two_nodes_derive_the_same_passwords_and_the_roles_differ() {
        let derive = || Access::derive(owner("postgres://o:key@db/f"), None, None, None);
        let (one, two) = (derive(), derive());
        assert_eq!(one.app.password(), two.app.password());
        assert_ne!(one.app.password(), one.jobs.password());
        // HMAC-SHA256("key", "forecourt_app"), computed with another implementation.
        let expected = "dfe83dee7bdb8f5ba2f511c3a02404c580cd22074a33fd2a763f15ea83858a9c";
        assert_eq!(one.app.password(), Some(expected.as_bytes()));
    }

    #[test]
    fn a_secret_stands_in_for_a_missing_password() {
        let secret = SecretString::from("key");
        let by_url = Access::derive(owner("postgres://o:key@db/f"), None, None, None);
        let by_secret = Access::derive(owner("postgres://o@db/f"), None, None, Some(&secret));
        assert_eq!(by_url.app.password(), by_secret.app.password());
    }

    #[test]
    fn given_urls_are_taken_as_they_are_and_no_password_is_printed() {
        let app = owner("postgres://engine:given@db/f");
        let access = Access::derive(owner("postgres://o:key@db/f"), Some(app), None, None);
        assert_eq!(access.app.user(), "engine");
        assert_eq!(access.app.password(), Some("given".as_bytes()));
        let printed = format!("{access:?}");
        let derived = String::from_utf8(access.jobs.password().unwrap().to_vec()).unwrap();
        assert!(!printed.contains("given") && !printed.contains(&derived), "{printed}");
    }
}
