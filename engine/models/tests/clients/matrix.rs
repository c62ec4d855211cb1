//! Every client against every way in which a stream can go wrong, at every place.
//!
//! Whatever comes, an ask ends in time with `Done` or one typed error; it is `Done` only where all that
//! completes an answer came, and what was shown until then is the beginning of the answer.

use forecourt_ports::model::{Stop, Usage};
use futures_util::stream;
use serde_json::json;

use super::*;
use crate::{
    dialects::{ALL, Dialect, SAID, Told},
    script::{head, sse},
};

const SOON: Duration = Duration::from_millis(150);
/// Cases that run at once.
const AT_ONCE: usize = 24;
/// The most that a client reads of one answer, and what kernel and HTTP may hold of it beside.
const MOST_READ: usize = (8 << 20) + (12 << 20);

/// A piece of text that comes twice is one that was said twice: nothing tells.
const TWICE: &str = "twice";

/// Asks a provider that follows `script`.
async fn told(dialect: Dialect, script: Vec<Act>, idle: Duration) -> Told {
    let server = Server::start(script).await;
    let model = dialect.client(server.base_url(), |config| config.idle = idle);
    let told = timeout(PATIENCE, dialects::read(model.as_ref(), dialects::ask()));
    told.await.unwrap_or_else(|_| panic!("{dialect:?}: no end in time"))
}

/// Runs cases side by side and looks at what came of each.
async fn each<T: std::fmt::Debug>(
    cases: impl IntoIterator<Item = (Dialect, T, Vec<Act>)>,
    idle: Duration,
    look: impl Fn(Dialect, &T, &Told),
) {
    let mut all =
        stream::iter(cases)
            .map(|(dialect, case, script)| async move {
                (dialect, case, told(dialect, script, idle).await)
            })
            .buffer_unordered(AT_ONCE);
    while let Some((dialect, case, told)) = all.next().await {
        let begins = SAID.starts_with(told.text.trim_end());
        assert!(begins || format!("{case:?}").contains(TWICE), "{dialect:?} {case:?}: {told:?}");
        assert!(!format!("{:?}", told.end).contains("entinel"), "{dialect:?} {case:?}: {told:?}");
        look(dialect, &case, &told);
    }
}

fn assert_whole(dialect: Dialect, told: &Told) {
    assert_eq!(told.text, SAID, "{dialect:?}");
    let calls: Vec<_> =
        told.calls.iter().map(|call| (&*call.id, &*call.name, call.args.clone().into())).collect();
    assert_eq!(calls, [("t1", "find", json!({"q": "å"})), ("t2", "now", json!({}))], "{dialect:?}");
    let done = told.end.as_ref().unwrap();
    assert_eq!(done.stop, Stop::Calls);
    let usage = Usage { input: 12, cached: 4_096, output: 30, ..Usage::default() };
    assert_eq!(done.usage, usage, "{dialect:?}");
}

/// The head and these bytes, then the end of the connection.
fn sends(body: &[u8]) -> Vec<Act> {
    vec![Act::Write([sse(), body.to_vec()].concat())]
}

#[tokio::test]
async fn the_same_answer_is_the_same_from_every_provider_however_it_travels() {
    let cases = ALL.into_iter().flat_map(|dialect| {
        let whole = dialect.answer().concat();
        let crlf = whole.replace('\n', "\r\n");
        let noisy: String =
            whole.split_inclusive("\n\n").flat_map(|event| [": alive\n\n", event]).collect();
        let bom = format!("\u{feff}{whole}");
        let drip = vec![Act::Write(sse()), Act::Drip(whole.clone().into_bytes())];
        let scripts = [whole, crlf, noisy, bom].map(|body| sends(body.as_bytes()));
        scripts.into_iter().chain([drip]).map(move |script| (dialect, (), script))
    });
    each(cases, PATIENCE, |dialect, (), told| assert_whole(dialect, told)).await;
}

/// The places where a stream of events may be cut: behind each event, and within each.
fn cuts(events: &[String]) -> Vec<(usize, usize)> {
    let mut at = 0;
    let mut cuts = vec![(0, 0)];
    for (index, event) in events.iter().enumerate() {
        // Within: behind the first byte, in the middle (of a letter, too), before the last line end.
        cuts.extend([1, event.len() / 2, event.len() - 1].map(|within| (index, at + within)));
        at += event.len();
        cuts.push((index + 1, at));
    }
    cuts
}

