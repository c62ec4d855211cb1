//! Files that come with a message: one answer, after the last of them or at the cap.

use forecourt_actors::{CustomerMessage, EngineError};
use forecourt_core::{
    attachment::{AttachmentFailure, FileKind, SentFiles},
    event::Event,
    id::{AttachmentId, SessionId},
    lang::Lang,
    session::Rejection,
};

use crate::support::World;

/// A chat whose customer has asked about a picture that still arrives.
async fn asked_about_a_picture(world: &World) -> (SessionId, AttachmentId) {
    let session = world.tenant.open_session(Lang::Nb).await.unwrap();
    let announce = || world.tenant.announce_attachment(session, "f1".into(), 2_000);
    let file = announce().await.unwrap();
    assert_eq!(announce().await.unwrap(), file, "a repeat finds the first answer");
    let message = CustomerMessage {
        text: "Hva gir dere for denne?".into(),
        client_id: "c1".into(),
        attachments: vec![file],
        ..CustomerMessage::default()
    };
    world.tenant.write(session, message).await.unwrap();
    (session, file)
}

async fn turns(world: &World) -> usize {
    let journal = world.journal().await;
    journal.iter().filter(|event| matches!(event, Event::TurnStarted { .. })).count()
}

#[actix_rt::test]
async fn the_answer_waits_for_the_picture_and_comes_once() {
    let mut world = World::new().await;
    let (session, file) = asked_about_a_picture(&world).await;
    world.until("the files", |e| matches!(e, Event::AttachmentsPosted { .. })).await;
    world.pass(5);
    // A decision of this session that comes after every timer that was due.
    world.tenant.announce_attachment(session, "f2".into(), 1).await.unwrap();
    assert_eq!(turns(&world).await, 0);
    world.tenant.attachment_arrived(session, file, FileKind::Jpeg, 2_000).await.unwrap();
    world.tenant.attachment_arrived(session, file, FileKind::Jpeg, 2_000).await.unwrap();
    world.pass(1);
    world.until_answered().await;
    assert_eq!(turns(&world).await, 1);
    let known = SentFiles { pictures: 1, ..SentFiles::default() };
    assert_eq!(world.primary.asks()[0].files, known, "it knows that a picture came");
    let cancel = world.tenant.attachment_failed(session, file, AttachmentFailure::Cancelled).await;
    assert_eq!(cancel, Err(EngineError::Rejected(Rejection::Stale)), "it was sent");
}

#[actix_rt::test]
async fn a_picture_that_never_comes_is_waited_for_until_the_cap() {
    let mut world = World::new().await;
    let (session, _) = asked_about_a_picture(&world).await;
    world.until("the wait", |e| matches!(e, Event::Gathering { .. })).await;
    world.pass(7);
    // A decision of this session that comes after every timer that was due.
    world.tenant.announce_attachment(session, "f2".into(), 1).await.unwrap();
    assert_eq!(turns(&world).await, 0);
    world.pass(1);
    world.until_answered().await;
    assert_eq!(turns(&world).await, 1);
    let known = SentFiles { arriving: 1, ..SentFiles::default() };
    assert_eq!(world.primary.asks()[0].files, known, "and that it is missing");
}
