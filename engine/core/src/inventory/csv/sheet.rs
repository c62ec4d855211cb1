//! A file as rows of cells: its encoding, its delimiter, its header.

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::{Column, FORMULA, MAX_COLUMNS, MAX_FILE, MAX_ROWS};

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// `UTF-8`, `UTF-16LE`, `UTF-16BE` or `windows-1252`.
    pub encoding: &'static str,
    pub delimiter: char,
    /// As they were written, with what they mean.
    pub header: Vec<(String, Option<Column>)>,
    /// Each with the line of the file it begins on.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// Why a file cannot be read; the words are for the person who chose it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    #[error("the file must have at most 5 MiB")]
    TooLarge,
    #[error("the file is empty")]
    Empty,
    #[error("the file is no text; save the spreadsheet as CSV")]
    NotText,
    #[error("the file must have at most {MAX_ROWS} rows")]
    TooManyRows,
    #[error("the file must have at most {MAX_COLUMNS} columns")]
    TooManyColumns,
    #[error("the first row must name the columns, such as make, model, year and price")]
    NoHeader,
    #[error("two columns mean the same: {0}")]
    Twice(&'static str),
}

impl SheetError {
    /// Stable.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Empty => "empty",
            Self::NotText => "not_text",
            Self::TooManyRows => "too_many_rows",
            Self::TooManyColumns => "too_many_columns",
            Self::NoHeader => "no_header",
            Self::Twice(_) => "column_twice",
        }
    }
}

impl Sheet {
    pub fn read(bytes: &[u8]) -> Result<Self, SheetError> {
        if bytes.len() > MAX_FILE {
            return Err(SheetError::TooLarge);
        }
        let (text, encoding) = decoded(bytes)?;
        // Spreadsheets may say in a first line of its own what parts the cells.
        let (said, text) = match text.split_once('\n') {
            Some((first, rest))
                if first.len() <= 8 && first.to_ascii_lowercase().starts_with("sep=") =>
            {
                (first.chars().nth(4), rest)
            }
            _ => (None, text.as_str()),
        };
        let lines_before = u32::from(said.is_some());
        if text.trim().is_empty() {
            return Err(SheetError::Empty);
        }
        let said = said.filter(char::is_ascii);
        let delimiter = said.unwrap_or_else(|| delimiter(text));
        let mut records = reader(text, delimiter).into_records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        if header.len() > MAX_COLUMNS {
            return Err(SheetError::TooManyColumns);
        }
        let header: Vec<(String, Option<Column>)> = header
            .iter()
            .map(|name| (name.trim().chars().take(100).collect(), Column::named(name)))
            .collect();
        let mut known: Vec<Column> = header.iter().filter_map(|(_, column)| *column).collect();
        if known.len() < 2 {
            return Err(SheetError::NoHeader);
        }
        known.sort_unstable();
        if let Some(twice) = known.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SheetError::Twice(twice[0].name()));
        }
        let mut rows = Vec::new();
        for record in records {
            // Of a text in memory, with lengths left open, nothing can fail but what is no UTF-8.
            let Ok(record) = record else { return Err(SheetError::NotText) };
            if record.len() > MAX_COLUMNS {
                return Err(SheetError::TooManyColumns);
            }
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if rows.len() == MAX_ROWS {
                return Err(SheetError::TooManyRows);
            }
            let line = record.position().map_or(0, csv::Position::line);
            let line = u32::try_from(line).unwrap_or(u32::MAX).saturating_add(lines_before);
            rows.push((line, cells(&record, header.len())));
        }
        Ok(Self { encoding, delimiter, header, rows })
    }

    /// Headers that mean nothing here.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let unknown =
            self.header.iter().filter(|(name, column)| column.is_none() && !name.is_empty());
        unknown.map(|(name, _)| name.as_str())
    }
}

fn reader(text: &str, delimiter: char) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(text.as_bytes())
}

/// As many as the header has; the mark that an export sets before what looks like a formula is taken off.
fn cells(record: &StringRecord, columns: usize) -> Vec<String> {
    let cell = |cell: &str| {
        let cell = cell.trim();
        let plain = cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA));
        plain.unwrap_or(cell).to_owned()
    };
    let mut cells: Vec<String> = record.iter().take(columns).map(cell).collect();
    cells.resize(columns, String::new());
    cells
}

/// A text and what it was written in: by its mark, as UTF-8 where it is that, else as Windows writes.
fn decoded(bytes: &[u8]) -> Result<(String, &'static str), SheetError> {
    if bytes.is_empty() {
        return Err(SheetError::Empty);
    }
    let marked = Encoding::for_bom(bytes);
    let (encoding, skip) = match marked {
        Some(found) => found,
        // Spreadsheets' own files are archives, and text has no NUL.
        None if bytes.starts_with(b"PK\x03\x04") || bytes.contains(&0) => {
            return Err(SheetError::NotText);
        }
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, 0),
        None => (WINDOWS_1252, 0),
    };
    let (text, broken) = encoding.decode_without_bom_handling(&bytes[skip..]);
    if broken || text.contains('\0') {
        return Err(SheetError::NotText);
    }
    Ok((text.into_owned(), encoding.name()))
}

/// What parts the cells of the header best: into most columns that are known.
fn delimiter(text: &str) -> char {
    let known = |delimiter: &char| {
        let header = reader(text, *delimiter).into_records().next().and_then(Result::ok);
        let header = header.unwrap_or_default();
        let known = header.iter().filter(|name| Column::named(name).is_some()).count();
        (known, header.len().min(MAX_COLUMNS))
    };
    // Of equals the first: a semicolon is what Europe's spreadsheets write.
    [',', '\t', '|', ';'].into_iter().max_by_key(known).unwrap_or(';')
}
