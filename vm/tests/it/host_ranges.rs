//! Calls every host function with extreme pointers and lengths against a model in u64.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{PLENTY, Stage, trapped};
use host_api::{Argument, Row, TABLE};
use vm::{Gas, Trap};

/// True if a range of the call leaves a memory of `size` bytes.
fn leaves_memory(row: &Row, slots: &[u64], size: u64) -> bool {
    let mut slots = slots.iter();
    let mut next = || *slots.next().expect("a slot");
    let mut leaves = false;
    for argument in row.arguments {
        let pointer = next();
        let length = match *argument {
            Argument::Bytes(_) | Argument::Buffer => next(),
            Argument::Items(_, bytes) => next() * u64::from(bytes),
            Argument::Fixed(_, bytes) | Argument::Output(bytes) => u64::from(bytes),
        };
        leaves |= pointer + length > size;
    }
    leaves
}

/// The `place`-th of all ways to fill `slots` slots with `values`.
fn combination(values: &[u64], slots: usize, mut place: usize) -> Vec<u64> {
    let mut chosen = Vec::with_capacity(slots);
    for _ in 0..slots {
        chosen.push(values[place % values.len()]);
        place /= values.len();
    }
    chosen
}

fn check_all(size: u64) {
    let values = [0, 1, size.saturating_sub(1), size, 1 << 31, (1 << 32) - 1];
    let memory = vec![0xa5; usize::try_from(size).expect("small")];
    let mut stage = Stage {
        memory: memory.clone(),
        input: vec![1; 64],
        ..Stage::default()
    };
    for row in TABLE {
        let slots = row.parameters().count();
        for place in 0..values.len().pow(u32::try_from(slots).expect("few")) {
            let arguments = combination(&values, slots, place);
            stage.gas = Gas::new(PLENTY);
            stage.memory.copy_from_slice(&memory);
            let reply = stage.call(row.function, &arguments);
            let leaves = leaves_memory(row, &arguments, size);
            let ranged = reply == trapped(Trap::MemoryRange);
            assert_eq!(ranged, leaves, "{} {arguments:?} of {size}", row.name);
            assert!(
                !leaves || stage.memory == memory,
                "{} {arguments:?}",
                row.name
            );
        }
    }
}

#[test]
fn ranges_are_as_the_model_says_in_one_small_memory() {
    check_all(300);
}

#[test]
fn ranges_are_as_the_model_says_in_a_page() {
    check_all(65_536);
}

#[test]
fn ranges_are_as_the_model_says_without_memory() {
    check_all(0);
}
