//! What is wanted to be booked, and which time is meant.

use forecourt_core::{
    calendar,
    id::VehicleId,
    knowledge::VehicleStatus,
    tools::ToolName,
    utterance::{Choice, Doubt, Reply},
};
use jiff::{
    ToSpan as _,
    civil::{Date, DateTime, Time},
};

use super::{
    plan::Plan,
    rounds::Step,
    say::Asked,
    services::{Family, of_family},
    thread::Nth,
};

/// Which time is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    At(Date, Time),
    /// Something is said of when, and several times fit.
    Open,
    /// It must be asked back.
    Doubt(Vec<String>),
    Nothing,
}

impl Plan<'_> {
    /// A booking that is wanted; `None` when none is.
    pub(super) fn books(&self) -> Result<Option<Vec<String>>, Step> {
        let said = &self.said;
        let wants_service = !said.wanted.services.is_empty() || !said.wanted.among.is_empty();
        let yes = self.reply() == Some(Reply::Yes);
        let accepts = yes && matches!(self.asked, Some(Asked::Drive | Asked::FindTime));
        let in_course = matches!(
            self.asked,
            Some(
                Asked::When
                    | Asked::WhichTime
                    | Asked::Service
                    | Asked::Drive
                    | Asked::FindTime
                    | Asked::Yes
                    | Asked::WhichVehicle
            )
        );
        let asks_info = said.asks_price && !said.asks_slot && !said.heard.names_a_time()
            || said.wish.hours && !wants_service && !said.asks_slot
            || self.asks_what_is_answered();
        if asks_info {
            return Ok(None);
        }
        let wants = wants_service
            || accepts
            || said.asks_slot
            || self.asked_for_time().is_some()
            || in_course && (!said.heard.doubts.is_empty() || self.names_vehicle_asked())
            || yes && self.asked == Some(Asked::WhichTime)
            || self.rounds.was_called(ToolName::HoldSlot);
        if said.wanted.not_offered && !wants_service && self.asked_for_time().is_none() {
            let mut parts = vec![self.say.not_offered()];
            parts.extend(self.ask_service());
            return Ok(Some(parts));
        }
        if !wants {
            return Ok(None);
        }
        let Some(service) = self.service(accepts) else {
            return Ok(self.ask_service().map(|ask| vec![ask]));
        };
        if let Some(which) = self.which_vehicle(service) {
            return Ok(Some(vec![which]));
        }
        Ok(Some(match self.target(Some(service)) {
            Target::At(date, time) => self.hold(service, date, time)?,
            Target::Doubt(parts) => parts,
            Target::Nothing if self.rounds.was_called(ToolName::HoldSlot) => self.confirm(),
            Target::Nothing if yes && self.asked == Some(Asked::WhichTime) => {
                vec![self.say.ask(Asked::WhichTime)]
            }
            // Who asks for an appointment and says nothing of when is shown the next times.
            Target::Open | Target::Nothing => self.propose(service)?,
        }))
    }

    /// Whether a question is asked that the tenant has an answer to, about more than the service it names.
    fn asks_what_is_answered(&self) -> bool {
        let said = &self.said;
        if !said.asks || said.asks_slot || said.heard.names_a_time() {
            return false;
        }
        let Some(faq) = said.wish.faq.and_then(|at| self.knowledge().faqs.get(at)) else {
            return false;
        };
        let of_service = |word: &String| {
            let services =
                super::services::wanted(self.knowledge(), &forecourt_core::reading::lex(word));
            services.services.iter().any(|at| said.wanted.services.contains(at))
        };
        !faq.keywords.iter().any(of_service)
    }

    /// Whether the text says anything of when that belongs to a booking.
    pub(super) fn asked_for_time(&self) -> Option<()> {
        let said = &self.said;
        let in_course = !self.ask.dialogue.offers.is_empty()
            || self.held().is_some()
            || !self.thread.services.is_empty()
            || matches!(self.asked, Some(Asked::When | Asked::WhichTime | Asked::Service))
            || self.knowledge().services.len() == 1;
        let names = said.heard.names_a_time() || !said.heard.not_days.is_empty();
        let points = said.nth.is_some() && !self.ask.dialogue.offers.is_empty();
        (names && in_course && !(said.wish.hours && said.wanted.services.is_empty()) || points)
            .then_some(())
    }

    fn names_vehicle_asked(&self) -> bool {
        self.asked == Some(Asked::WhichVehicle) && !self.said.wish.vehicles.is_empty()
    }

    /// The service that a booking is of, when it is known.
    fn service(&self, accepts: bool) -> Option<usize> {
        let open = |at: &&usize| self.said.wanted.services.contains(at) || !self.is_booked(**at);
        let named = self.thread.services.iter().find(open).copied();
        let index = |id| self.knowledge().services.iter().position(|service| service.id == id);
        let drive = || of_family(self.knowledge(), Family::Drive);
        // Whoever names another service does not say yes to a drive.
        let to_drive = accepts && self.asked == Some(Asked::Drive);
        let of_drive =
            if to_drive && self.said.wanted.services.is_empty() { drive() } else { None };
        of_drive
            .or(named)
            .or_else(|| self.held().and_then(|held| index(held.news.service)))
            .or_else(|| self.ask.dialogue.offers.first().and_then(|offer| index(offer.service)))
            .or_else(|| (self.knowledge().services.len() == 1).then_some(0))
            // A vehicle is spoken of, and an appointment asked for: to drive it.
            .or_else(|| {
                let names_one = !self.said.wish.vehicles.is_empty();
                (names_one && self.thread.among.is_empty()).then(drive).flatten()
            })
    }

    fn ask_service(&self) -> Option<String> {
        let all: Vec<usize> = (0..self.knowledge().services.len()).collect();
        let among = if self.thread.among.is_empty() { &all } else { &self.thread.among };
        let names: Vec<&str> = among.iter().take(6).map(|at| self.service_name(*at)).collect();
        (!names.is_empty()).then(|| self.say.ask_service(&names))
    }

    /// The vehicles spoken of that can be driven.
    fn drivable(&self) -> Vec<usize> {
        let stock = &self.knowledge().vehicles;
        let can =
            |at: &usize| stock.get(*at).is_some_and(|one| one.status == VehicleStatus::Available);
        self.thread.vehicles.iter().copied().filter(can).collect()
    }

    fn is_of_vehicle(&self, service: usize) -> bool {
        let Some(service) = self.knowledge().services.get(service) else { return false };
        let words = service.name.0.values().chain(&service.keywords);
        words.into_iter().any(|word| {
            let families = super::services::families_in(&forecourt_core::reading::lex(word));
            families.iter().any(|family| matches!(family, Family::Drive | Family::Viewing))
        })
    }

    pub(super) fn vehicle_for(&self, service: usize) -> Option<VehicleId> {
        let drivable = self.drivable();
        let one = drivable.first().filter(|_| self.is_of_vehicle(service))?;
        self.knowledge().vehicles.get(*one).map(|vehicle| vehicle.id)
    }

    /// Asks which vehicle, when several were spoken of and one is to be driven.
    fn which_vehicle(&self, service: usize) -> Option<String> {
        let stock = &self.knowledge().vehicles;
        let mut names: Vec<_> = self
            .drivable()
            .into_iter()
            .filter_map(|at| stock.get(at).map(|one| (&one.make, &one.model)))
            .collect();
        names.sort_unstable();
        names.dedup();
        let asked = self.asked == Some(Asked::WhichVehicle);
        (names.len() > 1 && self.is_of_vehicle(service) && !asked && self.held().is_none())
            .then(|| self.say.ask(Asked::WhichVehicle))
    }

    /// Which time is meant, of the offers and of what was said.
    pub(super) fn target(&self, service: Option<usize>) -> Target {
        let heard = &self.said.heard;
        let local = |at| self.zone.to_datetime(at);
        let offers: Vec<_> =
            self.ask.dialogue.offers.iter().map(|offer| local(offer.from)).collect();
        let shown = self.shown(&offers);
        let at = |when: DateTime| Target::At(when.date(), when.time());
        let nth = self.said.nth.and_then(|nth| match nth {
            Nth::At(at) => shown.get(at),
            Nth::Last => shown.last(),
        });
        if let Some(one) = nth {
            return at(*one);
        }
        if let ([one], Some(Reply::Yes), Some(Asked::WhichTime)) =
            (shown.as_slice(), heard.reply, self.asked)
        {
            return at(*one);
        }
        if let Some(doubt) = heard.doubts.first() {
            return Target::Doubt(vec![match doubt {
                Doubt::NoSuchDay => self.say.no_such_day(),
                Doubt::TooManyDays => self.say.too_many_days(),
                Doubt::UnclearTime => self.say.unclear_time(),
            }]);
        }
        let minute = |time: Time| {
            u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
        };
        let suits = |choice: &Choice, when: &DateTime| {
            (choice.days.is_empty() || choice.days.contains(&when.date()))
                && choice.times.iter().any(|window| window.holds(minute(when.time())))
        };
        let timed = heard.choices.iter().any(|choice| !choice.times.is_empty());
        if timed {
            let of_offers: Vec<_> =
                offers.iter().filter(|when| heard.choices.iter().any(|c| suits(c, when))).collect();
            if let [one] = of_offers.as_slice() {
                return at(**one);
            }
        } else if let [choice] = heard.choices.as_slice() {
            // "Saturday", and of what was offered one is on Saturday.
            let of_day: Vec<_> =
                offers.iter().filter(|when| choice.days.contains(&when.date())).collect();
            if let [one] = of_day.as_slice() {
                return at(**one);
            }
        }
        if heard.soonest || heard.any && heard.choices.is_empty() {
            return Target::Open;
        }
        self.of_choices(service)
    }

    /// Of the offers those that the last answer named, in its order: "the second" is of these.
    fn shown(&self, offers: &[DateTime]) -> Vec<DateTime> {
        let (lang, last) = (self.ask.lang, &self.before.last);
        let place = |date: Date| last.find(&calendar::date(lang, date, self.today));
        let mut days: Vec<(usize, Date)> =
            offers.iter().filter_map(|at| Some((place(at.date())?, at.date()))).collect();
        days.sort_unstable();
        days.dedup();
        let mut shown = Vec::new();
        for (nth, (from, date)) in days.iter().enumerate() {
            let until = days.get(nth + 1).map_or(last.len(), |(next, _)| *next);
            let times = &last[*from..until];
            let of_day = offers.iter().filter(|at| at.date() == *date);
            shown.extend(
                of_day.filter(|at| times.contains(&calendar::time(lang, at.time()))).copied(),
            );
        }
        if shown.is_empty() { offers.to_vec() } else { shown }
    }

    /// Of what was said alone: one day and one clock time, or more than one.
    fn of_choices(&self, _service: Option<usize>) -> Target {
        let choices = &self.thread.choices;
        let now = self.zone.to_datetime(self.ask.grounding.now);
        let mut exact: Vec<(Date, u16)> = Vec::new();
        let mut loose = false;
        for choice in choices {
            for day in &choice.days {
                for window in &choice.times {
                    match window.minute() {
                        Some(minute) if !exact.contains(&(*day, minute)) => {
                            exact.push((*day, minute));
                        }
                        Some(_) => {}
                        None => loose = true,
                    }
                }
            }
            loose |= choice.days.is_empty() || choice.times.is_empty();
        }
        let is_past = |(day, minute): &(Date, u16)| day.to_datetime(clock(*minute)) <= now;
        if exact.len() > 1 && exact.iter().any(|one| !is_past(one)) {
            exact.retain(|one| !is_past(one));
        }
        let hours = &self.ask.grounding.settings.hours;
        let is_open = |(day, minute): &(Date, u16)| {
            hours
                .on(*day)
                .iter()
                .any(|span| span.opens <= clock(*minute) && clock(*minute) < span.closes)
        };
        if exact.len() > 1 && exact.iter().any(is_open) {
            exact.retain(is_open);
        }
        match exact.as_slice() {
            [(day, minute)] if !loose => Target::At(*day, clock(*minute)),
            [] if choices.is_empty() && self.thread.not_days.is_empty() => Target::Nothing,
            [(first, minute), (second, other)] if first == second && other - minute == 12 * 60 => {
                Target::Doubt(vec![self.say.morning_or_evening()])
            }
            // "Monday at ten", on a Monday: of this week or of the next.
            [(first, minute), (second, other)]
                if minute == other && *second - *first == 7.days().fieldwise() =>
            {
                Target::Doubt(vec![self.say.which_day(&[*first, *second])])
            }
            _ => Target::Open,
        }
    }
}

/// A minute of a day as a clock time.
pub(super) fn clock(minute: u16) -> Time {
    let minute = minute.min(24 * 60 - 1);
    let of = |value: u16| i8::try_from(value).unwrap_or_default();
    Time::new(of(minute / 60), of(minute % 60), 0, 0).unwrap_or(Time::midnight())
}
