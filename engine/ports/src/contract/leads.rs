//! Leads: known persons, the list, and how a row follows from events (decisions 1, 2, 4).

use forecourt_core::{
    contact::{Email, Phone},
    effect::TimerKind,
    event::{AlertReason, AnsweredBy, ContactLearned, DeliveryKind, Source},
    lang::Lang,
    session::{Command, DeliveryReport, LeadSession, SubmittedContact},
};
use jiff::SignedDuration;

use super::{Ground, Stage, open_answer, submission};
use crate::{
    ids::Ids as _,
    store::{Appended, LeadFilter, LeadRow, LeadStatus, PromiseState},
};

fn filter(query: &str) -> LeadFilter {
    LeadFilter { query: Some(query.into()), page: 1, per_page: 100, ..LeadFilter::default() }
}

async fn names(stage: &Stage<'_>, filter: &LeadFilter) -> Vec<String> {
    let page = stage.store.list_leads(stage.tenant, filter).await.expect("a page");
    page.leads.into_iter().map(|lead| lead.name.unwrap_or_default()).collect()
}

async fn row(stage: &Stage<'_>, state: &LeadSession) -> LeadRow {
    let rows = stage.store.lead_rows(stage.tenant, &[state.id]).await.expect("rows");
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().expect("one row")
}

/// Another submission of a contact that is known.
fn submit_known(state: &LeadSession, stage: &Stage<'_>, message: &str) -> Command {
    let email = state.customer_email.clone().expect("an address");
    Command::Submit {
        submission: submission("Kari N.", email.as_str(), Some("912 34 567"), message),
        contact: SubmittedContact {
            contact: state.contact.expect("a contact"),
            new_contact: false,
            lead: stage.ids.lead(),
            source: Source::Website,
            same_phone_as: None,
        },
    }
}

pub async fn a_person_is_known_by_mail_whatever_its_case_and_by_phone(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let form = |name, mail| submission(name, mail, Some("+47 912 34 567"), "Er bilen ledig?");
    let (first, second) = (form("Kari", "Kari@Example.no"), form("Per", "per@example.no"));
    let (mail, phone) = (first.email.clone(), first.phone.clone().expect("a phone"));
    let state = stage.play(&stage.new_session(), stage.submit_new(first.clone())).await;
    stage.pass(60);
    let newest = stage.play(&stage.new_session(), stage.submit_new(second)).await;

    let other_case = submission("Kari", "KARI@example.NO", None, "Hei").email;
    let known = stage.store.known(stage.tenant, &other_case, Some(&phone)).await.expect("a read");
    let by_email = known.by_email.expect("known by mail");
    assert_eq!(Some(by_email.contact), state.contact);
    let lead = by_email.lead.expect("a lead");
    assert_eq!((Some(lead.lead), lead.session, lead.open), (state.lead, state.id, true));
    assert_eq!(lead.last_inbound_at, stage.now - SignedDuration::from_secs(60));
    assert_eq!(lead.last_fingerprint, Some(first.fingerprint()));
    assert_eq!(known.by_phone, newest.contact, "the newest of several");

    let stranger = submission("X", "stranger@example.no", None, "Hei").email;
    let known = stage.store.known(stage.tenant, &stranger, None).await.expect("a read");
    assert_eq!((known.by_email, known.by_phone), (None, None));
    let known = stage.store.known(stage.tenant, &mail, None).await.expect("a read");
    assert_eq!(known.by_phone, None, "no phone was asked for");
}

