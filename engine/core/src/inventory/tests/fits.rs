//! How well vehicles fit.

use proptest::prelude::*;

use super::{super::*, id, kroner, vehicle};
use crate::{
    lang::Lang,
    money::{Currency, Money},
};

fn stock() -> Vec<Vehicle> {
    let mut suv = vehicle(1, "Tesla", "Model Y", 399_900);
    suv.details.body = Some(Body::Suv);
    suv.details.seats = Some(5);
    suv.details.range_km = Some(533);
    let mut small = vehicle(2, "Nissan", "Leaf", 129_900);
    small.details.body = Some(Body::Hatchback);
    small.details.seats = Some(5);
    small.details.range_km = Some(270);
    small.year = 2019;
    let mut van = vehicle(3, "Volkswagen", "Transporter", 334_900);
    van.fuel = Fuel::Diesel;
    van.details.body = Some(Body::Van);
    van.details.seats = Some(9);
    van.kilometres = 78_300;
    let mut sold = vehicle(4, "Kia", "EV6", 379_900);
    sold.status = VehicleStatus::Sold;
    let unknown = vehicle(5, "Skoda", "Enyaq", 309_900);
    vec![suv, small, van, sold, unknown]
}

fn order(wish: &Wish) -> Vec<(VehicleId, u8)> {
    rank(wish, &stock(), 9).into_iter().map(|fit| (fit.vehicle, fit.score)).collect()
}

use crate::id::VehicleId;

#[test]
fn what_fits_all_of_a_wish_stands_first_with_a_hundred() {
    let wish = Wish {
        max_price: Some(kroner(400_000)),
        fuels: vec![Fuel::Electric],
        bodies: vec![Body::Suv],
        min_range_km: Some(500),
        min_seats: Some(5),
        ..Wish::default()
    };
    let ranked = order(&wish);
    assert_eq!(ranked[0], (id(1), 100));
    assert_eq!(ranked.len(), 4, "what is sold is not ranked");
    assert!(ranked.iter().skip(1).all(|(_, score)| *score < 80), "{ranked:?}");
    assert_eq!(rank(&wish, &stock(), 3).len(), 3);
    assert_eq!(rank(&wish, &stock(), 0), []);
}

#[test]
fn every_wish_gives_a_reason_with_the_numbers_of_the_record() {
    let wish = Wish {
        max_price: Some(kroner(320_000)),
        bodies: vec![Body::Van],
        min_seats: Some(7),
        max_kilometres: Some(60_000),
        min_range_km: Some(400),
        ..Wish::default()
    };
    let fits = rank(&wish, &stock(), 9);
    let of = |n| fits.iter().find(|fit| fit.vehicle == id(n)).unwrap();
    assert_eq!(
        of(3).reasons,
        [
            FitReason::OverBudget { by: kroner(14_900) },
            FitReason::Body { body: Body::Van },
            FitReason::MoreDriven { kilometres: 78_300 },
            FitReason::RangeUnknown,
            FitReason::Seats { seats: 9 },
        ]
    );
    assert_eq!(of(5).reasons[1], FitReason::BodyUnknown);
    let said: Vec<String> = of(3).reasons.iter().map(|reason| reason.say(Lang::Nb)).collect();
    assert_eq!(
        said,
        [
            "14\u{a0}900\u{a0}kr over budsjettet.",
            "Riktig karosseri: varebil.",
            "Kjørt mer enn ønsket: 78\u{a0}300 km.",
            "Rekkevidden er ikke oppgitt.",
            "Plasser nok: 9.",
        ]
    );
}

#[test]
fn free_words_find_what_some_vehicle_knows_and_pass_over_the_rest() {
    let wish = |text: &str| Wish { text: Some(text.into()), ..Wish::default() };
    assert_eq!(order(&wish("have you got a model y for me?"))[0], (id(1), 100));
    assert_eq!(order(&wish("škoda"))[0], (id(5), 100));
    assert!(order(&wish("Porsche")).iter().all(|(_, score)| *score == 0));
    assert_eq!(rank(&wish("Porsche"), &stock(), 1)[0].reasons, [FitReason::NoWords]);
    assert!(order(&wish("  ")).iter().all(|(_, score)| *score == 50), "nothing was asked");
}

#[test]
fn a_budget_in_another_currency_is_no_reason_for_or_against() {
    let euros = Money { minor: 3_000_000, currency: Currency::Eur };
    let wish = Wish { max_price: Some(euros), ..Wish::default() };
    let fits = rank(&wish, &stock(), 9);
    assert!(fits.iter().all(|fit| fit.score == 50));
    assert!(matches!(fits[0].reasons[..], [FitReason::OtherCurrency { .. }]));
}

