//! Letters about bookings: claimed, handed over, ended.

use forecourt_core::{
    booking::letter::Owed,
    id::{BookingId, TenantId},
};
use jiff::Timestamp;

use super::{Claim, Data, Letter, is_free};
use crate::store::{DueLetter, LetterEnd, LetterRecord, LetterStatus};

impl Data {
    /// The letters about a booking, in the order in which they are owed.
    pub(super) fn letters_of(&self, booking: BookingId) -> Vec<LetterRecord> {
        let letters = self.letters.iter().filter(|((id, ..), _)| *id == booking);
        let mut letters: Vec<LetterRecord> = letters
            .map(|((_, kind, sequence), letter)| LetterRecord {
                kind: *kind,
                sequence: *sequence,
                status: letter.status,
                next_at: letter.next_at,
                attempts: letter.attempts,
                code: letter.code.clone(),
            })
            .collect();
        letters.sort_by_key(|letter| (letter.sequence, letter.next_at, letter.kind.as_str()));
        letters
    }

    /// Claims what is due, `room` letters at the most.
    pub(super) fn claim_letters(
        &mut self,
        tenant: TenantId,
        claim: Claim,
        now: Timestamp,
        room: usize,
    ) -> Vec<DueLetter> {
        let mut due = Vec::new();
        for (&(id, kind, sequence), letter) in &mut self.letters {
            let open = matches!(letter.status, LetterStatus::Pending | LetterStatus::HandingOver);
            let Some((booking, _)) = self.bookings.get(&id).filter(|_| open) else { continue };
            if letter.next_at > now || !is_free(letter.claim, now) || due.len() == room {
                continue;
            }
            letter.claim = Some(claim);
            due.push(DueLetter {
                tenant,
                booking: booking.clone(),
                owed: Owed { kind, sequence, due_at: letter.next_at },
                delivery: letter.delivery,
                attempt: letter.attempts + 1,
                lost: letter.status == LetterStatus::HandingOver,
            });
        }
        due
    }

    pub(super) fn hand_over_letter(
        &mut self,
        due: &DueLetter,
        claim: Claim,
        now: Timestamp,
    ) -> bool {
        let booking = self.bookings.get(&due.booking.id);
        let may = booking.is_some_and(|(booking, _)| booking.may_leave(due.owed, now));
        let Some(letter) = self.letter(due).filter(|letter| {
            may && letter.status == LetterStatus::Pending
                && letter.claim.is_some_and(|held| held.by == claim.by)
        }) else {
            return false;
        };
        letter.status = LetterStatus::HandingOver;
        letter.claim = Some(claim);
        true
    }

    pub(super) fn end_letter(&mut self, due: &DueLetter, end: &LetterEnd) {
        let Some(letter) = self.letter(due) else { return };
        if !matches!(letter.status, LetterStatus::Pending | LetterStatus::HandingOver) {
            return;
        }
        letter.claim = None;
        match end {
            LetterEnd::Again { at, code } => {
                letter.status = LetterStatus::Pending;
                (letter.attempts, letter.next_at) = (due.attempt, *at);
                letter.code = Some(code.clone());
            }
            LetterEnd::Over { status, code } => {
                letter.status = *status;
                letter.code.clone_from(code);
                letter.attempts = due.attempt;
            }
        }
    }

    fn letter(&mut self, due: &DueLetter) -> Option<&mut Letter> {
        let Owed { kind, sequence, .. } = due.owed;
        self.letters.get_mut(&(due.booking.id, kind, sequence))
    }
}
