//! OpenAI's chat completions: the endpoint, and the order of its checks.

pub(super) mod embed;
pub(super) mod encode;
mod request;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::call::{Body, Call, Read};
use super::dialect::Dialect;
use super::error::ApiError;
use super::models;
use super::prompt::Prompt;
use super::record::RequestSummary;
use super::state::SimState;

/// `POST /v1/chat/completions`
pub(super) async fn completions(
    request: HttpRequest,
    body: Body,
    state: Data<SimState>,
) -> HttpResponse {
    let mut call = Call::new(&request, &state, Dialect::Chat { usage: false });
    let read = read(&mut call, body).inspect_err(|error| call.note_refusal(error));
    let answer = match read {
        Ok(read) => call.answer(read).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| call.refuse(&error))
}

fn read(call: &mut Call<'_>, body: Body) -> Result<Read, ApiError> {
    let body = call.text(body)?;
    let value: Value = serde_json::from_slice(&body)
        .map_err(|_| ApiError::invalid("We could not parse the JSON body of your request."))?;
    let name = value.get("model").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::invalid("you must provide a model parameter"));
    }
    let model = models::find_in(models::CHAT, name).ok_or_else(|| {
        ApiError::of_status(404).with_message(format!(
            "The model `{name}` does not exist or you do not have access to it."
        ))
    })?;
    let request = request::read(&value)?;
    call.dialect = Dialect::Chat {
        usage: value.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)),
    };
    let prompt = Prompt::whole(std::str::from_utf8(&body).unwrap_or_default());
    let summary = RequestSummary {
        model: Some(name.to_owned()),
        stream: request.stream.unwrap_or(false),
        max_tokens: request.max_tokens,
        turns: request.messages.len(),
        tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
        input_tokens: prompt.tokens(),
        body: call.state.keep_bodies.then(|| value.clone()),
        ..call.summary()
    };
    Ok(Read { request, model, prompt, summary })
}
