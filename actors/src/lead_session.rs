//! The actor of one lead session: decide → store → apply → run, one command at a time.
//!
//! Commands wait in a queue of the actor's own and are pumped one by one, so that a commit under way
//! stops neither its timers nor a cancellation (`AtomicResponse` would).
//!
//! # Invariants
//! - **A1**, **A4** nothing is answered or run before the commit;
//! - **A2** one command is decided at a time, from a state that is stored;
//! - what the engine itself wants done (a turn's end, a timer, a report) is repeated until it is
//!   stored or over; what a caller wants is answered, and repeated by the caller.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, WrapFuture as _,
};
use forecourt_core::{
    booking::Customer,
    effect::{Decision, Effect},
    event::{Author, Channel, Event, Version},
    id::{SessionId, TurnId},
    promise::Rung,
    session::{Circumstances, Command, Decided, Fresh, LeadSession, Rejection, replay::Cause},
};
use forecourt_ports::store::{
    Append, Appended, InboundEvent, InboundOutcome, LeadFold, LeadRecord, StoreError,
};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use crate::{
    callbacks, deliveries,
    engine::Ports,
    error::EngineError,
    names, people,
    recent::Recent,
    registry::ExitGuard,
    tenant::TenantShared,
    turn::{self, RunningTurn, TurnJob},
    vitals::{Fate, Vitals},
    way,
};

/// Commands that may wait; more are turned away.
const QUEUE: usize = 32;
/// How often a lost race against another node is decided anew before the caller is told to try again.
const MAX_CONFLICTS: u32 = 5;
/// The pause before the engine's own command is stored again after a failure.
const AGAIN: Duration = Duration::from_millis(500);

/// A command on its way to its session.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Dispatch {
    pub(crate) command: Command,
    pub(crate) inbound: Option<InboundEvent>,
    /// Set when the actor begins to handle it: tells a death by it from a death beside it.
    pub(crate) began: Arc<AtomicBool>,
    /// `None` when nobody waits.
    pub(crate) reply: Option<oneshot::Sender<Result<Done, EngineError>>>,
    /// Where it is on its way; none for the engine's own.
    pub(crate) span: Span,
}

/// Another node stored this version of the session.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Foreign(pub(crate) Version);

/// The node stops: a turn that still runs is left to whoever lives.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct YieldTurn;

/// How an actor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// The session's id was just made: there is nothing to read.
    Fresh,
    /// Somebody needs it.
    Woken,
    /// Nobody else can be running what it owes: a turn found running runs again at once. Everywhere
    /// else the turn's lease decides, because another node may be running it.
    TakesUp,
}

/// What came of a stored command.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) version: Version,
    pub(crate) events: Vec<Event>,
}

struct Waiting {
    /// Boxed: an empty queue keeps its room, in every session in memory.
    dispatch: Box<Dispatch>,
    conflicts: u32,
    /// Whether the state was read after it came: then a rejection is the truth.
    read: bool,
}

pub(crate) struct SessionActor {
    id: SessionId,
    tenant: Arc<TenantShared>,
    ports: Arc<Ports>,
    /// `None` until loaded, and again when memory may be behind.
    state: Option<LeadSession>,
    /// The row of its lead at the state's version: events tell what they changed of it.
    lead: Option<Arc<LeadRecord>>,
    /// Whether what it owes is taken up with the first read.
    takes_up: bool,
    recent: Recent,
    queue: VecDeque<Waiting>,
    busy: bool,
    turn: Option<RunningTurn>,
    idle: Duration,
    used: bool,
    exit: ExitGuard,
    vitals: Arc<Vitals>,
}

impl SessionActor {
    pub(crate) fn new(
        id: SessionId,
        tenant: Arc<TenantShared>,
        ports: Arc<Ports>,
        idle: Duration,
        exit: ExitGuard,
        vitals: Arc<Vitals>,
        begin: Begin,
    ) -> Self {
        let sole = tenant.registry.is_sole();
        Self {
            id,
            tenant,
            ports,
            state: (begin == Begin::Fresh).then(|| LeadSession::new(id)),
            lead: None,
            takes_up: begin == Begin::TakesUp || (begin == Begin::Woken && sole),
            recent: Recent::default(),
            queue: VecDeque::new(),
            busy: false,
            turn: None,
            idle,
            used: true,
            exit,
            vitals,
        }
    }

