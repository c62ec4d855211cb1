//! Making a cluster, once, and what every start tells the server.
//!
//! # Invariants
//! - `data` is complete or absent: `initdb` works in another folder that is renamed at the end, so
//!   a crash in between leaves nothing that a later start could take for a cluster, and nothing
//!   called `data` is ever deleted.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::{Output, Stdio},
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};

use super::{
    ClusterConfig, DATABASE, SUPERUSER,
    binaries::Binaries,
    error::EmbeddedError,
    folder::Folder,
    process::{RunAs, program},
};
use crate::{
    connect::ConnectOptions,
    error::DbError,
    roles::{OWNER, derived_password, quote},
};

/// What every start insists on; an operator's own `postgresql.conf` cannot change it.
pub(super) const SETTINGS: [(&str, &str); 17] = [
    // A13: no statement, parameter, detail or context reaches the log.
    ("log_statement", "none"),
    ("log_min_duration_statement", "-1"),
    ("log_min_error_statement", "panic"),
    ("log_min_messages", "log"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_connections", "off"),
    ("log_line_prefix", ""),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    // Errors are recognised by their English texts.
    ("lc_messages", "C"),
    // A1: what was acknowledged survives a power cut.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("unix_socket_permissions", "0700"),
    ("password_encryption", "scram-sha-256"),
];

/// For test clusters alone.
const VOLATILE: [(&str, &str); 5] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("autovacuum_naptime", "1h"),
];

/// Where a new cluster starts from; operators may change it in `data/postgresql.conf`. Many small
/// transactions: no parallel plans, no compiled expressions.
const TUNING: &str = "
# Forecourt's choices for a new cluster.
max_connections = 100
shared_buffers = 128MB
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
";

/// Nobody gets in over TCP without a password; whoever can enter the socket's folder is us.
const HBA: &str = "\
local all         all                trust
local replication all                trust
host  all         all  127.0.0.1/32  scram-sha-256
";

/// Settings for the command line, in an order in which the last one wins.
pub(super) fn settings(config: &ClusterConfig) -> Vec<(String, String)> {
    let volatile = if config.volatile { &VOLATILE[..] } else { &[] };
    let ours = SETTINGS.iter().chain(volatile);
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    // The operator's come first, so that they cannot undo ours.
    config.settings.iter().cloned().chain(ours.map(own)).collect()
}

/// Makes the cluster in `folder`.
pub(super) fn create(
    folder: &Folder,
    binaries: &Binaries,
    who: RunAs,
    config: &ClusterConfig,
) -> Result<(), EmbeddedError> {
    let unfinished = folder.dir.join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(EmbeddedError::io("remove", &unfinished))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .and_then(|()| who.own(&unfinished))
        .map_err(EmbeddedError::io("make the folder", &unfinished))?;

    let output = initdb(&unfinished, binaries, who, config)?;
    if !output.status.success() {
        let log = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " / ");
        return Err(EmbeddedError::Init { status: output.status.to_string(), log });
    }
    let file = unfinished.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(TUNING.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(EmbeddedError::io("write", &file))?;
    // From here on it is a cluster.
    let data = folder.data();
    fs::rename(&unfinished, &data)
        .and_then(|()| File::open(&folder.dir)?.sync_all())
        .map_err(EmbeddedError::io("rename to", &data))
}

fn initdb(
    data: &Path,
    binaries: &Binaries,
    who: RunAs,
    config: &ClusterConfig,
) -> Result<Output, EmbeddedError> {
    let run = |locale: &[&str]| {
        let mut command = program(&binaries.dir, "initdb", who, Signal::SIGTERM);
        command.arg("-D").arg(data).args(["-U", SUPERUSER, "-E", "UTF8", "--data-checksums"]);
        // Ours replaces the file it writes.
        command.args(["-A", "reject"]).args(locale);
        if config.volatile {
            command.arg("--no-sync");
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped()).output().map_err(|error| match who {
            #[cfg(target_os = "linux")]
            RunAs::Namespace => EmbeddedError::CannotDropPrivileges(folder_of(data)),
            _ => EmbeddedError::io("run", binaries.dir.join("initdb"))(error),
        })
    };
    // Sorts by code point, whatever the operating system: an index outlives its upgrades.
    if binaries.version >= 17 {
        return run(&["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
    }
    let output = run(&["--locale=C.UTF-8"])?;
    if output.status.success() || !String::from_utf8_lossy(&output.stderr).contains("locale") {
        return Ok(output);
    }
    // Older systems have no such locale; `lower` then knows ASCII alone.
    run(&["--locale=C"])
}

#[cfg(target_os = "linux")]
fn folder_of(data: &Path) -> std::path::PathBuf {
    data.parent().unwrap_or(data).to_owned()
}

/// Writes who may log in, at each start.
pub(super) fn write_hba(folder: &Folder) -> Result<(), EmbeddedError> {
    let (path, new) = (folder.hba(), folder.dir.join("pg_hba.conf.new"));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // Read by the server's user, written by us alone.
        .mode(0o644)
        .open(&new)
        .and_then(|mut file| file.write_all(HBA.as_bytes()))
        .and_then(|()| fs::rename(&new, &path))
        .map_err(EmbeddedError::io("write", &path))
}

/// Makes the owner, with its password for TCP, and the database.
pub(super) async fn set_up(
    superuser: &ConnectOptions,
    key: &SecretString,
    version: u32,
) -> Result<(), DbError> {
    let client = superuser.client().await?;
    let exist = client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1::text),
                    EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $2::text)",
            &[&OWNER, &DATABASE],
        )
        .await?;
    if !exist.get::<_, bool>(0) {
        client.batch_execute(&format!("CREATE ROLE {OWNER}")).await?;
    }
    let password = derived_password(key.expose_secret().as_bytes(), OWNER);
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    client
        .batch_execute(&format!(
            "ALTER ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS NOREPLICATION CREATEROLE
             PASSWORD '{verifier}'"
        ))
        .await?;
    if !exist.get::<_, bool>(1) {
        let create = format!("CREATE DATABASE {} OWNER {OWNER}", quote(DATABASE));
        client.batch_execute(&create).await?;
    }
    if version < 15 {
        // Since 15 the schema belongs to whoever owns its database.
        let inside = superuser.with_database(DATABASE).client().await?;
        inside.batch_execute(&format!("ALTER SCHEMA public OWNER TO {OWNER}")).await?;
    }
    Ok(())
}
