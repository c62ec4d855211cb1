//! The newest lines of a conversation, packed: most sessions in memory wait, and only their next turn or letter
//! reads these.
//!
//! # Invariants
//! - **A9** [`Recent::MOST`] lines, oldest first; an older one makes room.

use std::collections::VecDeque;

use forecourt_core::{
    event::{Author, MessagePosted},
    id::MessageId,
};
use forecourt_ports::store::StoredMessage;

#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// All texts, one after the other.
    texts: String,
    lines: VecDeque<Packed>,
    /// Who wrote them, and the name that was read with it; few in any conversation.
    authors: Vec<(Author, Option<Box<str>>)>,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    message: MessageId,
    /// Bytes of its text.
    length: u32,
    author: u8,
}

/// A line as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) message: MessageId,
    pub(crate) author: Author,
    pub(crate) member_name: Option<&'a str>,
    pub(crate) text: &'a str,
}

impl Recent {
    pub(crate) const MOST: usize = 20;

    /// Lines as they were read, oldest first.
    pub(crate) fn of(stored: &[StoredMessage]) -> Self {
        let stored = &stored[stored.len().saturating_sub(Self::MOST)..];
        let mut recent = Self {
            texts: String::with_capacity(stored.iter().map(|line| line.text.len()).sum()),
            lines: VecDeque::with_capacity(stored.len()),
            authors: Vec::new(),
        };
        for line in stored {
            recent.add(line.message, line.author, line.member_name.as_deref(), &line.text);
        }
        recent
    }

    /// A line that was just stored.
    pub(crate) fn push(&mut self, posted: &MessagePosted) {
        self.add(posted.message, posted.author, None, &posted.text);
    }

    fn add(&mut self, message: MessageId, author: Author, name: Option<&str>, text: &str) {
        if self.lines.len() == Self::MOST
            && let Some(oldest) = self.lines.pop_front()
        {
            self.texts.drain(..oldest.length as usize);
        }
        let known = self.authors.iter().position(|(known, _)| *known == author);
        let author = known.unwrap_or_else(|| {
            // More than the lines that are kept cannot be needed.
            if self.authors.len() > usize::from(u8::MAX) / 2 {
                self.forget_authors();
            }
            self.authors.push((author, name.map(Box::from)));
            self.authors.len() - 1
        });
        self.texts.push_str(text);
        // A message is far shorter than 4 GiB, and authors are forgotten in time.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.lines.push_back(Packed { message, length, author: author as u8 });
    }

    /// Keeps the authors of the lines that are left.
    fn forget_authors(&mut self) {
        let old = std::mem::take(&mut self.authors);
        for line in &mut self.lines {
            let Some(author) = old.get(usize::from(line.author)) else { continue };
            let known = self.authors.iter().position(|(known, _)| *known == author.0);
            line.author = known.unwrap_or_else(|| {
                self.authors.push(author.clone());
                self.authors.len() - 1
            }) as u8;
        }
    }

    /// The lines, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Said<'_>> {
        let mut rest = self.texts.as_str();
        self.lines.iter().filter_map(move |line| {
            let (text, after) = rest.split_at_checked(line.length as usize)?;
            rest = after;
            let (author, name) = self.authors.get(usize::from(line.author))?;
            let member_name = name.as_deref();
            Some(Said { message: line.message, author: *author, member_name, text })
        })
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{event::MessageSeq, id::MemberId};
    use uuid::Uuid;

    use super::*;

    fn posted(n: u128, author: Author, text: &str) -> MessagePosted {
        MessagePosted {
            message: MessageId::from_uuid(Uuid::from_u128(n)),
            seq: MessageSeq(n as i64),
            author,
            text: text.into(),
            client_id: None,
            origin: None,
        }
    }

    #[test]
    fn the_newest_lines_come_back_as_they_were_said() {
        let mut recent = Recent::default();
        for n in 0..1_000_u128 {
            let member = Author::Member { member: MemberId::from_uuid(Uuid::from_u128(n)) };
            let author = if n % 2 == 0 { Author::Customer } else { member };
            recent.push(&posted(n, author, &format!("å{n}")));
        }
        let said: Vec<_> = recent.iter().collect();
        assert_eq!(said.len(), Recent::MOST);
        for (said, n) in said.iter().zip(980_u128..) {
            assert_eq!(said.text, format!("å{n}"));
            assert_eq!(said.message, MessageId::from_uuid(Uuid::from_u128(n)));
            let member = Author::Member { member: MemberId::from_uuid(Uuid::from_u128(n)) };
            assert_eq!(said.author, if n % 2 == 0 { Author::Customer } else { member });
        }
        assert!(recent.authors.len() < 200 && recent.texts.len() < 200);
    }

    #[test]
    fn a_name_that_was_read_stays_with_its_lines() {
        let member = Author::Member { member: MemberId::from_uuid(Uuid::nil()) };
        let stored = StoredMessage {
            message: MessageId::from_uuid(Uuid::nil()),
            seq: MessageSeq(1),
            author: member,
            member_name: Some("Åse".into()),
            text: "Hei".into(),
            client_id: Some("c-1".into()),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let recent = Recent::of(&[stored]);
        let said: Vec<_> = recent.iter().map(|said| (said.member_name, said.text)).collect();
        assert_eq!(said, [(Some("Åse"), "Hei")]);
        assert_eq!(Recent::of(&[]).iter().count(), 0);
    }
}