    /// Takes the next command, unless one is under way.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        while !self.busy && !self.queue.is_empty() {
            let Some(state) = &self.state else {
                self.load(ctx);
                return;
            };
            let Some(waiting) = self.queue.pop_front() else { return };
            // Whoever asked was told to try again: work for nobody would only delay the others.
            if waiting.dispatch.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
                && !is_the_engines_own(&waiting.dispatch.command)
            {
                metrics::counter!(names::COMMANDS, "result" => "abandoned").increment(1);
                self.leave_if_nothing_was_stored(ctx);
                continue;
            }
            waiting.dispatch.began.store(true, Ordering::Release);
            self.vitals.begin(state.version);
            let held = self.tenant.held();
            let circumstances = Circumstances {
                now: self.ports.clock.now(),
                settings: &held.snapshot.settings,
                fresh: Fresh(self.ports.ids.uuid()),
                turn_shows: state.channel == Channel::Widget
                    && self.turn.as_ref().is_some_and(RunningTurn::shows),
            };
            let mut command = waiting.dispatch.command.clone();
            if let Command::FireTimer { turn_runs, .. } = &mut command {
                *turn_runs = self.turn.is_some();
            }
            let cause = Cause {
                command: command.clone(),
                fresh: circumstances.fresh.0,
                turn_shows: circumstances.turn_shows,
                settings: held.print.clone(),
            };
            let span = waiting.dispatch.span.clone();
            let _way = span.enter();
            match way::decide(state.version).in_scope(|| state.decide(command, circumstances)) {
                // Another node may have stored what memory does not know: a commit would notice, a
                // rejection notices nothing. It counts only from a state that was read for it (A2).
                Err(rejection)
                    if !self.tenant.registry.is_sole()
                        && !waiting.read
                        && may_be_behind(&rejection) =>
                {
                    self.vitals.end(None);
                    self.state = None;
                    self.queue.push_front(waiting);
                }
                Err(rejection) => {
                    self.vitals.end(None);
                    metrics::counter!(names::COMMANDS, "result" => "rejected").increment(1);
                    waiting.answer(Err(rejection.into()));
                }
                Ok(decided) if decided.decision.events.is_empty() => {
                    self.vitals.end(None);
                    waiting.answer(Ok(Done { version: decided.state.version, events: Vec::new() }));
                }
                Ok(decided) => self.store(waiting, decided, cause, circumstances.now, ctx),
            }
        }
        self.vitals.queued(self.queue.len());
    }

    /// Hands the decision to the tenant's journal, and goes on when it is committed.
    fn store(
        &mut self,
        waiting: Waiting,
        decided: Decided,
        cause: Cause,
        at: Timestamp,
        ctx: &mut Context<Self>,
    ) {
        let Decided { decision: Decision { events, effects }, state, because: _ } = decided;
        let mut inbound = waiting.dispatch.inbound.clone();
        if let (Some(inbound), Some(Event::SubmissionRepeated)) = (&mut inbound, events.first()) {
            inbound.outcome = InboundOutcome::Repeated;
        }
        let fold = LeadFold::of(self.lead.as_ref(), at, &events, &state);
        let lead = fold.after.clone();
        let append = Append {
            session: self.id,
            expected: Version(state.version.0 - events.len() as i64),
            at,
            events: events.clone(),
            state: state.clone(),
            effects: effects.clone(),
            lead: Some(fold),
            cause: Some(cause),
            inbound,
        };
        let stored = waiting.dispatch.span.in_scope(|| way::store(append.events.len()));
        let committed = match self.tenant.journal.append(append, stored) {
            Ok(committed) => committed,
            Err(busy) => {
                self.vitals.end(None);
                self.vitals.fault("journal_full");
                return self.not_stored(waiting, busy, ctx);
            }
        };
        self.busy = true;
        let wait = async move {
            committed.await.unwrap_or(Err(StoreError::Unavailable)) // the writer is gone: stopping
        };
        ctx.spawn(wait.into_actor(self).map(move |outcome, actor, ctx| {
            actor.busy = false;
            let stored = matches!(outcome, Ok(Appended::Stored { .. }));
            actor.vitals.end(stored.then_some(state.version));
            match outcome {
                Ok(Appended::Stored { .. }) => {
                    metrics::counter!(names::COMMANDS, "result" => "stored").increment(1);
                    actor.remember(&events);
                    let version = state.version;
                    actor.tenant.waits.note(actor.state.as_ref(), &events, at);
                    (actor.state, actor.lead) = (Some(state), lead);
                    let span = waiting.dispatch.span.clone();
                    span.in_scope(|| actor.run(&effects, &events));
                    waiting.answer(Ok(Done { version, events }));
                }
                Ok(Appended::Conflict) => {
                    metrics::counter!(names::COMMANDS, "result" => "conflict").increment(1);
                    actor.vitals.fault("conflict");
                    actor.state = None;
                    actor.again_or_busy(waiting);
                }
                Ok(Appended::Taken) => waiting.answer(Err(EngineError::TAKEN)),
                Ok(Appended::Unstorable) => {
                    tracing::error!(session.id = %actor.id, "a decision can never be stored: a person must look");
                    metrics::counter!(names::QUARANTINED).increment(1);
                    actor.vitals.fault("unstorable");
                    actor.tenant.registry.incident(
                        actor.tenant.id,
                        actor.id,
                        Fate::Unstorable,
                        Some(way::command_name(&waiting.dispatch.command)),
                    );
                    if waiting.dispatch.command != Command::Quarantine {
                        actor.queue.push_front(Waiting::unasked(Command::Quarantine));
                    }
                    waiting.answer(Err(EngineError::UNAVAILABLE));
                }
                Err(error) => {
                    // It may be stored or not: only the store knows, so memory is given up.
                    actor.vitals.fault("not_stored");
                    tracing::warn!(session.id = %actor.id, %error, "a decision was not stored");
                    (actor.state, actor.takes_up) = (None, true);
                    actor.not_stored(waiting, EngineError::UNAVAILABLE, ctx);
                    ctx.run_later(AGAIN, |actor, ctx| {
                        if actor.state.is_none() && !actor.busy {
                            actor.load(ctx);
                        }
                    });
                }
            }
            actor.pump(ctx);
        }));
    }

    fn again_or_busy(&mut self, mut waiting: Waiting) {
        waiting.conflicts += 1;
        if waiting.conflicts > MAX_CONFLICTS {
            waiting.answer(Err(EngineError::BUSY));
        } else {
            self.queue.push_front(waiting);
        }
    }

    /// A session that was never stored, because its first command was refused, does not stay in memory.
    fn leave_if_nothing_was_stored(&mut self, ctx: &mut Context<Self>) {
        let nothing = self.state.as_ref().is_some_and(|state| !state.exists());
        if nothing && self.queue.is_empty() && !self.busy {
            self.exit.clean = true;
            actix::ActorContext::stop(ctx);
        }
    }

    /// A caller is told; the engine's own commands are kept and tried again.
    fn not_stored(&mut self, waiting: Waiting, error: EngineError, ctx: &mut Context<Self>) {
        metrics::counter!(names::COMMANDS, "result" => "failed").increment(1);
        if is_the_engines_own(&waiting.dispatch.command) {
            self.queue.push_front(waiting);
            self.busy = true;
            ctx.run_later(AGAIN, |actor, ctx| {
                actor.busy = false;
                actor.pump(ctx);
            });
        } else {
            waiting.answer(Err(error));
            self.leave_if_nothing_was_stored(ctx);
        }
    }

    /// Reads the session in one go, and runs what it owes (A4).
    fn load(&mut self, ctx: &mut Context<Self>) {
        self.busy = true;
        for waiting in &mut self.queue {
            waiting.read = true;
        }
        let (store, tenant, id) = (Arc::clone(&self.ports.store), self.tenant.id, self.id);
        // In the trace of who needs it; of a session that is only woken, one of its own.
        let parent = self.queue.front().map_or_else(Span::none, |w| w.dispatch.span.clone());
        let span = parent.in_scope(|| way::load(tenant, id));
        let read = async move { store.load(tenant, id).await }.instrument(span.clone());
        ctx.spawn(read.into_actor(self).map(move |loaded, actor, ctx| {
            actor.busy = false;
            match loaded {
                Ok(loaded) => {
                    let (mut state, lead, recent) = match loaded {
                        Some(loaded) => (loaded.state, loaded.lead, loaded.recent),
                        None => (LeadSession::new(actor.id), None, Vec::new()),
                    };
                    actor.recent = Recent::of(&recent);
                    state.remembered.shrink_to_fit();
                    let owed = if actor.takes_up { state.owed() } else { Vec::new() };
                    actor.takes_up = false;
                    // A turn that is over by what another node stored falls silent here and now (A7).
                    let runs = state.turn.map(|running| running.turn);
                    actor.turn = actor.turn.take().filter(|turn| runs == Some(turn.turn()));
                    (actor.state, actor.lead) = (Some(state), lead);
                    span.in_scope(|| actor.run(&owed, &[]));
                    actor.pump(ctx);
                }
                Err(error) => {
                    tracing::warn!(session.id = %actor.id, %error, "a session could not be read");
                    actor.vitals.fault("not_read");
                    if let Some(waiting) = actor.queue.pop_front() {
                        actor.not_stored(waiting, EngineError::UNAVAILABLE, ctx);
                    }
                    actor.pump(ctx);
                }
            }
        }));
    }

    /// Runs what a stored decision asks for. Durable effects are rows already: here they only become faster.
    fn run(&mut self, effects: &[Effect], events: &[Event]) {
        count(events);
        if let Some(state) = &self.state {
            people::route(&self.tenant, state, events);
            callbacks::follow(&self.tenant, state, events);
        }
        for effect in effects {
            match effect {
                Effect::StartTurn { turn, rung, .. } => {
                    // What began no event was begun before.
                    self.start_turn(*turn, *rung, events.is_empty());
                }
                Effect::CancelTurn { turn } => {
                    self.turn = self.turn.take().filter(|running| running.turn() != *turn);
                }
                Effect::SetTimer { kind, due_at } => {
                    self.tenant.timers.set_timer(self.tenant.id, self.id, *kind, Some(*due_at));
                }
                Effect::EndTimer { kind, .. } => {
                    self.tenant.timers.set_timer(self.tenant.id, self.id, *kind, None);
                }
                Effect::QueueDelivery(queued) => {
                    if let Some(state) = &self.state
                        && let Some(due) =
                            deliveries::due_now(self.tenant.id, state, &self.recent, queued)
                    {
                        self.tenant.deliveries.enqueue(due);
                    }
                }
                // Their rows say when: the sweep takes them up.
                Effect::RetryDelivery { .. } | Effect::EndDelivery { .. } => {}
            }
        }
    }

    fn start_turn(&mut self, turn: TurnId, rung: Rung, resumed: bool) {
        let Some(state) = &self.state else { return };
        if self.turn.as_ref().is_some_and(|running| running.turn() == turn) {
            return;
        }
        let seen = self.vitals.turn(turn, rung);
        let job = TurnJob {
            turn,
            rung,
            session: self.id,
            lang: state.lang,
            channel: state.channel,
            vehicle_interest: state.vehicle_interest.clone(),
            transcript: turn::lines(&self.recent),
            covers: state.last_message,
            customer: Customer {
                name: state.customer_name.clone(),
                email: state.customer_email.as_ref().map(|email| email.as_str().to_owned()),
                phone: state.customer_phone.as_ref().map(|phone| phone.as_str().to_owned()),
                lang: Some(state.lang),
                zone: None,
                sms_consent: state.sms_consent,
            },
            dialogue: if state.dialogue.is_empty() {
                Arc::default()
            } else {
                Arc::new(state.dialogue.clone())
            },
            files: state.sent_files(),
            awaits_person: state.handoff.is_some(),
            until: state.turn_until(rung).unwrap_or_else(|| self.ports.clock.now()),
            resumed,
        };
        self.turn =
            Some(RunningTurn::start(job, seen, Arc::clone(&self.tenant), Arc::clone(&self.ports)));
    }

    /// Keeps the lines that the next turn needs.
    fn remember(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::MessagePosted(posted) => {
                    self.recent.push(posted);
                    if posted.author != Author::Customer {
                        self.turn = None;
                    }
                }
                Event::TurnFailed { .. } => self.turn = None,
                _ => {}
            }
        }
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(QUEUE);
        if self.state.is_none() {
            self.load(ctx);
        }
        // Housekeeping, not product time: a session that nobody needed for a while leaves memory.
        ctx.run_interval(self.idle, |actor, ctx| {
            let needed =
                actor.used || actor.busy || !actor.queue.is_empty() || actor.turn.is_some();
            actor.used = false;
            if !needed {
                actor.exit.clean = true;
                actix::ActorContext::stop(ctx);
            }
        });
    }
}

