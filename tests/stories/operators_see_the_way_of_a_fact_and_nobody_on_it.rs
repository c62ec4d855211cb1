//! Operators follow a lead from the request to the letter, in traces, logs and metrics, and learn of
//! nobody's name, address, number or words (A13).

use std::collections::{BTreeMap, BTreeSet};

use forecourt_tests::{
    Forecourt, Options, PATIENCE,
    collector::{Collector, Span},
    people::person,
    process::TENANT,
    sse::Sse,
};
use serde_json::{Value, json};

const CALLERS_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";

/// What the documentation of the way allows: attributes by span.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = include_str!("../../actors/src/way.rs");
    let codes = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let rows = rows.map(|row| format!("`{row}"));
    let mut documented = BTreeMap::new();
    for row in rows {
        let mut cells = row.split('|');
        let names = codes(cells.next().unwrap_or_default());
        let attributes: BTreeSet<_> = codes(cells.next().unwrap_or_default()).into_iter().collect();
        documented.extend(names.into_iter().map(|name| (name, attributes.clone())));
    }
    assert!(documented.len() > 10, "the table is read");
    documented
}

/// The way to a span, from the first of its trace.
fn way<'a>(spans: &'a [Span], span: &'a Span) -> Vec<&'a str> {
    let mut way = vec![span.name.as_str()];
    let mut at = span;
    while let Some(parent) = spans.iter().find(|other| other.id == at.parent) {
        way.push(&parent.name);
        at = parent;
    }
    way.reverse();
    way
}

#[tokio::test]
async fn along_a_lead_and_a_chat() {
    let collector = Collector::start().await;
    let options = Options::default()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("FORECOURT_LOG_FORMAT", "json");
    let mut engine = Forecourt::start(options).await;
    let (kari, fiona) = (person("nb", "way"), person("en", "way"));

    let answer = engine
        .http
        .post(engine.at(&format!("/v1/webhooks/form/{TENANT}")))
        .header("traceparent", format!("00-{CALLERS_TRACE}-{CALLERS_SPAN}-01"))
        .json(&kari.form())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let place = answer.headers()["traceresponse"].to_str().unwrap().to_owned();
    assert!(place.starts_with(&format!("00-{CALLERS_TRACE}-")), "{place}");
    engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.expect("an answer");

    let chat = engine.open_chat("en").await;
    let at = |rest: &str| engine.at(&format!("/v1/sessions/{}/{rest}", chat.0));
    let events = engine.http.get(at("events")).bearer_auth(&chat.1).send().await.unwrap();
    let mut events = Sse::new(events);
    let body = json!({ "text": fiona.message, "client_id": "c1" });
    let posted = engine.http.post(at("messages")).bearer_auth(&chat.1).json(&body).send().await;
    assert_eq!(posted.unwrap().status(), 202);
    events.until("message.posted", |e| e["message"]["author"] == "assistant").await;
    drop(events);

    // What somebody sends to forge a line of the log.
    let forged = json!({ "name": "x\r\nERROR forged\u{1b}[2J", "email": "x\r\ny", "message": "" });
    assert_eq!(engine.post_form(TENANT, &forged).await.status(), 400);
    let nowhere = engine.http.get(engine.at("/v1/%0d%0aERROR%20forged%1b[2J")).send().await;
    assert_eq!(nowhere.unwrap().status(), 404);

    let metrics =
        engine.http.get(engine.at("/metrics")).send().await.unwrap().text().await.unwrap();
    engine.stop().await;

    let mut secrets = kari.secrets();
    secrets.extend(fiona.secrets());
    the_traces_tell_the_way(&collector, &secrets);
    the_logs_are_lines_of_json(&engine, &secrets);
    the_metrics_are_those_of_the_catalogue(&metrics, &secrets);
}

