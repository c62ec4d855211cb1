//! The executor: runs the tools that a model calls in a turn, and what a turn does by itself.
//!
//! Lives here: what is offered ([`offered`]), the way of one call ([`Tools::call`]: read, counted, granted,
//! run, written down), and one file per group of tools. What may run is the session's to say
//! ([`forecourt_core::session`]); what an answer may say of it is the claim gate's, by [`Receipt`]s.
//!
//! # Invariants
//! - **A6** arguments that are not of the schema, and tools that do not exist, change nothing and are a
//!   short error for the model;
//! - **A7** what changes or reveals anything is granted to this turn first; a turn that is over ends here;
//! - **A9** so many calls, so many of each tool, so many characters of a result;
//! - **A13** neither arguments nor results are logged.

mod bookings;
mod business;
mod codes;
mod contact;
mod custom;
pub(crate) mod desk;
pub(crate) mod dry_run;
mod escalate;
mod inventory;
mod knowledge;
mod own;
mod slots;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use forecourt_core::{
    booking::{Customer, Refused},
    dialogue::{Dialogue, MOST_OFFERS, Offer, TurnNotes},
    event::{Channel, MessageSeq},
    id::{BookingId, PassageId, SessionId, TurnId},
    knowledge::Knowledge,
    lang::Lang,
    search::FoundBy,
    session::{Command, NotGranted, Rejection},
    settings::TenantSettings,
    tools::{
        BadArguments, MOST_CALLS, Outcome, Receipt, Request, ToolName, ToolUse, Used,
        results::{self, Code, Failed},
    },
};
use forecourt_ports::{
    bus::{Draft, Step},
    model::{Call, Tool, ToolResult},
    store::knowledge::{Stood, Used as Stored},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    booking::{BookingDesk, BookingError},
    engine::Ports,
    error::EngineError,
    names,
    tenant::TenantShared,
};

/// Bytes of a result that the model reads.
const MOST_CONTENT: usize = 16 * 1024;
/// Receipts of one turn.
const MOST_RECEIPTS: usize = 64;

/// Whose turn it is, and what it knew when it began.
#[derive(Clone)]
pub(crate) struct TurnFacts {
    pub(crate) turn: TurnId,
    pub(crate) session: SessionId,
    pub(crate) lang: Lang,
    pub(crate) channel: Channel,
    /// The last message that the turn has read: wishes of the same message are the same wish.
    pub(crate) covers: MessageSeq,
    pub(crate) customer: Customer,
    pub(crate) dialogue: Arc<Dialogue>,
    /// Whether a person was called and has not come yet.
    pub(crate) awaits_person: bool,
    /// What the customer wrote last.
    pub(crate) last_text: String,
}

/// The tools of one turn.
pub(crate) struct Tools {
    tenant: Arc<TenantShared>,
    ports: Arc<Ports>,
    desk: BookingDesk,
    facts: TurnFacts,
    settings: Arc<TenantSettings>,
    knowledge: Arc<Knowledge>,
    zone: TimeZone,
    calls: u32,
    called: BTreeMap<ToolName, u32>,
    receipts: Vec<Receipt>,
    notes: TurnNotes,
    /// Whether a one-time code of this turn's was wrong: it may be written again, no other is sent.
    wrong_code: bool,
    /// Which way the passages of this turn were found.
    found_by: BTreeMap<PassageId, FoundBy>,
}

/// The turn is over: somebody else speaks, or a newer turn does (A7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over;

/// What a tool found or did: JSON of the shapes of [`forecourt_core::tools::results`].
#[derive(Default)]
struct Found {
    content: String,
    receipts: Vec<Receipt>,
    used: Vec<Used>,
    offers: Vec<Offer>,
}

impl Found {
    fn of<T: Serialize>(result: &T) -> Self {
        Self { content: results::write(result), ..Self::default() }
    }
}

/// Why a tool did nothing.
enum No {
    /// The model is told, and the times that may be offered instead.
    Failed(Box<Failed>, Vec<Offer>),
    Over,
}

impl No {
    fn new(code: Code, say: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failed::new(code, say)), Vec::new())
    }

    fn bad(what: impl Into<String>) -> Self {
        Self::new(Code::BadArguments, what)
    }

    fn unavailable() -> Self {
        let say = "it does not answer now; say that a colleague will look into it";
        Self::new(Code::Unavailable, say)
    }
}

