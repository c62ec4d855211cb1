//! The journal: one writer wins, nothing is lost, everything is read back (A1, A2, A3, A8).

use std::collections::BTreeSet;

use forecourt_core::{
    capture::Known,
    effect::TimerKind,
    event::{Author, EventRecord, MessageSeq, Seq, TurnFailure, Version},
    session::{Command, DeliveryReport, LeadSession, replay},
};
use futures_util::{future::join, future::join_all};

use super::{Ground, Stage, new_tenant, open_answer, submission, version_after, with_text};
use crate::{
    ids::Ids as _,
    store::{Append, Appended, Batch, Head, LeadFilter},
};

fn is_stored(appended: Appended) -> bool {
    matches!(appended, Appended::Stored { .. })
}

fn one(append: Append) -> Batch {
    Batch { appends: vec![append], inbound: Vec::new() }
}

pub async fn of_two_writers_from_the_same_version_one_wins(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    for round in 0..10 {
        let state = stage.store.load(stage.tenant, state.id).await.unwrap_loaded();
        let (first, second) = (format!("a-{round}"), format!("b-{round}"));
        let first = one(stage.decide(&state, Stage::customer_says("Er den ledig?", &first)));
        let second = one(stage.decide(&state, Stage::customer_says("Hva koster den?", &second)));
        let (first, second) = join(
            stage.store.commit(stage.tenant, &first),
            stage.other.commit(stage.tenant, &second),
        )
        .await;
        let (first, second) = (first.expect("stored or not"), second.expect("stored or not"));
        let won = [first[0], second[0]].into_iter().filter(|a| is_stored(*a)).count();
        assert_eq!(won, 1, "A2: {first:?} {second:?}");
        assert!([first[0], second[0]].contains(&Appended::Conflict));
    }
    let messages = stage.store.messages(stage.tenant, state.id, MessageSeq(0), 100).await;
    let seqs: Vec<_> = messages.expect("messages").iter().map(|m| m.seq.0).collect();
    assert_eq!(seqs, (1..=11).collect::<Vec<_>>(), "C2: without gaps");
}

pub async fn a_batch_keeps_the_others_when_one_conflicts(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let old = stage.chat("Hei").await;
    let newer = stage.play(&old, Stage::customer_says("Hallo?", "c-2")).await;
    let stale = stage.decide(&old, Stage::customer_says("Er det noen der?", "c-3"));
    let other = stage.decide(&stage.new_session(), Command::Open { lang: newer.lang });
    let third = stage.decide(&stage.new_session(), Command::Open { lang: newer.lang });
    let (other_id, third_id) = (other.session, third.session);
    let before = stage.store.head(stage.tenant).await.expect("a head");

    let appended = stage.commit(vec![other, stale, third]).await;

    let [Appended::Stored { first }, Appended::Conflict, Appended::Stored { first: next }] =
        appended[..]
    else {
        panic!("{appended:?}")
    };
    assert_eq!((first.0, next.0), (before.seq.0 + 1, before.seq.0 + 2));
    for id in [other_id, third_id] {
        assert!(stage.store.load(stage.tenant, id).await.expect("a read").is_some());
    }
    let kept = stage.store.load(stage.tenant, old.id).await.unwrap_loaded();
    assert_eq!(kept, newer, "the stale decision left nothing behind");
}

pub async fn a_batch_may_hold_several_decisions_of_one_session(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let opened = stage.decide(&stage.new_session(), Command::Open { lang: stage.lang() });
    let asked = stage.decide(&opened.state, Stage::customer_says("Er den ledig?", "c-1"));
    let answered = stage.decide(&asked.state, Stage::answer(&asked.state, "Ja."));
    let skipped = stage.decide(&answered.state, Stage::customer_says("Fint!", "c-2"));
    let skipped = Append { expected: Version(skipped.expected.0 + 5), ..skipped };
    let state = answered.state.clone();
    let events = opened.events.len() + asked.events.len() + answered.events.len();

    let appended = stage.commit(vec![opened, asked, answered, skipped]).await;

    assert!(appended[..3].iter().all(|a| is_stored(*a)), "{appended:?}");
    assert_eq!(appended[3], Appended::Conflict);
    assert_eq!(stage.store.load(stage.tenant, state.id).await.unwrap_loaded(), state);
    let replayed =
        stage.store.replay_session(stage.tenant, state.id, Version(0), 100).await.expect("events");
    assert_eq!(replayed.len(), events);
    let timers = stage.store.claim_timers(stage.node, stage.now, LEASE, 10).await.expect("timers");
    assert_eq!(timers, [], "the answer ended what the question had set");
}

