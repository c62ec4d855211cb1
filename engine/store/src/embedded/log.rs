//! What the server says, turned into our log: its standard error, drained line by line.
//!
//! # Invariants
//! - **A13** the server is told to leave out statements, parameters and details
//!   ([`super::init::SETTINGS`]); nothing is added here;
//! - **A9** a line is cut at 2 KiB, and the last 20 are kept for an error message.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
};

const LONGEST_LINE: u64 = 2048;
const KEPT_LINES: usize = 20;

/// The last lines of one server process.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// Drains `source` in a thread of its own until it ends, which is when the last process of the
    /// server is gone.
    pub(super) fn drain(source: impl Read + Send + 'static) -> std::io::Result<Self> {
        let tail = Self::default();
        let kept = tail.clone();
        std::thread::Builder::new().name("forecourt-pglog".into()).spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            loop {
                line.clear();
                match source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => kept.take(String::from_utf8_lossy(&line).trim_end()),
                }
            }
        })?;
        Ok(tail)
    }

    fn take(&self, line: &str) {
        let Some((level, text)) = line.split_once(":  ") else {
            return self.keep(line);
        };
        match level {
            "WARNING" | "ERROR" | "FATAL" | "PANIC" => tracing::warn!(level, "postgres: {text}"),
            _ => tracing::debug!(level, "postgres: {text}"),
        }
        self.keep(line);
    }

    fn keep(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// The last lines, oldest first, in one line of text.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept_and_none_is_endless() {
        let tail = Tail::default();
        for n in 0..100 {
            tail.take(&format!("LOG:  line {n}"));
        }
        assert!(tail.text().starts_with("LOG:  line 80 / "));
        assert!(tail.text().ends_with("LOG:  line 99"));
    }
}
