//! What a turn does by itself, before any model is asked: it books what the customer said yes to, and
//! holds what they clicked. It needs no model, so it is done also when none answers.

use forecourt_core::{
    dialogue::{BookingNews, Pick},
    tools::{BookingReceipt, Receipt, ToolName, results::GIVE_CODE},
};
use forecourt_ports::{
    bus::Step,
    model::{Call, Round},
};
use serde_json::{Map, Value, json};

use super::{Found, No, Over, Tools};

impl Tools {
    /// Reads the conversation's bookings, when it has any: answers may speak of them.
    pub(crate) async fn look_up(&mut self) {
        if self.facts.dialogue.bookings.is_empty() {
            return;
        }
        let Ok(bookings) = self.desk.of_session(self.facts.session).await else { return };
        let now = self.now();
        let mut receipts: Vec<Receipt> = Vec::new();
        for booking in bookings.iter().rev() {
            receipts.push(Receipt::Booking(BookingReceipt::of(booking, now)));
            // What was changed while nobody could tell the session is told now.
            let news = BookingNews::of(booking, now);
            let known = self.facts.dialogue.booking(booking.id);
            if known.is_some_and(|known| known.news.status != news.status) {
                self.tenant.note_booking(booking).await;
            }
        }
        self.keep(receipts);
    }

    /// The turn's own steps, as a round that models read; none when there is nothing to do.
    pub(crate) async fn own_steps(&mut self) -> Result<Option<Round>, Over> {
        let now = self.now();
        let mut round = Round::default();
        if let Some((booking, code)) = self.written_code() {
            let call = Call { id: "engine_0".into(), name: GIVE_CODE.into(), args: Map::new() };
            let ended = self.give_code(booking, &code).await;
            self.finish(&mut round, call, ended, now)?;
        }
        if let Some(accepted) = self.facts.dialogue.accepted(now) {
            let id = accepted.news.booking;
            let args = json!({ "booking_id": id });
            let call = own_call(ToolName::CreateBooking, 1, args);
            let began = self.begin(ToolName::CreateBooking);
            let ended = Box::pin(self.create_booking(id)).await;
            self.finish(&mut round, call, ended, began)?;
        } else if let Some(Pick { service, from, resource }) = self.facts.dialogue.picked {
            let at = self.zone.to_datetime(from);
            let time = at.time().strftime("%H:%M").to_string();
            let args = json!({ "service_id": service, "date": at.date(), "time": time });
            let call = own_call(ToolName::HoldSlot, 1, args);
            let began = self.begin(ToolName::HoldSlot);
            let ended = match self.resource(service, None).await {
                Ok(_) => Box::pin(self.hold(service, resource, from, None)).await,
                Err(no) => Err(no),
            };
            self.finish(&mut round, call, ended, began)?;
        }
        Ok(Some(round).filter(|round| !round.calls.is_empty()))
    }

    /// The engine's own step is none of the model's calls.
    fn begin(&self, tool: ToolName) -> jiff::Timestamp {
        self.tell(Step::Tool(tool));
        self.now()
    }

    fn finish(
        &mut self,
        round: &mut Round,
        call: Call,
        ended: Result<Found, No>,
        began: jiff::Timestamp,
    ) -> Result<(), Over> {
        let result = self.settle(&call, ended, began)?;
        round.calls.push(call);
        round.results.push(result);
        Ok(())
    }
}

/// A call that no model made.
fn own_call(tool: ToolName, nth: u32, args: Value) -> Call {
    let args = match args {
        Value::Object(args) => args,
        _ => Map::new(),
    };
    Call { id: format!("engine_{nth}"), name: tool.as_str().to_owned(), args }
}
