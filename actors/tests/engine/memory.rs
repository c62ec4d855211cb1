//! What a live session takes of memory (P5): a measurement, not a test.
//!
//! `cargo test --release -p forecourt-actors --test engine memory -- --ignored --nocapture`

use std::fs;

use forecourt_core::lang::Lang;

use crate::support::{MEMBER, World};

const SESSIONS: usize = 2_000;
/// Messages of each, half of them the customer's.
const MESSAGES: usize = 20;
/// What `/proc/self/statm` counts in.
const PAGE: usize = 4_096;

/// Memory of this process that is in use, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * PAGE
}

#[actix_rt::test]
#[ignore = "a measurement; run it in release mode, by hand"]
async fn a_live_session_with_twenty_messages() {
    let mut world = World::new().await;
    let text = "Hei, er bilen fortsatt ledig? Jeg kan komme på tirsdag etter klokka fire.";
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = world.tenant.open_session(Lang::Nb).await.unwrap();
        for n in 0..MESSAGES {
            let (text, id) = (text.to_owned(), format!("c-{n}"));
            // A member's message first: nobody but people speaks from then on.
            if n % 2 == 0 {
                world.tenant.post_member_message(session, MEMBER, text, id, None).await.unwrap();
            } else {
                world.tenant.post_message(session, text, id, None).await.unwrap();
            }
        }
        sessions.push(session);
    }
    // Another engine over the same store has no session in memory yet.
    world.restart().await;
    let wake = async |session| {
        // Said before, so that nothing is stored: the session is read and stays awake.
        world.tenant.post_message(session, text.to_owned(), "c-19".to_owned(), None).await.unwrap();
    };
    // The first ones pay for what all share.
    for session in &sessions[..100] {
        wake(*session).await;
    }
    let before = resident();
    for session in &sessions[100..] {
        wake(*session).await;
    }
    let each = (resident() - before) / (SESSIONS - 100);
    println!("P5, a live session with {MESSAGES} messages: {each} bytes");
}
