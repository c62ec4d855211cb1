//! A7 under fire: a member, a customer or a clock steps in at the moment at which a turn ends.
//!
//! Thousands of sessions race at once, each with other pauses, so that every order of the two comes
//! about: before the turn ends, in the middle of its commit, and when its letter stands at the exit.

pub(crate) mod audit;
pub(crate) mod doubles;
pub(crate) mod stage;

use std::{future::Future, sync::Arc, sync::atomic::Ordering};

use forecourt_actors::TenantHandle;
use forecourt_core::{
    event::Channel,
    id::{MemberId, SessionId},
    session::{LeadSession, Speaker},
};
use futures_util::future::join_all;
use jiff::SignedDuration;

use self::{
    audit::Outcomes,
    doubles::{Race, mix, reach, reached, yields},
    stage::{COLLEAGUE, Stage, at_rest},
};
use crate::support::{IO, MEMBER};

/// Sessions that race at once.
const AT_ONCE: usize = 100;

/// A sixteenth of the races each is decided: in every run, on any machine, all orders come about.
const BEFORE_THE_END: u32 = 0;
const AFTER_THE_END: u32 = 1;
const BEFORE_THE_LETTER: u32 = 2;

/// Lets `act` run against the ends of `count` turns, at ever other moments.
async fn race<F, A>(stage: &mut Stage, count: usize, act: F)
where
    F: Fn(TenantHandle, SessionId, Channel) -> A,
    A: Future<Output = ()> + Send + 'static,
{
    for from in (0..count).step_by(AT_ONCE) {
        let leads = stage.leads(from..from + AT_ONCE).await;
        let (mut racing, mut doors) = (Vec::new(), Vec::new());
        for (n, (session, channel, race)) in leads.iter().enumerate() {
            let random = mix((from + n) as u64);
            let pause = |shift: u32, most: u64| ((random >> shift) % most) as u32;
            race.model_yields.store(pause(0, 8), Ordering::Relaxed);
            race.exit_yields.store(pause(8, 24), Ordering::Relaxed);
            let (start, wait) = (pause(16, 16), pause(24, 48));
            let act = act(stage.members().clone(), *session, *channel);
            let (race, mail) = (Arc::clone(race), *channel == Channel::Mail);
            race.held_at_exit.store(start == BEFORE_THE_LETTER && mail, Ordering::Relaxed);
            racing.push(IO.spawn(async move {
                match start {
                    BEFORE_THE_END | 3 => {}
                    AFTER_THE_END => reached(&race.posted).await,
                    4..=6 => race.opened().await,
                    BEFORE_THE_LETTER | 7..=9 if mail => race.exit.notified().await,
                    _ => race.done.notified().await,
                }
                yields(wait).await;
                act.await;
                reach(&race.acted);
                race.open();
            }));
            if start != BEFORE_THE_END {
                doors.push(stage.races.of(*session));
            }
        }
        for race in doors {
            race.open();
            tokio::task::yield_now().await;
        }
        for raced in join_all(racing).await {
            raced.unwrap();
        }
    }
}

async fn take_over(stage: &mut Stage, count: usize) {
    let races = Arc::clone(&stage.races);
    race(stage, count, move |tenant, session, _| {
        let race: Arc<Race> = races.of(session);
        async move {
            tenant.take_over(session, MEMBER).await.unwrap();
            race.acked.store(true, Ordering::SeqCst);
        }
    })
    .await;
}

fn is_a_race(outcomes: &Outcomes) {
    let least = outcomes.sessions / 50;
    assert!(outcomes.turn_won > least, "the turn never wins: {outcomes:?}");
    assert!(outcomes.turn_silenced > least, "the turn always wins: {outcomes:?}");
}

#[actix_rt::test]
async fn a_takeover_against_a_finishing_turn_ten_thousand_times_and_nothing_older_leaves() {
    let mut outcomes = Outcomes::default();
    for round in 0..10 {
        let mut stage = Stage::new(1, 0).await;
        take_over(&mut stage, 1_000).await;
        stage.until("rest", at_rest).await;
        if round == 0 {
            // The promise goes on after the takeover: nobody writes, so people are told, and it breaks.
            stage.clock.advance(SignedDuration::from_secs(91));
            let over = |state: &LeadSession| state.promises.is_empty() && at_rest(state);
            stage.until_in_time("the end of the promises", over).await;
        }
        outcomes += stage.close().await;
    }
    println!("takeover against turn: {outcomes:?}");
    assert_eq!(outcomes.sessions, 10_000);
    is_a_race(&outcomes);
    assert!(outcomes.letter_refused > 100, "the exit was never asked: {outcomes:?}");
    // Whoever was not answered still waits for a person, also after a promise that broke (A11).
    assert_eq!(outcomes.promises_kept + outcomes.waiting, 10_000);
    assert!(outcomes.promises_broken > 0);
}