pub async fn sequence_numbers_rise_without_gaps_per_tenant(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    assert_eq!(stage.store.head(stage.tenant).await.expect("a head").seq, Seq(0));
    for n in 0..4 {
        let here = stage.chat(&format!("Hei {n}")).await;
        other.chat(&format!("Hei {n}")).await;
        let old = stage.decide(&here, Stage::customer_says("Hallo?", "c-2"));
        stage.store(old.clone()).await;
        assert_eq!(stage.commit(vec![old]).await, [Appended::Conflict]);
    }
    for stage in [&stage, &other] {
        let head = stage.store.head(stage.tenant).await.expect("a head");
        let log = stage.store.replay(stage.tenant, Seq(0), 1_000).await.expect("the log");
        let seqs: Vec<_> = log.iter().map(|record| record.seq.0).collect();
        assert_eq!(seqs, (1..=head.seq.0).collect::<Vec<_>>());
        assert!(log.iter().all(|record| record.tenant == stage.tenant));
    }
}

pub async fn many_writers_at_once_lose_nothing_and_double_nothing(ground: &dyn Ground) {
    const WRITERS: usize = 24;
    const ROUNDS: usize = 4;
    let stage = Stage::set(ground).await;
    let shared = stage.chat("Hei").await;
    let writers = (0..WRITERS).map(|writer| {
        let stage = &stage;
        let shared = shared.id;
        async move {
            // Each has a session of its own, and all write to one more.
            let store = if writer % 2 == 0 { &stage.store } else { &stage.other };
            let mut stored = 0;
            let mut own = stage.new_session();
            for round in 0..ROUNDS {
                let append = if own.exists() {
                    let id = format!("c-{round}");
                    stage.decide(&own, Stage::customer_says("Er den ledig?", &id))
                } else {
                    stage.decide(&own, Command::Open { lang: stage.lang() })
                };
                let next = append.state.clone();
                let mut appends = vec![append];
                let loaded = store.load(stage.tenant, shared).await.unwrap_loaded();
                let id = format!("w-{writer}-{round}");
                appends.push(stage.decide(&loaded, Stage::customer_says("Hallo?", &id)));
                appends.reverse();
                let batch = Batch { appends, inbound: Vec::new() };
                let appended = store.commit(stage.tenant, &batch).await.expect("an answer");
                assert!(is_stored(appended[1]), "nobody else writes to it: {appended:?}");
                stored += usize::from(is_stored(appended[0]));
                own = next;
            }
            stored
        }
    });
    let stored: usize = join_all(writers).await.into_iter().sum();
    assert!(stored >= 1);
    let messages = stage.store.messages(stage.tenant, shared.id, MessageSeq(0), 1_000).await;
    assert_eq!(messages.expect("messages").len(), 1 + stored, "each stored write stands once");
    let head = stage.store.head(stage.tenant).await.expect("a head");
    let log = stage.store.replay(stage.tenant, Seq(0), 10_000).await.expect("the log");
    let seqs: Vec<_> = log.iter().map(|record| record.seq.0).collect();
    assert_eq!(seqs, (1..=head.seq.0).collect::<Vec<_>>());
    let places: BTreeSet<_> = log.iter().map(|r| (r.session, r.version)).collect();
    assert_eq!(places.len(), log.len(), "no version twice");
}

