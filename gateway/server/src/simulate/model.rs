//! Models that answer, lie, stall and die, as the dice say.

use std::{sync::Arc, time::Duration};

use forecourt_core::lang::Lang;
use forecourt_models::house::HouseResponder;
use forecourt_ports::{
    fake::{Script, ScriptedModel, Step},
    model::{Ask, Delta, Model, ModelError},
};
use futures_util::stream::BoxStream;

use super::{clock::NodeClock, dice::Dice, faults::Fault, world::Shared};

/// A price that no tenant has: where it is read, the claim gate has let it through (A6).
pub(super) const LIE: &str = "13 371";

/// One provider, as one node reaches it.
pub(super) struct FakeModel {
    pub(super) name: &'static str,
    pub(super) clock: NodeClock,
    pub(super) world: Shared,
    pub(super) node: usize,
}

impl Model for FakeModel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn answer(&self, ask: Ask) -> BoxStream<'static, Result<Delta, ModelError>> {
        let script = self.script(&ask);
        ScriptedModel::new(self.name, Arc::new(self.clock.clone()), script).answer(ask)
    }
}

impl FakeModel {
    fn script(&self, ask: &Ask) -> Script {
        let mut world = self.world.lock();
        if self.clock.pulse.is_dead() {
            return Script::hang();
        }
        world.step(
            Some(ask.session),
            format!("node {} asks {} for {}", self.node, self.name, ask.turn),
        );
        let seen = world.witness.sessions.get(&ask.session);
        let stored = seen.is_some_and(|seen| seen.turns.contains(&ask.turn));
        world.check("A4", stored, Some(ask.session), || {
            "a model is asked for no stored turn".into()
        });
        world.count("models asked");
        if world.time.now() < world.models_away_until {
            return Script::fail(ModelError::Transport).after(Duration::from_millis(40));
        }
        let status = |status, kind: &str, retry_after| ModelError::Status {
            status,
            kind: kind.into(),
            retry_after,
        };
        // One of each kind is rolled for each answer, so that switching one off moves no other.
        let kinds = [
            Fault::ModelPanic,
            Fault::ModelLimited,
            Fault::ModelOverloaded,
            Fault::ModelError,
            Fault::ModelStall,
            Fault::ModelCut,
            Fault::ModelGarbage,
            Fault::ModelSlow,
            Fault::ModelLies,
        ];
        let mut dice = world.faults.dice().part();
        let strikes = kinds.map(|kind| world.faults.strikes(kind));
        let fault = kinds.into_iter().zip(strikes).find_map(|(kind, hit)| hit.then_some(kind));
        if let Some(fault) = fault {
            world.step(Some(ask.session), format!("fault {fault}"));
        }
        drop(world);
        let first = Duration::from_millis(150 + dice.below(2_500));
        let half = |dice: &mut Dice| cut(speak(ask, dice, 40), dice);
        let script = match fault {
            Some(Fault::ModelPanic) => half(&mut dice).then(Step::Panic),
            Some(Fault::ModelLimited) => {
                let wait = Duration::from_secs(1 + dice.below(40));
                Script::fail(status(429, "rate_limit_error", Some(wait)))
            }
            Some(Fault::ModelOverloaded) => Script::fail(status(529, "overloaded_error", None)),
            Some(Fault::ModelError) => Script::fail(status(500, "api_error", None)),
            Some(Fault::ModelStall) => half(&mut dice).then(Step::Hang),
            Some(Fault::ModelCut) => half(&mut dice).then(Step::Break),
            Some(Fault::ModelGarbage) => {
                half(&mut dice).then(Step::Fail(ModelError::Protocol("not an event")))
            }
            Some(Fault::ModelSlow) => speak(ask, &mut dice, 2_500),
            Some(Fault::ModelLies) => {
                let mut script = speak(ask, &mut dice, 40);
                let at = usize::try_from(dice.below(2)).unwrap_or(0) * script.0.len();
                script.0.insert(at, Step::Text(format!(" Bilen koster {LIE} kroner. ")));
                script
            }
            _ => speak(ask, &mut dice, 40),
        };
        script.after(first)
    }
}

/// An honest answer, in pieces that come `pause` milliseconds apart at most.
fn speak(ask: &Ask, dice: &mut Dice, pause: u64) -> Script {
    let text = if dice.chance(500) { HouseResponder::say(ask) } else { plain(ask.lang).to_owned() };
    let words: Vec<_> = text.split_inclusive(' ').collect();
    let pieces = words.chunks(6).flat_map(|words| {
        let wait = Duration::from_millis(1 + dice.below(pause));
        [Step::Wait(wait), Step::Text(words.concat())]
    });
    Script(pieces.collect())
}

/// The same, broken off.
fn cut(mut script: Script, dice: &mut Dice) -> Script {
    let end = dice.below(script.0.len() as u64);
    script.0.truncate(usize::try_from(end).unwrap_or(0));
    script
}

const fn plain(lang: Lang) -> &'static str {
    match lang {
        Lang::Nb => "Takk for henvendelsen. En av oss svarer deg snart.",
        Lang::Fr => "Merci de votre message. L'un de nous vous répondra bientôt.",
        Lang::En => "Thank you for your message. One of us will answer you soon.",
        Lang::Ar => "شكرًا لرسالتك. سيرد عليك أحدنا قريبًا.",
    }
}