fn the_traces_tell_the_way(collector: &Collector, secrets: &[String]) {
    let raw = collector.raw();
    for secret in secrets {
        let there = raw.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!there, "A13: {secret:?} is in the traces");
    }
    let spans = collector.spans();
    let documented = documented();
    for span in &spans {
        let name = &span.name;
        let Some(allowed) = documented.get(name) else {
            panic!("{name} is not documented: {span:?}");
        };
        for attribute in span.attributes.keys() {
            assert!(allowed.contains(attribute), "{name} has an undocumented {attribute}");
        }
    }

    // From the request, which goes on with the caller's trace, to the listeners.
    let request = spans.iter().find(|s| s.trace == CALLERS_TRACE && s.name == "http.request");
    let request = request.expect("the request");
    assert_eq!(request.attributes["http.route"], "/v1/webhooks/form/{tenant}");
    assert_eq!(request.parent, CALLERS_SPAN);
    assert_eq!(request.attributes["http.response.status_code"], "200");
    let submit = spans.iter().find(|s| s.parent == request.id).expect("the command");
    assert_eq!(
        (submit.attributes["command"].as_str(), submit.attributes["outcome"].as_str()),
        ("submit", "stored")
    );
    let below = |parent: &Span, name: &str| {
        let found = spans.iter().find(|span| span.parent == parent.id && span.name == name);
        found.cloned().unwrap_or_else(|| panic!("no {name} below {parent:?}: {spans:#?}"))
    };
    below(submit, "session.decide");
    let stored = below(submit, "session.store");
    let commit = below(&stored, "journal.commit");
    assert!(commit.links.contains(&stored.id), "a commit is linked to each of its decisions");
    below(&commit, "journal.publish");

    // From the model to the provider, and back to the session.
    let session = &submit.attributes["session.id"];
    let mut of_session = spans.iter().filter(|s| s.attributes.get("session.id") == Some(session));
    let turn = of_session.clone().find(|span| span.name == "turn").expect("a turn");
    // A model that calls tools is asked once more with what they found.
    let answered = |span: &&Span| {
        span.parent == turn.id
            && span.name == "turn.attempt"
            && span.attributes.get("outcome").is_some_and(|outcome| outcome == "answered")
    };
    let attempt = spans.iter().find(answered).expect("an attempt that answered");
    assert_eq!(attempt.attributes["attempt"].as_str(), "1");
    assert!(attempt.events.iter().any(|event| event == "first_text"), "{attempt:?}");
    let end = below(turn, "session.command");
    assert_eq!(end.attributes["command"], "end_turn");
    let delivery = of_session.find(|span| span.name == "delivery").expect("a delivery");
    assert_eq!(delivery.attributes["outcome"], "accepted");
    below(delivery, "delivery.prepare");
    below(delivery, "delivery.hand_over");
    assert_eq!(below(delivery, "session.command").attributes["command"], "report_delivery");
    let from = way(&spans, delivery);
    assert!(["http.request", "timer"].contains(&from[0]), "{from:?}");
    assert!(from.ends_with(&["turn", "session.command", "delivery"]), "{from:?}");
}

fn the_logs_are_lines_of_json(engine: &Forecourt, secrets: &[String]) {
    engine.assert_logs_are_silent_about(secrets);
    let logs = engine.logs();
    let mut traced = 0;
    for line in logs.lines() {
        let told: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(told[field].is_string(), "no {field}: {line}");
        }
        assert_eq!(told.get("trace_id").is_some(), told.get("span_id").is_some(), "{line}");
        traced += usize::from(told["trace_id"] == CALLERS_TRACE);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.contains("forged"), "what was sent is in the log: {line}");
    }
    assert!(traced > 0, "no line tells the caller's trace:\n{logs}");
}

fn the_metrics_are_those_of_the_catalogue(metrics: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!metrics.contains(secret.as_str()), "A13: {secret:?} is in the metrics");
    }
    let catalogue = include_str!("../../gateway/server/METRICS.md");
    let rows: Vec<_> = catalogue.lines().filter_map(|line| line.strip_prefix("| `")).collect();
    let listed: BTreeSet<_> = rows.iter().filter_map(|row| row.split('`').next()).collect();
    let typed = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let told: BTreeSet<_> = typed.filter_map(|line| line.split(' ').next()).collect();
    let unlisted: Vec<_> = told.difference(&listed).collect();
    assert!(unlisted.is_empty(), "not in METRICS.md: {unlisted:?}");
    for row in rows.iter().filter(|row| row.contains(" ● |")) {
        let name = row.split('`').next().unwrap_or_default();
        assert!(told.contains(name), "{name} should be there from the start:\n{metrics}");
    }
    // What a lead and a chat have left behind.
    for name in [
        "forecourt_answered_seconds",
        "forecourt_commit_seconds",
        "forecourt_turn_first_text_seconds",
        "forecourt_deliveries_total",
        "forecourt_http_requests_total",
        "forecourt_journal_queue_deepest",
        "forecourt_arbiter_lag_seconds",
        "forecourt_store_connections",
        "process_resident_memory_bytes",
    ] {
        assert!(told.contains(name), "{name} is missing:\n{metrics}");
        let help = format!("# HELP {name} ");
        assert!(metrics.contains(&help), "{name} says nothing of itself");
    }
    let answered = "forecourt_answered_seconds_bucket{le=\"90\"}";
    assert!(metrics.contains(answered), "the promise's own buckets:\n{metrics}");
}
