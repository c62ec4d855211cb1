//! The ledger: everything that was sent, against everything that was seen.
//!
//! Lives here: the entries and the counters that progress shows. An entry is made before its request
//! leaves, so an answer can never come too early for it. [`verdict`] judges entries, [`series`] keeps
//! times. Everything is bounded by the scenario's own bounds (A9).

pub mod series;
pub mod verdict;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use crate::resume;

pub use self::series::{Metric, Series, Summary};

/// Letters of one customer that are remembered one by one (A9).
const MAX_LETTERS: usize = 20;

/// One form, with all its repeats.
#[derive(Debug, Clone)]
pub struct Form {
    /// Its tenant, by place in the scenario's list.
    pub tenant: usize,
    pub due: Instant,
    pub acked: Option<Instant>,
    /// What the first receipt called it.
    pub lead: Option<String>,
    /// Another receipt called it otherwise.
    pub split: bool,
    pub end: FormEnd,
    /// When letters came, members' own not counted.
    pub letters: Vec<Instant>,
    /// Letters after the first with another Message-ID: not one letter sent again.
    pub other_letters: u32,
    first_letter_id: Option<u64>,
    /// A member's letter arrived.
    pub member_wrote: bool,
}

/// How sending a form ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormEnd {
    /// Still on its way, or acknowledged.
    Open,
    Refused(u16),
    InDoubt,
}

/// A conversation of the chat.
#[derive(Debug, Clone)]
pub struct Chat {
    pub tenant: usize,
    pub session: String,
    /// Bearer of the session; it is a secret of a simulated visitor.
    pub token: String,
    /// Client ids of acknowledged messages, oldest first.
    pub acked: Vec<String>,
}

/// What a member wrote.
#[derive(Debug, Clone)]
pub struct Reply {
    pub form: usize,
    pub acked: bool,
    pub letters: u32,
}

/// Counters for the progress display and the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub sent: u64,
    pub acked: u64,
    pub answered: u64,
    pub skipped: u64,
    pub refused: u64,
    pub in_doubt: u64,
    pub overloaded: u64,
    pub server_errors: u64,
    pub retries: u64,
    pub split: u64,
    pub invented: u64,
    pub letters: u64,
    pub staff_letters: u64,
    pub chat_sessions: u64,
    pub chat_messages: u64,
    pub chat_answered: u64,
    pub chat_failed: u64,
    pub chat_repeated_events: u64,
    pub chat_gaps: u64,
    pub replies: u64,
    pub member_failed: u64,
    pub dashboards: u64,
    pub dashboard_events: u64,
    pub dashboard_repeated: u64,
    pub dashboard_gaps: u64,
    pub dashboard_missed: u64,
    pub slow_cut: u64,
}

#[derive(Default)]
struct Inner {
    forms: Vec<Form>,
    chats: Vec<Chat>,
    replies: Vec<Reply>,
    resumed: Vec<resume::Outcome>,
    slowed: Vec<resume::slow::Outcome>,
    counts: Counts,
    series: [Series; Metric::ALL.len()],
}

/// The books of one run.
pub struct Books {
    start: Instant,
    inner: Mutex<Inner>,
    changes: watch::Sender<()>,
}

impl Books {
    /// Empty books; times of the plots count from `start`.
    pub fn new(start: Instant) -> Self {
        Self { start, inner: Mutex::default(), changes: watch::Sender::new(()) }
    }

    /// The start of the run.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Tells of letters and acknowledgements.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Books what came of lines that broke.
    pub fn resumed(&self, outcome: resume::Outcome) {
        self.lock().resumed.push(outcome);
    }

    /// What came of lines that broke, phase by phase.
    pub fn resumes(&self) -> Vec<resume::Outcome> {
        self.lock().resumed.clone()
    }

    /// What came of listeners that never read.
    pub fn slowed(&self, outcome: resume::slow::Outcome) {
        self.lock().slowed.push(outcome);
    }

