//! Draws hostile calls and code changes: endless loops, bad pointers, re-entry, upgrades.

use super::drawn_call::{DrawInputs, DrawnCall};
use super::samples::{COUNTER, HOSTILE, UPGRADEABLE, variant};
use contract_types::{Address, counter, hostile, upgradeable};
use node::digest::sha256;

/// Blocks between the announcement and the change of code.
pub(super) const DELAY: u64 = 2;
/// Maximum gas of a call that may never end: enough to reach every limit other than gas.
const GAS_ENDLESS: u64 = 12_000_000;
/// Blocks in which the same code change is announced and made.
const UPGRADE_BLOCKS: u64 = 6;

/// Boundary values of memory sizes and ranges.
const RANGES: [u32; 7] = [0, 1, 64, 65_536, 0x2_0000, 1 << 31, u32::MAX];

/// Code hashes that a contract of this sample can change to; the last one is never uploaded.
fn codes(bytes: &[u8]) -> [[u8; 32]; 3] {
    [
        sha256(&[bytes]),
        sha256(&[&variant(bytes, 1)]),
        sha256(&[&variant(bytes, NEVER_UPLOADED)]),
    ]
}

/// Marks of the uploaded variants.
pub(super) const UPLOADED: [u8; 1] = [1];

/// Mark of the variants that are never uploaded.
pub(super) const NEVER_UPLOADED: u8 = 2;

/// A call of the hostile sample, mostly with little gas, because such calls use all of it.
pub(super) fn hostile(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let (one, other) = (
        draw.addresses.contract(&HOSTILE, 0),
        draw.addresses.contract(&HOSTILE, 1),
    );
    let random = &mut draw.random;
    let mut range = || random.pick(&RANGES).copied().unwrap_or_default();
    let (pointer, length) = (range(), range());
    let scarce = random.below(GAS_ENDLESS);
    match random.below(16) {
        0..6 => {
            let entry = random.pick(&hostile::ENDLESS).copied().unwrap_or("spin");
            DrawnCall::new(one, hostile::endless(entry)).with_gas(scarce)
        }
        6 | 7 => {
            let which = random.below(u64::from(hostile::BAD_POINTER_CALLS));
            let which = u8::try_from(which).unwrap_or_default();
            DrawnCall::new(one, hostile::bad_pointer(which, pointer, length))
        }
        8 => DrawnCall::new(one, hostile::long_key(length)),
        9 => DrawnCall::new(one, hostile::long_value(length)),
        10 => {
            // With flag 1 the callee may re-enter; without, it must not.
            let flags = u32::from(random.below(2) == 0);
            DrawnCall::new(one, hostile::reenter(Address(other.0), flags))
        }
        11 => DrawnCall::new(other, hostile::descend()),
        12 | 13 => {
            let choices = codes(HOSTILE.bytes);
            let code_hash = random.pick(&choices).copied().unwrap_or_default();
            DrawnCall::new(other, hostile::upgrade(code_hash)).with_gas(scarce)
        }
        14 => DrawnCall::new(one, hostile::deploy_bomb(HOSTILE.code_hash().0)).with_gas(scarce),
        _ => DrawnCall::new(one, hostile::large_output(random.below(2) == 0)),
    }
}

/// A call of the contract that changes its code, to variants of itself or to the counter.
pub(super) fn upgradeable(draw: &mut DrawInputs<'_>) -> DrawnCall {
    let contract = draw.addresses.contract(&UPGRADEABLE, 0);
    let ending = draw.addresses.contract(&UPGRADEABLE, 1);
    let random = &mut draw.random;
    let period = draw.height.checked_div(UPGRADE_BLOCKS).unwrap_or_default();
    let choices = codes(UPGRADEABLE.bytes);
    let choice = usize::try_from(period.checked_rem(3).unwrap_or_default()).unwrap_or_default();
    let code_hash = choices.get(choice).copied().unwrap_or_default();
    let call = match random.below(12) {
        0..3 => DrawnCall::new(contract, upgradeable::announce(code_hash)).by(0),
        3..6 => DrawnCall::new(contract, upgradeable::upgrade(code_hash)).by(0),
        6 => DrawnCall::new(contract, upgradeable::announce(code_hash)).by(1),
        7 => DrawnCall::new(contract, upgradeable::pending()),
        8 => DrawnCall::new(ending, upgradeable::announce(COUNTER.code_hash().0)).by(0),
        9 => DrawnCall::new(ending, upgradeable::upgrade(COUNTER.code_hash().0)).by(0),
        // An entry that both codes have.
        10 => DrawnCall::new(ending, counter::increment(random.below(1_000))),
        _ => DrawnCall::new(contract, upgradeable::increment(random.below(1_000))),
    };
    // The call runs out of gas after the code change, which is then undone.
    match random.below(6) {
        0 => call.with_gas(random.below(6_000_000)),
        _ => call,
    }
}
