//! The books: for every lead when it was due, when it was acknowledged, and which mails went to it.
//!
//! Lives here: the entries and their sums. An entry is made before its request leaves, so a mail can
//! never come too early for it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use super::people::People;

/// How the engine answered a lead for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 200: it is stored; `created` if the receipt does not say that it joined an older lead.
    Captured { created: bool },
    /// The engine said no, with this status.
    Refused(u16),
    /// The connection broke, or the time was up: nobody knows.
    InDoubt,
    /// Every connection was refused: the engine never saw it.
    Unreachable,
}

#[derive(Debug, Default, Clone)]
struct Entry {
    due: Option<Instant>,
    captured: Option<Instant>,
    /// Captured, but as part of a lead that was there before.
    not_new: bool,
    first_mail: Option<Instant>,
    mails: u32,
    /// All mails so far carried this Message-ID; a retry of one mail does.
    message_id: Option<String>,
    other_message_id: bool,
}

/// Sums over all entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Leads whose request left.
    pub sent: u64,
    /// Leads that were due while all places in flight were taken: not sent.
    pub skipped: u64,
    /// Acknowledged with 200.
    pub captured: u64,
    /// Of these, those that the engine joined to an older lead.
    pub not_new: u64,
    /// Said no to.
    pub refused: u64,
    /// Of these, with 429 or 503: overload, honestly told.
    pub overloaded: u64,
    /// Neither acknowledged nor refused.
    pub in_doubt: u64,
    /// Never seen by the engine, which refused all connections.
    pub unreachable: u64,
    /// Captured and with a mail.
    pub answered: u64,
    /// With more than one mail.
    pub duplicated: u64,
    /// Of these, those whose mails are one mail sent again under one Message-ID.
    pub resent: u64,
    /// Mails to leads that were never acknowledged.
    pub unasked: u64,
    /// Tries beyond the first, all leads together.
    pub retries: u64,
}

impl Counts {
    /// Captured and without a mail so far; at the end of a run these are the lost ones.
    pub fn unanswered(&self) -> u64 {
        self.captured - self.answered
    }
}

struct Books {
    entries: Vec<Entry>,
    skipped: u64,
    retries: u64,
    counts: Counts,
}

/// The books of one run.
pub struct Ledger {
    people: People,
    books: Mutex<Books>,
    changes: watch::Sender<()>,
}

impl Ledger {
    /// Empty books for `leads` leads.
    pub fn new(people: People, leads: u64) -> Self {
        let books = Books {
            entries: vec![Entry::default(); usize::try_from(leads).unwrap_or(0)],
            skipped: 0,
            retries: 0,
            counts: Counts::default(),
        };
        Self { people, books: Mutex::new(books), changes: watch::Sender::new(()) }
    }

    /// The request of a lead is about to leave.
    pub fn sent(&self, number: u64, due: Instant) {
        self.change(number, |entry, counts| {
            entry.due = Some(due);
            counts.sent += 1;
        });
    }

    /// A lead found no place in flight.
    pub fn skipped(&self) {
        let mut books = self.lock();
        books.skipped += 1;
        books.counts.skipped = books.skipped;
    }

    /// A lead is sent again.
    pub fn retried(&self) {
        let mut books = self.lock();
        books.retries += 1;
        books.counts.retries = books.retries;
    }

    /// What became of a lead.
    pub fn verdict(&self, number: u64, verdict: &Verdict, at: Instant) {
        self.change(number, |entry, counts| match verdict {
            Verdict::Captured { created } if entry.captured.is_none() => {
                entry.captured = Some(at);
                counts.captured += 1;
                if !created {
                    entry.not_new = true;
                    counts.not_new += 1;
                }
                if entry.mails > 0 {
                    // The mail was faster than the acknowledgement.
                    counts.answered += 1;
                    counts.unasked -= 1;
                }
            }
            Verdict::Captured { .. } => {}
            Verdict::Refused(status) => {
                counts.refused += 1;
                counts.overloaded += u64::from(matches!(status, 429 | 503));
            }
            Verdict::InDoubt => counts.in_doubt += 1,
            Verdict::Unreachable => counts.unreachable += 1,
        });
    }

    /// The provider accepted a mail. Mails to others than our leads are none of our business.
    pub fn mail(&self, recipient: &str, at: Instant, message_id: Option<String>) {
        let Some(number) = self.people.number(recipient) else { return };
        self.change(number, |entry, counts| {
            entry.mails += 1;
            if entry.mails == 1 {
                entry.first_mail = Some(at);
                entry.message_id = message_id;
                if entry.captured.is_some() {
                    counts.answered += 1;
                } else {
                    counts.unasked += 1;
                }
                return;
            }
            if entry.mails == 2 {
                counts.duplicated += 1;
                counts.resent += 1;
            }
            let same = message_id.is_some() && message_id == entry.message_id;
            if !same && !entry.other_message_id {
                entry.other_message_id = true;
                counts.resent -= 1;
            }
        });
    }