impl Handler<Dispatch> for SessionActor {
    type Result = ();

    fn handle(&mut self, dispatch: Dispatch, ctx: &mut Self::Context) {
        self.used = true;
        self.vitals.unmailed();
        let waiting = Waiting { dispatch: Box::new(dispatch), conflicts: 0, read: false };
        // The engine's own commands are few, and must not be lost: only callers are turned away.
        if self.queue.len() >= QUEUE && !is_the_engines_own(&waiting.dispatch.command) {
            waiting.answer(Err(EngineError::BUSY));
            return;
        }
        self.queue.push_back(waiting);
        self.vitals.queued(self.queue.len());
        self.pump(ctx);
    }
}

impl Handler<Foreign> for SessionActor {
    type Result = ();

    fn handle(&mut self, Foreign(version): Foreign, ctx: &mut Self::Context) {
        let behind = self.state.as_ref().is_some_and(|state| state.version < version);
        // While a commit is under way the store itself tells: it answers with a conflict.
        if behind && !self.busy {
            self.state = None;
            self.load(ctx);
        }
    }
}

impl Handler<YieldTurn> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: YieldTurn, ctx: &mut Self::Context) {
        if let Some(turn) = self.turn.as_ref().map(RunningTurn::turn) {
            self.queue.push_back(Waiting::unasked(Command::YieldTurn { turn }));
            self.pump(ctx);
        }
    }
}

