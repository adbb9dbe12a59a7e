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
        if let Argument::Number(..) = argument {
            continue;
        }
        let length = match *argument {
            Argument::Bytes(_) | Argument::Buffer => next(),
            Argument::Items(_, bytes) => next() * u64::from(bytes),
            Argument::Fixed(_, bytes) | Argument::Output(bytes) => u64::from(bytes),
            Argument::Number(..) => 0,
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

/// Slots up to which the whole product of the values is tried.
const WHOLE_PRODUCT_SLOTS_MAX: usize = 6;

/// Fillings of the slots of a row: the whole product of `values`, or for a long row the whole
/// product of four of them and every pair of slots with all of them, the rest 0.
fn fillings(values: &[u64; 6], slots: usize) -> Vec<Vec<u64>> {
    let product = |values: &[u64]| {
        let count = values.len().pow(u32::try_from(slots).expect("few"));
        let places = 0..count;
        places
            .map(|place| combination(values, slots, place))
            .collect::<Vec<_>>()
    };
    if slots <= WHOLE_PRODUCT_SLOTS_MAX {
        return product(values);
    }
    let [zero, _, last, size, _, most] = *values;
    let mut fillings = product(&[zero, last, size, most]);
    for (first, second) in
        (0..slots).flat_map(|first| (0..first).map(move |second| (first, second)))
    {
        for pair in 0..values.len() * values.len() {
            let pair = combination(values, 2, pair);
            let mut filling = vec![0; slots];
            (filling[first], filling[second]) = (pair[0], pair[1]);
            fillings.push(filling);
        }
    }
    fillings
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
        for arguments in fillings(&values, slots) {
            stage.gas = Gas::new(PLENTY);
            let reply = stage.call(row.function, &arguments);
            let leaves = leaves_memory(row, &arguments, size);
            let ranged = reply == trapped(Trap::MemoryRange);
            assert_eq!(ranged, leaves, "{} {arguments:?} of {size}", row.name);
            assert!(
                !leaves || stage.memory == memory,
                "{} {arguments:?}",
                row.name
            );
            if !leaves {
                stage.memory.copy_from_slice(&memory);
            }
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
