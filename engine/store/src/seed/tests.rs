//! The data files against the rules of the types they fill, and against the engine that speaks
//! from them: what the demo says of itself must pass the claim gate, and must be found.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Debug,
    hash::Hash,
    sync::Arc,
};

use forecourt_core::{
    contact::{Email, Phone},
    gate::Gate,
    knowledge::{Fuel, Grounding, Localized, VehicleStatus},
    money::{Currency, Money},
    reading::{lex, names::VehicleNames, phrases::Phrases},
    slots,
};
use jiff::{civil::date, tz::TimeZone};

use super::*;

/// Ordinary days, a night, the days before holidays, and before and after a change of the clock.
const INSTANTS: [&str; 11] = [
    "2026-11-21T03:39:00Z",
    "2026-11-25T12:34:56.789Z",
    "2026-12-18T22:59:59Z",
    "2026-12-27T08:00:00Z",
    "2027-03-22T09:00:00Z",
    "2027-03-27T23:30:00Z",
    "2027-05-10T07:00:00Z",
    "2027-07-12T13:00:00Z",
    "2027-10-29T13:15:00Z",
    "2027-10-31T00:30:00Z",
    "2028-02-29T10:00:00Z",
];

fn instants() -> impl Iterator<Item = Timestamp> {
    INSTANTS.into_iter().map(|at| at.parse().unwrap())
}

/// The demo of a Saturday in November 2026, in the small hours.
fn tenants() -> Vec<NewTenant> {
    demo(INSTANTS[0].parse().unwrap(), "$argon2id$demo")
}

fn grounding(tenant: &NewTenant, now: Timestamp) -> Grounding {
    Grounding {
        settings: Arc::new(tenant.snapshot.settings.clone()),
        knowledge: Arc::new(tenant.knowledge.clone()),
        now,
    }
}

fn assert_distinct<T: Eq + Hash + Debug>(things: impl IntoIterator<Item = T>) {
    let mut seen = HashSet::new();
    for thing in things {
        assert!(!seen.contains(&thing), "{thing:?} stands twice");
        seen.insert(thing);
    }
}

#[test]
fn the_two_tenants_come_in_order_with_an_owner_who_signs_in_as_demo() {
    let tenants = tenants();
    let slugs: Vec<_> = tenants.iter().map(|tenant| tenant.snapshot.slug.as_str()).collect();
    assert_eq!(slugs, ["nordlys-bil", "garage-lumiere"]);
    for NewTenant { snapshot, members, .. } in &tenants {
        let [owner, seller] = members.as_slice() else { panic!("two members") };
        assert_eq!(owner.member.role, Role::Owner);
        assert_eq!(owner.member.email, format!("demo@{}.example", snapshot.slug));
        assert_eq!(seller.member.role, Role::Seller);
        for member in members {
            assert_eq!(member.member.tenant, snapshot.id);
            assert_eq!(member.password_hash.as_deref(), Some("$argon2id$demo"));
        }
        assert!(["dealer", "garage"].contains(&snapshot.pack.as_str()));
    }
}

#[test]
fn the_same_instant_gives_the_same_tenants() {
    for now in instants() {
        let (one, two) = (demo(now, "hash"), demo(now, "hash"));
        for (one, two) in one.iter().zip(&two) {
            assert_eq!(one.snapshot, two.snapshot);
            assert_eq!(one.knowledge, two.knowledge);
        }
    }
}

#[test]
fn every_id_stands_once_and_belongs_to_its_tenant() {
    let tenants = tenants();
    let ids = |tenant: &NewTenant| -> Vec<Uuid> {
        let Knowledge { services, vehicles, busy, .. } = &tenant.knowledge;
        let members = tenant.members.iter().map(|m| m.member.member.into_uuid());
        std::iter::once(tenant.snapshot.id.into_uuid())
            .chain(members)
            .chain(services.iter().map(|service| service.id.into_uuid()))
            .chain(vehicles.iter().map(|vehicle| vehicle.id.into_uuid()))
            .chain(busy.iter().map(|busy| busy.booking.into_uuid()))
            .collect()
    };
    for tenant in &tenants {
        // Their first 48 bits are the tenant's, and all are UUIDs of version 7.
        let first = |id: Uuid| id.as_u128() >> 80;
        for id in ids(tenant) {
            assert_eq!(first(id), first(tenant.snapshot.id.into_uuid()), "{id}");
            assert_eq!(id.get_version_num(), 7, "{id}");
        }
    }
    assert_distinct(tenants.iter().flat_map(ids));
}

