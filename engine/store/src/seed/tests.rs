//! The data files against the rules of the types they fill.

use std::{collections::HashSet, fmt::Debug, hash::Hash};

use forecourt_core::{
    contact::{Email, Phone},
    knowledge::{Fuel, Localized, VehicleStatus},
    money::{Currency, Money},
};
use jiff::tz::TimeZone;

use super::*;

mod speech;
mod time;

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
            assert_eq!((&one.knowledge, &one.busy), (&two.knowledge, &two.busy));
        }
    }
}

#[test]
fn every_id_stands_once_and_belongs_to_its_tenant() {
    let tenants = tenants();
    let ids = |tenant: &NewTenant| -> Vec<Uuid> {
        let Knowledge { services, vehicles, .. } = &tenant.knowledge;
        let members = tenant.members.iter().map(|m| m.member.member.into_uuid());
        std::iter::once(tenant.snapshot.id.into_uuid())
            .chain(members)
            .chain(services.iter().map(|service| service.id.into_uuid()))
            .chain(vehicles.iter().map(|vehicle| vehicle.id.into_uuid()))
            .chain(tenant.busy.iter().map(|busy| busy.booking.into_uuid()))
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
        settings.check().unwrap();
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