impl Waiting {
    /// A command of the engine's own, for which nobody waits.
    fn unasked(command: Command) -> Self {
        let dispatch = Dispatch {
            command,
            inbound: None,
            began: Arc::default(),
            reply: None,
            span: Span::none(),
        };
        Self { dispatch: Box::new(dispatch), conflicts: 0, read: false }
    }

    fn answer(self, result: Result<Done, EngineError>) {
        if let Some(reply) = self.dispatch.reply {
            let _gone = reply.send(result);
        }
    }
}

/// Whether a newer state could decide otherwise: what is closed stays closed, what was posted is posted.
const fn may_be_behind(rejection: &Rejection) -> bool {
    !matches!(
        rejection,
        Rejection::Closed | Rejection::AlreadyPosted { .. } | Rejection::AlreadyAnnounced { .. }
    )
}

/// Whether a command comes from the engine, which repeats it, and not from a caller, who is told.
fn is_the_engines_own(command: &Command) -> bool {
    match command {
        Command::EndTurn { .. }
        | Command::YieldTurn { .. }
        | Command::NoteBooking { .. }
        | Command::FireTimer { .. }
        | Command::ReportDelivery { .. }
        | Command::Quarantine => true,
        Command::Submit { .. }
        | Command::Open { .. }
        | Command::PostMessage { .. }
        | Command::AnnounceAttachment { .. }
        | Command::AttachmentArrived { .. }
        | Command::AttachmentFailed { .. }
        | Command::PostMemberMessage { .. }
        | Command::MemberTyping { .. }
        | Command::GrantTool { .. }
        | Command::GrantCustomTool { .. }
        | Command::LearnContact { .. }
        | Command::Escalate { .. }
        | Command::NoteCode { .. }
        | Command::Assign { .. }
        | Command::OfferCallback { .. }
        | Command::AgreeCallback { .. }
        | Command::EndCallback { .. }
        | Command::Seen { .. }
        | Command::ReplayDelivery { .. }
        | Command::CancelTimer { .. }
        | Command::TakeOver { .. }
        | Command::Release { .. }
        | Command::Close { .. } => false,
    }
}

