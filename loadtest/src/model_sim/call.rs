//! One call of whichever protocol: the scenario that rules it, the answer, and how it leaves.
//!
//! What a protocol does in its own way is asked of [`Dialect`]; what is answered is decided in
//! [`super::reply`] and [`super::steps`].

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use secrecy::ExposeSecret as _;

use super::dialect::Dialect;
use super::error::ApiError;
use super::models::ModelRules;
use super::prompt::Prompt;
use super::read;
use super::record::{RequestSummary, Tracker, short_hash};
use super::reply::{Material, compose};
use super::scenario::{Fault, Scenario};
use super::state::SimState;
use super::steps::plan;
use super::stream::{MAX_SILENCE, Shape, body};
use super::wire::{Message, MessagesRequest};
use crate::clock;

/// A request's body as the server hands it over.
pub(super) type Body = Result<Bytes, actix_web::Error>;

/// A request whose body passed validation.
pub(super) struct Read {
    pub(super) request: MessagesRequest,
    pub(super) model: &'static ModelRules,
    pub(super) prompt: Prompt,
    pub(super) summary: RequestSummary,
}

/// One call: what its answers have in common.
pub(super) struct Call<'a> {
    request: &'a HttpRequest,
    pub(super) state: &'a Data<SimState>,
    id: String,
    pub(super) dialect: Dialect,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        request: &'a HttpRequest,
        state: &'a Data<SimState>,
        dialect: Dialect,
    ) -> Self {
        Self { request, state, id: state.ids.request(), dialect }
    }

    /// What `read` comes to under the scenario that rules it.
    pub(super) async fn answer(&self, read: Read) -> Result<HttpResponse, ApiError> {
        let Read { request, model, prompt, mut summary } = read;
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
            if self.dialect.streams_a_list() {
                tracker.finished();
                return Ok(self.head(StatusCode::OK).json(self.dialect.list(&steps)));
            }
            let shape = Shape::of(&scenario.fault, self.dialect.encoder());
            return Ok(self
                .head(StatusCode::OK)
                .content_type(self.dialect.stream_type())
                .insert_header(("cache-control", "no-cache"))
                .streaming(body(steps, shape, between, tracker)));
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
                let json = serde_json::to_vec(&self.dialect.whole(answer)).unwrap_or_default();
                let half = Bytes::copy_from_slice(&json[..json.len() / 2]);
                let mut steps = vec![super::steps::Step::Raw(half)];
                steps.push(super::steps::Step::Wait(Duration::from_millis(1)));
                match scenario.fault {
                    Fault::Stall { .. } => steps.push(super::steps::Step::Hang),
                    Fault::Truncate { .. } => steps.push(super::steps::Step::Cut),
                    _ => {}
                }
                let shape = Shape::of(&Fault::None, self.dialect.encoder());
                let body = body(steps, shape, between, tracker);
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
        Ok(head.json(self.dialect.whole(answer)))
    }

    pub(super) fn authenticate(&self) -> Result<(), ApiError> {
        let given = self.dialect.key(self.request).unwrap_or_default();
        if given.is_empty() {
            return Err(self.dialect.keyless());
        }
        match &self.state.api_key {
            Some(wanted) if wanted.expose_secret() != given => Err(ApiError::of_status(401)),
            _ => Ok(()),
        }
    }

    /// Authentication, limits, and the body as text; in this order.
    pub(super) fn text(&self, body: Body) -> Result<Bytes, ApiError> {
        self.authenticate()?;
        self.admit()?;
        let body = body.map_err(|error| {
            let status = error.as_response_error().status_code().as_u16();
            ApiError::of_status(if status == 413 { 413 } else { 400 })
        })?;
        match std::str::from_utf8(&body) {
            Ok(_) => Ok(body),
            Err(_) => Err(ApiError::invalid("The request body is not valid UTF-8")),
        }
    }

    /// Takes one of the requests of this minute.
    pub(super) fn admit(&self) -> Result<(), ApiError> {
        self.state.limits.admit(Instant::now()).map_err(|wait| {
            ApiError::of_status(429)
                .with_message("This request would exceed the rate limit for your organization.")
                .with_retry_after(Some(wait.as_secs() + 1))
        })
    }

    pub(super) fn summary(&self) -> RequestSummary {
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
    pub(super) fn note_refusal(&self, error: &ApiError) {
        let number = self.state.record.add(self.summary());
        Tracker::new(self.state.record.clone(), number, None).refused(error.status);
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.request.headers(), name)
    }

    /// The scenario header: UTF-8, or Latin-1 as some clients send it.
    pub(super) fn scenario_header(&self) -> Option<String> {
        let bytes = self.request.headers().get("x-sim-scenario")?.as_bytes();
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }

    /// The headers that every answer carries.
    pub(super) fn head(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut head = HttpResponse::build(status);
        for header in self.dialect.headers(&self.id, &self.state.limits) {
            head.insert_header(header);
        }
        head
    }

    pub(super) fn refuse(&self, error: &ApiError) -> HttpResponse {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut head = self.head(status);
        for header in self.dialect.error_headers(error) {
            head.insert_header(header);
        }
        head.json(self.dialect.error(error, &self.id))
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
