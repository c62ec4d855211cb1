//! Numbers, plates, checks and fits, by tables and by chance.

mod fits;
mod numbers;
mod sheets;

use jiff::civil::{Date, date};
use uuid::Uuid;

use super::*;
use crate::{
    id::VehicleId,
    knowledge::Localized,
    money::{Currency, Money},
};

fn id(n: u128) -> VehicleId {
    VehicleId::from_uuid(Uuid::from_u128(n))
}

fn kroner(amount: i64) -> Money {
    Money { minor: amount * 100, currency: Currency::Nok }
}

const TODAY: Date = date(2026, 11, 21);

fn vehicle(n: u128, make: &str, model: &str, price: i64) -> Vehicle {
    Vehicle {
        id: id(n),
        make: make.into(),
        model: model.into(),
        variant: None,
        year: 2022,
        price: kroner(price),
        fuel: Fuel::Electric,
        kilometres: 40_000,
        status: VehicleStatus::Available,
        details: Details::default(),
    }
}

#[test]
fn a_search_knows_no_case_no_accents_and_every_digit() {
    assert_eq!(folded("  ŠKODA  Enyaq "), "skoda enyaq");
    assert_eq!(folded("Rødgrøt æ Œuvre ß"), "rodgrot ae oeuvre ss");
    assert_eq!(folded("دُبَي ١٢٣"), "دبي 123");
    let mut car = vehicle(1, "Citroën", "ë-C4", 300_000);
    car.details.plate = Plate::parse("ev12345", "NO").ok().map(|(plate, _)| plate);
    let shows = |text: &str| {
        VehicleFilter { text: Some(text.into()), ..VehicleFilter::default() }.shows(&car)
    };
    for text in ["citroen", "C4 CITROËN", "EV 12345", "ev12345", "2022", ""] {
        assert!(shows(text), "{text}");
    }
    assert!(!shows("citroen c5"));
}

#[test]
fn a_draft_is_normalised_and_every_fault_is_told_at_once() {
    let mut draft = VehicleDraft::from(vehicle(1, " Tesla\t", "Model  3", 399_000));
    draft.vin = Some("5yj3-e7eb 4kf 123456".into());
    draft.plate = Some("ev12345".into());
    draft.variant = Some("  ".into());
    draft.equipment = vec!["Hengerfeste".into(), " ".into(), "Hengerfeste".into()];
    draft.listing_url = Some("https://nordlys.example/tesla".into());
    let vin = Vin::parse(draft.vin.as_deref().unwrap());
    if let Err(VinError::CheckDigit { expected }) = vin {
        draft.vin = Some(format!("5YJ3E7EB{expected}KF123456"));
    }
    let car = draft.check(id(1), "NO", TODAY).unwrap();
    assert_eq!((car.make.as_str(), car.model.as_str()), ("Tesla", "Model 3"));
    assert_eq!(car.variant, None);
    assert_eq!(car.details.plate.as_ref().unwrap().text, "EV 12345");
    assert_eq!(car.details.equipment, ["Hengerfeste"]);
    assert_eq!(VehicleDraft::from(car.clone()).check(id(1), "NO", TODAY), Ok(car.clone()));

    let mut wrong = VehicleDraft::from(car);
    wrong.make = "\u{200b}".into();
    wrong.model = "x".repeat(101);
    wrong.year = 2028;
    wrong.price = -1;
    wrong.currency = "XYZ".into();
    wrong.kilometres = i64::MAX;
    wrong.vin = Some("123".into());
    wrong.plate_country = Some("Norge".into());
    wrong.seats = Some(0);
    wrong.first_registered = Some("2027-01-01".into());
    wrong.listing_url = Some("javascript:alert(1)".into());
    wrong.photos = vec![Photo("http://nordlys.example/a.jpg".into())];
    wrong.description = Localized([(crate::lang::Lang::Nb, "a\0b".to_owned())].into());
    let faults = wrong.check(id(1), "NO", TODAY).unwrap_err();
    let told: Vec<(&str, &str)> = faults.iter().map(|f| (f.field, f.code)).collect();
    assert_eq!(
        told,
        [
            ("make", "required"),
            ("model", "length"),
            ("year", "range"),
            ("price", "range"),
            ("currency", "currency"),
            ("kilometres", "range"),
            ("vin", "vin"),
            ("plate_country", "country"),
            ("first_registered", "date"),
            ("description", "text"),
            ("seats", "range"),
            ("photos", "address"),
            ("listing_url", "address"),
        ]
    );
}

#[test]
fn what_nobody_else_may_see_is_in_no_public_record_and_in_no_debug_output() {
    let mut car = vehicle(1, "Tesla", "Model 3", 399_000);
    car.details.vin = Vin::parse("1M8GDM9AXKP042788").ok();
    car.details.plate = Plate::parse("EV12345", "NO").ok().map(|(plate, _)| plate);
    let printed = format!("{car:?}");
    assert!(!printed.contains("042788") && !printed.contains("12345"), "{printed}");
    let json = serde_json::to_string(&car.for_everybody()).unwrap();
    assert!(!json.contains("vin") && !json.contains("plate"), "{json}");
}

#[test]
fn statuses_follow_each_other_as_deals_do() {
    use VehicleStatus::{Available, InService, Reserved, Sold};
    for (from, to, may) in [
        (Available, Sold, true),
        (Reserved, Sold, true),
        (Sold, Available, true),
        (InService, Available, true),
        (InService, Sold, false),
        (Sold, InService, false),
        (Sold, Sold, true),
    ] {
        assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
    }
    for from in VehicleStatus::ALL {
        let back = |to: &VehicleStatus| to.may_become(from);
        assert!(from.next().iter().all(back), "each step can be undone: {from:?}");
    }
}

#[test]
fn what_changed_is_told_field_by_field() {
    let before = vehicle(1, "Tesla", "Model 3", 399_000);
    let mut after = before.clone();
    after.price = kroner(389_000);
    after.details.seats = Some(5);
    let told = changes(&before, &after);
    let fields: Vec<&str> = told.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["price", "seats"]);
    assert_eq!(told[0].from["minor"], 39_900_000);
    assert!(told[1].from.is_null());
    let back = changes(&after, &before);
    assert!(back[1].to.is_null() && back[1].from == 5);
    assert_eq!(changes(&before, &before), []);
}
