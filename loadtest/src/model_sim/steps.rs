//! The course of a stream: which events, pauses and mishaps come in which order.
//!
//! Lives here: from an answer and a fault to a list of [`Step`]s. Pure; [`super::stream`] walks them.

use std::time::Duration;

use bytes::Bytes;

use super::scenario::Fault;
use super::wire::{ContentBlock, Delta, DeltaUsage, Message, MessageDelta, StreamEvent, Usage};

/// Most deltas of one block: a long answer has longer deltas, not more.
const MAX_DELTAS: usize = 400;
/// Characters of one piece of tool arguments.
const JSON_PIECE: usize = 14;
/// What a broken proxy in front of a model might send: invalid UTF-8, HTML, half an event.
const GARBAGE: &[u8] = b"\x00\xff\xfe<html><h1>502 Bad Gateway</h1></html>\r\n\r\ndata: {\"type\":\"mess\
    \n\nevent: message_start\ndata: not json\n\n\x80\x81\xc3event: content_block_delta\ndata: []\n\n";

/// One thing to do on the socket.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Send(StreamEvent),
    /// Bytes that are no event of ours.
    Raw(Bytes),
    /// Nothing for this long; what was sent before is on the wire.
    Wait(Duration),
    /// Drops the connection without a proper end of the body.
    Cut,
    /// Silence with the connection open.
    Hang,
    /// Text deltas of block `index` until `bytes` were sent, then a cut.
    Babble {
        index: usize,
        bytes: usize,
    },
}

/// The course of `answer` under `fault`, with `between` before every delta but the first.
pub fn plan(answer: &Message, fault: &Fault, between: Duration) -> Vec<Step> {
    let events = events(answer);
    match fault {
        Fault::Garbage => vec![Step::Raw(Bytes::from_static(GARBAGE))],
        Fault::Midstream { after, error } => {
            let mut steps = paced(until(events, *after), between);
            steps.push(Step::Send(StreamEvent::Error { error: error.to_body() }));
            steps
        }
        Fault::Truncate { after } => ending(until(events, *after), between, Step::Cut),
        Fault::Stall { after } => ending(until(events, *after), between, Step::Hang),
        Fault::Unfinished { after } => paced(until(events, *after), between),
        Fault::Spliced { after } => {
            let mut steps = paced(until(events.clone(), *after), between);
            steps.extend(paced(events, between));
            steps
        }
        Fault::Endless { bytes } => {
            let mut head = until(events, 0);
            if !head.iter().any(|event| matches!(event, StreamEvent::ContentBlockStart { .. })) {
                let content_block = ContentBlock::Text { text: String::new() };
                head.push(StreamEvent::ContentBlockStart { index: 0, content_block });
            }
            ending(head, between, Step::Babble { index: 0, bytes: *bytes })
        }
        Fault::BadTool => {
            let mut events = events;
            let last = events.iter().rposition(|event| {
                matches!(
                    event,
                    StreamEvent::ContentBlockDelta { delta: Delta::InputJsonDelta { .. }, .. }
                )
            });
            if let Some(at) = last {
                events.remove(at);
            }
            paced(events, between)
        }
        Fault::Pings => {
            let steps = paced(events, between).into_iter();
            steps
                .flat_map(|step| {
                    let after_delta = is_delta(&step);
                    [Some(step), after_delta.then_some(Step::Send(StreamEvent::Ping))]
                })
                .flatten()
                .collect()
        }
        Fault::Novel => novel(paced(events, between)),
        Fault::None
        | Fault::Crlf
        | Fault::Split
        | Fault::Bom
        | Fault::Http(_)
        | Fault::Flaky { .. }
        | Fault::NoFirstByte
        | Fault::Json => paced(events, between),
    }
}

/// The answer as the events of an undisturbed stream.
fn events(answer: &Message) -> Vec<StreamEvent> {
    let mut events = vec![StreamEvent::MessageStart { message: opening(answer) }];
    for (index, block) in answer.content.iter().enumerate() {
        let (start, deltas) = open(block);
        events.push(StreamEvent::ContentBlockStart { index, content_block: start });
        if index == 0 {
            events.push(StreamEvent::Ping);
        }
        events.extend(
            deltas.into_iter().map(|delta| StreamEvent::ContentBlockDelta { index, delta }),
        );
        events.push(StreamEvent::ContentBlockStop { index });
    }
    events.push(StreamEvent::MessageDelta {
        delta: MessageDelta {
            stop_reason: answer.stop_reason,
            stop_sequence: answer.stop_sequence.clone(),
            stop_details: answer.stop_details.clone(),
        },
        usage: DeltaUsage {
            input_tokens: answer.usage.input_tokens,
            cache_creation_input_tokens: answer.usage.cache_creation_input_tokens,
            cache_read_input_tokens: answer.usage.cache_read_input_tokens,
            output_tokens: answer.usage.output_tokens,
        },
    });
    events.push(StreamEvent::MessageStop);
    events
}

/// The answer before its first word.
fn opening(answer: &Message) -> Message {
    Message {
        content: Vec::new(),
        stop_reason: None,
        stop_sequence: None,
        stop_details: None,
        usage: Usage { output_tokens: 1, ..answer.usage.clone() },
        ..answer.clone()
    }
}

