use std::{collections::BTreeMap, time::Duration};

use forecourt_core::models::{ModelSettings, Task};
use forecourt_ports::{
    fake::{ManualClock, Script, ScriptedModel, Step},
    model::Done,
};

use super::*;
use crate::house::tests::ask as house_ask;

struct World {
    clock: ManualClock,
    models: BTreeMap<Provider, Arc<ScriptedModel>>,
    chain: Chain,
}

/// Three providers; each says its name.
fn world() -> World {
    let clock = ManualClock::new("2026-11-24T11:00:00Z".parse().unwrap());
    let models: BTreeMap<_, _> = [Provider::Anthropic, Provider::Gemini, Provider::House]
        .into_iter()
        .map(|provider| {
            let says = Script::say(provider.as_str());
            let model = ScriptedModel::new(provider.as_str(), Arc::new(clock.clone()), says);
            (provider, Arc::new(model))
        })
        .collect();
    let links = models
        .iter()
        .map(|(provider, model)| Link::new(*provider, Arc::clone(model) as _))
        .collect();
    let chain = Chain::new(links, Arc::new(clock.clone()));
    World { clock, models, chain }
}

impl World {
    fn fails(&self, provider: Provider, error: ModelError) {
        self.models[&provider].push(Script::fail(error));
    }

    async fn ask(&self, ask: Ask) -> (String, Result<Done, ModelError>) {
        let mut answer = self.chain.answer(ask);
        let mut text = String::new();
        loop {
            match answer.next().await.expect("a last word") {
                Ok(Delta::Text(more)) => text.push_str(&more),
                Ok(Delta::Call(_)) => {}
                Ok(Delta::Done(done)) => return (text, Ok(done)),
                Err(error) => return (text, Err(error)),
            }
        }
    }

    fn asked(&self, provider: Provider) -> usize {
        self.models[&provider].asks().len()
    }
}

fn ask() -> Ask {
    house_ask(forecourt_core::lang::Lang::En, "Hi", forecourt_ports::model::Medium::Chat)
}

fn overloaded(retry_after: Option<Duration>) -> ModelError {
    ModelError::Status { status: 429, kind: "rate_limit_error".into(), retry_after }
}

#[tokio::test]
async fn the_next_provider_answers_when_one_fails_before_its_first_word() {
    for error in [
        ModelError::Transport,
        ModelError::FirstByte,
        ModelError::Refused,
        ModelError::Protocol("x"),
        overloaded(None),
        ModelError::Status { status: 401, kind: "authentication_error".into(), retry_after: None },
    ] {
        let world = world();
        world.fails(Provider::Anthropic, error);
        let (text, end) = world.ask(ask()).await;
        assert_eq!((text.as_str(), end.unwrap().model.as_str()), ("gemini", "gemini"));
    }
}

#[tokio::test]
async fn two_answers_are_never_mixed() {
    let world = world();
    let cut = Script::say("Hello").then(Step::Fail(ModelError::Truncated));
    world.models[&Provider::Anthropic].push(cut);
    let (text, end) = world.ask(ask()).await;
    assert_eq!((text.as_str(), end), ("Hello", Err(ModelError::Truncated)));
    assert_eq!(world.asked(Provider::Gemini), 0);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_left_alone_and_asked_again_later() {
    let world = world();
    for _ in 0..5 {
        world.fails(Provider::Anthropic, ModelError::Transport);
        world.ask(ask()).await.1.unwrap();
    }
    world.ask(ask()).await.1.unwrap();
    assert_eq!(world.asked(Provider::Anthropic), 5, "it is not asked while its breaker is open");
    world.clock.advance(SignedDuration::from_secs(3));
    assert_eq!(world.ask(ask()).await.0, "anthropic");
}

#[tokio::test]
async fn a_provider_that_tells_its_wait_is_left_alone_for_so_long_and_no_longer() {
    let world = world();
    world.fails(Provider::Anthropic, overloaded(Some(Duration::from_secs(30))));
    assert_eq!(world.ask(ask()).await.0, "gemini");
    world.clock.advance(SignedDuration::from_secs(29));
    assert_eq!(world.ask(ask()).await.0, "gemini");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.ask(ask()).await.0, "anthropic");
}

#[tokio::test]
async fn a_tenant_says_who_answers_what() {
    let world = world();
    let with = |order: &[Provider]| {
        let mut ask = ask();
        let mut grounding = (*ask.grounding).clone();
        let mut settings = (*grounding.settings).clone();
        let order = BTreeMap::from([(Task::Answer, order.to_vec())]);
        settings.models = ModelSettings { order, ..ModelSettings::default() };
        grounding.settings = Arc::new(settings);
        ask.grounding = Arc::new(grounding);
        ask
    };
    assert_eq!(world.ask(with(&[Provider::Gemini, Provider::Anthropic])).await.0, "gemini");
    assert_eq!(world.ask(with(&[Provider::Openai, Provider::House])).await.0, "house");
    assert_eq!(world.ask(with(&[Provider::Openai])).await.1, Err(ModelError::Transport));
    let other_task = Ask { task: Task::Note, ..with(&[Provider::House]) };
    assert_eq!(world.ask(other_task).await.0, "anthropic");
}

#[tokio::test]
async fn when_the_budget_is_used_up_only_what_costs_nothing_answers() {
    let world = world();
    let spent = Ask { allowance: Allowance::Spent, ..ask() };
    assert_eq!(world.ask(spent.clone()).await.0, "house");
    let chain = Chain::new(world.chain.links[..2].to_vec(), Arc::new(world.clock.clone()));
    let poor = World { chain, ..world };
    assert_eq!(poor.ask(spent).await.1, Err(ModelError::Budget));
    assert_eq!((poor.asked(Provider::Anthropic), poor.asked(Provider::Gemini)), (0, 0));
}

#[tokio::test]
async fn when_all_fail_the_last_error_is_told() {
    let world = world();
    world.fails(Provider::Anthropic, ModelError::Transport);
    world.fails(Provider::Gemini, ModelError::Idle);
    world.fails(Provider::House, ModelError::Refused);
    assert_eq!(world.ask(ask()).await.1, Err(ModelError::Refused));
}
