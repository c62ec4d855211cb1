//! One turn: asks a model, runs the tools it calls, lets its text through the claim gate, and reports the
//! end to its session.
//!
//! A turn is an actor of its own, so that a panic in it, or a model that hangs, touches nothing else.
//! Dropping its handle cancels it.
//!
//! # Invariants
//! - **A5** a turn ends by its `until`, whatever the model does;
//! - **A6** only what the gate released is shown or stored;
//! - **A9** so many rounds of calls ([`MOST_ROUNDS`]), then the model must answer with what it has;
//! - a turn that is not cancelled reports exactly one end, also when it panics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler,
    Message, WrapFuture as _,
};
use forecourt_core::{
    attachment::SentFiles,
    booking::Customer,
    dialogue::{Dialogue, TurnNotes, WithheldText},
    event::{Author, Channel, MessageSeq, TurnFailure},
    gate::{Gate, Released},
    id::{SessionId, TurnId},
    knowledge::{Grounding, Knowledge},
    lang::Lang,
    promise::Rung,
    session::{Answer, Command},
    settings::TenantSettings,
    tools::MOST_ROUNDS,
};
use forecourt_ports::{
    bus::{Draft, Step},
    model::{
        Allowance, Ask, Choice, Delta, Done, Line, Medium, Model, ModelError, Round, Task, Toolbox,
        Who, tools::MAX_CALLS,
    },
};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tracing::{Instrument as _, Span};

use crate::{
    engine::Ports,
    names,
    recent::{Recent, Said},
    registry::InFlight,
    spending,
    tenant::TenantShared,
    tools::{self, Over, Tools, TurnFacts},
    vitals::TurnSeen,
    way,
};

/// Tries of one turn, as long as nothing was shown and its time lasts (S2-US-3.4-8).
const TRIES: u32 = 4;
/// The pause before the second try; it doubles.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(500);
/// Longest answer, in characters.
const LONGEST: usize = 4_000;

/// What a turn is to do.
pub(crate) struct TurnJob {
    pub(crate) turn: TurnId,
    pub(crate) rung: Rung,
    pub(crate) session: SessionId,
    pub(crate) lang: Lang,
    pub(crate) channel: Channel,
    pub(crate) vehicle_interest: Option<String>,
    pub(crate) transcript: Vec<Line>,
    /// The last message that it has read.
    pub(crate) covers: MessageSeq,
    pub(crate) customer: Customer,
    pub(crate) dialogue: Arc<Dialogue>,
    pub(crate) files: SentFiles,
    /// Whether a person was called and has not come yet.
    pub(crate) awaits_person: bool,
    pub(crate) until: Timestamp,
    /// Whether it began in an earlier life of the node.
    pub(crate) resumed: bool,
}

/// A session's hold on its turn: dropping it cancels the turn.
pub(crate) struct RunningTurn {
    turn: TurnId,
    addr: Addr<Turn>,
    shows: Arc<AtomicBool>,
    _seen: TurnSeen,
}

impl RunningTurn {
    pub(crate) fn start(
        job: TurnJob,
        seen: TurnSeen,
        tenant: Arc<TenantShared>,
        ports: Arc<Ports>,
    ) -> Self {
        let turn = job.turn;
        let arbiter = tenant.registry.arbiter_of(job.session.as_uuid());
        let span = way::turn(tenant.id, job.session, turn, job.rung);
        let shows = Arc::new(AtomicBool::new(false));
        let shown = Arc::clone(&shows);
        let addr = Turn::start_in_arbiter(&arbiter, move |_| Turn {
            shows: shown,
            end: End {
                turn,
                session: job.session,
                tenant: Arc::clone(&tenant),
                span,
                reported: false,
            },
            ports,
            _counted: tenant.registry.count_in(),
            job: Some(job),
        });
        Self { turn, addr, shows, _seen: seen }
    }

    /// Whether a part of its answer was shown.
    pub(crate) fn shows(&self) -> bool {
        self.shows.load(Ordering::Acquire)
    }

