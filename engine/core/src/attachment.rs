//! Attachments: the pictures and documents that a customer sends with a message in the chat.
//!
//! Lives here: which kinds there are and how their bytes are told apart, how many and how large, and what
//! a conversation knows of each. When a turn waits for one is decided in [`crate::session`]; the bytes
//! themselves lie in the store.
//!
//! # Invariants
//! - **A3** the state of an attachment is the fold of its session's events;
//! - **A6** a kind is what the first bytes say, never a claim of the sender's; no file name is kept at all;
//! - **A9** so many of so many bytes per message and per conversation, those that failed counted;
//! - an attachment that has arrived or failed never changes again, save that one that came with no message
//!   yet may be taken back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    event::MessageSeq,
    id::{AttachmentId, MessageId},
};

/// Bytes of one attachment.
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// Attachments of one message.
pub const MOST_PER_MESSAGE: usize = 4;
/// Attachments of one conversation.
pub const MOST_PER_CONVERSATION: usize = 20;
/// Bytes of all attachments of one conversation.
pub const MAX_CONVERSATION_BYTES: u64 = 40 * 1024 * 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Jpeg,
    Png,
    Webp,
    /// What many phones take; few browsers show it.
    Heic,
    Pdf,
}

impl FileKind {
    /// The kind by the first bytes; `None` is refused.
    pub fn sniff(body: &[u8]) -> Option<Self> {
        match body {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
                let brand = brand.get(..4)?;
                [b"heic", b"heix", b"heim", b"heis", b"mif1"]
                    .iter()
                    .any(|known| brand == *known)
                    .then_some(Self::Heic)
            }
            _ => None,
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }

    /// What the names of such files end in, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    pub const fn is_picture(self) -> bool {
        !matches!(self, Self::Pdf)
    }

    /// The kind as it is called where it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    /// The inverse of [`FileKind::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Webp, Self::Heic, Self::Pdf]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// How far an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AttachmentState {
    /// It was announced, and its bytes are on their way.
    Arriving,
    Arrived {
        kind: FileKind,
    },
    Failed {
        reason: AttachmentFailure,
    },
}

/// Why an attachment will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentFailure {
    /// The customer changed their mind.
    Cancelled,
    /// It has more bytes than one may have.
    TooLarge,
    /// Its bytes are of no kind that is taken.
    WrongKind,
}

/// One attachment, as its conversation knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    /// The sender's own id of it: a repeat finds the first answer.
    pub client_id: String,
    /// Announced, and counted once it has arrived.
    pub bytes: u64,
    #[serde(flatten)]
    pub state: AttachmentState,
    /// The message it came with; none until that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Place of that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<MessageSeq>,
    /// Until when an answer waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An attachment as it was when its message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedAttachment {
    pub attachment: AttachmentId,
    pub bytes: u64,
    #[serde(flatten)]
    pub state: AttachmentState,
}

/// The attachments of one conversation, in the order they were announced; at most [`MOST_PER_CONVERSATION`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attachments(Vec<Attachment>);

impl Attachments {
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Attachment> {
        self.0.iter()
    }

    pub fn find(&self, id: AttachmentId) -> Option<&Attachment> {
        self.0.iter().find(|one| one.id == id)
    }

    pub fn find_by_client(&self, client_id: &str) -> Option<&Attachment> {
        self.0.iter().find(|one| one.client_id == client_id)
    }

    /// Whether one of `bytes` more may be announced (A9).
    pub fn has_room(&self, bytes: u64) -> bool {
        let failed = |one: &&Attachment| !matches!(one.state, AttachmentState::Failed { .. });
        let taken: u64 = self.0.iter().filter(failed).map(|one| one.bytes).sum();
        self.0.len() < MOST_PER_CONVERSATION
            && taken.saturating_add(bytes) <= MAX_CONVERSATION_BYTES
    }

    /// Until when an answer waits for those that were posted and still arrive, whether or not that has
    /// passed; `None` when there are none.
    pub fn awaited_until(&self) -> Option<Timestamp> {
        let arriving = |one: &&Attachment| one.state == AttachmentState::Arriving;
        self.0.iter().filter(arriving).filter_map(|one| one.until).max()
    }

    pub(crate) fn note_announced(&mut self, id: AttachmentId, client_id: &str, bytes: u64) {
        self.0.push(Attachment {
            id,
            client_id: client_id.to_owned(),
            bytes,
            state: AttachmentState::Arriving,
            message: None,
            seq: None,
            until: None,
        });
    }

    pub(crate) fn note_posted(
        &mut self,
        posted: &[PostedAttachment],
        message: MessageId,
        seq: MessageSeq,
        until: Timestamp,
    ) {
        for PostedAttachment { attachment, .. } in posted {
            if let Some(one) = self.find_mut(*attachment) {
                (one.message, one.seq, one.until) = (Some(message), Some(seq), Some(until));
            }
        }
    }

