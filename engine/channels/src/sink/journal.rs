//! The file that carries caught mails over a restart: records one after another, only appended to.
//!
//! A record is one line of JSON (id, time, envelope, length), the raw mail of that length, a line
//! end. It is not synced: a demo's mails survive the engine's restart, not the machine's crash.
//!
//! # Invariants
//! - a torn record at the end is cut off, and what came before it is kept;
//! - **A9** the file is rewritten once it holds twice what the shelf keeps.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const FILE: &str = "mails.log";
/// Longest JSON line: a hundred recipients of 256 octets, escaped.
const MAX_HEAD: u64 = 256 * 1024;
/// No record is longer; a greater length is a torn one.
const MAX_RAW: u64 = 256 * 1024 * 1024;

/// A caught mail as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) head: Head,
    pub(super) raw: Vec<u8>,
}

/// What the mail itself does not say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Line<H> {
    #[serde(flatten)]
    head: H,
    len: u64,
}

/// The open file.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Journal {
    /// Opens the file in `dir`, handing every record in it to `keep`, oldest first.
    pub(super) fn open(dir: &Path, mut keep: impl FnMut(Record)) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let file = options().open(&path)?;
        let mut reader = BufReader::new(&file);
        let mut bytes = 0;
        while let Some((record, length)) = read(&mut reader)? {
            bytes += length;
            keep(record);
        }
        file.set_len(bytes)?;
        Ok(Self { path, file, bytes })
    }

    /// How long the file is.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a record; after an error the file is as it was before.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        let bytes = encode(record)?;
        if let Err(error) = self.file.write_all(&bytes) {
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Replaces the file by one that holds `records` alone.
    pub(super) fn rewrite<'a>(
        &mut self,
        records: impl Iterator<Item = &'a Record>,
    ) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        fs::remove_file(&fresh).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let mut writer = BufWriter::new(options().open(&fresh)?);
        let mut bytes = 0;
        for record in records {
            let record = encode(record)?;
            writer.write_all(&record)?;
            bytes += record.len() as u64;
        }
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        fs::rename(&fresh, &self.path)?;
        (self.file, self.bytes) = (file, bytes);
        Ok(())
    }
}

/// For this user's eyes only: mails are personal data.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let line = Line { head: &record.head, len: record.raw.len() as u64 };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&record.raw);
    bytes.push(b'\n');
    Ok(bytes)
}

/// The next record and its length in the file; `None` at the end, and where a record is torn.
fn read(reader: &mut impl io::BufRead) -> io::Result<Option<(Record, u64)>> {
    let mut line = Vec::new();
    reader.take(MAX_HEAD).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    let Ok(Line::<Head> { head, len }) = serde_json::from_slice(&line) else {
        return Ok(None);
    };
    if len > MAX_RAW {
        return Ok(None);
    }
    let mut raw = Vec::new();
    reader.take(len + 1).read_to_end(&mut raw)?;
    if raw.len() as u64 != len + 1 || raw.pop() != Some(b'\n') {
        return Ok(None);
    }
    let length = line.len() as u64 + len + 1;
    Ok(Some((Record { head, raw }, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: u64) -> Record {
        let head = Head {
            id,
            at: Timestamp::UNIX_EPOCH,
            from: "a@b.no".into(),
            to: vec!["å@d.no".into()],
        };
        Record { head, raw: format!("Subject: {id}\r\n\r\n{{\"id\":1}}\n\n").into_bytes() }
    }

    fn ids(dir: &Path) -> Vec<u64> {
        let mut ids = Vec::new();
        Journal::open(dir, |record| ids.push(record.head.id)).unwrap();
        ids
    }

    #[test]
    fn records_are_read_back_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal =
            Journal::open(dir.path(), |_| panic!("a record in an empty file")).unwrap();
        journal.append(&record(1)).unwrap();
        journal.append(&record(2)).unwrap();
        let mut read = Vec::new();
        Journal::open(dir.path(), |record| read.push(record)).unwrap();
        assert!(read == [record(1), record(2)]);
    }

    #[test]
    fn a_torn_record_is_cut_off_wherever_it_is_torn() {
        let whole = encode(&record(1)).unwrap();
        let torn = encode(&record(2)).unwrap();
        for cut in 0..torn.len() {
            let dir = tempfile::tempdir().unwrap();
            let bytes = [&whole[..], &torn[..cut]].concat();
            fs::write(dir.path().join(FILE), bytes).unwrap();
            let mut journal = Journal::open(dir.path(), |_| ()).unwrap();
            journal.append(&record(3)).unwrap();
            assert_eq!(ids(dir.path()), [1, 3], "cut at {cut}");
        }
    }

    #[test]
    fn a_rewritten_file_holds_what_it_was_given_and_grows_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), |_| ()).unwrap();
        for id in 1..=10 {
            journal.append(&record(id)).unwrap();
        }
        journal.rewrite([record(9), record(10)].iter()).unwrap();
        journal.append(&record(11)).unwrap();
        assert_eq!(ids(dir.path()), [9, 10, 11]);
        assert_eq!(journal.bytes(), fs::metadata(dir.path().join(FILE)).unwrap().len());
    }
}
