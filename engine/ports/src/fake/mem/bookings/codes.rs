//! Codes by which customers find their bookings: few, short-lived, good once.

use forecourt_core::{
    booking::{
        code::{MOST_SENDS, MOST_TRIES, VALID, WINDOW},
        letter::LetterKind,
    },
    id::{BookingId, DeliveryId},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Data, Letter};
use crate::store::{CodeTry, NewCode};

pub(super) struct Code {
    new: NewCode,
    tries: u32,
    used: bool,
}

impl Data {
    pub(super) fn put_code(&mut self, code: &NewCode) -> bool {
        let of_booking = |other: &&Code| other.new.booking == code.booking;
        let recent = |other: &&Code| code.now.duration_since(other.new.now) < WINDOW;
        let sent = self.codes.iter().filter(of_booking).filter(recent).count();
        if !self.bookings.contains_key(&code.booking) || sent >= MOST_SENDS as usize {
            return false;
        }
        let (booking, of) = (code.booking, LetterKind::Code);
        let codes = self.letters.keys().filter(|(id, kind, _)| (*id, *kind) == (booking, of));
        let number = codes.map(|(_, _, number)| number + 1).max().unwrap_or(0);
        self.letters.insert((booking, of, number), Letter::new(code.delivery, code.now));
        self.codes.push(Code { new: *code, tries: 0, used: false });
        true
    }

    pub(super) fn try_code(
        &mut self,
        asker: Uuid,
        booking: Option<BookingId>,
        now: Timestamp,
    ) -> Option<CodeTry> {
        let fits = |code: &&mut Code| {
            code.new.asker == asker && booking.is_none_or(|booking| code.new.booking == booking)
        };
        let last =
            self.codes.iter_mut().filter(fits).max_by_key(|code| (code.new.now, code.new.delivery));
        let good = |code: &&mut Code| {
            !code.used && code.tries < MOST_TRIES && now.duration_since(code.new.now) < VALID
        };
        last.filter(good).map(|code| {
            code.tries += 1;
            let NewCode { booking, delivery, .. } = code.new;
            CodeTry { booking, delivery, left: MOST_TRIES - code.tries }
        })
    }

    pub(super) fn use_code(&mut self, code: DeliveryId) -> bool {
        let mut codes = self.codes.iter_mut();
        let found = codes.find(|other| other.new.delivery == code && !other.used);
        found.is_some_and(|code| !std::mem::replace(&mut code.used, true))
    }
}