pub async fn a_replayed_journal_gives_the_stored_state(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut state = stage.lead("Kari Nordmann", "Kari@example.no").await;
    stage.pass(3);
    state = stage.play(&state, Stage::answer(&state, "Ja, den er ledig. 🚗\nمرحبا")).await;
    stage.pass(1);
    let delivery = open_answer(&state);
    let busy = DeliveryReport::Temporary { code: "451".into(), retry_after: None };
    state = stage.play(&state, Stage::report(delivery, 1, busy)).await;
    stage.pass(2);
    let accepted = DeliveryReport::Accepted { reference: Some("250 ok".into()) };
    state = stage.play(&state, Stage::report(delivery, 2, accepted)).await;
    state = stage.play(&state, stage.member_says("Hei, jeg heter Åse.")).await;
    stage.pass(1);
    state = stage.play(&state, Command::Release { member: stage.member, manager: false }).await;
    state = stage.play(&state, Command::Quarantine).await;
    stage.pass(16 * 60);
    state = stage.play(&state, Stage::fire(TimerKind::Handoff)).await;
    state = stage.play(&state, Command::Close { member: stage.member }).await;

    let loaded = stage.other.load(stage.tenant, state.id).await.unwrap_loaded();
    assert_eq!(loaded, state, "what was stored is read back");
    let log = stage.store.replay_session(stage.tenant, state.id, Version(0), 1_000).await;
    let log = log.expect("the log");
    let versions: Vec<_> = log.iter().map(|record| record.version.0).collect();
    assert_eq!(versions, (1..=state.version.0).collect::<Vec<_>>());
    let replayed = LeadSession::replay(state.id, log.iter().map(|r| (r.at, &r.event)));
    assert_eq!(replayed, state, "A3");
}

pub async fn a_session_wakes_with_its_newest_messages(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut state = stage.chat("melding 1").await;
    for n in 2..=25 {
        stage.pass(1);
        let (text, id) = (format!("melding {n}"), format!("c-{n}"));
        state = stage.play(&state, Stage::customer_says(&text, &id)).await;
    }
    state = stage.play(&state, stage.member_says("Her er jeg.")).await;
    let loaded = stage.store.load(stage.tenant, state.id).await.expect("a read").expect("there");
    let seqs: Vec<_> = loaded.recent.iter().map(|message| message.seq.0).collect();
    assert_eq!(seqs, (7..=26).collect::<Vec<_>>());
    let last = loaded.recent.last().expect("a message");
    assert_eq!(last.author, Author::Member { member: stage.member });
    assert_eq!((last.text.as_str(), last.at), ("Her er jeg.", stage.now));
    assert_eq!(last.member_name.as_deref(), Some("Åse Ødegård"));
    assert_eq!(loaded.recent[0].client_id.as_deref(), Some("c-7"));
    assert!(
        stage.store.load(stage.tenant, stage.ids.session()).await.expect("a read").is_none(),
        "nothing was ever stored of it"
    );
}

