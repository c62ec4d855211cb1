//! The conversation as a model hears it: the only part of a prompt that has a customer's words.

use std::borrow::Cow;

use forecourt_ports::model::{Ask, Task, Who};
use serde::Serialize;

use super::{MEMBER_MARK, PromptError, view::medium};
use crate::redact;

/// The most lines of a conversation, the newest; what the contract of `Ask` allows.
const MAX_LINES: usize = 20;
/// The most characters of a line, and of a field of the form.
const MAX_LINE: usize = 8_000;
const MAX_FIELD: usize = 200;

/// Who speaks, as models know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

/// What one side said until the other spoke: texts that are kept apart, none of them empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub by: Role,
    pub texts: Vec<String>,
}

/// What the opening of a conversation is rendered from: the form, as far as it was filled in.
#[derive(Debug, Serialize)]
pub(super) struct OpeningView<'a> {
    pub(super) medium: &'static str,
    pub(super) form: Form<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Form<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) vehicle_interest: Option<Cow<'a, str>>,
}

impl<'a> OpeningView<'a> {
    pub(super) fn of(ask: &'a Ask) -> Self {
        let shown = ask.toolbox.takes_contacts();
        let field = |text: &'a Option<String>| {
            let text = start(text.as_deref()?.trim(), MAX_FIELD);
            (!text.is_empty()).then(|| if shown { text.into() } else { redact::contacts(text) })
        };
        // A greeting needs no more than the first name; who takes contacts down needs the whole.
        let name = field(&ask.customer_name).map(|name| match name {
            Cow::Borrowed(name) if !shown => redact::first_name(name).into(),
            name => name,
        });
        Self {
            medium: medium(ask.medium),
            form: Form {
                name: name.filter(|_| ask.task == Task::Answer),
                vehicle_interest: field(&ask.vehicle_interest),
            },
        }
    }
}

/// The opening, which is the user's, then the lines; the user must have the last word.
pub(super) fn of(opening: String, ask: &Ask) -> Result<Vec<Spoken>, PromptError> {
    let (lines, shown) = (&ask.transcript, ask.toolbox.takes_contacts());
    let mut spoken = vec![Spoken { by: Role::User, texts: vec![opening] }];
    for line in &lines[lines.len().saturating_sub(MAX_LINES)..] {
        let text = start(line.text.trim(), MAX_LINE);
        if text.is_empty() {
            continue;
        }
        let (by, text) = match line.who {
            Who::Customer if shown => (Role::User, text.to_owned()),
            Who::Customer => (Role::User, redact::contacts(text).into_owned()),
            Who::Assistant => (Role::Assistant, text.to_owned()),
            Who::Member => (Role::Assistant, format!("{MEMBER_MARK} {text}")),
        };
        match spoken.last_mut().filter(|last| last.by == by) {
            Some(last) => last.texts.push(text),
            None => spoken.push(Spoken { by, texts: vec![text] }),
        }
    }
    match spoken.last() {
        Some(Spoken { by: Role::User, .. }) => Ok(spoken),
        _ => Err(PromptError::NotTheCustomersTurn),
    }
}

/// The first `max` characters.
fn start(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}
