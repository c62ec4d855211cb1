//! What the standard says of an event stream, and where the limits are.

use std::{convert::Infallible, time::Duration};

use eventsource_stream::{Event, EventStreamError, Eventsource, MAX_EVENT_BYTES, MAX_STREAM_BYTES};
use futures_util::{FutureExt, StreamExt, stream};

type Read = Result<Event, EventStreamError<Infallible>>;

/// All that is read of `bytes` when they come in chunks of `size`.
fn read_in(bytes: &[u8], size: usize) -> Vec<Read> {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(chunk.to_vec())).collect();
    stream::iter(chunks).eventsource().collect().now_or_never().expect("nothing waits")
}

fn event(event: &str, data: &str) -> Event {
    Event { event: event.into(), data: data.into(), id: String::new(), retry: None }
}

#[test]
fn events_are_the_same_however_the_bytes_are_split() {
    let text = "\u{feff}: hi\nevent: a\ndata: {\"å\":\"ك\"}\ndata:two\r\n\r\ndata\rdata:\r\rdata:  x\n\n\nevent:b\n\ndata: lost";
    let wanted =
        [event("a", "{\"å\":\"ك\"}\ntwo"), event("message", "\n"), event("message", " x")].map(Ok);
    for size in 1..=text.len() {
        assert_eq!(read_in(text.as_bytes(), size), wanted, "in chunks of {size}");
    }
}

#[test]
fn an_id_stays_and_a_retry_does_not() {
    let read = read_in(b"id: 7\nretry: 250\ndata: a\n\nid: n\0\nretry: 2s\ndata: b\n\n", 3);
    let with = |data: &str, retry| {
        Ok(Event { event: "message".into(), data: data.into(), id: "7".into(), retry })
    };
    assert_eq!(read, vec![with("a", Some(Duration::from_millis(250))), with("b", None)]);
}

#[test]
fn a_line_that_is_not_utf8_is_an_error_at_once_and_the_last_word() {
    let read = read_in(b"data: a\n\ndata: \xff\xfe\ndata: b\n\ndata: c\n\n", 1);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0], Ok(event("message", "a")));
    assert!(matches!(read[1], Err(EventStreamError::Utf8(_))));
}

#[test]
fn a_line_an_event_and_a_stream_without_an_end_are_too_large() {
    let line = vec![b'x'; MAX_EVENT_BYTES + 1];
    let lines = b"data: x\n".repeat(MAX_EVENT_BYTES / 7 + 1);
    let comments = b": x\n".repeat(MAX_EVENT_BYTES / 3 + 1);
    let blanks = vec![b'\n'; MAX_STREAM_BYTES + 1];
    for flood in [line, lines, comments, blanks] {
        let read = read_in(&flood, 4096);
        assert!(matches!(read.as_slice(), [Err(EventStreamError::Parser(_))]), "{read:?}");
    }
}
