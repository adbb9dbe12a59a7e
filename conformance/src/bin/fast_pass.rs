//! Compares both ways of `check` on generated modules: `fast_pass COUNT SEED`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]

use conformance::fast_pass::{ComparedBodies, bodies, compare};
use std::process::ExitCode;
use vm::Rules;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(count)), Some(Ok(seed))) = (numbers.next(), numbers.next()) else {
        println!("fast_pass COUNT SEED");
        return ExitCode::from(2);
    };
    let (lower, reject) = (Rules::v1(), Rules::new(FloatPolicy::Reject, Schedule::v1()));
    let mut all = ComparedBodies::default();
    for number in seed..seed.saturating_add(count) {
        // Most modules have floats, so few pass the stricter policy.
        let rules = if number & 7 == 0 { &reject } else { &lower };
        match compare(&bodies::module(number), rules) {
            Ok(compared) => all.add(compared),
            Err(difference) => {
                println!("seed {number}: {difference}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{count} modules compared, {} accepted; the fast pass accepted {} bodies",
        all.modules, all.accepted
    );
    ExitCode::SUCCESS
}
