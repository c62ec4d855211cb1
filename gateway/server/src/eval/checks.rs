//! What must be so: what a case says, and what holds in every case.
//!
//! Each fault is a pair: what was expected, and what came.

use forecourt_core::{
    dialogue::Stage,
    lang::Lang,
    session::LeadSession,
    tools::{Outcome, ToolName, ToolUse},
};
use serde_json::Value;

use super::{
    cases::{CallRow, Case, TurnRow},
    config::Runner,
    model::fill,
    play::{Came, speaks},
};

type Found = Vec<(String, String)>;

/// How the conversation stands.
pub(super) struct Standing {
    pub(super) state: LeadSession,
    pub(super) stage: Stage,
    pub(super) bookings: Vec<String>,
}

/// What the case says of this turn.
pub(super) fn turn(case: &Case, turn: &TurnRow, came: &Came, standing: &Standing) -> Found {
    let Standing { stage: is, bookings, .. } = standing;
    let mut found = Found::new();
    let mut expect = |holds: bool, expected: String, came: &dyn Fn() -> String| {
        if !holds {
            found.push((expected, came()));
        }
    };
    for part in &turn.says {
        let one_of: Vec<String> = part.split('|').map(plain).collect();
        let answer = plain(&came.answer);
        let holds = one_of.iter().any(|part| answer.contains(part.trim()));
        expect(holds, format!("the answer to say `{part}`"), &|| quote(&came.answer));
    }
    for part in &turn.never {
        let holds = !plain(&came.answer).contains(&plain(part));
        expect(holds, format!("the answer not to say `{part}`"), &|| quote(&came.answer));
    }
    let tools = tools(came);
    for call in &turn.calls {
        expect(was_called(case, call, came), format!("a call of {}", wished(call)), &|| told(came));
    }
    for tool in &turn.never_calls {
        let holds = !tools.contains(&tool.as_str());
        expect(holds, format!("no call of {tool}"), &|| told(came));
    }
    if let Some(only) = &turn.only_calls {
        let holds = tools.iter().all(|tool| only.iter().any(|wanted| wanted == tool))
            && only.iter().all(|wanted| tools.contains(&wanted.as_str()));
        expect(holds, format!("calls of {only:?} alone"), &|| told(came));
    }
    if let Some(stage) = turn.stage {
        let expected = format!("the stage {}", stage.as_str());
        expect(*is == stage, expected, &|| is.as_str().to_owned());
    }
    if let Some(wanted) = &turn.bookings {
        expect(wanted == bookings, format!("the bookings {wanted:?}"), &|| format!("{bookings:?}"));
    }
    for reason in &turn.withheld {
        let is = |kept: &forecourt_core::dialogue::WithheldText| {
            serde_json::to_value(kept.reason).is_ok_and(|value| value == *reason)
        };
        expect(
            came.withheld.iter().any(is),
            format!("a sentence kept back for its {reason}"),
            &|| format!("{:?}", came.withheld),
        );
    }
    if let Some(by) = &turn.by {
        let last = came.origins.last().map_or("nobody", |origin| origin.model.as_str());
        expect(last == by, format!("the words of {by}"), &|| format!("those of {last}"));
    }
    found
}

/// What holds in every turn, whatever the case says.
pub(super) fn always(case: &Case, turn: &TurnRow, came: &Came, before: &str) -> Found {
    let mut found = Found::new();
    if came.answer.is_empty() != turn.silent {
        let expected = if turn.silent { "nobody to answer" } else { "an answer" };
        found.push((expected.into(), quote(&came.answer)));
        return found;
    }
    if turn.silent {
        return found;
    }
    let answer = &came.answer;
    let lang = turn.lang.unwrap_or(case.lang);
    if !is_in(answer, lang) {
        found.push((format!("an answer in {lang}"), quote(answer)));
    }
    if !turn.again && answer.trim() == before.trim() {
        found.push(("another answer than the last one".into(), quote(answer)));
    }
    let own = ToolName::ALL.into_iter().map(ToolName::as_str);
    let words = own.chain(["](", "<a ", "<img", "```", "**", "{{", "service_id", "booking_id"]);
    for word in words.chain(["bkg_", "svc_", "ses_", "trn_", "system prompt"]) {
        if answer.contains(word) {
            found.push((format!("no `{word}` in an answer"), quote(answer)));
        }
    }
    if case.runner == Runner::House {
        if !came.withheld.is_empty() && turn.withheld.is_empty() {
            let kept: Vec<_> = came
                .withheld
                .iter()
                .map(|kept| format!("{:?}: {}", kept.reason, kept.text))
                .collect();
            found.push(("nothing to be kept back of the house's words".into(), kept.join("; ")));
        }
        if turn.by.is_none() && came.origins.iter().any(|origin| origin.model == "template") {
            found.push((
                "an answer of the house's own".into(),
                format!("the template: {}", quote(answer)),
            ));
        }
        let bad = came.uses.iter().find(|used| used.outcome == Outcome::BadArguments);
        if let Some(ToolUse { tool, .. }) = bad {
            found.push(("arguments that the tool takes".into(), format!("{tool} refused them")));
        }
    }
    found
}

