//! Runs seeded networks twice each: crashes, torn writes and Byzantine proposers change no result.

use node_sim::network::{Behaviour, NetworkReport, Scenario, run, standard};
use node_sim::simulate::injected::WrongGas;
use std::ops::Range;

fn twice(scenario: &Scenario) -> NetworkReport {
    let report = run(scenario, standard()).unwrap();
    let again = run(scenario, standard()).unwrap();
    assert_eq!(report, again, "seed {} is not repeatable", scenario.seed);
    report
}

/// Some of the seeds; `.ci/run` runs 200 with the release build of `lockstep sim --network`.
#[test]
fn every_seed_agrees_and_repeats() {
    agree_and_repeat(0..25);
}

fn agree_and_repeat(seeds: Range<u64>) {
    let count = seeds.end - seeds.start;
    let mut sum = [0_u64; Behaviour::ALL.len()];
    let (mut crashes, mut refused, mut rounds) = (0, 0, 0);
    for seed in seeds {
        let report = twice(&Scenario::new(seed));
        assert!(report.agreed, "seed {seed}: {:?}", report.first_difference);
        assert_eq!(report.height.0, 8);
        for (sum, count) in sum.iter_mut().zip(report.proposals) {
            *sum += count;
        }
        crashes += report.crashes;
        refused += report.refused;
        rounds += report.rounds;
    }
    for (behaviour, count) in Behaviour::ALL.iter().zip(sum) {
        assert!(count > 0, "{behaviour:?} never happened");
    }
    assert!(crashes >= count, "{crashes} crashes");
    assert!(refused > 0 && rounds > count * 8);
}

#[test]
fn a_validator_with_a_wrong_engine_is_named_at_its_first_wrong_block() {
    for wrong in 0..4 {
        let mut engines = standard();
        engines[wrong] = Box::new(|| Box::new(WrongGas::default()));
        let report = run(&Scenario::new(3), engines).unwrap();
        let difference = report.first_difference.expect("a difference");
        assert!(!report.agreed);
        // Block 2 deploys and so runs the first frames. The wrong validator may apply it first, so
        // that another one is reported against it.
        assert_eq!(
            (difference.height.0, difference.field),
            (2, "result.gas_used")
        );
        assert_ne!(difference.expected, difference.found);
    }
}

#[test]
fn a_seed_determines_the_history() {
    let report = |seed| run(&Scenario::new(seed), standard()).unwrap().events_hash;
    assert_ne!(report(1), report(2));
}

#[test]
fn proposers_that_are_all_byzantine_cannot_split_or_stop_the_validators() {
    let scenario = Scenario {
        byzantine: 4,
        blocks: 3,
        ..Scenario::new(1)
    };
    let report = run(&scenario, standard()).unwrap();
    assert!(report.agreed, "{:?}", report.first_difference);
    assert!(report.rounds > 3, "no round failed");
    assert!(run(&scenario, Vec::new()).is_err());
}
