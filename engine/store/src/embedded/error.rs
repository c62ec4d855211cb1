//! Why a private cluster could not be started, in words that say what to do.

use std::{io, path::PathBuf};

use crate::error::DbError;

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL 13 or newer is installed; install it (Debian and Ubuntu: `apt-get install \
         postgresql`, Fedora: `dnf install postgresql-server`, Alpine: `apk add postgresql`, \
         macOS: `brew install postgresql@17`), or point FORECOURT_PG_BIN at a folder with \
         `postgres` and `initdb`, or give a DATABASE_URL"
    )]
    NoBinaries,
    #[error("FORECOURT_PG_BIN is `{}`, but {problem}", dir.display())]
    BadBinaries { dir: PathBuf, problem: String },
    #[error(
        "`{}` was made by PostgreSQL {made}, but only {found} is installed; install \
         PostgreSQL {made} too, or move the data with `pg_upgrade`", dir.display()
    )]
    WrongVersion { dir: PathBuf, made: String, found: String },
    #[error("`{}` is in use by {}", dir.display(), match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    })]
    InUse { dir: PathBuf, pid: Option<u32> },
    #[error(
        "PostgreSQL does not run as root, and no unprivileged user can reach `{}`; start \
         Forecourt as another user or choose a data folder outside of root's home", .0.display()
    )]
    CannotDropPrivileges(PathBuf),
    #[error("cannot {what} `{}`", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("initdb failed ({status}): {log}")]
    Init { status: String, log: String },
    #[error("PostgreSQL did not start ({status}): {log}")]
    Start { status: String, log: String },
    #[error("PostgreSQL did not answer within {seconds} s: {log}")]
    NotReady { seconds: u64, log: String },
    #[error("cannot set up the new cluster")]
    Setup(#[source] DbError),
    #[error("cannot start the thread that watches PostgreSQL")]
    Thread(#[source] io::Error),
    #[error("the thread that watches PostgreSQL broke off")]
    Gone,
}

impl EmbeddedError {
    /// For `map_err` on a call of the file system.
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
