//! What a plan holds, row by row. The appends come from the core.

use forecourt_core::{
    event::AlertReason,
    id::{LeadId, MemberId, TurnId},
    lang::Lang,
    session::{Answer, Circumstances, Command, DeliveryReport, Fresh, SubmittedContact},
};
use forecourt_ports::{
    contract::{new_tenant, submission},
    fake::SeqIds,
    ids::Ids as _,
};
use jiff::SignedDuration;
use uuid::Uuid;

use super::*;
use crate::tables::Word as _;

const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(7));

struct Desk {
    ids: SeqIds,
    settings: forecourt_core::settings::TenantSettings,
    now: Timestamp,
}

impl Desk {
    fn new() -> Self {
        let ids = SeqIds::new();
        let settings = new_tenant("bil", &ids).snapshot.settings;
        Self { ids, settings, now: "2026-11-23T08:00:00Z".parse().unwrap() }
    }

    fn decide(&self, state: &LeadSession, command: Command) -> Append {
        let fresh = Fresh(self.ids.uuid());
        let now =
            Circumstances { now: self.now, settings: &self.settings, fresh, turn_shows: false };
        let decided = state.decide(command, now).unwrap();
        Append {
            session: state.id,
            expected: state.version,
            at: self.now,
            events: decided.decision.events,
            state: decided.state,
            effects: decided.decision.effects,
            lead: None,
            cause: None,
            inbound: None,
        }
    }

    fn submit(&self, email: &str, contact: Option<ContactId>) -> Command {
        Command::Submit {
            submission: submission("Kari", email, Some("912 34 567"), "Er bilen ledig?"),
            contact: SubmittedContact {
                contact: contact.unwrap_or_else(|| self.ids.contact()),
                new_contact: contact.is_none(),
                lead: self.ids.lead(),
                source: forecourt_core::event::Source::Website,
                same_phone_as: None,
            },
        }
    }

    fn session(&self) -> LeadSession {
        LeadSession::new(self.ids.session())
    }
}

fn answer(state: &LeadSession) -> Command {
    let turn: TurnId = state.turn.unwrap().turn;
    let result = Ok(Answer { text: "Ja.".into(), model: "house".into(), prompt: "reply@1".into() });
    Command::EndTurn { turn, result, notes: forecourt_core::dialogue::TurnNotes::default() }
}

fn plan(appends: &[Append], known: Known) -> Plan {
    Plan::of(appends, &[], known, NODE).unwrap()
}

#[test]
fn places_in_the_log_follow_one_another_over_all_appends_that_win() {
    let desk = Desk::new();
    let first = desk.decide(&desk.session(), Command::Open { lang: Lang::Nb });
    let stale = Append { expected: Version(3), ..first.clone() };
    let second = desk.decide(&desk.session(), desk.submit("kari@example.no", None));
    let events = second.events.len() as i64;
    let known = Known { last: Seq(41), ..Known::default() };
    let plan = plan(&[first, stale, second], known);
    assert_eq!(
        plan.appended,
        [
            Appended::Stored { first: Seq(42) },
            Appended::Conflict,
            Appended::Stored { first: Seq(43) }
        ]
    );
    assert_eq!(plan.last, Seq(42 + events));
    let seqs: Vec<_> = plan.events.iter().map(|row| row.seq).collect();
    assert_eq!(seqs, (42..=plan.last.0).collect::<Vec<_>>());
    assert_eq!(plan.sessions.len(), 2);
}

#[test]
fn several_decisions_of_one_session_leave_one_row_each_as_it_stands_in_the_end() {
    let mut desk = Desk::new();
    let asked = desk.decide(&desk.session(), desk.submit("kari@example.no", None));
    let began = desk.now;
    desk.now += SignedDuration::from_secs(2);
    let answered = desk.decide(&asked.state, answer(&asked.state));
    let delivery = *answered.state.deliveries.keys().next().unwrap();
    desk.now += SignedDuration::from_secs(1);
    let report = DeliveryReport::Accepted { reference: Some("x".repeat(300)) };
    let proven =
        desk.decide(&answered.state, Command::ReportDelivery { delivery, attempt: 1, report });
    let state = proven.state.clone();
    let plan = plan(&[asked, answered, proven], Known::default());

    let [session] = &plan.sessions[..] else { panic!("{:?}", plan.sessions) };
    assert_eq!((session.version, session.waiting_since), (state.version.0, None));
    assert_eq!(session.created_at.to_jiff(), began);
    assert_eq!(session.updated_at.to_jiff(), desk.now);
    let [lead] = &plan.leads[..] else { panic!("{:?}", plan.leads) };
    assert_eq!((lead.status, lead.promise_state), ("contacted", "kept"));
    assert_eq!(lead.first_response_ms, Some(3_000));
    let row = &plan.new_deliveries[&delivery];
    assert_eq!((row.status, row.attempts, row.claimed_by), ("accepted", 1, None));
    assert_eq!(row.reference.as_ref().map(String::len), Some(200), "cut to what the row holds");
    assert!(plan.moved_deliveries.is_empty(), "it is new with this commit");
    assert!(plan.timers.values().all(|timer| timer.status != "pending"), "nobody waits");
    assert_eq!(plan.messages.len(), 2);
}

