//! Every metric there is: the one place that names them all, with unit, labels and meaning.
//!
//! `/metrics` carries these texts as `# HELP`; `gateway/server/METRICS.md` is written from this table.
//! Tests compare it with the names in the sources and with what the running binary answers.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Labels with their values, where these are few.
    pub(super) labels: &'static str,
    pub(super) help: &'static str,
    /// Series that are there, as 0, before anything happens: an alarm on a rise needs a first value.
    pub(super) zero: &'static [&'static [(&'static str, &'static str)]],
}

const fn metric(
    kind: Kind,
    name: &'static str,
    labels: &'static str,
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help, zero: &[] }
}

const fn counter(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    metric(Kind::Counter, name, labels, help)
}

const fn gauge(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    metric(Kind::Gauge, name, labels, help)
}

const fn histogram(name: &'static str, labels: &'static str, help: &'static str) -> Metric {
    metric(Kind::Histogram, name, labels, help)
}

impl Metric {
    const fn starting_at_zero(
        mut self,
        zero: &'static [&'static [(&'static str, &'static str)]],
    ) -> Self {
        self.zero = zero;
        self
    }
}

/// One series without labels.
const PLAIN: &[&[(&str, &str)]] = &[&[]];

/// Chapters of metrics.
pub(super) const ALL: &[(&str, &[Metric])] = &[
    (
        "The promise",
        &[
            counter(
                "forecourt_promises_total",
                "`result`: kept, broken; `by`: model, template, member, none",
                "Promises that ended.",
            )
            .starting_at_zero(&[
                &[("result", "kept"), ("by", "model")],
                &[("result", "broken"), ("by", "none")],
            ]),
            histogram(
                "forecourt_answered_seconds",
                "",
                "Seconds from the customer's message to the proof of the answer.",
            ),
            gauge(
                "forecourt_undone",
                "`kind`",
                "Work that is owed: overdue timers, pending, stuck, uncertain and dead deliveries, waiting sessions without a timer, pending webhooks of active endpoints, entries of external calendars.",
            ),
            counter("forecourt_timers_fired_total", "`kind`", "Timers fired."),
        ],
    ),
    (
        "Sessions and their journal",
        &[
            gauge("forecourt_sessions_awake", "", "Session actors alive now.")
                .starting_at_zero(PLAIN),
            gauge(
                "forecourt_session_queue_deepest",
                "",
                "Deepest queue of a session: commands in its mailbox and behind the one under way.",
            ),
            gauge("forecourt_in_flight", "", "Commands, turns and letters under way."),
            gauge("forecourt_tenants_loaded", "", "Tenants in memory."),
            counter(
                "forecourt_booking_steps_total",
                "`result`: booking.held, booking.confirmed, …, behind, taken",
                "Steps of bookings; behind: another node was faster; taken: the exclusion constraint had to refuse, which is a bug.",
            ),
            counter(
                "forecourt_booking_letters_total",
                "`result`: accepted, retried, failed, uncertain, dropped",
                "Tries to send a letter about a booking.",
            ),
            counter(
                "forecourt_booking_offers_total",
                "`result`: offered, taken, let_go",
                "Offers of a free time to who waits; let_go: said no, or did not answer in time.",
            ),
            counter(
                "forecourt_website_readings_total",
                "`result`: read, failed",
                "Readings of tenants' websites.",
            ),
            counter(
                "forecourt_embeddings_total",
                "`what`: question, passages; `result`: placed, refused, failed, late, passed_over",
                "Calls for vectors; late: the words alone answered; passed_over: the provider is left alone, or a budget is used up.",
            ),
            counter(
                "forecourt_tool_calls_total",
                "`tool`; `result`: done, bad_arguments, refused, failed",
                "Calls of the assistant's tools.",
            ),
            gauge("forecourt_resources_awake", "", "Ledgers of resources in memory."),
            gauge(
                "forecourt_captures_waiting",
                "",
                "Submissions that are captured or wait for it.",
            ),
            counter(
                "forecourt_commands_total",
                "`result`: stored, rejected, conflict, failed",
                "Commands decided.",
            )
            .starting_at_zero(&[&[("result", "stored")], &[("result", "failed")]]),
            histogram("forecourt_commit_seconds", "", "Seconds per commit."),
            histogram("forecourt_commit_batch_appends", "", "Decisions per commit."),
            gauge(
                "forecourt_journal_queue_deepest",
                "",
                "Deepest journal: decisions of one tenant that wait for their commit.",
            ),
            counter(
                "forecourt_actor_crashes_total",
                "`actor`: lead_session, turn, webhook, calendar",
                "Actors that died of a panic; each was started again.",
            )
            .starting_at_zero(&[&[("actor", "lead_session")], &[("actor", "turn")]]),
            counter(
                "forecourt_sessions_quarantined_total",
                "",
                "Sessions handed to a person because the program failed on them twice.",
            )
            .starting_at_zero(PLAIN),
            gauge(
                "forecourt_timers_in_memory",
                "",
                "Timers in memory; the others wait in their rows.",
            ),
            gauge(
                "forecourt_arbiter_lag_seconds",
                "`arbiter`",
                "Seconds that a message waits on a thread of the actors before it is looked at; 0.5 when it is not looked at within that.",
            ),
        ],
    ),
    (
        "Turns",
        &[
            gauge("forecourt_turns_running", "", "Turns that run now."),
            counter(
                "forecourt_turns_total",
                "`model`; `result`: answered, model, stream, rate_limited, withheld, unusable, timed_out",
                "Calls of a model that ended.",
            ),
            histogram(
                "forecourt_turn_first_text_seconds",
                "",
                "Seconds from the call of a model to its first released text.",
            ),
            counter(
                "forecourt_model_tokens_total",
                "`model`; `kind`: input, cached, output",
                "Tokens that complete answers took.",
            ),
            counter(
                "forecourt_model_cost_nano_usd_total",
                "`model`",
                "Billionths of a US dollar that complete answers cost, as far as prices are known.",
            ),
            histogram(
                "forecourt_model_first_token_seconds",
                "`model`",
                "Seconds from the call of a model to its first text, before the claim gate.",
            ),
            counter(
                "forecourt_model_budget_spent_total",
                "",
                "Turns that asked no model which costs money: the tenant's budget was used up.",
            ),
            counter(
                "forecourt_attachments_total",
                "`result`: posted, arrived, failed",
                "Files of customers: that came with a message, whose bytes are all here, that will not come.",
            ),
            counter(
                "forecourt_sentences_withheld_total",
                "",
                "Sentences that the claim gate withheld.",
            )
            .starting_at_zero(PLAIN),
        ],
    ),
    (
        "Deliveries",
        &[
            counter(
                "forecourt_deliveries_total",
                "`provider`; `result`: accepted, temporary, permanent, uncertain, refused",
                "Tries to send.",
            ),
            gauge("forecourt_deliveries_waiting", "", "Letters in memory that wait."),
            gauge("forecourt_deliveries_under_way", "", "Letters on their way to a provider."),
            counter(
                "forecourt_deliveries_postponed_total",
                "`provider`",
                "Tries that were put off because their provider does not answer.",
            ),
            counter(
                "forecourt_deliveries_replayed_total",
                "",
                "Dead letters that a person had sent once more.",
            ),
            counter(
                "forecourt_handoffs_routed_total",
                "",
                "Hand-offs that were given to a member by routing.",
            ),
            counter(
                "forecourt_callbacks_total",
                "`step`",
                "Call-backs, by `step`: `offered`, `agreed`, `ended` by a member.",
            ),
            gauge(
                "forecourt_provider_state",
                "`provider`",
                "Whether a provider answers: 0 it does, 1 a probe is on its way, 2 it is left alone.",
            ),
            counter(
                "forecourt_provider_opened_total",
                "`provider`",
                "How often a provider stopped answering.",
            ),
        ],
    ),
    (
        "Outgoing webhooks",
        &[
            counter(
                "forecourt_webhook_calls_total",
                "`result`: accepted, refused, gone, failed",
                "Tries to call an integrator's endpoint.",
            ),
            histogram("forecourt_webhook_seconds", "", "Seconds that a try takes."),
            gauge("forecourt_webhook_workers", "", "Endpoints that this node works for now."),
            counter(
                "forecourt_webhook_paused_total",
                "",
                "Endpoints that were paused because they are gone or take nothing.",
            ),
        ],
    ),
    (
        "External calendars",
        &[
            counter(
                "forecourt_calendar_looks_total",
                "`result`: good, auth, not_found, rate_limited, conflict, unavailable, protocol, not_configured",
                "Looks at external calendars.",
            ),
            counter(
                "forecourt_calendar_entries_total",
                "`result`: put, removed, left, failed",
                "Bookings written into external calendars, or taken out.",
            ),
        ],
    ),
    (
        "The bus",
        &[
            counter(
                "forecourt_listeners_cut_total",
                "",
                "Listeners whose queue was full and who must resume with their cursor.",
            )
            .starting_at_zero(PLAIN),
            gauge(
                "forecourt_bus_joined",
                "",
                "1 while this node and Redis hear each other, else 0. Only where there are several nodes.",
            ),
            counter("forecourt_bus_cuts_total", "", "Times that this node lost Redis."),
            counter("forecourt_bus_sent_total", "", "Events that were handed to Redis."),
            histogram("forecourt_bus_sent_together", "", "Packets per round trip to Redis."),
            counter(
                "forecourt_bus_received_total",
                "`kind`: event, draft, ask, head, presence",
                "Frames that came from other nodes.",
            ),
            counter(
                "forecourt_bus_dropped_total",
                "`what`: event, draft, foreign, packet, presence",
                "What was let go; events are read from the journal instead, presence is told anew.",
            ),
            counter(
                "forecourt_bus_gaps_total",
                "",
                "Times that events were missing and had to be read from the journal.",
            ),
            counter(
                "forecourt_bus_filled_total",
                "",
                "Events that were read from the journal because Redis did not bring them.",
            ),
            counter(
                "forecourt_bus_gaps_given_up_total",
                "",
                "Gaps that the journal could not fill: listeners find them by their versions.",
            ),
            gauge("forecourt_bus_tenants", "", "Tenants whose events this node follows."),
            counter(
                "forecourt_limits_asked_total",
                "`by`: shared, local",
                "Answers of a limit: by Redis, or by this node alone while Redis was slow or gone.",
            ),
        ],
    ),
    (
        "HTTP",
        &[
            counter(
                "forecourt_http_requests_total",
                "`method`, `route`, `status`",
                "Requests answered.",
            ),
            histogram(
                "forecourt_http_request_duration_seconds",
                "`route`",
                "Seconds to the head of the answer.",
            ),
            gauge("forecourt_http_event_streams", "", "Event streams that are open.")
                .starting_at_zero(PLAIN),
            gauge("forecourt_http_live_sockets", "", "Sockets of dashboards that are open.")
                .starting_at_zero(PLAIN),
            counter(
                "forecourt_http_live_cut_total",
                "",
                "Sockets that were cut because they read too slowly.",
            )
            .starting_at_zero(PLAIN),
            counter(
                "forecourt_http_live_let_go_total",
                "",
                "Batches of presence and running answers that a slow socket was told anew later.",
            )
            .starting_at_zero(PLAIN),
            counter("forecourt_http_limited_total", "`limit`", "Requests refused by a limit."),
            counter(
                "forecourt_http_logins_total",
                "`result`: accepted, refused",
                "Tries to sign in.",
            )
            .starting_at_zero(&[&[("result", "accepted")], &[("result", "refused")]]),
        ],
    ),
    (
        "The process",
        &[
            gauge("forecourt_build_info", "`version`", "1, with the version of the binary."),
            gauge(
                "forecourt_store_connections",
                "`pool`: app, jobs; `state`: open, idle, most",
                "Connections to Postgres.",
            ),
            gauge(
                "forecourt_store_waiting",
                "`pool`: app, jobs",
                "Callers that wait for a connection to Postgres.",
            ),
            gauge(
                "process_cpu_seconds_total",
                "",
                "Seconds of CPU that the process has used, in user and system mode.",
            ),
            gauge("process_resident_memory_bytes", "", "Memory that the process holds."),
            gauge("process_open_fds", "", "Open file descriptors."),
            gauge("process_max_fds", "", "File descriptors that the process may open."),
            gauge("process_threads", "", "Threads."),
            gauge(
                "process_start_time_seconds",
                "",
                "When the process started, in seconds since 1970.",
            ),
        ],
    ),
];

