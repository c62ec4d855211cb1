//! The tools of a dealer in memory: each answers as the engine writes its results.

use forecourt_core::{
    booking::BookingStatus,
    contact::Email,
    dialogue::Offer,
    knowledge::{Service, Vehicle, VehicleStatus},
    tools::{
        Receipt, Request,
        request::{CaptureContact, SearchInventory, SearchKnowledge},
        results::{
            self, Bookings, Called, Kept, Passage, Passages, ServiceRow, Services, VehicleRow,
            Vehicles,
        },
    },
};

use super::World;
use crate::dialogues::dealer::localized;

impl World {
    pub(super) fn run(&mut self, request: Request, offers: &mut Vec<Offer>) -> String {
        match request {
            Request::GetBusinessInfo => "{}".to_owned(),
            Request::GetServices => self.services(),
            Request::SearchKnowledge(search) => self.passages(&search),
            Request::SearchInventory(wish) => self.vehicles(&wish),
            Request::GetVehicle(_) => results::write(&Vehicles::default()),
            Request::CheckAvailability(check) => self.availability(&check, offers),
            Request::ProposeSlots(propose) => self.proposed(&propose, offers),
            Request::HoldSlot(hold) => self.hold(&hold, offers),
            Request::CreateBooking(of) => self.create(of.booking_id),
            Request::RescheduleBooking(to) => self.reschedule(&to),
            Request::CancelBooking(of) => match self.without_code(of.booking_id) {
                Some(failed) => failed,
                None => self.change(of.booking_id, |news| news.status = BookingStatus::Cancelled),
            },
            Request::GetBookingDetails(_) => {
                let bookings =
                    self.dialogue.bookings.iter().map(|known| self.row(known.news)).collect();
                results::write(&Bookings { bookings })
            }
            Request::CaptureContact(said) => self.keep_contact(said),
            Request::EscalateToHuman(_) => {
                self.receipts.push(Receipt::Escalated);
                results::write(&Called { called: true })
            }
        }
    }

    fn services(&self) -> String {
        let row = |service: &Service| ServiceRow {
            service_id: service.id,
            name: service.name.get(self.lang).to_owned(),
            minutes: service.minutes,
            price: None,
        };
        let services = self.knowledge.services.iter().map(row).collect();
        results::write(&Services { services })
    }

    fn passages(&mut self, search: &SearchKnowledge) -> String {
        let query = search.query.to_lowercase();
        let text = ["garanti", "warranty", "ضمان"].iter().any(|word| query.contains(word));
        let passages = if text {
            let text = localized([
                "Alle bruktbiler har tre måneders garanti.",
                "Toutes nos occasions ont trois mois de garantie.",
                "All used cars come with a three-month warranty.",
                "جميع السيارات المستعملة عليها ضمان ثلاثة أشهر.",
            ])
            .get(self.lang)
            .to_owned();
            self.receipts.push(Receipt::Text(text.clone()));
            vec![Passage { text, source: "FAQ".into() }]
        } else {
            vec![]
        };
        results::write(&Passages { passages })
    }

    fn vehicles(&self, wish: &SearchInventory) -> String {
        let fits = |vehicle: &&Vehicle| {
            let whole = u64::try_from(vehicle.price.minor / 100).unwrap();
            vehicle.status == VehicleStatus::Available
                && wish.max_price.is_none_or(|most| whole <= most)
                && wish.min_price.is_none_or(|least| whole >= least)
                && wish.fuel.is_none_or(|fuel| vehicle.fuel == fuel)
                && wish.min_year.is_none_or(|year| vehicle.year >= year)
                && wish.max_kilometres.is_none_or(|km| vehicle.kilometres <= km)
                && wish.make.as_ref().is_none_or(|make| *make == vehicle.make)
                && wish.model.as_ref().is_none_or(|model| *model == vehicle.model)
        };
        let mut found: Vec<&Vehicle> = self.knowledge.vehicles.iter().filter(fits).collect();
        found.sort_by_key(|vehicle| std::cmp::Reverse(vehicle.price.minor));
        let row = |vehicle: &Vehicle| VehicleRow {
            vehicle_id: vehicle.id,
            title: vehicle.title(),
            price: vehicle.price.display(self.lang).to_string(),
            status: vehicle.status,
            score: Some(80),
            reasons: vec![],
            more: None,
        };
        results::write(&Vehicles { vehicles: found.into_iter().map(row).collect() })
    }

    fn keep_contact(&mut self, said: CaptureContact) -> String {
        let mut kept = Kept::default();
        if let Some(name) = said.name {
            self.name = Some(name);
            kept.kept.push("name".into());
        }
        match said.email.map(|email| (Email::parse(&email).is_ok(), email)) {
            Some((true, email)) => {
                self.email = Some(email);
                kept.kept.push("email".into());
            }
            Some((false, _)) => kept.refused.push("email".into()),
            None => {}
        }
        kept.kept.extend(said.phone.map(|_| "phone".to_owned()));
        for answered in said.answers {
            self.dialogue.answers.insert(answered.question, answered.answer);
        }
        results::write(&kept)
    }
}
