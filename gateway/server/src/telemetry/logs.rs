//! How a line of the log looks: one event is one line, whatever stands in it.
//!
//! A control character that reached a field would let its writer forge lines (CR, LF) or steer a terminal
//! (ESC): both formats escape them. Where the event happened on a traced way, the line says so with
//! `trace_id` and `span_id`.

use std::{fmt, io::IsTerminal as _};

use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

use crate::config::LogFormat;

/// Writes lines in one of the two formats.
pub(super) struct Lines {
    format: LogFormat,
    colours: bool,
}

impl Lines {
    pub(super) fn new(format: LogFormat) -> Self {
        Self { format, colours: format == LogFormat::Text && std::io::stderr().is_terminal() }
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("message", value) => self.message = value.to_string(),
            (name, value) => {
                self.others.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        match self.format {
            LogFormat::Json => {
                let mut line = Map::new();
                line.insert("timestamp".into(), time.into());
                line.insert("level".into(), level.as_str().into());
                line.insert("target".into(), target.into());
                line.insert("message".into(), fields.message.into());
                if let Some((trace, span)) = place() {
                    line.insert("trace_id".into(), trace.into());
                    line.insert("span_id".into(), span.into());
                }
                line.extend(fields.others);
                // JSON escapes what is below a space; what is left are the two that end lines elsewhere.
                let line = Value::Object(line).to_string();
                for c in line.chars() {
                    match c {
                        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                            write!(out, "\\u{:04x}", u32::from(c))?;
                        }
                        c => out.write_char(c)?,
                    }
                }
            }
            LogFormat::Text => {
                write!(out, "{time} {} ", Coloured(level, self.colours))?;
                escape(&mut out, &fields.message)?;
                for (name, value) in &fields.others {
                    write!(out, " {name}=")?;
                    match value {
                        Value::String(text) => escape(&mut out, text)?,
                        value => write!(out, "{value}")?,
                    }
                }
                if let Some((trace, _)) = place() {
                    write!(out, " trace_id={trace}")?;
                }
            }
        }
        out.write_char('\n')
    }
}

/// Ids of the trace and the span on whose way the event happened.
fn place() -> Option<(String, String)> {
    let context = opentelemetry::Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| (span.trace_id().to_string(), span.span_id().to_string()))
}

/// Writes text with its control characters as `\u{..}` or `\n`.
fn escape(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            write!(out, "{}", c.escape_default())?;
        } else {
            out.write_char(c)?;
        }
    }
    Ok(())
}

struct Coloured(Level, bool);

impl fmt::Display for Coloured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.1 {
            return write!(f, "{:>5}", self.0);
        }
        let colour = match self.0 {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            _ => 34,
        };
        write!(f, "\u{1b}[{colour}m{:>5}\u{1b}[0m", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let kept = Kept::default();
        let lines = tracing_subscriber::fmt::layer()
            .event_format(Lines { format, colours: false })
            .with_writer(kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const FORGED: &str = "x\r\n2026-11-21 ERROR forged\u{1b}[2J\u{9b}31m\u{2028}y";

    #[test]
    fn what_a_field_holds_can_neither_forge_a_line_nor_steer_a_terminal() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, || {
                tracing::warn!(code = FORGED, debug = ?FORGED, "told {}", FORGED);
            });
            assert_eq!(log.lines().count(), 1, "{log}");
            let forbidden = |c: char| (c.is_control() && c != '\n') || c == '\u{2028}';
            assert!(!log.contains(forbidden), "{log:?}");
        }
    }

    #[test]
    fn a_line_of_json_keeps_the_types_of_its_fields_and_the_text_of_its_message() {
        let log = logged(LogFormat::Json, || {
            tracing::info!(session.id = %"ses_1", attempt = 2_u64, kept = true, code = FORGED, "told");
        });
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"told".into()));
        assert_eq!((&line["attempt"], &line["kept"]), (&2.into(), &true.into()));
        assert_eq!(line["session.id"], "ses_1");
        assert_eq!(line["code"], FORGED, "what is escaped is not lost");
        assert!(line["timestamp"].is_string() && line["target"].is_string());
    }

    #[test]
    fn a_line_of_text_says_when_how_bad_what_and_its_fields() {
        let log = logged(LogFormat::Text, || tracing::warn!(code = "timeout", "a letter waits"));
        assert!(log.ends_with(" WARN a letter waits code=timeout\n"), "{log}");
    }
}
