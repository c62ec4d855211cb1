use async_trait::async_trait;
use forecourt_core::{
    event::{Event, Version},
    id::{SessionId, TenantId},
    session::{
        Command, LeadSession,
        replay::{Cause, Recorded, StoredDecision},
    },
    settings::TenantSettings,
};
use forecourt_ports::store::{Decisions, StoreError};
use jiff::Timestamp;
use serde_json::Value;

use super::{PAGE, end, read_on, render::Report, write_test};

/// A form lead and its mail, of an invented person.
fn form() -> Recorded {
    let json = include_str!("../../../../engine/core/tests/replays/form.json");
    serde_json::from_str(json).expect("a recorded conversation")
}

struct Told {
    people: String,
    json: String,
    same: bool,
}

fn told_of(recorded: &Recorded, text: bool) -> Told {
    let (steps, state) = recorded.replay();
    let report = Report {
        session: recorded.session,
        tenant: TenantId::from_uuid(uuid::Uuid::from_u128(7)),
        steps: &steps,
        state: &state,
        snapshot: &state,
        text,
    };
    Told { people: report.people(), json: report.json(), same: report.is_same() }
}

/// What the recorded customer filled in.
fn personal(recorded: &Recorded) -> Vec<String> {
    let submission = recorded.decisions.iter().find_map(|one| match &one.cause.as_ref()?.command {
        Command::Submit { submission, .. } => Some(submission.clone()),
        _ => None,
    });
    let submission = serde_json::to_value(submission.unwrap()).unwrap();
    let Value::Object(fields) = submission else { panic!("no form") };
    fields.values().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn each_decision_is_told_with_its_time_its_command_its_reasons_and_its_events() {
    let recorded = form();
    let told = told_of(&recorded, false).people;
    let first = &recorded.decisions[0];
    let at = first.at.strftime("%Y-%m-%d %H:%M:%S%.6f UTC").to_string();
    assert!(told.contains(&format!("#1  {at}  submit ")), "{told}");
    assert!(told.contains("    rule: a form of somebody new is a new lead\n"), "{told}");
    assert!(told.contains("    -> session_opened, lead_captured, message_posted, "), "{told}");
    let all = recorded.decisions.len();
    assert!(told.contains(&format!("{all} decisions, all as they were\n")), "{told}");
    assert!(told.ends_with("the state they lead to is the stored one\n"), "{told}");
}

#[test]
fn what_the_customer_filled_in_is_told_only_to_who_asks_for_it() {
    let mut recorded = form();
    let secrets = personal(&recorded);
    assert!(secrets.len() >= 4, "{secrets:?}");
    // Also where the journal is contradicted, and events are shown as a whole.
    let fold = |recorded: &Recorded| {
        [told_of(recorded, false).people, told_of(recorded, false).json].concat()
    };
    let mut told = fold(&recorded);
    recorded.decisions[0].events.pop();
    told.push_str(&fold(&recorded));
    for secret in &secrets {
        assert!(!told.contains(secret.as_str()), "A13: {secret:?} is told");
    }
    let open = told_of(&recorded, true).people;
    for secret in &secrets {
        assert!(open.contains(secret.as_str()), "--text does not tell {secret:?}: {open}");
    }
}

#[test]
fn one_that_is_decided_otherwise_is_told_with_both_lists_of_events() {
    let mut recorded = form();
    let dropped = recorded.decisions[0].events.pop().unwrap();
    let told = told_of(&recorded, false).people;
    assert!(told.contains("    DECIDED OTHERWISE NOW\nexpected ["), "{told}");
    assert!(told.contains("NOT AS BEFORE: #1"), "{told}");
    let json: Value = serde_json::from_str(&told_of(&recorded, false).json).unwrap();
    assert_eq!(json["same"], false);
    assert_eq!(json["decisions"][0]["verdict"], "differs");
    let last = json["decisions"][0]["got"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], dropped.kind());
}

