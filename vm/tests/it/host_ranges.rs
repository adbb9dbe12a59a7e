//! Calls every host function with extreme pointers and lengths and compares with a model in u64.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{HostFixture, PLENTY, trapped};
use host_api::{Argument, Row, TABLE};
use vm::Trap;
use vm::unstable::gas::GasMeter;

/// True if a range of the call exceeds a memory of `size` bytes.
fn exceeds_memory(row: &Row, slots: &[u64], size: u64) -> bool {
    let mut slots = slots.iter();
    let mut next = || *slots.next().expect("a slot");
    let mut exceeds = false;
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
        exceeds |= pointer + length > size;
    }
    exceeds
}

/// Combination number `index` of `values` for `slots` slots.
fn combination(values: &[u64], slots: usize, mut index: usize) -> Vec<u64> {
    let mut chosen = Vec::with_capacity(slots);
    for _ in 0..slots {
        chosen.push(values[index % values.len()]);
        index /= values.len();
    }
    chosen
}

/// Number of slots up to which all combinations of the values are tried.
const ALL_COMBINATIONS_SLOTS_MAX: usize = 6;
/// Memory size in bytes up to which a longer row is tried with all combinations for its pointers
/// and lengths: 6^8 calls for `deploy`.
const ALL_COMBINATIONS_SIZE_MAX: u64 = 300;

/// Slots of a row that are pointers or lengths; the others are flags, counts, gas and heights.
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

/// All arguments with `values` in the slots `some`, and 0 in the others.
fn product<'a>(
    values: &'a [u64],
    some: &'a [usize],
    slots: usize,
) -> impl Iterator<Item = Vec<u64>> + 'a {
    let count = values.len().pow(u32::try_from(some.len()).expect("few"));
    (0..count).map(move |index| {
        let chosen = combination(values, some.len(), index);
        let mut arguments = vec![0; slots];
        for (slot, value) in some.iter().zip(chosen) {
            arguments[*slot] = value;
        }
        arguments
    })
}

/// Arguments of a row: all combinations of `values`. For a long row, those of its pointers and
/// lengths if the memory is small, else those of four values; and all values in each pair of slots.
fn try_arguments(values: &[u64; 6], row: &Row, size: u64, mut each: impl FnMut(Vec<u64>)) {
    let slots = row.parameters().count();
    let all: Vec<usize> = (0..slots).collect();
    if slots <= ALL_COMBINATIONS_SLOTS_MAX {
        return product(values, &all, slots).for_each(each);
    }
    let [zero, _, last, whole, _, most] = *values;
    match size <= ALL_COMBINATIONS_SIZE_MAX {
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
    let mut fixture = HostFixture {
        memory: memory.clone(),
        input: vec![1; 64],
        ..HostFixture::default()
    };
    for row in TABLE {
        try_arguments(&values, row, size, |arguments| {
            fixture.gas = GasMeter::new(PLENTY);
            let reply = fixture.call(row.function, &arguments);
            let exceeds = exceeds_memory(row, &arguments, size);
            let ranged = reply == trapped(Trap::MemoryRange);
            assert_eq!(ranged, exceeds, "{} {arguments:?} of {size}", row.name);
            assert!(
                !exceeds || fixture.memory == memory,
                "{} {arguments:?}",
                row.name
            );
            if !exceeds {
                fixture.memory.copy_from_slice(&memory);
            }
        });
    }
}

#[test]
fn ranges_agree_with_the_model_in_one_small_memory() {
    check_all(300);
}

#[test]
fn ranges_agree_with_the_model_in_a_page() {
    check_all(65_536);
}

#[test]
fn ranges_agree_with_the_model_without_memory() {
    check_all(0);
}
