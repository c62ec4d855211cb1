//! Logs, metrics, traces. None carries personal data (A13): fields are ids, counts and codes.
//!
//! Lives here: [`logs`] (how a line looks), [`traces`] (where spans go), [`catalogue`] (every
//! metric), [`mod@metrics`] (its recorder). What the spans are is written in [`forecourt_actors::way`].

mod catalogue;
mod logs;
mod metrics;
mod traces;

use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

pub(crate) use self::{
    metrics::{install as metrics, look},
    traces::propagation,
};
use crate::config::LogArgs;

/// Sends what is still to be sent when it is dropped.
#[must_use]
pub(crate) struct Telemetry {
    _traces: Option<traces::Exporting>,
}

/// Starts logging to standard error, and tracing to where the environment says; standard output is for
/// answers.
pub(crate) fn init(args: &LogArgs) -> Telemetry {
    // Whatever the operator asks for, libraries that would print data stay at warnings, and the way's
    // spans are the traces' alone.
    let mut filter = EnvFilter::try_new(&args.log).unwrap_or_else(|_| EnvFilter::new("info"));
    for limit in forecourt_store::LOG_LIMITS.iter().chain(&[
        "hyper=warn",
        "h2=warn",
        "reqwest=warn",
        "lettre=warn",
        "actix_http=warn",
        // What a client sends is no error of ours, however broken; they say it as one.
        "actix_http::h1::dispatcher=off",
        "actix_http::h1::decoder=off",
        "actix_http::ws=off",
        "actix_web=warn",
        "forecourt::way=off",
    ]) {
        if let Ok(directive) = limit.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let (exporting, failed) = match traces::start() {
        Ok(exporting) => (exporting, None),
        Err(error) => (None, Some(error)),
    };
    let traces = exporting.as_ref().map(traces::Exporting::layer);
    let lines = fmt::layer()
        .event_format(logs::Lines::new(args.log_format))
        .with_writer(std::io::stderr)
        .with_filter(filter);
    tracing_subscriber::registry().with(traces).with(lines).init();
    if let Some(error) = failed {
        tracing::error!(%error, "traces cannot be exported: going on without");
    }
    Telemetry { _traces: exporting }
}
