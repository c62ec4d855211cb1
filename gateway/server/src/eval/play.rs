//! Plays one case, turn by turn, and writes down what is wrong with it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use forecourt_actors::EngineError;
use forecourt_core::{
    booking::{Booking, BookingStatus},
    capture::RawSubmission,
    dialogue::{Pressed, WithheldText},
    event::{Author, Event, MessagePosted, Origin, Seq},
    id::{InboundEventId, SessionId},
    lang::Lang,
    session::{LeadSession, Speaker},
    tools::ToolUse,
};
use forecourt_models::house::HouseResponder;
use forecourt_ports::{
    model::Model,
    store::{InboundEvent, InboundOutcome},
};
use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use super::{
    businesses::MEMBER,
    cases::{Case, FormRow, TurnRow},
    checks::{self, Standing},
    config::Runner,
    model::{Answers, Overheard, Scripted},
    record::{self, Heard},
    stage::{CaseClock, Models, Stage},
};

/// How often it is looked whether somebody has answered.
const LOOK: SignedDuration = SignedDuration::from_millis(50);
/// Longer than any promise may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(120);
/// Where nobody is to answer, so long is waited for it.
const SILENCE: SignedDuration = SignedDuration::from_secs(20);
/// The longest wait that a case on the machine's own clock makes.
const LIVE_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// How a case went.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// What was written and done, line by line, with what was wrong where it was.
    pub(crate) transcript: Vec<String>,
    pub(crate) faults: Vec<Fault>,
    /// The case once more, with what the models answered; none of one that could not be played to its end.
    pub(super) recording: Option<String>,
}

/// Something that was not as the case has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from 1; 0 is the end of the case.
    pub(crate) turn: usize,
    pub(crate) expected: String,
    pub(crate) came: String,
}

/// What came of one turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Came {
    /// What was said, in one text; empty when nobody answered.
    pub(crate) answer: String,
    pub(crate) origins: Vec<Origin>,
    /// Calls of models, with their arguments.
    pub(crate) calls: Vec<(String, Value)>,
    /// What was run, the engine's own steps too.
    pub(crate) uses: Vec<ToolUse>,
    pub(crate) withheld: Vec<WithheldText>,
}

/// The configured models, for the runner `live`.
#[derive(Clone)]
pub(crate) struct LiveModels {
    pub(crate) primary: Arc<dyn Model>,
    pub(crate) second: Arc<dyn Model>,
}

/// Plays a case. An error is one of the case's business, before anything was tried.
pub(crate) async fn play(case: &Case, live: Option<&LiveModels>) -> anyhow::Result<Played> {
    let mut player = Player::new(case, live).await?;
    for (turn, nth) in case.told.turns.iter().zip(1..) {
        player.nth = nth;
        // What cannot be done, such as a yes to a hold that is not there, is a fault of its own.
        if let Err(error) = player.turn(turn).await {
            player.wrong(vec![("the turn to be played".into(), format!("{error:#}"))]);
            let Player { transcript, faults, .. } = player;
            return Ok(Played { transcript, faults, recording: None });
        }
    }
    player.nth = 0;
    let standing = player.standing().await?;
    let found = checks::end(case, &standing, player.person_called, &player.said);
    player.wrong(found);
    let model = format!("{} {}", player.model.0, player.model.1);
    let recording = record::case(case, &model, &player.answers, &standing, player.person_called);
    let Player { transcript, faults, .. } = player;
    Ok(Played { transcript, faults, recording: Some(recording) })
}

struct Player<'a> {
    case: &'a Case,
    stage: Stage,
    script: Option<Scripted>,
    heard: Answers,
    /// What the models answered, turn by turn.
    answers: Vec<Vec<Vec<Heard>>>,
    /// The model and the prompt that answered last.
    model: (String, String),
    live: bool,
    session: Option<SessionId>,
    /// Up to where the log was read.
    read: Seq,
    nth: usize,
    written: u32,
    person_called: bool,
    /// All answers so far.
    said: Vec<String>,
    transcript: Vec<String>,
    faults: Vec<Fault>,
}

