//! The connection to Redis: made, listened to, written to, lost and made again.
//!
//! One connection carries what this node says, another what it hears. A sign of life goes out on the one
//! and must come back on the other; then nodes hear each other. Whatever fails ends both, and they are
//! made anew after a pause that grows and differs from node to node.
//!
//! # Invariants
//! - every wait for Redis ends within a second;
//! - after each joining every tenant is compared with the journal: what was said meanwhile is not missed;
//! - **A9** what cannot be sent is not kept: its receivers are told how far to read.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use forecourt_core::{
    event::Seq,
    id::{SessionId, TenantId},
};
use forecourt_ports::bus::{Draft, Published};
use futures_util::StreamExt as _;
use redis::{
    AsyncConnectionConfig, Client, Msg, Pipeline,
    aio::{MultiplexedConnection, PubSubSink, PubSubStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, timeout},
};

use super::{
    Outgoing, Shared,
    drafts::Answer,
    lock,
    packet::{self, Beat, Frame, Read, Write},
    presence::{self, Part},
    repair,
    sequencer::{Origin, Piece},
    tenant::Tenant,
};
use crate::names;

/// How long Redis may take for anything.
const ANSWER: Duration = Duration::from_secs(1);
/// Pauses between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Publications that share a round trip.
const TOGETHER: usize = 512;
/// Frames of one packet.
const FRAMES: usize = 256;
/// Channels of one command.
const CHANNELS: usize = 500;
/// Sessions of one tenant that are asked about when its channel opens.
const ASKED: usize = 64;

/// Why the connection is given up.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("redis refused or cannot be reached")]
    Refused,
    #[error("redis did not answer in time")]
    Slow,
    #[error("the connection ended")]
    Ended,
    #[error("no sign of life came back")]
    Silent,
}

impl From<redis::RedisError> for Lost {
    fn from(error: redis::RedisError) -> Self {
        // Its own text could name the address (A14).
        if error.is_timeout() { Self::Slow } else { Self::Refused }
    }
}

/// Connects for as long as the bus lives.
pub(super) async fn keep(
    shared: Arc<Shared>,
    client: Client,
    mut outgoing: mpsc::Receiver<Outgoing>,
) {
    let mut pause = FIRST_PAUSE;
    let mut tries: u128 = 0;
    loop {
        let lost = tokio::select! {
            lost = live(&shared, &client, &mut outgoing) => lost,
            () = shared.stopped.cancelled() => return,
        };
        if shared.joined.swap(false, Ordering::AcqRel) {
            metrics::counter!(names::CUTS).increment(1);
            metrics::gauge!(names::JOINED).set(0.0);
            tracing::warn!(reason = %lost, "redis is out of reach: this node goes on alone");
            pause = FIRST_PAUSE;
        } else if tries == 0 {
            tracing::warn!(reason = %lost, "redis cannot be reached: this node goes on alone");
        }
        forget_unsent(&shared, &mut outgoing);
        tries += 1;
        tokio::select! {
            () = tokio::time::sleep(jittered(&shared, pause, tries)) => {}
            () = shared.stopped.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Between half of the pause and all of it, different for each node and try.
fn jittered(shared: &Shared, pause: Duration, tries: u128) -> Duration {
    let mixed = (shared.node.as_uuid().as_u128() ^ tries).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let part = (mixed >> 40) % 512;
    pause / 2 + pause * part as u32 / 1_024
}

/// What waits is not sent later: drafts would be ghosts, and events are read from the journal.
fn forget_unsent(shared: &Shared, outgoing: &mut mpsc::Receiver<Outgoing>) {
    while let Ok(unsent) = outgoing.try_recv() {
        if let Outgoing::Events(tenant, events) = unsent {
            lose(shared, tenant, &events);
        }
    }
}

fn lose(shared: &Shared, tenant: TenantId, events: &[Arc<Published>]) {
    metrics::counter!(names::DROPPED, "what" => "event").increment(events.len() as u64);
    if let Some(last) = events.last() {
        shared.lose(tenant, last.record.seq);
    }
}

/// One life of the connection; says why it ended.
async fn live(
    shared: &Arc<Shared>,
    client: &Client,
    outgoing: &mut mpsc::Receiver<Outgoing>,
) -> Lost {
    let (to, sink, from) = match timeout(2 * ANSWER, connect(client)).await {
        Ok(Ok(connected)) => connected,
        Ok(Err(lost)) => return lost,
        Err(_) => return Lost::Slow,
    };
    let beats = tokio::sync::watch::Sender::new(0);
    let ended = tokio::select! {
        ended = hear(shared, from, &beats) => ended,
        ended = follow(shared, sink) => ended,
        ended = say(shared, to.clone(), outgoing) => ended,
        ended = beat(shared, to, &beats) => ended,
    };
    match ended {
        Ok(never) => match never {},
        Err(lost) => lost,
    }
}

type Never = std::convert::Infallible;

async fn connect(
    client: &Client,
) -> Result<(MultiplexedConnection, PubSubSink, PubSubStream), Lost> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER));
    let to = client.get_multiplexed_async_connection_with_config(&config).await?;
    let (sink, stream) = client.get_async_pubsub().await?.split();
    Ok((to, sink, stream))
}