    pub(crate) const fn turn(&self) -> TurnId {
        self.turn
    }
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        let _ended = self.addr.try_send(Cancel); // refused only when it has ended
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Cancel;

pub(crate) struct Turn {
    job: Option<TurnJob>,
    /// Set with the first text that is shown.
    shows: Arc<AtomicBool>,
    ports: Arc<Ports>,
    end: End,
    /// A stop waits for it.
    _counted: InFlight,
}

/// Reports the end of the turn; if the turn is dropped without one, that it crashed.
struct End {
    turn: TurnId,
    session: SessionId,
    tenant: Arc<TenantShared>,
    span: Span,
    reported: bool,
}

impl End {
    fn report(&mut self, result: Result<Answer, TurnFailure>, notes: TurnNotes) {
        self.reported = true;
        let (tenant, session, turn) = (Arc::clone(&self.tenant), self.session, self.turn);
        self.tenant.ports.io.spawn(
            async move {
                // The session repeats it until it is stored; a refusal means the turn was over. What it
                // showed since then, no event ends: it is taken back here (A7).
                let ended =
                    tenant.dispatch(session, Command::EndTurn { turn, result, notes }).await;
                if ended.is_err() {
                    tenant.ports.bus.publish_draft(tenant.id, session, Draft::Discarded { turn });
                }
            }
            .instrument(self.span.clone()),
        );
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.reported {
            metrics::counter!(names::CRASHES, "actor" => "turn").increment(1);
            self.report(Err(TurnFailure::Crashed), TurnNotes::default());
        }
    }
}

impl Actor for Turn {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(job) = self.job.take() else { return };
        let (tenant, ports) = (Arc::clone(&self.end.tenant), Arc::clone(&self.ports));
        let resuming = job.resumed.then(|| tenant.registry.resuming());
        let clock = Arc::clone(&ports.clock);
        let work = run(job, tenant, ports, Arc::clone(&self.shows));
        let work = async move {
            match resuming {
                Some(resuming) => resuming.run(&*clock, work).await,
                None => work.await,
            }
        };
        let work = work.instrument(self.end.span.clone());
        ctx.spawn(work.into_actor(self).map(|(result, notes), turn, ctx| {
            turn.end.report(result, notes);
            ctx.stop();
        }));
    }
}

impl Handler<Cancel> for Turn {
    type Result = ();

    fn handle(&mut self, _: Cancel, ctx: &mut Self::Context) {
        if !self.end.reported {
            self.end.reported = true; // nobody waits for it any more
            let End { turn, session, tenant, .. } = &self.end;
            self.ports.bus.publish_draft(tenant.id, *session, Draft::Discarded { turn: *turn });
        }
        ctx.stop();
    }
}

/// What a turn works with.
struct Work<'a> {
    job: &'a TurnJob,
    tenant: &'a Arc<TenantShared>,
    ports: &'a Ports,
    shows: &'a AtomicBool,
}

impl Work<'_> {
    fn publish(&self, draft: Draft) {
        self.ports.bus.publish_draft(self.tenant.id, self.job.session, draft);
    }

    fn progress(&self, step: Step) {
        self.publish(Draft::Progress { turn: self.job.turn, step });
    }

    /// Waits no longer than the turn lasts (A5).
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, TurnFailure> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.ports.clock.sleep_until(self.job.until) => Err(TurnFailure::TimedOut),
        }
    }
}

