//! One turn: asks a model, lets its text through the claim gate, and reports the end to its session.
//!
//! A turn is an actor of its own, so that a panic in it, or a model that hangs, touches nothing else.
//! Dropping its handle cancels it.
//!
//! # Invariants
//! - **A5** a turn ends by its `until`, whatever the model does;
//! - **A6** only what the gate released is shown or stored;
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
    dialogue::TurnNotes,
    event::{Author, Channel, TurnFailure},
    gate::{Gate, Released},
    id::{SessionId, TurnId},
    knowledge::Grounding,
    lang::Lang,
    promise::Rung,
    session::{Answer, Command},
};
use forecourt_ports::{
    bus::{Draft, Step},
    model::{Allowance, Ask, Delta, Done, Line, Medium, Model, ModelError, Task, Toolbox, Who},
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
    pub(crate) customer_name: Option<String>,
    pub(crate) vehicle_interest: Option<String>,
    pub(crate) transcript: Vec<Line>,
    pub(crate) until: Timestamp,
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
    fn report(&mut self, result: Result<Answer, TurnFailure>) {
        self.reported = true;
        let (tenant, session, turn) = (Arc::clone(&self.tenant), self.session, self.turn);
        self.tenant.ports.io.spawn(
            async move {
                // The session repeats it until it is stored; a refusal means the turn was over. What it
                // showed since then, no event ends: it is taken back here (A7).
                let ended = tenant
                    .dispatch(
                        session,
                        Command::EndTurn { turn, result, notes: TurnNotes::default() },
                    )
                    .await;
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
            self.report(Err(TurnFailure::Crashed));
        }
    }
}

impl Actor for Turn {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(job) = self.job.take() else { return };
        let (tenant, ports) = (Arc::clone(&self.end.tenant), Arc::clone(&self.ports));
        let work = run(job, tenant, ports, Arc::clone(&self.shows));
        let work = work.instrument(self.end.span.clone());
        ctx.spawn(work.into_actor(self).map(|result, turn, ctx| {
            turn.end.report(result);
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

async fn run(
    job: TurnJob,
    tenant: Arc<TenantShared>,
    ports: Arc<Ports>,
    shows: Arc<AtomicBool>,
) -> Result<Answer, TurnFailure> {
    let progress = |step| {
        let draft = Draft::Progress { turn: job.turn, step };
        ports.bus.publish_draft(tenant.id, job.session, draft);
    };
    progress(Step::Looking);
    let knowledge = tenant.knowledge().await.map_err(|_| TurnFailure::Model)?;
    let settings = Arc::new(tenant.snapshot().settings.clone());
    let now = ports.clock.now();
    let allowance = spending::allowance(&tenant, &ports, &settings).await;
    // With nothing left to spend, only the second has somebody who costs nothing.
    let first = job.rung == Rung::Primary && allowance == Allowance::Open;
    let model = if first { &ports.primary } else { &ports.second };
    let agenda = tenant.bookings().agenda().await;
    let grounding = Arc::new(Grounding { settings, knowledge, agenda, now, receipts: [].into() });
    let ask = Ask {
        turn: job.turn,
        session: job.session,
        lang: job.lang,
        medium: match job.channel {
            Channel::Mail => Medium::Mail,
            Channel::Widget => Medium::Chat,
        },
        customer_name: job.customer_name.clone(),
        vehicle_interest: job.vehicle_interest.clone(),
        transcript: job.transcript.clone(),
        grounding,
        task: Task::Answer,
        allowance,
        dialogue: Arc::default(),
        toolbox: Toolbox::default(),
    };
    let mut pause = FIRST_PAUSE;
    let mut step = Step::Thinking;
    for attempt in 1..=TRIES {
        progress(step);
        let (job, tenant, ports, shows) = (&job, &tenant, &*ports, &*shows);
        let mut try_ = Try { job, tenant, ports, shows, shown: String::new(), withheld: 0 };
        let span = way::attempt(model.name(), attempt);
        let result = try_.stream(model.as_ref(), ask.clone()).instrument(span.clone()).await;
        let outcome = match &result {
            Ok(_) => "answered",
            Err(Failed { failure, .. }) => failure_name(*failure),
        };
        span.record("outcome", outcome).record("withheld", try_.withheld);
        metrics::counter!(names::TURNS, "model" => model.name(), "result" => outcome).increment(1);
        let failed = match result {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        if !try_.shown.is_empty() {
            let draft = Draft::Discarded { turn: job.turn };
            ports.bus.publish_draft(tenant.id, job.session, draft);
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
        pause *= 2;
        step = if failed.failure == TurnFailure::Withheld { Step::Mending } else { Step::Thinking };
    }
    Err(TurnFailure::Model)
}

/// One call of a model.
struct Try<'a> {
    job: &'a TurnJob,
    tenant: &'a Arc<TenantShared>,
    ports: &'a Ports,
    shows: &'a AtomicBool,
    /// What the customer has seen of it.
    shown: String,
    /// Sentences that the gate kept back.
    withheld: usize,
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
    async fn stream(&mut self, model: &dyn Model, ask: Ask) -> Result<Answer, Failed> {
        let started = self.ports.clock.now();
        let grounding = Arc::clone(&ask.grounding);
        let mut gate = Gate::new(&grounding, ask.lang);
        let mut stream = model.answer(ask);
        let (mut shown_chars, mut heard) = (0, false);
        loop {
            let next = tokio::select! {
                biased;
                next = stream.next() => next,
                () = self.ports.clock.sleep_until(self.job.until) => {
                    return Err(Failed::for_good(TurnFailure::TimedOut));
                }
            };
            let released = match next {
                Some(Ok(Delta::Text(text))) => {
                    if !std::mem::replace(&mut heard, true) {
                        let after = self.ports.clock.now().duration_since(started);
                        let after = Duration::try_from(after).unwrap_or_default();
                        metrics::histogram!(names::FIRST_TOKEN_SECONDS, "model" => model.name())
                            .record(after);
                    }
                    gate.push(&text)
                }
                Some(Ok(Delta::Call(_))) => {
                    return Err(failed(&ModelError::Protocol("a call that nobody offered")));
                }
                Some(Ok(Delta::Done(done))) => {
                    let settings = &grounding.settings;
                    spending::took(self.tenant, settings, model.name(), &done);
                    let last = gate.finish();
                    self.show(&last, &mut shown_chars, started);
                    return self.answer(done, gate_withheld(&last));
                }
                Some(Err(error)) => return Err(failed(&error)),
                // The contract says that a stream ends with `Done` or an error.
                None => return Err(failed(&ModelError::Truncated)),
            };
            self.show(&released, &mut shown_chars, started);
            if shown_chars > LONGEST {
                return Err(Failed::for_good(TurnFailure::Unusable));
            }
        }
    }

    fn show(&mut self, released: &Released, shown_chars: &mut usize, started: Timestamp) {
        for withheld in &released.withheld {
            metrics::counter!(names::WITHHELD).increment(1);
            self.withheld += 1;
            tracing::info!(turn.id = %self.job.turn, reason = ?withheld.reason, "a sentence was withheld");
        }
        if released.text.is_empty() {
            return;
        }
        if self.shown.is_empty() {
            self.shows.store(true, Ordering::Release);
            let after = self.ports.clock.now().duration_since(started);
            let after = Duration::try_from(after).unwrap_or_default();
            metrics::histogram!(names::FIRST_TEXT_SECONDS).record(after);
            way::first_text();
        }
        let draft = Draft::Delta {
            turn: self.job.turn,
            offset: *shown_chars,
            text: released.text.as_str().into(),
        };
        self.ports.bus.publish_draft(self.tenant.id, self.job.session, draft);
        *shown_chars += released.text.chars().count();
        self.shown.push_str(&released.text);
    }

    fn answer(&self, done: Done, withheld: bool) -> Result<Answer, Failed> {
        let text = self.shown.trim().to_owned();
        if text.is_empty() {
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