// ---- signs of life ----

/// Sends signs of life, and sees that they come back.
async fn beat(
    shared: &Arc<Shared>,
    mut to: MultiplexedConnection,
    heard: &tokio::sync::watch::Sender<u64>,
) -> Result<Never, Lost> {
    let mut tick = tokio::time::interval(shared.pace.beat);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = heard.subscribe();
    let mut last = Instant::now();
    let mut count = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                count += 1;
                let bytes = packet::write(shared.node, vec![Beat { count }]);
                let channel = packet::beats(&shared.prefix);
                let mut said = redis::cmd("PUBLISH");
                said.arg(channel).arg(bytes);
                timeout(ANSWER, said.exec_async(&mut to)).await.map_err(|_| Lost::Slow)??;
            }
            changed = heard.changed() => {
                changed.map_err(|_| Lost::Ended)?;
                last = Instant::now();
                if !shared.joined.swap(true, Ordering::AcqRel) {
                    joined(shared);
                }
            }
        }
        if last + shared.pace.stale <= Instant::now() {
            return Err(Lost::Silent);
        }
    }
}

/// Nodes hear each other from now on: what was said before is read from the journal.
fn joined(shared: &Arc<Shared>) {
    metrics::gauge!(names::JOINED).set(1.0);
    tracing::info!("joined the other nodes over redis");
    shared.lost_some.notify_one();
    let ids = repair::tenants(shared);
    for id in &ids {
        ask(shared, *id);
    }
    presence::renew(shared, &ids, true, Instant::now());
    shared.io.spawn(repair::look_at(Arc::clone(shared), ids));
}

/// Asks for the answers that run in sessions with listeners, whose beginnings may have been missed, and who is
/// where.
fn ask(shared: &Shared, tenant: TenantId) {
    for session in shared.local.listened(tenant, ASKED) {
        shared.send(Outgoing::Ask(tenant, session));
    }
    shared.send(Outgoing::Presence(tenant, Part::Ask));
}

// ---- channels ----

