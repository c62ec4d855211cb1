//! A running answer, put together from its pieces. Offsets count Unicode scalar values.
//!
//! # Invariants
//! - the text only grows within one draft; a piece that repeats or overlaps changes nothing twice;
//! - a piece that would leave a hole is refused: the caller asks for the whole.

/// The longest draft that is kept, in bytes (A9); what comes after it is not shown before it is posted.
pub const MAX_DRAFT: usize = 64 * 1024;

/// What a piece did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    Grown,
    /// Nothing new.
    Known,
    /// Something before it was missed.
    Hole,
}

/// The draft of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    id: Option<String>,
    text: String,
    length: usize,
}

impl Draft {
    /// Which answer is being written.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its text so far; `None` when none is running.
    pub fn text(&self) -> Option<&str> {
        self.id.is_some().then_some(self.text.as_str())
    }

    /// A turn began.
    pub fn start(&mut self, id: &str) {
        if self.id.as_deref() != Some(id) {
            self.restore(id, "");
        }
    }

    /// Takes over a draft as a snapshot gave it.
    pub fn restore(&mut self, id: &str, text: &str) {
        self.id = Some(id.to_owned());
        text.clone_into(&mut self.text);
        self.length = text.chars().count();
    }

    /// Adds a piece.
    pub fn apply(&mut self, id: &str, offset: usize, text: &str) -> Grown {
        if self.id.as_deref() != Some(id) {
            if offset > 0 {
                return Grown::Hole;
            }
            self.restore(id, "");
        }
        if offset > self.length {
            return Grown::Hole;
        }
        let fresh = text.char_indices().nth(self.length - offset).map_or("", |(at, _)| &text[at..]);
        if fresh.is_empty() || self.text.len() + fresh.len() > MAX_DRAFT {
            return Grown::Known;
        }
        self.text.push_str(fresh);
        self.length += fresh.chars().count();
        Grown::Grown
    }

    /// The turn is over or its text was withdrawn; an older id changes nothing. Says whether it ended.
    pub fn end(&mut self, id: Option<&str>) -> bool {
        let ours = self.id.is_some() && (id.is_none() || id == self.id.as_deref());
        if ours {
            *self = Self::default();
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_a_draft_once_and_never_leave_a_hole() {
        let mut draft = Draft::default();
        assert_eq!(draft.apply("a", 3, "x"), Grown::Hole, "it began before us");
        assert_eq!(draft.apply("a", 0, "Vi har 🚗"), Grown::Grown);
        assert_eq!(draft.apply("a", 7, "🚗 i dag"), Grown::Grown, "an overlap adds its end");
        assert_eq!(draft.apply("a", 0, "Vi har"), Grown::Known);
        assert_eq!(draft.apply("a", 20, "."), Grown::Hole);
        assert_eq!(draft.text(), Some("Vi har 🚗 i dag"));
        assert!(!draft.end(Some("b")), "an older draft ends nothing");
        assert_eq!(draft.apply("b", 0, "Nei"), Grown::Grown, "another answer begins anew");
        assert!(draft.end(None));
        assert_eq!(draft.text(), None);
    }
}
