//! Files of the customer's: announced, posted with a message, arrived or failed; and when an answer waits
//! for them.
//!
//! # Invariants
//! - **A5** the wait has an end that was fixed with the message, inside the first model's time; every rung
//!   of the promise goes on beside it;
//! - what arrives after that end is kept and shown, and begins no second turn: the next answer knows of it.

use super::Deciding;
use crate::{
    attachment::{
        Attachment, AttachmentFailure, AttachmentState, FileKind, MAX_BYTES, MOST_PER_MESSAGE,
        PostedAttachment,
    },
    event::{Channel, Event, MessageSeq},
    id::{AttachmentId, MessageId},
    promise::Rung,
    session::Rejection,
};

impl Deciding<'_> {
    pub(super) fn announce_attachment(
        &mut self,
        attachment: AttachmentId,
        client_id: String,
        bytes: u64,
    ) -> Result<(), Rejection> {
        if let Some(before) = self.state.attachments.find_by_client(&client_id) {
            return Err(Rejection::AlreadyAnnounced { attachment: before.id });
        }
        // A form's conversation goes on by mail.
        if self.state.closed || self.state.channel != Channel::Widget {
            return Err(Rejection::Closed);
        }
        if bytes > MAX_BYTES || !self.state.attachments.has_room(bytes) {
            return Err(Rejection::TooManyAttachments);
        }
        self.because("rule: a file that is announced may come with the next message");
        self.emit(Event::AttachmentAnnounced { attachment, client_id, bytes });
        Ok(())
    }

    /// The files of a message that is about to be posted. One that failed meanwhile comes as failed: no
    /// message is lost for a file.
    pub(super) fn posted_with(
        &self,
        ids: &[AttachmentId],
    ) -> Result<Vec<PostedAttachment>, Rejection> {
        if ids.len() > MOST_PER_MESSAGE {
            return Err(Rejection::TooManyAttachments);
        }
        let mut posted: Vec<PostedAttachment> = Vec::with_capacity(ids.len());
        for id in ids {
            let known = self.state.attachments.find(*id).filter(|one| one.message.is_none());
            let Attachment { id, bytes, state, .. } = known.ok_or(Rejection::UnknownAttachment)?;
            if posted.iter().all(|one| one.attachment != *id) {
                posted.push(PostedAttachment { attachment: *id, bytes: *bytes, state: *state });
            }
        }
        Ok(posted)
    }

    /// Says which files the message came with, and until when an answer waits for them. With `turn_stays`
    /// the message is a promise of its own.
    pub(super) fn post_attachments(
        &mut self,
        message: MessageId,
        seq: MessageSeq,
        attachments: Vec<PostedAttachment>,
        turn_stays: bool,
    ) {
        if attachments.is_empty() {
            return;
        }
        let now = self.now.now;
        let promises = &self.state.promises;
        let oldest = promises.iter().find(|p| p.answer.is_none() && p.by.is_none());
        let since = oldest.filter(|_| !turn_stays).map_or(now, |promise| promise.since);
        let second = self.state.promise_settings.due(since, Rung::Second);
        let until = self.now.settings.gather.attachments_until(since, second, now);
        self.because("rule: an answer waits for the files of its message, with a cap (A5)");
        self.emit(Event::AttachmentsPosted { message, seq, attachments, until });
    }

    pub(super) fn attachment_arrived(
        &mut self,
        attachment: AttachmentId,
        kind: FileKind,
        bytes: u64,
    ) -> Result<(), Rejection> {
        let known = self.arriving(attachment)?;
        self.because("rule: a file is there once all its bytes are stored");
        let message = known.message;
        self.emit(Event::AttachmentArrived { attachment, kind, bytes, message });
        self.go_on_after(&known);
        Ok(())
    }

    pub(super) fn attachment_failed(
        &mut self,
        attachment: AttachmentId,
        reason: AttachmentFailure,
    ) -> Result<(), Rejection> {
        let known = match self.arriving(attachment) {
            // What was never sent may be thought better of, also when all its bytes are there.
            Err(Rejection::Stale) if reason == AttachmentFailure::Cancelled => {
                let known = self.state.attachments.find(attachment).filter(|one| {
                    one.message.is_none() && matches!(one.state, AttachmentState::Arrived { .. })
                });
                known.cloned().ok_or(Rejection::Stale)?
            }
            known => known?,
        };
        self.because("rule: a file that will not come is waited for no longer");
        let (message, bytes) = (known.message, known.bytes);
        self.emit(Event::AttachmentFailed { attachment, reason, bytes, message });
        self.go_on_after(&known);
        Ok(())
    }

    fn arriving(&self, id: AttachmentId) -> Result<Attachment, Rejection> {
        if self.state.closed {
            return Err(Rejection::Closed);
        }
        let known = self.state.attachments.find(id).ok_or(Rejection::UnknownAttachment)?;
        if known.state == AttachmentState::Arriving {
            Ok(known.clone())
        } else {
            Err(Rejection::Stale)
        }
    }

    /// Whether an answer must wait for a file of a message that nobody has answered.
    pub(super) fn awaits_attachments(&self) -> bool {
        self.state.attachments.awaited_until().is_some_and(|until| until > self.now.now)
    }

    /// The last file that was waited for has come, or will not: the usual breath, then one turn.
    fn go_on_after(&mut self, settled: &Attachment) {
        let (Some(gather), Some(cap)) = (self.state.gather, settled.until) else { return };
        if self.awaits_attachments() {
            return;
        }
        let until = self.now.settings.gather.after_attachments(self.now.now, cap);
        if gather.until < until {
            self.because("rule: after the last file the answer begins with a breath");
            self.emit(Event::Gathering { until });
        }
    }
}