/// Keeps the subscriptions what the tenants of this node are.
async fn follow(shared: &Arc<Shared>, mut sink: PubSubSink) -> Result<Never, Lost> {
    let in_time = |done: Result<redis::RedisResult<()>, _>| {
        done.map_err(|_| Lost::Slow).and_then(|done| done.map_err(Lost::from))
    };
    let mut open: HashSet<TenantId> = HashSet::new();
    let mut hears_life = false;
    let known = repair::tenants(shared); // before the lock: tenants are made under theirs
    lock(&shared.channels).extend(known);
    loop {
        let changed: HashSet<TenantId> = lock(&shared.channels).drain(..).collect();
        let (used, unused): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|id| shared.shard(*id).contains_key(id));
        let fresh: Vec<_> = used.into_iter().filter(|id| open.insert(*id)).collect();
        for some in fresh.chunks(CHANNELS) {
            let names: Vec<_> =
                some.iter().map(|id| packet::channel(&shared.prefix, *id)).collect();
            in_time(timeout(ANSWER, sink.subscribe(names)).await)?;
            if shared.is_joined() {
                // What was stored while the channel opened is in the journal.
                for id in some {
                    ask(shared, *id);
                }
                shared.io.spawn(repair::look_at(Arc::clone(shared), some.to_vec()));
            }
        }
        let gone: Vec<_> = unused.into_iter().filter(|id| open.remove(id)).collect();
        for some in gone.chunks(CHANNELS) {
            let names: Vec<_> =
                some.iter().map(|id| packet::channel(&shared.prefix, *id)).collect();
            in_time(timeout(ANSWER, sink.unsubscribe(names)).await)?;
        }
        if !hears_life {
            // Last, so that who hears a sign of life hears the tenants too.
            in_time(timeout(ANSWER, sink.subscribe(packet::beats(&shared.prefix))).await)?;
            hears_life = true;
        }
        shared.channels_changed.notified().await;
    }
}

// ---- hearing ----

async fn hear(
    shared: &Arc<Shared>,
    mut from: PubSubStream,
    beats: &tokio::sync::watch::Sender<u64>,
) -> Result<Never, Lost> {
    let life = packet::beats(&shared.prefix);
    while let Some(message) = from.next().await {
        let understood = if message.get_channel_name() == life {
            packet::read::<Beat>(message.get_payload_bytes()).map(|packet| {
                if packet.node == shared.node {
                    let count = packet.frames.first().map_or(0, |beat| beat.count);
                    beats.send_replace(count);
                } else {
                    lock(&shared.peers).insert(packet.node, Instant::now());
                }
            })
        } else {
            take(shared, &message)
        };
        if understood.is_none() {
            metrics::counter!(names::DROPPED, "what" => "packet").increment(1);
        }
    }
    Err(Lost::Ended)
}

/// Takes a packet of a tenant; `None` when it is not understood.
fn take(shared: &Arc<Shared>, message: &Msg) -> Option<()> {
    let id = packet::tenant_of(&shared.prefix, message.get_channel_name())?;
    let packet = packet::read::<Read>(message.get_payload_bytes())?;
    let node = packet.node;
    if node == shared.node {
        return Some(());
    }
    let mut parts = Vec::new();
    let known = shared.step_known(id, |tenant, now, out| {
        for frame in packet.frames {
            let kind = match frame {
                Frame::Event(told) if told.record.tenant == id => {
                    let event = Published::with(told.record, told.news);
                    tenant.sequencer.offer([event], Origin::Foreign, now, out);
                    "event"
                }
                Frame::Event(_) => {
                    metrics::counter!(names::DROPPED, "what" => "packet").increment(1);
                    continue; // another tenant's (A8)
                }
                Frame::Delta { session, turn, offset, text, after } => {
                    let draft = Draft::Delta { turn, offset, text: text.into() };
                    let piece = Piece { from: Some(node), session, draft };
                    tenant.sequencer.draft(after, piece, now, out);
                    "draft"
                }
                Frame::Withdrawn { session, turn, after } => {
                    let draft = Draft::Discarded { turn };
                    let piece = Piece { from: Some(node), session, draft };
                    tenant.sequencer.draft(after, piece, now, out);
                    "draft"
                }
                Frame::Progress { session, turn, step, after } => {
                    let Some(step) = packet::step(step) else { continue };
                    let draft = Draft::Progress { turn, step };
                    let piece = Piece { from: Some(node), session, draft };
                    tenant.sequencer.draft(after, piece, now, out);
                    "draft"
                }
                Frame::Presence(part) => {
                    parts.push(part);
                    "presence"
                }
                Frame::Ask(session) => {
                    let answer = tenant.drafts.asked(session, now);
                    tell_whole(shared, (id, session), tenant, answer);
                    "ask"
                }
                Frame::Head(head) => {
                    tenant.sequencer.note_head(head, now);
                    "head"
                }
            };
            metrics::counter!(names::RECEIVED, "kind" => kind).increment(1);
        }
    });
    if known.is_some() {
        for part in parts {
            presence::take(shared, id, node, part);
        }
    }
    Some(())
}

