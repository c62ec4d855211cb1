//! Asks the engine, the store or the bus what a frame asks for, and makes the reply of the answer.
//!
//! # Invariants
//! - **A1** a reply that says yes comes after the commit;
//! - **A5** each answer comes within [`PATIENCE`], whatever the engine does;
//! - **A8** the tenant is the sign-in's; a conversation of another one is answered as if it were not there.

use std::time::Duration;

use forecourt_core::id::{MemberId, SessionId};
use forecourt_ports::{
    presence::{Availability, SharedDraft},
    store::{DraftRow, DraftSaved, Role},
};
use forecourt_wire::DraftFrame;

use super::{ask::Ask, reply::Reply};
use crate::{
    auth::Staff,
    gateway::State,
    messages,
    problem::{Code, Problem},
    sessions,
};

/// The longest that one frame is asked about.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the socket does itself once the answer is yes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    Nothing,
    View(Option<SessionId>),
    Typing { session: SessionId, on: bool, told: bool },
    StopTyping(SessionId),
    Say(Availability),
}

/// Asks. `due` tells whether the engine is to hear that the member types.
pub(crate) async fn answer(state: &State, staff: &Staff, ask: Ask, due: bool) -> (Reply, Then) {
    let late = || Problem::new(Code::Unavailable).retry_after(Duration::from_secs(2));
    match tokio::time::timeout(PATIENCE, deed(state, staff, ask, due)).await {
        Ok(Ok(done)) => done,
        Ok(Err(problem)) => (problem.into(), Then::Nothing),
        Err(_) => (late().into(), Then::Nothing),
    }
}

async fn deed(state: &State, staff: &Staff, ask: Ask, due: bool) -> Result<(Reply, Then), Problem> {
    staff.require(Role::Seller)?;
    let me = staff.member.member;
    let desk = || sessions::tenant_of(state, staff);
    let done = |then| Ok((Reply::done(), then));
    match ask {
        Ask::Send(session, message) => {
            let reply = match messages::post_by_member(state, staff, session, message).await {
                Ok(accepted) => {
                    tell_draft(state, staff, session).await;
                    Reply { accepted: Some(accepted), ..Reply::done() }
                }
                Err(refused) => Reply { newer: refused.newer, ..Reply::from(refused.problem) },
            };
            let then =
                if reply.problem.is_none() { Then::StopTyping(session) } else { Then::Nothing };
            Ok((reply, then))
        }
        Ask::View(None) => done(Then::View(None)),
        Ask::View(Some(session)) => {
            sessions::load(state, staff.member.tenant, session).await?;
            done(Then::View(Some(session)))
        }
        Ask::Typing { session, on } => {
            let told = on && due;
            if told {
                desk().await?.member_typing(session, me).await?;
            }
            done(Then::Typing { session, on, told })
        }
        Ask::SaveDraft { session, text, base } => {
            Ok((save_draft(state, staff, session, &text, base).await?, Then::Nothing))
        }
        Ask::Seen { session, upto } => {
            let by = forecourt_core::event::Reader::Member(me);
            desk().await?.seen(session, by, upto).await?;
            done(Then::Nothing)
        }
        Ask::TakeOver(session) => {
            desk().await?.take_over(session, me).await?;
            done(Then::Nothing)
        }
        Ask::GiveBack(session) => {
            let manager = staff.member.role != Role::Seller;
            desk().await?.release(session, me, manager).await?;
            done(Then::StopTyping(session))
        }
        Ask::Assign { session, to } => {
            if let Some(to) = to.filter(|to| *to != me) {
                check_teammate(state, staff, to).await?;
            }
            desk().await?.assign(session, to, me).await?;
            done(Then::Nothing)
        }
        Ask::Close(session) => {
            desk().await?.close(session, me).await?;
            done(Then::StopTyping(session))
        }
        Ask::Availability(availability) => done(Then::Say(availability)),
    }
}

/// Who is given a conversation must be able to answer it.
async fn check_teammate(state: &State, staff: &Staff, to: MemberId) -> Result<(), Problem> {
    let team = state.store.team(staff.member.tenant).await?;
    if team.iter().any(|mate| mate.member.member == to) {
        return Ok(());
    }
    Err(Problem::field("/member_id", "member", "is no active member of this business"))
}

// ---- the shared draft ----

async fn save_draft(
    state: &State,
    staff: &Staff,
    session: SessionId,
    text: &str,
    base: i64,
) -> Result<Reply, Problem> {
    let (tenant, me) = (staff.member.tenant, staff.member.member);
    let now = state.clock.now();
    let shown = |row: DraftRow| Some(DraftFrame::of(session, &shared(row)));
    match state.store.save_draft(tenant, session, text, base, me, now).await? {
        DraftSaved::Saved(row) => {
            state.bus.publish_shared_draft(tenant, session, shared(row.clone()));
            Ok(Reply { draft: shown(row), ..Reply::done() })
        }
        DraftSaved::Conflict(row) => {
            let problem = Problem::new(Code::Conflict);
            Ok(Reply { draft: shown(row), ..Reply::from(problem) })
        }
        DraftSaved::NoSession => Err(Problem::new(Code::NotFound)),
    }
}

/// Tells who looks that the draft went out with a message. When it cannot be read, the next one that is saved
/// tells.
async fn tell_draft(state: &State, staff: &Staff, session: SessionId) {
    let tenant = staff.member.tenant;
    if let Ok(row) = state.store.draft(tenant, session).await
        && row.revision > 0
    {
        state.bus.publish_shared_draft(tenant, session, shared(row));
    }
}

pub(crate) fn shared(row: DraftRow) -> SharedDraft {
    let DraftRow { revision, text, member, at } = row;
    SharedDraft { revision, text: text.into(), member, at }
}
