//! Trying a built-in tool: what one that reads answers, and what one that acts would do, with nothing changed.
//!
//! # Invariants
//! - nothing is granted, stored, held, sent or told, whatever the tool;
//! - the rules that are asked are those of the real call: the core's decisions and the same ledgers.

use std::sync::Arc;

use forecourt_core::{
    booking::{Booking, BookingCommand, BookingStatus, By, Customer, state::HOLD},
    dialogue::Dialogue,
    event::{Channel, ContactLearned, MessageSeq},
    id::{BookingId, SessionId, TurnId},
    lang::Lang,
    tools::{
        BadArguments, Request, Risk, ToolName,
        request::{HoldSlot, RescheduleBooking},
        results::{self, Code, Failed},
    },
};
use serde_json::{Map, Value, json};

use super::{Found, No, Tools, TurnFacts, bookings::missing_of, desk::ToolDesk};
use crate::{booking::BookingError, error::EngineError};

/// What a trial of a built-in tool shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// Whether the tool only reads: then the result is what the assistant would get.
    pub is_result: bool,
    /// Whether it would be done, as far as is known without a customer.
    pub would_run: bool,
    /// The result, the plan, or why not (the shapes of [`forecourt_core::tools::results`]).
    pub shown: Value,
}

impl ToolDesk {
    /// Tries a built-in tool with arguments, as in a conversation in `lang` of which nothing is known.
    pub async fn dry_run(
        &self,
        tool: ToolName,
        args: &Map<String, Value>,
        lang: Lang,
    ) -> Result<Result<DryRun, BadArguments>, EngineError> {
        let request = match Request::parse(tool, args) {
            Ok(request) => request,
            Err(bad) => return Ok(Err(bad)),
        };
        let ports = Arc::clone(&self.tenant.ports);
        let facts = TurnFacts {
            turn: TurnId::from_uuid(ports.ids.uuid()),
            session: SessionId::from_uuid(ports.ids.uuid()),
            lang,
            channel: Channel::Widget,
            covers: MessageSeq(0),
            customer: Customer::default(),
            dialogue: Arc::new(Dialogue::default()),
            awaits_person: false,
            last_text: String::new(),
        };
        let knowledge = self.tenant.knowledge().await?;
        let settings = Arc::new(self.tenant.snapshot().settings.clone());
        let mut tools = Tools::new(Arc::clone(&self.tenant), ports, facts, settings, knowledge);
        let is_result = tool.risk() == Risk::Reads || tool == ToolName::GetBookingDetails;
        let planned = Box::pin(tools.plan(request)).await;
        Ok(Ok(match planned {
            Ok(Found { content, .. }) => {
                let shown = serde_json::from_str(&content).unwrap_or_default();
                DryRun { is_result, would_run: true, shown }
            }
            Err(No::Failed(failed, _)) => {
                DryRun { is_result, would_run: false, shown: json!(*failed) }
            }
            Err(No::Over) => {
                let failed = Failed::new(Code::Unavailable, "it does not answer now");
                DryRun { is_result, would_run: false, shown: json!(failed) }
            }
        }))
    }
}

