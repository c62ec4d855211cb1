//! Members: step in at random moments, read their alarms, answer, give back, close.

use std::rc::Rc;

use forecourt_actors::{EngineError, TenantHandle};
use forecourt_core::id::{MemberId, SessionId};
use jiff::SignedDuration;

use super::{
    super::{clock::pass, dice::Dice, faults::Fault},
    Lost, Town,
};

impl Town {
    /// A member steps in at a random moment, perhaps just as a turn ends.
    pub(super) async fn steps_in(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        mut dice: Dice,
    ) {
        if !self.world.strikes(Fault::Takeover) {
            return;
        }
        let soon = dice.chance(700);
        pass(dice.millis(0, if soon { 8_000 } else { 180_000 })).await;
        let Some(member) = dice.pick(&self.businesses[place].members).copied() else { return };
        let taken = self
            .insists(place, session, "take over", &mut dice, move |tenant| async move {
                tenant.take_over(session, member).await
            })
            .await;
        if taken && dice.chance(700) {
            pass(dice.millis(0, 40_000)).await;
            self.answers(place, session, member, &mut dice).await;
        }
        self.leaves(place, session, member, &mut dice).await;
    }

    /// Members read their alarms, and look after those who wait.
    pub(in crate::simulate) async fn on_call(self: Rc<Self>) {
        loop {
            pass(SignedDuration::from_secs(20)).await;
            let alarms = std::mem::take(&mut self.world.lock().alarms);
            for session in alarms {
                if !self.looked_after.borrow_mut().insert(session) {
                    continue;
                }
                let (town, dice) = (Rc::clone(&self), self.dice.borrow_mut().part());
                actix::spawn(async move {
                    town.looks_after(session, dice).await;
                    town.looked_after.borrow_mut().remove(&session);
                });
            }
        }
    }

    async fn looks_after(self: &Rc<Self>, session: SessionId, mut dice: Dice) {
        pass(dice.millis(20_000, 2_400_000)).await;
        let tenant = self.world.lock().witness.sessions.get(&session).map(|seen| seen.tenant);
        let Some(place) = self.businesses.iter().position(|b| Some(b.id) == tenant) else { return };
        let Some(member) = dice.pick(&self.businesses[place].members).copied() else { return };
        self.answers(place, session, member, &mut dice).await;
        self.leaves(place, session, member, &mut dice).await;
    }

    async fn answers(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        member: MemberId,
        dice: &mut Dice,
    ) {
        let client_id = format!("m{}", dice.roll());
        for _ in 0..60_u32 {
            let client_id = client_id.clone();
            let posted = self
                .call(place, Some(session), "answer", dice, move |tenant| async move {
                    let text = "Jeg ringer deg i dag.".to_owned();
                    tenant.post_member_message(session, member, text, client_id).await
                })
                .await;
            match posted {
                Ok(posted) => {
                    let mut world = self.world.lock();
                    world.step(Some(session), "acked a member's answer".into());
                    let seen = world.witness.sessions.get(&session);
                    let stored = seen.is_some_and(|s| s.messages.contains_key(&posted.message));
                    world.check("A1", stored, Some(session), || {
                        "a member's acked answer is not stored".into()
                    });
                    world.witness.acked.push((session, posted.message));
                    return;
                }
                Err(Lost::No) => return,
                Err(Lost::Later) => pass(dice.millis(1_000, 60_000)).await,
            }
        }
    }

    /// Gives back, closes, or forgets.
    async fn leaves(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        member: MemberId,
        dice: &mut Dice,
    ) {
        pass(dice.millis(0, 120_000)).await;
        match dice.below(10) {
            0..5 => {
                self.insists(place, session, "release", dice, move |tenant| async move {
                    tenant.release(session, member).await
                })
                .await;
            }
            5..7 => {
                self.insists(place, session, "close", dice, move |tenant| async move {
                    tenant.close(session, member).await
                })
                .await;
            }
            _ => {}
        }
    }

    async fn insists<F: Future<Output = Result<(), EngineError>> + 'static>(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        what: &'static str,
        dice: &mut Dice,
        act: impl Fn(TenantHandle) -> F + Clone + 'static,
    ) -> bool {
        for _ in 0..30 {
            match self.call(place, Some(session), what, dice, act.clone()).await {
                Ok(()) => return true,
                Err(Lost::No) => return false,
                Err(Lost::Later) => pass(dice.millis(500, 20_000)).await,
            }
        }
        false
    }
}
