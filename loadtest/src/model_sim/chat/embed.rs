//! Embeddings: vectors that depend on the text alone, of unit length.
//!
//! A toy, for tests of who uses vectors: words that stand together in [`CONCEPTS`] lie at one place, all others
//! each at its own. It knows no language beyond that table.
//!
//! Faults: the header `x-sim-scenario`, else the standing order for embeddings alone
//! (`{"embeddings": "error;code=503"}` to `/sim/scenario`); of a scenario its HTTP errors, `flaky`, `slow` and
//! `nofirst` mean something here, `garbage` gives bytes that are no JSON.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::call::{Body, Call};
use super::super::dialect::Dialect;
use super::super::error::ApiError;
use super::super::prompt::tokens;
use super::super::record::{RequestSummary, Tracker};
use super::super::scenario::{Fault, Scenario};
use super::super::state::SimState;
use super::super::stream::MAX_SILENCE;

/// Dimensions of a vector, unless fewer are asked for.
const DIMENSIONS: usize = 1536;
/// Most inputs of one request (A9).
const MAX_INPUTS: usize = 2048;

/// `POST /v1/embeddings`
pub(in super::super) async fn embeddings(
    request: HttpRequest,
    body: Body,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state, Dialect::Chat { usage: false });
    let answer = match call.text(body) {
        Ok(body) => spoilt(&call, &body).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| {
        call.note_refusal(&error);
        call.refuse(&error)
    })
}

/// The answer, as far as the scenario lets it be one.
async fn spoilt(call: &Call<'_>, body: &[u8]) -> Result<HttpResponse, ApiError> {
    let answer = answer(body)?;
    let scenario = match call.scenario_header() {
        Some(spec) => {
            Scenario::parse(&spec).map_err(|error| ApiError::invalid(format!("sim: {error}")))?
        }
        None => call.state.embedding_order(),
    };
    if let Some(error) = call.state.flaky_error(&scenario.fault) {
        return Err(error);
    }
    let mut summary = RequestSummary { scenario: scenario.name.clone(), ..call.summary() };
    if call.state.keep_bodies {
        summary.body = serde_json::from_slice(body).ok();
    }
    let number = call.state.record.add(summary);
    let mut tracker = Tracker::new(call.state.record.clone(), number, None);
    if scenario.fault == Fault::NoFirstByte {
        tracker.faulted();
        tokio::time::sleep(MAX_SILENCE).await;
        return Err(ApiError::of_status(504));
    }
    let first = call.state.pace(&scenario).0;
    if !first.is_zero() {
        tokio::time::sleep(first).await;
    }
    if scenario.fault == Fault::Garbage {
        tracker.faulted();
        let mut head = call.head(StatusCode::OK);
        return Ok(head.content_type("application/json").body("<html>502</html>"));
    }
    tracker.finished();
    Ok(call.head(StatusCode::OK).json(answer))
}

fn answer(body: &[u8]) -> Result<Value, ApiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|_| ApiError::invalid("We could not parse the JSON body of your request."))?;
    let invalid = || ApiError::invalid("'$.input' is invalid.");
    let inputs: Vec<&str> = match value.get("input") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => {
            many.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(invalid)?
        }
        _ => return Err(invalid()),
    };
    let fits = (1..=MAX_INPUTS).contains(&inputs.len());
    if !fits || inputs.iter().any(|input| input.is_empty()) {
        return Err(invalid());
    }
    let dimensions = match value.get("dimensions") {
        None | Some(Value::Null) => DIMENSIONS,
        Some(given) => given
            .as_u64()
            .and_then(|given| usize::try_from(given).ok())
            .filter(|given| (1..=DIMENSIONS).contains(given))
            .ok_or_else(|| ApiError::invalid("'$.dimensions' is invalid."))?,
    };
    let floats = value.get("encoding_format").and_then(Value::as_str) != Some("base64");
    let data: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = vector(input, dimensions);
            let embedding = if floats {
                json!(vector)
            } else {
                let bytes: Vec<u8> = vector.iter().flat_map(|part| part.to_le_bytes()).collect();
                STANDARD.encode(bytes).into()
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let tokens: u64 = inputs.iter().map(|input| tokens(input)).sum();
    Ok(json!({"object": "list", "data": data, "model": value.get("model"),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
}

/// Words that mean alike, by how they begin, in the languages of the tests.
const CONCEPTS: &[&[&str]] = &[
    &["dekk", "hjul", "tyre", "tire", "wheel", "pneu", "roue", "إطار", "عجل"],
    &["lagr", "oppbevar", "passe", "stor", "keep", "gard", "stock", "entrepos", "خزن", "حفظ"],
    &["lån", "finans", "loan", "financ", "credit", "crédit", "avbetal", "delbetal", "تمويل", "قرض"],
    &["hund", "kjæledyr", "dog", "pet", "chien", "animal", "كلب", "حيوان"],
    &["poler", "lakk", "polish", "paint", "lustr", "peinture", "تلميع", "طلاء"],
    &["åpn", "åpen", "open", "ouver", "ouvr", "مفتوح", "يفتح"],
    &["garanti", "warrant", "guarant", "reklam", "ضمان"],
    &["henge", "trailer", "remorque", "مقطور"],
];
/// What a concept weighs against a word of its own.
const CONCEPT: f32 = 3.0;
/// What the order of the words weighs: enough that no two texts lie at one place.
const WHOLE: f32 = 0.05;

/// Words place a text: texts whose words mean alike lie closer together.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    // Short words are those of every sentence.
    for word in words.filter(|word| word.chars().count() > 3) {
        let concept =
            CONCEPTS.iter().find(|concept| concept.iter().any(|stem| word.starts_with(stem)));
        match concept.and_then(|concept| concept.first()) {
            Some(name) => add(&mut vector, name, CONCEPT),
            None => add(&mut vector, word, 1.0),
        }
    }
    add(&mut vector, &lower, WHOLE);
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for part in &mut vector {
        *part /= length;
    }
    vector
}

/// Adds the place of a word, which follows from the word alone.
fn add(vector: &mut [f32], word: &str, weight: f32) {
    let mut seed = Sha256::digest(word.as_bytes());
    for (at, place) in vector.iter_mut().enumerate() {
        if at % 32 == 0 {
            seed = Sha256::digest(seed);
        }
        *place += (f32::from(seed[at % 32]) - 127.5) * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_lie_closer_together() {
        let [a, b, c] = ["red car", "red boat", "tax return"].map(|text| vector(text, 64));
        let near = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        assert!((near(&a, &a) - 1.0).abs() < 1e-3);
        assert!(near(&a, &b) > near(&a, &c));
        let [a, b, c] = [
            "Kan hjulene mine stå hos noen?",
            "Har dere dekkhotell? Ja, vi lagrer dekkene dine.",
            "Tar dere hunder? Ja, kjæledyr er velkomne.",
        ]
        .map(|text| vector(text, 1536));
        assert!(near(&a, &b) > 0.4 && near(&a, &c) < 0.2, "{} {}", near(&a, &b), near(&a, &c));
    }
}
