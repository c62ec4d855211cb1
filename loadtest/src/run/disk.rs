//! A small file system for the engine's data, that can be full.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const CHUNK: usize = 64 * 1024;

/// A mounted file system in memory. It is unmounted when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    /// The mount point; removed with this.
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of `mebibytes`; an error says in words why this machine cannot.
    pub fn mount(mebibytes: u32) -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("a small disk needs root".to_owned());
        }
        let folder = tempfile::Builder::new()
            .prefix("forecourt-disk-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        let options = format!("size={mebibytes}m,mode=0755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "forecourt-small-disk"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self { folder }),
            Ok(output) => Err(format!(
                "a small disk cannot be mounted: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
            Err(error) => Err(format!("a small disk cannot be mounted: {error}")),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes every byte that is left; answers how many.
    pub fn fill(&self) -> io::Result<u64> {
        let mut file = File::create(self.filler())?;
        let (chunk, mut written) = (vec![0_u8; CHUNK], 0);
        let mut size = CHUNK;
        while size > 0 {
            match file.write(chunk.get(..size).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => written += count as u64,
                Err(error) if error.kind() == io::ErrorKind::StorageFull => size /= 2,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Gives the bytes back.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.filler())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is about to end may still have a file open.
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.folder.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_can_be_full_and_free_again_where_one_can_be_mounted() {
        let disk = match SmallDisk::mount(4) {
            Ok(disk) => disk,
            Err(why) => return assert!(!why.is_empty()),
        };
        let path = disk.path().to_owned();
        assert!(disk.fill().unwrap() > 3 << 20);
        let refused = fs::write(path.join("more"), [0_u8; 8192]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        disk.free().unwrap();
        fs::write(path.join("more"), [0_u8; 8192]).unwrap();
        drop(disk);
        assert!(!path.exists());
    }
}
