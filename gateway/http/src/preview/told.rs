//! How a preview stands, worked out of its journal: every answer with what it did and why.

use std::collections::BTreeMap;

use forecourt_core::{
    event::{AlertReason, Author, Event, EventRecord, MessageSeq, Version},
    id::TurnId,
    knowledge::Knowledge,
    lang::Lang,
    session::Speaker,
    template, text,
    tools::ToolUse,
};
use forecourt_ports::{
    fake::Sent,
    model::{Call, Round, ToolResult},
    sender::Letter,
};
use forecourt_wire::{
    Draft, Ground, Message, Preview as Told, PreviewAnswers, PreviewLetter, PreviewLetterKind,
    PreviewService, PreviewTool, PreviewTurn, PreviewTurnState, SessionStatus, TenantBrand,
    WithheldSentence,
};
use jiff::Timestamp;

use super::keep::Preview;
use crate::{
    problem::{Code, Problem},
    sessions,
};

/// Events of a preview that are read: more than [`super::keep::MESSAGES`] messages lead to.
const EVENTS: u32 = 4_000;
/// Messages that are shown, both sides'.
const SHOWN: u32 = 200;
/// Characters of a tool's result, or of its arguments.
const RESULT: usize = 4_000;

/// The preview at this instant.
pub(super) async fn told(preview: &Preview) -> Result<Told, Problem> {
    let state = &preview.gateway.0;
    let (tenant, session) = (preview.desk.id(), preview.session);
    if preview.stage.end.is_cancelled() {
        return Err(Problem::new(Code::NotFound));
    }
    let running = state.bus.subscribe_session(tenant, session).draft;
    let loaded = sessions::load(state, tenant, session).await?.state;
    let messages = state.store.messages(tenant, session, MessageSeq(0), SHOWN).await?;
    let journal = state.store.replay_session(tenant, session, Version(0), EVENTS).await?;
    let grounds = state.store.grounds(tenant, session).await?;
    let knowledge = preview.desk.knowledge().await?;
    let snapshot = preview.desk.snapshot();
    let now = state.clock.now();
    let (offers, bookings) = forecourt_wire::dialogue::of(&loaded.dialogue);
    let named = offers.iter().map(|one| one.service_id);
    let mut named: Vec<_> = named.chain(bookings.iter().map(|one| one.service_id)).collect();
    named.sort_unstable();
    named.dedup();
    let escalated = loaded.handoff.is_some() || loaded.speaker != Speaker::Assistant;
    let turn = loaded.turn.as_ref().map(|turn| turn.turn);
    let draft = running.as_ref().and_then(Draft::running);
    let mut turns = Turns::read(&journal);
    // What search by meaning found has no row on the stage: the tool's result shows it.
    let grounds = grounds.into_iter().filter(|ground| ground.source != "gone");
    turns.add(grounds.map(Ground::from).collect());
    Ok(Told {
        preview_id: session,
        lang: loaded.lang.tag().to_owned(),
        answers: if preview.house { PreviewAnswers::House } else { PreviewAnswers::Models },
        tenant: TenantBrand::of(&snapshot.settings),
        greeting: template::greeting(preview.lang, &snapshot.settings.brand),
        began_at: preview.began,
        ends_at: preview.ends_at(),
        messages_left: preview.messages_left(),
        status: SessionStatus::of(&loaded),
        stage: loaded.dialogue.stage(escalated, now).as_str().to_owned(),
        human_reason: turns.called.map(Into::into),
        messages: messages.into_iter().map(Message::from).collect(),
        draft: draft.filter(|draft| turn == Some(draft.draft_id)),
        turns: turns.finish(preview),
        offers,
        bookings,
        services: named.into_iter().map(|id| service(&knowledge, id, loaded.lang)).collect(),
        letters: preview.stage.post.sent().iter().filter_map(letter).collect(),
    })
}

fn service(knowledge: &Knowledge, id: forecourt_core::id::ServiceId, lang: Lang) -> PreviewService {
    let found = knowledge.services.iter().find(|service| service.id == id);
    let name = found.map_or_else(String::new, |service| service.name.get(lang).to_owned());
    PreviewService { service_id: id, name }
}

fn letter(sent: &Sent) -> Option<PreviewLetter> {
    let (kind, subject, text) = match &sent.outgoing.letter {
        Letter::Answer { subject, text } | Letter::MemberAnswer { subject, text, .. } => {
            (PreviewLetterKind::Answer, subject.clone(), Some(text.clone()))
        }
        Letter::Booking { subject, text, .. } => {
            (PreviewLetterKind::Booking, Some(subject.clone()), Some(text.clone()))
        }
        Letter::Alert { excerpt, .. } => (PreviewLetterKind::Alert, None, Some(excerpt.clone())),
        Letter::EndpointPaused { .. } => return None,
    };
    let to = sent.outgoing.to.address.clone();
    Some(PreviewLetter { at: sent.at, kind, to, subject, text })
}

/// The turns of a journal.
#[derive(Default)]
struct Turns {
    in_order: Vec<PreviewTurn>,
    uses: BTreeMap<TurnId, Vec<ToolUse>>,
    called: Option<AlertReason>,
}

impl Turns {
    fn read(journal: &[EventRecord]) -> Self {
        let mut turns = Self::default();
        for record in journal {
            turns.step(record);
        }
        turns
    }

