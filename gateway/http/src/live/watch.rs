//! What goes on at a conversation right now, told to the sockets that show it: who is there, the running answer
//! word by word, the shared draft.
//!
//! One task per conversation that is on a screen of this node. It follows the conversation's own subscription of
//! the bus, writes each frame once, and hands the same bytes to everybody who looks.
//!
//! # Invariants
//! - who begins to look is told how each thing stands; so is, once it reads again, who was too slow;
//! - a running answer is told without holes: whoever missed a piece gets the whole;
//! - an answer that is over leaves no ghost: every one that was told is ended by a message, or taken back;
//! - **A9** one task per conversation, [`TOGETHER`] frames at once, and nobody is waited for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use bytestring::ByteString;
use forecourt_core::{
    event::{Event, MessagePosted},
    id::{SessionId, TenantId, TurnId},
};
use forecourt_ports::{
    bus::{Bus, Draft, Pushed, Step, Subscription},
    presence::{Ephemeral, SharedDraft},
    store::Store,
};
use forecourt_wire::{
    DraftDiscardedFrame, DraftFrame, PresenceFrame, ProgressFrame, RatingFrame, ServerFrame,
    TokensFrame,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    answer,
    outlet::{Outlet, Pushed as Became},
    room::text,
};
use crate::gateway::lock;

/// Frames of the bus that are taken together.
const TOGETHER: usize = 64;
/// Joins that may wait for the task.
const JOINS: usize = 256;
/// When who was too slow is tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// How long a finished answer is still shown by sockets that have not heard of its message yet.
const AFTERGLOW: Duration = Duration::from_secs(2);
/// How often sockets that are gone are looked for.
const LOOK: Duration = Duration::from_secs(5);

/// All conversations that are looked at on this node.
pub(crate) struct Watches(Arc<Shared>);

struct Shared {
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    stopping: CancellationToken,
    open: Mutex<HashMap<(TenantId, SessionId), mpsc::Sender<Watcher>>>,
}

/// A socket that looks, for as long as it holds its [`Look`].
struct Watcher {
    outlet: Outlet,
    looks: Weak<()>,
    /// It missed something: it is told how all stands.
    owed: bool,
}

/// A socket's hold on what it looks at. Dropping it ends the frames.
pub(crate) struct Look(#[expect(dead_code, reason = "held, never read")] Arc<()>);

impl Watches {
    pub(crate) fn new(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared { bus, store, stopping, open: Mutex::default() }))
    }

    /// Begins to look. `None`: too many begin at once, come back later.
    pub(crate) fn look(
        &self,
        tenant: TenantId,
        session: SessionId,
        outlet: Outlet,
    ) -> Option<Look> {
        let looks = Arc::new(());
        let watcher = Watcher { outlet, looks: Arc::downgrade(&looks), owed: true };
        let key = (tenant, session);
        let mut open = lock(&self.0.open);
        let known = open.get(&key).filter(|task| !task.is_closed()).cloned();
        let task = known.unwrap_or_else(|| {
            let (joins, inbox) = mpsc::channel(JOINS);
            let scene = Scene::new(&self.0, key);
            actix_web::rt::spawn(scene.run(inbox));
            open.insert(key, joins.clone());
            joins
        });
        task.try_send(watcher).ok().map(|()| Look(looks))
    }
}

/// The answer that is being written.
struct Running {
    turn: TurnId,
    step: Option<Step>,
    text: String,
    chars: usize,
}

/// A conversation that is looked at.
struct Scene {
    shared: Arc<Shared>,
    key: (TenantId, SessionId),
    subscription: Subscription,
    watchers: Vec<Watcher>,
    running: Option<Running>,
    /// Ended by a message, and to be taken back then from sockets that still show them.
    ended: Vec<(Instant, TurnId)>,
    /// As it was last told; before that it is read.
    draft: Option<Arc<SharedDraft>>,
    /// When who is owed the whole is tried again, and when sockets that are gone are looked for.
    again: Option<Instant>,
    look: Instant,
}

impl Scene {
    fn new(shared: &Arc<Shared>, key: (TenantId, SessionId)) -> Self {
        let mut subscription = shared.bus.subscribe_session(key.0, key.1);
        let running = subscription.draft.take().and_then(running);
        let shared = Arc::clone(shared);
        Self {
            shared,
            key,
            subscription,
            watchers: Vec::new(),
            running,
            ended: Vec::new(),
            draft: None,
            again: None,
            look: Instant::now() + LOOK,
        }
    }

