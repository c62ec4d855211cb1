//! The way of a fact, as traces tell it: the names of all spans and their attributes, in one place.
//!
//! ```text
//! http.request ─ session.command ┬ session.decide
//!                                ├ session.store ─ journal.commit ─ journal.publish
//!                                ├ turn ─ turn.attempt        (event `first_text`)
//!                                │    └ session.command …     (the turn's end)
//!                                └ delivery ┬ delivery.prepare
//!                                           ├ delivery.hand_over
//!                                           └ session.command …  (the report)
//! timer ─ session.command …      session.load ─ turn …
//! ```
//!
//! A commit that carries several decisions stands in the trace of the first and is *linked* to the
//! `session.store` of each. What is taken up from rows (a timer, a session that is read again, a letter
//! that a sweep found) begins a trace of its own; `session.id` leads from one to the other.
//!
//! | Span | Attributes |
//! |---|---|
//! | `http.request` | `request.id`, `http.request.method`, `http.route`, `http.response.status_code` |
//! | `session.command` | `tenant.id`, `session.id`, `command`, `outcome` |
//! | `session.decide` | `state.version` |
//! | `session.load` | `tenant.id`, `session.id` |
//! | `session.store` | `events` |
//! | `journal.commit` | `tenant.id`, `appends` |
//! | `journal.publish` | `events` |
//! | `turn` | `tenant.id`, `session.id`, `turn.id`, `rung` |
//! | `turn.attempt` | `model`, `attempt`, `outcome`, `withheld` |
//! | `delivery` | `tenant.id`, `session.id`, `delivery.id`, `kind`, `attempt`, `outcome` |
//! | `delivery.prepare`, `delivery.hand_over` | `provider` |
//! | `timer` | `tenant.id`, `session.id`, `kind` |
//!
//! # Invariants
//! - **A13** attributes are ids, counts and codes;
//! - every span has the target [`TARGET`]: who does not export traces turns it off, and pays nothing.

use forecourt_core::{
    effect::TimerKind,
    event::{DeliveryKind, Version},
    id::{DeliveryId, SessionId, TenantId, TurnId},
    promise::Rung,
    session::Command,
};
use tracing::{Span, field::Empty, info_span};

/// The target of every span and span event on the way.
pub const TARGET: &str = "forecourt::way";

/// A request, until its head is answered. Its route and status are recorded when they are known.
pub fn request(id: &str, method: &'static str) -> Span {
    info_span!(
        target: TARGET, parent: None, "http.request", otel.kind = "server", request.id = id,
        http.request.method = method, http.route = Empty, http.response.status_code = Empty
    )
}

/// A command, until it is answered.
pub(crate) fn command(tenant: TenantId, session: SessionId, command: &Command) -> Span {
    info_span!(
        target: TARGET, "session.command", tenant.id = %tenant, session.id = %session,
        command = command_name(command), outcome = Empty
    )
}

pub(crate) fn decide(version: Version) -> Span {
    info_span!(target: TARGET, "session.decide", state.version = version.0)
}

pub(crate) fn load(tenant: TenantId, session: SessionId) -> Span {
    info_span!(target: TARGET, "session.load", tenant.id = %tenant, session.id = %session)
}

/// A decision, until it is committed or not.
pub(crate) fn store(events: usize) -> Span {
    info_span!(target: TARGET, "session.store", events)
}

/// A commit of decisions: in the trace of the first, linked to each.
pub(crate) fn commit(tenant: TenantId, decisions: &[Span]) -> Span {
    let Some(first) = decisions.first() else { return Span::none() };
    let span = info_span!(
        target: TARGET, parent: first, "journal.commit", tenant.id = %tenant,
        appends = decisions.len()
    );
    for decision in decisions {
        span.follows_from(decision);
    }
    span
}

pub(crate) fn publish(commit: &Span, events: usize) -> Span {
    info_span!(target: TARGET, parent: commit, "journal.publish", events)
}

pub(crate) fn turn(tenant: TenantId, session: SessionId, turn: TurnId, rung: Rung) -> Span {
    let rung = if rung == Rung::Primary { "primary" } else { "second" };
    info_span!(
        target: TARGET, "turn", tenant.id = %tenant, session.id = %session, turn.id = %turn, rung
    )
}

/// One call of a model.
pub(crate) fn attempt(model: &'static str, attempt: u32) -> Span {
    info_span!(
        target: TARGET, "turn.attempt", otel.kind = "client", model, attempt, outcome = Empty,
        withheld = Empty
    )
}

/// The first text of an answer was released.
pub(crate) fn first_text() {
    tracing::info!(target: TARGET, "first_text");
}

pub(crate) fn delivery(
    tenant: TenantId,
    session: SessionId,
    delivery: DeliveryId,
    kind: DeliveryKind,
    attempt: u32,
) -> Span {
    let kind = match kind {
        DeliveryKind::Answer => "answer",
        DeliveryKind::Alert { .. } => "alert",
    };
    info_span!(
        target: TARGET, "delivery", tenant.id = %tenant, session.id = %session,
        delivery.id = %delivery, kind, attempt, outcome = Empty
    )
}

pub(crate) fn prepare(provider: &'static str) -> Span {
    info_span!(target: TARGET, "delivery.prepare", otel.kind = "client", provider)
}

pub(crate) fn hand_over(provider: &'static str) -> Span {
    info_span!(target: TARGET, "delivery.hand_over", otel.kind = "client", provider)
}

pub(crate) fn timer(tenant: TenantId, session: SessionId, kind: TimerKind) -> Span {
    info_span!(
        target: TARGET, parent: None, "timer", tenant.id = %tenant, session.id = %session,
        kind = kind.as_str()
    )
}

/// The kind of a command: all that is ever told of it (A13).
pub(crate) const fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Submit { .. } => "submit",
        Command::Open { .. } => "open",
        Command::PostMessage { .. } => "post_message",
        Command::AnnounceAttachment { .. } => "announce_attachment",
        Command::AttachmentArrived { .. } => "attachment_arrived",
        Command::AttachmentFailed { .. } => "attachment_failed",
        Command::PostMemberMessage { .. } => "post_member_message",
        Command::MemberTyping { .. } => "member_typing",
        Command::Assign { .. } => "assign",
        Command::OfferCallback { .. } => "offer_callback",
        Command::AgreeCallback { .. } => "agree_callback",
        Command::EndCallback { .. } => "end_callback",
        Command::Seen { .. } => "seen",
        Command::EndTurn { .. } => "end_turn",
        Command::GrantTool { .. } => "grant_tool",
        Command::GrantCustomTool { .. } => "grant_custom_tool",
        Command::LearnContact { .. } => "learn_contact",
        Command::Escalate { .. } => "escalate",
        Command::NoteBooking { .. } => "note_booking",
        Command::NoteCode { .. } => "note_code",
        Command::YieldTurn { .. } => "yield_turn",
        Command::FireTimer { .. } => "fire_timer",
        Command::ReportDelivery { .. } => "report_delivery",
        Command::ReplayDelivery { .. } => "replay_delivery",
        Command::CancelTimer { .. } => "cancel_timer",
        Command::TakeOver { .. } => "take_over",
        Command::Release { .. } => "release",
        Command::Close { .. } => "close",
        Command::Quarantine => "quarantine",
    }
}