#[test]
fn a_delivery_that_is_queued_is_held_by_its_own_node_and_carries_its_fence() {
    let desk = Desk::new();
    let asked = desk.decide(&desk.session(), desk.submit("kari@example.no", None));
    let answered = desk.decide(&asked.state, answer(&asked.state));
    let alert = desk.decide(&answered.state, Command::Quarantine);
    let plan = plan(&[asked, answered, alert], Known::default());
    let rows: Vec<_> = plan.new_deliveries.values().collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!((row.status, row.attempts), ("pending", 0));
        assert_eq!(row.claimed_by, Some(NODE.into_uuid()));
        let until = row.claimed_until.map(jiff_diesel::Timestamp::to_jiff);
        assert_eq!(until, Some(desk.now + SignedDuration::from_secs(15)));
    }
    let alert = rows.iter().find(|row| row.kind == "alert").unwrap();
    assert_eq!((alert.reason, alert.fence), (Some(AlertReason::Quarantined.word()), None));
    let answer = rows.iter().find(|row| row.kind == "answer").unwrap();
    assert_eq!((answer.reason, answer.fence), (None, Some(0)));
    assert!(answer.message_id.is_some() && answer.deadline.is_some());
}

#[test]
fn a_contact_is_taken_when_its_mail_address_or_its_id_says_so() {
    let desk = Desk::new();
    let known_id = desk.ids.contact();
    let known = || Known {
        contacts: vec![KnownContact {
            contact: known_id,
            email_key: Some("kari@example.no".into()),
        }],
        ..Known::default()
    };
    let of = |command| desk.decide(&desk.session(), command);
    let same_mail = of(desk.submit("KARI@example.no", None));
    let unknown = of(desk.submit("ola@example.no", Some(desk.ids.contact())));
    let again = of(desk.submit("kari@example.no", Some(known_id)));
    let fresh = of(desk.submit("ola@example.no", None));
    let twice = of(desk.submit("Ola@example.no", None));
    let plan = plan(&[same_mail, unknown, again, fresh, twice], known());
    let stored: Vec<_> =
        plan.appended.iter().map(|a| matches!(a, Appended::Stored { .. })).collect();
    assert_eq!(stored, [false, false, true, true, false]);
    assert!(plan.appended.iter().all(|a| *a != Appended::Conflict));
    assert_eq!((plan.new_contacts.len(), plan.told_contacts.len()), (1, 1));
    let told = &plan.told_contacts[&known_id];
    assert_eq!(told.phone.as_deref(), Some("+4791234567"));
    assert_eq!(told.search.as_deref(), Some("kari\nkari@example.no"));
    assert_eq!(plan.leads.len(), 2);
}

#[test]
fn a_timer_that_is_ended_and_set_again_is_set() {
    let mut desk = Desk::new();
    let asked = desk.decide(&desk.session(), desk.submit("kari@example.no", None));
    desk.now += SignedDuration::from_secs(1);
    let member = MemberId::from_uuid(desk.ids.uuid());
    let taken = desk.decide(&asked.state, Command::TakeOver { member });
    let released = desk.decide(&taken.state, Command::Release { member, manager: false });
    let known = Known { sessions: vec![(asked.session, asked.state.version)], ..Known::default() };
    let session = asked.session;
    let ends = plan(std::slice::from_ref(&taken), known);
    let turn = (session, TimerKind::Turn);
    assert_eq!(ends.timers[&turn].status, "cancelled", "it was set by an earlier commit");
    let both = plan(&[asked, taken, released], Known::default());
    assert_eq!(both.timers[&turn].status, "pending");
}

#[test]
fn an_append_that_contradicts_itself_is_not_stored() {
    let desk = Desk::new();
    let good = desk.decide(&desk.session(), Command::Open { lang: Lang::Nb });
    let other = LeadId::from_uuid(Uuid::nil());
    let empty = Append { events: vec![], state: desk.session(), ..good.clone() };
    let ahead = Append {
        state: LeadSession { version: Version(9), lead: Some(other), ..good.state.clone() },
        ..good.clone()
    };
    let foreign = Append { session: desk.ids.session(), ..good };
    let plan = plan(&[empty, ahead, foreign], Known::default());
    assert_eq!(plan.appended, [Appended::Unstorable; 3]);
    assert!(plan.events.is_empty() && plan.sessions.is_empty());
}
