//! Thresholds: `figure op number`, such as `lost = 0` or `answered_p99_ms <= 90000`.
//!
//! Lives here: the list of figures that a run produces ([`FIGURES`]), so that a misspelt one is
//! refused when the file is read and not after an hour.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Every figure of a report: its name and what it counts.
pub const FIGURES: &[(&str, &str)] = &[
    ("sent", "forms whose request left"),
    ("acked", "forms acknowledged with 200"),
    ("acked_share", "acked of sent, 0 to 1"),
    ("answered", "acked forms with a letter"),
    ("lost", "acked forms or messages that the engine does not know at the end"),
    ("doubled", "customers who got one answer more than once"),
    ("unanswered", "acked, no answer, and nobody was told"),
    ("unproven", "called answered by the engine, but no provider saw an answer"),
    ("late", "answered after the deadline"),
    ("late_unflagged", "late, and no person was told"),
    ("flagged", "acked forms without a letter that a person was told of"),
    ("uncertain", "forms whose letter the engine calls uncertain"),
    ("split", "repeats of one form that got another lead's id"),
    ("invented", "letters to customers who never wrote"),
    ("unacked_stored", "forms never acknowledged that are stored nevertheless"),
    ("refused", "forms refused for good"),
    ("overloaded", "answers 408, 429 or 503 on the way, retried"),
    ("server_errors", "answers 500 to 599 other than 503"),
    ("skipped", "forms that were due while every place in flight was taken"),
    ("in_doubt", "forms neither acknowledged nor refused"),
    ("by_model", "answers that a model wrote"),
    ("by_template", "answers that were the template"),
    ("by_member", "answers that a member wrote"),
    ("template_share", "templates of all answers, 0 to 1"),
    ("ack_p50_ms", "form due to 200"),
    ("ack_p99_ms", "form due to 200"),
    ("ack_max_ms", "form due to 200"),
    ("answered_p50_ms", "200 to the acceptance of the answer"),
    ("answered_p99_ms", "200 to the acceptance of the answer"),
    ("answered_max_ms", "200 to the acceptance of the answer"),
    ("chat_sessions", "conversations opened"),
    ("chat_messages", "messages acknowledged"),
    ("chat_answered", "messages with an answer"),
    ("chat_unanswered", "messages without an answer that nobody was told of"),
    ("chat_failed", "conversations that could not be carried through"),
    ("chat_repeated_events", "events that one stream sent twice"),
    ("chat_ack_p99_ms", "message sent to 202"),
    ("first_token_p50_ms", "message sent to the first words on the stream"),
    ("first_token_p99_ms", "message sent to the first words on the stream"),
    ("chat_answered_p50_ms", "message sent to the whole answer on the stream"),
    ("chat_answered_p99_ms", "message sent to the whole answer on the stream"),
    ("replies", "members' messages acknowledged"),
    ("reply_lost", "members' messages that reached no customer and nobody was told of"),
    ("reply_doubled", "members' messages that reached a customer twice"),
    ("member_failed", "members' actions that were refused or broke"),
    ("fanout_p50_ms", "stored event to dashboard"),
    ("fanout_p99_ms", "stored event to dashboard"),
    ("dashboard_events", "events that reading dashboards got"),
    ("dashboard_missed", "leads that a dashboard, reading all the time, was never shown"),
    ("dashboard_repeated", "events that came twice to one dashboard"),
    ("dashboard_gaps", "gaps that the engine announced"),
    ("slow_cut", "dashboards that the engine closed for being slow"),
    ("slow_never", "listeners that never read, dashboards and visitors"),
    (
        "slow_not_back",
        "of those, who could not resume, were told of no gap, or heard something twice",
    ),
    ("slow_readers_cut", "lines of readers that broke beside those who never read"),
    ("slow_alone_p99_ms", "stored event to readers, while nobody was slow"),
    ("slow_beside_p99_ms", "stored event to readers, beside those who never read"),
    (
        "slow_p99_ratio",
        "how much later readers were told beside those who never read, 1 is as before",
    ),
    ("resume_events", "places that the log moved on while lines broke"),
    ("resume_messages", "messages acknowledged while lines broke"),
    ("resume_told", "events that listeners with breaking lines were told"),
    ("resume_breaks", "lines that broke, on purpose or by the networks"),
    ("resume_gaps", "gaps that listeners with breaking lines were told of"),
    ("resume_missed", "events that such a listener was never told, though no gap was"),
    ("resume_repeated", "events that came twice over one cursor"),
    ("resume_invented", "events that were told and are not so"),
    ("resume_wrong_snapshots", "snapshots after a gap that did not hold what they should"),
    ("resume_behind", "listeners that had not heard everything at the end"),
    ("engine_cpu_s", "processor time of the engine"),
    ("postgres_cpu_s", "processor time of its Postgres"),
    ("cpu_ms_per_lead", "engine's processor time per acked form"),
    ("postgres_cpu_ms_per_lead", "Postgres' processor time per acked form"),
    ("rss_mib_max", "most memory of the engine"),
    ("rss_mib_end", "memory of the engine at the end"),
    ("fds_max", "most open files of the engine"),
    ("restarts", "starts of the engine after the first"),
    ("restart_ms_max", "longest time from a restart to ready"),
    ("drain_ms_max", "longest time from SIGTERM to the end of the process"),
    ("died", "times the engine ended without being told to"),
    ("undone", "overdue timers and open deliveries at the end"),
    ("faults_skipped", "faults that this machine could not make"),
    ("smtp_mistakes", "replies that told the engine of a breach of the mail protocol"),
    ("model_requests", "requests that reached the model"),
];

