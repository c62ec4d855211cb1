//! Members: step in at random moments, read their alarms, answer, give back, close.

use std::rc::Rc;

use forecourt_actors::{EngineError, TenantHandle};
use forecourt_core::{
    effect::TimerKind,
    event::{MessageSeq, Reader},
    id::{DeliveryId, MemberId, SessionId},
    session::Speaker,
};
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
        let releases = self.world.lock().witness.sessions.get(&session).map(|seen| seen.releases);
        let taken = self
            .insists(place, session, "take over", &mut dice, move |tenant| async move {
                tenant.take_over(session, member).await
            })
            .await;
        if taken {
            // From here on nothing of the assistant is stored, and no older fence leaves: both are
            // checked by the state that the witness keeps.
            let mut world = self.world.lock();
            world.step(Some(session), "acked a take-over".into());
            let holds = world.witness.sessions.get(&session).is_some_and(|seen| {
                seen.state.speaker != Speaker::Assistant
                    || seen.state.closed
                    || Some(seen.releases) > releases
            });
            world
                .check("A7", holds, Some(session), || "an acked take-over is not in effect".into());
        }
        if taken && dice.chance(700) {
            pass(dice.millis(0, 40_000)).await;
            self.types(place, session, member, &mut dice).await;
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
        self.sends_again(place, session, member, &mut dice).await;
        if dice.chance(150) {
            // "I have rung him": nobody needs to be reminded any more.
            self.insists(place, session, "stop reminders", &mut dice, move |tenant| async move {
                tenant.cancel_timer(session, TimerKind::Handoff, member).await
            })
            .await;
        }
        if dice.chance(100) {
            // "Take this one, will you?"
            let other = dice.pick(&self.businesses[place].members).copied();
            self.insists(place, session, "assign", &mut dice, move |tenant| async move {
                tenant.assign(session, other, member).await
            })
            .await;
        }
        self.types(place, session, member, &mut dice).await;
        self.answers(place, session, member, &mut dice).await;
        self.leaves(place, session, member, &mut dice).await;
    }

    /// Reads what is there and begins to type, perhaps without ever sending it.
    async fn types(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        member: MemberId,
        dice: &mut Dice,
    ) {
        if dice.chance(400) {
            return;
        }
        let seen = self.newest(session);
        let read = move |tenant: TenantHandle| async move {
            tenant.seen(session, Reader::Member(member), seen).await
        };
        let _lost = self.call(place, Some(session), "read", dice, read).await;
        for _ in 0..dice.below(5) {
            let types = move |tenant: TenantHandle| async move {
                tenant.member_typing(session, member).await
            };
            let _lost = self.call(place, Some(session), "type", dice, types).await;
            pass(dice.millis(500, 5_000)).await;
        }
    }

    /// The newest message, as a dashboard shows it.
    fn newest(&self, session: SessionId) -> MessageSeq {
        let world = self.world.lock();
        let seen = world.witness.sessions.get(&session);
        seen.map_or(MessageSeq(0), |seen| seen.state.last_message)
    }

    /// Has a dead letter sent once more, by a wish that comes again until it is acked.
    async fn sends_again(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        member: MemberId,
        dice: &mut Dice,
    ) {
        let dead = {
            let world = self.world.lock();
            let seen = world.witness.sessions.get(&session);
            seen.and_then(|seen| seen.state.dead.keys().next_back().copied())
        };
        let Some(dead) = dead.filter(|_| dice.chance(500)) else { return };
        let (even_if_sent, client_id) = (dice.chance(300), format!("r{}", dice.roll()));
        let mut again = if dice.chance(300) { 2 } else { 1 };
        let mut acked: Option<DeliveryId> = None;
        for _ in 0..30 {
            let client_id = Some(client_id.clone());
            let sent = self
                .call(place, Some(session), "send again", dice, move |tenant| async move {
                    tenant.replay_delivery(session, dead, member, even_if_sent, client_id).await
                })
                .await;
            match sent {
                Ok(sent) => {
                    let mut world = self.world.lock();
                    world.step(Some(session), format!("acked that {dead} is sent again as {sent}"));
                    let stored = world.witness.letters.contains_key(&sent);
                    world.check("A1", stored, Some(session), || {
                        "an acked letter is not stored".into()
                    });
                    let same = acked.is_none_or(|before| before == sent);
                    world.check("R1", same, Some(session), || {
                        "one wish to send again made two letters".into()
                    });
                    acked = Some(sent);
                    again -= 1;
                    if again == 0 {
                        return;
                    }
                }
                Err(Lost::No) => return,
                Err(Lost::Later) => pass(dice.millis(500, 20_000)).await,
            }
        }
    }

    async fn answers(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        member: MemberId,
        dice: &mut Dice,
    ) {
        let client_id = format!("m{}", dice.roll());
        // What is on the screen when the member begins to write; looked at again when somebody was faster.
        let mut seen = dice.chance(700).then(|| self.newest(session));
        pass(dice.millis(0, 10_000)).await;
        for _ in 0..60_u32 {
            let client_id = client_id.clone();
            let posted = self
                .call(place, Some(session), "answer", dice, move |tenant| async move {
                    let text = "Jeg ringer deg i dag.".to_owned();
                    tenant.post_member_message(session, member, text, client_id, seen).await
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
                Err(Lost::No) if seen.is_some() => {
                    self.world
                        .lock()
                        .count("members who were told of a newer message, or of the end");
                    seen = dice.chance(500).then(|| self.newest(session));
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
                let manager = dice.chance(300);
                self.insists(place, session, "release", dice, move |tenant| async move {
                    tenant.release(session, member, manager).await
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