#[test]
fn a_wish_is_read_from_json_and_refuses_what_it_does_not_know() {
    let wish: Wish = serde_json::from_str(
        r#"{"max_price":{"minor":40000000,"currency":"NOK"},"fuels":["electric"],"min_seats":5}"#,
    )
    .unwrap();
    assert_eq!(wish.max_price, Some(kroner(400_000)));
    assert_eq!(serde_json::from_str::<Wish>("{}").unwrap(), Wish::default());
    assert!(serde_json::from_str::<Wish>(r#"{"colour":"red"}"#).is_err());
}

#[test]
fn every_reason_has_a_sentence_in_every_language() {
    let price = kroner(1);
    let all = [
        FitReason::Words { found: vec!["tesla".into()] },
        FitReason::NoWords,
        FitReason::Make { make: "Kia".into() },
        FitReason::OtherMake { make: "Kia".into() },
        FitReason::Model { model: "EV6".into() },
        FitReason::OtherModel { model: "EV6".into() },
        FitReason::WithinBudget { price },
        FitReason::OverBudget { by: price },
        FitReason::UnderBudget { price },
        FitReason::OtherCurrency { price },
        FitReason::Fuel { fuel: Fuel::Hybrid },
        FitReason::OtherFuel { fuel: Fuel::Diesel },
        FitReason::Body { body: Body::Mpv },
        FitReason::OtherBody { body: Body::Estate },
        FitReason::BodyUnknown,
        FitReason::Year { year: 2022 },
        FitReason::Older { year: 2012 },
        FitReason::Kilometres { kilometres: 1_000 },
        FitReason::MoreDriven { kilometres: 1_000_000 },
        FitReason::Range { range_km: 500 },
        FitReason::ShortRange { range_km: 100 },
        FitReason::RangeUnknown,
        FitReason::Seats { seats: 7 },
        FitReason::FewSeats { seats: 2 },
        FitReason::SeatsUnknown,
    ];
    for lang in Lang::ALL {
        let mut said: Vec<String> = all.iter().map(|reason| reason.say(lang)).collect();
        assert!(said.iter().all(|s| s.ends_with('.') && !s.contains("{}")), "{said:?}");
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), all.len(), "{lang:?}: each says something of its own");
    }
}

prop_compose! {
    fn any_vehicle()(
        n in 1_u128..1_000,
        price in 0_i64..1_000_000,
        year in 1990_u16..2027,
        kilometres in 0_u32..500_000,
        fuel in prop::sample::select(vec![Fuel::Electric, Fuel::Petrol, Fuel::Diesel, Fuel::Hybrid]),
        seats in prop::option::of(1_u8..12),
        range_km in prop::option::of(1_u16..900),
        status in prop::sample::select(VehicleStatus::ALL.to_vec()),
    ) -> Vehicle {
        let mut car = vehicle(n, "Tesla", "Model 3", price);
        (car.year, car.kilometres, car.fuel, car.status) = (year, kilometres, fuel, status);
        (car.details.seats, car.details.range_km) = (seats, range_km);
        car
    }
}

prop_compose! {
    fn any_wish()(
        max_price in prop::option::of(0_i64..1_000_000),
        min_price in prop::option::of(0_i64..1_000_000),
        fuels in prop::collection::vec(prop::sample::select(vec![Fuel::Electric, Fuel::Hybrid]), 0..3),
        min_year in prop::option::of(1990_u16..2027),
        max_kilometres in prop::option::of(0_u32..500_000),
        min_range_km in prop::option::of(0_u16..900),
        min_seats in prop::option::of(0_u8..12),
        text in prop::option::of("[a-z0-9 ]{0,20}"),
    ) -> Wish {
        Wish {
            text,
            max_price: max_price.map(kroner),
            min_price: min_price.map(kroner),
            fuels,
            min_year,
            max_kilometres,
            min_range_km,
            min_seats,
            ..Wish::default()
        }
    }
}

proptest! {
    #[test]
    fn a_rank_keeps_its_bounds_and_does_not_depend_on_the_order_of_the_stock(
        wish in any_wish(),
        mut stock in prop::collection::vec(any_vehicle(), 0..12),
        limit in 0_usize..6,
    ) {
        stock.sort_by_key(|car| car.id);
        stock.dedup_by_key(|car| car.id);
        let ranked = rank(&wish, &stock, limit);
        prop_assert!(ranked.len() <= limit);
        prop_assert!(ranked.iter().all(|fit| fit.score <= 100));
        prop_assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
        stock.reverse();
        prop_assert_eq!(rank(&wish, &stock, limit), ranked);
    }

    #[test]
    fn what_gets_cheaper_younger_or_less_driven_never_fits_less(
        mut wish in any_wish(),
        car in any_vehicle(),
        off in 0_i64..100_000,
    ) {
        wish.min_price = None;
        let mut car = car;
        car.status = VehicleStatus::Available;
        let score = |car: &Vehicle| rank(&wish, std::slice::from_ref(car), 1)[0].score;
        let before = score(&car);
        let mut better = car.clone();
        better.price.minor = (better.price.minor - off).max(0);
        prop_assert!(score(&better) >= before);
        better.kilometres /= 2;
        prop_assert!(score(&better) >= before);
    }
}
