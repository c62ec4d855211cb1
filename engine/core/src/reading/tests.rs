//! What is read out of texts, as tables: a text, and what it names.

use std::sync::Arc;

use jiff::civil::{Weekday, date};
use proptest::prelude::*;
use uuid::Uuid;

use super::{names::VehicleNames, *};
use crate::{
    calendar,
    id::VehicleId,
    knowledge::{Fuel, Knowledge, Vehicle, VehicleStatus},
    lang::Lang,
    money::{Currency, Money},
};

/// Monday, 23 November 2026.
const TODAY: jiff::civil::Date = date(2026, 11, 23);

/// What a text names, in a short notation; words and marks are left out.
fn named(text: &str) -> Vec<String> {
    let lexemes = lex(text);
    let notation = |token: Token| match token.kind {
        Kind::Word | Kind::Mark(_) => None,
        Kind::Day(Day::Weekday { every: true, weekday, .. }) => Some(format!("every {weekday:?}")),
        Kind::Day(day) => {
            let dates: Vec<_> = day.dates(TODAY).iter().map(ToString::to_string).collect();
            Some(dates.join("|"))
        }
        Kind::Clock(Clock::Unreadable) => Some("clock?".into()),
        Kind::Clock(clock) => {
            let times: Vec<_> =
                clock.minutes().map(|m| format!("{:02}:{:02}", m / 60, m % 60)).collect();
            Some(times.join("|"))
        }
        Kind::Amount(Amount { minor, currency }) => Some(format!(
            "{}.{:02} {}",
            minor / 100,
            minor % 100,
            currency.map_or("?", Currency::code)
        )),
        Kind::SpelledAmount => Some("amount?".into()),
        Kind::Percent(hundredths) => Some(format!("{}.{:02}%", hundredths / 100, hundredths % 100)),
        Kind::Distance(km) => Some(format!("{km} km")),
        Kind::Duration(minutes) => Some(format!("{minutes} min")),
        Kind::Phone(digits) => Some(format!("tel {digits}")),
        Kind::Number(Number { hundredths, .. }) => Some(format!("{}", hundredths / 100)),
        Kind::Claimed => Some("claimed".into()),
        Kind::Odd => Some("odd".into()),
    };
    read(&lexemes, |_| false).into_iter().filter_map(notation).collect()
}

#[test]
fn days_are_read_in_every_language() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("Vi ses tirsdag 24. november", &["2026-11-24", "2026-11-24"]),
        ("den 24. november 2027", &["2027-11-24"]),
        ("mardi 1er décembre", &["2026-11-24", "2026-12-01"]),
        ("November 24th, 2026 or the 2nd of January", &["2026-11-24", "2027-01-02"]),
        ("on Monday", &["2026-11-23|2026-11-30"]),
        ("next Tuesday", &["2026-11-24|2026-12-01"]),
        ("neste tirsdag", &["2026-11-24|2026-12-01"]),
        ("mardi prochain", &["2026-11-24|2026-12-01"]),
        ("i dag, i morgen, i overmorgen", &["2026-11-23", "2026-11-24", "2026-11-25"]),
        ("today, tomorrow or the day after tomorrow", &["2026-11-23", "2026-11-24", "2026-11-25"]),
        ("aujourd’hui, demain, après-demain", &["2026-11-23", "2026-11-24", "2026-11-25"]),
        ("اليوم أو غدًا أو بعد غد", &["2026-11-23", "2026-11-24", "2026-11-25"]),
        ("يوم الثلاثاء 24 نوفمبر", &["2026-11-24", "2026-11-24"]),
        ("٢٤ تشرين الثاني", &["2026-11-24"]),
        ("والسبت", &["2026-11-28"]),
        ("24.11.2026, 24/11/26, 2026-11-24, 24.12., 28/11", &["2026-11-24", "2026-11-24", "2026-11-24", "2026-12-24", "2026-11-28"]),
        ("mandager og les lundis and Mondays", &["every Monday", "every Monday", "every Monday"]),
        ("i helgen", &["2026-11-28|2026-11-29"]),
        ("31. november", &["31"]),
        ("29 February 2026", &["29", "2026"]),
        ("mai og may and mars", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(named(text), *expected, "{text}");
    }
}

