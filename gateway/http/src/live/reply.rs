//! The answer to one frame.

use bytestring::ByteString;
use forecourt_wire::{DraftFrame, Message, MessageAccepted, ReplyFrame, ServerFrame};

use super::room::text;
use crate::problem::Problem;

/// Characters of a `ref`.
pub(crate) const MAX_REF: usize = 64;

/// What a frame is answered with, once its `ref` is known.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) problem: Option<Problem>,
    pub(crate) accepted: Option<MessageAccepted>,
    pub(crate) newer: Vec<Message>,
    pub(crate) draft: Option<DraftFrame>,
}

impl Reply {
    pub(crate) fn done() -> Self {
        Self::default()
    }

    /// The frame, under its `ref`; one that is too long is cut.
    pub(crate) fn frame(self, reference: String) -> ByteString {
        let mut reference = reference;
        let cut = reference.char_indices().nth(MAX_REF).map_or(reference.len(), |(at, _)| at);
        reference.truncate(cut);
        text(&ServerFrame::Reply(ReplyFrame {
            reference,
            ok: self.problem.is_none(),
            problem: self.problem.as_ref().map(Problem::body),
            accepted: self.accepted,
            newer: self.newer,
            draft: self.draft,
        }))
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self { problem: Some(problem), ..Self::default() }
    }
}

impl<E: Into<Problem>> From<Result<(), E>> for Reply {
    fn from(done: Result<(), E>) -> Self {
        done.map_or_else(|problem| Self::from(problem.into()), |()| Self::done())
    }
}