#[test]
fn every_text_is_there_in_all_languages() {
    let check = |text: &Localized| {
        for lang in Lang::ALL {
            let text = text.0.get(&lang).unwrap_or_else(|| panic!("no {lang} for {text:?}"));
            assert_eq!(text.trim(), text, "{lang}");
            assert!(!text.is_empty() && !text.contains("  "), "{lang}: {text:?}");
        }
    };
    for NewTenant { knowledge, .. } in &tenants() {
        knowledge.services.iter().for_each(|service| check(&service.name));
        for faq in &knowledge.faqs {
            check(&faq.question);
            check(&faq.answer);
        }
        let keywords = knowledge.services.iter().map(|s| &s.keywords);
        for keywords in keywords.chain(knowledge.faqs.iter().map(|faq| &faq.keywords)) {
            assert!((8..=100).contains(&keywords.len()), "{keywords:?}");
            for keyword in keywords {
                assert!(!keyword.trim().is_empty() && *keyword == keyword.to_lowercase());
            }
        }
        // A word that points to two things points to neither.
        assert_distinct(knowledge.services.iter().flat_map(|service| &service.keywords));
        assert_distinct(knowledge.faqs.iter().flat_map(|faq| &faq.keywords));
    }
}

#[test]
fn the_settings_can_be_kept() {
    for NewTenant { snapshot, members, .. } in &tenants() {
        let settings = &snapshot.settings;
        assert!(TimeZone::get(&settings.zone).is_ok(), "{}", settings.zone);
        settings.promise.check().unwrap();
        settings.hours.check().unwrap();
        assert_distinct(&settings.languages);
        assert_eq!(settings.languages.len(), Lang::ALL.len());
        let brand = &settings.brand;
        Phone::parse(brand.phone.as_deref().unwrap(), &settings.country).unwrap();
        let staff = members.iter().map(|member| member.member.email.as_str());
        let mail = &settings.mail;
        let written = brand.email.as_deref().into_iter().chain([mail.from_address.as_str()]);
        for email in written.chain(staff.clone()) {
            assert!(email.ends_with(".example"), "{email}");
            Email::parse(email).unwrap();
        }
        for alerted in &mail.alert_to {
            assert!(staff.clone().any(|email| email == alerted), "{alerted} is nobody's");
        }
        let digits = brand.color.strip_prefix('#').unwrap();
        assert!(digits.len() == 6 && u32::from_str_radix(digits, 16).is_ok());
    }
}

#[test]
fn easter_is_when_the_church_has_it() {
    for (year, month, day) in [
        (1818, 3, 22),
        (1943, 4, 25),
        (1954, 4, 18),
        (1981, 4, 19),
        (2000, 4, 23),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2028, 4, 16),
        (2038, 4, 25),
        (2049, 4, 18),
        (2076, 4, 19),
    ] {
        assert_eq!(easter_sunday(year), Some(date(year, month, day)));
    }
}