#[test]
fn clock_times_are_read_in_every_language() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("kl. 10:00, 10.30 og 13", &["10:00|22:00", "10:30|22:30", "13:00"]),
        ("kl 9", &["09:00|21:00"]),
        ("klokka ti eller klokken 08.15", &["10:00|22:00", "08:15"]),
        ("mellom 09 og 17", &["09:00|21:00", "17:00"]),
        ("09:00–17:00", &["09:00", "17:00"]),
        ("9-17", &["09:00", "17:00"]),
        ("09.00 - 17.00", &["09:00", "17:00"]),
        ("at 3 pm or 3:30 p.m.", &["15:00", "15:30"]),
        ("10 am to 12 am", &["10:00", "00:00"]),
        ("at ten o'clock", &["10:00|22:00"]),
        ("à 10h30, 14 h ou 15 heures", &["10:30", "14:00", "15:00"]),
        ("dix heures", &["10:00|22:00"]),
        ("à midi, pas l'après-midi", &["12:00"]),
        ("الساعة ١٠:٣٠ صباحًا أو 3 مساءً", &["10:30", "15:00"]),
        ("الساعة العاشرة", &["10:00|22:00"]),
        ("من 09:00 إلى 17:00", &["09:00", "17:00"]),
        ("klokka halv ti", &["09:30|21:30"]),
        ("halv ett, halv 3 eller kvart på 10", &["12:30", "02:30|14:30", "09:45|21:45"]),
        ("fem på halv tre, ti over to", &["02:25|14:25", "02:10|14:10"]),
        ("half past two or a quarter to ten", &["02:30|14:30", "09:45|21:45"]),
        ("ten to two, but from ten to two", &["01:50|13:50"]),
        ("dix heures et demie, 14 heures moins le quart, midi et demi", &["10:30|22:30", "13:45", "12:30"]),
        ("quinze heures trente, dix-sept heures, vingt et une heures", &["15:30", "17:00", "21:00"]),
        ("klokka sytten eller klokken tjue", &["17:00", "20:00"]),
        ("quinze jours et dix-sept voitures", &[]),
        ("الساعة الثالثة والنصف، الساعة ١٠ إلا ربع", &["03:30|15:30", "09:45|21:45"]),
        ("klokka halv", &["clock?"]),
        ("25:00", &["25", "0"]),
        ("dans 10 heures", &["10"]),
        ("2–3 dager", &["2", "4320 min"]),
    ];
    for (text, expected) in table {
        assert_eq!(named(text), *expected, "{text}");
    }
}

#[test]
fn amounts_are_read_as_people_write_them() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("399 000 kr", &["399000.00 NOK"]),
        ("399\u{a0}000\u{a0}kr.", &["399000.00 NOK"]),
        ("kr. 399.000,-", &["399000.00 NOK"]),
        ("NOK 399,000.50", &["399000.50 NOK"]),
        ("399k kroner, 399 tusen kr", &["399000.00 NOK", "399000.00 NOK"]),
        ("1,2 millioner kroner", &["1200000.00 NOK"]),
        ("24 900 €, €24,900, EUR 24.900,00", &["24900.00 EUR", "24900.00 EUR", "24900.00 EUR"]),
        ("2 millions d'euros", &["2000000.00 EUR"]),
        ("٢٤٬٩٠٠ يورو", &["24900.00 EUR"]),
        ("500 كرونة", &["500.00 NOK"]),
        ("$500 or 500 dollars", &["500.00 USD", "500.00 USD"]),
        ("£500, 500 SEK", &["500.00 ?", "500.00 ?"]),
        ("fire hundre tusen kroner", &["amount?"]),
        ("four hundred thousand euros", &["amount?"]),
        ("４９９ kr", &["499.00 NOK"]),
        ("4,99 %, 5 prosent, 5 pour cent, ٥٪, 5 في المئة", &["4.99%", "5.00%", "5.00%", "5.00%", "5.00%"]),
        ("32 000 km, 4 500 mil, 100 miles, 50 كم", &["32000 km", "45000 km", "160 km", "50 km"]),
        ("45 minutter, 2 hours, 3 jours, أسبوع", &["45 min", "120 min", "4320 min"]),
        ("400 000", &["400000"]),
        ("४ kr", &["odd"]),
        ("३ biler", &["odd"]),
    ];
    for (text, expected) in table {
        assert_eq!(named(text), *expected, "{text}");
    }
}

#[test]
fn phone_numbers_are_told_from_prices_and_times() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("Ring +47 22 00 00 00.", &["tel +4722000000"]),
        ("22 00 00 00", &["tel 22000000"]),
        ("01.23.45.67.89", &["tel 0123456789"]),
        ("(555) 123-4567", &["tel 5551234567"]),
        ("22000000", &["tel 22000000"]),
        ("12 345 678 kr", &["12345678.00 NOK"]),
        ("10.00-11.30", &["10:00|22:00", "11:30|23:30"]),
    ];
    for (text, expected) in table {
        assert_eq!(named(text), *expected, "{text}");
    }
}

