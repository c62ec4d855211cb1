//! A way into a cluster that another process runs, for who only wants to look.
//!
//! The folder stays the other's: nothing is locked, started, stopped or written here. The socket asks for
//! no password, and its folder lets in the user who started the server (and root), nobody else.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{DATABASE, EmbeddedError};
use crate::{
    connect::ConnectOptions,
    roles::{Access, OWNER},
};

/// The way into the cluster in `dir` that another process runs; `None` when nobody runs one there.
///
/// Fails with [`EmbeddedError::InUse`] when somebody has the folder and their server is not ready.
pub fn running(dir: &Path) -> Result<Option<Access>, EmbeddedError> {
    let lock = dir.join("owner.lock");
    match File::open(&lock) {
        Ok(file) => match file.try_lock() {
            // Let go of again at once: a start waits longer than this takes.
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", &lock)(error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EmbeddedError::io("open", &lock)(error)),
    }
    let in_use = || {
        let pid = fs::read_to_string(&lock).ok().and_then(|text| text.trim().parse().ok());
        EmbeddedError::InUse { dir: dir.to_owned(), pid }
    };
    let file = dir.join("data").join("postmaster.pid");
    let text = fs::read_to_string(file).map_err(|_| in_use())?;
    let (port, socket) = ready(&text).ok_or_else(in_use)?;
    let owner = ConnectOptions::socket(&socket, port, OWNER, DATABASE);
    Ok(Some(Access::derive(owner, None, None, None)))
}

/// Port and socket's folder, as a server that is ready writes them: its pid, data, start, port, socket,
/// address, shared memory and status, each in a line.
fn ready(text: &str) -> Option<(u16, PathBuf)> {
    let mut lines = text.lines().map(str::trim).skip(3);
    let port = lines.next()?.parse().ok()?;
    let socket = lines.next().filter(|socket| !socket.is_empty())?;
    (lines.nth(2)? == "ready").then(|| (port, socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_starts_or_stops_is_not_ready() {
        let file = |status: &str| {
            format!("71\n/f/data\n1\n40123\n/f/s dir\n127.0.0.1\n   5  8\n{status}   \n")
        };
        assert_eq!(ready(&file("ready")), Some((40_123, "/f/s dir".into())));
        assert_eq!(ready(&file("starting")), None);
        assert_eq!(ready(&file("stopping")), None);
        assert_eq!(ready("71\n/f/data\n1\n"), None);
    }

    #[test]
    fn a_folder_that_nobody_has_is_not_run_by_anybody() {
        let dir = tempfile::tempdir().unwrap();
        assert!(running(dir.path()).unwrap().is_none());
        File::create(dir.path().join("owner.lock")).unwrap();
        assert!(running(dir.path()).unwrap().is_none());
    }

    #[test]
    fn who_has_the_folder_without_a_server_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("owner.lock"), "4711").unwrap();
        let held = File::open(dir.path().join("owner.lock")).unwrap();
        held.lock().unwrap();
        let error = running(dir.path()).unwrap_err().to_string();
        assert!(error.ends_with("in use by process 4711"), "{error}");
    }
}
