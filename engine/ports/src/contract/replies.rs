//! Replies: what members think of them, and what became of their conversations.

use forecourt_core::{
    event::Author,
    id::{MemberId, MessageId},
    session::{Command, LeadSession},
};
use jiff::SignedDuration;

use super::{Ground, Stage, bookings::Desk};
use crate::{
    ids::Ids as _,
    store::replies::{Rated, Rating, ReplyFigures, ReplyRating},
};

/// A conversation with one answer, and the answer's id.
async fn answered(stage: &Stage<'_>) -> (LeadSession, MessageId) {
    let state = stage.chat("Hei").await;
    let state = stage.play(&state, Stage::answer(&state, "Ja.")).await;
    let answer = posted(stage, &state, Author::Assistant).await;
    (state, answer)
}

/// The last message of an author.
async fn posted(stage: &Stage<'_>, state: &LeadSession, author: Author) -> MessageId {
    let loaded = stage.store.load(stage.tenant, state.id).await.expect("a read");
    let mut recent = loaded.expect("a session").recent.into_iter().rev();
    recent.find(|one| one.author == author).expect("a message").message
}

fn rating(stage: &Stage<'_>, state: &LeadSession, message: MessageId, what: Rating) -> ReplyRating {
    let (session, member, at) = (state.id, stage.member, stage.now);
    ReplyRating { session, message, member, rating: what, reason: None, at }
}

async fn rate(stage: &Stage<'_>, one: &ReplyRating) -> Rated {
    stage.store.rate(stage.tenant, one).await.expect("a write")
}

async fn shown(stage: &Stage<'_>, state: &LeadSession) -> Vec<ReplyRating> {
    stage.other.ratings(stage.tenant, state.id).await.expect("a read")
}

pub async fn a_reply_is_rated_once_by_each_member_until_they_change_or_take_it_back(
    ground: &dyn Ground,
) {
    let mut stage = Stage::set(ground).await;
    let (state, answer) = answered(&stage).await;
    assert_eq!(shown(&stage, &state).await, []);
    let good = rating(&stage, &state, answer, Rating::Good);
    assert_eq!(rate(&stage, &good).await, Rated::Stored(good.clone()));
    stage.pass(60);
    let again = rating(&stage, &state, answer, Rating::Good);
    assert_eq!(rate(&stage, &again).await, Rated::Stored(good.clone()), "as it was said first");
    let reason = Some("Prisen er \"feil\" 🚗".to_owned());
    let bad = ReplyRating { reason, ..rating(&stage, &state, answer, Rating::Bad) };
    assert_eq!(rate(&stage, &bad).await, Rated::Stored(bad.clone()));
    assert_eq!(shown(&stage, &state).await, [bad]);
    for _ in 0..2 {
        let back = stage.store.unrate(stage.tenant, state.id, answer, stage.member).await;
        assert_eq!(back, Ok(true), "also when there is none");
        assert_eq!(shown(&stage, &state).await, []);
    }
    let mut longest = good.clone();
    longest.reason = Some("å".repeat(500));
    assert_eq!(rate(&stage, &longest).await, Rated::Stored(longest.clone()));
    longest.reason = Some("å".repeat(501));
    assert!(stage.store.rate(stage.tenant, &longest).await.is_err(), "the bound of the store");
}

