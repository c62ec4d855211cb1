//! Embeddings, and every way in which they do not come.

use forecourt_models::{
    client::ClientConfig,
    openai::embeddings::{Embeddings, EmbeddingsConfig},
    prices,
};
use forecourt_ports::{
    embedder::{EmbedError, Embedded, Embedder as _, MOST_TEXTS, Space},
    model::NanoUsd,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::script::*;

fn embeddings(server: &Server, set: impl FnOnce(&mut ClientConfig)) -> Embeddings {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut client =
        ClientConfig::new("sk-sentinel".to_owned().into(), &server.base_url(), "toy-1");
    client.price = prices::parse_input("0.02");
    let mut config = EmbeddingsConfig::new(client, 8);
    set(&mut config.client);
    Embeddings::new(config, Handle::current()).unwrap()
}

fn body(status: &str, headers: &str, body: &str) -> Vec<Act> {
    let headers = format!("content-length: {}\r\n{headers}", body.len());
    vec![Act::Write([head(status, &headers), body.into()].concat())]
}

fn vectors(all: &[(usize, Vec<f32>)]) -> Value {
    let data: Vec<_> = all
        .iter()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    json!({"object": "list", "data": data, "model": "toy-1", "usage": {"prompt_tokens": 7, "total_tokens": 7}})
}

async fn embed(script: Vec<Act>, texts: &[&str]) -> (Result<Embedded, EmbedError>, Vec<Request>) {
    let server = Server::start(script).await;
    let client = embeddings(&server, |_| {});
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let embedded = timeout(PATIENCE, client.embed(&texts, Timestamp::UNIX_EPOCH)).await;
    (embedded.expect("an end in time"), server.requests())
}

#[tokio::test]
async fn vectors_come_in_the_order_of_their_texts_at_length_one_and_are_paid() {
    let (mut one, mut two) = (vec![0.0; 8], vec![0.0; 8]);
    (one[0], two[1]) = (2.0, 1.0);
    let answer = vectors(&[(1, two.clone()), (0, one)]).to_string();
    let script = body("200 OK", "content-type: application/json\r\n", &answer);
    let (embedded, requests) = embed(script, &["dekk", "ring 99 88 77 66"]).await;
    let Embedded { vectors, usage, cost } = embedded.unwrap();
    assert!((vectors[0][0] - 1.0).abs() < 1e-6 && vectors[1] == two, "{vectors:?}");
    assert_eq!((usage.input, cost), (7, Some(NanoUsd(140))));
    let request = &requests[0];
    assert!(request.head.starts_with("POST /embeddings "), "{}", request.head);
    assert_eq!(request.header("authorization"), Some("Bearer sk-sentinel"));
    assert_eq!(request.body["input"], json!(["dekk", "ring [number]"]), "no number leaves (A13)");
    assert_eq!(request.body["model"], "toy-1");
    assert_eq!(request.body.get("dimensions"), None, "local servers do not know it");
}

#[tokio::test]
async fn what_is_no_answer_of_the_space_is_an_error() {
    let unit = |dims: usize| {
        let mut vector = vec![0.0; dims];
        vector[0] = 1.0;
        vector
    };
    for (answer, other_space) in [
        (vectors(&[(0, unit(16))]).to_string(), true),
        (vectors(&[(0, vec![0.0; 8])]).to_string(), false),
        (vectors(&[(1, unit(8))]).to_string(), false),
        (vectors(&[(0, unit(8)), (0, unit(8))]).to_string(), false),
        (vectors(&[]).to_string(), false),
        ("<html>502</html>".to_owned(), false),
        (json!({"data": [{"index": 0, "embedding": "AAAA"}]}).to_string(), false),
        ("x".repeat(9 * 1024 * 1024), false),
    ] {
        let (embedded, _) = embed(body("200 OK", "", &answer), &["dekk"]).await;
        let error = embedded.unwrap_err();
        assert_eq!(error == EmbedError::OtherSpace, other_space, "{error}");
        assert!(!error.is_of_the_texts(), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_has_its_status_its_kind_and_its_wait() {
    let failure = json!({"error": {"message": "about Kari", "type": "requests", "param": null, "code": "rate_limit_exceeded"}}).to_string();
    let limited = body("429 Too Many Requests", "retry-after: 7\r\n", &failure);
    let error = embed(limited, &["dekk"]).await.0.unwrap_err();
    let wanted = ModelError::Status {
        status: 429,
        kind: "rate_limit_exceeded".into(),
        retry_after: Some(Duration::from_secs(7)),
    };
    assert_eq!(error, EmbedError::Model(wanted));
    assert!(!format!("{error} {error:?}").contains("Kari"));
    let bad = body("400 Bad Request", "", &failure);
    assert!(embed(bad, &["dekk"]).await.0.unwrap_err().is_of_the_texts());
    let reset = embed(vec![Act::Reset], &["dekk"]).await.0.unwrap_err();
    assert_eq!(reset, EmbedError::Model(ModelError::Transport));
}

#[tokio::test]
async fn a_provider_that_hangs_is_given_up_and_who_gives_up_first_leaves_nothing_behind() {
    let server = Server::start(vec![Act::Hang]).await;
    let client = embeddings(&server, |config| config.total = Duration::from_millis(200));
    let texts = ["dekk".to_owned()];
    let late = timeout(PATIENCE, client.embed(&texts, Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!(late, Err(EmbedError::Model(ModelError::TooSlow)));
    let mut server = Server::start(vec![Act::Hang]).await;
    let patient = embeddings(&server, |_| {});
    let asking = tokio::spawn(async move {
        let texts = ["dekk".to_owned()];
        patient.embed(&texts, Timestamp::UNIX_EPOCH).await
    });
    server.until_asked().await;
    asking.abort();
    timeout(PATIENCE, server.until_left()).await.expect("the call is left with its caller");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_not_even_asked() {
    let many = vec!["dekk"; MOST_TEXTS + 1];
    for texts in [&[][..], &[" "], &["dekk", ""], &many] {
        let (embedded, requests) = embed(vec![Act::Hang], texts).await;
        assert_eq!(embedded, Err(EmbedError::Bounds));
        assert!(requests.is_empty());
    }
    let server = Server::start(vec![Act::Hang]).await;
    let client = embeddings(&server, |_| {});
    assert_eq!(*client.space(), Space { model: "toy-1".into(), dims: 8 });
}