fn open(block: &ContentBlock) -> (ContentBlock, Vec<Delta>) {
    match block {
        ContentBlock::Thinking { thinking, signature } => {
            let start =
                ContentBlock::Thinking { thinking: String::new(), signature: String::new() };
            let mut deltas: Vec<Delta> = pieces(thinking)
                .into_iter()
                .map(|piece| Delta::ThinkingDelta { thinking: piece.to_owned() })
                .collect();
            deltas.push(Delta::SignatureDelta { signature: signature.clone() });
            (start, deltas)
        }
        ContentBlock::Text { text } => {
            let deltas = pieces(text)
                .into_iter()
                .map(|piece| Delta::TextDelta { text: piece.to_owned() })
                .collect();
            (ContentBlock::Text { text: String::new() }, deltas)
        }
        ContentBlock::ToolUse { id, name, input } => {
            let start = ContentBlock::ToolUse {
                id: id.clone(),
                name: name.clone(),
                input: serde_json::json!({}),
            };
            // The provider begins with an empty part, and sends no other for a call without
            // arguments.
            let mut parts = vec![String::new()];
            if input.as_object().is_none_or(|members| !members.is_empty()) {
                let json: Vec<char> = input.to_string().chars().collect();
                let size = JSON_PIECE.max(json.len().div_ceil(MAX_DELTAS));
                parts.extend(json.chunks(size).map(|part| part.iter().collect::<String>()));
            }
            let deltas =
                parts.into_iter().map(|partial_json| Delta::InputJsonDelta { partial_json });
            (start, deltas.collect())
        }
    }
}

/// Cuts a text into the pieces of its deltas: by words, or by letters where there are no words.
fn pieces(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    if words.len() >= 3 {
        let per_piece = words.len().div_ceil(MAX_DELTAS);
        let mut rest = text;
        return words
            .chunks(per_piece)
            .map(|chunk| {
                let (piece, behind) = rest.split_at(chunk.iter().map(|word| word.len()).sum());
                rest = behind;
                piece
            })
            .collect();
    }
    let letters = text.chars().count();
    let size = letters.div_ceil(4).max(1);
    let starts: Vec<usize> =
        text.char_indices().map(|(at, _)| at).step_by(size).chain([text.len()]).collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The events up to and including the `after`th text delta, never with the end of the answer.
fn until(events: Vec<StreamEvent>, after: usize) -> Vec<StreamEvent> {
    let mut sent = 0;
    events
        .into_iter()
        .take_while(|event| match event {
            StreamEvent::ContentBlockDelta { delta: Delta::TextDelta { .. }, .. } => {
                sent += 1;
                sent <= after
            }
            StreamEvent::ContentBlockStop { .. } => sent < after,
            StreamEvent::MessageDelta { .. } | StreamEvent::MessageStop => false,
            _ => true,
        })
        .collect()
}

fn is_delta(step: &Step) -> bool {
    matches!(step, Step::Send(StreamEvent::ContentBlockDelta { .. }))
}

fn paced(events: Vec<StreamEvent>, between: Duration) -> Vec<Step> {
    let mut steps = Vec::with_capacity(events.len() * 2);
    let mut first = true;
    for event in events {
        let step = Step::Send(event);
        if is_delta(&step) {
            if !first && !between.is_zero() {
                steps.push(Step::Wait(between));
            }
            first = false;
        }
        steps.push(step);
    }
    steps
}

/// `events`, then `last` once they are on the wire.
fn ending(events: Vec<StreamEvent>, between: Duration, last: Step) -> Vec<Step> {
    let mut steps = paced(events, between);
    steps.push(Step::Wait(Duration::from_millis(1)));
    steps.push(last);
    steps
}

/// Mixes in what a later minor version may add: comments, unknown events, unknown fields.
fn novel(steps: Vec<Step>) -> Vec<Step> {
    let note: &[u8] = b": keep-alive\n\nevent: model_note\nid: 7\nretry: 3000\ndata: {\"type\":\
        \"model_note\",\"note\":{\"deep\":[1,2]}}\n\n";
    steps
        .into_iter()
        .flat_map(|step| {
            let after = matches!(
                &step,
                Step::Send(
                    StreamEvent::MessageStart { .. }
                        | StreamEvent::ContentBlockStart { .. }
                        | StreamEvent::ContentBlockStop { .. }
                )
            );
            [Some(step), after.then(|| Step::Raw(Bytes::from_static(note)))]
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in
            ["", "a", "hei", "one two three", "  two\n\nlines ", "عربي", "Grüß\u{2028}Gott 🚗"]
        {
            assert_eq!(pieces(text).concat(), text);
        }
        let long = "Termin ".repeat(4000);
        assert_eq!(pieces(&long).concat(), long);
        assert!(pieces(&long).len() <= MAX_DELTAS);
    }

    #[test]
    fn a_text_of_twelve_letters_has_three_deltas_even_without_words() {
        assert!(pieces("abcdefghijkl").len() >= 3);
    }
}