fn stock() -> Arc<Knowledge> {
    let vehicle = |make: &str, model: &str, variant: Option<&str>, year| Vehicle {
        id: VehicleId::from_uuid(Uuid::nil()),
        make: make.into(),
        model: model.into(),
        variant: variant.map(Into::into),
        year,
        price: Money { minor: 100, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 1,
        status: VehicleStatus::Available,
        details: crate::inventory::Details::default(),
    };
    Arc::new(Knowledge {
        vehicles: vec![
            vehicle("Tesla", "Model 3", Some("Long Range"), 2022),
            vehicle("Tesla", "Model 3", None, 2020),
            vehicle("Volkswagen", "Golf", Some("GTE"), 2019),
            vehicle("Volkswagen", "ID.4", None, 2023),
            vehicle("Mercedes-Benz", "EQC", None, 2021),
            vehicle("Renault", "Clio", None, 2021),
        ],
        ..Knowledge::default()
    })
}

#[test]
fn vehicles_are_found_by_make_model_variant_and_year() {
    let names = VehicleNames::of(&stock());
    #[rustfmt::skip]
    let table: &[(&str, &[&[usize]])] = &[
        ("Tesla Model 3 Long Range 2022 399 000 kr", &[&[0]]),
        ("tesla model 3", &[&[0, 1]]),
        ("Model3", &[&[0, 1]]),
        ("2020 Tesla Model 3", &[&[1]]),
        ("en tesla", &[&[0, 1]]),
        ("Tesla Model Y", &[&[]]),
        ("VW Golf GTE og vw id4", &[&[2], &[3]]),
        ("golfen? nei, Golf", &[&[2]]),
        ("id 4", &[&[3]]),
        ("Mercedes EQC", &[&[4]]),
        ("BMW X5", &[&[]]),
        ("سيارة تسلا Model 3", &[&[0, 1]]),
        ("la Clio", &[&[5]]),
        ("a seat in the car, one note", &[]),
        ("Clio 2020", &[&[5]]),
    ];
    for (text, expected) in table {
        let found: Vec<_> =
            names.find(&lex(text)).into_iter().map(|named| named.vehicles).collect();
        assert_eq!(found, *expected, "{text}");
    }
    assert!(names.find(&lex("Clio 2020"))[0].wrong_year);
}

#[test]
fn every_weekday_and_month_is_read_by_the_name_that_the_calendar_gives_it() {
    let kinds = |text: &str| -> Vec<Kind> {
        read(&lex(text), |_| false).into_iter().map(|token| token.kind).collect()
    };
    for lang in Lang::ALL {
        for weekday in Weekday::Monday.cycle_forward().take(7) {
            let name = calendar::weekday(lang, weekday);
            let day = Day::Weekday { weekday, every: false, next: false };
            assert_eq!(kinds(name), [Kind::Day(day)], "{name}");
        }
        for month in 1..=12 {
            let name = calendar::month(lang, month);
            let day = Day::Date { year: Some(2027), month, day: 9 };
            let text = format!("9 {name} 2027");
            assert_eq!(kinds(&text), [Kind::Day(day)], "{text}");
        }
    }
}

#[test]
fn phrases_are_found_whole_folded_and_with_arabic_prefixes() {
    let phrases = phrases::Phrases::new([(1, "prøvekjør*|vi har"), (2, "rendez-vous|موعد")]);
    let found = |text| -> Vec<i32> { phrases.find(&lex(text)).iter().map(|f| f.meaning).collect() };
    assert_eq!(found("PRØVEKJØRING? Vi har"), [1, 1]);
    assert_eq!(found("un rendez vous, rendez-vous"), [2, 2]);
    assert_eq!(found("والموعد"), [2]);
    assert_eq!(found("vi hadde"), Vec::<i32>::new());
}

#[test]
fn folding_makes_spellings_of_one_text_equal() {
    assert_eq!(fold("Prøvekjøring — «i Dag»"), fold("prøvekjøring - \"i dag\""));
    assert_eq!(fold("cafe\u{301}"), fold("café"));
    assert_eq!(fold("الأَرْبِعَاء"), fold("الاربعاء"));
    assert_eq!(fold("b\u{200b}oo\u{ad}ked"), "booked");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic_and_in_order(text in any::<String>()) {
        let lexemes = lex(&text);
        let tokens = read(&lexemes, |at| at % 7 == 3);
        prop_assert!(tokens.windows(2).all(|pair| pair[0].end == pair[1].first));
        VehicleNames::of(&stock()).find(&lexemes);
    }

    #[test]
    fn any_mix_of_what_is_read_is_read_without_a_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "kl. ", "10", ".", ":", "30", "-", " ", "399", " 000", " kr", "tirsdag", " 24", ". november", "/", "2026", "+47",
            "h", " heures", "à ", "الساعة ", "١٠", "%", "Tesla ", "Model ", "3", " Long Range", ",-", "€", "midi", "halv ", "p.m.", "'", "o'clock", "(", ")", "24/7",
        ]), 0..40)
    ) {
        let text = parts.concat();
        let lexemes = lex(&text);
        let tokens = read(&lexemes, |_| false);
        prop_assert_eq!(tokens.last().map_or(0, |token| token.end), lexemes.len());
        VehicleNames::of(&stock()).find(&lexemes);
    }
}
