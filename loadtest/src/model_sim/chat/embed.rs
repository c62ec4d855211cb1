//! Embeddings: vectors that depend on the text alone, of unit length.

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
use super::super::state::SimState;

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
    match call.text(body).and_then(|body| answer(&body)) {
        Ok(answer) => call.head(StatusCode::OK).json(answer),
        Err(error) => {
            call.note_refusal(&error);
            call.refuse(&error)
        }
    }
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

/// Words place a text: texts that share words lie closer together.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words.chain([lower.as_str()]) {
        let mut seed = Sha256::digest(word.as_bytes());
        for (at, place) in vector.iter_mut().enumerate() {
            if at % 32 == 0 {
                seed = Sha256::digest(seed);
            }
            *place += f32::from(seed[at % 32]) - 127.5;
        }
    }
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for part in &mut vector {
        *part /= length;
    }
    vector
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
    }
}