#[actix_rt::test]
async fn a_takeover_at_one_node_against_a_turn_at_another_that_may_not_hear_of_it() {
    let mut stage = Stage::new(2, 0).await;
    take_over(&mut stage, 1_000).await;
    stage.until("rest", at_rest).await;
    let outcomes = stage.close().await;
    println!("takeover at another node: {outcomes:?}");
    is_a_race(&outcomes);
    assert!(outcomes.lost > 100 && outcomes.letter_refused > 10, "{outcomes:?}");
    assert_eq!(outcomes.promises_kept + outcomes.waiting, 1_000);
}

#[actix_rt::test]
async fn newer_text_against_a_finishing_turn_is_answered_too() {
    let mut stage = Stage::new(1, 0).await;
    race(&mut stage, 1_000, |tenant, session, _| async move {
        let text = "Jeg mente den røde.".to_owned();
        tenant.post_message(session, text, "c2".into(), None).await.unwrap();
    })
    .await;
    stage.until("answers", |state| at_rest(state) && state.last_message.0 >= 3).await;
    let outcomes = stage.close().await;
    println!("newer text against turn: {outcomes:?}");
    is_a_race(&outcomes);
    assert_eq!((outcomes.waiting, outcomes.promises_broken), (0, 0));
}

#[actix_rt::test]
async fn a_close_against_a_finishing_turn_is_the_end() {
    let mut stage = Stage::new(1, 0).await;
    let races = Arc::clone(&stage.races);
    race(&mut stage, 1_000, move |tenant, session, _| {
        let race = races.of(session);
        async move {
            tenant.close(session, MEMBER).await.unwrap();
            race.acked.store(true, Ordering::SeqCst);
        }
    })
    .await;
    stage.until("the end", |state| state.closed && at_rest(state)).await;
    let outcomes = stage.close().await;
    println!("close against turn: {outcomes:?}");
    is_a_race(&outcomes);
    assert_eq!(outcomes.waiting, 0);
}

#[actix_rt::test]
async fn a_release_directly_after_a_takeover_lets_the_assistant_answer_once() {
    let mut stage = Stage::new(1, 0).await;
    race(&mut stage, 1_000, |tenant, session, _| async move {
        tenant.take_over(session, MEMBER).await.unwrap();
        tenant.release(session, MEMBER, false).await.unwrap();
    })
    .await;
    stage.until("answers", |state| at_rest(state) && state.speaker == Speaker::Assistant).await;
    let outcomes = stage.close().await;
    println!("takeover and release against turn: {outcomes:?}");
    is_a_race(&outcomes);
    let Outcomes { promises_kept, waiting, promises_broken, .. } = outcomes;
    assert_eq!((promises_kept, waiting, promises_broken), (1_000, 0, 0), "{outcomes:?}");
}

#[actix_rt::test]
async fn two_members_who_take_over_at_once_have_it_one_after_the_other() {
    let mut stage = Stage::new(1, 0).await;
    let races = Arc::clone(&stage.races);
    race(&mut stage, 1_000, move |tenant, session, _| {
        let race = races.of(session);
        let take = move |member: MemberId| {
            let tenant = tenant.clone();
            async move { tenant.take_over(session, member).await.unwrap() }
        };
        async move {
            let (one, other) = (IO.spawn(take(MEMBER)), IO.spawn(take(COLLEAGUE)));
            one.await.unwrap();
            race.acked.store(true, Ordering::SeqCst);
            other.await.unwrap();
        }
    })
    .await;
    let taken = |state: &LeadSession| {
        matches!(state.speaker, Speaker::Member(_)) && state.fence.0 == 2 && at_rest(state)
    };
    stage.until("both", taken).await;
    let outcomes = stage.close().await;
    println!("two members against turn: {outcomes:?}");
    is_a_race(&outcomes);
}

#[actix_rt::test]
async fn a_takeover_against_a_timer_that_begins_a_turn_and_the_person_is_never_talked_over() {
    let mut outcomes = Outcomes::default();
    let mut stage = Stage::new(1, 1_000).await;
    for batch in 0..10_u64 {
        let chats = join_all((0..AT_ONCE).map(|_| stage.chat())).await;
        stage.note(chats.iter().map(|chat| (*chat, Channel::Widget)));
        let mut racing = Vec::new();
        for (n, session) in (batch * 100..).zip(chats) {
            let (tenant, race) = (stage.members().clone(), stage.races.of(session));
            race.open();
            let early = n % 10 == 1;
            let taking = IO.spawn(async move {
                if n % 10 == 0 {
                    reached(&race.posted).await;
                } else if !early {
                    yields((mix(n) % 64) as u32 * 4).await;
                }
                tenant.take_over(session, MEMBER).await.unwrap();
                race.acked.store(true, Ordering::SeqCst);
            });
            if early {
                taking.await.unwrap();
            } else {
                racing.push(taking);
            }
        }
        yields((batch % 5) as u32).await;
        stage.clock.advance(SignedDuration::from_secs(1));
        for raced in join_all(racing).await {
            raced.unwrap();
        }
    }
    stage.until("rest", at_rest).await;
    outcomes += stage.close().await;
    println!("takeover against timer: {outcomes:?}");
    assert_eq!(outcomes.promises_kept + outcomes.waiting, 1_000);
    assert!(outcomes.turn_won >= 100 && outcomes.waiting >= 100, "{outcomes:?}");
}