    pub(crate) fn note_settled(&mut self, id: AttachmentId, state: AttachmentState, bytes: u64) {
        if let Some(one) = self.find_mut(id) {
            (one.state, one.bytes) = (state, bytes);
        }
    }

    fn find_mut(&mut self, id: AttachmentId) -> Option<&mut Attachment> {
        self.0.iter_mut().find(|one| one.id == id)
    }
}

/// What an answer must know of a customer's files: how many, and how far they are; never a name, and
/// nothing of what they show (A6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFiles {
    /// Pictures that came with what is answered now.
    pub pictures: u8,
    /// Documents that came with it.
    pub documents: u8,
    /// Files that were sent with it, and are not here yet.
    pub arriving: u8,
    /// Files that were sent with it, and will not come.
    pub failed: u8,
    /// Files of earlier messages that are here.
    pub earlier: u8,
}

impl SentFiles {
    /// Of those that came with messages after `after`, up to `covers`.
    pub fn of(all: &Attachments, after: MessageSeq, covers: MessageSeq) -> Self {
        let mut sent = Self::default();
        for one in all.iter() {
            let Some(seq) = one.seq.filter(|seq| *seq <= covers) else { continue };
            let count = match one.state {
                AttachmentState::Arrived { .. } if seq <= after => &mut sent.earlier,
                AttachmentState::Arrived { kind } if kind.is_picture() => &mut sent.pictures,
                AttachmentState::Arrived { .. } => &mut sent.documents,
                AttachmentState::Arriving if seq > after => &mut sent.arriving,
                AttachmentState::Failed { .. } if seq > after => &mut sent.failed,
                AttachmentState::Arriving | AttachmentState::Failed { .. } => continue,
            };
            *count = count.saturating_add(1);
        }
        sent
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything came with what is answered now, or was meant to.
    pub fn is_new(&self) -> bool {
        !Self { earlier: 0, ..*self }.is_empty()
    }

    /// Files that are here and came with what is answered now.
    pub const fn arrived(&self) -> u8 {
        self.pictures.saturating_add(self.documents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_knows_how_many_files_came_with_what_it_answers() {
        let message = MessageId::from_uuid(uuid::Uuid::from_u128(1));
        let mut all = Attachments::default();
        let arrived = |kind| AttachmentState::Arrived { kind };
        let failed = AttachmentState::Failed { reason: AttachmentFailure::Cancelled };
        for (n, seq, state) in [
            (1, 1, arrived(FileKind::Jpeg)),
            (2, 3, arrived(FileKind::Heic)),
            (3, 3, arrived(FileKind::Pdf)),
            (4, 4, AttachmentState::Arriving),
            (5, 4, failed),
            (6, 1, AttachmentState::Arriving),
            (7, 9, arrived(FileKind::Png)),
        ] {
            let attachment = AttachmentId::from_uuid(uuid::Uuid::from_u128(n));
            all.note_announced(attachment, "x", 1);
            let posted = PostedAttachment { attachment, bytes: 1, state };
            all.note_posted(&[posted], message, MessageSeq(seq), Timestamp::UNIX_EPOCH);
            all.note_settled(attachment, state, 1);
        }
        let sent = SentFiles::of(&all, MessageSeq(2), MessageSeq(4));
        let expected = SentFiles { pictures: 1, documents: 1, arriving: 1, failed: 1, earlier: 1 };
        assert_eq!(sent, expected);
        assert!(sent.is_new() && !SentFiles { earlier: 1, ..SentFiles::default() }.is_new());
    }

    #[test]
    fn a_file_is_what_its_first_bytes_say_and_nothing_else_is_taken() {
        for (body, kind) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], FileKind::Jpeg),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", FileKind::Png),
            (b"RIFF\x24\0\0\0WEBPVP8 ", FileKind::Webp),
            (b"\0\0\0\x18ftypheic\0\0\0\0", FileKind::Heic),
            (b"%PDF-1.7\n", FileKind::Pdf),
        ] {
            assert_eq!(FileKind::sniff(body), Some(kind));
            assert_eq!(FileKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for body in [
            &b""[..],
            b"\xff\xd8",
            b"<svg xmlns='http://www.w3.org/2000/svg'>",
            b"<!doctype html><script>",
            b"GIF89a",
            b"PK\x03\x04",
            b"MZ\x90\0",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"\0\0\0\x18ftypmp42\0\0\0\0",
            b"\0\0\0\x18ftyp",
            b" %PDF-1.7",
        ] {
            assert_eq!(FileKind::sniff(body), None, "{body:?}");
        }
    }
}