impl<'a> Player<'a> {
    async fn new(case: &'a Case, live: Option<&LiveModels>) -> anyhow::Result<Self> {
        let begin = case.business.begins(&case.told)?;
        let tenant = case.business.tenant(&case.told)?;
        let house: Arc<dyn Model> = Arc::new(HouseResponder);
        let prompt = case.told.recorded.as_deref().unwrap_or("script@1");
        let scripted = matches!(case.runner, Runner::Scripted | Runner::Recorded);
        let script = scripted.then(|| Scripted::new(case.business.service_ids(), prompt));
        let (first, second) = match (live, &script) {
            (Some(live), _) => (Arc::clone(&live.primary), Arc::clone(&live.second)),
            (None, Some(script)) => (Arc::new(script.clone()) as Arc<dyn Model>, house),
            (None, None) => (Arc::clone(&house), house),
        };
        let heard = Answers::default();
        let hear = |inner| Arc::new(Overheard { inner, answers: heard.clone() }) as Arc<dyn Model>;
        let models = Models { primary: hear(first), second: hear(second) };
        let clock = Arc::new(CaseClock::start(begin));
        let stage = Stage::open(tenant, &case.told.pages, clock, models).await?;
        Ok(Self {
            case,
            stage,
            script,
            heard,
            answers: Vec::new(),
            model: ("nobody".into(), "nothing".into()),
            live: live.is_some(),
            session: None,
            read: Seq(0),
            nth: 0,
            written: 0,
            person_called: false,
            said: Vec::new(),
            transcript: Vec::new(),
            faults: Vec::new(),
        })
    }

    async fn turn(&mut self, turn: &TurnRow) -> anyhow::Result<()> {
        if let Some(wait) = turn.wait {
            self.pass(if self.live { wait.min(LIVE_WAIT) } else { wait }).await;
            // What happened meanwhile is nobody's answer to what follows.
            self.hear().await?;
        }
        if let Some(script) = &self.script {
            script.set(&turn.model);
        }
        self.heard.take();
        if !self.act(turn).await? {
            self.answers.push(Vec::new());
            return Ok(());
        }
        let came = self.answered(turn).await?;
        let answer = came.answer.replace('\n', "\n      ");
        let used: Vec<_> = came
            .uses
            .iter()
            .map(|used| match &used.code {
                Some(code) => format!("{} ({code})", used.tool),
                None => used.tool.clone(),
            })
            .collect();
        if !used.is_empty() {
            self.transcript.push(format!("      {}", used.join(", ")));
        }
        for kept in &came.withheld {
            self.transcript.push(format!("      kept back ({:?}): {}", kept.reason, kept.text));
        }
        self.transcript.push(format!("    < {answer}"));
        let before = self.said.last().cloned().unwrap_or_default();
        let mut found = checks::turn(self.case, turn, &came, &self.standing().await?);
        found.extend(checks::always(self.case, turn, &came, &before));
        self.wrong(found);
        if !came.answer.is_empty() {
            self.said.push(came.answer);
        }
        Ok(())
    }