    async fn run(mut self, mut inbox: mpsc::Receiver<Watcher>) {
        let stopping = self.shared.stopping.clone();
        let mut queue = Vec::with_capacity(TOGETHER);
        loop {
            let wake = self.next_look();
            tokio::select! {
                count = self.subscription.events.recv_many(&mut queue, TOGETHER) => {
                    if count == 0 {
                        self.subscribe_again();
                    }
                    let frames = self.take(&mut queue);
                    self.tell(frames);
                }
                Some(watcher) = inbox.recv() => {
                    self.watchers.push(watcher);
                    self.settle().await;
                }
                () = sleep_until(wake) => {
                    let frames = self.take_back();
                    self.tell(frames);
                    self.settle().await;
                    if self.watchers.is_empty() && self.leave(&inbox) {
                        return;
                    }
                }
                () = stopping.cancelled() => return,
            }
        }
    }

    fn next_look(&self) -> Instant {
        let ended = self.ended.first().map(|(when, _)| *when);
        [self.again, ended].into_iter().flatten().fold(self.look, Instant::min)
    }

    /// Ends the task, unless somebody is at the door: joins are sent under the same lock.
    fn leave(&self, inbox: &mpsc::Receiver<Watcher>) -> bool {
        let mut open = lock(&self.shared.open);
        let empty = inbox.is_empty();
        if empty {
            open.remove(&self.key);
        }
        empty
    }

    /// The bus has cut us: how all stands is found out anew, and told to everybody.
    fn subscribe_again(&mut self) {
        let before = self.running.take().map(|running| running.turn);
        self.subscription = self.shared.bus.subscribe_session(self.key.0, self.key.1);
        self.running = self.subscription.draft.take().and_then(running);
        let turn = self.running.as_ref().map(|running| running.turn);
        if let Some(before) = before.filter(|before| turn != Some(*before)) {
            self.ended.push((Instant::now(), before));
        }
        self.draft = None;
        self.again = Some(Instant::now());
        self.watchers.iter_mut().for_each(|watcher| watcher.owed = true);
    }

    /// The frames of what has come; pieces of an answer that queued up are one.
    fn take(&mut self, queue: &mut Vec<Pushed>) -> Vec<ByteString> {
        let mut frames = Vec::new();
        let mut said: Option<usize> = None;
        for pushed in queue.drain(..) {
            match pushed {
                Pushed::Draft(Draft::Delta { turn, offset, text }) => {
                    self.grow(turn, offset, &text, &mut said);
                }
                Pushed::Draft(Draft::Progress { turn, step }) => {
                    frames.extend(self.said(&mut said));
                    if self.running.as_ref().is_none_or(|running| running.turn != turn) {
                        let text = String::new();
                        self.running = Some(Running { turn, step: None, text, chars: 0 });
                    }
                    if let Some(running) = self.running.as_mut().filter(|one| one.chars == 0) {
                        running.step = Some(step);
                        frames.push(self.progress(turn, step));
                    }
                }
                Pushed::Draft(Draft::Discarded { turn }) => {
                    frames.extend(self.said(&mut said));
                    self.running.take_if(|running| running.turn == turn);
                    frames.push(self.discarded(turn));
                }
                Pushed::Event(event) => {
                    frames.extend(self.said(&mut said));
                    frames.extend(self.follow(&event.record.event));
                }
                Pushed::Ephemeral(session, Ephemeral::Presence(presence)) => {
                    frames
                        .push(text(&ServerFrame::Presence(PresenceFrame::of(session, &presence))));
                }
                Pushed::Ephemeral(session, Ephemeral::Draft(draft)) => {
                    frames.push(text(&ServerFrame::Draft(DraftFrame::of(session, &draft))));
                    self.draft = Some(draft);
                }
                Pushed::Ephemeral(session, Ephemeral::Rated(rated)) => {
                    frames.push(text(&ServerFrame::Rating(RatingFrame::of(session, &rated))));
                }
            }
        }
        frames.extend(self.said(&mut said));
        frames
    }

    /// Takes a piece of an answer; `said` is where the pieces of this batch begin.
    fn grow(&mut self, turn: TurnId, offset: usize, text: &str, said: &mut Option<usize>) {
        let running = match &mut self.running {
            Some(running) if running.turn == turn && running.chars == offset => running,
            // Another answer, or this one once more from its beginning.
            running if offset == 0 => {
                *said = None;
                let text = String::new();
                running.insert(Running { turn, step: None, text, chars: 0 })
            }
            _ => return, // a hole: the bus begins anew
        };
        said.get_or_insert(running.chars);
        running.step = None;
        running.text.push_str(text);
        running.chars += text.chars().count();
    }

    /// The frame of the pieces of this batch.
    fn said(&self, said: &mut Option<usize>) -> Option<ByteString> {
        let (from, running) = (said.take()?, self.running.as_ref()?);
        Some(self.tokens(running, from))
    }