/// Says a running answer from its beginning, now or in a moment.
fn tell_whole(
    shared: &Arc<Shared>,
    (id, session): (TenantId, SessionId),
    tenant: &Tenant,
    answer: Answer,
) {
    match answer {
        Answer::No => {}
        Answer::Now => {
            if let Some(draft) = shared.local.draft(id, session) {
                let after = tenant.sequencer.own();
                shared.send(Outgoing::Draft { tenant: id, session, draft, after });
            }
        }
        Answer::In(pause) => {
            let shared = Arc::clone(shared);
            shared.io.clone().spawn(async move {
                tokio::time::sleep(pause).await;
                shared.step_known(id, |tenant, now, _| {
                    let answer = tenant.drafts.asked_before(session, now);
                    tell_whole(&shared, (id, session), tenant, answer);
                });
            });
        }
    }
}

// ---- saying ----

/// What one tenant's packets are made of, in order.
type Frames<'a> = HashMap<TenantId, Vec<Write<'a>>>;

async fn say(
    shared: &Arc<Shared>,
    mut to: MultiplexedConnection,
    outgoing: &mut mpsc::Receiver<Outgoing>,
) -> Result<Never, Lost> {
    let mut batch = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            count = outgoing.recv_many(&mut batch, TOGETHER) => {
                if count == 0 {
                    return Err(Lost::Ended);
                }
            }
            () = shared.lost_some.notified() => {}
        }
        let heads = if shared.is_joined() {
            std::mem::take(&mut *lock(&shared.lost))
        } else {
            HashMap::new() // told after joining
        };
        if batch.is_empty() && heads.is_empty() {
            continue;
        }
        let pipeline = pipeline(shared, &batch, &heads);
        let result = timeout(ANSWER, pipeline.exec_async(&mut to)).await;
        let lost = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.into()),
            Err(_) => Some(Lost::Slow),
        };
        if let Some(lost) = lost {
            for (tenant, head) in heads {
                shared.lose(tenant, head);
            }
            for unsent in batch.drain(..) {
                if let Outgoing::Events(tenant, events) = unsent {
                    lose(shared, tenant, &events);
                }
            }
            return Err(lost);
        }
        batch.clear();
    }
}

/// Everything that waits as one round trip: few packets, each tenant's in order.
fn pipeline(shared: &Shared, batch: &[Outgoing], heads: &HashMap<TenantId, Seq>) -> Pipeline {
    let mut frames: Frames<'_> = HashMap::new();
    let mut events: u64 = 0;
    for one in batch {
        match one {
            Outgoing::Events(tenant, published) => {
                events += published.len() as u64;
                let of = frames.entry(*tenant).or_default();
                of.extend(published.iter().map(|event| Write::of_event(event)));
            }
            Outgoing::Draft { tenant, session, draft, after } => {
                let frame = Write::of_draft(*session, draft, *after);
                frames.entry(*tenant).or_default().push(frame);
            }
            Outgoing::Ask(tenant, session) => {
                frames.entry(*tenant).or_default().push(Frame::Ask(*session));
            }
            Outgoing::Presence(tenant, part) => {
                frames.entry(*tenant).or_default().push(Frame::Presence(part.clone()));
            }
        }
    }
    for (tenant, head) in heads {
        frames.entry(*tenant).or_default().push(Frame::Head(*head));
    }
    let mut pipeline = redis::pipe();
    let mut packets = 0;
    for (tenant, mut frames) in frames {
        let channel = packet::channel(&shared.prefix, tenant);
        while !frames.is_empty() {
            let rest = frames.split_off(frames.len().min(FRAMES));
            let bytes = packet::write(shared.node, frames);
            pipeline.cmd("PUBLISH").arg(&channel).arg(bytes).ignore();
            packets += 1;
            frames = rest;
        }
    }
    metrics::counter!(names::SENT).increment(events);
    metrics::histogram!(names::SENT_TOGETHER).record(f64::from(packets));
    pipeline
}
