//! Texts as places in a space of meaning: near each other where they mean alike, whatever their words.
//!
//! # Invariants
//! - vectors of two spaces are never compared: a [`Space`] goes with every vector, asked or stored;
//! - **A9** a call takes [`MOST_TEXTS`] texts of [`MOST_CHARS`] characters at most;
//! - **A13** an error carries neither text nor vector.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::model::{ModelError, NanoUsd, Usage};

/// The most texts of one call.
pub const MOST_TEXTS: usize = 64;
/// The longest text, in characters; what is longer is cut there.
pub const MOST_CHARS: usize = 5_000;
/// The most dimensions: what an index over vectors of single precision holds.
pub const MOST_DIMS: u16 = 2_000;

/// Where vectors can be compared: those of one model with as many dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Space {
    /// 1 to 128 visible ASCII characters.
    pub model: String,
    /// 8 to [`MOST_DIMS`].
    pub dims: u16,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// One for each text, in their order, each of the space's dimensions and of length 1.
    pub vectors: Vec<Vec<f32>>,
    pub usage: Usage,
    /// What it cost; `None` where no price is known.
    pub cost: Option<NanoUsd>,
}

/// Why there are no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// No text, an empty one, or more than [`MOST_TEXTS`].
    #[error("a call takes 1 to 64 texts, none of them empty")]
    Bounds,
    /// The provider's vectors are not of the space: it serves another model than it was asked for.
    #[error("the provider gave vectors of another space")]
    OtherSpace,
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl EmbedError {
    /// Whether it is the texts that were refused, and others may be taken.
    pub fn is_of_the_texts(&self) -> bool {
        matches!(
            self,
            Self::Bounds | Self::Model(ModelError::Status { status: 400 | 413 | 422, .. })
        )
    }
}

/// Gives texts their places.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Where all its vectors lie.
    fn space(&self) -> &Space;

    /// The vectors of `texts`. What tells who somebody is (addresses, numbers) is hidden from the provider.
    /// `now` is what a wait that the provider asks for is told against.
    async fn embed(&self, texts: &[String], now: Timestamp) -> Result<Embedded, EmbedError>;
}
