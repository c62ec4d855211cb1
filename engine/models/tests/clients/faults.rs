//! Every way of failing, each with its own error.

use serde_json::json;

use super::*;
use crate::script::*;

const SOON: Duration = Duration::from_millis(150);

/// The error that an answer of these bytes ends with.
async fn error_of(bytes: Vec<u8>) -> ModelError {
    ask(vec![Act::Write(bytes)]).await.end.unwrap_err()
}

fn failure(kind: &str) -> String {
    json!({"type": "error", "error": {"type": kind, "message": "about Kari Sentinelsen"}})
        .to_string()
}

fn refused(status: &str, headers: &str, body: &str) -> Vec<u8> {
    [head(status, &format!("content-length: {}\r\n{headers}", body.len())), body.into()].concat()
}

fn status(status: u16, kind: &str, retry_after: Option<u64>) -> ModelError {
    let retry_after = retry_after.map(Duration::from_secs);
    ModelError::Status { status, kind: kind.into(), retry_after }
}

#[tokio::test]
async fn a_refusal_of_the_provider_has_its_status_its_kind_and_its_wait() {
    let limit = failure("rate_limit_error");
    for (headers, wait) in [
        ("", None),
        ("retry-after: 7\r\n", Some(7)),
        (
            "date: Sun, 06 Nov 1994 08:49:00 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            Some(37),
        ),
        ("retry-after: Mon, 23 Nov 2026 08:00:00 GMT\r\ndate: now\r\n", Some(0)),
        ("retry-after: 9\r\nretry-after-ms: 3000\r\n", Some(3)),
        ("retry-after: 99999999\r\n", Some(3_600)),
        ("retry-after: soon\r\n", None),
    ] {
        let error = error_of(refused("429 Too Many Requests", headers, &limit)).await;
        assert_eq!(error, status(429, "rate_limit_error", wait), "{headers}");
        assert!(!format!("{error} {error:?}").contains("entinel"));
    }
    let error = error_of(refused("529 Overloaded", "", &failure("overloaded_error"))).await;
    assert_eq!(error, status(529, "overloaded_error", None));
}