#[test]
fn one_that_differs_only_in_words_says_how_to_see_them() {
    let mut recorded = form();
    for event in &mut recorded.decisions[0].events {
        if let Event::MessagePosted(posted) = event {
            posted.text = posted.text.chars().rev().collect();
        }
    }
    let told = told_of(&recorded, false).people;
    assert!(told.contains("they differ in what people wrote: --text shows it"), "{told}");
}

#[test]
fn of_what_too_little_was_kept_is_said_and_is_no_contradiction() {
    let mut recorded = form();
    recorded.decisions[0].cause = None;
    let all = recorded.decisions.len();
    let told = told_of(&recorded, false).people;
    assert!(told.contains("(its cause was not kept)"), "{told}");
    let line = format!("{all} decisions, {} as they were, 1 of which too little was kept", all - 1);
    assert!(told.contains(&line), "{told}");
    assert!(told_of(&recorded, false).same);
}

#[test]
fn a_state_that_is_not_the_stored_one_is_told_by_the_names_of_its_fields() {
    let recorded = form();
    let (steps, state) = recorded.replay();
    let snapshot = LeadSession { closed: !state.closed, ..state.clone() };
    let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
    let report = Report {
        session: recorded.session,
        tenant,
        steps: &steps,
        state: &state,
        snapshot: &snapshot,
        text: false,
    };
    assert!(!report.is_same());
    assert!(report.people().ends_with("THE STATE THEY LEAD TO IS NOT THE STORED ONE: closed\n"));
}

#[test]
fn as_a_test_it_is_what_was_recorded_and_only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let recorded = form();
    let folder = std::env::temp_dir().join(format!("forecourt-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = write_test(&folder, &recorded).unwrap();
    assert_eq!(file, folder.join(format!("{}.json", recorded.session)));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let read: Recorded = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(read, recorded);
    let error = write_test(&folder.join("none"), &recorded).unwrap_err().to_string();
    assert!(error.contains("--as-test=FILE.json"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A journal of one event for each step of time, grouped in decisions of `per`.
struct Long {
    events: i64,
    per: i64,
}

#[async_trait]
impl Decisions for Long {
    async fn keep_settings(
        &self,
        _: TenantId,
        _: &TenantSettings,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn kept_settings(&self, _: TenantId) -> Result<Vec<TenantSettings>, StoreError> {
        Ok(Vec::new())
    }

    async fn decisions(
        &self,
        _: TenantId,
        _: SessionId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<StoredDecision>, StoreError> {
        let rows = (after.0 + 1..=self.events).take(limit as usize).map(|version| {
            let decision = (version - 1) / self.per;
            let cause = ((version - 1) % self.per == 0).then(|| Cause {
                command: Command::Quarantine,
                fresh: uuid::Uuid::nil(),
                turn_shows: false,
                settings: String::new(),
            });
            let at = Timestamp::from_second(decision).unwrap();
            (Version(version), at, Event::SubmissionRepeated, cause)
        });
        Ok(forecourt_core::session::replay::group(rows))
    }

    async fn tenant_of(&self, _: SessionId) -> Result<Option<TenantId>, StoreError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_long_session_is_read_in_pages_that_cut_no_decision() {
    let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
    let session = SessionId::from_uuid(uuid::Uuid::from_u128(8));
    for (events, per) in [(0, 3), (30, 3), (31, 3), (29, 3), (100, 7), (10, 10)] {
        let (mut whole, mut paged) = (Vec::new(), Vec::new());
        let long = Long { events, per };
        read_on(&long, tenant, session, &mut whole, PAGE).await.unwrap();
        read_on(&long, tenant, session, &mut paged, 10).await.unwrap();
        assert_eq!(paged, whole, "{events} events, {per} at a time");
        assert_eq!(end(&paged), Version(events));
        assert!(paged.iter().all(|one| one.cause.is_some()), "a decision was cut");
    }
}
