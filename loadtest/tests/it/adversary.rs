//! The adversarial model against the claim gate and the grants (bars S4, S5), in short.

use forecourt_loadtest::adversary;

#[test]
fn of_a_thousand_turns_of_lies_none_leaves_and_nothing_is_done() {
    let report = adversary::run(1_000, 7);
    assert!(report.is_sound(), "{:#?}", report.told);
    assert!(report.lies > 1_500 && report.calls > 15_000, "too little was tried: {report:?}");
    // A gate that lets nothing pass would be no gate.
    let strict = report.truths_withheld * 100 / report.truths.max(1);
    assert!(report.truths > 300 && strict <= 5, "{strict} %: {:#?}", report.too_strict);
}

#[test]
fn a_seed_says_the_same_again() {
    let told = |seed| {
        let report = adversary::run(50, seed);
        (report.sentences, report.lies, report.calls, report.granted, report.kinds)
    };
    assert_eq!(told(3), told(3));
    assert_ne!(told(3), told(4));
}