    /// The sums as they stand.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Tells of every change.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Times from due to 200, of all captured leads.
    pub fn commit_times(&self) -> Vec<Duration> {
        self.times(|entry| entry.captured)
    }

    /// Times from due to the provider's first acceptance, of all answered leads.
    pub fn acceptance_times(&self) -> Vec<Duration> {
        self.times(|entry| entry.captured.and(entry.first_mail))
    }

    /// Numbers of captured leads without an answer, at most `most` of them.
    pub fn lost(&self, most: usize) -> Vec<u64> {
        self.numbers(most, |entry| entry.captured.is_some() && entry.mails == 0)
    }

    /// Numbers of leads with more than one answer, at most `most` of them.
    pub fn duplicated(&self, most: usize) -> Vec<u64> {
        self.numbers(most, |entry| entry.mails > 1)
    }

    fn numbers(&self, most: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<u64> {
        let books = self.lock();
        let found = books.entries.iter().enumerate().filter(|(_, entry)| wanted(entry));
        found.map(|(at, _)| at as u64).take(most).collect()
    }

    fn times(&self, end: impl Fn(&Entry) -> Option<Instant>) -> Vec<Duration> {
        let books = self.lock();
        let times = books
            .entries
            .iter()
            .filter_map(|entry| Some(end(entry)?.saturating_duration_since(entry.due?)));
        times.collect()
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Entry, &mut Counts)) {
        let mut books = self.lock();
        let Books { entries, counts, .. } = &mut *books;
        let Some(entry) = usize::try_from(number).ok().and_then(|at| entries.get_mut(at)) else {
            return;
        };
        change(entry, counts);
        drop(books);
        self.changes.send_replace(());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (Ledger, People, Instant) {
        let people = People::new(1, "t");
        (Ledger::new(people.clone(), 10), people, Instant::now())
    }

    fn captured() -> Verdict {
        Verdict::Captured { created: true }
    }

    #[test]
    fn a_lead_is_answered_when_it_has_both_its_200_and_its_mail() {
        let (ledger, people, now) = ledger();
        for number in [0, 1, 2] {
            ledger.sent(number, now);
        }
        ledger.verdict(0, &captured(), now);
        ledger.mail(&people.address(0), now, None);
        // The mail may be faster.
        ledger.mail(&people.address(1), now, None);
        assert_eq!((ledger.counts().answered, ledger.counts().unasked), (1, 1));
        ledger.verdict(1, &captured(), now);
        ledger.verdict(2, &captured(), now);
        let counts = ledger.counts();
        assert_eq!((counts.captured, counts.answered, counts.unasked), (3, 2, 0));
        assert_eq!(counts.unanswered(), 1);
        assert_eq!(ledger.lost(10), [2]);
    }

    #[test]
    fn a_second_mail_is_a_duplicate_and_a_resent_one_is_told_apart() {
        let (ledger, people, now) = ledger();
        for (number, ids) in [(0, ["a", "a"]), (1, ["b", "c"])] {
            ledger.sent(number, now);
            ledger.verdict(number, &captured(), now);
            for id in ids {
                ledger.mail(&people.address(number), now, Some(id.to_owned()));
            }
        }
        ledger.mail(&people.address(0), now, Some("z".to_owned()));
        let counts = ledger.counts();
        assert_eq!((counts.duplicated, counts.resent), (2, 0), "a third mail was another one");
        assert_eq!(ledger.duplicated(1), [0]);
    }

    #[test]
    fn a_repeated_200_counts_once_and_mails_to_others_not_at_all() {
        let (ledger, _, now) = ledger();
        ledger.sent(0, now);
        for _ in 0..2 {
            ledger.verdict(0, &captured(), now);
        }
        ledger.mail("selger@nordlys.example", now, None);
        let counts = ledger.counts();
        assert_eq!((counts.captured, counts.answered, counts.unasked), (1, 0, 0));
    }

    #[test]
    fn times_count_from_when_the_lead_was_due() {
        let (ledger, people, now) = ledger();
        ledger.sent(0, now);
        ledger.verdict(0, &captured(), now + Duration::from_millis(5));
        ledger.mail(&people.address(0), now + Duration::from_millis(9), None);
        ledger.sent(1, now);
        ledger.verdict(1, &Verdict::Refused(429), now);
        assert_eq!(ledger.commit_times(), [Duration::from_millis(5)]);
        assert_eq!(ledger.acceptance_times(), [Duration::from_millis(9)]);
        assert_eq!(ledger.counts().overloaded, 1);
    }
}
