//! The provider's endpoints over HTTP/1.1.
//!
//! Lives here: authentication, the order of checks, headers of every answer. What is answered is
//! decided in [`super::reply`] and [`super::steps`].

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::models;
use super::prompt::Prompt;
use super::read;
use super::record::{Outcome, RequestSummary, Tracker, short_hash};
use super::reply::{Material, compose};
use super::scenario::{Fault, Scenario};
use super::state::SimState;
use super::steps::plan;
use super::stream::{MAX_SILENCE, Shape, body};
use super::validate::{ApiVersion, Endpoint, validate};
use super::wire::{Message, MessagesRequest, TokenCount};
use crate::clock;

/// Largest body that is read, as at the provider.
pub const MAX_BODY: usize = 32 << 20;
/// The organisation every key belongs to.
const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000000";

type Body = Result<Bytes, actix_web::Error>;

/// `POST /v1/messages`
pub async fn messages(request: HttpRequest, body: Body, state: Data<SimState>) -> HttpResponse {
    let call = Call::new(&request, &state);
    match call.messages(body).await {
        Ok(response) => response,
        Err(error) => call.refuse(&error),
    }
}

/// `POST /v1/messages/count_tokens`
pub async fn count_tokens(request: HttpRequest, body: Body, state: Data<SimState>) -> HttpResponse {
    let call = Call::new(&request, &state);
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
pub async fn list_models(
    request: HttpRequest,
    page: web::Query<Page>,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state);
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
pub async fn show_model(
    request: HttpRequest,
    id: web::Path<String>,
    state: Data<SimState>,
) -> HttpResponse {
    let call = Call::new(&request, &state);
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
pub async fn not_found(request: HttpRequest, state: Data<SimState>) -> HttpResponse {
    Call::new(&request, &state).refuse(&ApiError::of_status(404))
}

/// A request whose body passed validation.
struct Read {
    request: MessagesRequest,
    model: &'static models::ModelRules,
    prompt: Prompt,
    summary: RequestSummary,
}

/// One call: what its answers have in common.
struct Call<'a> {
    request: &'a HttpRequest,
    state: &'a Data<SimState>,
    id: String,
}

impl<'a> Call<'a> {
    fn new(request: &'a HttpRequest, state: &'a Data<SimState>) -> Self {
        Self { request, state, id: state.ids.request() }
    }

    async fn messages(&self, body: Body) -> Result<HttpResponse, ApiError> {
        let Read { request, model, prompt, mut summary } =
            self.read(body, Endpoint::Messages).inspect_err(|error| self.note_refusal(error))?;
        let answers = read::tool_answers(&request);
        summary.answered_tools = answers.iter().filter_map(|answer| answer.name.clone()).collect();
        let (scenario, text) = self
            .state
            .scenario_for(self.scenario_header().as_deref(), &request, &summary.answered_tools)
            .map_err(|error| ApiError::invalid(format!("sim: {error}")))
            .inspect_err(|error| self.note_refusal(error))?;
        summary.scenario.clone_from(&scenario.name);
        summary.last_text_chars = text.chars().count();
        summary.last_text_hash = short_hash(text);
        let stream = summary.stream;

        let place = self.state.place();
        let number = self.state.record.add(summary);
        let (place, refusal) = match place {
            Ok(place) => (Some(place), self.state.flaky_error(&scenario.fault)),
            Err(error) => (None, Some(error)),
        };
        let mut tracker = Tracker::new(self.state.record.clone(), number, place);
        if let Some(error) = refusal {
            tracker.refused(error.status);
            return Err(error);
        }

        let input = self.state.cache.account(&prompt, model, Instant::now());
        let material = Material {
            request: &request,
            model,
            text,
            answers: &answers,
            input,
            ids: &self.state.ids,
        };
        let answer =
            compose(&scenario.say, &material).inspect_err(|error| tracker.refused(error.status))?;
        self.state.limits.spend(prompt.tokens(), answer.usage.output_tokens, Instant::now());

        let (first, between) = self.state.pace(&scenario);
        if scenario.fault == Fault::NoFirstByte {
            tracker.faulted();
            tokio::time::sleep(MAX_SILENCE).await;
            tracker.refused(504);
            return Err(ApiError::of_status(504));
        }
        if !first.is_zero() {
            tokio::time::sleep(first).await;
        }
        tracker.begun();
        if scenario.fault.breaks_the_answer() {
            tracker.faulted();
        }
        if stream && scenario.fault != Fault::Json {
            let steps = plan(&answer, &scenario.fault, between);
            let shape = Shape::of(&scenario.fault);
            return Ok(self
                .head(StatusCode::OK)
                .content_type("text/event-stream; charset=utf-8")
                .insert_header(("cache-control", "no-cache"))
                .streaming(self::body(steps, shape, between, tracker)));
        }
        self.whole(&answer, &scenario, between, tracker).await
    }

    /// The answer in one piece, as far as the fault lets it be one.
    async fn whole(
        &self,
        answer: &Message,
        scenario: &Scenario,
        between: Duration,
        mut tracker: Tracker,
    ) -> Result<HttpResponse, ApiError> {
        let mut head = self.head(StatusCode::OK);
        match &scenario.fault {
            Fault::Midstream { error, .. } => {
                tracker.refused(error.status);
                return Err(error.clone());
            }
            Fault::Garbage => {
                tracker.faulted();
                return Ok(head.content_type("application/json").body("<html>502</html>"));
            }
            Fault::Truncate { .. } | Fault::Unfinished { .. } | Fault::Stall { .. } => {
                let json = serde_json::to_vec(answer).unwrap_or_default();
                let half = Bytes::copy_from_slice(&json[..json.len() / 2]);
                let mut steps = vec![super::steps::Step::Raw(half)];
                steps.push(super::steps::Step::Wait(Duration::from_millis(1)));
                match scenario.fault {
                    Fault::Stall { .. } => steps.push(super::steps::Step::Hang),
                    Fault::Truncate { .. } => steps.push(super::steps::Step::Cut),
                    _ => {}
                }
                let body = body(steps, Shape::default(), between, tracker);
                return Ok(head.content_type("application/json").streaming(body));
            }
            _ => {}
        }
        // A caller that waits for the whole waits for every word of it.
        let deltas = u32::try_from(answer.usage.output_tokens).unwrap_or(u32::MAX).min(400);
        if !between.is_zero() {
            tokio::time::sleep(between.saturating_mul(deltas)).await;
        }
        tracker.finished();
        Ok(head.json(answer))
    }

    /// Authentication, version, limits, body, validation; in this order.
    fn read(&self, body: Body, endpoint: Endpoint) -> Result<Read, ApiError> {
        self.authenticate()?;
        let version = ApiVersion::parse(self.header("anthropic-version"))?;
        self.state.limits.admit(Instant::now()).map_err(|wait| {
            ApiError::of_status(429)
                .with_message("This request would exceed the rate limit for your organization.")
                .with_retry_after(Some(wait.as_secs() + 1))
        })?;
        let body = body.map_err(|error| {
            let status = error.as_response_error().status_code().as_u16();
            ApiError::of_status(if status == 413 { 413 } else { 400 })
        })?;
        let text = std::str::from_utf8(&body)
            .map_err(|_| ApiError::invalid("The request body is not valid UTF-8"))?;
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

    fn authenticate(&self) -> Result<(), ApiError> {
        let bearer = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        // Sources differ about both headers at once; `x-api-key` is taken then.
        let given = self.header("x-api-key").or(bearer).map(str::trim).unwrap_or_default();
        if given.is_empty() {
            return Err(ApiError::of_status(401).with_message("x-api-key header is required"));
        }
        match &self.state.api_key {
            Some(wanted) if wanted.expose_secret() != given => Err(ApiError::of_status(401)),
            _ => Ok(()),
        }
    }

    fn summary(&self) -> RequestSummary {
        let auth = match (self.header("x-api-key"), self.header("authorization")) {
            (Some(_), _) => "x-api-key",
            (None, Some(_)) => "bearer",
            (None, None) => "none",
        };
        let owned = |name: &str| self.header(name).map(str::to_owned);
        RequestSummary {
            at: clock::now().to_string(),
            path: self.request.path().to_owned(),
            request_id: self.id.clone(),
            auth: auth.to_owned(),
            beta: owned("anthropic-beta"),
            idempotency_key: owned("idempotency-key"),
            ..RequestSummary::default()
        }
    }

    /// Writes a call down that was refused before it could be read.
    fn note_refusal(&self, error: &ApiError) {
        let number = self.state.record.add(self.summary());
        Tracker::new(self.state.record.clone(), number, None).refused(error.status);
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        header(self.request.headers(), name)
    }

    /// The scenario header: UTF-8, or Latin-1 as some clients send it.
    fn scenario_header(&self) -> Option<String> {
        let bytes = self.request.headers().get("x-sim-scenario")?.as_bytes();
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }

    /// The headers that every answer carries.
    fn head(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut head = HttpResponse::build(status);
        head.insert_header(("request-id", self.id.as_str()));
        head.insert_header(("anthropic-organization-id", ORGANIZATION));
        for header in self.state.limits.headers(clock::now()) {
            head.insert_header(header);
        }
        head
    }

    fn refuse(&self, error: &ApiError) -> HttpResponse {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut head = self.head(status);
        head.insert_header(("x-should-retry", if error.should_retry() { "true" } else { "false" }));
        if let Some(seconds) = error.retry_after {
            head.insert_header(("retry-after", seconds.to_string()));
        }
        head.json(error.to_response(&self.id))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
