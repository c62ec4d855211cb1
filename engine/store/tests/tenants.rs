//! Tenants are made once, whole, and never by halves.

use forecourt_core::id::{BookingId, MemberId, ServiceId, TenantId};
use forecourt_ports::{
    contract::new_tenant,
    fake::SeqIds,
    ids::Ids as _,
    store::{BookingFilter, Bookings as _, Busy, NewTenant, StoreError, Tenants as _},
};
use forecourt_store::{PgStore, seed};
use jiff::{SignedDuration, Timestamp};

mod ground;
use ground::postgres;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("a time")
}

/// Every booking with its service and times, in the order of their starts.
type Booked = Vec<(Timestamp, BookingId, ServiceId, Timestamp)>;

fn of(busy: &[Busy]) -> Booked {
    let mut all: Booked =
        busy.iter().map(|b| (b.starts_at, b.booking, b.service, b.ends_at)).collect();
    all.sort_unstable();
    all
}

/// What a tenant has booked that is not over.
async fn booked(store: &PgStore, tenant: TenantId, now: Timestamp) -> Booked {
    let (mut all, mut after) = (Booked::new(), None);
    loop {
        let filter = BookingFilter { from: Some(now), after, limit: 200, ..Default::default() };
        let page = store.list_bookings(tenant, &filter).await.expect("a read");
        let Some(last) = page.last() else { break };
        after = Some((last.wish.from, last.id));
        all.extend(page.iter().map(|b| (b.wish.from, b.id, b.wish.service, b.wish.until)));
    }
    all.sort_unstable();
    all
}

#[tokio::test]
async fn the_demo_is_stored_whole_and_a_later_start_only_adds_the_bookings_ahead() {
    let ground = postgres().await;
    let (_, store) = ground.store(1);
    for tenant in seed::demo(now(), "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA") {
        let id = tenant.snapshot.id;
        assert_eq!(store.create_tenant(&tenant, now()).await, Ok((id, true)));
        assert_eq!(store.find_tenant(&tenant.snapshot.slug).await, Ok(Some(id)));
        assert_eq!(store.load_tenant(id).await, Ok(Some(tenant.snapshot.clone())));
        assert_eq!(store.load_knowledge(id).await, Ok(tenant.knowledge.clone()));
        assert_eq!(booked(&store, id, now()).await, of(&tenant.busy));
        assert_eq!(store.create_tenant(&tenant, now()).await, Ok((id, false)));
    }
    let later = now() + SignedDuration::from_hours(7 * 24);
    for mut tenant in seed::demo(later, "another hash") {
        let settings = tenant.snapshot.settings.clone();
        tenant.snapshot.settings.brand.color = "#ffffff".into();
        let id = tenant.snapshot.id;
        assert_eq!(store.create_tenant(&tenant, later).await, Ok((id, false)));
        let kept = store.load_tenant(id).await.expect("a read").expect("it is there");
        assert_eq!(kept.settings.brand, settings.brand, "what it has stays");
        assert_eq!(booked(&store, id, later).await, of(&tenant.busy));
    }
}

#[tokio::test]
async fn a_slug_that_is_taken_leads_to_the_tenant_that_has_it() {
    let ground = postgres().await;
    let (_, store) = ground.store(1);
    let ids = SeqIds::new();
    let (first, second) = (new_tenant("nordlys-bil", &ids), new_tenant("nordlys-bil", &ids));
    let id = first.snapshot.id;
    assert_eq!(store.create_tenant(&first, now()).await, Ok((id, true)));
    assert_eq!(store.create_tenant(&second, now()).await, Ok((id, false)));
    assert_eq!(store.load_tenant(second.snapshot.id).await, Ok(None));
}

#[tokio::test]
async fn a_tenant_that_cannot_be_stored_leaves_nothing_behind() {
    let ground = postgres().await;
    let (_, store) = ground.store(1);
    let mut new = new_tenant("nordlys-bil", &SeqIds::new());
    let mut twin = new.members[0].clone();
    twin.member.member = MemberId::from_uuid(SeqIds::lane(1).uuid());
    twin.member.email = twin.member.email.to_uppercase();
    new.members.push(twin);
    let refused = store.create_tenant(&new, now()).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(store.find_tenant("nordlys-bil").await, Ok(None));
}

#[tokio::test]
async fn a_tenant_of_whom_nobody_would_come_is_refused() {
    let ground = postgres().await;
    let (_, store) = ground.store(1);
    let mut new = new_tenant("ensom-bil", &SeqIds::new());
    for nobody in [vec![], vec!["ikke en adresse".to_owned()]] {
        new.snapshot.settings.mail.alert_to = nobody;
        let refused = store.create_tenant(&new, now()).await;
        assert!(matches!(refused, Err(StoreError::Failed(ref why)) if why.contains("alert_to")));
    }
    assert_eq!(store.find_tenant("ensom-bil").await, Ok(None));
}

#[tokio::test]
async fn whatever_a_tenant_may_say_raises_its_version_in_the_same_commit_and_nobody_elses() {
    let ground = postgres().await;
    let (_, store) = ground.store(1);
    let ids = SeqIds::new();
    let (new, other) = (new_tenant("nordlys-bil", &ids), new_tenant("annen-bil", &ids));
    for new in [&new, &other] {
        assert_eq!(store.create_tenant(new, now()).await, Ok((new.snapshot.id, true)));
    }
    let version =
        async |new: &NewTenant| store.knowledge_version(new.snapshot.id).await.expect("a read");
    let (mut last, others) = (version(&new).await, version(&other).await);
    let raw = ground.db.raw(&ground.db.superuser()).await;
    let tenant = new.snapshot.id;
    for change in [
        "INSERT INTO faqs (faq_id, position, question, answer, keywords, created_at)
             VALUES (gen_random_uuid(), 9, '{}', '{}', '{}', now())",
        "UPDATE faqs SET answer = '{\"en\": \"Yes\"}'",
        "UPDATE services SET active = false",
        "UPDATE vehicles SET status = 'sold'",
        "UPDATE tenants SET settings = settings || '{\"country\": \"SE\"}'",
        "INSERT INTO policies (policy_id, position, title, body, keywords, version, created_at)
             VALUES (gen_random_uuid(), 0, '{}', '{}', '{}', 1, now())",
    ] {
        raw.run(&format!(
            "BEGIN; SELECT set_config('app.tenant_id', '{}', true); SET LOCAL ROLE forecourt_app; \
             {change}; COMMIT",
            tenant.as_uuid()
        ))
        .await
        .expect("a change");
        let next = version(&new).await;
        assert!(last < next, "{change}");
        last = next;
    }
    raw.run("UPDATE tenants SET last_seq = last_seq WHERE slug = 'nordlys-bil'")
        .await
        .expect("a commit of the journal");
    assert_eq!((version(&new).await, version(&other).await), (last, others));
}
