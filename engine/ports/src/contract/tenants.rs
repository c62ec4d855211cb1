//! Tenants, what they know, and who may sign in.

use forecourt_core::{
    id::{ServiceId, VehicleId},
    knowledge::{Faq, Fuel, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    money::{Currency, Money},
};
use jiff::SignedDuration;

use super::{Ground, Stage, new_tenant};
use crate::{fake::SeqIds, ids::Ids as _, store::Role};

pub async fn a_tenant_is_found_by_its_slug_and_read_back_as_it_was_made(ground: &dyn Ground) {
    let new = new_tenant("nordlys-bil", &SeqIds::new());
    let snapshot = new.snapshot.clone();
    ground.add_tenant(new).await;
    let (_, store) = ground.node(2);
    assert_eq!(store.find_tenant("nordlys-bil").await.expect("a read"), Some(snapshot.id));
    for nobody in ["nordlys", "Nordlys-Bil", "", "x'; --", "nordlys-bil ", "ø"] {
        assert_eq!(store.find_tenant(nobody).await.expect("a read"), None, "{nobody:?}");
    }
    assert_eq!(store.load_tenant(snapshot.id).await.expect("a read"), Some(snapshot));
    let unknown = new_tenant("ukjent", &SeqIds::lane(9)).snapshot.id;
    assert_eq!(store.load_tenant(unknown).await.expect("a read"), None);
}

fn knowledge(ids: &SeqIds) -> Knowledge {
    let id = || ids.uuid();
    let service = ServiceId::from_uuid(id());
    let text = |text: &str| {
        Localized::from([
            (Lang::Nb, text),
            (Lang::Fr, "Essai"),
            (Lang::En, "Test"),
            (Lang::Ar, "تجربة"),
        ])
    };
    let vehicle = |model: &str, variant: Option<&str>, status| Vehicle {
        id: VehicleId::from_uuid(id()),
        make: "Citroën".into(),
        model: model.into(),
        variant: variant.map(Into::into),
        year: 2024,
        price: Money { minor: 39_900_000, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 18_500,
        status,
        details: forecourt_core::inventory::Details::default(),
    };
    Knowledge {
        services: vec![
            Service {
                id: service,
                name: text("Prøvekjøring"),
                keywords: vec!["prøvekjøre".into(), "essai".into(), "تجربة".into()],
                minutes: 45,
                price: None,
                notice_minutes: 120,
                capacity: 2,
            },
            Service {
                id: ServiceId::from_uuid(id()),
                name: text("Dekkskift"),
                keywords: vec![],
                minutes: 30,
                price: Some(Money { minor: 99_900, currency: Currency::Nok }),
                notice_minutes: 0,
                capacity: 1,
            },
        ],
        faqs: vec![
            Faq {
                question: text("Når har dere åpent?"),
                answer: text("Ni til fem."),
                keywords: vec!["åpent".into()],
            },
            Faq { question: text("Zebra?"), answer: text("Nei."), keywords: vec![] },
            Faq {
                question: text("Aldri?"),
                answer: text("Jo, \"av\" og til\\."),
                keywords: vec![],
            },
        ],
        vehicles: vec![
            vehicle("ë-C4", Some("Shine"), VehicleStatus::Available),
            vehicle("Ami", None, VehicleStatus::Sold),
            vehicle("Berlingo", None, VehicleStatus::InService),
        ],
        tools: Vec::new(),
    }
}

pub async fn knowledge_is_read_back_as_it_was_made(ground: &dyn Ground) {
    let ids = SeqIds::new();
    let mut new = new_tenant("nordlys-bil", &ids);
    let id = new.snapshot.id;
    let made = knowledge(&ids);
    new.knowledge = made.clone();
    ground.add_tenant(new).await;
    let other = new_tenant("annen-bil", &ids);
    let other_id = other.snapshot.id;
    ground.add_tenant(other).await;
    let (_, store) = ground.node(1);
    let read = store.load_knowledge(id).await.expect("a read");
    assert_eq!((&read.services, &read.faqs), (&made.services, &made.faqs));
    assert_eq!(read.vehicles, made.vehicles);
    let other = store.load_knowledge(other_id).await.expect("a read");
    assert_eq!(other, Knowledge::default());
}

pub async fn an_unsubscribed_customer_stays_so(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let state = stage.lead("Kari", "kari@example.no").await;
    let (store, tenant) = (&stage.store, stage.tenant);
    for _ in 0..2 {
        assert!(store.unsubscribe(tenant, state.id, stage.now).await.expect("a write"));
    }
    let opened = forecourt_core::session::Command::Open { lang: stage.lang() };
    let nobody = stage.play(&stage.new_session(), opened).await;
    assert!(!store.unsubscribe(tenant, nobody.id, stage.now).await.expect("a read"));
    let unknown = stage.ids.session();
    assert!(!store.unsubscribe(tenant, unknown, stage.now).await.expect("a read"));
}

pub async fn a_member_signs_in_by_mail_address_without_regard_to_case(ground: &dyn Ground) {
    let ids = SeqIds::new();
    let mut new = new_tenant("nordlys-bil", &ids);
    let mut silent = new.members[0].clone();
    silent.member.member = forecourt_core::id::MemberId::from_uuid(ids.uuid());
    silent.member.email = "ny@nordlys-bil.example.no".into();
    silent.password_hash = None;
    new.members.push(silent);
    let (tenant, member) = (new.snapshot.id, new.members[0].member.clone());
    ground.add_tenant(new).await;
    let other = new_tenant("annen-bil", &ids);
    let other_tenant = other.snapshot.id;
    ground.add_tenant(other).await;
    let (_, store) = ground.node(1);
    let found = store.find_member(tenant, "aase@NORDLYS-BIL.example.no").await.expect("a read");
    let found = found.expect("a member");
    assert!(found.member == member && found.member.role == Role::Seller);
    assert!(found.password_hash.starts_with("$argon2id$"));
    for nobody in ["", "%", "aase", "ny@nordlys-bil.example.no"] {
        assert!(store.find_member(tenant, nobody).await.expect("a read").is_none(), "{nobody}");
    }
    let elsewhere = store.find_member(other_tenant, &member.email).await.expect("a read");
    assert!(elsewhere.is_none(), "A8");
}

pub async fn a_sign_in_session_ends_at_its_time_or_when_it_is_closed(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let other = stage.set_another("annen-bil").await;
    let (store, tenant, member) = (stage.store.clone(), stage.tenant, stage.member);
    let expires = stage.now + SignedDuration::from_hours(12);
    let open = async |token: u8, now, expires| {
        store.open_staff_session(tenant, member, [token; 32], now, expires).await.expect("opened");
    };
    let find = async |tenant, token: u8, now| {
        let found = store.find_staff_session(tenant, [token; 32], now).await.expect("a read");
        found.map(|found| found.member)
    };
    open(1, stage.now, expires).await;
    open(2, stage.now, expires).await;
    assert_eq!(find(tenant, 1, stage.now).await, Some(member));
    assert_eq!(find(tenant, 3, stage.now).await, None);
    assert_eq!(find(other.tenant, 1, stage.now).await, None, "A8");
    let close = async |tenant| store.close_staff_session(tenant, [1; 32]).await.expect("closed");
    assert!(!close(other.tenant).await, "A8");
    assert!(close(tenant).await);
    assert!(!close(tenant).await, "once");
    assert_eq!(find(tenant, 1, stage.now).await, None);
    stage.now = expires - SignedDuration::from_micros(1);
    assert_eq!(find(tenant, 2, stage.now).await, Some(member));
    stage.now = expires;
    assert_eq!(find(tenant, 2, stage.now).await, None);
    open(4, stage.now, expires + SignedDuration::from_hours(1)).await;
    assert_eq!(find(tenant, 4, stage.now).await, Some(member));
}