impl Tools {
    /// What a request would do. Of what reads, its result.
    async fn plan(&mut self, request: Request) -> Result<Found, No> {
        match request {
            Request::HoldSlot(asked) => self.plan_hold(asked).await,
            Request::CreateBooking(of) => self.plan_booking(of.booking_id).await,
            Request::RescheduleBooking(asked) => self.plan_move(asked).await,
            Request::CancelBooking(asked) => {
                let booking = self.desk.find(asked.booking_id).await?.booking;
                let command = BookingCommand::Cancel { by: By::Customer, reason: None };
                self.would(&booking, command)?;
                Ok(self.planned("cancel", &booking, &json!({ "needs": needs(&booking) })))
            }
            Request::GetBookingDetails(asked) => {
                let id = asked.booking_id.ok_or_else(|| {
                    No::bad("`booking_id` must be given: a trial has no conversation")
                })?;
                let booking = self.desk.find(id).await?.booking;
                Ok(self
                    .of_bookings(&json!({ "bookings": [self.booking_row(&booking)] }), &[&booking]))
            }
            Request::CaptureContact(asked) => {
                let ContactLearned { name, email, phone, company, sms_consent, answers } =
                    self.learned(asked)?;
                let fields = [
                    ("name", name.is_some()),
                    ("email", email.is_some()),
                    ("phone", phone.is_some()),
                    ("company", company.is_some()),
                    ("sms_consent", sms_consent.is_some()),
                ];
                let fields = fields.into_iter().filter(|(_, said)| *said);
                let keeps: Vec<String> =
                    fields.map(|(name, _)| name.to_owned()).chain(answers.into_keys()).collect();
                Ok(Found::of(&json!({ "plan": "write_down", "keeps": keeps })))
            }
            Request::EscalateToHuman(_) => Ok(Found::of(&json!({ "plan": "call_a_person" }))),
            reads => self.run(reads).await,
        }
    }

    async fn plan_hold(&self, asked: HoldSlot) -> Result<Found, No> {
        let HoldSlot { service_id, vehicle_id, date, time, .. } = asked;
        let from = self.instant(date, time)?;
        let resource = self.resource(service_id, vehicle_id).await?;
        if self.is_free(service_id, resource, date, from).await?.is_none() {
            return Err(self.not_free(service_id, resource, date, from).await?);
        }
        Ok(Found::of(&json!({
            "plan": "hold",
            "service": self.service_name(service_id),
            "date": date,
            "time": time.strftime("%H:%M").to_string(),
            "minutes_held": HOLD.as_mins(),
        })))
    }

    async fn plan_booking(&self, id: BookingId) -> Result<Found, No> {
        let booking = self.desk.find(id).await?.booking;
        let command =
            BookingCommand::Confirm { offer: booking.offer, by: By::Customer, customer: None };
        self.would(&booking, command)?;
        let missing = missing_of(&booking.wish.customer);
        Ok(self.planned(
            "book",
            &booking,
            &json!({ "needs": ["the customer's yes"], "missing": missing }),
        ))
    }

    async fn plan_move(&self, asked: RescheduleBooking) -> Result<Found, No> {
        let RescheduleBooking { booking_id, date, time } = asked;
        let from = self.instant(date, time)?;
        let booking = self.desk.find(booking_id).await?.booking;
        let command =
            BookingCommand::Reschedule { from, until: from, takes: vec![], by: By::Customer };
        self.would(&booking, command)?;
        let service = booking.wish.service;
        if let Err(error) = self.desk.would_move(&booking, from).await {
            return Err(match error {
                BookingError::NotFree(_) => self.not_free(service, None, date, from).await?,
                error => error.into(),
            });
        }
        let to = json!({
            "to_date": date,
            "to_time": time.strftime("%H:%M").to_string(),
            "needs": needs(&booking),
        });
        Ok(self.planned("move", &booking, &to))
    }

    /// Asks the rules, and changes nothing.
    fn would(&self, booking: &Booking, command: BookingCommand) -> Result<(), No> {
        let decided = booking.decide(command, self.now());
        decided.map(drop).map_err(|refused| BookingError::Refused(refused).into())
    }

    fn planned(&self, plan: &str, booking: &Booking, more: &Value) -> Found {
        let mut shown = json!({ "plan": plan, "booking": self.booking_row(booking) });
        if let (Some(shown), Some(more)) = (shown.as_object_mut(), more.as_object()) {
            shown.extend(more.clone());
        }
        Found { content: results::write(&shown), ..Found::default() }
    }
}

/// What a customer brings before their booking is changed: what is only held binds nobody.
fn needs(booking: &Booking) -> Vec<&'static str> {
    match booking.status {
        BookingStatus::Booked => vec!["the customer's one-time code"],
        _ => vec![],
    }
}