#[tokio::test]
async fn a_stream_cut_anywhere_is_truncated_and_shows_only_what_came() {
    let cases = ALL.into_iter().flat_map(|dialect| {
        let events = dialect.answer();
        let whole = events.concat().into_bytes();
        cuts(&events).into_iter().flat_map(move |(came, at)| {
            let clean = sends(&whole[..at]);
            // The pause lets what was written arrive before the connection is torn down.
            let torn = [clean.clone(), vec![Act::Pause(SOON), Act::Reset]].concat();
            let chunk = format!("{:x}\r\n", at.max(1) + 1);
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n";
            let unended =
                vec![Act::Write([head.as_bytes(), chunk.as_bytes(), &whole[..at]].concat())];
            [("clean", clean), ("torn", torn), ("chunk", unended)]
                .map(|(how, script)| (dialect, (how, came, at), script))
        })
    });
    each(cases, PATIENCE, |dialect, case, told| {
        let (how, came, _) = *case;
        let (all, needed) = (dialect.answer().len(), dialect.needed());
        if came == all {
            assert_whole(dialect, told);
        } else if came < needed || how != "clean" {
            assert_eq!(told.end, Err(ModelError::Truncated), "{dialect:?} {case:?}");
            assert!(told.calls.is_empty(), "no call of a cut answer is told");
        } else {
            assert_eq!((told.text.as_str(), told.calls.len()), (SAID, 2), "{dialect:?} {case:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_stalls_anywhere_is_given_up() {
    let cases = ALL.into_iter().flat_map(|dialect| {
        let events = dialect.answer();
        let whole = events.concat().into_bytes();
        let places = cuts(&events)
            .into_iter()
            .filter(move |(came, at)| (1..dialect.answer().len()).contains(came) && *at > 0);
        places.map(move |(came, at)| {
            (dialect, (came, at), [sends(&whole[..at]), vec![Act::Hang]].concat())
        })
    });
    each(cases, 2 * SOON, |dialect, case, told| {
        assert_eq!(told.end, Err(ModelError::Idle), "{dialect:?} {case:?}");
    })
    .await;
}

#[tokio::test]
async fn an_error_at_any_place_of_the_stream_has_its_kind() {
    let cases = ALL.into_iter().flat_map(|dialect| {
        let events = dialect.answer();
        (0..events.len()).map(move |at| {
            let begun = events[..at].concat() + &dialect.error().0;
            (dialect, at, [sends(begun.as_bytes()), vec![Act::Hang]].concat())
        })
    });
    each(cases, PATIENCE, |dialect, at, told| {
        let kind = dialect.error().1.to_owned();
        assert_eq!(told.end, Err(ModelError::InStream { kind }), "{dialect:?} {at}");
    })
    .await;
}

/// What may stand where an event should.
fn nonsense(event: &str) -> Vec<(&'static str, Vec<u8>)> {
    let instead = |data: &str| format!("data: {data}\n\n").into_bytes();
    let named = |data: &str| {
        let name = event.lines().next().filter(|line| line.starts_with("event:"));
        format!("{}\ndata: {data}\n\n", name.unwrap_or(": none")).into_bytes()
    };
    let mut broken = event.as_bytes().to_vec();
    broken.insert(event.len() / 2, 0xff);
    vec![
        ("no JSON", instead("not json")),
        ("half of an object", named("{")),
        ("a list", named("[]")),
        ("null", named("null")),
        ("a number", named("1e999")),
        ("a text", named("\"text\"")),
        ("an empty object", named("{}")),
        ("no data", named("")),
        ("deep", named(&"[".repeat(50_000))),
        ("deep objects", named(&"{\"a\":".repeat(20_000))),
        ("a lone surrogate", named("{\"type\":\"\\ud800\"}")),
        ("a zero byte", event.replace("\":", "\"\0:").into_bytes()),
        ("no UTF-8", broken),
        (TWICE, event.repeat(2).into_bytes()),
        ("left out", Vec::new()),
        ("a page", b"<html><body>502 Bad Gateway</body></html>\n\n".to_vec()),
        ("too large", instead(&format!("{{\"x\":\"{}\"}}", "y".repeat(200_000)))),
        ("the end of another protocol", b"data: [DONE]\n\n".to_vec()),
        ("the end of one", b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_vec()),
    ]
}

#[tokio::test]
async fn nonsense_at_any_place_ends_in_time_and_completes_nothing() {
    let cases = ALL.into_iter().flat_map(|dialect| {
        let events = dialect.answer();
        (0..events.len()).flat_map(move |at| {
            let events = events.clone();
            nonsense(&events[at]).into_iter().map(move |(what, bytes)| {
                let body = [events[..at].concat().as_bytes(), &bytes].concat();
                (dialect, (at, what), sends(&body))
            })
        })
    });
    each(cases, PATIENCE, |dialect, case, told| {
        let (at, what) = *case;
        let all = dialect.answer().len();
        // Before the last event nothing that took an event's place completes an answer.
        if at + 1 < dialect.needed() {
            assert!(told.end.is_err(), "{dialect:?} {case:?}: {told:?}");
        } else if at + 1 == all && what == TWICE {
            assert_whole(dialect, told);
        }
        if let Err(error) = &told.end {
            let typed = matches!(
                error,
                ModelError::Protocol(_) | ModelError::Truncated | ModelError::TooLong
            );
            assert!(typed, "{dialect:?} {case:?}: {error:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_cut_off_whatever_it_is_made_of() {
    let dialects = ALL.into_iter().flat_map(|dialect| {
        let events = dialect.answer();
        // The piece of text in the middle; the calls' parts; signs of life; what is no event at all.
        let text = events.iter().position(|event| event.contains("står her")).unwrap();
        let call = events.iter().rposition(|event| event.contains("\u{e5}")).unwrap();
        let flood = |at: usize, piece: String| (dialect, events[..at].concat(), piece);
        [
            flood(text, events[text].clone()),
            flood(call, events[call].clone()),
            flood(text, dialect.idle()),
            flood(text, ": comment\n".into()),
            flood(text, "data: x\n".into()),
            flood(text, "a line without end ".into()),
            flood(text, "\n".into()),
            flood(text, "event: news\ndata: {}\n\n".into()),
        ]
    });
    let floods = dialects.map(|(dialect, begun, piece)| async move {
        let flood = Act::Repeat(piece.repeat(100).into_bytes(), Duration::ZERO);
        let script = [sends(begun.as_bytes()), vec![flood]].concat();
        let mut server = Server::start(script).await;
        let model = dialect.client(server.base_url(), |config| config.idle = 4 * SOON);
        let told = timeout(PATIENCE, dialects::read(model.as_ref(), dialects::ask())).await;
        let told = told.unwrap_or_else(|_| panic!("{dialect:?}: no end in time of {piece}"));
        // What makes no event is silence, if it does not pass the limit of bytes first.
        let ended = matches!(
            told.end,
            Err(ModelError::TooLong | ModelError::Protocol(_) | ModelError::Idle)
        );
        assert!(ended, "{dialect:?} of {piece}: {:?}", told.end);
        assert!(told.text.chars().count() <= 6_000);
        timeout(PATIENCE, server.until_left()).await.expect("the connection is closed");
        assert!(server.taken() < MOST_READ, "{dialect:?} read {} bytes", server.taken());
    });
    let tasks: Vec<_> = floods.map(tokio::spawn).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_drop_of_life_now_and_then_keeps_nothing_alive_beyond_its_time() {
    for dialect in ALL {
        let begun = sends(dialect.answer()[..1].concat().as_bytes());
        let script = [begun, vec![Act::Repeat(dialect.idle().into_bytes(), SOON / 8)]].concat();
        let server = Server::start(script).await;
        let model = dialect.client(server.base_url(), |config| config.total = 4 * SOON);
        let told =
            timeout(PATIENCE, dialects::read(model.as_ref(), dialects::ask())).await.unwrap();
        assert_eq!(told.end, Err(ModelError::TooSlow), "{dialect:?}");
    }
}

#[tokio::test]
async fn an_error_object_instead_of_a_stream_has_its_kind() {
    for dialect in ALL {
        let (error, kind) = dialect.error();
        let body = error.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned();
        let length =
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        for (status, wanted) in [
            ("200 OK", ModelError::InStream { kind: kind.into() }),
            (
                "503 Service Unavailable",
                ModelError::Status { status: 503, kind: kind.into(), retry_after: None },
            ),
        ] {
            let script = vec![Act::Write([head(status, &length), body.clone().into()].concat())];
            let told = told(dialect, script, PATIENCE).await;
            assert_eq!(told.end, Err(wanted), "{dialect:?}");
        }
    }
}
