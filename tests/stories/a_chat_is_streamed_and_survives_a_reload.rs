//! A visitor chats: the answer streams, names times that are truly free, and goes on after a reload (S3-7.2, S3-11.2).

use forecourt_tests::{Forecourt, people::person, sse::Sse};
use serde_json::{Value, json};

async fn post(engine: &Forecourt, chat: &(String, String), text: &str, client_id: &str) -> Value {
    let (session, token) = chat;
    let url = engine.at(&format!("/v1/sessions/{session}/messages"));
    let body = json!({ "text": text, "client_id": client_id });
    let answer = engine.http.post(url).bearer_auth(token).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json().await.unwrap()
}

async fn events(engine: &Forecourt, chat: &(String, String), after: Option<&str>) -> Sse {
    let (session, token) = chat;
    let mut request =
        engine.http.get(engine.at(&format!("/v1/sessions/{session}/events"))).bearer_auth(token);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    Sse::new(request.send().await.unwrap())
}

#[tokio::test]
async fn token_by_token_with_real_free_times_and_resumed_by_its_cursor() {
    let mut engine = Forecourt::plain().await;
    let chat = engine.open_chat("en").await;
    let mut stream = events(&engine, &chat, None).await;
    let text = "Hi, could I book a test drive tomorrow or on Monday?";
    let posted = post(&engine, &chat, text, "c1").await;
    assert_eq!(post(&engine, &chat, text, "c1").await["message_id"], posted["message_id"]);

    let mine = stream.until("message.posted", |e| e["message"]["author"] == "customer").await;
    let mut draft = String::new();
    let mut deltas = 0;
    let answer = loop {
        let event = stream.next().await.expect("the stream goes on");
        match event.kind.as_str() {
            "draft.delta" => {
                assert_eq!(event.data["offset"].as_u64().unwrap() as usize, draft.chars().count());
                assert!(event.id.is_none(), "a draft has no place in the log");
                draft.push_str(event.data["text"].as_str().unwrap());
                deltas += 1;
            }
            "message.posted" => break event,
            _ => {}
        }
    };
    let said = answer.data["message"]["text"].as_str().unwrap();
    assert_eq!(said, draft.trim(), "what was stored is what was streamed");
    // The house writes its sentences in a millisecond; those that wait for the same write share a frame.
    assert!(deltas >= 1, "it was streamed before it was stored");
    assert!(said.contains(':'), "times are named: {said}");

    // A reload: from the cursor of the visitor's own message, the answer comes again, once.
    let mut again = events(&engine, &chat, mine.id.as_deref()).await;
    let replayed = again.until("message.posted", |_| true).await;
    assert_eq!(replayed.id, answer.id);
    // A cursor of another log is told so, and shown where to look.
    let mut foreign = events(&engine, &chat, Some("999-1")).await;
    let gap = foreign.until("gap", |_| true).await;
    let snapshot = gap.data["snapshot_url"].as_str().unwrap();
    let snapshot: Value = engine
        .http
        .get(engine.at(snapshot))
        .bearer_auth(&chat.1)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(snapshot["messages"].as_array().unwrap().len(), 2);
    drop((stream, again, foreign));
    engine.stop().await;
    engine.assert_logs_are_silent_about(&[text.into(), chat.1.clone()]);
}

#[tokio::test]
async fn one_request_can_stream_its_own_turn() {
    let engine = Forecourt::plain().await;
    let (session, token) = engine.open_chat("nb").await;
    let kari = person("nb", "turn");
    let request = engine
        .http
        .post(engine.at(&format!("/v1/sessions/{session}/messages")))
        .bearer_auth(&token)
        .header("accept", "text/event-stream")
        .json(&json!({ "text": kari.message, "client_id": "c1" }));
    let mut stream = Sse::new(request.send().await.unwrap());
    let answer = stream.until("message.posted", |e| e["message"]["author"] == "assistant").await;
    assert!(answer.data["message"]["text"].as_str().unwrap().contains("Tesla"));
    assert!(stream.next().await.is_none(), "the stream ends with its turn");
}

#[tokio::test]
async fn an_idle_stream_beats() {
    let engine = Forecourt::plain().await;
    let chat = engine.open_chat("en").await;
    let mut stream = events(&engine, &chat, None).await;
    // Twelve seconds of nothing: time itself is the subject.
    let silence = tokio::time::timeout(std::time::Duration::from_secs(12), stream.next()).await;
    assert!(silence.is_err(), "something came that nobody said: {silence:?}");
    assert!(stream.comments >= 1, "no heartbeat");
}
