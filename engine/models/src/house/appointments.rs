//! Bookings: held, asked about, made, moved and cancelled.
//!
//! # Invariants
//! - **A6** a booking is called for only when the session has heard the yes; a change, only for the booking
//!   that is there, and the code is given by the customer, never by the assistant;
//! - what is said to be done is what a result of this turn says.

use forecourt_core::{
    booking::BookingStatus,
    id::BookingId,
    tools::{
        ToolName,
        request::{CancelBooking, GetBookingDetails, HoldSlot, OfBooking, RescheduleBooking},
        results::{BookingRow, Bookings, Code, Failed, GIVE_CODE, HeldRow, Proven},
    },
    utterance::Reply,
};
use jiff::civil::{Date, Time};

use super::{
    plan::{Parts, Plan},
    rounds::{Got, Step},
    say::Asked,
    thread::{Task, is_booked},
    times::Target,
};

/// An appointment that there is.
#[derive(Clone, Debug)]
struct Appointment {
    booking: BookingId,
    service: Option<usize>,
    date: Date,
}

impl Plan<'_> {
    // ---- made ----

    /// After the customer's yes: what came of the booking.
    pub(super) fn created(&self, created: Result<BookingRow, Failed>) -> Parts {
        let failed = match created {
            Ok(row) => return Ok(self.is_made(&row)),
            Err(failed) => failed,
        };
        match failed.error {
            Code::ContactMissing => Ok(vec![self.ask_contact(&failed.missing)]),
            Code::NoYes | Code::TooOften => Ok(self.confirm()),
            Code::NotHeld | Code::NotFree => {
                let mut parts = vec![self.say.hold_over()];
                let service = self.ask.dialogue.bookings.last().map(|known| known.news.service);
                let at = service
                    .and_then(|id| self.knowledge().services.iter().position(|s| s.id == id));
                parts.extend(match at {
                    Some(service) => self.propose(service)?,
                    None => vec![self.say.ask(Asked::When)],
                });
                Ok(parts)
            }
            _ => Ok(vec![self.say.did_not_work(), self.say.ask(Asked::Person)]),
        }
    }

    fn is_made(&self, row: &BookingRow) -> Vec<String> {
        let mut parts = vec![self.say.booked(&row.service, row.date, row.time)];
        if row.mail_sent {
            parts.push(self.say.mailed());
        }
        parts.push(self.say.how_to_change());
        let made = self.ask.dialogue.booking(row.booking_id).map(|known| known.news.service);
        let is_this = |service: usize| {
            let known = self.knowledge().services.get(service);
            known.is_some_and(|known| {
                Some(known.id) == made || known.name.get(self.ask.lang) == row.service
            })
        };
        let next = self.thread.services.iter().find(|at| !is_this(**at) && !self.is_booked(**at));
        if let Some(next) = next {
            parts.push(format!("{}: {}", self.service_name(*next), self.say.ask(Asked::When)));
        }
        parts
    }

    pub(super) fn create(&self) -> Parts {
        let Some(held) = self.ask.dialogue.accepted(self.ask.grounding.now) else {
            return Ok(self.confirm());
        };
        let args = OfBooking { booking_id: held.news.booking };
        match self.rounds.need_again(ToolName::CreateBooking, &args)? {
            Some(created) => self.created(created),
            None => Ok(self.confirm()),
        }
    }

    /// Says what is held, and asks for the next thing that is missing: an answer, or the yes.
    pub(super) fn confirm(&self) -> Vec<String> {
        let Some(held) = self.held() else {
            return vec![self.say.hold_over(), self.say.ask(Asked::When)];
        };
        let at = self.zone.to_datetime(held.news.from);
        let service = self.knowledge().services.iter().position(|s| s.id == held.news.service);
        let name = service.map_or("", |service| self.service_name(service));
        let held = self.say.held(name, at.date(), at.time(), held.news.hold_until);
        let next = self.next_question(service).unwrap_or_else(|| self.say.ask(Asked::Yes));
        vec![held, next]
    }

    fn ask_contact(&self, missing: &[String]) -> String {
        let has = |field: &str| missing.iter().any(|one| one == field);
        self.say.ask(match (has("name"), has("email")) {
            (true, false) => Asked::Name,
            (false, true) => Asked::Email,
            _ => Asked::NameAndEmail,
        })
    }

    // ---- held ----

    /// Keeps a time, and asks for what is missing.
    pub(super) fn hold(&self, service: usize, date: Date, time: Time) -> Parts {
        let Some(id) = self.knowledge().services.get(service).map(|one| one.id) else {
            return Ok(self.not_understood());
        };
        if let Some(held) = self.held() {
            let at = self.zone.to_datetime(held.news.from);
            if held.news.service == id && (at.date(), at.time()) == (date, time) {
                return Ok(self.confirm());
            }
        }
        let vehicle_id = self.vehicle_for(service);
        let args = HoldSlot { service_id: id, vehicle_id, date, time, notes: None };
        let got: Got<HeldRow> = match self.rounds.last(ToolName::HoldSlot.as_str()) {
            Some(known) => Some(known),
            None => self.rounds.need(ToolName::HoldSlot, &args)?,
        };
        match got {
            Some(Ok(row)) => Ok(self.is_held(&row, service)),
            Some(Err(failed)) if failed.error == Code::NotFree => {
                self.not_free(service, date, time, &failed.near)
            }
            Some(Err(_)) | None => Ok(vec![self.say.did_not_work(), self.say.ask(Asked::Person)]),
        }
    }

    pub(super) fn is_held(&self, row: &HeldRow, service: usize) -> Vec<String> {
        let name = if row.service.is_empty() { self.service_name(service) } else { &row.service };
        let mut parts = vec![self.say.held(name, row.date, row.time, row.hold_until)];
        parts.push(if row.missing.is_empty() {
            self.next_question(Some(service)).unwrap_or_else(|| self.say.ask(Asked::Yes))
        } else {
            self.ask_contact(&row.missing)
        });
        parts
    }

    /// What the text says of what is held; `None` when it speaks of something else.
    pub(super) fn about_hold(&self) -> Result<Option<Vec<String>>, Step> {
        // The engine held what was picked with a click.
        if let Some(held) = self.rounds.last::<HeldRow>(ToolName::HoldSlot.as_str())
            && self.asked_for_time().is_none()
        {
            let service = self.thread.services.first().copied().unwrap_or(0);
            return Ok(Some(match held {
                Ok(row) => self.is_held(&row, service),
                Err(failed) => {
                    let mut parts = vec![self.say.not_then()];
                    parts.extend(self.rows(service, &failed.near));
                    parts.push(self.say.ask(Asked::WhichTime));
                    parts
                }
            }));
        }
        let Some(_) = self.held() else {
            let asked_yes = self.asked == Some(Asked::Yes) && self.reply() == Some(Reply::Yes);
            let known = self.ask.dialogue.bookings.last();
            return Ok(match known.filter(|known| asked_yes && !is_booked(known)) {
                Some(known) => {
                    let at =
                        self.knowledge().services.iter().position(|s| s.id == known.news.service);
                    let mut parts = vec![self.say.hold_over()];
                    parts.extend(match at {
                        Some(service) => self.propose(service)?,
                        None => vec![self.say.ask(Asked::When)],
                    });
                    Some(parts)
                }
                None => None,
            });
        };
        if self.ask.dialogue.accepted(self.ask.grounding.now).is_some() && !self.said.heard.corrects
        {
            return self.create().map(Some);
        }
        let other_time = self.said.heard.names_a_time() || self.said.nth.is_some();
        match self.reply() {
            Some(Reply::No) if !other_time => {
                Ok(Some(vec![self.say.alright(), self.say.ask(Asked::When)]))
            }
            Some(Reply::Yes | Reply::Unsure) if !other_time => Ok(Some(self.confirm())),
            _ => Ok(None),
        }
    }

    // ---- changed ----

    /// Moves or cancels; `None` when neither is wanted.
    pub(super) fn changes(&self) -> Result<Option<Vec<String>>, Step> {
        let code: Got<Proven> = self.rounds.last(GIVE_CODE);
        let mut parts = Vec::new();
        match &code {
            Some(Err(failed)) if failed.error == Code::CodeOver => parts.push(self.say.code_over()),
            Some(Err(failed)) if failed.error == Code::TooOften => {
                return Ok(Some(vec![self.say.did_not_work(), self.say.ask(Asked::Person)]));
            }
            Some(Err(_)) => {
                return Ok(Some(vec![self.say.wrong_code(), self.say.ask(Asked::Code)]));
            }
            _ => {}
        }
        let Some(task) = self.task() else { return Ok(None) };
        let booked: Vec<_> = self.ask.dialogue.bookings.iter().filter(|k| is_booked(k)).collect();
        if self.held().is_some() && (booked.is_empty() || task == Task::Cancel && code.is_none()) {
            // Nothing is booked yet: only the hold is given up.
            return Ok(match task {
                Task::Move if self.said.heard.names_a_time() => None,
                _ => Some(vec![self.say.alright(), self.say.ask(Asked::When)]),
            });
        }
        let all = self.appointments()?;
        let appointment = match all.as_slice() {
            [] => return Ok(Some(vec![self.say.no_booking(), self.say.ask(Asked::Person)])),
            [one] => one.clone(),
            several => {
                let Some(one) = self.meant(several) else {
                    let days: Vec<Date> = several.iter().map(|one| one.date).collect();
                    return Ok(Some(vec![self.say.which_day(&days)]));
                };
                one
            }
        };
        parts.extend(match task {
            Task::Cancel => self.cancel(&appointment)?,
            Task::Move => self.reschedule(&appointment)?,
        });
        Ok(Some(parts))
    }

    /// The appointments of this conversation that can be changed.
    fn appointments(&self) -> Result<Vec<Appointment>, Step> {
        let service_of = |id| self.knowledge().services.iter().position(|s| s.id == id);
        let known = self.ask.dialogue.bookings.iter().filter(|known| is_booked(known));
        let known: Vec<Appointment> = known
            .map(|known| Appointment {
                booking: known.news.booking,
                service: service_of(known.news.service),
                date: self.zone.to_datetime(known.news.from).date(),
            })
            .collect();
        if !known.is_empty() {
            return Ok(known);
        }
        let found: Got<Bookings> =
            self.rounds.need(ToolName::GetBookingDetails, &GetBookingDetails::default())?;
        let rows = found.and_then(Result::ok).unwrap_or_default().bookings;
        let booked = rows.into_iter().filter(|row| row.status == BookingStatus::Booked);
        let by_name = |name: &str| {
            let lang = self.ask.lang;
            self.knowledge().services.iter().position(|service| service.name.get(lang) == name)
        };
        Ok(booked
            .map(|row| Appointment {
                booking: row.booking_id,
                service: by_name(&row.service),
                date: row.date,
            })
            .collect())
    }

    /// The one of several that the text names by its day or its service.
    fn meant(&self, several: &[Appointment]) -> Option<Appointment> {
        let days: Vec<Date> =
            self.said.heard.choices.iter().flat_map(|choice| choice.days.clone()).collect();
        let named = |one: &&Appointment| {
            one.service.is_some_and(|at| self.said.wanted.services.contains(&at))
                || days.contains(&one.date)
        };
        let mut named = several.iter().filter(named);
        let one = named.next()?.clone();
        named.next().is_none().then_some(one)
    }

    fn cancel(&self, appointment: &Appointment) -> Parts {
        let args = CancelBooking { booking_id: appointment.booking, reason: None };
        let done: Got<BookingRow> = self.rounds.need(ToolName::CancelBooking, &args)?;
        Ok(match done {
            Some(Ok(row)) => {
                vec![self.say.cancelled(&row.service, row.date, row.time), self.say.alright()]
            }
            Some(Err(failed)) => self.not_changed(&failed),
            None => vec![self.say.did_not_work(), self.say.ask(Asked::Person)],
        })
    }

    fn reschedule(&self, appointment: &Appointment) -> Parts {
        let service = appointment.service.unwrap_or(0);
        let (date, time) = match self.target(Some(service)) {
            Target::At(date, time) => (date, time),
            Target::Doubt(parts) => return Ok(parts),
            Target::Open => return self.propose(service),
            Target::Nothing => return Ok(vec![self.say.ask(Asked::When)]),
        };
        let args = RescheduleBooking { booking_id: appointment.booking, date, time };
        let done: Got<BookingRow> = self.rounds.need(ToolName::RescheduleBooking, &args)?;
        match done {
            Some(Ok(row)) => {
                let mut parts = vec![self.say.moved(&row.service, row.date, row.time)];
                if row.mail_sent {
                    parts.push(self.say.mailed());
                }
                parts.push(self.say.how_to_change());
                Ok(parts)
            }
            Some(Err(failed)) if failed.error == Code::NotFree => {
                self.not_free(service, date, time, &failed.near)
            }
            Some(Err(failed)) => Ok(self.not_changed(&failed)),
            None => Ok(vec![self.say.did_not_work(), self.say.ask(Asked::Person)]),
        }
    }

    fn not_changed(&self, failed: &Failed) -> Vec<String> {
        match failed.error {
            Code::NoCode => vec![self.say.code_sent(), self.say.ask(Asked::Code)],
            Code::WrongCode => vec![self.say.wrong_code(), self.say.ask(Asked::Code)],
            Code::NotFound => vec![self.say.no_booking(), self.say.ask(Asked::Person)],
            _ => vec![self.say.did_not_work(), self.say.ask(Asked::Person)],
        }
    }
}