#[test]
fn public_holidays_are_closed_in_the_year_of_the_seeding_and_the_next() {
    let tenants = tenants();
    let closed = |tenant: &NewTenant, year: i16| -> Vec<(i8, i8)> {
        let days = tenant.snapshot.settings.hours.exceptions.iter();
        days.filter(|day| day.date.year() == year && day.spans.is_empty())
            .map(|day| (day.date.month(), day.date.day()))
            .collect()
    };
    let (oslo, lyon) = (&tenants[0], &tenants[1]);
    let norway_2026 =
        [(1, 1), (4, 2), (4, 3), (4, 6), (5, 1), (5, 14), (5, 17), (5, 25), (12, 25), (12, 26)];
    assert_eq!(closed(oslo, 2026), norway_2026);
    // Whit Monday of 2027 is the seventeenth of May.
    let norway_2027 =
        [(1, 1), (3, 25), (3, 26), (3, 29), (5, 1), (5, 6), (5, 17), (12, 25), (12, 26)];
    assert_eq!(closed(oslo, 2027), norway_2027);
    let france_2027 = [
        (1, 1),
        (3, 29),
        (5, 1),
        (5, 6),
        (5, 8),
        (5, 17),
        (7, 14),
        (8, 15),
        (11, 1),
        (11, 11),
        (12, 25),
    ];
    assert_eq!(closed(lyon, 2027), france_2027);
    for tenant in &tenants {
        let hours = &tenant.snapshot.settings.hours;
        for (year, day) in [(2026, 24), (2026, 31), (2027, 24), (2027, 31)] {
            let [span] = hours.on(date(year, 12, day)) else { panic!("open once") };
            assert!(span.closes <= Time::constant(14, 0, 0, 0));
        }
        // A Sunday: short hours do not open it.
        assert!(hours.on(date(2028, 12, 24)).is_empty());
        assert_distinct(hours.exceptions.iter().map(|day| day.date));
    }
}

#[test]
fn bookings_are_ahead_inside_the_hours_and_never_more_than_the_capacity() {
    for now in instants() {
        for NewTenant { snapshot, knowledge, .. } in &demo(now, "hash") {
            let zone = snapshot.settings.time_zone();
            for Busy { booking, service, starts_at, ends_at } in &knowledge.busy {
                let (from, until) = (zone.to_datetime(*starts_at), zone.to_datetime(*ends_at));
                let spans = snapshot.settings.hours.on(from.date());
                let open = spans.iter().any(|s| s.opens <= from.time() && until.time() <= s.closes);
                assert!(open && from.date() == until.date(), "{booking}: {from} to {until}");
                assert!(*ends_at > now);
                let kind = knowledge.services.iter().find(|s| s.id == *service).unwrap();
                assert_eq!(ends_at.duration_since(*starts_at).as_mins(), i64::from(kind.minutes));
                let at_once = knowledge.busy.iter().filter(|other| {
                    other.service == *service
                        && other.starts_at <= *starts_at
                        && *starts_at < other.ends_at
                });
                assert!(at_once.count() <= usize::from(kind.capacity), "{booking}: {from}");
            }
        }
    }
}

#[test]
fn a_later_seeding_has_the_same_bookings_where_both_reach() {
    let (first, later): (Timestamp, Timestamp) =
        ("2026-12-15T11:00:00Z".parse().unwrap(), "2026-12-22T14:00:00Z".parse().unwrap());
    for (one, two) in demo(first, "hash").iter().zip(&demo(later, "hash")) {
        let last = one.knowledge.busy.iter().map(|busy| busy.starts_at).max().unwrap();
        let both: Vec<_> = one.knowledge.busy.iter().filter(|b| b.ends_at > later).collect();
        let same: Vec<_> = two.knowledge.busy.iter().filter(|b| b.starts_at <= last).collect();
        assert_eq!(both, same);
        assert!(two.knowledge.busy.len() > same.len());
    }
}

/// The starts of a service on a day, with or without the bookings.
fn starts(
    tenant: &NewTenant,
    service: &Service,
    busy: &[Busy],
    now: Timestamp,
    first: Date,
    days: u16,
) -> HashSet<Timestamp> {
    let settings = &tenant.snapshot.settings;
    let zone = settings.time_zone();
    let free = slots::free(&settings.hours, &zone, service, busy, now, first, days, 10_000);
    free.into_iter().map(|slot| slot.starts_at).collect()
}