/// Runs a turn to its end; what it did besides writing is told also when it gave no text.
async fn run(
    job: TurnJob,
    tenant: Arc<TenantShared>,
    ports: Arc<Ports>,
    shows: Arc<AtomicBool>,
) -> (Result<Answer, TurnFailure>, TurnNotes) {
    let work = Work { job: &job, tenant: &tenant, ports: &ports, shows: &shows };
    work.progress(Step::Looking);
    let Ok(knowledge) = tenant.knowledge().await else {
        return (Err(TurnFailure::Model), TurnNotes::default());
    };
    let settings = Arc::new(tenant.snapshot().settings.clone());
    let facts = TurnFacts {
        turn: job.turn,
        session: job.session,
        lang: job.lang,
        channel: job.channel,
        covers: job.covers,
        customer: job.customer.clone(),
        dialogue: Arc::clone(&job.dialogue),
        awaits_person: job.awaits_person,
        last_text: job
            .transcript
            .iter()
            .rev()
            .find(|line| line.who == Who::Customer)
            .map(|line| line.text.clone())
            .unwrap_or_default(),
    };
    let (to, at) = (Arc::clone(&tenant), Arc::clone(&ports));
    let mut tools = Tools::new(to, at, facts, Arc::clone(&settings), Arc::clone(&knowledge));
    let mut withheld = Vec::new();
    let answered = answer(&work, settings, knowledge, &mut tools, &mut withheld);
    let answered = Box::pin(answered).await;
    if answered.is_ok() {
        tools.note_answered();
    }
    (answered, TurnNotes { withheld, ..tools.into_notes() }.bounded())
}

async fn answer(
    work: &Work<'_>,
    settings: Arc<TenantSettings>,
    knowledge: Arc<Knowledge>,
    tools: &mut Tools,
    kept_back: &mut Vec<WithheldText>,
) -> Result<Answer, TurnFailure> {
    let Work { job, tenant, ports, .. } = work;
    let now = ports.clock.now();
    // What needs no model is done before one is asked: it stands whoever answers.
    let own = if job.dialogue.is_empty() {
        None
    } else {
        let steps = async {
            tools.look_up().await;
            tools.own_steps().await
        };
        let done = Box::pin(work.in_time(steps)).await?;
        done.map_err(|Over| TurnFailure::Unusable)?
    };
    let allowance = spending::allowance(tenant, ports, &settings).await;
    // With nothing left to spend, only the second has somebody who costs nothing.
    let first = job.rung == Rung::Primary && allowance == Allowance::Open;
    let model = if first { &ports.primary } else { &ports.second };
    let offered = tools::offered(&knowledge, job.lang);
    let (agenda, receipts) = (tenant.bookings().agenda().await, tools.receipts());
    let grounding = Grounding { settings, knowledge, agenda, now, receipts };
    let mut ask = Ask {
        turn: job.turn,
        session: job.session,
        lang: job.lang,
        medium: match job.channel {
            Channel::Mail => Medium::Mail,
            Channel::Widget => Medium::Chat,
        },
        customer_name: job.customer.name.clone(),
        vehicle_interest: job.vehicle_interest.clone(),
        transcript: job.transcript.clone(),
        grounding: Arc::new(grounding),
        task: Task::Answer,
        allowance,
        dialogue: Arc::clone(&job.dialogue),
        files: job.files,
        toolbox: Toolbox { offered, choice: Choice::Auto, rounds: own.into_iter().collect() },
    };
    let mut try_ =
        Try { work, shown: String::new(), shown_chars: 0, begun: false, withheld: 0, kept_back };
    let (mut attempt, mut rounds, mut pause, mut step) = (1, 0, FIRST_PAUSE, Step::Thinking);
    loop {
        work.progress(step);
        let span = way::attempt(model.name(), attempt);
        let said = try_.stream(model.as_ref(), ask.clone()).instrument(span.clone()).await;
        let outcome = match &said {
            Ok(Heard::Answer(_)) => "answered",
            Ok(Heard::Calls { .. }) => "called",
            Err(Failed { failure, .. }) => failure_name(*failure),
        };
        span.record("outcome", outcome).record("withheld", try_.withheld);
        metrics::counter!(names::TURNS, "model" => model.name(), "result" => outcome).increment(1);
        let failed = match said {
            Ok(Heard::Answer(answer)) => return Ok(answer),
            Ok(Heard::Calls(mut round)) => {
                for call in &round.calls {
                    match work.in_time(tools.call(call)).await? {
                        Ok(result) => round.results.push(result),
                        Err(Over) => return Err(TurnFailure::Unusable),
                    }
                }
                ask.toolbox.rounds.push(round);
                rounds += 1;
                if rounds >= MOST_ROUNDS || !tools.may_call() {
                    ask.toolbox.choice = Choice::None;
                }
                let (now, receipts) = (ports.clock.now(), tools.receipts());
                let agenda = work.in_time(tenant.bookings().agenda()).await?;
                let grounding = Grounding { agenda, now, receipts, ..(*ask.grounding).clone() };
                ask.grounding = Arc::new(grounding);
                step = Step::Thinking;
                continue;
            }
            Err(failed) => failed,
        };
        if !try_.shown.is_empty() {
            work.publish(Draft::Discarded { turn: job.turn });
        }
        let wait = failed.retry_after.unwrap_or_default().max(pause);
        let next = ports.clock.now().saturating_add(wait).unwrap_or(job.until);
        // Text that was shown and withdrawn is not tried again: the customer has seen it.
        if !failed.retry || !try_.shown.is_empty() || attempt == TRIES || next >= job.until {
            tracing::info!(
                tenant.id = %tenant.id, session.id = %job.session, turn.id = %job.turn,
                model = model.name(), attempt, failure = failure_name(failed.failure),
                "a turn gave no answer"
            );
            return Err(failed.failure);
        }
        ports.clock.sleep_until(next).await;
        attempt += 1;
        pause *= 2;
        step = if failed.failure == TurnFailure::Withheld { Step::Mending } else { Step::Thinking };
    }
}

