//! The prompts: versioned text files, rendered for one ask.
//!
//! What lives here: loading (embedded, or from a folder at run time), checking, rendering. A prompt has
//! three parts: rules and facts that stay the same from call to call, what is true right now, and what
//! was spoken.
//!
//! # Invariants
//! - a customer's words, those of the form too, are only ever the user's part: the views that the rules
//!   and facts are rendered from do not have them;
//! - a variable that is missing is an error, found when the prompts are loaded;
//! - the same ask gives the same prompt;
//! - templates, lists, lines and the work of rendering are bounded (A9).

mod load;
mod remembered;
mod sample;
mod spoken;
mod view;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use forecourt_ports::model::Ask;
use minijinja::{Environment, value::Serde};
use serde::Serialize;

pub use self::spoken::{Role, Spoken};
use self::{
    remembered::{Key, Minute, Remembered},
    spoken::OpeningView,
    view::{NowView, RulesView, is_everybodys, lists_all},
};

/// What a member's line begins with, so that the model can tell it from its own.
pub(crate) const MEMBER_MARK: &str = "[staff]";

/// The most bytes of a rendered part.
const MAX_PART: usize = 256 * 1024;

const RULES: &str = "system.md";
const FACTS: &str = "facts.md";
const NOW: &str = "now.md";
const OPENING: &str = "opening.md";

/// The loaded prompts.
pub struct Prompts {
    environment: Environment<'static>,
    id: String,
    remembered: Remembered,
}

/// A prompt for one ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The name and version, such as `reply@1`; stored with the answer.
    pub id: String,
    /// Rules and facts: the system's part that stays the same while the tenant's settings and stock do.
    pub rules: Arc<str>,
    /// The rest of the system's part: the time, to the minute, and what is free.
    pub now: Arc<str>,
    /// The conversation: the user speaks first and last, and nobody twice in a row.
    pub spoken: Vec<Spoken>,
}

/// Why prompts cannot be loaded or rendered. Carries no text of a customer (A13).
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    #[error("{path}: {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{file}: larger than {} bytes", load::MAX_FILE)]
    TooLarge { file: &'static str },
    #[error("{RULES}: {0}")]
    FrontMatter(&'static str),
    #[error("{file}, line {line}: {what}")]
    Template { file: String, line: usize, what: String },
    #[error("the conversation does not end with the customer")]
    NotTheCustomersTurn,
    #[error("a part of the prompt is larger than {MAX_PART} bytes")]
    TooLong,
}

impl PromptError {
    /// The same in a few fixed words.
    pub const fn brief(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } | Self::FrontMatter(_) => {
                "the prompt cannot be loaded"
            }
            Self::Template { .. } => "the prompt cannot be rendered",
            Self::NotTheCustomersTurn => "the conversation does not end with the customer",
            Self::TooLong => "the prompt is too long",
        }
    }
}

impl Prompts {
    /// The prompts that came with this build.
    pub fn embedded() -> Self {
        load::embedded().expect("they are part of this build, and a test renders them")
    }

    /// The prompts in the folder `path`, which has a folder `reply` with the four files of
    /// `prompts/reply` of this project. They are rendered with samples in every language first.
    pub fn from_dir(path: &Path) -> Result<Self, PromptError> {
        load::from_dir(path)
    }

    /// The name and version, such as `reply@1`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The prompt for `ask`.
    pub fn render(&self, ask: &Ask) -> Result<Prompt, PromptError> {
        let opening = self.part(OPENING, &OpeningView::of(ask))?;
        let spoken = spoken::of(opening, ask)?;
        let rules = || self.rules(&RulesView::of(ask));
        // Of a large stock the customer's words choose what is listed.
        let rules = if lists_all(ask) {
            self.remembered.part(ask, Key::rules(ask), rules)?
        } else {
            rules()?.into()
        };
        let minute = Minute::of(ask.grounding.now);
        let now = || self.part(NOW, &NowView::of(ask, minute));
        // What is one customer's is remembered for nobody.
        let now = if is_everybodys(ask) {
            self.remembered.part(ask, Key::now(ask, minute), now)?
        } else {
            now()?.into()
        };
        Ok(Prompt { id: self.id.clone(), rules, now, spoken })
    }

    fn rules(&self, view: &RulesView<'_>) -> Result<String, PromptError> {
        let (rules, facts) = (self.part(RULES, view)?, self.part(FACTS, view)?);
        Ok(format!("{rules}\n\n{facts}"))
    }

    fn part(&self, file: &'static str, view: &impl Serialize) -> Result<String, PromptError> {
        let template = self.environment.get_template(file).map_err(|e| wrong(file, &e))?;
        let text = template.render(Serde(view)).map_err(|e| wrong(file, &e))?;
        if text.len() > MAX_PART {
            return Err(PromptError::TooLong);
        }
        Ok(text.trim().to_owned())
    }
}

fn wrong(file: &str, error: &minijinja::Error) -> PromptError {
    let what = match error.detail() {
        Some(detail) => format!("{} ({detail})", error.kind()),
        None => error.kind().to_string(),
    };
    PromptError::Template {
        file: error.name().unwrap_or(file).to_owned(),
        line: error.line().unwrap_or(0),
        what,
    }
}

impl std::fmt::Debug for Prompts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompts").field("id", &self.id).finish_non_exhaustive()
    }
}