/// Counts what operators watch.
fn count(events: &[Event]) {
    for event in events {
        match event {
            Event::PromiseKept { after_ms, by, .. } => {
                let by = match by {
                    forecourt_core::event::AnsweredBy::Model { .. } => "model",
                    forecourt_core::event::AnsweredBy::Template => "template",
                    forecourt_core::event::AnsweredBy::Member { .. } => "member",
                };
                metrics::counter!(names::PROMISES, "result" => "kept", "by" => by).increment(1);
                metrics::histogram!(names::ANSWERED_SECONDS).record(*after_ms as f64 / 1000.0);
            }
            Event::AttachmentsPosted { attachments, .. } => {
                let count = u64::try_from(attachments.len()).unwrap_or(u64::MAX);
                metrics::counter!(names::ATTACHMENTS, "result" => "posted").increment(count);
            }
            Event::AttachmentArrived { .. } => {
                metrics::counter!(names::ATTACHMENTS, "result" => "arrived").increment(1);
            }
            Event::AttachmentFailed { .. } => {
                metrics::counter!(names::ATTACHMENTS, "result" => "failed").increment(1);
            }
            Event::PromiseBroken { .. } => {
                metrics::counter!(names::PROMISES, "result" => "broken", "by" => "none")
                    .increment(1);
            }
            _ => {}
        }
    }
}

/// The answer to a command of a session that lost the race for a new contact.
impl EngineError {
    pub(crate) const TAKEN: Self = Self::Rejected(Rejection::Stale);
}