pub async fn events_and_messages_are_read_page_by_page(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let mut state = stage.chat("en").await;
    for (n, text) in (2..).zip(["to", "tre", "fire"]) {
        state = stage.play(&state, Stage::customer_says(text, &format!("c-{n}"))).await;
        stage.chat("noen andre").await;
    }
    let (store, tenant) = (&stage.store, stage.tenant);
    let all = store.replay(tenant, Seq(0), 1_000).await.expect("the log");
    let mut pages = Vec::new();
    loop {
        let after = pages.last().map_or(Seq(0), |record: &EventRecord| record.seq);
        let page = store.replay(tenant, after, 3).await.expect("a page");
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(pages, all);
    let own = store.replay_session(tenant, state.id, Version(2), 2).await.expect("events");
    assert_eq!(own.iter().map(|record| record.version.0).collect::<Vec<_>>(), [3, 4]);
    assert!(own.iter().all(|record| record.session == state.id));
    let texts = store.messages(tenant, state.id, MessageSeq(1), 2).await.expect("messages");
    assert_eq!(
        texts.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(),
        ["to", "tre"]
    );
    assert_eq!(store.messages(tenant, state.id, MessageSeq(4), 10).await.expect("none"), []);
}

pub async fn a_second_new_contact_with_the_same_mail_is_taken(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let form = |email| stage.submit_new(submission("Kari", email, None, "Er bilen ledig?"));
    let first = stage.decide(&stage.new_session(), form("kari@example.no"));
    let second = stage.decide(&stage.new_session(), form("Kari@Example.NO"));
    let bystander = stage.decide(&stage.new_session(), Command::Open { lang: stage.lang() });
    let third = stage.decide(&stage.new_session(), form("KARI@example.no"));

    let (here, there) = (one(first), Batch { appends: vec![second, bystander], inbound: vec![] });
    let (here, there) =
        join(stage.store.commit(stage.tenant, &here), stage.other.commit(stage.tenant, &there))
            .await;
    let (here, there) = (here.expect("an answer"), there.expect("an answer"));

    let stored = [here[0], there[0]].into_iter().filter(|a| is_stored(*a)).count();
    assert_eq!(stored, 1, "{here:?} {there:?}");
    assert!([here[0], there[0]].contains(&Appended::Taken), "{here:?} {there:?}");
    assert!(is_stored(there[1]), "the others of the batch are kept");
    assert_eq!(stage.commit(vec![third]).await, [Appended::Taken]);

    let form =
        |n: u8| stage.submit_new(submission("Ola", "ola@example.no", None, &format!("Hei {n}")));
    let both = vec![
        stage.decide(&stage.new_session(), form(1)),
        stage.decide(&stage.new_session(), form(2)),
    ];
    let appended = stage.commit(both).await;
    assert!(is_stored(appended[0]) && appended[1] == Appended::Taken, "{appended:?}");
    let leads = stage.store.list_leads(stage.tenant, &LeadFilter::default()).await.expect("leads");
    assert_eq!(leads.total, 2);
}

pub async fn a_contact_or_lead_that_is_known_already_is_not_captured_as_new(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let form = submission("Kari", "kari@example.no", None, "Er bilen ledig?");
    let command = stage.submit_new(form);
    stage.play(&stage.new_session(), command.clone()).await;
    let again = stage.decide(&stage.new_session(), command.clone());
    assert_eq!(stage.commit(vec![again]).await, [Appended::Taken], "the same ids");
    let Command::Submit { submission, mut contact } = command else { unreachable!() };
    (contact.contact, contact.new_contact, contact.lead) =
        (stage.ids.contact(), false, stage.ids.lead());
    let unknown = stage.decide(&stage.new_session(), Command::Submit { submission, contact });
    assert_eq!(stage.commit(vec![unknown]).await, [Appended::Taken], "nobody has this id");
}

pub async fn what_can_never_be_stored_does_not_harm_the_others(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    let poisoned = stage.decide(&state, Stage::customer_says("Hallo?", "c-2"));
    let poisoned = with_text(poisoned, "a\0b");
    let other = stage.decide(&stage.new_session(), Command::Open { lang: stage.lang() });
    let third = stage.decide(&stage.new_session(), Command::Open { lang: stage.lang() });
    let appended = stage.commit(vec![other, poisoned.clone(), third]).await;
    assert!(is_stored(appended[0]) && is_stored(appended[2]), "{appended:?}");
    assert_eq!(appended[1], Appended::Unstorable);
    assert_eq!(stage.commit(vec![poisoned]).await, [Appended::Unstorable]);
    let form = submission("Kari", "kari@example.no", None, "Er bilen ledig?");
    let Command::Submit { submission, mut contact } = stage.submit_new(form) else {
        unreachable!("it submits")
    };
    contact.same_phone_as = Some(stage.ids.contact());
    let astray = stage.decide(&stage.new_session(), Command::Submit { submission, contact });
    let other = stage.decide(&stage.new_session(), Command::Open { lang: stage.lang() });
    let appended = stage.commit(vec![astray, other]).await;
    assert_eq!(appended[0], Appended::Unstorable, "it points to nobody");
    assert!(is_stored(appended[1]), "{appended:?}");
    let empty = stage.decide(&state, Stage::customer_says("Hallo?", "c-2"));
    let empty = Append { events: vec![], state: state.clone(), effects: vec![], ..empty };
    assert_eq!(stage.commit(vec![empty]).await, [Appended::Unstorable]);

    let healed = stage.play(&state, Stage::customer_says("Hallo?", "c-2")).await;
    assert_eq!(stage.store.load(stage.tenant, state.id).await.unwrap_loaded(), healed);
    let log = stage.store.replay(stage.tenant, Seq(0), 100).await.expect("the log");
    let seqs: Vec<_> = log.iter().map(|record| record.seq.0).collect();
    assert_eq!(seqs, (1..=log.len() as i64).collect::<Vec<_>>(), "no gap is left");
}

pub async fn an_empty_batch_changes_nothing(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    assert_eq!(stage.commit(vec![]).await, []);
    let head = stage.store.head(stage.tenant).await.expect("a head");
    assert_eq!(head.seq, Seq(0));
    let nobody = new_tenant("ukjent", &stage.ids).snapshot.id;
    assert!(stage.store.head(nobody).await.is_err(), "there is no such tenant");
}

pub async fn nothing_is_seen_of_another_tenant(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let (store, lead) = (&stage.store, state.lead.expect("a lead"));
    let mail = state.customer_email.clone().expect("an address");

    assert!(store.load(other.tenant, state.id).await.expect("a read").is_none());
    assert_eq!(store.messages(other.tenant, state.id, MessageSeq(0), 9).await.expect("none"), []);
    assert_eq!(store.replay(other.tenant, Seq(0), 9).await.expect("none"), []);
    assert!(store.find_lead(other.tenant, lead).await.expect("a read").is_none());
    assert_eq!(store.lead_rows(other.tenant, &[state.id]).await.expect("none"), []);
    let known = store.known(other.tenant, &mail, None).await.expect("a read");
    assert_eq!(known, Known::default());
    assert!(!store.unsubscribe(other.tenant, state.id, stage.now).await.expect("a read"));
    let Head { seq, .. } = store.head(other.tenant).await.expect("a head");
    assert_eq!(seq, Seq(0));

    // The same person is somebody else's customer too.
    other.lead("Kari", "kari@example.no").await;
    let append = stage.decide(&state, Stage::answer(&state, "Ja."));
    assert_eq!(version_after(&append), append.state.version);
    assert_eq!(
        store.commit(other.tenant, &one(append)).await.expect("an answer"),
        [Appended::Conflict],
        "the session does not exist there"
    );
}

/// The state of a session that must be there.
pub trait UnwrapLoaded {
    fn unwrap_loaded(self) -> LeadSession;
}

impl UnwrapLoaded for Result<Option<crate::store::Loaded>, crate::store::StoreError> {
    fn unwrap_loaded(self) -> LeadSession {
        self.expect("the store is there").expect("the session is there").state
    }
}

/// How long a test claims something.
pub const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_secs(15);

pub async fn decisions_are_read_back_with_what_led_to_them(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let state = stage.chat("Er bilen ledig? 🚗").await;
    let turn = state.turn.expect("a turn runs").turn;
    let failed = Command::EndTurn {
        turn,
        result: Err(TurnFailure::Stream),
        notes: forecourt_core::dialogue::TurnNotes::default(),
    };
    let state = stage.play(&state, failed).await;
    for _ in 0..2 {
        let kept = stage.store.keep_settings(stage.tenant, &stage.settings, stage.now).await;
        kept.expect("the store is there");
    }

    let decisions = stage.store.decisions(stage.tenant, state.id, Version(0), 100).await;
    let decisions = decisions.expect("the store is there");
    let settings = stage.store.kept_settings(stage.tenant).await.expect("the store is there");
    assert_eq!(settings.len(), 1, "kept once");
    assert_eq!(settings[0], stage.settings);
    let (steps, again) = replay::replay(state.id, &decisions, &settings);
    assert_eq!(again, state);
    assert_eq!(steps.len(), 3, "opened, written, failed");
    for step in steps {
        assert_eq!(step.verdict, replay::Verdict::Same);
    }
    let later = stage.store.decisions(stage.tenant, state.id, decisions[2].version, 100).await;
    let rest: Vec<_> =
        later.expect("the store is there").into_iter().flat_map(|d| d.events).collect();
    assert_eq!(rest, decisions[2].events[1..]);

    assert_eq!(stage.store.tenant_of(state.id).await, Ok(Some(stage.tenant)));
    assert_eq!(stage.store.tenant_of(stage.ids.session()).await, Ok(None));
    let foreign = stage.store.decisions(other.tenant, state.id, Version(0), 100).await;
    assert_eq!(foreign, Ok(Vec::new()), "A8");
    assert_eq!(stage.store.kept_settings(other.tenant).await, Ok(Vec::new()), "A8");
}