    /// What an event ends: a message ends the answer it holds, for who has heard of it; all else takes it back.
    fn follow(&mut self, event: &Event) -> Option<ByteString> {
        match event {
            Event::MessagePosted(MessagePosted { origin: Some(origin), .. }) => {
                self.running.take_if(|running| running.turn == origin.turn);
                self.ended.push((Instant::now() + AFTERGLOW, origin.turn));
                None
            }
            Event::TurnFailed { turn, .. }
            | Event::TurnCancelled { turn }
            | Event::TurnYielded { turn } => {
                self.running.take_if(|running| running.turn == *turn)?;
                Some(self.discarded(*turn))
            }
            Event::Closed { .. } => {
                let turn = self.running.take()?.turn;
                Some(self.discarded(turn))
            }
            _ => None,
        }
    }

    /// Takes back what was ended by a message a while ago: a piece of it may have come after the message.
    fn take_back(&mut self) -> Vec<ByteString> {
        let now = Instant::now();
        let due = self.ended.iter().take_while(|(when, _)| *when <= now).count();
        let due: Vec<TurnId> = self.ended.drain(..due).map(|(_, turn)| turn).collect();
        due.into_iter().map(|turn| self.discarded(turn)).collect()
    }

    fn tell(&mut self, frames: Vec<ByteString>) {
        if frames.is_empty() {
            return;
        }
        let frames: Arc<[ByteString]> = frames.into();
        self.watchers.retain_mut(|watcher| {
            if watcher.looks.strong_count() == 0 {
                return false;
            }
            // Who is owed the whole has no use for a part.
            if watcher.owed {
                return true;
            }
            match watcher.outlet.push(Arc::clone(&frames)) {
                Became::Sent => true,
                Became::Full => {
                    watcher.owed = true;
                    self.again.get_or_insert_with(|| Instant::now() + AGAIN);
                    true
                }
                Became::Gone => false,
            }
        });
    }

    /// Tells how all stands to whom that is owed, and forgets who is gone.
    async fn settle(&mut self) {
        let now = Instant::now();
        (self.again, self.look) = (None, now + LOOK);
        self.watchers.retain(|one| one.looks.strong_count() > 0 && one.outlet.is_open());
        if !self.watchers.iter().any(|watcher| watcher.owed) {
            return;
        }
        if self.draft.is_none() {
            let (tenant, session) = self.key;
            // When it cannot be read just now, it is not told: the next look tries again.
            let read = self.shared.store.draft(tenant, session).await;
            self.draft = read.ok().map(|row| Arc::new(answer::shared(row)));
        }
        let frames = self.all();
        let unread = self.draft.is_none();
        for watcher in self.watchers.iter_mut().filter(|watcher| watcher.owed) {
            watcher.owed = watcher.outlet.push(Arc::clone(&frames)) != Became::Sent || unread;
            if watcher.owed {
                self.again = Some(now + AGAIN);
            }
        }
    }

    /// How all stands.
    fn all(&self) -> Arc<[ByteString]> {
        let (tenant, session) = self.key;
        let presence = self.shared.bus.presence(tenant, session);
        let mut frames = vec![text(&ServerFrame::Presence(PresenceFrame::of(session, &presence)))];
        if let Some(running) = &self.running {
            frames.push(match running.step {
                Some(step) => self.progress(running.turn, step),
                None => self.tokens(running, 0),
            });
        }
        // Whoever missed the end of one hears of it here.
        frames.extend(self.ended.iter().map(|(_, turn)| self.discarded(*turn)));
        if let Some(draft) = &self.draft {
            frames.push(text(&ServerFrame::Draft(DraftFrame::of(session, draft))));
        }
        frames.into()
    }

    // ---- frames ----

    fn tokens(&self, running: &Running, from: usize) -> ByteString {
        let start = running.text.char_indices().nth(from).map_or(running.text.len(), |(at, _)| at);
        text(&ServerFrame::Tokens(TokensFrame {
            session_id: self.key.1,
            draft_id: running.turn,
            offset: from,
            text: running.text[start..].to_owned(),
        }))
    }

    fn progress(&self, turn: TurnId, step: Step) -> ByteString {
        let (session_id, draft_id) = (self.key.1, turn);
        let tool = forecourt_wire::Step::tool_of(step);
        let step = step.into();
        text(&ServerFrame::Progress(ProgressFrame { session_id, draft_id, step, tool }))
    }

    fn discarded(&self, turn: TurnId) -> ByteString {
        let (session_id, draft_id) = (self.key.1, turn);
        text(&ServerFrame::DraftDiscarded(DraftDiscardedFrame { session_id, draft_id }))
    }
}

fn running(draft: Draft) -> Option<Running> {
    match draft {
        Draft::Progress { turn, step } => {
            Some(Running { turn, step: Some(step), text: String::new(), chars: 0 })
        }
        Draft::Delta { turn, text, .. } => {
            let chars = text.chars().count();
            Some(Running { turn, step: None, text: text.as_ref().to_owned(), chars })
        }
        Draft::Discarded { .. } => None,
    }
}