#[test]
fn the_main_service_has_free_times_and_holes_on_each_open_day_of_two_weeks() {
    for now in instants() {
        for tenant in &demo(now, "hash") {
            let settings = &tenant.snapshot.settings;
            let (main, busy) = (&tenant.knowledge.services[0], &tenant.knowledge.busy);
            let today = settings.time_zone().to_datetime(now).date();
            let mut open = 0;
            for offset in 1..=14 {
                let day = today.checked_add(i64::from(offset).days()).unwrap();
                if settings.hours.on(day).is_empty() {
                    continue;
                }
                open += 1;
                let free = starts(tenant, main, busy, now, day, 1);
                let all = starts(tenant, main, &[], now, day, 1);
                assert!(!free.is_empty(), "{}: nothing free on {day}", settings.brand.name);
                assert!(free.len() < all.len(), "{}: no hole on {day}", settings.brand.name);
                assert!(free.is_subset(&all));
            }
            assert!(open >= 8, "{open} open days after {now}");
        }
    }
}

#[test]
fn every_service_has_free_times_and_holes_within_a_week() {
    for now in instants() {
        for tenant in &demo(now, "hash") {
            let zone = tenant.snapshot.settings.time_zone();
            let today = zone.to_datetime(now).date();
            for service in &tenant.knowledge.services {
                let free = starts(tenant, service, &tenant.knowledge.busy, now, today, 7);
                let all = starts(tenant, service, &[], now, today, 7);
                assert!(free.len() >= 8, "{:?} at {now}: {}", service.name, free.len());
                assert!(free.len() < all.len(), "{:?} at {now}", service.name);
            }
        }
    }
}

#[test]
fn a_change_of_the_clock_leaves_bookings_at_their_time_of_day() {
    let oslo = TimeZone::get("Europe/Oslo").unwrap();
    for (now, utc) in [("2027-03-25T08:00:00Z", "09:00"), ("2027-10-28T08:00:00Z", "10:00")] {
        let tenant = demo(now.parse().unwrap(), "hash").swap_remove(0);
        let first = oslo.to_datetime(now.parse().unwrap()).date();
        // The first Wednesday after the change has a test drive at eleven, in weeks of every kind.
        let wednesday = first.nth_weekday(1, Weekday::Wednesday).unwrap();
        let eleven = wednesday.at(11, 0, 0, 0).to_zoned(oslo.clone()).unwrap().timestamp();
        assert!(eleven.to_string().contains(&format!("T{utc}:")), "{eleven}");
        let there = |busy: &&Busy| busy.starts_at == eleven;
        assert_eq!(tenant.knowledge.busy.iter().filter(there).count(), 2);
    }
}

#[test]
fn the_stock_is_what_a_dealer_might_have() {
    let tenants = tenants();
    let dealer = &tenants[0].knowledge;
    assert!((10..=12).contains(&dealer.vehicles.len()));
    let tesla = &dealer.vehicles[0];
    assert_eq!(tesla.title(), "Tesla Model 3 Long Range 2022");
    assert_eq!(tesla.price, Money { minor: 35_990_000, currency: Currency::Nok });
    assert_eq!((tesla.status, tesla.fuel), (VehicleStatus::Available, Fuel::Electric));
    for status in [
        VehicleStatus::Available,
        VehicleStatus::Reserved,
        VehicleStatus::Sold,
        VehicleStatus::InService,
    ] {
        assert!(dealer.vehicles.iter().any(|vehicle| vehicle.status == status), "{status:?}");
    }
    assert!(dealer.faqs.len() >= 12 && tenants[1].knowledge.faqs.len() >= 8);
    for (tenant, currency) in tenants.iter().zip([Currency::Nok, Currency::Eur]) {
        assert_distinct(tenant.knowledge.vehicles.iter().map(Vehicle::title));
        let prices = tenant.knowledge.vehicles.iter().map(|vehicle| vehicle.price);
        for price in prices.chain(tenant.knowledge.services.iter().filter_map(|s| s.price)) {
            assert_eq!(price.currency, currency);
            assert_eq!(price.minor % 100, 0);
        }
    }
}

