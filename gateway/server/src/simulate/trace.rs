//! What happened, step by step: the last steps to read, and a fingerprint over all of them.
//!
//! A step is a line without personal data (A13): ids, kinds and codes. Two runs of one seed have the same
//! lines, and so the same fingerprint.

use std::collections::VecDeque;

use forecourt_core::id::SessionId;
use jiff::Timestamp;

/// Lines kept.
const KEPT: usize = 50_000;

#[derive(Debug)]
pub(super) struct Line {
    step: u64,
    at: Timestamp,
    session: Option<SessionId>,
    what: String,
}

#[derive(Debug)]
pub(super) struct Trace {
    lines: VecDeque<Line>,
    steps: u64,
    fingerprint: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { lines: VecDeque::new(), steps: 0, fingerprint: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Trace {
    pub(super) fn step(&mut self, at: Timestamp, session: Option<SessionId>, what: String) {
        self.steps += 1;
        let micros = at.as_microsecond().to_be_bytes();
        let session_bytes = session.map(|session| session.into_uuid().into_bytes());
        let bytes = micros.iter().chain(session_bytes.iter().flatten()).chain(what.as_bytes());
        for byte in bytes {
            self.fingerprint = (self.fingerprint ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { step: self.steps, at, session, what });
    }

    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The last `count` lines of a session, and of what concerns all; of everything without one.
    pub(super) fn tail(&self, session: Option<SessionId>, count: usize) -> Vec<String> {
        let of_nodes = |line: &&Line| line.session.is_none() && line.what.starts_with("node ");
        let concerns =
            |line: &&Line| session.is_none() || line.session == session || of_nodes(line);
        let mut tail: Vec<_> = self
            .lines
            .iter()
            .rev()
            .filter(concerns)
            .take(count)
            .map(|line| {
                let session = line.session.map(|session| format!(" {session}")).unwrap_or_default();
                format!("{:>8}  {:.3}{session}  {}", line.step, line.at, line.what)
            })
            .collect();
        tail.reverse();
        tail
    }
}
