//! Traces by OpenTelemetry's protocol (OTLP over HTTP, protobuf), where the environment names a collector.
//!
//! Standard names: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) turns it on, `OTEL_SDK_DISABLED`
//! off; `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` mean what the specification says.
//!
//! # Invariants
//! - off, no span is made; on, a collector that is slow or away costs spans, never a request (A9): the
//!   queue is bounded, and sending has a thread of its own;
//! - only spans of [`way::TARGET`] leave, so that no library's fields do (A13).

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use forecourt_actors::way;
use forecourt_http::Traces;
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tokio::runtime::{Handle, Runtime};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last spans may take when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

static ON: AtomicBool = AtomicBool::new(false);

/// Traces that are being exported; dropped, it sends the last ones.
pub(super) struct Exporting {
    provider: SdkTracerProvider,
    /// Drives the connections to the collector; `None` only while it is dropped.
    runtime: Option<Runtime>,
}

/// Starts to export, if the environment says where to.
pub(super) fn start() -> anyhow::Result<Option<Exporting>> {
    let set = |name: &str| env::var(name).is_ok_and(|value| !value.trim().is_empty());
    let off = env::var("OTEL_SDK_DISABLED").is_ok_and(|off| off.eq_ignore_ascii_case("true"));
    let named = set("OTEL_EXPORTER_OTLP_ENDPOINT") || set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if off || !named {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("forecourt-traces")
        .enable_all()
        .build()?;
    let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let client = Collector { http, runtime: runtime.handle().clone() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .build()
        .context("the collector's address cannot be used")?;
    let resource = match env::var("OTEL_SERVICE_NAME") {
        Ok(_) => Resource::builder(),
        Err(_) => Resource::builder().with_service_name("forecourt"),
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    ON.store(true, Ordering::Relaxed);
    Ok(Some(Exporting { provider, runtime: Some(runtime) }))
}

impl Exporting {
    /// The layer that turns the way's spans into traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("forecourt"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target() == way::TARGET))
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "the last traces were not taken");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the gateway needs to go on with a caller's trace; `None` where nothing is exported.
pub(crate) fn propagation() -> Option<Arc<dyn Traces>> {
    ON.load(Ordering::Relaxed).then(|| Arc::new(W3c) as Arc<dyn Traces>)
}

/// The standard header of the World Wide Web Consortium.
struct W3c;

struct Parent<'a>(&'a str);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

impl Traces for W3c {
    fn adopt(&self, span: &Span, traceparent: &str) {
        let caller = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &Parent(traceparent));
        if caller.span().span_context().is_valid() {
            // Refused only where the span is not traced.
            let _untraced = span.set_parent(caller);
        }
    }

    fn place(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let place = context.span().span_context().clone();
        let flags = place.trace_flags().to_u8();
        place.is_valid().then(|| format!("00-{}-{}-{flags:02x}", place.trace_id(), place.span_id()))
    }
}

/// Sends by the engine's one HTTP client library, from the exporter's own thread, which runs no reactor.
#[derive(Debug)]
struct Collector {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = self
            .http
            .request(parts.method, parts.uri.to_string())
            .headers(parts.headers)
            .body(body)
            .build()?;
        let http = self.http.clone();
        let answered = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let status = answer.status();
            // What a collector says beside its status is of no use, and may be endless.
            Ok::<_, reqwest::Error>((status, answer.headers().clone()))
        });
        let (status, headers) = answered.await??;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
