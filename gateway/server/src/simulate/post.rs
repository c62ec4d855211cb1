//! A mail provider that takes letters, refuses them, and falls silent; and remembers what it took.

use std::time::Duration;

use async_trait::async_trait;
use forecourt_core::{event::DeliveryKind, id::DeliveryId};
use forecourt_ports::{
    clock::Clock as _,
    sender::{Accepted, Letter, Outgoing, Prepared, SendError, Sender},
};

use super::{
    clock::{NodeClock, pass},
    faults::Fault,
    model::LIE,
    witness::Handover,
    world::{Sabotage, Shared, World},
};

/// The provider, as one node reaches it.
pub(super) struct FakePost {
    pub(super) clock: NodeClock,
    pub(super) world: Shared,
}

#[async_trait]
impl Sender for FakePost {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn prepare(&self, outgoing: &Outgoing) -> Result<Box<dyn Prepared>, SendError> {
        self.clock.pulse.alive().await;
        let (wait, away, panics) = {
            let mut world = self.world.lock();
            world.prepared(outgoing);
            let wait = world.faults.dice().millis(1, 40);
            let away = world.time.now() < world.mail_away_until;
            (wait, away, world.faults.dice().chance(500) && world.faults.strikes(Fault::MailPanic))
        };
        pass(wait).await;
        self.clock.pulse.alive().await;
        if self.world.lock().sabotage == Sabotage::LogAddress {
            tracing::info!(to = outgoing.to.address, "a bug that a test has put in");
        }
        assert!(!panics, "on purpose: the mail client panics before the handover");
        if away {
            return Err(SendError::Temporary { code: "connect".into(), retry_after: None });
        }
        let letter = Ready {
            delivery: outgoing.delivery,
            clock: self.clock.clone(),
            world: self.world.clone(),
        };
        Ok(Box::new(letter))
    }
}

struct Ready {
    delivery: DeliveryId,
    clock: NodeClock,
    world: Shared,
}

#[async_trait]
impl Prepared for Ready {
    async fn hand_over(self: Box<Self>) -> Result<Accepted, SendError> {
        self.clock.pulse.alive().await;
        let kinds = [
            Fault::MailTemporary,
            Fault::MailPermanent,
            Fault::MailSilent,
            Fault::MailCut,
            Fault::MailPanic,
        ];
        let (wait, back, fault) = {
            let mut world = self.world.lock();
            world.leaves(self.delivery);
            let slow = world.faults.strikes(Fault::MailSlow);
            let dice = world.faults.dice();
            let wait = if slow { dice.millis(2_000, 25_000) } else { dice.millis(5, 300) };
            let back = dice.millis(1, 40);
            let strikes = kinds.map(|kind| world.faults.strikes(kind));
            let fault = kinds.into_iter().zip(strikes).find_map(|(kind, hit)| hit.then_some(kind));
            (wait, back, fault)
        };
        pass(wait).await;
        self.clock.pulse.alive().await; // killed before the last byte: it was not taken
        let code = || String::from("421");
        match fault {
            Some(Fault::MailTemporary) => {
                self.world.lock().refuses(self.delivery, "for now");
                let mut world = self.world.lock();
                let dice = world.faults.dice();
                let wait = dice.chance(300).then(|| Duration::from_secs(dice.below(120)));
                Err(SendError::Temporary { code: code(), retry_after: wait })
            }
            Some(Fault::MailPermanent) => {
                self.world.lock().refuses(self.delivery, "for good");
                Err(SendError::Permanent { code: "550".into() })
            }
            Some(Fault::MailCut) => Err(SendError::Uncertain { code: "cut".into() }),
            Some(Fault::MailPanic) => panic!("on purpose: the mail client panics in the handover"),
            fault => {
                let twice = self.world.lock().sabotage == Sabotage::SendTwice;
                for _ in 0..=u8::from(twice) {
                    self.world.lock().takes(self.delivery);
                }
                pass(back).await;
                self.clock.pulse.alive().await; // killed before the answer: it was taken
                if fault == Some(Fault::MailSilent) {
                    return Err(SendError::Uncertain { code: "silent".into() });
                }
                Ok(Accepted { reference: Some("taken".into()), at: self.clock.now() })
            }
        }
    }
}

impl World {
    /// A letter is written: it must be the one that was stored.
    fn prepared(&mut self, outgoing: &Outgoing) {
        let letter = self.witness.letters.get(&outgoing.delivery);
        let (session, stored, ours) = letter.map_or((None, false, false), |letter| {
            let ours = letter.tenant == outgoing.tenant
                && letter.session == outgoing.session
                && letter.to == outgoing.to.address;
            (Some(letter.session), true, ours)
        });
        let delivery = outgoing.delivery;
        self.step(session, format!("writes {delivery}"));
        self.check("A4", stored, session, || format!("{delivery} is written and not stored"));
        self.check("A8", ours, session, || format!("{delivery} is not of this tenant or person"));
        if let Letter::Answer { text, .. } = &outgoing.letter {
            let lie = text.contains(LIE);
            self.check("A6", !lie, session, || format!("{delivery} says an invented price"));
        }
    }

    /// The body begins to leave.
    fn leaves(&mut self, delivery: DeliveryId) {
        let Some(letter) = self.witness.letters.get_mut(&delivery) else { return };
        let (session, before) = (letter.session, letter.handover);
        letter.handover = Handover::Leaving;
        self.check("R1", before == Handover::Recorded, Some(session), || {
            format!("the body of {delivery} leaves after {before:?}")
        });
    }

    fn refuses(&mut self, delivery: DeliveryId, how: &str) {
        let Some(letter) = self.witness.letters.get_mut(&delivery) else { return };
        letter.handover = Handover::Refused;
        let session = letter.session;
        self.step(Some(session), format!("{delivery} is refused {how}"));
    }

    fn takes(&mut self, delivery: DeliveryId) {
        let Some(letter) = self.witness.letters.get_mut(&delivery) else { return };
        letter.handover = Handover::Taken;
        letter.taken += 1;
        let (session, taken, message) = (letter.session, letter.taken, letter.message);
        let kind = letter.kind;
        self.count("letters taken by the provider");
        self.step(Some(session), format!("{delivery} is taken"));
        self.check("R1", taken == 1, Some(session), || format!("{delivery} was taken twice"));
        if let (DeliveryKind::Answer, Some(message)) = (kind, message) {
            let other = self.witness.taken.insert(message, delivery);
            let once = other.is_none_or(|other| other == delivery);
            self.check("R1", once, Some(session), || "one message was sent as two letters".into());
        }
        if let DeliveryKind::Alert { .. } = kind {
            self.alarms.push_back(session);
        }
    }
}
