//! With vectors switched on, a customer who says it in other words gets the tenant's own answer; and when the
//! provider of vectors is down, the words alone answer.

use std::{path::Path, time::Instant};

use forecourt_loadtest::model_sim::{ModelSim, ModelSimConfig};
use forecourt_tests::{Forecourt, Options, eventually, process::TENANT};
use reqwest::Method;
use serde_json::{Value, json};

/// A Postgres with pgvector.
fn pgvector() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pgvector/bin");
    let there = dir.canonicalize();
    let dir = there.unwrap_or_else(|_| panic!("no Postgres with pgvector: run `make pgvector`"));
    dir.to_str().unwrap().to_owned()
}

async fn engine(model: &ModelSim) -> Forecourt {
    let options = Options::default()
        .env("FORECOURT_PG_BIN", pgvector())
        .env("FORECOURT_VECTORS", "on")
        .env("EMBEDDINGS_API_KEY", "any")
        .env("EMBEDDINGS_PRICE", "0.02")
        .env("EMBEDDINGS_BASE_URL", format!("{}/v1", model.url()));
    Forecourt::start(options).await
}

fn simulator() -> ModelSim {
    ModelSim::start(ModelSimConfig { keep_bodies: true, ..ModelSimConfig::default() }).unwrap()
}

async fn add_faq(engine: &Forecourt, cookie: &str, question: &str, answer: &str) {
    let faq = json!({ "title": { "nb": question }, "text": { "nb": answer }, "keywords": [] });
    let url = engine.at("/v1/knowledge/faqs");
    let request = engine.http.request(Method::POST, url).header("cookie", cookie);
    let made = request.header("origin", &engine.url).json(&faq).send().await.unwrap();
    assert_eq!(made.status(), 201);
}

async fn found(engine: &Forecourt, cookie: &str, question: &str) -> Vec<(String, String)> {
    let mut url = reqwest::Url::parse(&engine.at("/v1/knowledge/search?lang=nb")).unwrap();
    url.query_pairs_mut().append_pair("q", question);
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let found = engine.get_as(cookie, &path).await;
    let text = |passage: &Value, key: &str| passage[key].as_str().unwrap().to_owned();
    let passages = found["passages"].as_array().unwrap();
    passages.iter().map(|one| (text(one, "text"), text(one, "found_by"))).collect()
}

/// Until something with `words` in it is found, and which way.
async fn until_found(engine: &Forecourt, cookie: &str, question: &str, words: &str) -> String {
    eventually(&format!("`{words}` for `{question}`"), async || {
        let found = found(engine, cookie, question).await;
        found.into_iter().find(|(text, _)| text.contains(words)).map(|(_, by)| by)
    })
    .await
}

#[tokio::test]
async fn and_without_the_provider_the_words_alone_answer() {
    let model = simulator();
    let engine = engine(&model).await;
    let cookie = engine.sign_in(TENANT).await;
    let lodging = "Har dere dekkhotell?";
    add_faq(&engine, &cookie, lodging, "Ja, vi lagrer dekkene dine hele vinteren.").await;
    let words = found(&engine, &cookie, "dekkhotell").await;
    assert!(words[0].0.contains("dekkhotell"), "by its words at once: {words:?}");
    let paraphrase = "Kan noen passe på hjulene? Ring 912 34 567";
    assert_eq!(until_found(&engine, &cookie, paraphrase, "dekkhotell").await, "meaning");
    // A question whose place comes too late is answered by its words alone; soon it comes in time.
    eventually("found both ways", async || {
        let both = found(&engine, &cookie, "Hva koster dekkhotell?").await;
        both.into_iter().find(|(text, by)| text.contains("dekkhotell") && by == "both")
    })
    .await;
    let sent: Vec<_> = model.requests().requests.into_iter().filter_map(|one| one.body).collect();
    assert!(!sent.is_empty());
    let sent = serde_json::to_string(&sent).unwrap();
    assert!(sent.contains("hjulene") && !sent.contains("912 34 567"), "no number leaves (A13)");

    model.set_embeddings(Some("error;code=503")).unwrap();
    add_faq(&engine, &cookie, "Polerer dere?", "Ja, lakken blir som ny.").await;
    let began = Instant::now();
    let words = found(&engine, &cookie, "Polerer dere gamle biler?").await;
    assert!(words.iter().any(|(text, _)| text.contains("lakken")), "{words:?}");
    assert!(words.iter().all(|(_, by)| by == "words"), "{words:?}");
    let nothing = found(&engine, &cookie, paraphrase).await;
    assert!(nothing.iter().all(|(text, _)| !text.contains("dekkhotell")), "{nothing:?}");
    assert!(began.elapsed().as_secs() < 5, "nobody waits for a provider that is down");

    model.set_embeddings(None).unwrap();
    assert_eq!(until_found(&engine, &cookie, "Peinture à lustrer", "lakken").await, "meaning");
    engine.assert_logs_are_silent_about(&["hjulene".into(), "912 34 567".into()]);
}

#[tokio::test]
async fn and_the_answer_says_which_way_its_ground_was_found() {
    let model = simulator();
    let engine = engine(&model).await;
    let cookie = engine.sign_in(TENANT).await;
    let answer = "Ja, vi lagrer dekkene dine hele vinteren.";
    add_faq(&engine, &cookie, "Har dere dekkhotell?", answer).await;
    let question = "Hei, kan hjulene mine oppbevares?";
    until_found(&engine, &cookie, question, "dekkhotell").await;
    let (session, token) = engine.open_chat("nb").await;
    let url = engine.at(&format!("/v1/sessions/{session}/messages"));
    let body = json!({ "text": question, "client_id": "c-1" });
    let posted = engine.http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let path = format!("/v1/sessions/{session}/grounds");
    let ground = eventually("the ground of the answer", async || {
        let grounds = engine.get_as(&cookie, &path).await;
        let grounds = grounds["grounds"].as_array().unwrap().clone();
        grounds.into_iter().find(|ground| ground["excerpt"] == answer)
    })
    .await;
    assert_eq!(ground["found_by"], "meaning", "{ground}");
}