pub async fn only_the_assistants_messages_of_the_own_tenant_are_rated(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (state, answer) = answered(&stage).await;
    let (second, _) = answered(&stage).await;
    let customers = posted(&stage, &state, Author::Customer).await;
    let refused = rate(&stage, &rating(&stage, &state, customers, Rating::Good)).await;
    assert_eq!(refused, Rated::NotAssistants);
    let member = Author::Member { member: stage.member };
    let state = stage.play(&state, stage.member_says("Ja, den er ledig.")).await;
    let members = posted(&stage, &state, member).await;
    let refused = rate(&stage, &rating(&stage, &state, members, Rating::Bad)).await;
    assert_eq!(refused, Rated::NotAssistants);
    let nobodys = MessageId::from_uuid(stage.ids.uuid());
    for (talk, message) in [(&state, nobodys), (&second, answer), (&stage.new_session(), answer)] {
        let refused = rate(&stage, &rating(&stage, talk, message, Rating::Good)).await;
        assert_eq!(refused, Rated::NoMessage, "of another conversation, or of none");
    }
    let good = rating(&stage, &state, answer, Rating::Good);
    rate(&stage, &good).await;
    let other = stage.set_another("annen-bil").await;
    assert_eq!(shown(&other, &state).await, [], "A8");
    let theirs = rating(&other, &state, answer, Rating::Bad);
    assert_eq!(rate(&other, &theirs).await, Rated::NoMessage, "A8");
    let back = other.store.unrate(other.tenant, state.id, answer, stage.member).await;
    assert_eq!(back, Ok(false), "A8");
    assert_eq!(shown(&stage, &state).await, std::slice::from_ref(&good));
    let stranger = ReplyRating { member: other.member, ..good };
    assert!(stage.store.rate(stage.tenant, &stranger).await.is_err(), "nobody of ours");
    let nobody = MemberId::from_uuid(stage.ids.uuid());
    let back = stage.store.unrate(stage.tenant, state.id, answer, nobody).await;
    assert_eq!(back, Ok(true), "they have none");
}

pub async fn replies_are_counted_by_prompt_and_model_with_what_became_of_their_conversations(
    ground: &dyn Ground,
) {
    let desk = Desk::open(ground).await;
    let stage = &desk.stage;
    let (from, until) = (stage.now, stage.now + SignedDuration::from_secs(1));
    let figures = async |from, until| {
        stage.other.reply_figures(stage.tenant, from, until).await.expect("a read")
    };
    assert_eq!(figures(from, until).await, []);
    let (open, first) = answered(stage).await;
    let again = stage.play(&open, Stage::customer_says("Og nå?", "c-2")).await;
    stage.play(&again, Stage::answer(&again, "Nei.")).await;
    let (booked, second) = answered(stage).await;
    desk.booked_in(booked.id).await;
    stage.play(&booked, Command::TakeOver { member: stage.member }).await;
    let (handed, third) = answered(stage).await;
    stage.play(&handed, Command::TakeOver { member: stage.member }).await;
    let (closed, _) = answered(stage).await;
    stage.play(&closed, Command::Close { member: stage.member }).await;
    let (last, _) = answered(stage).await;
    let turned = stage.play(&last, Stage::customer_says("Takk", "c-2")).await;
    let turn = turned.turn.as_ref().expect("a turn runs").turn;
    let result = Ok(forecourt_core::session::Answer {
        text: "Bare hyggelig.".into(),
        model: "large".into(),
        prompt: "reply@2".into(),
    });
    let notes = forecourt_core::dialogue::TurnNotes::default();
    stage.play(&turned, Command::EndTurn { turn, result, notes }).await;
    for (talk, message, what) in [
        (&open, first, Rating::Good),
        (&booked, second, Rating::Good),
        (&handed, third, Rating::Bad),
    ] {
        rate(stage, &rating(stage, talk, message, what)).await;
    }
    let row = |prompt: &str, model: &str| ReplyFigures {
        prompt: prompt.into(),
        model: model.into(),
        ..ReplyFigures::default()
    };
    let expected = [
        ReplyFigures {
            replies: 6,
            good: 2,
            bad: 1,
            conversations: 5,
            booked: 1,
            handed_over: 1,
            open: 2,
            closed: 1,
            ..row("reply@1", "house")
        },
        ReplyFigures { replies: 1, conversations: 1, open: 1, ..row("reply@2", "large") },
    ];
    assert_eq!(figures(from, until).await, expected);
    assert_eq!(figures(until, until + SignedDuration::from_secs(60)).await, [], "after");
    assert_eq!(figures(from - SignedDuration::from_secs(60), from).await, [], "before");
    let other = stage.set_another("annen-bil").await;
    let theirs = other.store.reply_figures(other.tenant, from, until).await.expect("a read");
    assert_eq!(theirs, [], "A8");
}