impl From<EngineError> for No {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Rejected(Rejection::NotGranted(why)) => not_granted(why),
            EngineError::Rejected(_) => Self::Over,
            EngineError::Busy { .. } | EngineError::Unavailable { .. } => Self::unavailable(),
        }
    }
}

impl From<BookingError> for No {
    fn from(error: BookingError) -> Self {
        match error {
            BookingError::NotFound => {
                Self::new(Code::NotFound, "there is no such booking or service")
            }
            BookingError::Refused(refused @ Refused::HoldIsOver) => {
                Self::new(Code::NotHeld, refused.to_string())
            }
            BookingError::Refused(refused) => Self::new(Code::NotAllowed, refused.to_string()),
            BookingError::NotFree(_) => Self::new(Code::NotFree, "the time is not free"),
            BookingError::Code(refused) => refused.into(),
            BookingError::TooMany | BookingError::Engine(_) => Self::unavailable(),
        }
    }
}

fn not_granted(why: NotGranted) -> No {
    let (code, say) = match why {
        NotGranted::TooOften => {
            (Code::TooOften, "it ran as often as it may: answer with what you have")
        }
        NotGranted::UnknownBooking => {
            (Code::NotFound, "that booking is none of this conversation's")
        }
        NotGranted::NotHeld => {
            (Code::NotHeld, "nothing is held any more: offer free times and hold one again")
        }
        NotGranted::NoYes => (
            Code::NoYes,
            "the customer has not said yes to this held time: name it, and ask for a clear yes",
        ),
        NotGranted::NoCode => (
            Code::NoCode,
            "the customer has not shown that the booking is theirs: they can use the link in their letter, or a colleague helps",
        ),
    };
    No::new(code, say)
}

/// The tools that are offered, the tenant's own behind the others.
pub(crate) fn offered(knowledge: &Knowledge, lang: Lang) -> Arc<[Tool]> {
    let of_all = offered_to_all(knowledge);
    if knowledge.tools.is_empty() {
        return of_all;
    }
    let own = knowledge.tools.iter().map(|tool| Tool {
        name: tool.body.name.clone(),
        description: tool.body.description.get(lang).to_owned(),
        schema: tool.body.arguments.schema(),
        takes_contacts: false,
    });
    of_all.iter().cloned().chain(own).collect()
}

/// No bookings where nothing can be booked, no vehicles where there are none.
///
/// One list for each of the four, made once: providers cache what does not change.
fn offered_to_all(knowledge: &Knowledge) -> Arc<[Tool]> {
    static LISTS: LazyLock<[Arc<[Tool]>; 4]> = LazyLock::new(|| {
        [(false, false), (true, false), (false, true), (true, true)].map(|(services, vehicles)| {
            let fits = |tool: &ToolName| match tool {
                ToolName::GetServices
                | ToolName::CheckAvailability
                | ToolName::ProposeSlots
                | ToolName::HoldSlot
                | ToolName::CreateBooking
                | ToolName::RescheduleBooking
                | ToolName::CancelBooking
                | ToolName::GetBookingDetails => services,
                ToolName::SearchInventory | ToolName::GetVehicle => vehicles,
                ToolName::GetBusinessInfo
                | ToolName::SearchKnowledge
                | ToolName::CaptureContact
                | ToolName::EscalateToHuman => true,
            };
            let tool = |tool: ToolName| Tool {
                name: tool.as_str().to_owned(),
                description: tool.description().to_owned(),
                schema: tool.schema(),
                takes_contacts: tool.takes_contacts(),
            };
            ToolName::ALL.into_iter().filter(fits).map(tool).collect()
        })
    });
    let (services, vehicles) = (!knowledge.services.is_empty(), !knowledge.vehicles.is_empty());
    Arc::clone(&LISTS[usize::from(services) + 2 * usize::from(vehicles)])
}

impl Tools {
    pub(crate) fn new(
        tenant: Arc<TenantShared>,
        ports: Arc<Ports>,
        facts: TurnFacts,
        settings: Arc<TenantSettings>,
        knowledge: Arc<Knowledge>,
    ) -> Self {
        Self {
            desk: tenant.bookings(),
            zone: settings.time_zone(),
            tenant,
            ports,
            facts,
            settings,
            knowledge,
            calls: 0,
            called: BTreeMap::new(),
            receipts: Vec::new(),
            notes: TurnNotes::default(),
            wrong_code: false,
            found_by: BTreeMap::new(),
        }
    }

