//! The endpoints of the Messages protocol over HTTP/1.1, and the order of their checks.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Body, Call, Read};
use super::dialect::Dialect;
use super::error::ApiError;
use super::models;
use super::prompt::Prompt;
use super::record::{Outcome, RequestSummary};
use super::state::SimState;
use super::validate::{ApiVersion, Endpoint, validate};
use super::wire::{MessagesRequest, TokenCount};

/// Largest body that is read, as at the provider.
pub const MAX_BODY: usize = 32 << 20;
/// `POST /v1/messages`
pub(super) async fn messages(
    request: HttpRequest,
    body: Body,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state, Dialect::Messages);
    let read = call.read(body, Endpoint::Messages).inspect_err(|error| call.note_refusal(error));
    let answer = match read {
        Ok(read) => call.answer(read).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| call.refuse(&error))
}

/// `POST /v1/messages/count_tokens`
pub(super) async fn count_tokens(
    request: HttpRequest,
    body: Body,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state, Dialect::Messages);
    let counted = call.read(body, Endpoint::CountTokens).map(|read| {
        state.record.add(RequestSummary {
            status: 200,
            outcome: Outcome::Complete,
            ..read.summary
        });
        TokenCount { input_tokens: read.prompt.tokens() }
    });
    match counted {
        Ok(count) => call.head(StatusCode::OK).json(count),
        Err(error) => call.refuse(&error),
    }
}

/// Paging of the model list.
#[derive(Debug, Deserialize)]
pub struct Page {
    limit: Option<usize>,
    after_id: Option<String>,
    before_id: Option<String>,
}

/// `GET /v1/models`
pub(super) async fn list_models(
    request: HttpRequest,
    page: web::Query<Page>,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state, Dialect::Messages);
    if let Err(error) = call.authenticate() {
        return call.refuse(&error);
    }
    let all = models::MODELS;
    let limit = page.limit.unwrap_or(20).clamp(1, 1000);
    let place = |id: &String| all.iter().position(|model| model.answer_name() == id);
    let (start, end) = match (&page.after_id, &page.before_id) {
        (Some(id), _) => {
            let start = place(id).map_or(all.len(), |at| at + 1);
            (start, (start + limit).min(all.len()))
        }
        (None, Some(id)) => {
            let end = place(id).unwrap_or(0);
            (end.saturating_sub(limit), end)
        }
        (None, None) => (0, limit.min(all.len())),
    };
    let shown = &all[start..end];
    let more = if page.before_id.is_some() { start > 0 } else { end < all.len() };
    call.head(StatusCode::OK).json(json!({
        "data": shown.iter().map(|model| model.to_json()).collect::<Vec<_>>(),
        "has_more": more,
        "first_id": shown.first().map(models::ModelRules::answer_name),
        "last_id": shown.last().map(models::ModelRules::answer_name),
    }))
}

/// `GET /v1/models/{id}`
pub(super) async fn show_model(
    request: HttpRequest,
    id: web::Path<String>,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state, Dialect::Messages);
    let found = call.authenticate().and_then(|()| {
        models::find(&id)
            .ok_or_else(|| ApiError::of_status(404).with_message(format!("model: {id}")))
    });
    match found {
        Ok(model) => call.head(StatusCode::OK).json(model.to_json()),
        Err(error) => call.refuse(&error),
    }
}

/// Everything else.
pub(super) async fn not_found(request: HttpRequest, state: Data<SimState>) -> HttpResponse {
    Call::new(&request, &state, Dialect::Messages).refuse(&ApiError::of_status(404))
}

impl Call<'_> {
    /// Authentication, version, limits, body, validation; in this order.
    fn read(&self, body: Body, endpoint: Endpoint) -> Result<Read, ApiError> {
        self.authenticate()?;
        let version = ApiVersion::parse(self.header("anthropic-version"))?;
        let body = self.text(body)?;
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let value: Value = serde_json::from_str(text).map_err(|error| {
            ApiError::invalid(format!("The request body is not valid JSON: {error}"))
        })?;
        let model = validate(&value, version, endpoint)?;
        let unreadable = |error: serde_json::Error| {
            ApiError::invalid(format!("The request is not valid: {error}"))
        };
        let prompt = Prompt::cut(text, model.id).map_err(unreadable)?;
        let tokens = prompt.tokens();
        if tokens > model.context {
            return Err(ApiError::invalid(format!(
                "prompt is too long: {tokens} tokens > {} maximum",
                model.context
            )));
        }
        let kept = self.state.keep_bodies.then(|| value.clone());
        let request: MessagesRequest = serde_json::from_value(value).map_err(unreadable)?;
        let summary = RequestSummary {
            version: Some(version.as_str().to_owned()),
            model: Some(request.model.clone()),
            stream: request.stream.unwrap_or(false),
            max_tokens: request.max_tokens,
            turns: request.messages.len(),
            tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
            cache_marks: prompt.marks(),
            input_tokens: tokens,
            body: kept,
            ..self.summary()
        };
        Ok(Read { request, model, prompt, summary })
    }
}
