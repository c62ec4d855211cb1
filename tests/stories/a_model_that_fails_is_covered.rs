//! The model is down, stalls or babbles: the customer is answered all the same, before the promise ends,
//! and a person is told. The engine speaks to a simulator over the real protocol; the promise is set to
//! seconds instead of minutes. In virtual time the same is proven for the real slices (`actors`).

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{Forecourt, Options, PATIENCE, people::person, process::TENANT};

async fn engine_with(model: &ModelSim, second: bool) -> Forecourt {
    let mut options = Options::default()
        .env("ANTHROPIC_API_KEY", "sk-ant-story-key")
        .env("ANTHROPIC_BASE_URL", format!("http://{}", model.addr()))
        .env("FORECOURT_TEST_PROMISE_MS", "1000,2000,2500,4000,6000");
    if second {
        options = options.env("ANTHROPIC_SECOND_MODEL", "claude-haiku-4-5");
    }
    Forecourt::start(options).await
}

fn simulator(scenario: Option<&str>) -> ModelSim {
    let scenario = scenario.map(str::to_owned);
    ModelSim::start(ModelSimConfig { scenario, ..ModelSimConfig::default() }).unwrap()
}

#[tokio::test]
async fn a_healthy_model_answers_and_is_named() {
    let model = simulator(Some("reply;text=Takk for henvendelsen! En selger tar kontakt med deg."));
    let mut engine = engine_with(&model, false).await;
    let kari = person("nb", "model");
    engine.post_form(TENANT, &kari.form()).await;
    let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();
    assert!(mail.text().unwrap().contains("En selger tar kontakt med deg."));
    let cookie = engine.sign_in(TENANT).await;
    let lead = engine.lead_of(&cookie, &kari.email).await.unwrap();
    assert_eq!(lead["promise"]["by"], "model");
    engine.stop().await;
    let mut secrets = kari.secrets();
    secrets.push("sk-ant-story-key".into());
    engine.assert_logs_are_silent_about(&secrets);
}

#[tokio::test]
async fn the_house_responder_covers_for_models_that_fail_at_once() {
    for scenario in ["error;code=529", "error;code=500", "garbage", "truncate;after=2", "json200"] {
        let model = simulator(Some(scenario));
        let engine = engine_with(&model, true).await;
        let kari = person("nb", "fails");
        engine.post_form(TENANT, &kari.form()).await;
        let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await;
        let mail = mail.unwrap_or_else(|_| panic!("{scenario}: no answer"));
        // From the tenant's own data, and nothing of what the broken stream began to say.
        assert!(mail.text().unwrap().contains("359 900 kr"), "{scenario}: {:?}", mail.text());
        let cookie = engine.sign_in(TENANT).await;
        let lead = engine.lead_of(&cookie, &kari.email).await.unwrap();
        assert_eq!(
            (&lead["promise"]["state"], &lead["promise"]["model"]),
            (&"kept".into(), &"house".into()),
            "{scenario}"
        );
        its_time_was_kept(&lead, scenario);
    }
}

#[tokio::test]
async fn the_template_covers_for_models_that_use_up_the_time_and_a_person_is_told() {
    for scenario in ["nofirst", "stall;after=2"] {
        let model = simulator(Some(scenario));
        let engine = engine_with(&model, true).await;
        let kari = person("nb", "fails");
        engine.post_form(TENANT, &kari.form()).await;
        let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await;
        let mail = mail.unwrap_or_else(|_| panic!("{scenario}: no answer"));
        assert!(mail.text().unwrap().contains("så snart vi kan"), "{scenario}: {:?}", mail.text());
        let alert = engine.mail.wait_for(2, PATIENCE).await;
        assert!(alert.is_ok(), "{scenario}: nobody was told");
        let cookie = engine.sign_in(TENANT).await;
        let lead = engine.lead_of(&cookie, &kari.email).await.unwrap();
        assert_eq!(lead["promise"]["state"], "kept", "{scenario}");
        assert_eq!(
            (&lead["promise"]["by"], &lead["needs_human"]),
            (&"template".into(), &true.into())
        );
        its_time_was_kept(&lead, scenario);
    }
}

fn its_time_was_kept(lead: &serde_json::Value, scenario: &str) {
    let after = lead["promise"]["answered_after_ms"].as_i64().unwrap();
    assert!(after < 6_000, "{scenario}: after the promise had ended ({after} ms)");
}

#[tokio::test]
async fn without_a_second_model_the_house_responder_answers_from_the_tenants_own_data() {
    let model = simulator(Some("error;code=529"));
    let engine = engine_with(&model, false).await;
    let kari = person("nb", "house");
    engine.post_form(TENANT, &kari.form()).await;
    let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();
    assert!(mail.text().unwrap().contains("Tesla Model 3"), "{:?}", mail.text());
}