    /// What answers may stand on so far.
    pub(crate) fn receipts(&self) -> Arc<[Receipt]> {
        self.receipts.as_slice().into()
    }

    /// Whether another call may run.
    pub(crate) const fn may_call(&self) -> bool {
        self.calls < MOST_CALLS
    }

    /// What an answered turn stood on, and the question that nothing answered: kept beside the answer, which
    /// waits for neither. Nothing for a turn without tools.
    pub(crate) fn note_answered(&self) {
        let uses = &self.notes.uses;
        let done = |wanted: &ToolUse| wanted.outcome == Outcome::Done;
        let stood_on: BTreeSet<Stored> =
            uses.iter().flat_map(|call| &call.used).filter_map(stored).collect();
        let way = |used: Stored| match used {
            Stored::Passage(id) => (used, self.found_by.get(&id).copied()),
            Stored::Vehicle(_) | Stored::Service(_) => (used, None),
        };
        let stood_on: Vec<Stood> = stood_on.into_iter().map(way).collect();
        let search = ToolName::SearchKnowledge.as_str();
        let looked = uses.iter().any(|call| done(call) && call.tool == search);
        let helped = |call: &ToolUse| done(call) && (call.tool != search || !call.used.is_empty());
        let unanswered = looked && !uses.iter().any(helped) && !self.facts.last_text.is_empty();
        if stood_on.is_empty() && !unanswered {
            return;
        }
        let (tenant, facts) = (Arc::clone(&self.tenant), self.facts.clone());
        self.ports.io.spawn(async move {
            if !stood_on.is_empty() {
                tenant.note_uses(facts.session, facts.turn, &stood_on).await;
            }
            if unanswered {
                tenant.note_unanswered(facts.session, facts.lang, &facts.last_text).await;
            }
        });
    }

    /// What was done, and what the answer may offer; what the gate kept back is added by the turn.
    pub(crate) fn into_notes(self) -> TurnNotes {
        self.notes
    }

