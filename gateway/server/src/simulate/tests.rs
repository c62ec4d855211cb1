//! Short runs, the same run twice, and bugs that must be found.
use indicatif::ProgressBar;

use super::{
    faults::FaultSet,
    report::Report,
    run::{Plan, memory, simulate, tenants},
    world::Sabotage,
};

fn plan(seed: u64) -> Plan {
    Plan {
        hours: 12,
        seed,
        faults: FaultSet::all(),
        tenants: 3,
        leads_per_day: 80,
        nodes: 2,
        until: None,
        sabotage: Sabotage::None,
    }
}

fn run(plan: &Plan) -> Report {
    let tenants = tenants(plan.tenants);
    simulate(plan, &tenants, memory(&tenants), "memory", &ProgressBar::hidden()).unwrap()
}

#[test]
fn half_a_day_with_everything_breaking_keeps_every_invariant() {
    let (mut leads, mut letters) = (0, 0);
    for (seed, nodes) in [(1, 2), (2, 1), (6, 2)] {
        let report = run(&Plan { nodes, ..plan(seed) });
        assert!(report.is_sound(), "{report}");
        (leads, letters) = (leads + report.counted("leads"), letters + report.counted("letters"));
    }
    assert!(leads > 50 && letters > 20, "{leads} leads and {letters} letters prove little");
}

#[test]
fn quiet_hours_answer_everybody_with_a_model() {
    let faults: FaultSet = "none".parse().unwrap();
    let report = run(&Plan { faults, hours: 3, ..plan(4) });
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.counted("broken in the open"), 0, "{report}");
    assert_eq!(report.counted("kept by the template"), 0, "{report}");
}

#[test]
fn a_seed_gives_the_same_steps_again_and_another_seed_gives_others() {
    let short = |seed| run(&Plan { hours: 4, ..plan(seed) }).fingerprint;
    let first = short(42);
    assert_eq!(first, short(42), "A10: something took the machine's time, order or dice");
    assert_ne!(first, short(43));
}

#[test]
fn bugs_that_are_put_in_are_found() {
    for (sabotage, law) in [
        (Sabotage::AckUnstored, "A1"),
        (Sabotage::LoseTimers, "A11"),
        (Sabotage::IgnoreFences, "A7"),
        (Sabotage::SendTwice, "R1"),
        (Sabotage::LogAddress, "A13"),
    ] {
        // A bug shows when something happens that it spoils: not in every world.
        let found = (5..15).any(|seed| {
            let report = run(&Plan { sabotage, hours: 10, leads_per_day: 250, ..plan(seed) });
            report.violations.iter().any(|violation| violation.law == law)
        });
        assert!(found, "{sabotage:?} broke nothing in ten worlds");
    }
}