#[test]
fn a_vehicle_named_by_its_title_is_that_vehicle_and_its_price_may_be_said() {
    let now = INSTANTS[1].parse().unwrap();
    for tenant in &demo(now, "hash") {
        let grounding = grounding(tenant, now);
        let names = VehicleNames::new(Arc::clone(&grounding.knowledge));
        for (index, vehicle) in tenant.knowledge.vehicles.iter().enumerate() {
            let named = names.find(&lex(&vehicle.title()));
            assert_eq!(named.first().map(|named| &*named.vehicles), Some(&[index][..]));
            let (title, price) = (vehicle.title(), vehicle.price.display(Lang::En));
            let said = format!("{title} costs {price}.");
            let released = Gate::check(&grounding, Lang::En, &said);
            assert_eq!(released.text.replace('\u{a0}', " "), said.replace('\u{a0}', " "));
        }
    }
}

#[test]
fn every_answer_of_the_tenants_own_passes_the_claim_gate_whole() {
    let mut withheld = Vec::new();
    for now in instants() {
        for tenant in &demo(now, "hash") {
            let grounding = grounding(tenant, now);
            for (lang, answer) in tenant.knowledge.faqs.iter().flat_map(|faq| &faq.answer.0) {
                let released = Gate::check(&grounding, *lang, answer);
                if released.text != *answer {
                    withheld.push((answer.clone(), released.withheld));
                }
            }
        }
    }
    assert!(withheld.is_empty(), "{withheld:#?}");
}

/// The index that was found most often; of several, the first.
fn best(phrases: &Phrases<usize>, text: &str) -> Option<usize> {
    let mut counts = BTreeMap::<usize, usize>::new();
    for found in phrases.find(&lex(text)) {
        *counts.entry(found.meaning).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(index, _)| index)
}

fn phrases<'a>(keywords: impl Iterator<Item = &'a Vec<String>>) -> Phrases<usize> {
    let pairs = keywords.enumerate();
    Phrases::new(pairs.flat_map(|(at, words)| words.iter().map(move |word| (at, word.as_str()))))
}

#[test]
fn every_question_and_every_name_of_a_service_is_found_by_its_keywords() {
    let mut lost = Vec::new();
    for tenant in &tenants() {
        let Knowledge { services, faqs, .. } = &tenant.knowledge;
        let of_faqs = phrases(faqs.iter().map(|faq| &faq.keywords));
        for (index, faq) in faqs.iter().enumerate() {
            for (lang, question) in &faq.question.0 {
                if best(&of_faqs, question) != Some(index) {
                    lost.push(format!("{lang}: {question}"));
                }
            }
        }
        let of_services = phrases(services.iter().map(|service| &service.keywords));
        for (index, service) in services.iter().enumerate() {
            for (lang, name) in &service.name.0 {
                if best(&of_services, name).is_some_and(|found| found != index) {
                    lost.push(format!("{lang}: {name}"));
                }
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_customer_who_asks_for_a_car_and_a_test_drive_gets_no_answer_to_another_question() {
    let dealer = tenants().swap_remove(0).knowledge;
    let of_faqs = phrases(dealer.faqs.iter().map(|faq| &faq.keywords));
    let of_services = phrases(dealer.services.iter().map(|service| &service.keywords));
    for text in [
        "Hei! Er Tesla Model 3 fortsatt ledig, og kan jeg prøvekjøre den på lørdag?",
        "Bonjour, la Tesla Model 3 est-elle toujours disponible ? Je voudrais un essai samedi.",
        "Hi, is the Tesla Model 3 Long Range still available? Could I book a test drive on Saturday?",
        "مرحبا، هل سيارة Tesla Model 3 ما زالت متوفرة؟ أريد تجربة قيادة يوم السبت.",
        "Hei, jeg lurer på Nissan Leaf. Kan jeg ta med kona på en prøvetur?",
    ] {
        assert_eq!(best(&of_faqs, text), None, "{text}");
        let service = best(&of_services, text);
        assert!(service.is_none_or(|service| service == 0), "{text}");
    }
    // Where the keywords do not say it, the name of the service does.
    assert_eq!(dealer.services[0].name.get(Lang::Ar), "تجربة قيادة");
}
