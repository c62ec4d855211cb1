//! Deliveries: queued, reported, tried again, over; and the people who are told.

use jiff::SignedDuration;

use super::Deciding;
use crate::{
    contact::Email,
    delivery,
    effect::{DeliveryEnd, Effect},
    event::{AlertReason, DeliveryKind, DeliveryQueued, Event, Fence},
    id::{DeliveryId, MessageId},
    session::{DeliveryReport, Rejection},
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
        let delivery = DeliveryId::from_uuid(self.id());
        let queued = DeliveryQueued { delivery, kind, message, fence, deadline, to };
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
        if self.state.handoff.is_none_or(|handoff| handoff.reason != reason) {
            self.emit(Event::HandoffRequested { reason });
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