/// Whether there is a figure of this name.
pub fn is_figure(name: &str) -> bool {
    FIGURES.iter().any(|(known, _)| *known == name)
}

/// How a figure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Is,
    AtMost,
    AtLeast,
    Below,
    Above,
}

/// A condition that a run must meet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Threshold {
    pub figure: String,
    pub relation: Relation,
    pub value: f64,
}

impl Threshold {
    /// Whether `found` meets the condition.
    pub fn is_met(&self, found: f64) -> bool {
        match self.relation {
            Relation::Is => (found - self.value).abs() < f64::EPSILON,
            Relation::AtMost => found <= self.value,
            Relation::AtLeast => found >= self.value,
            Relation::Below => found < self.value,
            Relation::Above => found > self.value,
        }
    }
}

impl TryFrom<String> for Threshold {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(figure), Some(relation), Some(value), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(format!("`{text}` is no threshold; write it like `lost = 0`"));
        };
        if !is_figure(figure) {
            return Err(format!("no figure is called `{figure}`; `figures` lists them"));
        }
        let relation = match relation {
            "=" | "==" => Relation::Is,
            "<=" => Relation::AtMost,
            ">=" => Relation::AtLeast,
            "<" => Relation::Below,
            ">" => Relation::Above,
            other => return Err(format!("`{other}` is none of = <= >= < >")),
        };
        let value = value.parse().map_err(|_| format!("`{value}` is no number"))?;
        Ok(Self { figure: figure.to_owned(), relation, value })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::Is => "=",
            Relation::AtMost => "≤",
            Relation::AtLeast => "≥",
            Relation::Below => "<",
            Relation::Above => ">",
        };
        write!(formatter, "{} {relation} {}", self.figure, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_compares_as_it_reads() {
        for (text, met, missed) in [
            ("lost = 0", 0.0, 1.0),
            ("late <= 3", 3.0, 4.0),
            ("acked >= 10", 10.0, 9.0),
            ("late < 3", 2.0, 3.0),
            ("acked > 10", 11.0, 10.0),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert!(threshold.is_met(met), "{text}");
            assert!(!threshold.is_met(missed), "{text}");
        }
    }

    #[test]
    fn what_no_figure_is_called_is_refused() {
        for (text, words) in [
            ("losst = 0", "no figure is called `losst`"),
            ("lost", "write it like"),
            ("lost ~ 0", "none of"),
            ("lost = none", "no number"),
            ("lost = 0 or so", "write it like"),
        ] {
            let refused = text.parse::<Threshold>().unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }

    #[test]
    fn figures_are_named_once() {
        let names: std::collections::HashSet<_> = FIGURES.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), FIGURES.len());
    }
}
