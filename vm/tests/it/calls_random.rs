//! Generates random trees of calls: a script for each entry point of each code.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::calls_script::{ABSENT_ACCOUNT, CODES, CONTRACTS, ENTRIES, Op, Scripts, address};
use proptest::prelude::*;
use vm::Address;

fn address_or_absent() -> impl Strategy<Value = Address> {
    prop_oneof![
        5 => (0..CONTRACTS).prop_map(address),
        1 => Just(ABSENT_ACCOUNT),
    ]
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![4 => Just(0_u128), 3 => 1_u128..60, 1 => Just(1000)]
}

fn gas() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(u64::MAX), 1 => 0_u64..2_000_000, 1 => Just(0)]
}

/// An operation of an entry point; it calls later entry points only, so that every tree ends.
fn op(entry: usize) -> impl Strategy<Value = Op> {
    let later = (entry + 1)..(ENTRIES + 1);
    let call = (
        0_u32..4,
        address_or_absent(),
        later.clone(),
        amount(),
        gas(),
    )
        .prop_map(|(flags, to, entry, value, gas)| Op::Call {
            flags: if flags == 3 { 1 } else { flags },
            to,
            entry,
            value,
            gas,
        });
    let deploy =
        (0..=CODES, 0_u8..2, later, amount(), gas()).prop_map(|(code, salt, entry, value, gas)| {
            Op::Deploy {
                code,
                salt,
                entry,
                value,
                gas,
            }
        });
    prop_oneof![
        3 => (0_u8..7, 0_u8..40).prop_map(|(raw, value)| Op::Write(raw, value)),
        2 => (0_u8..7).prop_map(Op::Remove),
        2 => (0_u8..7).prop_map(Op::Read),
        3 => (0_u8..7, 0_u32..5).prop_map(|(raw, limit)| Op::Scan(raw, limit)),
        2 => any::<u8>().prop_map(Op::Emit),
        1 => (0_u64..5000).prop_map(Op::Burn),
        1 => address_or_absent().prop_map(Op::Balance),
        1 => (address_or_absent(), amount()).prop_map(|(to, value)| Op::Transfer(to, value)),
        1 => (0..=CODES).prop_map(Op::SetCode),
        2 => Just(Op::Returned),
        6 => call,
        2 => deploy,
        1 => any::<u8>().prop_map(Op::Return),
        1 => any::<u8>().prop_map(Op::Revert),
        1 => prop_oneof![Just(Op::Trap), Just(Op::OutOfGas)],
    ]
}

pub(crate) fn scripts() -> impl Strategy<Value = Scripts> {
    let script = |number: usize| prop::collection::vec(op(number % ENTRIES), 0..7);
    let all: Vec<_> = (0..CODES * ENTRIES).map(script).collect();
    all.prop_map(|scripts| {
        let entries = (0..CODES).flat_map(|code| (0..ENTRIES).map(move |entry| (code, entry)));
        entries.zip(scripts).collect()
    })
}
