//! Events of one moment, written once for every socket: as text, and as the bytes a socket sends.
//!
//! A server's frames are unmasked, so they are the same for everybody (RFC 6455, 5.1): a socket sends a slice of
//! the batch's bytes, and nothing is copied or written anew for it.

use std::{ops::Range, sync::Arc};

use actix_http::ws::{OpCode, Parser};
use bytes::{Bytes, BytesMut};

use super::filter::Told;

/// Frames of one moment, in order, each with its place in the log.
#[derive(Debug)]
pub(crate) struct Batch {
    told: Vec<Told>,
    wire: Bytes,
    /// Where each frame ends in `wire`.
    ends: Vec<usize>,
}

impl Batch {
    pub(crate) fn new(told: Vec<Told>) -> Arc<Self> {
        let mut wire = BytesMut::new();
        let ends = told.iter().map(|told| {
            Parser::write_message(&mut wire, told.frame.as_bytes(), OpCode::Text, true, false);
            wire.len()
        });
        let ends = ends.collect();
        Arc::new(Self { told, wire: wire.freeze(), ends })
    }

    pub(crate) fn told(&self) -> &[Told] {
        &self.told
    }

    /// What a socket sends for these of [`Self::told`].
    pub(crate) fn wire(&self, told: Range<usize>) -> Bytes {
        let end = |count: usize| count.checked_sub(1).map_or(0, |last| self.ends[last]);
        self.wire.slice(end(told.start)..end(told.end))
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{event::Seq, id::SessionId};
    use forecourt_wire::LeadEventName;
    use uuid::Uuid;

    use super::{
        super::filter::{About, Whose},
        *,
    };

    fn told(frame: String) -> Told {
        let session = SessionId::from_uuid(Uuid::from_u128(1));
        let (about, whose) = (About::Lead(LeadEventName::Changed), Whose::Unknown);
        Told { seq: Seq(1), frame: frame.into(), about, session, whose }
    }

    #[test]
    fn any_run_of_frames_is_a_slice_of_what_was_written_once() {
        let lengths = [0, 125, 126, 65_535, 65_536];
        let batch = Batch::new(lengths.map(|length| told("å".repeat(length / 2))).into());
        let headers = [2, 2, 4, 4, 10];
        for start in 0..=5 {
            for end in start..=5 {
                let bytes: usize = (start..end).map(|i| lengths[i] / 2 * 2 + headers[i]).sum();
                let wire = batch.wire(start..end);
                assert_eq!(wire.len(), bytes, "{start}..{end}");
                assert!(wire.is_empty() || wire[0] == 0x81, "a whole text frame begins");
            }
        }
        assert_eq!(batch.wire(1..2)[..4], [0x81, 124, 0xc3, 0xa5]);
    }
}
