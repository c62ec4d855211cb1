//! A client's place in a log of events, and what each frame means for it. Pure: no socket, no clock.
//!
//! # Invariants
//! - [`Step::Apply`] is answered once for each place, in rising order;
//! - when events may be missing [`Step::Resync`] is answered, and what follows leads on from the new place.

use forecourt_wire::{Cursor, ServerFrame, SessionEvent};

/// What of a frame matters for the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Welcome {
        at: Cursor,
        resumed: bool,
    },
    Gap(Cursor),
    Event(i64),
    Beat(i64),
    /// A frame without a place.
    None,
}

/// What to do with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Nothing,
    /// The line is up, and nothing was missed.
    Ready,
    /// The event is new.
    Apply,
    /// Events may be missing: load the snapshot, then [`Log::adopt`] its place.
    Resync,
}

/// A place in a log; none before anything is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Log {
    at: Option<Cursor>,
}

impl Log {
    /// At a cursor that is known already.
    pub fn new(at: Option<Cursor>) -> Self {
        Self { at }
    }

    /// What to resume after.
    pub fn after(&self) -> Option<Cursor> {
        self.at
    }

    /// A snapshot of this place was loaded. Never goes back within an epoch: events that came while the
    /// snapshot was on its way are given out already.
    pub fn adopt(&mut self, at: Cursor) {
        if !self.is_stale(at) {
            self.at = Some(at);
        }
    }

    /// The server does not take this cursor.
    pub fn forget(&mut self) {
        self.at = None;
    }

    /// Whether somebody who stands here has this place behind them.
    pub fn is_stale(&self, place: Cursor) -> bool {
        self.at.is_some_and(|at| at.epoch == place.epoch && place.seq <= at.seq)
    }

    /// Takes a frame of the live socket.
    pub fn take(&mut self, mark: Mark) -> Step {
        match mark {
            Mark::Welcome { at, resumed } => {
                if resumed && self.at.is_some_and(|known| known.epoch == at.epoch) {
                    return Step::Ready;
                }
                // Not resumed from where we stand: unless nothing has happened since, events are missing.
                let same = self.at.replace(at) == Some(at);
                if same { Step::Ready } else { Step::Resync }
            }
            Mark::Gap(at) => {
                // Right after a welcome that did not resume it says the same once more.
                let same = self.at.replace(at) == Some(at);
                if same { Step::Nothing } else { Step::Resync }
            }
            Mark::Event(seq) => {
                let Some(known) = self.at else { return Step::Nothing };
                let next = Cursor { seq, ..known };
                if self.is_stale(next) {
                    return Step::Nothing;
                }
                self.at = Some(next);
                Step::Apply
            }
            Mark::Beat(seq) => {
                // Frames arrive in order: whatever lies below a beat was told, or is not for this topic.
                if let Some(known) = &mut self.at {
                    known.seq = known.seq.max(seq);
                }
                Step::Nothing
            }
            Mark::None => Step::Nothing,
        }
    }

    /// Takes an event of a session's stream; `id` is the one that came with this very event.
    pub fn take_session(&mut self, id: Option<Cursor>, event: &SessionEvent) -> Step {
        if let SessionEvent::Gap(gap) = event {
            self.at = Some(Cursor { epoch: gap.epoch, seq: gap.seq });
            return Step::Resync;
        }
        match id {
            Some(place) if !self.is_stale(place) => {
                self.at = Some(place);
                Step::Apply
            }
            _ => Step::Nothing,
        }
    }
}

impl From<&ServerFrame> for Mark {
    fn from(frame: &ServerFrame) -> Self {
        match frame {
            ServerFrame::Welcome(welcome) => Self::Welcome {
                at: Cursor { epoch: welcome.epoch, seq: welcome.seq },
                resumed: welcome.resumed,
            },
            ServerFrame::Gap(gap) => Self::Gap(Cursor { epoch: gap.epoch, seq: gap.seq }),
            ServerFrame::Event(event) => Self::Event(event.seq),
            ServerFrame::Booking(booking) => Self::Event(booking.seq),
            ServerFrame::Beat(beat) => Self::Beat(beat.seq),
            ServerFrame::Reply(_)
            | ServerFrame::Presence(_)
            | ServerFrame::Rating(_)
            | ServerFrame::Member(_)
            | ServerFrame::Tokens(_)
            | ServerFrame::Progress(_)
            | ServerFrame::DraftDiscarded(_)
            | ServerFrame::Draft(_) => Self::None,
        }
    }
}