/// What must be so when all is said.
pub(super) fn end(case: &Case, standing: &Standing, person_called: bool, said: &[String]) -> Found {
    let Standing { state, stage: is_at, bookings } = standing;
    let mut found = Found::new();
    let mut expect = |holds: bool, expected: String, came: String| {
        if !holds {
            found.push((expected, came));
        }
    };
    let ends = &case.told.ends;
    expect(
        ends.bookings == *bookings,
        format!("the bookings {:?} at the end", ends.bookings),
        format!("{bookings:?}"),
    );
    expect(
        ends.person == person_called,
        if ends.person { "a person to be called" } else { "nobody to be called" }.into(),
        if person_called { "somebody was" } else { "nobody was" }.into(),
    );
    if let Some(stage) = ends.stage {
        let expected = format!("the stage {} at the end", stage.as_str());
        expect(*is_at == stage, expected, is_at.as_str().into());
    }
    if let Some(wanted) = &ends.speaks {
        let is = speaks(state.speaker);
        expect(is == wanted, format!("the {wanted} to speak at the end"), format!("the {is} does"));
    }
    let email = state.customer_email.as_ref().map(|one| one.as_str().to_owned());
    let phone = state.customer_phone.as_ref().map(|one| one.as_str().to_owned());
    for (what, wanted, is) in [
        ("name", &ends.name, state.customer_name.clone()),
        ("address", &ends.email, email),
        ("number", &ends.phone, phone),
    ] {
        if let Some(wanted) = wanted {
            let holds = is.as_ref() == Some(wanted);
            expect(holds, format!("the customer's {what} to be {wanted}"), format!("{is:?}"));
        }
    }
    for (key, wanted) in &ends.answers {
        let is = state.dialogue.answers.get(key);
        expect(is == Some(wanted), format!("{wanted:?} for the question {key}"), format!("{is:?}"));
    }
    for part in &ends.never {
        for answer in said {
            let holds = !plain(answer).contains(&plain(part));
            expect(holds, format!("no answer to say `{part}`"), quote(answer));
        }
    }
    found
}

/// All tools that were wished or run.
fn tools(came: &Came) -> Vec<&str> {
    let wished = came.calls.iter().map(|(tool, _)| tool.as_str());
    wished.chain(came.uses.iter().map(|used| used.tool.as_str())).collect()
}

fn was_called(case: &Case, call: &CallRow, came: &Came) -> bool {
    let CallRow::With(with) = call else {
        return matches!(call, CallRow::Name(name) if tools(came).contains(&name.as_str()));
    };
    let services = case.business.service_ids();
    let args = fill(with.args.clone(), &services, None);
    let wished = args.is_null()
        || came.calls.iter().any(|(tool, given)| *tool == with.tool && is_part(&args, given));
    let ended = with.outcome.as_ref().is_none_or(|outcome| {
        came.uses.iter().any(|used| used.tool == with.tool && has_ended(used, outcome))
    });
    wished && ended && tools(came).contains(&with.tool.as_str())
}

fn has_ended(used: &ToolUse, outcome: &str) -> bool {
    let is = serde_json::to_value(used.outcome);
    used.code.as_deref() == Some(outcome) || is.is_ok_and(|value| value == outcome)
}

/// Whether all that `part` names stands so in `whole`.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_part(part, whole)))
        }
        // A time may be written with its seconds.
        (Value::String(part), Value::String(whole)) => {
            part == whole || whole.strip_suffix(":00") == Some(part)
        }
        (part, whole) => part == whole,
    }
}

fn wished(call: &CallRow) -> String {
    match call {
        CallRow::Name(name) => name.clone(),
        CallRow::With(with) => {
            let outcome = with.outcome.as_deref().map(|one| format!(" → {one}"));
            format!("{} {}{}", with.tool, with.args, outcome.unwrap_or_default())
        }
    }
}

fn told(came: &Came) -> String {
    let calls = came.calls.iter().map(|(tool, args)| format!("{tool} {args}"));
    let own = came.uses.iter().map(|used| {
        let code = used.code.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
        format!("{} → {:?}{code}", used.tool, used.outcome)
    });
    let all: Vec<_> = calls.chain(own).collect();
    if all.is_empty() { "no calls".into() } else { all.join("; ") }
}

fn quote(text: &str) -> String {
    if text.is_empty() { "nothing".into() } else { format!("“{text}”") }
}

/// Spaces of all kinds are one space, and marks that steer direction are not there.
fn plain(text: &str) -> String {
    let steers = |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}');
    let text: String = text.to_lowercase().chars().filter(steers).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text may be one of this language: unsure counts.
fn is_in(text: &str, lang: Lang) -> bool {
    Lang::detect(text).is_none_or(|found| found == lang)
}