    /// Does what the turn says; false when nobody is to be answered.
    async fn act(&mut self, turn: &TurnRow) -> anyhow::Result<bool> {
        self.written += 1;
        let client = format!("c{}", self.written);
        if let Some(form) = &turn.form {
            self.transcript.push(format!("    > (form) {}", form.message.as_deref().unwrap_or("")));
            self.submit(form).await?;
            return Ok(true);
        }
        let session = self.session().await?;
        let tenant = self.stage.tenant.clone();
        if let Some(text) = &turn.member {
            self.transcript.push(format!("    # {text}"));
            if text == "give back" {
                tenant.release(session, MEMBER, false).await?;
            } else {
                tenant.post_member_message(session, MEMBER, text.clone(), client, None).await?;
            }
            self.hear().await?;
            return Ok(false);
        }
        if let Some(text) = &turn.customer {
            let text = match self.stage.code() {
                Some(code) => text.replace("{code}", &code),
                None if text.contains("{code}") => bail!("no letter has a code"),
                None => text.clone(),
            };
            self.transcript.push(format!("    > {text}"));
            tenant.post_message(session, text, client, None).await?;
            return Ok(true);
        }
        if let Some(press) = &turn.press {
            let pressed = self.pressed(press).await?;
            let text = self.words_of(pressed)?;
            self.transcript.push(format!("    > [{press}] {text}"));
            tenant.press(session, text, client, None, Some(pressed)).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn pressed(&self, press: &str) -> anyhow::Result<Pressed> {
        let state = self.state().await?;
        let held = || {
            let now = self.stage.clock.now();
            let held = state.dialogue.held(now).last().map(|known| known.news.offer);
            held.context("nothing is held that could be answered")
        };
        Ok(match press.split_once(' ') {
            None if press == "accept" => Pressed::Accept { offer: held()? },
            None if press == "decline" => Pressed::Decline { offer: held()? },
            Some(("pick", nth)) => {
                let nth: usize = nth.parse().context("which one is picked?")?;
                let offer = nth.checked_sub(1).and_then(|place| state.dialogue.offers.get(place));
                let offer = offer.with_context(|| format!("there is no offer {nth}"))?;
                Pressed::Pick { service: offer.service, from: offer.from, resource: offer.resource }
            }
            _ => bail!("`{press}` is no button"),
        })
    }

    /// What stands on a button.
    fn words_of(&self, pressed: Pressed) -> anyhow::Result<String> {
        let (yes, no) = match self.case.lang {
            Lang::Nb => ("Ja", "Nei"),
            Lang::Fr => ("Oui", "Non"),
            Lang::En => ("Yes", "No"),
            Lang::Ar => ("نعم", "لا"),
        };
        Ok(match pressed {
            Pressed::Accept { .. } => yes.to_owned(),
            Pressed::Decline { .. } => no.to_owned(),
            Pressed::CallMe { .. } | Pressed::CallLater | Pressed::DoNotCall => {
                bail!("a case agrees no call")
            }
            Pressed::Pick { from, .. } => {
                let at = self.case.business.time_zone()?.to_datetime(from);
                at.strftime("%Y-%m-%d %H:%M").to_string()
            }
        })
    }

    async fn submit(&mut self, form: &FormRow) -> anyhow::Result<()> {
        let raw = RawSubmission {
            name: form.name.clone(),
            email: form.email.clone(),
            phone: form.phone.clone(),
            vehicle_interest: form.vehicle.clone(),
            message: form.message.clone(),
            source_url: None,
        };
        let tenant = &self.stage.tenant;
        let submission = raw
            .parse(&tenant.snapshot().settings.country)
            .map_err(|errors| anyhow::anyhow!("the form cannot be taken: {errors:?}"))?;
        let inbound = InboundEvent {
            id: InboundEventId::from_uuid(Uuid::from_u128(0x0e5a_7001)),
            at: self.stage.clock.now(),
            kind: "form",
            status: 200,
            outcome: InboundOutcome::Created,
            lead: None,
            content_type: None,
            body: String::new(),
        };
        let captured = tenant.capture(submission, inbound).await?;
        self.session = Some(captured.session);
        Ok(())
    }

    /// Waits until whoever answers has answered, and reads what came of it.
    async fn answered(&mut self, turn: &TurnRow) -> anyhow::Result<Came> {
        let mut came = Came::default();
        let patience = if turn.silent { SILENCE } else { PATIENCE };
        let until = self.stage.clock.now().saturating_add(patience)?;
        while self.stage.clock.now() < until {
            self.pass(LOOK).await;
            self.gather(&mut came).await?;
            let state = self.state().await?;
            let waits = state.turn.is_some() || !state.promises.is_empty();
            if !came.answer.is_empty() && !waits && !turn.silent {
                break;
            }
        }
        let heard = self.heard.take();
        came.calls = heard
            .iter()
            .flatten()
            .filter_map(|heard| match heard {
                Heard::Call(tool, args) => Some((tool.clone(), args.clone())),
                _ => None,
            })
            .collect();
        self.answers.push(heard);
        if let Some(origin) = came.origins.last() {
            self.model = (origin.model.clone(), origin.prompt.clone());
        }
        Ok(came)
    }

    /// Reads on in the log.
    async fn gather(&mut self, came: &mut Came) -> anyhow::Result<()> {
        for record in self.stage.events(self.read).await? {
            self.read = record.seq;
            if Some(record.session) != self.session {
                continue;
            }
            match record.event {
                Event::MessagePosted(MessagePosted {
                    author: Author::Assistant,
                    text,
                    origin,
                    ..
                }) => {
                    if !came.answer.is_empty() {
                        came.answer.push('\n');
                    }
                    came.answer += &text;
                    came.origins.extend(origin);
                }
                Event::TurnNoted { notes, .. } => {
                    came.uses.extend(notes.uses);
                    came.withheld.extend(notes.withheld);
                }
                Event::HandoffRequested { .. } => self.person_called = true,
                _ => {}
            }
        }
        Ok(())
    }

    async fn hear(&mut self) -> anyhow::Result<()> {
        let mut nobody = Came::default();
        self.gather(&mut nobody).await
    }

    async fn session(&mut self) -> Result<SessionId, EngineError> {
        if let Some(session) = self.session {
            return Ok(session);
        }
        let session = self.stage.tenant.open_session(self.case.lang).await?;
        self.session = Some(session);
        Ok(session)
    }

    async fn state(&self) -> anyhow::Result<LeadSession> {
        let session = self.session.context("nobody has written yet")?;
        self.stage.state(session).await
    }

    async fn standing(&self) -> anyhow::Result<Standing> {
        let state = self.state().await?;
        let stage = state.dialogue.stage(state.handoff.is_some(), self.stage.clock.now());
        Ok(Standing { state, stage, bookings: self.bookings().await? })
    }

    /// The bookings that stand, in the order of their times.
    async fn bookings(&self) -> anyhow::Result<Vec<String>> {
        let session = self.session.context("nobody has written yet")?;
        let now = self.stage.clock.now();
        let zone = self.case.business.time_zone()?;
        let told = |booking: &Booking| {
            let status = match booking.status_at(now) {
                BookingStatus::Held => "held",
                BookingStatus::Booked => "booked",
                _ => return None,
            };
            let at = zone.to_datetime(booking.wish.from);
            let service = self.case.business.service_name(booking.wish.service);
            Some(format!("{status} {service} {}", at.strftime("%m-%d %H:%M")))
        };
        let mut bookings = self.stage.tenant.bookings().of_session(session).await?;
        bookings.sort_by_key(|booking| booking.wish.from);
        Ok(bookings.iter().filter_map(told).collect())
    }

    fn wrong(&mut self, found: Vec<(String, String)>) {
        for (expected, came) in found {
            self.transcript.push(format!("      ^^^ expected {expected}; came {came}"));
            self.faults.push(Fault { turn: self.nth, expected, came });
        }
    }

    async fn pass(&self, span: SignedDuration) {
        let at = self.stage.clock.now().saturating_add(span);
        self.stage.clock.sleep_until(at.unwrap_or(jiff::Timestamp::MAX)).await;
    }
}

/// Who speaks, as cases write it.
pub(super) const fn speaks(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Assistant => "assistant",
        Speaker::Member(_) => "person",
    }
}
