//! Where `postgres` and `initdb` are installed.
//!
//! Order: `FORECOURT_PG_BIN` alone when set; else `PATH`, then the folders of the platforms'
//! packages, newest version first. A cluster that exists already wants its own major version.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::error::EmbeddedError;

/// Trusted extensions, which the tables use, need no superuser since this version.
const OLDEST: u32 = 13;

/// Folders whose `*` is a version.
const WELL_KNOWN: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib64/pgsql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Where to look for the binaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BinarySearch {
    /// Wherever packages put them.
    Installed,
    /// In this folder and nowhere else.
    In(PathBuf),
}

impl BinarySearch {
    /// [`BinarySearch::In`] the folder `FORECOURT_PG_BIN`, if set.
    pub fn from_env() -> Self {
        env::var_os("FORECOURT_PG_BIN")
            .filter(|dir| !dir.is_empty())
            .map_or(Self::Installed, |dir| Self::In(dir.into()))
    }
}

/// One installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) version: u32,
}

/// The installation to use: the first one, or the one that made the cluster in `data`.
pub(super) fn find(search: &BinarySearch, data: &Path) -> Result<Binaries, EmbeddedError> {
    let found = match search {
        BinarySearch::In(dir) => vec![
            inspect(dir)
                .map_err(|problem| EmbeddedError::BadBinaries { dir: dir.clone(), problem })?,
        ],
        BinarySearch::Installed => installed(env::var_os("PATH").as_deref(), &WELL_KNOWN),
    };
    choose(&found, data)
}

fn choose(found: &[Binaries], data: &Path) -> Result<Binaries, EmbeddedError> {
    let made = fs::read_to_string(data.join("PG_VERSION")).ok();
    let Some(first) = found.first() else { return Err(EmbeddedError::NoBinaries) };
    let Some(made) = made.as_deref().map(str::trim) else { return Ok(first.clone()) };
    found.iter().find(|one| one.version.to_string() == made).cloned().ok_or_else(|| {
        let mut versions: Vec<_> = found.iter().map(|one| one.version.to_string()).collect();
        versions.dedup();
        EmbeddedError::WrongVersion {
            dir: data.to_owned(),
            made: made.to_owned(),
            found: versions.join(", "),
        }
    })
}

fn installed(path: Option<&OsStr>, well_known: &[&str]) -> Vec<Binaries> {
    // A relative folder would mean whatever the working directory holds.
    let on_path = path.map(env::split_paths).into_iter().flatten();
    let on_path = on_path.filter(|dir| dir.is_absolute());
    let mut packaged: Vec<Binaries> = well_known
        .iter()
        .flat_map(|pattern| expand(pattern))
        .filter_map(|dir| inspect(&dir).ok())
        .collect();
    packaged.sort_by_key(|one| std::cmp::Reverse(one.version));

    let mut found: Vec<Binaries> = Vec::new();
    for one in on_path.filter_map(|dir| inspect(&dir).ok()).chain(packaged) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The installation whose `postgres` is in `dir`, or that the one in `dir` links to.
fn inspect(dir: &Path) -> Result<Binaries, String> {
    let link = dir.join("postgres");
    // Distributions link single programs into common folders; the real one has its family and
    // its libraries beside it.
    let real = fs::canonicalize(&link).map_err(|_| "it holds no `postgres`".to_owned())?;
    let home = [real.parent(), Some(dir)]
        .into_iter()
        .flatten()
        .find(|home| home.join("initdb").is_file() && home.join("postgres").is_file())
        .ok_or("there is no `initdb` beside its `postgres`")?;
    // A wrapper would be our child instead of the server itself, whose pid we must know.
    let mut start = [0; 2];
    let script = fs::File::open(&real).and_then(|mut file| file.read_exact(&mut start)).is_err()
        || &start == b"#!";
    if script {
        return Err("its `postgres` is a script".to_owned());
    }
    let version = version(&home.join("postgres")).ok_or("its `postgres --version` fails")?;
    if version < OLDEST {
        return Err(format!("it holds PostgreSQL {version}; {OLDEST} or newer is needed"));
    }
    Ok(Binaries { dir: home.to_owned(), version })
}

fn version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 15.20 (Debian 15.20-0)` → 15; also `18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

/// The folders that match `pattern`, which has one `*`, within one path component.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn versions_are_read_from_what_distributions_print() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(parse_version("psql: command not found"), None);
    }

    #[test]
    fn without_any_installation_the_error_says_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let found = installed(Some(empty.path().as_os_str()), &["/no/such/*/bin"]);
        let error = choose(&found, empty.path()).unwrap_err().to_string();
        for cure in ["apt-get install postgresql", "brew install postgresql@17", "FORECOURT_PG_BIN"]
        {
            assert!(error.contains(cure), "{error}");
        }
    }

    #[test]
    fn a_folder_that_was_named_is_the_only_one_and_its_fault_is_told() {
        let empty = tempfile::tempdir().unwrap();
        let search = BinarySearch::In(empty.path().to_owned());
        let error = find(&search, empty.path()).unwrap_err().to_string();
        assert!(error.contains("it holds no `postgres`"), "{error}");
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_installation_behind_it() {
        let real = find(&BinarySearch::Installed, Path::new("/no/such")).unwrap();
        let bin = tempfile::tempdir().unwrap();
        symlink(real.dir.join("postgres"), bin.path().join("postgres")).unwrap();
        // No `initdb` is linked: the one beside the real `postgres` counts.
        assert_eq!(installed(Some(bin.path().as_os_str()), &[]), [real]);
    }

    #[test]
    fn a_script_on_the_path_is_passed_over() {
        let bin = tempfile::tempdir().unwrap();
        for name in ["postgres", "initdb"] {
            let file = bin.path().join(name);
            fs::write(&file, "#!/bin/sh\necho 'postgres (PostgreSQL) 15.1'\n").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        assert_eq!(installed(Some(bin.path().as_os_str()), &[]), []);
    }

    #[test]
    fn a_cluster_gets_the_version_that_made_it_and_not_the_newest() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("PG_VERSION"), "15\n").unwrap();
        let at = |version: u32| Binaries { dir: format!("/pg/{version}").into(), version };
        assert_eq!(choose(&[at(17), at(15)], data.path()).unwrap(), at(15));
        let error = choose(&[at(17), at(16)], data.path()).unwrap_err().to_string();
        assert!(error.contains("made by PostgreSQL 15, but only 17, 16 is installed"), "{error}");
    }
}
