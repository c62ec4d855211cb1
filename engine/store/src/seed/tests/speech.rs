//! The demo against the engine that speaks from it: what it says passes the claim gate, and a
//! question is found by its words.

use std::{collections::BTreeMap, sync::Arc};

use forecourt_core::{
    gate::Gate,
    knowledge::Grounding,
    reading::{lex, names::VehicleNames, phrases::Phrases},
};

use super::{super::*, instants, tenants};

fn grounding(tenant: &NewTenant, now: Timestamp) -> Grounding {
    Grounding {
        settings: Arc::new(tenant.snapshot.settings.clone()),
        knowledge: Arc::new(tenant.knowledge.clone()),
        agenda: Arc::default(),
        now,
        receipts: [].into(),
    }
}

#[test]
fn a_vehicle_named_by_its_title_is_that_vehicle_and_its_price_may_be_said() {
    let now = instants().next().unwrap();
    for tenant in &demo(now, "hash") {
        let grounding = grounding(tenant, now);
        let names = VehicleNames::new(&grounding.knowledge);
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
    for now in instants().step_by(3) {
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