pub async fn persons_that_are_looked_up_together_are_told_apart(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let form = |name, mail| submission(name, mail, Some("+47 912 34 567"), "Er bilen ledig?");
    let (kari, per) = (form("Kari", "kari@example.no"), form("Per", "per@example.no"));
    let open = stage.play(&stage.new_session(), stage.submit_new(kari.clone())).await;
    stage.pass(1);
    let closed = stage.play(&stage.new_session(), stage.submit_new(per.clone())).await;
    stage.play(&closed, Command::Close { member: stage.member }).await;
    let stranger = submission("X", "stranger@example.no", None, "Hei");
    let persons: Vec<_> = [&stranger, &per, &kari, &per]
        .map(|form| (form.email.clone(), form.phone.clone()))
        .to_vec();
    let together = stage.store.known_all(stage.tenant, &persons).await.expect("a read");
    for ((email, phone), known) in persons.iter().zip(&together) {
        let alone = stage.store.known(stage.tenant, email, phone.as_ref()).await.expect("a read");
        assert_eq!(*known, alone);
    }
    assert_eq!(together[0].by_email, None);
    let lead = |known: &forecourt_core::capture::Known| {
        known.by_email.clone().and_then(|contact| contact.lead)
    };
    let (per, kari) = (lead(&together[1]).expect("a lead"), lead(&together[2]).expect("a lead"));
    assert_eq!((per.session, per.open), (closed.id, false));
    assert_eq!((kari.session, kari.open), (open.id, true));
    assert_eq!(stage.store.known_all(stage.tenant, &[]).await, Ok(Vec::new()));
}

pub async fn the_newest_lead_of_a_contact_counts_until_it_is_closed(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let first = stage.lead("Kari", "kari@example.no").await;
    stage.pass(30 * 86_400);
    let again = submit_known(&first, &stage, "Har dere en ny bil?");
    let second = stage.play(&stage.new_session(), again).await;
    let mail = first.customer_email.clone().expect("an address");
    let newest = async || {
        let known = stage.store.known(stage.tenant, &mail, None).await.expect("a read");
        known.by_email.and_then(|contact| contact.lead).expect("a lead")
    };
    let lead = newest().await;
    assert_eq!((lead.session, lead.open), (second.id, true));
    let row = row(&stage, &second).await;
    assert_eq!(row.name.as_deref(), Some("Kari N."), "the contact is what it said last");
    assert_eq!(row.phone.as_deref(), Some("+4791234567"));
    assert_eq!(row.email.as_deref(), Some("kari@example.no"));

    stage.play(&second, Command::Close { member: stage.member }).await;
    let lead = newest().await;
    assert_eq!((lead.session, lead.open), (second.id, false));
}

