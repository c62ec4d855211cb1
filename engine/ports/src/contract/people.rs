//! What people share: drafts, whose conversations are, who waits.

use forecourt_core::effect::TimerKind;
use forecourt_core::{
    callback::{CallTime, CallbackBy, CallbackEnd},
    contact::Phone,
    event::AssignReason,
    id::MemberId,
    session::{Command, LeadSession},
};
use futures_util::future::join_all;
use jiff::SignedDuration;

use super::{Ground, Stage};
use crate::store::{Appended, DraftRow, DraftSaved, LeadFilter, MAX_DRAFT, Whose};

async fn save(stage: &Stage<'_>, state: &LeadSession, text: &str, base: i64) -> DraftSaved {
    let (tenant, member) = (stage.tenant, stage.member);
    let saved = stage.store.save_draft(tenant, state.id, text, base, member, stage.now);
    saved.await.expect("a write")
}

async fn stands(stage: &Stage<'_>, state: &LeadSession) -> DraftRow {
    stage.other.draft(stage.tenant, state.id).await.expect("a read")
}

fn assign(to: Option<MemberId>) -> Command {
    Command::Assign { member: to, by: to, why: AssignReason::ByHand }
}

pub async fn a_draft_is_saved_over_what_was_read_and_over_nothing_else(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    assert_eq!(stands(&stage, &state).await, DraftRow::default());
    let member = Some(stage.member);
    let first = DraftRow { revision: 1, text: "Hei Kå".into(), member, at: Some(stage.now) };
    assert_eq!(save(&stage, &state, "Hei Kå", 0).await, DraftSaved::Saved(first.clone()));
    assert_eq!(stands(&stage, &state).await, first);
    let again = save(&stage, &state, "Hei Kå", 0).await;
    assert_eq!(again, DraftSaved::Saved(first.clone()), "its answer was lost");
    for base in [0, 2, -1, i64::MAX] {
        let late = save(&stage, &state, "Hei Åse", base).await;
        assert_eq!(late, DraftSaved::Conflict(first.clone()), "from {base}");
    }
    stage.pass(1);
    let second = DraftRow { revision: 2, text: String::new(), member, at: Some(stage.now) };
    assert_eq!(save(&stage, &state, "", 1).await, DraftSaved::Saved(second), "thrown away");
    let longest = "🚗".repeat(MAX_DRAFT);
    assert!(matches!(save(&stage, &state, &longest, 2).await, DraftSaved::Saved(_)));
    assert!(matches!(save(&stage, &state, "a\0b", 3).await, DraftSaved::Saved(_)));
    assert_eq!(stands(&stage, &state).await.text, "a\u{fffd}b");
}

pub async fn a_draft_ends_with_a_members_message_and_with_nobody_elses(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    let other = stage.chat("Hallo").await;
    save(&stage, &state, "Bilen er", 0).await;
    save(&stage, &other, "Kom innom", 0).await;
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    let state = stage.play(&state, Stage::customer_says("Takk", "c-2")).await;
    assert_eq!(stands(&stage, &state).await.text, "Bilen er");
    let says = stage.member_says("Bilen er ledig.");
    stage.play(&state, says).await;
    let over = DraftRow { revision: 2, at: Some(stage.now), ..DraftRow::default() };
    assert_eq!(stands(&stage, &state).await, over);
    assert_eq!(stands(&stage, &other).await.text, "Kom innom");
    let late = save(&stage, &state, "Bilen er solgt", 1).await;
    assert_eq!(late, DraftSaved::Conflict(over), "it was sent meanwhile");
    assert!(matches!(save(&stage, &state, "Og så", 2).await, DraftSaved::Saved(_)));
}

pub async fn a_draft_belongs_to_a_conversation_of_its_own_tenant(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    save(&stage, &state, "Bilen er", 0).await;
    let nobody = stage.new_session();
    assert_eq!(save(&stage, &nobody, "Hei", 0).await, DraftSaved::NoSession);
    let other = stage.set_another("annen-bil").await;
    assert_eq!(stands(&other, &state).await, DraftRow::default(), "A8");
    assert_eq!(save(&other, &state, "Hei", 0).await, DraftSaved::NoSession, "A8");
}

pub async fn of_two_who_save_a_draft_at_once_one_is_told_of_the_other(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.chat("Hei").await;
    for base in 0..5 {
        let texts: Vec<String> = (0..4).map(|n| format!("utkast {base}.{n}")).collect();
        let all = join_all(texts.iter().map(|text| save(&stage, &state, text, base))).await;
        let saved = all.iter().filter(|one| matches!(one, DraftSaved::Saved(_))).count();
        assert_eq!(saved, 1, "{all:?}");
        assert_eq!(stands(&stage, &state).await.revision, base + 1);
    }
}

