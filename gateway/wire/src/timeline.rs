//! A lead's history in plain words, for the people who look back at it.

use forecourt_core::{
    dialogue::{TurnNotes, WithheldText},
    event::{
        AnsweredBy, AssignReason, Author, Event, EventRecord, Reader, ReleaseReason, Seq, Source,
        TurnFailure,
    },
    id::MemberId,
    tools::Outcome,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::lead::HumanReason;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TimelineEntry {
    /// Its place in the tenant's log.
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// A stable name such as `promise.kept`, to translate by.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in English; carries no text of the conversation and no contact detail.
    pub summary: String,
    /// Sentences that the claim gate kept back, with the reason, such as `price`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<WithheldSentence>>")]
    pub withheld: Vec<WithheldSentence>,
}

/// What the assistant wanted to say, and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WithheldSentence {
    pub reason: String,
    /// Its beginning.
    pub text: String,
}

impl From<&EventRecord> for TimelineEntry {
    fn from(record: &EventRecord) -> Self {
        let (kind, summary) = told(&record.event);
        let Seq(seq) = record.seq;
        let withheld = match &record.event {
            Event::TurnNoted { notes, .. } => notes.withheld.iter().map(Into::into).collect(),
            _ => Vec::new(),
        };
        Self { seq, at: record.at, kind: kind.to_owned(), summary, withheld }
    }
}