pub async fn the_list_shows_the_newest_first_page_by_page(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    for n in 1..=7 {
        stage.lead(&format!("Kunde {n}"), &format!("kunde{n}@example.no")).await;
        stage.pass(i64::from(n != 3)); // two of the same instant
    }
    let page = |page, per_page| LeadFilter { page, per_page, ..LeadFilter::default() };
    let first = stage.store.list_leads(stage.tenant, &page(1, 3)).await.expect("a page");
    assert_eq!(first.total, 7);
    assert_eq!(first.head, stage.store.head(stage.tenant).await.expect("a head"));
    let times: Vec<_> = first.leads.iter().map(|lead| lead.created_at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let mut seen = Vec::new();
    for n in 1..=4 {
        seen.extend(names(&stage, &page(n, 3)).await);
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert_eq!(seen[..3], ["Kunde 7", "Kunde 6", "Kunde 5"]);
    assert_eq!(seen[3..5], ["Kunde 4", "Kunde 3"], "by id within an instant");
    assert_eq!(names(&stage, &page(0, 0)).await, ["Kunde 7"], "out of bounds is the next bound");
    assert_eq!(names(&stage, &page(u32::MAX, u32::MAX)).await, [""; 0]);
}

pub async fn a_search_knows_no_case_and_takes_wildcards_as_letters(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    for (name, mail) in [
        ("Åse Ødegård", "aase@example.no"),
        ("محمد علي", "mohamed@example.com"),
        ("Élodie 100% Sûre", "elodie@example.fr"),
        ("Kari under_strek", "kari_o'brien@example.ie"),
        (r"Bak\slash", "bak@example.no"),
    ] {
        stage.lead(name, mail).await;
    }
    for (query, found) in [
        ("åse", "Åse Ødegård"),
        ("ØDEG", "Åse Ødegård"),
        ("a\u{30a}SE", "Åse Ødegård"),
        ("محمد", "محمد علي"),
        ("éLODIE", "Élodie 100% Sûre"),
        ("100%", "Élodie 100% Sûre"),
        ("r_s", "Kari under_strek"),
        ("O'Brien", "Kari under_strek"),
        (r"k\s", r"Bak\slash"),
        ("  AASE@Example  ", "Åse Ødegård"),
    ] {
        assert_eq!(names(&stage, &filter(query)).await, [found], "{query}");
    }
    for nothing in ["%", "%%%", "å_e", "\\", "x' OR '1'='1", "a\0", "sûreelodie", "ase"] {
        let found = names(&stage, &filter(nothing)).await;
        let expected: &[&str] = match nothing {
            "%" => &["Élodie 100% Sûre"],
            "\\" => &[r"Bak\slash"],
            "ase" => &["Åse Ødegård"], // in the address
            _ => &[],
        };
        assert_eq!(found, expected, "{nothing:?}");
    }
    assert_eq!(names(&stage, &filter("  ")).await.len(), 5, "nothing was asked");
}

pub async fn the_list_is_narrowed_by_status_source_and_time(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let began = stage.now;
    stage.lead("Kari", "kari@example.no").await;
    stage.pass(60);
    let chat = stage.chat("Hei").await;
    stage.play(&chat, Stage::answer(&chat, "Hei!")).await;
    stage.pass(60);
    stage.lead("Per", "per@example.no").await;
    let count = async |filter: LeadFilter| {
        let page = stage.store.list_leads(stage.tenant, &filter).await.expect("a page");
        page.total
    };
    let all = LeadFilter { page: 1, per_page: 10, ..LeadFilter::default() };
    assert_eq!(count(all.clone()).await, 3);
    assert_eq!(count(LeadFilter { status: Some(LeadStatus::Contacted), ..all.clone() }).await, 1);
    assert_eq!(count(LeadFilter { status: Some(LeadStatus::New), ..all.clone() }).await, 2);
    assert_eq!(count(LeadFilter { status: Some(LeadStatus::Won), ..all.clone() }).await, 0);
    assert_eq!(count(LeadFilter { source: Some(Source::Widget), ..all.clone() }).await, 1);
    let after = |seconds| Some(began + SignedDuration::from_secs(seconds));
    assert_eq!(count(LeadFilter { from: after(60), ..all.clone() }).await, 2, "included");
    assert_eq!(count(LeadFilter { to: after(60), ..all.clone() }).await, 1, "not included");
    assert_eq!(count(LeadFilter { from: after(1), to: after(120), ..all.clone() }).await, 1);
    let both = LeadFilter { source: Some(Source::Website), query: Some("PER".into()), ..all };
    assert_eq!(count(both).await, 1);
}

pub async fn a_lead_is_contacted_once_the_provider_has_accepted_the_answer(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let captured_at = stage.now;
    let state = stage.lead("Kari", "kari@example.no").await;
    let lead = row(&stage, &state).await;
    assert_eq!((lead.status, lead.source, lead.lang), (LeadStatus::New, Source::Website, Lang::Nb));
    assert_eq!(lead.promise.state, PromiseState::Waiting);
    assert_eq!(lead.promise.since, Some(captured_at));
    assert_eq!(lead.promise.deadline, Some(captured_at + SignedDuration::from_secs(90)));
    assert_eq!(lead.vehicle_interest.as_deref(), Some("Tesla Model 3"));
    assert_eq!(lead.source_url.as_deref(), Some("https://bil.example.no/tesla"));
    assert_eq!(lead.excerpt, "Hei, er bilen fortsatt ledig?");
    assert_eq!((lead.created_at, lead.repeats), (captured_at, 0));
    assert!(!lead.with_human && !lead.closed && lead.needs_human.is_none());

    stage.pass(5);
    let state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig.")).await;
    assert_eq!(row(&stage, &state).await.status, LeadStatus::New, "it is only on its way");
    stage.pass(2);
    let accepted = DeliveryReport::Accepted { reference: None };
    let delivery = open_answer(&state);
    let state = stage.play(&state, Stage::report(delivery, 1, accepted)).await;
    let lead = row(&stage, &state).await;
    assert_eq!(lead.status, LeadStatus::Contacted);
    assert_eq!(lead.promise.state, PromiseState::Kept);
    assert_eq!(lead.promise.answered_after_ms, Some(7_000));
    assert_eq!(lead.promise.by, Some(AnsweredBy::Model { model: "house".into() }));
    assert_eq!(lead.updated_at, stage.now);
}

pub async fn a_lead_from_the_widget_is_contacted_once_the_answer_stands_on_the_stream(
    ground: &dyn Ground,
) {
    let mut stage = Stage::set(ground).await;
    let state = stage.chat("Hei, er dere åpne?").await;
    let lead = row(&stage, &state).await;
    assert_eq!((lead.status, lead.source), (LeadStatus::New, Source::Widget));
    assert_eq!((lead.name, lead.email, lead.phone), (None, None, None));
    stage.pass(1);
    let state = stage.play(&state, Stage::answer(&state, "Ja, til 17.")).await;
    let lead = row(&stage, &state).await;
    assert_eq!((lead.status, lead.promise.state), (LeadStatus::Contacted, PromiseState::Kept));
    assert_eq!(lead.promise.answered_after_ms, Some(1_000));
}

pub async fn an_accepted_alert_does_not_make_a_lead_contacted(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let state = stage.play(&state, Command::Quarantine).await;
    let alert = state.deliveries.iter().find(|(_, d)| d.kind != DeliveryKind::Answer);
    let alert = *alert.expect("an alert").0;
    let accepted = DeliveryReport::Accepted { reference: None };
    let state = stage.play(&state, Stage::report(alert, 1, accepted)).await;
    assert_eq!(row(&stage, &state).await.status, LeadStatus::New);
}

pub async fn a_broken_promise_and_the_need_for_a_person_stand_on_the_lead(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut state = stage.lead("Kari", "kari@example.no").await;
    stage.pass(61);
    state = stage.play(&state, Stage::fire(TimerKind::Promise)).await;
    let lead = row(&stage, &state).await;
    assert_eq!(lead.needs_human, Some(AlertReason::NoModelAnswer));
    assert_eq!(lead.promise.state, PromiseState::Waiting);
    stage.pass(30);
    state = stage.play(&state, Stage::fire(TimerKind::Promise)).await;
    let lead = row(&stage, &state).await;
    assert_eq!(lead.needs_human, Some(AlertReason::PromiseBroken));
    assert_eq!((lead.promise.state, lead.promise.by), (PromiseState::Broken, None));

    state = stage.play(&state, Command::TakeOver { member: stage.member }).await;
    let lead = row(&stage, &state).await;
    assert!(lead.with_human && lead.needs_human.is_some(), "nobody has written yet");
    state = stage.play(&state, stage.member_says("Beklager ventetiden.")).await;
    let lead = row(&stage, &state).await;
    assert_eq!(lead.needs_human, None);
    state = stage.play(&state, Command::Close { member: stage.member }).await;
    let lead = row(&stage, &state).await;
    assert!(lead.closed && !lead.with_human);
}

pub async fn a_person_who_comes_again_is_counted_on_the_same_lead(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    stage.pass(60);
    let same = submission("Kari", "kari@example.no", None, "Hei, er bilen fortsatt ledig?");
    let state = stage.play(&state, stage.submit_new(same)).await;
    let first = row(&stage, &state).await;
    assert_eq!((first.repeats, first.updated_at), (0, first.created_at), "the same click");
    stage.pass(3_600);
    let more = submit_known(&state, &stage, "Jeg lurer også på 🚗 garantien");
    let state = stage.play(&state, more).await;
    let second = row(&stage, &state).await;
    assert_eq!((second.lead, second.repeats), (first.lead, 1));
    assert_eq!(second.excerpt, "Jeg lurer også på 🚗 garantien");
    assert_eq!(second.updated_at, stage.now);
    let total = stage.store.list_leads(stage.tenant, &LeadFilter::default()).await.expect("a page");
    assert_eq!(total.total, 1);
}

pub async fn the_detail_of_a_lead_tells_its_whole_story(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    stage.lead("Per", "per@example.no").await;
    stage.pass(5);
    let state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig.")).await;
    let delivery = open_answer(&state);
    stage.pass(1);
    let busy = DeliveryReport::Temporary { code: "451".into(), retry_after: None };
    let state = stage.play(&state, Stage::report(delivery, 1, busy)).await;
    let lead = state.lead.expect("a lead");
    let detail = stage.store.find_lead(stage.tenant, lead).await.expect("a read").expect("there");
    assert_eq!(detail.row, row(&stage, &state).await);
    let texts: Vec<_> = detail.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["Hei, er bilen fortsatt ledig?", "Ja, den er ledig."]);
    assert_eq!(detail.events.len() as i64, state.version.0);
    assert!(detail.events.is_sorted_by_key(|record| record.version));
    let [sent] = &detail.deliveries[..] else { panic!("{:?}", detail.deliveries) };
    assert_eq!((sent.delivery, sent.kind.as_str(), sent.attempts), (delivery, "answer", 1));
    assert_eq!((sent.status.as_str(), sent.code.as_deref()), ("pending", Some("451")));
    assert_eq!(sent.updated_at, stage.now);

    let failed = DeliveryReport::Permanent { code: "550".into() };
    let state = stage.play(&state, Stage::report(delivery, 2, failed)).await;
    let detail = stage.store.find_lead(stage.tenant, lead).await.expect("a read").expect("there");
    let answer = detail.deliveries.iter().find(|d| d.kind == "answer").expect("the answer");
    assert_eq!((answer.status.as_str(), answer.attempts), ("failed", 2));
    assert_eq!(answer.code.as_deref(), Some("550"));
    assert!(detail.deliveries.iter().any(|d| d.kind == "alert" && d.status == "pending"));
    assert_eq!(detail.row.needs_human, Some(AlertReason::Undeliverable));
    assert_eq!(detail.row.status, LeadStatus::New);
    assert!(state.somebody_waits());
    let unknown = stage.store.find_lead(stage.tenant, stage.ids.lead()).await.expect("a read");
    assert!(unknown.is_none());
}

pub async fn the_rows_of_sessions_leave_out_those_without_a_lead(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let with = stage.lead("Kari", "kari@example.no").await;
    let other = stage.lead("Per", "per@example.no").await;
    let without = stage.play(&stage.new_session(), Command::Open { lang: stage.lang() }).await;
    let asked = [without.id, other.id, stage.ids.session(), with.id];
    let rows = stage.store.lead_rows(stage.tenant, &asked).await.expect("rows");
    let mut sessions: Vec<_> = rows.iter().map(|row| row.session).collect();
    sessions.sort();
    assert_eq!(sessions, [with.id, other.id]);
    assert_eq!(stage.store.lead_rows(stage.tenant, &[]).await.expect("no rows"), []);
}

/// A chat whose turn runs.
async fn chat(stage: &Stage<'_>) -> LeadSession {
    stage.chat("Hei, er bilen ledig?").await
}

/// The running turn heard who the customer is.
fn learn(
    state: &LeadSession,
    name: Option<&str>,
    email: Option<&str>,
    phone: Option<&str>,
) -> Command {
    let contact = ContactLearned {
        name: name.map(Into::into),
        email: email.map(|email| Email::parse(email).expect("an address")),
        phone: phone.map(|phone| Phone::parse(phone, "NO").expect("a number")),
        ..ContactLearned::default()
    };
    Command::LearnContact { turn: state.turn.expect("a turn runs").turn, contact }
}

fn told(row: &LeadRow) -> [Option<&str>; 3] {
    [row.name.as_deref(), row.email.as_deref(), row.phone.as_deref()]
}

pub async fn what_a_customer_tells_of_themselves_stands_on_their_lead_and_the_rest_stays(
    ground: &dyn Ground,
) {
    let mut stage = Stage::set(ground).await;
    let state = chat(&stage).await;
    assert_eq!(told(&row(&stage, &state).await), [None, None, None]);
    stage.pass(5);
    let state = stage.play(&state, learn(&state, Some("Åse Ø."), None, None)).await;
    let after = row(&stage, &state).await;
    assert_eq!((told(&after), after.updated_at), ([Some("Åse Ø."), None, None], stage.now));
    let mail = Some("Aase@example.no");
    let state = stage.play(&state, learn(&state, None, mail, Some("912 34 567"))).await;
    let all = [Some("Åse Ø."), mail, Some("+4791234567")];
    assert_eq!(told(&row(&stage, &state).await), all);
    for query in ["åse", "AASE@example"] {
        assert_eq!(names(&stage, &filter(query)).await, ["Åse Ø."], "{query}");
    }
    let state = stage.play(&state, learn(&state, Some("Åse Ødegård"), None, None)).await;
    let renamed = [Some("Åse Ødegård"), mail, Some("+4791234567")];
    assert_eq!(told(&row(&stage, &state).await), renamed);
    assert_eq!(names(&stage, &filter("aase@example.no")).await, ["Åse Ødegård"]);
    let email = Email::parse("aase@example.no").expect("an address");
    let known = stage.store.known(stage.tenant, &email, None).await.expect("a read");
    assert_eq!(known.by_email.map(|known| known.contact), state.contact);
}

pub async fn a_lead_becomes_the_contacts_whose_address_its_customer_tells(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let kari = stage.lead("Kari", "kari@example.no").await;
    stage.pass(60);
    let state = chat(&stage).await;
    let phone = Some("912 34 567");
    let state = stage.play(&state, learn(&state, None, Some("KARI@example.no"), phone)).await;
    let linked = row(&stage, &state).await;
    assert_eq!(
        (linked.name.as_deref(), linked.phone.as_deref()),
        (Some("Kari"), Some("+4791234567"))
    );
    assert_eq!(row(&stage, &kari).await.phone, linked.phone, "they are one contact");
    let email = Email::parse("kari@example.no").expect("an address");
    let known = stage.store.known(stage.tenant, &email, None).await.expect("a read");
    let known = known.by_email.expect("known by mail");
    assert_eq!(Some(known.contact), kari.contact);
    assert_eq!(known.lead.map(|lead| lead.session), Some(state.id), "the newest lead of hers");
    // The row stays hers, though whoever writes it knows the contact it was captured with.
    let state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig.")).await;
    assert_eq!(row(&stage, &state).await.name.as_deref(), Some("Kari"));
    assert_eq!(names(&stage, &filter("kari")).await, ["Kari", "Kari"]);
}

pub async fn two_who_tell_the_same_new_address_at_once_are_one_contact(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (one, two) = (chat(&stage).await, chat(&stage).await);
    let mail = Some("ola@example.no");
    let first = stage.decide(&one, learn(&one, Some("Ola"), mail, None));
    let second = stage.decide(&two, learn(&two, None, mail, Some("912 34 567")));
    let appended = stage.commit(vec![first, second]).await;
    assert!(appended.iter().all(|a| matches!(a, Appended::Stored { .. })), "{appended:?}");
    for state in [&one, &two] {
        let row = row(&stage, state).await;
        assert_eq!(told(&row), [Some("Ola"), mail, Some("+4791234567")]);
    }
}