    fn step(&mut self, record: &EventRecord) {
        match &record.event {
            Event::TurnStarted { turn, .. } => {
                self.of(*turn, record.at);
            }
            Event::TurnNoted { turn, notes } => {
                self.uses.entry(*turn).or_default().extend(notes.uses.iter().cloned());
                let withheld = notes.withheld.iter().map(WithheldSentence::from);
                self.of(*turn, record.at).withheld.extend(withheld);
            }
            Event::MessagePosted(posted) if posted.author == Author::Assistant => {
                if let Some(origin) = &posted.origin {
                    let turn = self.of(origin.turn, record.at);
                    turn.message_id = Some(posted.message);
                    turn.model = Some(origin.model.clone());
                    turn.prompt = Some(origin.prompt.clone());
                    end(turn, PreviewTurnState::Answered, record.at);
                }
            }
            Event::TurnFailed { turn, reason } => {
                let turn = self.of(*turn, record.at);
                turn.failure = serde_json::to_value(reason)
                    .ok()
                    .and_then(|reason| reason.as_str().map(str::to_owned));
                end(turn, PreviewTurnState::Failed, record.at);
            }
            Event::TurnCancelled { turn } => {
                end(self.of(*turn, record.at), PreviewTurnState::Cancelled, record.at);
            }
            Event::HandoffRequested { reason, .. } => self.called = Some(*reason),
            _ => {}
        }
    }

    fn of(&mut self, turn: TurnId, at: Timestamp) -> &mut PreviewTurn {
        let place = self.in_order.iter().position(|known| known.turn_id == turn);
        let place = place.unwrap_or_else(|| {
            self.in_order.push(PreviewTurn {
                turn_id: turn,
                at,
                state: PreviewTurnState::Running,
                message_id: None,
                model: None,
                prompt: None,
                took_ms: None,
                failure: None,
                tools: Vec::new(),
                withheld: Vec::new(),
                grounds: Vec::new(),
            });
            self.in_order.len() - 1
        });
        &mut self.in_order[place]
    }

    fn add(&mut self, grounds: Vec<Ground>) {
        for ground in grounds {
            let turn = self.in_order.iter_mut().find(|turn| turn.turn_id == ground.turn_id);
            if let Some(turn) = turn {
                turn.grounds.push(ground);
            }
        }
    }

    fn finish(mut self, preview: &Preview) -> Vec<PreviewTurn> {
        for turn in &mut self.in_order {
            let uses = self.uses.remove(&turn.turn_id).unwrap_or_default();
            turn.tools = tools(uses, &preview.stage.heard.rounds(turn.turn_id));
        }
        self.in_order
    }
}

fn end(turn: &mut PreviewTurn, state: PreviewTurnState, at: Timestamp) {
    turn.state = state;
    let took = at.duration_since(turn.at).as_millis();
    turn.took_ms = Some(i64::try_from(took).unwrap_or(i64::MAX));
}

/// What was used, in order; with what the model asked and was told, where it was the model that called. What the
/// engine did by itself, such as the booking after a yes, was called by nobody.
fn tools(uses: Vec<ToolUse>, rounds: &[Round]) -> Vec<PreviewTool> {
    let heard = rounds.iter().flat_map(|round| round.calls.iter().zip(&round.results));
    let mut heard: Vec<Option<(&Call, &ToolResult)>> = heard.map(Some).collect();
    let mut told = Vec::new();
    for used in uses {
        let is_it = |one: &&mut Option<(&Call, &ToolResult)>| {
            one.is_some_and(|(call, _)| call.name == used.tool)
        };
        let (arguments, result) = match heard.iter_mut().find(is_it).and_then(Option::take) {
            Some((call, result)) => {
                let arguments = serde_json::to_string(&call.args).unwrap_or_default();
                let cut = |text: &str| text::excerpt(text, RESULT);
                (Some(cut(&arguments)), Some(cut(&result.content)))
            }
            None => (None, None),
        };
        let outcome = serde_json::to_value(used.outcome).unwrap_or_default();
        told.push(PreviewTool {
            tool: used.tool,
            outcome: outcome.as_str().unwrap_or_default().to_owned(),
            code: used.code,
            took_ms: used.took_ms,
            arguments,
            result,
        });
    }
    told
}

#[cfg(test)]
mod tests {
    use forecourt_core::tools::Outcome;
    use serde_json::{Map, json};

    use super::*;

    fn used(tool: &str) -> ToolUse {
        ToolUse { tool: tool.into(), outcome: Outcome::Done, code: None, used: vec![], took_ms: 1 }
    }

    fn round(calls: &[(&str, &str)]) -> Round {
        let call = |(nth, (name, _)): (usize, &(&str, &str))| {
            let args: Map<_, _> = [("nth".to_owned(), json!(nth))].into_iter().collect();
            Call { id: nth.to_string(), name: (*name).into(), args }
        };
        let result = |(nth, (_, content)): (usize, &(&str, &str))| ToolResult {
            id: nth.to_string(),
            content: (*content).into(),
            is_error: false,
        };
        Round {
            calls: calls.iter().enumerate().map(call).collect(),
            results: calls.iter().enumerate().map(result).collect(),
            ..Round::default()
        }
    }

    #[test]
    fn each_use_is_shown_with_its_own_call_and_what_the_engine_did_with_none() {
        let rounds = [round(&[("get_services", "a"), ("propose_slots", "b")])];
        let uses = ["create_booking", "propose_slots", "get_services", "get_services"];
        let told = tools(uses.map(used).into(), &rounds);
        let results: Vec<_> = told.iter().map(|tool| tool.result.as_deref()).collect();
        assert_eq!(results, [None, Some("b"), Some("a"), None]);
        assert_eq!(told[1].arguments.as_deref(), Some(r#"{"nth":1}"#));
    }

    #[test]
    fn a_result_of_any_length_is_cut_between_characters() {
        let long = "å".repeat(10_000);
        let told = tools(vec![used("x")], &[round(&[("x", &long)])]);
        let result = told[0].result.as_ref().unwrap();
        assert!(result.chars().count() <= RESULT, "{}", result.chars().count());
    }
}