/// The stable name of an event and its sentence.
fn told(event: &Event) -> (&'static str, String) {
    match event {
        Event::SessionOpened { lang, .. } => {
            ("session.opened", format!("The conversation began, in {lang}"))
        }
        Event::LanguageChanged { lang } => {
            ("session.language", format!("The customer went on in {lang}"))
        }
        Event::LeadCaptured(captured) => {
            let from = source(captured.source);
            let known = if captured.new_contact { "a new contact" } else { "a known contact" };
            ("lead.captured", format!("A lead came from {from}, by {known}"))
        }
        Event::SubmissionRepeated => {
            ("lead.resubmitted", "The same submission came again; nothing more was sent".into())
        }
        Event::LeadRepeated { source: from, .. } => {
            ("lead.repeated", format!("The same person wrote again, from {}", source(*from)))
        }
        Event::MessagePosted(posted) => ("message.posted", message(posted)),
        Event::AttachmentAnnounced { .. } => {
            ("attachment.announced", "The customer began to send a file".into())
        }
        Event::AttachmentsPosted { attachments, .. } => (
            "attachments.posted",
            format!("The message came with files, {} in number", attachments.len()),
        ),
        Event::AttachmentArrived { kind, .. } => {
            ("attachment.arrived", format!("A file has arrived ({})", kind.as_str()))
        }
        Event::AttachmentFailed { reason, .. } => {
            ("attachment.failed", format!("A file will not come ({})", word(reason)))
        }
        Event::PromiseMade { .. } => ("promise.made", "The customer waits for an answer".into()),
        Event::RungReached { rung, .. } => {
            ("promise.rung", format!("No answer was proven yet: next step {}", word(rung)))
        }
        Event::TurnStarted { rung, .. } => {
            ("turn.started", format!("The assistant began an answer ({})", word(rung)))
        }
        Event::Gathering { .. } => ("turn.gathering", "Waiting for more text".into()),
        Event::TurnKept { .. } => ("turn.kept", "The assistant is still writing".into()),
        Event::TurnYielded { .. } => {
            ("turn.yielded", "The node stops; another takes the answer over".into())
        }
        Event::TurnFailed { reason, .. } => ("turn.failed", turn_failure(*reason).to_owned()),
        Event::TurnCancelled { .. } => {
            ("turn.cancelled", "The assistant's answer was dropped: newer text, or a person".into())
        }
        Event::ToolGranted { tool, .. } => {
            ("tool.granted", format!("The assistant may use {}", tool.as_str()))
        }
        Event::CustomToolGranted { tool, .. } => {
            ("tool.granted", format!("The assistant may use {tool}"))
        }
        Event::TurnNoted { notes, .. } => ("turn.noted", noted(notes)),
        Event::BookingNoted(news) => (
            "booking.noted",
            format!("An appointment of this conversation is {}", word(&news.status)),
        ),
        Event::BookingTold(told) => {
            ("booking.told", format!("An appointment is {}", told.status.as_str()))
        }
        Event::SlotPicked(_) => {
            ("offer.picked", "The customer chose one of the offered times".into())
        }
        Event::OfferAnswered { accepted: true, .. } => {
            ("offer.accepted", "The customer said yes to what is held for them".into())
        }
        Event::OfferAnswered { accepted: false, .. } => {
            ("offer.declined", "The customer did not want what is held for them".into())
        }
        Event::CodeNoted { proven_until: None, .. } => {
            ("code.sent", "A one-time code was sent for an appointment".into())
        }
        Event::CodeNoted { .. } => {
            ("code.proven", "The customer proved that the appointment is theirs".into())
        }
        Event::ContactLearned(_) => ("contact.learned", "The customer told who they are".into()),
        Event::IdleChecked { until: Some(_) } => {
            ("idle.checked", "The customer is watched for silence".into())
        }
        Event::IdleChecked { until: None } => ("idle.ended", "The customer has gone silent".into()),
        Event::DeliveryQueued(queued) => {
            ("delivery.queued", format!("A mail was queued ({})", word(&queued.kind)))
        }
        Event::DeliveryAccepted { .. } => {
            ("delivery.accepted", "The mail provider took the mail".into())
        }
        Event::DeliveryRetried { attempt, code, .. } => (
            "delivery.retried",
            format!("Try {attempt} was not taken ({code}); another one follows"),
        ),
        Event::DeliveryFailed { code, .. } => {
            ("delivery.failed", format!("The mail could not be delivered ({code})"))
        }
        Event::DeliveryUncertain { code, .. } => (
            "delivery.uncertain",
            format!("Whether the mail left is unknown ({code}); a person must look"),
        ),
        Event::DeliveryRefused { .. } => {
            ("delivery.refused", "A mail stayed in: somebody else speaks by now".into())
        }
        Event::DeliveryReplayed { even_if_sent, .. } => {
            let risk = if *even_if_sent { ", knowing that it may arrive twice" } else { "" };
            ("delivery.replayed", format!("A member had a mail sent once more{risk}"))
        }
        Event::PromiseKept { after_ms, by, .. } => {
            let by = match by {
                AnsweredBy::Model { model } => format!("the assistant ({model})"),
                AnsweredBy::Template => "the template".to_owned(),
                AnsweredBy::Member { .. } => "a member of staff".to_owned(),
            };
            ("promise.kept", format!("Answered by {by} after {}", seconds(*after_ms)))
        }
        Event::PromiseBroken { after_ms, .. } => {
            ("promise.broken", format!("No answer was proven within {}", seconds(*after_ms)))
        }
        Event::HandoffRequested { reason, .. } => (
            "handoff.requested",
            format!("A person is needed ({})", word(&HumanReason::from(*reason))),
        ),
        Event::HumanAlerted { reason } => {
            ("human.alerted", format!("Staff were alerted ({})", word(&HumanReason::from(*reason))))
        }
        Event::RemindersStopped { .. } => {
            ("reminders.stopped", "A member stopped the reminders".into())
        }
        Event::HandoffNoted { .. } => {
            ("handoff.noted", "What the next person should know was noted".into())
        }
        Event::HandoffPassedOn { .. } => {
            ("handoff.passed_on", "Nobody answered in time; the next person is asked".into())
        }
        Event::CallbackSought => ("callback.sought", "A time to call is looked for".into()),
        Event::CallbackOffered { times, why } => (
            "callback.offered",
            format!(
                "The customer may choose of {} times to be called ({})",
                times.len(),
                word(why)
            ),
        ),
        Event::CallbackWanted { .. } => {
            ("callback.wanted", "The customer chose a time to be called".into())
        }
        Event::CallbackAgreed { moved_from: None, .. } => {
            ("callback.agreed", "A call is agreed".into())
        }
        Event::CallbackAgreed { .. } => ("callback.agreed", "The call was moved".into()),
        Event::CallbackRang { .. } => ("callback.rang", "It is time to call".into()),
        Event::CallbackEnded { end, .. } => {
            ("callback.ended", format!("The call is over ({})", word(end)))
        }
        Event::Assigned { member, why, .. } => ("session.assigned", assigned(*member, why)),
        Event::AssistantPaused { .. } => {
            ("assistant.paused", "The assistant waits: a member types".into())
        }
        Event::AssistantResumed => {
            ("assistant.resumed", "Nobody types any more; the assistant goes on".into())
        }
        Event::Seen { by: Reader::Customer, upto } => {
            ("messages.seen", format!("The customer has seen message {}", upto.0))
        }
        Event::Seen { by: Reader::Member(_), upto } => {
            ("messages.seen", format!("A member has seen message {}", upto.0))
        }
        Event::TakenOver { .. } => {
            ("session.taken_over", "A member of staff took the conversation over".into())
        }
        Event::Released { why, .. } => {
            let why = match why {
                ReleaseReason::BySpeaker => "a member gave it back",
                ReleaseReason::ByManager => "a manager gave it back",
                ReleaseReason::TimedOut => "the customer waited too long for the member",
            };
            ("session.released", format!("The assistant speaks again: {why}"))
        }
        Event::Closed { .. } => ("session.closed", "The conversation was closed".into()),
    }
}

