//! Dead letters: what failed for good or may have left, and what keeps one meaning from arriving twice.
//!
//! # Invariants
//! - **A3** everything here follows from events;
//! - **A9** a session remembers [`MAX_DEAD`] of them; older ones can be read, not sent again;
//! - a letter that was accepted settles all dead letters of its meaning.

use serde::{Deserialize, Serialize};

use super::{LeadSession, OpenDelivery, Rejection};
use crate::{
    contact::Email,
    delivery::Intent,
    event::{DeliveryKind, Fence},
    id::{DeliveryId, MessageId},
};

/// How many dead letters a session remembers.
const MAX_DEAD: usize = 32;

/// A delivery that ended without proof of its arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub kind: DeliveryKind,
    pub message: Option<MessageId>,
    pub fence: Option<Fence>,
    pub to: Email,
    pub intent: Intent,
    /// Nobody knows whether it left (R1).
    pub uncertain: bool,
    /// The last wish to have it sent once more that came with an id of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// A wish that was fulfilled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub client_id: String,
    /// What was sent for it.
    pub delivery: DeliveryId,
}

impl LeadSession {
    /// The delivery has ended, and its letter may not have arrived.
    pub(super) fn bury(&mut self, delivery: DeliveryId, uncertain: bool) {
        let Some(open) = self.deliveries.remove(&delivery) else { return };
        let OpenDelivery { kind, fence, message, to: Some(to), intent: Some(intent), .. } = open
        else {
            return; // queued before there was a ledger
        };
        if self.dead.len() >= MAX_DEAD {
            self.dead.pop_first(); // ids rise with time
        }
        let letter = DeadLetter { kind, message, fence, to, intent, uncertain, asked: None };
        self.dead.insert(delivery, letter);
    }

    /// A dead letter is sent once more, for a wish that may come again.
    pub(super) fn note_replay(
        &mut self,
        of: DeliveryId,
        delivery: DeliveryId,
        asked: Option<&str>,
    ) {
        if let (Some(letter), Some(client_id)) = (self.dead.get_mut(&of), asked) {
            letter.asked = Some(Asked { client_id: client_id.to_owned(), delivery });
        }
    }

    /// Whether a dead letter may be sent once more; says why not.
    ///
    /// The same `client_id` is answered as before, for all letters of the same meaning.
    pub fn may_replay(
        &self,
        of: DeliveryId,
        even_if_sent: bool,
        client_id: Option<&str>,
    ) -> Result<&DeadLetter, Rejection> {
        // What is not dead is on its way, has arrived, stayed in, or is forgotten.
        if self.deliveries.contains_key(&of) {
            return Err(Rejection::OnItsWay);
        }
        let letter = self.dead.get(&of).ok_or(Rejection::Stale)?;
        let same = self.dead.values().filter(|other| other.intent == letter.intent);
        let before = same.filter_map(|other| other.asked.as_ref());
        if let Some(asked) =
            before.into_iter().find(|one| Some(one.client_id.as_str()) == client_id)
        {
            return Err(Rejection::AlreadyReplayed { delivery: asked.delivery });
        }
        if self.closed {
            return Err(Rejection::Closed);
        }
        if self.is_on_its_way(&letter.intent) {
            return Err(Rejection::OnItsWay);
        }
        if letter.fence.is_some_and(|fence| fence < self.fence) {
            return Err(Rejection::OldFence);
        }
        // An alert of a hand-off that is over would send people to a customer who waits no more.
        if letter.kind != DeliveryKind::Answer && self.handoff.is_none() {
            return Err(Rejection::Stale);
        }
        if self.may_have_left(&letter.intent) && !even_if_sent {
            return Err(Rejection::MayHaveLeft);
        }
        Ok(letter)
    }

    /// The delivery has arrived: its meaning is sent again by nobody.
    pub(super) fn settle(&mut self, arrived: Option<&OpenDelivery>) {
        if let Some(intent) = arrived.and_then(|open| open.intent.as_ref()) {
            self.dead.retain(|_, letter| letter.intent != *intent);
        }
    }

    /// Whether a letter of this meaning is on its way.
    pub fn is_on_its_way(&self, intent: &Intent) -> bool {
        self.deliveries.values().any(|open| open.intent.as_ref() == Some(intent))
    }

    /// Whether one letter of this meaning may have left.
    pub fn may_have_left(&self, intent: &Intent) -> bool {
        self.dead.values().any(|letter| letter.uncertain && letter.intent == *intent)
    }
}
