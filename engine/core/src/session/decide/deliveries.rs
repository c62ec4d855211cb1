//! Deliveries: queued, reported, tried again, over, sent once more; and the people who are told.
//!
//! # Invariants
//! - nothing is queued whose meaning is on its way (the intent ledger);
//! - **A7** a dead letter of an older fence stays dead; **R1** one that may have left is sent again
//!   only by somebody who says so.

use jiff::SignedDuration;

use super::Deciding;
use crate::{
    contact::Email,
    delivery::{self, Intent},
    effect::{DeliveryEnd, Effect},
    event::{AlertReason, DeliveryKind, DeliveryQueued, Event, Fence},
    handoff,
    id::{DeliveryId, MemberId, MessageId},
    session::{DeadLetter, DeliveryReport, Rejection},
};

impl Deciding<'_> {
    pub(super) fn queue(
        &mut self,
        kind: DeliveryKind,
        message: Option<MessageId>,
        to: Email,
        deadline: Option<jiff::Timestamp>,
        fence: Option<Fence>,
    ) {
        let intent = match (kind, message) {
            (DeliveryKind::Answer, Some(message)) => Some(Intent::answer(message, &to)),
            (DeliveryKind::Answer, None) => None,
            (DeliveryKind::Alert { reason }, _) => {
                let handoff = self.state.handoff;
                let began = handoff.map_or(self.state.version, |handoff| handoff.began);
                let reminder = handoff.map_or(0, |handoff| handoff.reminders);
                Some(Intent::alert(self.state.id, reason, began, reminder, &to))
            }
        };
        if intent.as_ref().is_some_and(|intent| self.state.is_on_its_way(intent)) {
            return;
        }
        let delivery = DeliveryId::from_uuid(self.id());
        self.send(DeliveryQueued {
            delivery,
            kind,
            message,
            fence,
            deadline,
            to,
            intent,
            replay_of: None,
        });
    }

    fn send(&mut self, queued: DeliveryQueued) {
        self.emit(Event::DeliveryQueued(queued.clone()));
        self.decision.effects.push(Effect::QueueDelivery(queued));
    }

    pub(super) fn report_delivery(
        &mut self,
        delivery: DeliveryId,
        attempt: u32,
        report: DeliveryReport,
    ) -> Result<(), Rejection> {
        let open = self.state.deliveries.get(&delivery).cloned().ok_or(Rejection::Stale)?;
        if attempt <= open.attempts {
            return Err(Rejection::Stale);
        }
        let is_answer = open.kind == DeliveryKind::Answer;
        self.because(match &report {
            DeliveryReport::Accepted { .. } => "rule: the provider's word proves the answer",
            DeliveryReport::Temporary { .. } => {
                "rule: what is not taken is tried again on the ladder"
            }
            DeliveryReport::Permanent { .. } => {
                "rule: what is refused for good is told to a person"
            }
            DeliveryReport::Uncertain { .. } => {
                "guard: what may have left is never repeated by itself (R1)"
            }
            DeliveryReport::Refused => "guard: it carried an older fence and stayed in (A7)",
        });
        let end = match report {
            DeliveryReport::Accepted { reference } => {
                self.emit(Event::DeliveryAccepted { delivery, reference: reference.clone() });
                self.keep_promises(|promise| promise.answer == Some(delivery));
                DeliveryEnd::Accepted { reference }
            }
            DeliveryReport::Temporary { code, retry_after } => {
                let next = delivery::next_attempt(
                    delivery,
                    attempt,
                    open.ladder,
                    open.deadline,
                    retry_after.map(|wait| {
                        wait.clamp(SignedDuration::ZERO, SignedDuration::from_hours(12))
                    }),
                    self.now.now,
                );
                if let Some(next_at) = next {
                    self.emit(Event::DeliveryRetried {
                        delivery,
                        attempt,
                        code: code.clone(),
                        next_at,
                    });
                    self.decision.effects.push(Effect::RetryDelivery { delivery, next_at, code });
                    return Ok(());
                }
                self.delivery_failed(delivery, code, is_answer)
            }
            DeliveryReport::Permanent { code } => self.delivery_failed(delivery, code, is_answer),
            DeliveryReport::Uncertain { code } => {
                self.emit(Event::DeliveryUncertain { delivery, code: code.clone() });
                if is_answer {
                    self.break_promises(|promise| promise.answer == Some(delivery));
                    self.hand_off(AlertReason::Uncertain);
                }
                DeliveryEnd::Uncertain { code }
            }
            DeliveryReport::Refused => {
                self.emit(Event::DeliveryRefused { delivery });
                self.answer_if_owed();
                DeliveryEnd::Refused
            }
        };
        self.decision.effects.push(Effect::EndDelivery { delivery, end });
        Ok(())
    }

    /// Sends a dead letter once more, as a new delivery of the same meaning, on the long ladder.
    pub(super) fn replay_delivery(
        &mut self,
        of: DeliveryId,
        by: MemberId,
        even_if_sent: bool,
        client_id: Option<String>,
    ) -> Result<(), Rejection> {
        let letter = self.state.may_replay(of, even_if_sent, client_id.as_deref())?.clone();
        let DeadLetter { kind, message, fence, to, intent, uncertain: _, asked: _ } = letter;
        let delivery = DeliveryId::from_uuid(self.id());
        self.emit(Event::DeliveryReplayed { of, delivery, by, even_if_sent, client_id });
        self.send(DeliveryQueued {
            delivery,
            kind,
            message,
            fence,
            deadline: None,
            to,
            intent: Some(intent),
            replay_of: Some(of),
        });
        Ok(())
    }

    pub(super) fn delivery_failed(
        &mut self,
        delivery: DeliveryId,
        code: String,
        is_answer: bool,
    ) -> DeliveryEnd {
        self.emit(Event::DeliveryFailed { delivery, code: code.clone() });
        if is_answer {
            self.break_promises(|promise| promise.answer == Some(delivery));
            self.hand_off(AlertReason::Undeliverable);
        }
        DeliveryEnd::Failed { code }
    }

    /// Tells people, and keeps reminding them until one writes (A11). An alert of a worse kind is told again.
    pub(super) fn hand_off(&mut self, reason: AlertReason) {
        // Nobody can write in a closed conversation: a hand-off would never end. People are told once (C3).
        if self.state.closed {
            self.alert(reason);
            return;
        }
        if self.state.handoff.is_none_or(|handoff| handoff.reason != reason) {
            let reroute_ms = self.now.settings.handoff.reroute();
            let callback_ms = self.offers_callback_after();
            self.emit(Event::HandoffRequested { reason, reroute_ms, callback_ms });
            self.emit(Event::HandoffNoted { note: handoff::note(&self.state) });
            self.alert(reason);
        }
    }

    pub(super) fn alert(&mut self, reason: AlertReason) {
        self.emit(Event::HumanAlerted { reason });
        for address in &self.now.settings.mail.alert_to {
            if let Ok(to) = Email::parse(address) {
                self.queue(DeliveryKind::Alert { reason }, None, to, None, None);
            }
        }
    }
}
