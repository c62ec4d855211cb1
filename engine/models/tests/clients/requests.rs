//! What each client asks its provider for: the prompt, the tools, and what they said.

use forecourt_ports::model::{Ask, Call, Carry, Choice, Round, ToolResult};
use serde_json::{Value, json};

use super::*;
use crate::{
    dialects::{ALL, Dialect},
    script::stream,
};

/// The request that an ask becomes.
async fn asked(dialect: Dialect, ask: Ask) -> Request {
    let server = Server::start(vec![Act::Write(stream(&dialect.answer().concat()))]).await;
    let model = dialect.client(server.base_url(), |_| {});
    timeout(PATIENCE, dialects::read(model.as_ref(), ask)).await.unwrap().end.unwrap();
    server.requests().remove(0)
}

/// The usual question, after two calls were answered; `by` names whose carry comes along.
fn second(by: &str, what: Value) -> Ask {
    let call = |id: &str, name: &str| Call {
        id: id.into(),
        name: name.into(),
        args: json!({"q": "å"}).as_object().unwrap().clone(),
    };
    let result = |id: &str, content: &str, is_error| ToolResult {
        id: id.into(),
        content: content.into(),
        is_error,
    };
    let mut ask = dialects::ask();
    ask.toolbox.choice = Choice::Required;
    ask.toolbox.rounds = vec![Round {
        text: "Et øyeblikk.".into(),
        calls: vec![call("t1", "find"), call("t2", "now")],
        results: vec![result("t1", "{\"slots\":[]}", false), result("t2", "no clock", true)],
        carry: Some(Carry { by: by.into(), what }),
    }];
    ask
}

#[tokio::test]
async fn each_request_goes_where_its_protocol_says_with_the_key_once() {
    for (dialect, path, header, key) in [
        (Dialect::Anthropic, "POST /v1/messages HTTP/1.1", "x-api-key", "sk-sentinel"),
        (Dialect::OpenAi, "POST /chat/completions HTTP/1.1", "authorization", "Bearer sk-sentinel"),
        (
            Dialect::Gemini,
            "POST /v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse HTTP/1.1",
            "x-goog-api-key",
            "sk-sentinel",
        ),
    ] {
        let request = asked(dialect, dialects::ask()).await;
        assert_eq!(request.head.lines().next(), Some(path));
        assert_eq!(request.header(header), Some(key));
        assert_eq!(request.head.matches("sk-sentinel").count(), 1, "{dialect:?}");
        let turn = common::ask().turn.to_string();
        assert_eq!(request.header("idempotency-key"), Some(turn.as_str()));
    }
}

#[tokio::test]
async fn what_a_customer_wrote_is_never_in_the_systems_part() {
    for (dialect, system) in [
        (Dialect::Anthropic, "/system"),
        (Dialect::OpenAi, "/messages/0/content"),
        (Dialect::Gemini, "/systemInstruction"),
    ] {
        let body = asked(dialect, dialects::ask()).await.body;
        let system = body.pointer(system).unwrap().to_string();
        assert!(system.contains("Nordlys Bil"), "{dialect:?}");
        assert!(!system.to_lowercase().contains("sentinel"), "{dialect:?}");
        assert!(body.to_string().contains("sentinel-bilen"), "{dialect:?}");
    }
}

#[tokio::test]
async fn tools_and_what_they_said_are_told_in_the_messages_protocol() {
    let thought = json!([{"type": "thinking", "thinking": "hm", "signature": "s"}]);
    let body = asked(Dialect::Anthropic, second("anthropic", thought.clone())).await.body;
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
    assert_eq!(body["tools"][0]["name"], "find");
    assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
    let messages = body["messages"].as_array().unwrap();
    let [.., said, results] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(
        *said,
        json!({"role": "assistant", "content": [
            thought[0],
            {"type": "text", "text": "Et øyeblikk."},
            {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "å"}},
            {"type": "tool_use", "id": "t2", "name": "now", "input": {"q": "å"}}]})
    );
    assert_eq!(
        *results,
        json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "{\"slots\":[]}", "is_error": false},
            {"type": "tool_result", "tool_use_id": "t2", "content": "no clock", "is_error": true}]})
    );
}

#[tokio::test]
async fn tools_and_what_they_said_are_told_in_chat_completions() {
    let body = asked(Dialect::OpenAi, second("anthropic", json!([]))).await.body;
    assert_eq!(body["tool_choice"], "required");
    assert_eq!(body["tools"][0]["function"]["name"], "find");
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!((&body["max_tokens"], body.get("max_completion_tokens")), (&json!(500), None));
    assert!(body.get("store").is_none(), "servers that are not the company itself do not know it");
    let messages = body["messages"].as_array().unwrap();
    let called = |id: &str, name: &str| {
        json!({"id": id, "type": "function",
            "function": {"name": name, "arguments": "{\"q\":\"å\"}"}})
    };
    assert_eq!(
        messages[messages.len() - 3..],
        [
            json!({"role": "assistant", "content": "Et øyeblikk.",
                "tool_calls": [called("t1", "find"), called("t2", "now")]}),
            json!({"role": "tool", "tool_call_id": "t1", "content": "{\"slots\":[]}"}),
            json!({"role": "tool", "tool_call_id": "t2", "content": "error: no clock"}),
        ]
    );
}

#[tokio::test]
async fn tools_and_what_they_said_are_told_to_gemini_with_their_signatures() {
    for (by, what, signature) in [
        ("gemini", json!({"t1": "c2ln"}), "c2ln"),
        ("anthropic", json!([]), "skip_thought_signature_validator"),
    ] {
        let body = asked(Dialect::Gemini, second(by, what)).await.body;
        assert_eq!(body["toolConfig"]["functionCallingConfig"]["mode"], "ANY");
        assert_eq!(body["tools"][0]["functionDeclarations"][1]["name"], "now");
        assert_eq!(body["generationConfig"]["thinkingConfig"]["thinkingLevel"], "low");
        let contents = body["contents"].as_array().unwrap();
        let [.., said, results] = &contents[..] else { panic!("{contents:?}") };
        assert_eq!(
            *said,
            json!({"role": "model", "parts": [
                {"text": "Et øyeblikk."},
                {"functionCall": {"id": "t1", "name": "find", "args": {"q": "å"}},
                    "thoughtSignature": signature},
                {"functionCall": {"id": "t2", "name": "now", "args": {"q": "å"}}}]})
        );
        assert_eq!(
            *results,
            json!({"role": "user", "parts": [
                {"functionResponse": {"id": "t1", "name": "find", "response": {"result": {"slots": []}}}},
                {"functionResponse": {"id": "t2", "name": "now", "response": {"error": "no clock"}}}]})
        );
    }
}

#[tokio::test]
async fn without_tools_none_is_spoken_of() {
    for dialect in ALL {
        let server = Server::start(vec![Act::Write(stream(&dialect.answer().concat()))]).await;
        let model = dialect.client(server.base_url(), |_| {});
        let told = timeout(PATIENCE, dialects::read(model.as_ref(), common::ask())).await.unwrap();
        assert!(matches!(told.end, Err(ModelError::Protocol(_))), "a call was not offered");
        let body = server.requests().remove(0).body.to_string();
        assert!(!body.contains("tool_choice") && !body.contains("toolConfig"), "{dialect:?}");
        assert!(!body.contains("\"tools\""), "{dialect:?}");
    }
}