/// What a model said.
enum Heard {
    Answer(Answer),
    /// It wants tools; the results are still missing.
    Calls(Round),
}

/// The calls of one model, until it has answered.
struct Try<'a> {
    work: &'a Work<'a>,
    /// What the customer has seen of it.
    shown: String,
    shown_chars: usize,
    /// Whether anything of the running call was shown.
    begun: bool,
    /// Sentences that the gate kept back.
    withheld: usize,
    /// What they said, for staff to see.
    kept_back: &'a mut Vec<WithheldText>,
}

struct Failed {
    failure: TurnFailure,
    /// Whether another call may do better.
    retry: bool,
    retry_after: Option<SignedDuration>,
}

impl Failed {
    const fn for_good(failure: TurnFailure) -> Self {
        Self { failure, retry: false, retry_after: None }
    }
}

impl Try<'_> {
    async fn stream(&mut self, model: &dyn Model, ask: Ask) -> Result<Heard, Failed> {
        let ports = self.work.ports;
        let started = ports.clock.now();
        let grounding = Arc::clone(&ask.grounding);
        let may_call = !ask.toolbox.offered.is_empty();
        let text_only = ask.toolbox.choice == Choice::None;
        let mut gate = Gate::new(&grounding, ask.lang);
        let mut stream = model.answer(ask);
        let (mut heard, mut said, mut calls) = (false, String::new(), Vec::new());
        self.begun = false;
        loop {
            let next = tokio::select! {
                biased;
                next = stream.next() => next,
                () = ports.clock.sleep_until(self.work.job.until) => {
                    return Err(Failed::for_good(TurnFailure::TimedOut));
                }
            };
            match next {
                Some(Ok(Delta::Text(text))) => {
                    if !std::mem::replace(&mut heard, true) {
                        let after = ports.clock.now().duration_since(started);
                        let after = Duration::try_from(after).unwrap_or_default();
                        metrics::histogram!(names::FIRST_TOKEN_SECONDS, "model" => model.name())
                            .record(after);
                    }
                    let released = gate.push(&text);
                    said.push_str(&text);
                    self.show(&released, started);
                }
                Some(Ok(Delta::Call(_))) if !may_call || calls.len() >= MAX_CALLS => {
                    return Err(failed(&ModelError::Protocol("a call that nobody offered")));
                }
                Some(Ok(Delta::Call(call))) => calls.push(call),
                Some(Ok(Delta::Done(done))) => {
                    let settings = &grounding.settings;
                    spending::took(self.work.tenant, settings, model.name(), &done);
                    let last = gate.finish();
                    self.show(&last, started);
                    if calls.is_empty() || (text_only && self.begun) {
                        return self.answer(done, gate_withheld(&last)).map(Heard::Answer);
                    }
                    if text_only {
                        return Err(Failed::for_good(TurnFailure::Unusable));
                    }
                    let (text, carry) = (said, done.carry);
                    return Ok(Heard::Calls(Round { text, calls, results: Vec::new(), carry }));
                }
                Some(Err(error)) => return Err(failed(&error)),
                // The contract says that a stream ends with `Done` or an error.
                None => return Err(failed(&ModelError::Truncated)),
            }
            if self.shown_chars > LONGEST || said.len() > LONGEST * 4 {
                return Err(Failed::for_good(TurnFailure::Unusable));
            }
        }
    }

    fn show(&mut self, released: &Released, started: Timestamp) {
        let Work { job, ports, shows, .. } = self.work;
        for withheld in &released.withheld {
            metrics::counter!(names::WITHHELD).increment(1);
            self.withheld += 1;
            tracing::info!(turn.id = %job.turn, reason = ?withheld.reason, "a sentence was withheld");
            self.kept_back.push(withheld.clone().into());
        }
        if released.text.is_empty() {
            return;
        }
        let mut text = released.text.clone();
        if self.shown.is_empty() {
            shows.store(true, Ordering::Release);
            let after = ports.clock.now().duration_since(started);
            let after = Duration::try_from(after).unwrap_or_default();
            metrics::histogram!(names::FIRST_TEXT_SECONDS).record(after);
            way::first_text();
        } else if !self.begun {
            // What is said after a tool stands on a line of its own.
            text.insert_str(0, if job.channel == Channel::Mail { "\n\n" } else { "\n" });
        }
        self.begun = true;
        let offset = self.shown_chars;
        self.shown_chars += text.chars().count();
        self.shown.push_str(&text);
        self.work.publish(Draft::Delta { turn: job.turn, offset, text: text.into() });
    }

    fn answer(&self, done: Done, withheld: bool) -> Result<Answer, Failed> {
        let text = self.shown.trim().to_owned();
        if text.is_empty() || !self.begun {
            let failure = if withheld { TurnFailure::Withheld } else { TurnFailure::Unusable };
            return Err(Failed { failure, retry: true, retry_after: None });
        }
        Ok(Answer { text, model: done.model, prompt: done.prompt })
    }
}

