//! Gemini's `generateContent` and `streamGenerateContent`: the endpoint, and the order of its checks.

pub(super) mod encode;
mod request;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::call::{Body, Call, Read};
use super::dialect::Dialect;
use super::error::ApiError;
use super::models;
use super::prompt::Prompt;
use super::record::RequestSummary;
use super::state::SimState;

/// `POST /v1beta/models/{model}:{verb}`
pub(super) async fn generate(
    request: HttpRequest,
    named: web::Path<String>,
    body: Body,
    state: Data<SimState>,
) -> HttpResponse {
    let sse = request.query_string().split('&').any(|pair| pair == "alt=sse");
    let mut call = Call::new(&request, &state, Dialect::Gemini { sse, thoughts: false });
    let read = read(&mut call, &named, body).inspect_err(|error| call.note_refusal(error));
    let answer = match read {
        Ok(read) => call.answer(read).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| call.refuse(&error))
}

fn read(call: &mut Call<'_>, named: &str, body: Body) -> Result<Read, ApiError> {
    let body = call.text(body)?;
    let value: Value = serde_json::from_slice(&body).map_err(|_| {
        ApiError::invalid("Invalid JSON payload received. Expected an object key or }.")
    })?;
    let (name, verb) = named.split_once(':').unwrap_or((named, ""));
    let stream = match verb {
        "streamGenerateContent" => true,
        "generateContent" => false,
        _ => return Err(ApiError::of_status(404)),
    };
    let model = models::find_in(models::GEMINI, name).ok_or_else(|| {
        ApiError::of_status(404)
            .with_message(format!("models/{name} is not found for API version v1beta"))
    })?;
    let signed = name.starts_with("gemini-3");
    let request = request::read(&value, name, stream, signed)?;
    if let Dialect::Gemini { sse, .. } = call.dialect {
        // Both spellings, as the protocol's JSON takes them.
        let shown = |key| value.pointer(key) == Some(&Value::Bool(true));
        let thoughts = shown("/generationConfig/thinkingConfig/includeThoughts")
            || shown("/generationConfig/thinkingConfig/include_thoughts");
        call.dialect = Dialect::Gemini { sse, thoughts };
    }
    let prompt = Prompt::whole(std::str::from_utf8(&body).unwrap_or_default());
    let summary = RequestSummary {
        model: Some(name.to_owned()),
        stream,
        max_tokens: request.max_tokens,
        turns: request.messages.len(),
        tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
        input_tokens: prompt.tokens(),
        body: call.state.keep_bodies.then(|| value.clone()),
        ..call.summary()
    };
    Ok(Read { request, model, prompt, summary })
}