    /// All that came of listeners that never read.
    pub fn slows(&self) -> Vec<resume::slow::Outcome> {
        self.lock().slowed.clone()
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Changes a counter.
    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock().counts);
    }

    /// A copy of all forms.
    pub fn forms(&self) -> Vec<Form> {
        self.lock().forms.clone()
    }

    /// A copy of all conversations.
    pub fn chats(&self) -> Vec<Chat> {
        self.lock().chats.clone()
    }

    /// A copy of all members' messages.
    pub fn replies(&self) -> Vec<Reply> {
        self.lock().replies.clone()
    }

    /// A copy of the times of a metric.
    pub fn series(&self, metric: Metric) -> Series {
        self.lock().series.get(metric as usize).cloned().unwrap_or_default()
    }

    /// Adds a time that ends now.
    pub fn time(&self, metric: Metric, took: Duration) {
        let at = self.start.elapsed();
        self.lock().add_time(metric, at, took);
    }

    /// How many forms there are so far.
    pub fn forms_count(&self) -> usize {
        self.lock().forms.len()
    }

    /// A form is about to leave; answers its number.
    pub fn form(&self, tenant: usize, due: Instant) -> usize {
        let mut inner = self.lock();
        inner.counts.sent += 1;
        inner.forms.push(Form {
            tenant,
            due,
            acked: None,
            lead: None,
            split: false,
            end: FormEnd::Open,
            letters: Vec::new(),
            other_letters: 0,
            first_letter_id: None,
            member_wrote: false,
        });
        inner.forms.len() - 1
    }

    /// A form, or a repeat of it, was acknowledged as this lead.
    pub fn acked(&self, number: usize, lead: Option<String>, at: Instant) {
        let since = at.saturating_duration_since(self.start);
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(form) = inner.forms.get_mut(number) else { return };
        if form.acked.is_some() {
            if lead.is_some() && lead != form.lead && !form.split {
                form.split = true;
                inner.counts.split += 1;
            }
            return;
        }
        form.acked = Some(at);
        form.lead = lead;
        form.end = FormEnd::Open;
        inner.counts.acked += 1;
        let (due, first) = (form.due, form.letters.first().copied());
        inner.add_time(Metric::Ack, since, at.saturating_duration_since(due));
        if let Some(letter) = first {
            // The letter was faster than the acknowledgement.
            inner.counts.answered += 1;
            let seen = letter.saturating_duration_since(self.start);
            inner.add_time(Metric::Answered, seen, Duration::ZERO);
        }
        drop(guard);
        self.changes.send_replace(());
    }

    /// A form will not be sent again.
    pub fn ended(&self, number: usize, end: FormEnd) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(form) = inner.forms.get_mut(number) else { return };
        if form.acked.is_some() || form.end != FormEnd::Open {
            return;
        }
        form.end = end;
        match end {
            FormEnd::Refused(_) => inner.counts.refused += 1,
            FormEnd::InDoubt => inner.counts.in_doubt += 1,
            FormEnd::Open => {}
        }
    }

    /// The provider accepted an answer to the customer of this form.
    pub fn letter(&self, number: Option<usize>, at: Instant, message_id: Option<&str>) {
        let since = at.saturating_duration_since(self.start);
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.counts.letters += 1;
        let Some(form) = number.and_then(|number| inner.forms.get_mut(number)) else {
            inner.counts.invented += 1;
            return;
        };
        let id = message_id.map(|id| {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        });
        if form.letters.is_empty() {
            form.first_letter_id = id;
        } else if id.is_none() || id != form.first_letter_id {
            form.other_letters += 1;
        }
        if form.letters.len() < MAX_LETTERS {
            form.letters.push(at);
        }
        let first = form.letters.len() == 1;
        if let (true, Some(acked)) = (first, form.acked) {
            inner.counts.answered += 1;
            inner.add_time(Metric::Answered, since, at.saturating_duration_since(acked));
        }
        drop(guard);
        self.changes.send_replace(());
    }

    /// A conversation was opened; answers its number.
    pub fn chat(&self, chat: Chat) -> usize {
        let mut inner = self.lock();
        inner.counts.chat_sessions += 1;
        inner.chats.push(chat);
        inner.chats.len() - 1
    }

    /// A message of a conversation was acknowledged.
    pub fn chat_acked(&self, number: usize, client_id: String, took: Duration) {
        let at = self.start.elapsed();
        let mut inner = self.lock();
        inner.counts.chat_messages += 1;
        inner.add_time(Metric::ChatAck, at, took);
        if let Some(chat) = inner.chats.get_mut(number) {
            chat.acked.push(client_id);
        }
    }

    /// A member is about to write to the customer of a form; answers the message's number.
    pub fn reply(&self, form: usize) -> usize {
        let mut inner = self.lock();
        inner.replies.push(Reply { form, acked: false, letters: 0 });
        inner.replies.len() - 1
    }

    /// A member's message was acknowledged.
    pub fn reply_acked(&self, number: usize) {
        let mut inner = self.lock();
        inner.counts.replies += 1;
        if let Some(reply) = inner.replies.get_mut(number) {
            reply.acked = true;
        }
    }

    /// The provider accepted a member's message.
    pub fn reply_letter(&self, number: usize) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.counts.letters += 1;
        let Some(reply) = inner.replies.get_mut(number) else {
            inner.counts.invented += 1;
            return;
        };
        reply.letters += 1;
        if let Some(form) = inner.forms.get_mut(reply.form) {
            form.member_wrote = true;
        }
        drop(guard);
        self.changes.send_replace(());
    }

    /// A lead that was acknowledged before now, chosen by `pick` out of so many forms.
    pub fn acked_lead(&self, pick: impl FnOnce(usize) -> usize) -> Option<(usize, usize, String)> {
        let inner = self.lock();
        if inner.forms.is_empty() {
            return None;
        }
        let number = pick(inner.forms.len());
        let form = inner.forms.get(number)?;
        Some((number, form.tenant, form.lead.clone()?))
    }

    /// Leads of a tenant that were acknowledged before `at`.
    pub fn leads_acked(&self, tenant: usize, from: Instant, to: Instant) -> HashSet<String> {
        let inner = self.lock();
        let inside = |form: &&Form| {
            form.tenant == tenant && form.acked.is_some_and(|at| (from..=to).contains(&at))
        };
        inner.forms.iter().filter(inside).filter_map(|form| form.lead.clone()).collect()
    }

    /// Members' messages that were acknowledged and have reached nobody so far.
    pub fn replies_waiting(&self) -> usize {
        let inner = self.lock();
        inner.replies.iter().filter(|reply| reply.acked && reply.letters == 0).count()
    }

    /// Forms that were acknowledged and have no answer so far.
    pub fn waiting(&self) -> Vec<(usize, usize, Option<String>)> {
        let inner = self.lock();
        let waits =
            |form: &Form| form.acked.is_some() && form.letters.is_empty() && !form.member_wrote;
        let forms = inner.forms.iter().enumerate().filter(|(_, form)| waits(form));
        forms.map(|(number, form)| (number, form.tenant, form.lead.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panicking task spoils no count of another.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add_time(&mut self, metric: Metric, at: Duration, took: Duration) {
        if let Some(series) = self.series.get_mut(metric as usize) {
            series.add(at, took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> (Books, Instant) {
        let start = Instant::now();
        (Books::new(start), start)
    }

    #[test]
    fn a_letter_before_its_acknowledgement_counts_as_an_answer() {
        let (books, start) = books();
        let form = books.form(0, start);
        books.letter(Some(form), start, Some("a"));
        assert_eq!(books.counts().answered, 0, "nothing is owed yet");
        books.acked(form, Some("lead_1".into()), start + Duration::from_millis(5));
        assert_eq!(books.counts().answered, 1);
        assert_eq!(books.waiting(), []);
    }

    #[test]
    fn a_repeat_that_becomes_another_lead_is_a_split() {
        let (books, start) = books();
        let form = books.form(0, start);
        books.acked(form, Some("lead_1".into()), start);
        books.acked(form, Some("lead_1".into()), start);
        assert_eq!(books.counts().split, 0);
        books.acked(form, Some("lead_2".into()), start);
        books.acked(form, Some("lead_3".into()), start);
        assert_eq!((books.counts().split, books.counts().acked), (1, 1));
    }

    #[test]
    fn a_letter_sent_again_is_told_from_another_letter() {
        let (books, start) = books();
        let form = books.form(0, start);
        books.acked(form, None, start);
        for id in ["a", "a", "b"] {
            books.letter(Some(form), start, Some(id));
        }
        let form = &books.forms()[0];
        assert_eq!((form.letters.len(), form.other_letters), (3, 1));
    }

    #[test]
    fn a_letter_to_nobody_is_invented() {
        let (books, start) = books();
        books.letter(None, start, None);
        books.letter(Some(7), start, None);
        books.reply_letter(3);
        assert_eq!(books.counts().invented, 3);
    }

    #[test]
    fn a_member_s_letter_answers_the_form() {
        let (books, start) = books();
        let form = books.form(0, start);
        books.acked(form, Some("lead_1".into()), start);
        assert_eq!(books.waiting().len(), 1);
        let reply = books.reply(form);
        books.reply_acked(reply);
        books.reply_letter(reply);
        assert_eq!(books.waiting(), []);
        assert_eq!(books.replies()[0].letters, 1);
    }

    #[test]
    fn an_end_is_booked_once_and_an_acknowledgement_is_stronger() {
        let (books, start) = books();
        let form = books.form(0, start);
        books.ended(form, FormEnd::InDoubt);
        books.ended(form, FormEnd::Refused(400));
        assert_eq!((books.counts().in_doubt, books.counts().refused), (1, 0));
        books.acked(form, None, start);
        assert_eq!(books.counts().acked, 1);
    }
}
