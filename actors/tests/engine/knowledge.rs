//! What a tenant changes is known to the next answer, on every node.

use std::sync::Arc;

use forecourt_core::{
    knowledge::{Faq, Knowledge},
    lang::Lang,
};

use forecourt_ports::store::Decisions as _;

use crate::support::{TENANT, World, settings};

fn knows(answer: &str) -> Knowledge {
    let faq = Faq {
        question: [(Lang::En, "Do you change tyres?")].into(),
        answer: [(Lang::En, answer)].into(),
        keywords: Vec::new(),
    };
    Knowledge { faqs: vec![faq], ..Knowledge::default() }
}

#[actix_rt::test]
async fn what_was_stored_is_known_at_once_on_every_node_though_no_time_passes() {
    let world = World::new().await;
    let other = world.beside(2).tenant_by_id(TENANT).await.unwrap().unwrap();
    let here = &world.tenant;
    world.store.seed_knowledge(TENANT, knows("Yes."));
    for tenant in [here, &other] {
        assert_eq!(*tenant.knowledge().await.unwrap(), knows("Yes."));
    }
    world.store.seed_knowledge(TENANT, knows("Not in summer."));
    for tenant in [&other, here] {
        assert_eq!(*tenant.knowledge().await.unwrap(), knows("Not in summer."));
    }
    let (first, again) = (here.knowledge().await.unwrap(), here.knowledge().await.unwrap());
    assert!(Arc::ptr_eq(&first, &again), "unchanged, nothing is read");
    here.knowledge_changed();
    assert_eq!(*here.knowledge().await.unwrap(), knows("Not in summer."));
}

#[actix_rt::test]
async fn settings_that_were_changed_hold_from_the_next_look_on_and_are_kept_for_replays() {
    let world = World::new().await;
    let other = world.beside(2).tenant_by_id(TENANT).await.unwrap().unwrap();
    let mut settings = settings();
    settings.brand.phone = Some("+47 22 00 00 00".into());
    world.store.seed_settings(TENANT, settings.clone());
    for tenant in [&world.tenant, &other] {
        assert_eq!(tenant.current().await.unwrap().settings, settings);
        assert_eq!(tenant.snapshot().settings, settings);
    }
    let kept = world.store.kept_settings(TENANT).await.unwrap();
    assert!(kept.contains(&settings), "a replay finds them");
}

#[actix_rt::test]
async fn while_the_store_is_out_of_reach_what_was_read_a_moment_ago_is_still_known() {
    let world = World::new().await;
    world.store.seed_knowledge(TENANT, knows("Yes."));
    world.tenant.knowledge().await.unwrap();
    world.store.set_unavailable(true);
    assert_eq!(*world.tenant.knowledge().await.unwrap(), knows("Yes."));
    world.pass(3);
    assert!(world.tenant.knowledge().await.is_err(), "and not for longer than two seconds");
}
