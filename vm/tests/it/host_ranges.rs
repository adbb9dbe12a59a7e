//! Calls every host function with extreme pointers and lengths against a model in u64.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{PLENTY, Stage, trapped};
use host_api::{Argument, Row, TABLE};
use vm::Trap;
use vm::unstable::gas::GasMeter;

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

/// Slots up to which the whole product of the values is tried, numbers included.
const WHOLE_PRODUCT_SLOTS_MAX: usize = 6;
/// Sizes of memory up to which a longer row is tried with the whole product over its pointers and
/// lengths: 6^8 calls for `deploy`.
const WHOLE_PRODUCT_SIZE_MAX: u64 = 300;

/// Which slots of a row are pointers or lengths; the others are flags, counts, gas and heights.
fn ranged(row: &Row) -> Vec<usize> {
    let mut ranged = Vec::new();
    let mut slot = 0;
    for argument in row.arguments {
        let slots = argument.types().len();
        if !matches!(argument, Argument::Number(..)) {
            ranged.extend(slot..slot + slots);
        }
        slot += slots;
    }
    ranged
}

/// Every filling of some slots of `slots` with `values`, the rest 0.
fn product<'a>(
    values: &'a [u64],
    some: &'a [usize],
    slots: usize,
) -> impl Iterator<Item = Vec<u64>> + 'a {
    let count = values.len().pow(u32::try_from(some.len()).expect("few"));
    (0..count).map(move |place| {
        let chosen = combination(values, some.len(), place);
        let mut filling = vec![0; slots];
        for (slot, value) in some.iter().zip(chosen) {
            filling[*slot] = value;
        }
        filling
    })
}

/// Fillings of the slots of a row: the whole product of `values`; for a long row that over its
/// pointers and lengths where the memory is small, else that of four values, and every pair of
/// slots with all values.
fn try_fillings(values: &[u64; 6], row: &Row, size: u64, mut each: impl FnMut(Vec<u64>)) {
    let slots = row.parameters().count();
    let all: Vec<usize> = (0..slots).collect();
    if slots <= WHOLE_PRODUCT_SLOTS_MAX {
        return product(values, &all, slots).for_each(each);
    }
    let [zero, _, last, whole, _, most] = *values;
    match size <= WHOLE_PRODUCT_SIZE_MAX {
        true => product(values, &ranged(row), slots).for_each(&mut each),
        false => product(&[zero, last, whole, most], &all, slots).for_each(&mut each),
    }
    for second in 0..slots {
        for first in 0..second {
            product(values, &[first, second], slots).for_each(&mut each);
        }
    }
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
        try_fillings(&values, row, size, |arguments| {
            stage.gas = GasMeter::new(PLENTY);
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
        });
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
