//! Reads every log line of the simulation, and finds what must not stand in one (A13).

use std::{
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{Level, Subscriber, field::Field, span};
use tracing_subscriber::layer::{Context, Layer};

use super::people::PERSONAL;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) lines: AtomicU64,
    pub(super) warnings: AtomicU64,
    /// Where a line with personal data was written: file and line, never the text.
    pub(super) personal: Mutex<Vec<String>>,
    /// Panics that nobody made on purpose.
    pub(super) panics: Mutex<Vec<String>>,
}

/// See the [module](self).
pub(super) struct Reader(pub(super) Arc<Logs>);

#[derive(Default)]
struct Text(String);

impl tracing::field::Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _never = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Reader {
    fn read(&self, metadata: &tracing::Metadata<'_>, text: &str) {
        self.0.lines.fetch_add(1, Ordering::Relaxed);
        if *metadata.level() <= Level::WARN {
            self.0.warnings.fetch_add(1, Ordering::Relaxed);
        }
        if PERSONAL.iter().any(|mark| text.contains(mark)) {
            let place = format!(
                "{}:{}",
                metadata.file().unwrap_or("?"),
                metadata.line().unwrap_or_default()
            );
            let mut found = self.0.personal.lock().unwrap_or_else(PoisonError::into_inner);
            if found.len() < 20 {
                found.push(place);
            }
        }
    }
}

impl<S: Subscriber> Layer<S> for Reader {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("forecourt")
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        self.read(attributes.metadata(), &text.0);
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.read(event.metadata(), &text.0);
    }
}

thread_local! {
    static HERE: std::cell::RefCell<Option<Arc<Logs>>> = const { std::cell::RefCell::new(None) };
}

/// Takes the panics of this thread: those on purpose are silent, others are kept and shown.
pub(super) fn take_panics(logs: Option<Arc<Logs>>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let simulated = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
            let Some(logs) = simulated else { return before(info) };
            let text = info.payload_as_str().unwrap_or("");
            if text.contains("on purpose") || text.contains("was told to panic") {
                return;
            }
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let mut panics = logs.panics.lock().unwrap_or_else(PoisonError::into_inner);
            if panics.len() < 20 {
                panics.push(place);
            }
            drop(panics);
            before(info);
        }));
    });
    HERE.with(|here| *here.borrow_mut() = logs);
}
