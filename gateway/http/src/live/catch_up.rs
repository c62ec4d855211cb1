//! The answer to hello: where the log stands, and what a listener with a cursor has missed.

use std::time::Duration;

use forecourt_core::{
    event::{EventRecord, Seq},
    id::TenantId,
};
use forecourt_wire::{Cursor, GapFrame, HelloFrame, ServerFrame, WelcomeFrame};
use tokio::sync::oneshot;

use super::{batch::Batch, protocol::Greeting, room::text};
use crate::{
    gateway::State,
    problem::{Code, Problem},
};

/// Events that are replayed at most; further behind is a gap.
const MOST: u32 = 500;

/// Catches a listener up that has joined its room: whatever is published from now on reaches it there.
pub(crate) async fn catch_up(
    state: &State,
    tenant: TenantId,
    hello: HelloFrame,
    joined: oneshot::Receiver<()>,
) -> Result<Greeting, Problem> {
    joined.await.map_err(|_| Problem::new(Code::Busy).retry_after(Duration::from_secs(1)))?;
    let head = state.store.head(tenant).await?;
    let after = hello.after.as_deref().map(str::parse::<Cursor>);
    let missed = match after {
        Some(Ok(cursor)) if cursor.epoch == head.epoch && cursor.seq <= head.seq.0 => {
            missed(state, tenant, Seq(cursor.seq)).await?.map(|records| (cursor.seq, records))
        }
        _ => None,
    };
    let welcome = |seq: Seq, resumed: bool| {
        text(&ServerFrame::Welcome(WelcomeFrame {
            reference: hello.reference.clone(),
            epoch: head.epoch,
            seq: seq.0,
            resumed,
        }))
    };
    if let Some((cursor, records)) = missed {
        let seen = records.last().map_or(Seq(cursor), |record| record.seq);
        let replayed = state.rooms.frames(tenant, &records).await?;
        let opening = vec![welcome(seen.max(head.seq), true)];
        return Ok(Greeting { opening, replayed, seen });
    }
    let mut opening = vec![welcome(head.seq, false)];
    if hello.after.is_some() {
        opening.push(text(&ServerFrame::Gap(GapFrame {
            snapshot_url: "/v1/leads".to_owned(),
            epoch: head.epoch,
            seq: head.seq.0,
        })));
    }
    Ok(Greeting { opening, replayed: Batch::new(Vec::new()), seen: head.seq })
}

/// The events after a cursor, from memory or from the journal; `None` when they are too many.
async fn missed(
    state: &State,
    tenant: TenantId,
    after: Seq,
) -> Result<Option<Vec<EventRecord>>, Problem> {
    let records = match state.bus.recent(tenant, after) {
        Some(recent) => recent.iter().map(|published| published.record.clone()).collect(),
        None => state.store.replay(tenant, after, MOST + 1).await?,
    };
    Ok((records.len() <= MOST as usize).then_some(records))
}