pub async fn whose_conversations_are_is_listed_and_counted_until_they_are_closed(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let mine = stage.lead("Kari", "kari@example.no").await;
    stage.lead("Ola", "ola@example.no").await;
    let open = async || {
        let team = stage.store.team(stage.tenant).await.expect("a read");
        team.into_iter().map(|one| (one.member.member, one.open)).collect::<Vec<_>>()
    };
    let found = async |whose| {
        let filter = LeadFilter { whose: Some(whose), per_page: 10, ..LeadFilter::default() };
        let page = stage.store.list_leads(stage.tenant, &filter).await.expect("a read");
        assert_eq!(page.total, page.leads.len() as u64);
        page.leads.into_iter().map(|lead| (lead.session, lead.assignee)).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [(stage.member, 0)]);
    assert_eq!(found(Whose::Nobody).await.len(), 2);
    let mine = stage.play(&mine, assign(Some(stage.member))).await;
    assert_eq!(open().await, [(stage.member, 1)]);
    assert_eq!(found(Whose::Member(stage.member)).await, [(mine.id, Some(stage.member))]);
    assert_eq!(found(Whose::Nobody).await.len(), 1);
    assert_eq!(found(Whose::Member(other.member)).await, [], "nobody of ours");
    let mine = stage.play(&mine, assign(None)).await;
    assert_eq!(found(Whose::Nobody).await.len(), 2);
    let mine = stage.play(&mine, Command::TakeOver { member: stage.member }).await;
    assert_eq!(open().await, [(stage.member, 1)], "who takes over has it");
    stage.play(&mine, Command::Close { member: stage.member }).await;
    assert_eq!(open().await, [(stage.member, 0)]);
    assert_eq!(found(Whose::Member(stage.member)).await.len(), 1, "it stays theirs");
}

pub async fn of_two_customers_one_has_the_member_at_a_time_until_the_call_is_over(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let (one, other) = (stage.chat("Hei").await, stage.chat("Hallo").await);
    let at = stage.now + SignedDuration::from_hours(2);
    let time = CallTime { at, minutes: 30 };
    let member = stage.member;
    let agree = |who| Command::AgreeCallback {
        time,
        member,
        why: Vec::new(),
        by: CallbackBy::Member { member: who },
        phone: Phone::parse("91234567", "NO").ok(),
    };
    let calls = async || {
        let calls = stage.store.callbacks(stage.tenant, stage.now).await.expect("a read");
        calls.into_iter().map(|call| (call.member, call.at, call.until)).collect::<Vec<_>>()
    };
    assert_eq!(calls().await, []);
    let one = stage.play(&one, agree(member)).await;
    assert_eq!(calls().await, [(member, at, time.until())]);
    let rival = stage.decide(&other, agree(member));
    assert_eq!(stage.commit(vec![rival]).await, [Appended::Taken], "one call at a time");
    let filter = LeadFilter { callback: Some(true), per_page: 10, ..LeadFilter::default() };
    let listed = async || {
        let page = stage.store.list_leads(stage.tenant, &filter).await.expect("a read");
        page.leads
            .into_iter()
            .map(|lead| (lead.session, lead.callback.map(|c| c.at)))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [(one.id, Some(at))]);
    stage.play(&one, Command::EndCallback { at, end: CallbackEnd::Done, member }).await;
    assert_eq!((calls().await, listed().await), (vec![], vec![]));
    stage.play(&other, agree(member)).await;
    assert_eq!(listed().await, [(other.id, Some(at))], "the time is free again");
}

pub async fn who_has_waited_longer_for_a_person_stands_before(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let mut waiting = Vec::new();
    for text in ["Hei", "Hallo", "God dag"] {
        let state = stage.chat(text).await;
        stage.pass(60);
        // The template is due: a person must follow.
        let state = stage.play(&state, Stage::fire(TimerKind::Promise)).await;
        waiting.push(state);
    }
    let since = |state: &LeadSession| state.handoff.expect("a person is needed").since;
    let before = async |state: &LeadSession| {
        stage.store.waiting_before(stage.tenant, since(state)).await.expect("a read")
    };
    for (n, state) in (0..).zip(&waiting) {
        assert_eq!(before(state).await, n);
    }
    let says = stage.member_says("Jeg er her.");
    stage.play(&waiting[0], says).await;
    assert_eq!(before(&waiting[2]).await, 1, "one was answered");
    let other = stage.set_another("annen-bil").await;
    let theirs = other.store.waiting_before(other.tenant, stage.now).await.expect("a read");
    assert_eq!(theirs, 0, "A8");
}
