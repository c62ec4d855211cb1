//! What became of one form: judged from what was sent and what was seen, by a table.
//!
//! Lives here: pure judgement, so that the table below is the test.

use std::time::Duration;

use serde::Deserialize;

/// A lead as the engine's list shows it, as far as it is needed here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Row {
    pub lead_id: String,
    #[serde(default)]
    pub session_id: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub promise: RowPromise,
    #[serde(default)]
    pub needs_human: bool,
    #[serde(default)]
    pub human_reason: Option<String>,
}

/// The promise of a [`Row`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RowPromise {
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub by: Option<String>,
}

impl Row {
    /// Whether a person was told, or the promise was broken in the open.
    pub fn is_flagged(&self) -> bool {
        self.needs_human || self.human_reason.is_some() || self.promise.state == "broken"
    }

    /// Whether the engine says that nobody knows if the answer left.
    pub fn is_uncertain(&self) -> bool {
        self.human_reason.as_deref() == Some("uncertain")
    }

    /// Whether nothing more will come by itself.
    pub fn is_final(&self) -> bool {
        self.promise.state == "kept"
            || matches!(self.human_reason.as_deref(), Some("uncertain" | "undeliverable"))
    }
}

/// All that is known of one form.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    pub acked: bool,
    /// From the acknowledgement to the first letter.
    pub waited: Option<Duration>,
    /// Letters, members' own not counted.
    pub letters: usize,
    /// A member wrote, and it arrived.
    pub member_wrote: bool,
    /// What the engine's list says of it.
    pub row: Option<&'a Row>,
    pub deadline: Duration,
}

/// What became of an acked form. A form can be late and doubled, so `doubled` stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never acknowledged, and not stored.
    Nothing,
    /// Never acknowledged, but stored: that is allowed.
    StoredUnacked,
    /// Acknowledged, and the engine does not know it.
    Lost,
    Answered,
    Late {
        flagged: bool,
    },
    /// No letter, or one that the engine does not know of; a person was told so.
    Uncertain,
    /// No letter; a person was told.
    Flagged,
    /// The engine says answered, and no provider saw an answer.
    Unproven,
    /// No letter, and nobody was told.
    Unanswered,
}

/// Judges a form.
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    let Some(row) = evidence.row else {
        return if evidence.acked { Verdict::Lost } else { Verdict::Nothing };
    };
    if !evidence.acked {
        return Verdict::StoredUnacked;
    }
    if row.is_uncertain() {
        return Verdict::Uncertain;
    }
    match evidence.waited {
        Some(waited) if waited > evidence.deadline => Verdict::Late { flagged: row.is_flagged() },
        Some(_) => Verdict::Answered,
        None if evidence.member_wrote => Verdict::Answered,
        None if row.promise.state == "kept" => Verdict::Unproven,
        None if row.is_flagged() => Verdict::Flagged,
        None => Verdict::Unanswered,
    }
}

/// Whether the customer got an answer more than once.
pub fn is_doubled(evidence: &Evidence<'_>) -> bool {
    evidence.letters > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: &str, reason: Option<&str>) -> Row {
        Row {
            lead_id: "lead_1".into(),
            promise: RowPromise { state: state.into(), by: None },
            needs_human: reason.is_some(),
            human_reason: reason.map(str::to_owned),
            ..Row::default()
        }
    }

    #[test]
    fn every_combination_has_its_verdict() {
        let deadline = Duration::from_secs(90);
        let (soon, late) = (Some(Duration::from_secs(2)), Some(Duration::from_secs(91)));
        let kept = row("kept", None);
        let waiting = row("waiting", None);
        let broken = row("broken", None);
        let uncertain = row("broken", Some("uncertain"));
        let undeliverable = row("broken", Some("undeliverable"));
        let unasked = Evidence { deadline, ..Evidence::default() };
        let acked = Evidence { acked: true, ..unasked };
        for (what, evidence, verdict) in [
            ("never acked, unknown", unasked, Verdict::Nothing),
            (
                "never acked, stored",
                Evidence { row: Some(&kept), ..unasked },
                Verdict::StoredUnacked,
            ),
            ("acked, unknown", acked, Verdict::Lost),
            (
                "a letter, but unknown to the engine",
                Evidence { waited: soon, letters: 1, ..acked },
                Verdict::Lost,
            ),
            (
                "a letter in time",
                Evidence { waited: soon, letters: 1, row: Some(&kept), ..acked },
                Verdict::Answered,
            ),
            (
                "a letter too late",
                Evidence { waited: late, letters: 1, row: Some(&kept), ..acked },
                Verdict::Late { flagged: false },
            ),
            (
                "a letter too late, said in the open",
                Evidence { waited: late, letters: 1, row: Some(&broken), ..acked },
                Verdict::Late { flagged: true },
            ),
            ("kept without a letter", Evidence { row: Some(&kept), ..acked }, Verdict::Unproven),
            (
                "kept by a member",
                Evidence { member_wrote: true, row: Some(&kept), ..acked },
                Verdict::Answered,
            ),
            ("nothing yet", Evidence { row: Some(&waiting), ..acked }, Verdict::Unanswered),
            ("broken in the open", Evidence { row: Some(&broken), ..acked }, Verdict::Flagged),
            ("refused for good", Evidence { row: Some(&undeliverable), ..acked }, Verdict::Flagged),
            ("in doubt", Evidence { row: Some(&uncertain), ..acked }, Verdict::Uncertain),
            (
                "in doubt, and it had arrived",
                Evidence { waited: soon, letters: 1, row: Some(&uncertain), ..acked },
                Verdict::Uncertain,
            ),
        ] {
            assert_eq!(judge(&evidence), verdict, "{what}");
        }
    }

    #[test]
    fn two_letters_are_one_too_many() {
        let evidence = Evidence { letters: 2, ..Evidence::default() };
        assert!(is_doubled(&evidence));
        assert!(!is_doubled(&Evidence { letters: 1, ..evidence }));
    }

    #[test]
    fn the_end_of_a_promise_is_told_from_a_pause() {
        assert!(row("kept", None).is_final());
        assert!(row("broken", Some("uncertain")).is_final());
        assert!(!row("broken", Some("promise_broken")).is_final(), "a letter may still come");
        assert!(!row("waiting", None).is_final());
    }
}
