//! A store before another one reads a tenant there, and keeps to itself what happens.

use std::sync::Arc;

use forecourt_core::{
    id::{NodeId, ServiceId, TenantId},
    knowledge::{Faq, Knowledge, Service},
    lang::Lang,
    models::Spent,
    search::FoundBy,
};
use forecourt_ports::{
    contract::new_tenant,
    fake::{MemStore, Offered, SeqIds},
    ids::Ids as _,
    store::{
        Bookings as _, Busy, Journal as _, KnowledgeBase as _, LeadFilter, Leads as _, NewTenant,
        Spending as _, Taken, Tenants as _,
        knowledge::{PassageSource, Used},
    },
};
use jiff::{SignedDuration, Timestamp, civil::date};
use uuid::Uuid;

const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(1));
const SERVICE: ServiceId = ServiceId::from_uuid(Uuid::from_u128(30));

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("a time")
}

fn knowledge() -> Knowledge {
    let service = Service {
        id: SERVICE,
        name: [(Lang::En, "Test drive")].into(),
        keywords: vec![],
        minutes: 30,
        price: None,
        notice_minutes: 0,
        capacity: 1,
    };
    let faq = Faq {
        question: [(Lang::En, "Do you change tyres?")].into(),
        answer: [(Lang::En, "Yes, every weekday.")].into(),
        keywords: vec![],
    };
    Knowledge { services: vec![service], faqs: vec![faq], ..Knowledge::default() }
}

async fn worlds() -> (MemStore, MemStore, TenantId) {
    let ids = SeqIds::new();
    let starts_at = now() + SignedDuration::from_hours(2);
    let busy = Busy {
        booking: ids.booking(),
        service: SERVICE,
        starts_at,
        ends_at: starts_at + SignedDuration::from_mins(30),
    };
    let new = new_tenant("prove-bil", &ids);
    let tenant = new.snapshot.id;
    let behind = MemStore::new(NODE);
    behind.seed_tenant(NewTenant { knowledge: knowledge(), busy: vec![busy], ..new });
    let offered = Offered::read(&behind, tenant, now()).await.expect("readable").expect("a tenant");
    (MemStore::before(Arc::new(behind.clone()), offered, NODE), behind, tenant)
}

#[tokio::test]
async fn what_a_tenant_knows_is_read_behind_and_a_change_of_it_counts_at_once() {
    let (front, behind, tenant) = worlds().await;
    assert_eq!(front.load_knowledge(tenant).await.unwrap(), knowledge());
    let before = front.knowledge_version(tenant).await.unwrap();
    behind.seed_knowledge(tenant, Knowledge::default());
    assert!(front.knowledge_version(tenant).await.unwrap() > before);
    assert_eq!(front.load_knowledge(tenant).await.unwrap(), Knowledge::default());
}

#[tokio::test]
async fn what_can_be_booked_is_taken_over_with_its_times_and_with_nobodys_name() {
    let (front, behind, tenant) = worlds().await;
    let catalogue = front.load_catalogue(tenant).await.unwrap();
    assert_eq!(catalogue, behind.load_catalogue(tenant).await.unwrap());
    let resource = catalogue.resources[0].id;
    let ledger = front.load_ledger(tenant, resource, now()).await.unwrap().unwrap();
    assert_eq!(ledger.taken.len(), 1);
    let taken = ledger.taken[0].booking;
    assert!(front.find_booking(tenant, taken).await.unwrap().is_none(), "only its time is known");
    assert!(behind.find_booking(tenant, taken).await.unwrap().is_some());
}

#[tokio::test]
async fn what_models_took_is_the_one_thing_that_is_passed_on() {
    let (front, behind, tenant) = worlds().await;
    let day = date(2026, 11, 23);
    let taken = Taken {
        model: "a".into(),
        prompt_tokens: 9,
        cached_tokens: 0,
        output_tokens: 1,
        nano_usd: Some(7),
    };
    front.spend(tenant, &[(day, taken)]).await.unwrap();
    let sum = Spent { tokens: 10, nano_usd: 7 };
    assert_eq!(behind.spent(tenant, day).await.unwrap().0, sum);
    assert_eq!(front.spent(tenant, day).await.unwrap().0, sum, "its limits hold in front too");
    let everything = LeadFilter { page: 1, per_page: 10, ..LeadFilter::default() };
    assert_eq!(behind.list_leads(tenant, &everything).await.unwrap().total, 0);
    assert_eq!(behind.head(tenant).await.unwrap().seq.0, 0, "its log is as it was");
}

#[tokio::test]
async fn what_an_answer_stood_on_is_told_with_the_text_that_was_found_behind() {
    let (front, behind, tenant) = worlds().await;
    let ids = SeqIds::new();
    let found = front.search_knowledge(tenant, "tyres", Lang::En, 3).await.unwrap();
    assert_eq!(found[0].source, PassageSource::Faq);
    let (session, turn) = (ids.session(), ids.turn());
    let used = [(Used::Passage(found[0].id), Some(FoundBy::Words)), (Used::Service(SERVICE), None)];
    front.note_uses(tenant, session, turn, &used, now()).await.unwrap();
    let grounds = front.grounds(tenant, session).await.unwrap();
    let mut told: Vec<_> =
        grounds.iter().map(|one| (one.source.as_str(), one.title.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [("faq", "Do you change tyres?"), ("service", "Test drive")]);
    assert!(behind.grounds(tenant, session).await.unwrap().is_empty());
}
