//! Customers: with a form that is sent as often as its sender likes, and in the chat.

use std::rc::Rc;

use forecourt_core::{
    capture::{RawSubmission, Submission},
    id::{InboundEventId, LeadId, MessageId, SessionId},
    lang::Lang,
};
use forecourt_ports::{
    ids::Ids as _,
    store::{InboundEvent, InboundOutcome},
};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{
    super::{clock::pass, dice::Dice, faults::Fault},
    Lost, Town,
};

impl Town {
    // ---- with a form ----

    pub(super) async fn submits(self: Rc<Self>, mut dice: Dice) {
        let place = dice.below(self.businesses.len() as u64) as usize;
        let born = {
            let mut born = self.born.borrow_mut();
            // Some have been here before.
            if *born > 20 && dice.chance(120) {
                dice.below(*born)
            } else {
                *born += 1;
                *born
            }
        };
        let texts = if dice.chance(200) { 2 } else { 1 };
        let lang = *dice.pick(&Lang::ALL).unwrap_or(&Lang::En);
        let mut sent = Vec::new();
        for text in 0..texts {
            let raw = RawSubmission {
                name: Some(format!("Kari Qvistgaard-{born}")),
                email: Some(format!("kari.{born}@b{place}.kunde.example")),
                phone: dice.chance(500).then(|| format!("+4799{:06}", 100_000 + born)),
                vehicle_interest: dice.chance(400).then(|| "Volvo EX30".to_owned()),
                message: Some(wish(lang, &mut dice, text)),
                source_url: None,
            };
            let Ok(submission) = raw.parse("NO") else {
                // A number that nobody can have: the form is sent without it.
                let raw = RawSubmission { phone: None, ..raw };
                match raw.parse("NO") {
                    Ok(submission) => sent.push(self.delivers(place, submission, &mut dice)),
                    Err(_) => self.world.lock().count("forms that cannot be read"),
                }
                continue;
            };
            sent.push(self.delivers(place, submission, &mut dice));
        }
        join_all(sent).await;
    }

    /// One submission, as often as its sender sends it.
    fn delivers(
        self: &Rc<Self>,
        place: usize,
        submission: Submission,
        dice: &mut Dice,
    ) -> impl Future<Output = ()> + use<> {
        let copies = if self.world.strikes(Fault::Redelivery) { 2 + dice.below(4) } else { 1 };
        let reorder = self.world.strikes(Fault::Reorder);
        let dice: Vec<_> = (0..copies).map(|_| dice.part()).collect();
        let town = Rc::clone(self);
        async move {
            let copies = dice.into_iter().enumerate().map(|(copy, mut dice)| {
                let (town, submission) = (Rc::clone(&town), submission.clone());
                async move {
                    let late = reorder && (copy == 0 || dice.chance(500));
                    let wait = if late { dice.millis(5_000, 220_000) } else { dice.millis(0, 900) };
                    pass(wait).await;
                    town.delivers_once(place, submission, dice).await
                }
            });
            let acked: Vec<_> = join_all(copies).await.into_iter().flatten().collect();
            town.compare(&acked);
            if let Some((_, session, ..)) = acked.first() {
                let dice = town.dice.borrow_mut().part();
                town.steps_in(place, *session, dice).await;
            }
        }
    }

    async fn delivers_once(
        self: &Rc<Self>,
        place: usize,
        submission: Submission,
        mut dice: Dice,
    ) -> Option<(LeadId, SessionId, Timestamp, u64)> {
        let key = format!("fp:{}", submission.fingerprint());
        for pause in 0..60 {
            let inbound = InboundEvent {
                id: InboundEventId::from_uuid(self.ids.uuid()),
                at: self.time.now(),
                kind: "form",
                status: 200,
                outcome: InboundOutcome::Created,
                lead: None,
                content_type: None,
                body: String::new(),
            };
            let submission = submission.clone();
            let call = self.call(place, None, "capture", &mut dice, move |tenant| async move {
                tenant.capture(submission, inbound).await
            });
            match call.await {
                Ok(captured) => {
                    let mut world = self.world.lock();
                    world.count("submissions acked");
                    let session = captured.session;
                    world
                        .step(Some(session), format!("acked a submission: {:?}", captured.outcome));
                    let led = world.witness.leads.get(&captured.lead).copied();
                    world.check("A1", led == Some(session), Some(session), || {
                        "an acked lead is not stored".into()
                    });
                    let seen = world.witness.sessions.get(&session);
                    let message = seen.and_then(|seen| seen.keys.get(&key)).map(|(id, _)| *id);
                    world.check("A1", message.is_some(), Some(session), || {
                        "an acked submission is not stored".into()
                    });
                    world.witness.acked.extend(message.map(|message| (session, message)));
                    let jumps = world.jumps;
                    return Some((captured.lead, session, self.time.now(), jumps));
                }
                Err(Lost::No) => return None,
                Err(Lost::Later) => {}
            }
            let wait = dice.millis(1_000, 2_000 << u32::min(pause, 5));
            pass(wait).await;
        }
        None // its sender gave up
    }

