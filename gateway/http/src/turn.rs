//! One message and its answer as one stream: `POST …/messages` with `Accept: text/event-stream`.

use std::{future::Future, sync::Arc};

use forecourt_actors::{EngineError, Posted};
use forecourt_core::{event::Version, session::Speaker};
use forecourt_ports::store::TenantSnapshot;
use jiff::{SignedDuration, Timestamp};

use crate::{
    auth::Owner,
    events::event_stream,
    feed::{End, Feed, Start},
    gateway::Gateway,
    problem::Answer,
    sessions,
};

/// Time after the promise's deadline in which a late answer is still passed on.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Posts, then streams from the message on: its own event, the turn, the draft, the answer. Where a person
/// answers, the stream ends after the message: they answer when they answer.
pub(crate) async fn stream(
    gateway: &Gateway,
    owner: &Owner,
    tenant: Arc<TenantSnapshot>,
    post: impl Future<Output = Result<Posted, EngineError>>,
) -> Answer {
    let state = &gateway.0;
    let of = (owner.visitor.tenant(), owner.visitor.session());
    // Subscribed before the message is there, so that nothing of its answer is missed.
    let subscription = state.bus.subscribe_session(of.0, of.1);
    let before = sessions::load(state, of.0, of.1).await?.state;
    let posted = post.await?;
    // A repeat's message stands somewhere before.
    let (version, running) = match posted.version {
        Version(0) => (Version(0), None),
        _ => (before.version, before.turn.as_ref().map(|turn| turn.turn)),
    };
    let wait = SignedDuration::from_millis(i64::from(tenant.settings.promise.deadline_ms));
    let now = state.clock.now();
    let assistant_answers = before.speaker == Speaker::Assistant && !before.closed;
    let latest = if assistant_answers {
        now.saturating_add(wait + GRACE).unwrap_or(Timestamp::MAX)
    } else {
        now
    };
    let start = Start::Message(posted.message, version, running);
    let feed = Feed::open(gateway, of, Some(subscription), start, End::Answered(latest)).await?;
    Ok(event_stream().streaming(feed.stream(owner.visitor.expires_at())))
}