fn gate_withheld(released: &Released) -> bool {
    !released.withheld.is_empty()
}

/// Sorts a model's error: whether to call again, and what to tell the session.
fn failed(error: &ModelError) -> Failed {
    let (failure, retry_after) = match error {
        ModelError::Status { retry_after, .. } if error.is_limit() => {
            (TurnFailure::RateLimited, *retry_after)
        }
        ModelError::Status { retry_after, .. } => (TurnFailure::Model, *retry_after),
        ModelError::InStream { .. } | ModelError::Idle | ModelError::Truncated => {
            (TurnFailure::Stream, None)
        }
        ModelError::FirstByte
        | ModelError::Transport
        | ModelError::TooSlow
        | ModelError::Budget => (TurnFailure::Model, None),
        ModelError::Protocol(_) | ModelError::TooLong | ModelError::Refused => {
            (TurnFailure::Unusable, None)
        }
    };
    let retry = error.is_passing();
    let retry_after = retry_after.and_then(|after| SignedDuration::try_from(after).ok());
    Failed { failure, retry, retry_after }
}

const fn failure_name(failure: TurnFailure) -> &'static str {
    match failure {
        TurnFailure::Model => "model",
        TurnFailure::Stream => "stream",
        TurnFailure::RateLimited => "rate_limited",
        TurnFailure::Withheld => "withheld",
        TurnFailure::Unusable => "unusable",
        TurnFailure::TimedOut => "timed_out",
        TurnFailure::Crashed => "crashed",
    }
}

pub(crate) fn lines(recent: &Recent) -> Vec<Line> {
    let line = |said: Said<'_>| Line {
        who: match said.author {
            Author::Customer => Who::Customer,
            Author::Assistant => Who::Assistant,
            Author::Member { .. } => Who::Member,
        },
        text: said.text.to_owned(),
    };
    recent.iter().map(line).collect()
}