fn assigned(member: Option<MemberId>, why: &AssignReason) -> String {
    let reasons = match (member, why) {
        (None, _) => return "The conversation is nobody's in particular".into(),
        (_, AssignReason::ByHand) => return "A member chose whose conversation it is".into(),
        (_, AssignReason::TookOver) => {
            return "The conversation belongs to who took it over".into();
        }
        (_, AssignReason::Routed(reasons) | AssignReason::PassedOn(reasons)) => reasons,
    };
    let reasons: Vec<String> = reasons.iter().map(word).collect();
    format!("The conversation went to a member ({})", reasons.join(", "))
}

impl From<&WithheldText> for WithheldSentence {
    fn from(text: &WithheldText) -> Self {
        Self { reason: text.reason.as_str().to_owned(), text: text.text.clone() }
    }
}

/// Which tools an answer used, and what the claim gate kept back.
fn noted(notes: &TurnNotes) -> String {
    let mut said = Vec::new();
    if !notes.uses.is_empty() {
        let tools: Vec<String> = notes
            .uses
            .iter()
            .map(|one| match one.outcome {
                Outcome::Done => one.tool.clone(),
                outcome => format!("{} ({})", one.tool, one.code.clone().unwrap_or(word(&outcome))),
            })
            .collect();
        said.push(format!("used {}", tools.join(", ")));
    }
    if !notes.offers.is_empty() {
        said.push(format!("offered {} times", notes.offers.len()));
    }
    for withheld in &notes.withheld {
        said.push(format!("kept a sentence back ({})", withheld.reason.as_str()));
    }
    format!("The assistant {}", said.join("; "))
}

fn message(posted: &forecourt_core::event::MessagePosted) -> String {
    match (posted.author, &posted.origin) {
        (Author::Customer, _) => "The customer wrote".into(),
        (Author::Member { .. }, _) => "A member of staff wrote".into(),
        (Author::Assistant, Some(origin)) => {
            format!("The assistant answered ({}, {})", origin.model, origin.prompt)
        }
        (Author::Assistant, None) => "The assistant answered".into(),
    }
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Website => "the website",
        Source::Widget => "the chat",
    }
}

const fn turn_failure(reason: TurnFailure) -> &'static str {
    match reason {
        TurnFailure::Model => "The model answered an error, or not at all",
        TurnFailure::Stream => "The model's answer stalled or was cut",
        TurnFailure::RateLimited => "The model's provider asked to slow down",
        TurnFailure::Withheld => "The answer was withheld: it claimed what is not so",
        TurnFailure::Unusable => "The answer was empty, too long or refused",
        TurnFailure::TimedOut => "The answer took too long",
        TurnFailure::Crashed => "The program failed while it answered",
    }
}

/// `2.4 s`; whole seconds from a minute on.
fn seconds(ms: i64) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1000, (ms % 1000) / 100)
    } else {
        format!("{} s", ms / 1000)
    }
}

/// The serde name of an enum value, in words.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let name = value.as_str().or_else(|| value.get("kind").and_then(|kind| kind.as_str()));
    name.unwrap_or_default().replace('_', " ")
}
