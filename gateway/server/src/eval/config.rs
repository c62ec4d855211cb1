//! `forecourt eval`: what can be asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::config::ModelArgs;

/// Play the dialogue cases and print a scorecard; the exit code is 1 when one fails.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A folder of cases, with its businesses in `worlds/`, instead of those in the binary.
    #[arg(long)]
    pub(crate) cases: Option<PathBuf>,
    /// Only cases whose file, name, theme, language or pack contains this.
    #[arg(long)]
    pub(crate) filter: Option<String>,
    /// Only the cases of this runner. `live` asks the configured model the cases of `house`.
    #[arg(long, value_enum)]
    pub(crate) runner: Option<Runner>,
    /// Print the scorecard as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every conversation, also those that went well.
    #[arg(long)]
    pub(crate) transcripts: bool,
    /// Write what the models answered into this folder, as cases that the runner `recorded` plays again.
    #[arg(long)]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// Who answers in a case.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Runner {
    /// The house responder, as without a key.
    #[default]
    House,
    /// A model that says and calls what the case has it say and call; the house responder behind it.
    Scripted,
    /// The same with what a model once answered, in its own pieces.
    Recorded,
    /// The configured model, over the network.
    Live,
}

impl Runner {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Scripted => "scripted",
            Self::Recorded => "recorded",
            Self::Live => "live",
        }
    }
}
