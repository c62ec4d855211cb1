//! Parts of prompts that were rendered before, for as long as the knowledge they were rendered from lives.
//!
//! The rules and facts of a tenant are the same from call to call, and what is true now stays so for a
//! minute: under load they would be rendered hundreds of times alike. What is remembered is compared with
//! all that it follows from, so a prompt never depends on what was asked before.
//!
//! # Invariants
//! - nothing of a customer's is in a part that is remembered;
//! - **A9** so many parts per tenant's snapshot, the oldest forgotten first.

use std::sync::{Arc, Mutex, PoisonError};

use forecourt_core::{booking::Agenda, lang::Lang, reading::memo::Memo, settings::TenantSettings};
use forecourt_ports::model::{Ask, Medium};
use jiff::{SignedDuration, Timestamp};

use super::{
    PromptError,
    view::{offers_bookings, offers_tools},
};

/// Every language in both media, for the settings of now and of before.
const MOST: usize = 16;

/// What a part follows from, beside the knowledge.
#[derive(Clone, Debug)]
pub(super) struct Key {
    lang: Lang,
    /// Of the rules only.
    medium: Option<Medium>,
    /// Of the rules only: whether tools are offered, and appointments.
    tools: (bool, bool),
    /// Of what is true now only.
    minute: Option<Minute>,
    settings: Arc<TenantSettings>,
    /// Of what is true now only: what is free.
    agenda: Option<Arc<Agenda>>,
}

/// A minute, or one of its edges: all that the present is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minute {
    /// The last whole minute: what the clock shows, and whether the doors are open.
    pub(super) shown: Timestamp,
    /// The next whole minute, unless this is one: what is free from then on is free now.
    pub(super) free_from: Timestamp,
}

/// Parts of one snapshot, the oldest first.
type Parts = Mutex<Vec<(Key, Arc<str>)>>;

#[derive(Debug)]
pub(super) struct Remembered {
    parts: Memo<Parts>,
}

impl Remembered {
    pub(super) const fn new() -> Self {
        Self { parts: Memo::new() }
    }

    /// The part of `key`, rendered if nobody remembers it.
    pub(super) fn part(
        &self,
        ask: &Ask,
        key: Key,
        render: impl FnOnce() -> Result<String, PromptError>,
    ) -> Result<Arc<str>, PromptError> {
        let parts = self.parts.of(&ask.grounding.knowledge, |_| Mutex::default());
        let lock = || parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = lock().iter().rev().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = render()?.into();
        let mut parts = lock();
        if parts.len() >= MOST {
            parts.remove(0);
        }
        parts.push((key, Arc::clone(&text)));
        Ok(text)
    }
}

impl Key {
    pub(super) fn rules(ask: &Ask) -> Self {
        let settings = Arc::clone(&ask.grounding.settings);
        let (medium, tools) = (Some(ask.medium), (offers_tools(ask), offers_bookings(ask)));
        Self { lang: ask.lang, medium, tools, minute: None, settings, agenda: None }
    }

    pub(super) fn now(ask: &Ask, minute: Minute) -> Self {
        let settings = Arc::clone(&ask.grounding.settings);
        let agenda = Some(Arc::clone(&ask.grounding.agenda));
        let (tools, minute) = ((false, false), Some(minute));
        Self { lang: ask.lang, medium: None, tools, minute, settings, agenda }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let free = match (&self.agenda, &other.agenda) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two) || one.is_same(two),
            (one, two) => one.is_none() && two.is_none(),
        };
        let key = |key: &Self| (key.lang, key.medium, key.tools, key.minute);
        free && key(self) == key(other)
            && (Arc::ptr_eq(&self.settings, &other.settings) || self.settings == other.settings)
    }
}

impl Minute {
    pub(super) fn of(now: Timestamp) -> Self {
        let since = SignedDuration::from_nanos(
            i64::try_from(now.as_nanosecond().rem_euclid(60 * 1_000_000_000)).unwrap_or(0),
        );
        let shown = now.saturating_sub(since).unwrap_or(now);
        let minute = SignedDuration::from_mins(i64::from(!since.is_zero()));
        Self { shown, free_from: shown.saturating_add(minute).unwrap_or(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_shows_its_beginning_and_offers_from_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let minute = Minute::of(at("2026-11-24T13:30:29.5Z"));
        assert_eq!(minute.shown, at("2026-11-24T13:30:00Z"));
        assert_eq!(minute.free_from, at("2026-11-24T13:31:00Z"));
        let whole = Minute::of(at("2026-11-24T13:30:00Z"));
        assert_eq!((whole.shown, whole.free_from), (minute.shown, minute.shown));
    }
}