/// Tells the recorder what its metrics mean, and makes the series that must be there from the start.
pub(super) fn announce() {
    for metric in ALL.iter().flat_map(|(_, metrics)| *metrics) {
        let Metric { name, labels, help, .. } = *metric;
        let help = match labels {
            "" => help.to_owned(),
            labels => format!("{help} By {}.", labels.replace('`', "")),
        };
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(name, help),
            Kind::Gauge => metrics::describe_gauge!(name, help),
            Kind::Histogram => metrics::describe_histogram!(name, help),
        }
        for labels in metric.zero {
            let labels: Vec<_> =
                labels.iter().map(|(name, value)| metrics::Label::new(*name, *value)).collect();
            match metric.kind {
                Kind::Counter => metrics::counter!(name, labels).absolute(0),
                Kind::Gauge => metrics::gauge!(name, labels).set(0.0),
                Kind::Histogram => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fmt::Write as _,
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn names() -> BTreeSet<String> {
        ALL.iter().flat_map(|(_, metrics)| *metrics).map(|metric| metric.name.to_owned()).collect()
    }

    /// The document, as it is written from the table.
    fn document() -> String {
        let mut out = String::from(
            "# Metrics\n\nWhat `/metrics` answers, in Prometheus' text format. Written from \
             `gateway/server/src/telemetry/catalogue.rs`;\nafter a change there: \
             `FORECOURT_WRITE=1 cargo test -p forecourt catalogue`.\n\nNo label carries personal data. \
             **●** is there from the start, as 0; the others appear when something happens.\n\n\
             To alarm on: `forecourt_promises_total{result=\"broken\"}`, `forecourt_undone`, \
             `forecourt_sessions_quarantined_total`,\n`forecourt_arbiter_lag_seconds`, \
             `forecourt_store_waiting`.\n",
        );
        for (chapter, metrics) in ALL {
            writeln!(
                out,
                "\n## {chapter}\n\n| Name | Kind | Labels | Meaning |\n|---|---|---|---|"
            )
            .unwrap();
            for metric in *metrics {
                let kind = match metric.kind {
                    Kind::Counter => "counter",
                    Kind::Gauge => "gauge",
                    Kind::Histogram => "histogram",
                };
                let start = if metric.zero.is_empty() { "" } else { " ●" };
                let Metric { name, labels, help, .. } = metric;
                writeln!(out, "| `{name}`{start} | {kind} | {labels} | {help} |").unwrap();
            }
        }
        out
    }

    #[test]
    fn the_document_says_what_the_catalogue_says() {
        let path = root().join("gateway/server/METRICS.md");
        if std::env::var_os("FORECOURT_WRITE").is_some() {
            fs::write(&path, document()).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == document(),
            "gateway/server/METRICS.md is behind: FORECOURT_WRITE=1 cargo test -p forecourt catalogue"
        );
    }

    /// Sources below a folder, without tests.
    fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && !["tests", "target", "node_modules"].iter().any(|n| name == *n) {
                sources(&path, out);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                out.push(path);
            }
        }
    }

    #[test]
    fn every_metric_that_the_sources_name_is_in_the_catalogue_and_the_other_way_round() {
        let mut files = Vec::new();
        for folder in ["actors/src", "engine", "gateway/http/src", "gateway/server/src"] {
            sources(&root().join(folder), &mut files);
        }
        let mut named = BTreeSet::new();
        for file in files.iter().filter(|file| !file.ends_with("telemetry/catalogue.rs")) {
            let text = fs::read_to_string(file).unwrap();
            // A metric is named where it is counted, or by a constant in a file of names.
            let lines: Vec<_> = text.lines().collect();
            for (n, line) in lines.iter().enumerate() {
                let near = lines[n.saturating_sub(1)..=n].concat();
                let counted =
                    ["counter!(", "gauge!(", "histogram!("].iter().any(|m| near.contains(m));
                if counted || file.ends_with("names.rs") {
                    let names = line.split('"').filter(|word| {
                        word.starts_with("forecourt_") || word.starts_with("process_")
                    });
                    named.extend(names.map(str::to_owned));
                }
            }
        }
        let known = names();
        let missing: Vec<_> = named.difference(&known).collect();
        assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
        let stale: Vec<_> = known.difference(&named).collect();
        assert!(stale.is_empty(), "counted nowhere: {stale:?}");
    }

    #[test]
    fn the_dashboard_asks_for_metrics_of_the_catalogue_only() {
        let text = fs::read_to_string(root().join("docker/grafana/forecourt.json")).unwrap();
        let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
        let known = names();
        let mut asked = BTreeSet::new();
        let panels = dashboard["panels"].as_array().unwrap();
        for target in panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten() {
            let expr = target["expr"].as_str().unwrap();
            let words = expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            for word in words.filter(|w| w.starts_with("forecourt_") || w.starts_with("process_")) {
                let base =
                    ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
                let name = base.filter(|base| known.contains(*base)).unwrap_or(word);
                assert!(known.contains(name), "{word} in {expr}");
                asked.insert(name.to_owned());
            }
        }
        assert!(asked.len() > 25, "it shows {} metrics only", asked.len());
    }
}