    /// Copies of one submission that came close together are one lead (R6).
    fn compare(&self, acked: &[(LeadId, SessionId, Timestamp, u64)]) {
        let Some((lead, session, first, jumps)) = acked.iter().min_by_key(|ack| ack.2).copied()
        else {
            return;
        };
        for (other, _, at, other_jumps) in acked {
            let near = at.duration_since(first) < SignedDuration::from_secs(240);
            if near && *other_jumps == jumps {
                self.world.lock().check("R6", *other == lead, Some(session), || {
                    "one submission, two leads".into()
                });
            }
        }
    }

    // ---- in the chat ----

    pub(super) async fn chats(self: Rc<Self>, mut dice: Dice) {
        let place = dice.below(self.businesses.len() as u64) as usize;
        let lang = *dice.pick(&Lang::ALL).unwrap_or(&Lang::En);
        let Some(session) = self.opens(place, lang, &mut dice).await else { return };
        if dice.chance(300) {
            let (town, dice) = (Rc::clone(&self), dice.part());
            actix::spawn(async move { town.steps_in(place, session, dice).await });
        }
        let mut said = 0_u64;
        for round in 0..=dice.below(4) {
            let burst = if self.world.strikes(Fault::Burst) { 2 + dice.below(4) } else { 1 };
            let messages: Vec<_> = (0..burst)
                .map(|_| {
                    said += 1;
                    let text = wish(lang, &mut dice, round);
                    let wait = dice.millis(0, 4_000 * (burst - 1));
                    let (town, dice) = (Rc::clone(&self), dice.part());
                    async move {
                        pass(wait).await;
                        town.says(place, session, text, said, dice).await
                    }
                })
                .collect();
            let closed = join_all(messages).await.contains(&false);
            if closed || self.world.strikes(Fault::BrowserClosed) {
                return;
            }
            // Waits for the answer, reads it, thinks.
            for _ in 0..60 {
                pass(SignedDuration::from_secs(2)).await;
                let world = self.world.lock();
                if world.witness.sessions.get(&session).is_none_or(|seen| !seen.waits()) {
                    break;
                }
            }
            pass(dice.millis(2_000, 60_000)).await;
        }
    }

    async fn opens(
        self: &Rc<Self>,
        place: usize,
        lang: Lang,
        dice: &mut Dice,
    ) -> Option<SessionId> {
        for _ in 0..20 {
            let opened = self
                .call(place, None, "open", dice, move |tenant| async move {
                    tenant.open_session(lang).await
                })
                .await;
            match opened {
                Ok(session) => {
                    let mut world = self.world.lock();
                    world.count("chats opened");
                    world.step(Some(session), "acked a chat".into());
                    let stored = world.witness.sessions.contains_key(&session);
                    world.check("A1", stored, Some(session), || {
                        "an acked chat is not stored".into()
                    });
                    return Some(session);
                }
                Err(Lost::No) => return None,
                Err(Lost::Later) => pass(dice.millis(1_000, 15_000)).await,
            }
        }
        None
    }

    /// Says one thing until it is acked; false when the conversation is closed.
    async fn says(
        self: &Rc<Self>,
        place: usize,
        session: SessionId,
        text: String,
        nth: u64,
        mut dice: Dice,
    ) -> bool {
        let twice = self.world.strikes(Fault::Redelivery);
        let mut acked: Option<MessageId> = None;
        let mut left = if twice { 2 } else { 1 };
        for pause in 0..60_u32 {
            let text = text.clone();
            let posted = self
                .call(place, Some(session), "say", &mut dice, move |tenant| async move {
                    tenant.post_message(session, text, format!("c{nth}"), None).await
                })
                .await;
            match posted {
                Ok(posted) => {
                    let mut world = self.world.lock();
                    world.count("messages acked");
                    world.step(Some(session), format!("acked c{nth}"));
                    let seen = world.witness.sessions.get(&session);
                    let seq = seen.and_then(|seen| seen.messages.get(&posted.message)).copied();
                    world.check("A1", seq == Some(posted.seq), Some(session), || {
                        "an acked message is not stored".into()
                    });
                    let same = acked.is_none_or(|before| before == posted.message);
                    world
                        .check("R6", same, Some(session), || "one message was acked as two".into());
                    acked = Some(posted.message);
                    world.witness.acked.push((session, posted.message));
                    left -= 1;
                    if left == 0 {
                        return true;
                    }
                }
                Err(Lost::No) => return false,
                Err(Lost::Later) => {
                    pass(dice.millis(500, 1_000 << pause.min(5))).await;
                }
            }
        }
        true
    }
}

fn wish(lang: Lang, dice: &mut Dice, nth: u64) -> String {
    let secret = dice.below(1_000_000);
    match (lang, nth % 2) {
        (Lang::Nb, 0) => format!("Hei, er bilen fortsatt ledig? (hemmelig {secret})"),
        (Lang::Nb, _) => format!("Og hva koster en prøvekjøring? (hemmelig {secret})"),
        (Lang::Fr, 0) => format!("Bonjour, la voiture est-elle disponible ? (hemmelig {secret})"),
        (Lang::Fr, _) => format!("Et combien coûte une révision ? (hemmelig {secret})"),
        (Lang::En, 0) => format!("Hello, is the car still available? (hemmelig {secret})"),
        (Lang::En, _) => format!("And what does a service cost? (hemmelig {secret})"),
        (Lang::Ar, 0) => format!("مرحبا، هل السيارة متاحة؟ (hemmelig {secret})"),
        (Lang::Ar, _) => format!("وكم تكلفة الصيانة؟ (hemmelig {secret})"),
    }
}
