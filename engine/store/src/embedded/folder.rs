//! The data folder: who owns it, where its socket goes, where its passwords come from.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{error::EmbeddedError, process::RunAs};
use crate::roles::hex;

/// A socket's address has 108 bytes on Linux, 104 on macOS; `/.s.PGSQL.65535` takes 16.
const LONGEST_SOCKET_DIR: usize = 87;
/// How often a lock that is held is tried again.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// A data folder that is ours as long as this lives.
pub(super) struct Folder {
    pub(super) dir: PathBuf,
    /// Closing it lets go of the lock, also when the process is killed.
    _lock: File,
}

impl Folder {
    /// Makes the folder if needed and takes its lock.
    pub(super) fn open(dir: &Path, wait: Duration) -> Result<Self, EmbeddedError> {
        let root = nix::unistd::geteuid().is_root();
        if !dir.exists() {
            // Root's server runs as another user, who has to get to `data` and `s`.
            let mode = if root { 0o755 } else { 0o700 };
            let made = DirBuilder::new().recursive(true).mode(mode).create(dir);
            made.map_err(EmbeddedError::io("make the folder", dir))?;
        }
        // Server and engine have different working directories, and links may change.
        let dir = fs::canonicalize(dir).map_err(EmbeddedError::io("find the folder", dir))?;
        let lock = lock(&dir, wait)?;
        Ok(Self { dir, _lock: lock })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) fn hba(&self) -> PathBuf {
        self.dir.join("pg_hba.conf")
    }

    /// The key of the roles' passwords; made once. Only its owner can read it.
    pub(super) fn key(&self) -> Result<SecretString, EmbeddedError> {
        let path = self.dir.join("key");
        match fs::read_to_string(&path) {
            Ok(key) if key.trim().len() == 64 => return Ok(SecretString::from(key.trim())),
            // A crash while it was written; nobody has logged in with it from outside yet.
            Ok(_) => fs::remove_file(&path).map_err(EmbeddedError::io("remove", &path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(EmbeddedError::io("read", &path)(error)),
        }
        let mut random = [0_u8; 32];
        let source = Path::new("/dev/urandom");
        File::open(source)
            .and_then(|mut file| file.read_exact(&mut random))
            .map_err(EmbeddedError::io("read", source))?;
        let key = hex(&random);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(key.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(EmbeddedError::io("write", &path))?;
        Ok(SecretString::from(key))
    }

    /// The folder of the socket, mode 0700: `s` beside the data, or, when an address cannot hold
    /// that path, one in the temporary folder that the data folder's name leads to again.
    pub(super) fn socket(&self, who: &RunAs) -> Result<PathBuf, EmbeddedError> {
        let beside = self.dir.join("s");
        if fits(&beside) {
            // Nobody else can put anything there; it may be from a run as another user.
            return match private_dir(&beside, who, true) {
                Ok(true) => Ok(beside),
                Ok(false) => Err(EmbeddedError::io("use", &beside)(io::Error::other(
                    "it belongs to somebody else or is no folder",
                ))),
                Err(error) => Err(EmbeddedError::io("make the folder", &beside)(error)),
            };
        }
        let digest = Sha256::digest(self.dir.as_os_str().as_encoded_bytes());
        let name = hex(&digest[..8]);
        let bases = [std::env::temp_dir(), PathBuf::from("/tmp")];
        for base in &bases {
            // A name that somebody else took is theirs; the next one is ours.
            for n in 0..16 {
                let dir = base.join(format!("forecourt-{name}-{n}"));
                if fits(&dir)
                    && reachable(base)
                    && private_dir(&dir, who, false).is_ok_and(|ours| ours)
                {
                    return Ok(dir);
                }
            }
        }
        Err(EmbeddedError::io("make a folder for the socket in", &bases[1])(io::Error::other(
            "no name was free",
        )))
    }
}

/// Whether any user may pass through `dir` and the folders above it.
pub(super) fn reachable(dir: &Path) -> bool {
    dir.ancestors().all(|above| fs::metadata(above).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

fn fits(socket: &Path) -> bool {
    // The setting is a list of quoted paths, and so is the client's; both stay simple this way.
    let bytes = socket.as_os_str().as_encoded_bytes();
    bytes.len() <= LONGEST_SOCKET_DIR
        && !bytes.iter().any(|byte| byte.is_ascii_control() || b"\",'\\@".contains(byte))
}

/// Makes `dir` with mode 0700 for the server's user. `Ok(false)`: it is there and not ours.
fn private_dir(dir: &Path, who: &RunAs, any_owner: bool) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let meta = fs::symlink_metadata(dir)?;
    let me = nix::unistd::geteuid().as_raw();
    if !meta.is_dir() || !(any_owner || [me, who.owner().0].contains(&meta.uid())) {
        return Ok(false);
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    who.own(dir)?;
    Ok(true)
}

fn lock(dir: &Path, wait: Duration) -> Result<File, EmbeddedError> {
    let path = dir.join("owner.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .open(&path)
        .map_err(EmbeddedError::io("open", &path))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if start.elapsed() < wait => {
                std::thread::sleep(LOCK_POLL);
            }
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                return Err(EmbeddedError::InUse { dir: dir.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", &path)(error)),
        }
    }
    // Only to name us to whoever comes second; the lock itself is the kernel's.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(EmbeddedError::io("write", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_told_the_pid_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::open(dir.path(), Duration::ZERO).unwrap();
        let Err(second) = Folder::open(dir.path(), Duration::ZERO) else { panic!("both own it") };
        assert!(
            second.to_string().ends_with(&format!("process {}", std::process::id())),
            "{second}"
        );
        drop(first);
        assert!(Folder::open(dir.path(), Duration::ZERO).is_ok());
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        use secrecy::ExposeSecret;
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path(), Duration::ZERO).unwrap();
        let key = folder.key().unwrap();
        assert_eq!(key.expose_secret(), folder.key().unwrap().expose_secret());
        let mode = fs::metadata(dir.path().join("key")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_path_that_no_address_can_hold_gets_its_socket_in_the_temporary_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a".repeat(120), "with, comma".to_owned()] {
            let folder = Folder::open(&dir.path().join(name), Duration::ZERO).unwrap();
            let socket = folder.socket(&RunAs::Current).unwrap();
            assert!(!socket.starts_with(dir.path()), "{}", socket.display());
            assert_eq!(socket, folder.socket(&RunAs::Current).unwrap());
            fs::remove_dir(socket).unwrap();
        }
    }

    #[test]
    fn a_link_in_the_place_of_the_socket_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("f"), Duration::ZERO).unwrap();
        std::os::unix::fs::symlink("/tmp", dir.path().join("f/s")).unwrap();
        assert!(folder.socket(&RunAs::Current).is_err());
    }
}