#[tokio::test]
async fn an_error_body_that_is_no_json_too_long_or_endless_is_of_an_unknown_kind() {
    let html = refused("500 Internal Server Error", "content-type: text/html\r\n", "<h1>oh</h1>");
    assert_eq!(error_of(html).await, status(500, "unknown", None));
    let long = refused("500 Internal Server Error", "", &"x".repeat(100_000));
    assert_eq!(error_of(long).await, status(500, "unknown", None));
    let person = refused("400 Bad Request", "", &failure("Kari Sentinelsen"));
    assert_eq!(error_of(person).await, status(400, "unknown", None));
    let endless =
        vec![Act::Write(head("503 Service Unavailable", "")), Act::Repeat(b"x".to_vec(), SOON)];
    assert_eq!(ask(endless).await.end, Err(status(503, "unknown", None)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved = refused("307 Temporary Redirect", "location: http://127.0.0.1:9/\r\n", "");
    assert_eq!(error_of(moved).await, status(307, "unknown", None));
}

#[tokio::test]
async fn an_answer_that_is_no_event_stream_is_not_of_the_protocol() {
    for headers in ["content-type: application/json\r\n", ""] {
        let error = error_of(refused("200 OK", headers, "{\"type\":\"message\"}")).await;
        assert!(matches!(error, ModelError::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_given_up() {
    for script in [
        vec![Act::Hang],
        vec![Act::Write(sse()), Act::Hang],
        vec![Act::Write(sse()), Act::Repeat(b": comment\n\n".to_vec(), SOON / 4)],
    ] {
        let outcome = ask_with(script, |config| config.client.first_byte = SOON).await;
        assert_eq!((outcome.text.as_str(), outcome.end), ("", Err(ModelError::FirstByte)));
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up_with_what_it_had() {
    let begun = stream(&[start(), block(), text("Hei! Bilen")].concat());
    let outcome = ask_with(vec![Act::Write(begun.clone()), Act::Hang], |config| {
        config.client.idle = SOON;
    })
    .await;
    assert_eq!(outcome.text, "Hei!");
    assert_eq!(outcome.end, Err(ModelError::Idle));

    let pings = vec![Act::Write(begun), Act::Repeat(ping().into_bytes(), SOON / 8)];
    let outcome = ask_with(pings, |config| config.client.silence = 2 * SOON).await;
    assert_eq!(outcome.end, Err(ModelError::Idle), "pings alone do not keep it alive for ever");
}

#[tokio::test]
async fn pings_keep_a_stream_alive_for_a_while() {
    // Four pauses of half the idle time each: without the pings it would be given up.
    let mut script = vec![Act::Write(stream(&start()))];
    let all = hello();
    let rest = &all[start().len()..];
    for _ in 0..4 {
        script.push(Act::Pause(SOON));
        script.push(Act::Write(ping().into_bytes()));
    }
    script.push(Act::Write(rest.into()));
    let outcome = ask_with(script, |config| config.client.idle = 3 * SOON).await;
    assert_eq!(outcome.text, HELLO);
}

#[tokio::test]
async fn a_stream_without_its_end_marker_is_truncated_however_it_ends() {
    let whole = hello();
    let cut = stream(&whole[..whole.len() - stop().len()]);
    let clean = ask(vec![Act::Write(cut.clone())]).await;
    assert_eq!(clean.text, "Hei Kari! Bilen står her ennå.");
    assert_eq!(clean.end, Err(ModelError::Truncated));

    let reset = ask(vec![Act::Write(cut), Act::Pause(SOON), Act::Reset]).await;
    assert_eq!(reset.end, Err(ModelError::Truncated));

    // The last event is there, but for the blank line that ends it.
    let unended = stream(whole.strip_suffix('\n').unwrap());
    assert_eq!(error_of(unended).await, ModelError::Truncated);

    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\nff\r\n: ";
    assert_eq!(error_of(chunked.into()).await, ModelError::Truncated);
    assert_eq!(error_of(sse()).await, ModelError::Truncated);
}

#[tokio::test]
async fn a_connection_that_ends_before_an_answer_is_a_transport_error() {
    assert_eq!(ask(vec![Act::Reset]).await.end, Err(ModelError::Transport));
    assert_eq!(ask(vec![]).await.end, Err(ModelError::Transport));
    assert_eq!(error_of(b"SSH-2.0-x\r\n\r\n".to_vec()).await, ModelError::Transport);
}

#[tokio::test]
async fn a_provider_that_is_not_there_cannot_be_reached() {
    let address = Server::start(vec![]).await.address; // and dropped: nobody listens there now
    let model = client(config(format!("http://{address}")));
    let (_, end) = timeout(PATIENCE, read(&model)).await.unwrap();
    assert_eq!(end, Err(ModelError::Transport));
}

#[tokio::test]
async fn an_error_in_the_stream_has_its_kind() {
    let error = format!("event: error\ndata: {}\n\n", failure("overloaded_error"));
    let broken = stream(&[start(), block(), text("Hei! Bilen"), error].concat());
    let outcome = ask(vec![Act::Write(broken), Act::Hang]).await;
    assert_eq!(outcome.text, "Hei!");
    assert_eq!(outcome.end, Err(ModelError::InStream { kind: "overloaded_error".into() }));
}

#[tokio::test]
async fn what_is_not_of_the_protocol_is_said_so_and_not_repeated() {
    let tool = ev(&json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "tool_use", "id": "toolu_1", "name": "book", "input": {}}}));
    for body in [
        "data: Kari Sentinelsen\n\n".to_owned(),
        "data: [DONE]\n\n".into(),
        "event: message_start\ndata: {\"type\":\"message_start\"\n\n".into(),
        [start(), text("Hei.")].concat(),
        [start(), tool].concat(),
        [start(), block(), text("Hei."), start()].concat(),
        format!("{}{}", &hello()[..hello().len() - stop().len()], hello()),
        answer(&[], "end_turn"),
        answer(&[" ", "\n"], "end_turn"),
        answer(&["Hei."], "tool_use"),
    ] {
        let error = error_of(stream(&body)).await;
        assert!(matches!(error, ModelError::Protocol(_)), "{error:?} of {body}");
        assert!(!format!("{error} {error:?}").contains("entinel"));
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_not_of_the_protocol() {
    let begun = stream(&[start(), block(), text("Hei! Bilen")].concat());
    let bytes = [begun, b"data: \xff\xfe\n".to_vec()].concat();
    let error = ask(vec![Act::Write(bytes), Act::Hang]).await.end.unwrap_err();
    assert!(matches!(error, ModelError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn garbage_ends_in_time_with_an_error() {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(ask(vec![Act::Write(sse()), Act::Write(noise)]).await.end.is_err());
}

#[tokio::test]
async fn a_refusal_of_the_model_is_refused() {
    let refusal = answer(&["Det kan jeg ikke."], "refusal");
    assert_eq!(error_of(stream(&refusal)).await, ModelError::Refused);
    let silent = [start(), end("refusal"), stop()].concat();
    assert_eq!(error_of(stream(&silent)).await, ModelError::Refused);
}

#[tokio::test]
async fn an_answer_cut_before_its_first_sentence_ended_is_too_long() {
    let cut = answer(&["Vi har ledig tirsdag 24."], "max_tokens");
    assert_eq!(error_of(stream(&cut)).await, ModelError::TooLong);
}

#[tokio::test]
async fn dropping_the_stream_ends_the_call_wherever_it_is() {
    let begun = stream(&[start(), block(), text("Hei! Bilen")].concat());
    for script in
        [vec![Act::Hang], vec![Act::Write(sse()), Act::Hang], vec![Act::Write(begun), Act::Hang]]
    {
        let speaks = script.len() == 2
            && matches!(&script[0], Act::Write(bytes) if bytes.len() > sse().len());
        let mut server = Server::start(script).await;
        let model = client(config(server.base_url()));
        let mut stream = model.answer(common::ask());
        if speaks {
            assert_eq!(stream.next().await, Some(Ok(Delta::Text("Hei!".into()))));
        } else {
            timeout(PATIENCE, server.until_asked()).await.expect("the request came");
        }
        drop(stream);
        timeout(Duration::from_secs(2), server.until_left()).await.expect("the call ended");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_listener_that_does_not_listen_holds_the_provider_back() {
    // Far more than channel, buffers and sockets hold; the caps are raised, so only waiting holds it.
    let piece = text(&"Hei. ".repeat(200));
    let mut server = Server::start(vec![
        Act::Write(stream(&[start(), block()].concat())),
        Act::Repeat(piece.into_bytes(), Duration::ZERO),
    ])
    .await;
    let mut config = config(server.base_url());
    config.client.max_chars = 1_000_000;
    let model = client(config);
    let mut stream = model.answer(common::ask());
    assert!(matches!(stream.next().await, Some(Ok(Delta::Text(_)))));
    timeout(PATIENCE, server.until_stuck()).await.expect("the provider can write no more");
    drop(stream);
    timeout(PATIENCE, server.until_left()).await.expect("the call ended");
}

#[test]
fn a_runtime_that_is_gone_gives_an_error_and_no_silence() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let model = {
        let _inside = runtime.enter();
        client(config("http://127.0.0.1:9".into()))
    };
    runtime.shutdown_background();
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_, end) = other.block_on(async { timeout(PATIENCE, read(&model)).await.unwrap() });
    assert_eq!(end, Err(ModelError::Transport));
}
