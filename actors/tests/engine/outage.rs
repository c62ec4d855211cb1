//! The mail server is gone for an hour: letters keep their place, and all of them arrive once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use forecourt_actors::ProviderStatus;
use forecourt_core::{
    breaker::Shown,
    event::{DeliveryKind, Event},
    id::SessionId,
};
use forecourt_ports::{
    clock::Clock as _,
    fake::Dial,
    store::{DeliveryFilter, DeliveryStatus, Operations as _},
};
use jiff::Timestamp;

use crate::support::{MEMBER, TENANT, World};

impl World {
    /// Lets time pass in steps, each when everything that the one before set going has come to rest.
    async fn live(&self, seconds: i64, step: i64) {
        for _ in 0..seconds / step {
            self.pass(step);
            self.rest().await;
        }
    }

    /// Until nobody's time has come any more, and nothing more is tried or stored.
    async fn rest(&self) {
        let mut calm = 0;
        let mut last = None;
        while calm < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let waits = self.clock.sleepers().into_iter().min() > Some(self.clock.now());
            let stands = (self.sender.tries(), self.journal().await.len());
            calm = if waits && last == Some(stands) { calm + 1 } else { 0 };
            last = Some(stands);
        }
    }

    fn provider(&self) -> ProviderStatus {
        self.tenant.providers().remove(0)
    }

    /// When each answer to a customer was taken, by conversation.
    fn answers(&self) -> BTreeMap<SessionId, Vec<Timestamp>> {
        let mut answers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sent in self.sender.sent() {
            if sent.outgoing.to.address.contains("kari") {
                answers.entry(sent.outgoing.session).or_default().push(sent.at);
            }
        }
        answers
    }
}

#[actix_rt::test]
async fn an_hour_without_the_mail_server_kills_no_letter_and_each_arrives_once() {
    let world = World::new().await;
    world.sender.dial_next(100_000, &Dial::Refuse);
    let mut sessions = BTreeSet::new();
    for n in 0..20 {
        let email = format!("kari{n}@example.no");
        sessions.insert(world.capture(&email, "Hei, er bilen ledig?").await.unwrap().session);
    }
    world.rest().await;
    assert!(matches!(world.provider().state, Shown::Open { .. }), "{:?}", world.provider());
    world.live(3_600, 20).await;

    let failed = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::DeliveryFailed { .. })).count()
    };
    assert_eq!(failed(&world.journal().await), 0, "an outage is nobody's fault");
    let tries = world.sender.tries();
    assert!(tries < 200, "{tries} tries: the provider is left alone");
    assert_eq!(world.answers().len(), 0);

    world.sender.heal();
    // A letter that was the probe four times waits for its ladder: two hours and a fifth.
    world.live(3 * 3_600, 60).await;
    assert_eq!(world.provider().state, Shown::Closed);
    let answers = world.answers();
    assert_eq!(answers.keys().copied().collect::<BTreeSet<_>>(), sessions, "all were answered");
    for (session, times) in answers {
        assert_eq!(times.len(), 1, "{session} was answered more than once");
    }
    let events = world.journal().await;
    assert_eq!(failed(&events), 0);
    let alerts =
        DeliveryFilter { status: Some(DeliveryStatus::Pending), limit: 500, ..Default::default() };
    let left = world.store.list_deliveries(TENANT, &alerts).await.unwrap();
    let left: Vec<_> = left.iter().filter(|row| row.kind == DeliveryKind::Answer).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[actix_rt::test]
async fn most_letters_of_an_outage_leave_soon_after_it() {
    let world = World::new().await;
    world.sender.dial_next(100_000, &Dial::Refuse);
    // The first ones find out that nobody answers; the others come to a closed door.
    for n in 0..10 {
        world.capture(&format!("kari{n}@example.no"), "Hei, er bilen ledig?").await.unwrap();
    }
    world.rest().await;
    world.live(600, 20).await;
    let lead = world.capture("kari-sen@example.no", "Hei, er bilen ledig?").await.unwrap();
    world.rest().await;
    world.sender.heal();
    let healed = world.clock.now();
    world.live(150, 2).await;
    let late = world.answers().remove(&lead.session).expect("the newest is answered");
    let after = late[0].duration_since(healed).as_secs();
    assert!(after <= 90, "its promise was worth a probe: {after} s");
}

#[actix_rt::test]
async fn a_dead_letter_is_replayed_by_a_member_and_arrives_once() {
    let mut world = World::new().await;
    world.sender.dial(1, Dial::Permanent);
    let lead = world.capture("kari@example.no", "Hei, er bilen ledig?").await.unwrap();
    let dead = world.until("the end", |e| matches!(e, Event::DeliveryFailed { .. })).await;
    let Event::DeliveryFailed { delivery, .. } = dead.event else { panic!("a failure") };
    let wish = || {
        let id = Some("once".to_owned());
        world.tenant.replay_delivery(lead.session, delivery, MEMBER, false, id)
    };
    let first = wish().await.unwrap();
    assert_eq!(wish().await.unwrap(), first, "the same wish, the same answer");
    world
        .until(
            "the arrival",
            |e| matches!(e, Event::DeliveryAccepted { delivery, .. } if *delivery == first),
        )
        .await;
    assert_eq!(world.answers()[&lead.session].len(), 1);
    let again = world.tenant.replay_delivery(lead.session, delivery, MEMBER, true, None).await;
    assert!(again.is_err(), "it has arrived");
}
