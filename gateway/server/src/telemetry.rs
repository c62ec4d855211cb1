//! Logs and metrics. Neither carries personal data (A13): fields are ids, counts and codes.

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogArgs, LogFormat};

/// Buckets in seconds, from a fast commit to a broken promise.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 60.0, 90.0];

/// Starts logging to standard error; standard output is for answers.
pub(crate) fn init(args: &LogArgs) {
    // Whatever the operator asks for, libraries that would print data stay at warnings.
    let mut filter = EnvFilter::try_new(&args.log).unwrap_or_else(|_| EnvFilter::new("info"));
    for limit in forecourt_store::LOG_LIMITS.iter().chain(&[
        "hyper=warn",
        "h2=warn",
        "reqwest=warn",
        "lettre=warn",
        "actix_http=warn",
        "actix_web=warn",
    ]) {
        if let Ok(directive) = limit.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let registry = tracing_subscriber::registry().with(filter);
    let ansi = std::io::stderr().is_terminal();
    match args.log_format {
        LogFormat::Text => {
            registry
                .with(fmt::layer().with_writer(std::io::stderr).with_ansi(ansi).with_target(false))
                .init();
        }
        LogFormat::Json => registry.with(fmt::layer().json().with_writer(std::io::stderr)).init(),
    }
}

/// Installs the recorder; the handle renders what /metrics answers.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(
            Matcher::Suffix("_appends".into()),
            &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 256.0],
        )?;
    Ok(builder.install_recorder()?)
}