    /// Runs one call of the model's.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<ToolResult, Over> {
        let began = self.now();
        let may_call = self.may_call();
        self.calls += 1;
        let ended = match ToolName::parse(&call.name) {
            None => match self.custom(&call.name) {
                None => Err(No::new(Code::UnknownTool, "there is no tool of this name")),
                Some(_) if !may_call => Err(not_granted(NotGranted::TooOften)),
                Some(tool) => {
                    self.tell(Step::Looking);
                    Box::pin(self.call_custom(&tool, &call.args)).await
                }
            },
            Some(tool) => match Request::parse(tool, &call.args) {
                _ if !may_call => Err(not_granted(NotGranted::TooOften)),
                Err(BadArguments(what)) => Err(No::bad(what)),
                Ok(_) if self.is_used_up(tool) => Err(not_granted(NotGranted::TooOften)),
                Ok(request) => {
                    *self.called.entry(tool).or_default() += 1;
                    self.tell(Step::Tool(tool));
                    Box::pin(self.run(request)).await
                }
            },
        };
        self.settle(call, ended, began)
    }

    fn is_used_up(&self, tool: ToolName) -> bool {
        self.called.get(&tool).copied().unwrap_or(0) >= tool.budget()
    }

    /// Shows what is done on the way to the answer.
    fn tell(&self, step: Step) {
        let draft = Draft::Progress { turn: self.facts.turn, step };
        self.ports.bus.publish_draft(self.tenant.id, self.facts.session, draft);
    }

    async fn run(&mut self, request: Request) -> Result<Found, No> {
        match request {
            Request::GetBusinessInfo => Ok(self.business_info()),
            Request::GetServices => Ok(self.services()),
            Request::SearchKnowledge(asked) => self.search_knowledge(&asked).await,
            Request::SearchInventory(asked) => Ok(self.search_inventory(asked)),
            Request::GetVehicle(asked) => self.vehicle(asked.vehicle_id),
            Request::CheckAvailability(asked) => self.check_availability(asked).await,
            Request::ProposeSlots(asked) => self.propose_slots(asked).await,
            Request::HoldSlot(asked) => self.hold_slot(asked).await,
            Request::CreateBooking(of) => self.create_booking(of.booking_id).await,
            Request::RescheduleBooking(asked) => self.reschedule_booking(asked).await,
            Request::CancelBooking(asked) => self.cancel_booking(asked).await,
            Request::GetBookingDetails(asked) => self.booking_details(asked.booking_id).await,
            Request::CaptureContact(asked) => self.capture_contact(asked).await,
            Request::EscalateToHuman(_) => self.escalate().await,
        }
    }

    /// Writes down how a call ended, and says it to the model.
    fn settle(
        &mut self,
        call: &Call,
        ended: Result<Found, No>,
        began: Timestamp,
    ) -> Result<ToolResult, Over> {
        let (outcome, code, used, mut content) = match ended {
            Err(No::Over) => return Err(Over),
            Ok(Found { content, receipts, used, offers }) => {
                self.keep(receipts);
                self.offer(offers);
                (Outcome::Done, None, used, content)
            }
            Err(No::Failed(failed, offers)) => {
                self.offer(offers);
                let outcome = match failed.error {
                    Code::BadArguments | Code::UnknownTool => Outcome::BadArguments,
                    Code::Unavailable => Outcome::Failed,
                    _ => Outcome::Refused,
                };
                (outcome, Some(failed.error), vec![], results::write(&*failed))
            }
        };
        // A tenant's own have one name in metrics: what they are called is theirs.
        let (name, label) = match ToolName::parse(&call.name) {
            Some(tool) => (tool.as_str(), tool.as_str()),
            None if call.name == results::GIVE_CODE => (results::GIVE_CODE, results::GIVE_CODE),
            None if self.custom(&call.name).is_some() => (call.name.as_str(), "custom"),
            None => ("unknown", "unknown"),
        };
        metrics::counter!(names::TOOL_CALLS, "tool" => label, "result" => outcome_name(outcome))
            .increment(1);
        let took = self.now().duration_since(began).as_millis();
        self.notes.uses.push(ToolUse {
            tool: name.to_owned(),
            outcome,
            code: code.map(|code| code.as_str().to_owned()),
            used,
            took_ms: u32::try_from(took).unwrap_or(u32::MAX),
        });
        if content.len() > MOST_CONTENT {
            content = results::write(&Failed::new(Code::TooOften, "it is too long: ask for less"));
        }
        Ok(ToolResult { id: call.id.clone(), content, is_error: outcome != Outcome::Done })
    }

    /// Keeps receipts; of a booking the newest.
    fn keep(&mut self, receipts: Vec<Receipt>) {
        let of = |receipt: &Receipt| match receipt {
            Receipt::Booking(booking) => Some(booking.booking),
            _ => None,
        };
        for receipt in receipts {
            if let Some(booking) = of(&receipt) {
                self.receipts.retain(|known| of(known) != Some(booking));
            }
            if self.receipts.len() < MOST_RECEIPTS && !self.receipts.contains(&receipt) {
                self.receipts.push(receipt);
            }
        }
    }

    /// Keeps the newest of what may be offered.
    fn offer(&mut self, offers: Vec<Offer>) {
        for offer in offers {
            self.notes.offers.retain(|known| *known != offer);
            self.notes.offers.push(offer);
        }
        let much = self.notes.offers.len().saturating_sub(MOST_OFFERS);
        self.notes.offers.drain(..much);
    }

    /// Asks the session whether a tool may run (A7).
    async fn grant(&self, tool: ToolName, booking: Option<BookingId>) -> Result<(), No> {
        self.dispatch(Command::GrantTool { turn: self.facts.turn, tool, booking }).await
    }

    async fn dispatch(&self, command: Command) -> Result<(), No> {
        self.tenant.dispatch(self.facts.session, command).await?;
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// What the store shows beside an answer; bookings have a place of their own.
fn stored(used: &Used) -> Option<Stored> {
    match used {
        Used::Passage(id) => Some(Stored::Passage(PassageId::from_uuid(*id))),
        Used::Vehicle(id) => Some(Stored::Vehicle(*id)),
        Used::Service(id) => Some(Stored::Service(*id)),
        Used::Booking(_) => None,
    }
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::BadArguments => "bad_arguments",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}
