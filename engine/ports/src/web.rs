//! Reading a website: everything of it, within bounds, as text.

use std::sync::Arc;

use async_trait::async_trait;
use forecourt_core::website::Block;

/// A page as it was read; strangers wrote all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPage {
    pub url: String,
    pub title: String,
    pub blocks: Vec<Block>,
}

/// What was read of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSite {
    pub pages: Vec<ReadPage>,
    /// Addresses that were found, read or not.
    pub seen: u32,
    /// Why not all of it was read: `pages`, `time`.
    pub cut: Option<&'static str>,
}

/// Why nothing could be read, as a short word: `robots`, `dns`, `refused_address`, `unreachable`,
/// `status`, `no_text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the website could not be read: {0}")]
pub struct Unreadable(pub &'static str);

/// Told how far a reading is: addresses seen, pages read.
pub type Progress = Arc<dyn Fn(u32, u32) + Send + Sync>;

#[async_trait]
pub trait Web: Send + Sync {
    /// Reads the pages of the site at `url`, within the bounds of [`forecourt_core::website`].
    async fn read(&self, url: &str, progress: Progress) -> Result<ReadSite, Unreadable>;
}
