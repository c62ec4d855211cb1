//! JSON bodies: at most 64 levels deep, unknown and wrong fields told by pointer.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use forecourt_wire::FieldError;
use futures_util::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

use super::{Media, body, media};
use crate::problem::{Code, Problem};

/// How deep objects and arrays may be nested.
const MAX_DEPTH: usize = 64;

/// A JSON body of type `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if media(request.headers()) != Media::Json {
                return Err(Problem::new(Code::UnsupportedMediaType));
            }
            parse(&body(&request, &mut payload).await?).map(Self)
        })
    }
}

/// Reads JSON, or says what is wrong with it and where.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Problem::new(Code::MalformedJson).detail(detail)
    })?;
    if text.trim().is_empty() {
        return Err(Problem::new(Code::MalformedJson).detail("the body is empty"));
    }
    if depth(bytes) > MAX_DEPTH {
        return Err(Problem::new(Code::MalformedJson)
            .detail(format!("the body is nested more than {MAX_DEPTH} levels deep")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| told(text, &error))?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::MalformedJson).detail(format!(
        "reading stopped at line {}, column {}",
        error.line(),
        error.column()
    ))
}

fn told(text: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    // A number where one of some words should be is reported as bad syntax, which it is not.
    let misread = error.inner().to_string().starts_with("expected value")
        && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if !error.inner().is_data() && !misread {
        return malformed(error.inner());
    }
    let mut pointer = pointer(error.path());
    let message = error.inner().to_string();
    // serde's words: "unknown field `x`, expected …", "missing field `x`", "invalid type: …, expected …".
    let message = message.split(" at line ").next().unwrap_or_default();
    let named = message.split('`').nth(1).unwrap_or_default();
    let field = if message.starts_with("unknown field") {
        let last = error.path().iter().next_back();
        let told = matches!(last, Some(Segment::Map { key }) if key == named);
        if !told {
            push(&mut pointer, named);
        }
        FieldError { pointer, code: "unknown".into(), detail: "is not a field of this body".into() }
    } else if message.starts_with("missing field") {
        push(&mut pointer, named);
        FieldError { pointer, code: "required".into(), detail: "is missing".into() }
    } else if message.starts_with("duplicate field") {
        push(&mut pointer, named);
        FieldError { pointer, code: "repeated".into(), detail: "stands twice".into() }
    } else {
        // What was expected comes from our own types; what was sent stays out of the answer.
        let expected = message.split_once("expected ").map_or("another type", |(_, words)| words);
        FieldError { pointer, code: "type".into(), detail: format!("expected {expected}") }
    };
    Problem::new(Code::Invalid).errors(vec![field])
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => push(&mut pointer, key),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// RFC 6901, shortened where a client made up a monstrous name.
fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    let key: String = key.chars().take(100).collect();
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// The deepest nesting, counted without recursion and without building anything.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use forecourt_wire::{FormLead, HelloFrame, PostMessage};

    use super::*;

    fn refused<T: DeserializeOwned>(json: &str) -> forecourt_wire::Problem {
        parse::<T>(json.as_bytes()).err().unwrap().body()
    }

    #[test]
    fn a_wrong_field_is_pointed_at() {
        for (json, pointer, code) in [
            (r#"{"text":5,"client_id":"a"}"#, "/text", "type"),
            (r#"{"text":"a"}"#, "/client_id", "required"),
            (r#"{"text":"a","client_id":"b","x/y":1}"#, "/x~1y", "unknown"),
            (r#"{"text":"a","text":"b","client_id":"c"}"#, "/text", "repeated"),
            (r"[]", "", "type"),
            (r"5", "", "type"),
        ] {
            let problem = refused::<PostMessage>(json);
            assert_eq!(problem.status, 400, "{json}");
            let told = problem.errors.first().map(|e| (e.pointer.as_str(), e.code.as_str()));
            assert_eq!(told, Some((pointer, code)), "{json}");
        }
        let deep = refused::<HelloFrame>(r#"{"ref":"1","topics":["leads",7]}"#);
        assert_eq!(deep.errors[0].pointer, "/topics/1");
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        assert_eq!(
            refused::<PostMessage>("{\n  \"text\": }").detail,
            "reading stopped at line 2, column 11"
        );
        for json in ["", "  ", "{", "{}x", "nul", "\"\\ud800\"", "[1e999]", "{\"a\":\u{1}}"] {
            let problem = refused::<serde_json::Value>(json);
            assert_eq!(problem.code, "malformed-json", "{json}");
        }
        assert!(
            parse::<FormLead>(b"{\"name\":\"\xff\"}")
                .err()
                .unwrap()
                .body()
                .detail
                .contains("byte 9")
        );
    }

    #[test]
    fn nesting_is_counted_outside_of_strings_and_ends_at_64() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse::<serde_json::Value>(nested(64).as_bytes()).is_ok());
        assert!(parse::<serde_json::Value>(nested(65).as_bytes()).is_err());
        assert!(parse::<serde_json::Value>(nested(30_000).as_bytes()).is_err());
        let in_string = format!("{{\"name\":\"\\\"{}\"}}", "[".repeat(100));
        assert!(parse::<FormLead>(in_string.as_bytes()).is_ok());
    }
}
