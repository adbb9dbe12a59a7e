//! Draws calls that misbehave, and changes of code: endless ones, bad pointers, re-entry, upgrades.

use super::drawn_call::{Act, Stage};
use super::samples::{COUNTER, HOSTILE, UPGRADEABLE, variant};
use contract_types::{Address, counter, hostile, upgradeable};
use node::digest::sha256;

/// Blocks between an announcement and the change of code.
pub(super) const DELAY: u64 = 2;
/// Most gas of a call that may never end: enough for every limit but the gas itself to show.
const GAS_ENDLESS: u64 = 12_000_000;
/// Blocks in which the same change of code is announced and made.
const UPGRADE_BLOCKS: u64 = 6;

/// Ends of memory and of what a range can be.
const RANGES: [u32; 7] = [0, 1, 64, 65_536, 0x2_0000, 1 << 31, u32::MAX];

/// Code hashes that a contract of this sample can change to; the last was never uploaded.
fn codes(bytes: &[u8]) -> [[u8; 32]; 3] {
    [
        sha256(&[bytes]),
        sha256(&[&variant(bytes, 1)]),
        sha256(&[&variant(bytes, NEVER_UPLOADED)]),
    ]
}

/// Marks of the variants that are uploaded.
pub(super) const UPLOADED: [u8; 1] = [1];

/// Mark of the variants that nobody uploads.
pub(super) const NEVER_UPLOADED: u8 = 2;

/// The hostile set: mostly with little gas, since it would use all.
pub(super) fn hostile(stage: &mut Stage<'_>) -> Act {
    let (one, other) = (
        stage.cast.contract(&HOSTILE, 0),
        stage.cast.contract(&HOSTILE, 1),
    );
    let random = &mut stage.random;
    let mut range = || random.pick(&RANGES).copied().unwrap_or_default();
    let (pointer, length) = (range(), range());
    let scarce = random.below(GAS_ENDLESS);
    match random.below(16) {
        0..6 => {
            let entry = random.pick(&hostile::ENDLESS).copied().unwrap_or("spin");
            Act::new(one, hostile::endless(entry)).with_gas(scarce)
        }
        6 | 7 => {
            let which = random.below(u64::from(hostile::BAD_POINTER_CALLS));
            let which = u8::try_from(which).unwrap_or_default();
            Act::new(one, hostile::bad_pointer(which, pointer, length))
        }
        8 => Act::new(one, hostile::long_key(length)),
        9 => Act::new(one, hostile::long_value(length)),
        10 => {
            // With 1, the callee may come back; without, it must not.
            let flags = u32::from(random.below(2) == 0);
            Act::new(one, hostile::reenter(Address(other.0), flags))
        }
        11 => Act::new(other, hostile::descend()),
        12 | 13 => {
            let choices = codes(HOSTILE.bytes);
            let code_hash = random.pick(&choices).copied().unwrap_or_default();
            Act::new(other, hostile::upgrade(code_hash)).with_gas(scarce)
        }
        14 => Act::new(one, hostile::deploy_bomb(HOSTILE.code_hash().0)).with_gas(scarce),
        _ => Act::new(one, hostile::lie(random.below(2) == 0)),
    }
}

/// The contract that changes its code: to variants of itself, and once to the counter.
pub(super) fn upgradeable(stage: &mut Stage<'_>) -> Act {
    let contract = stage.cast.contract(&UPGRADEABLE, 0);
    let ending = stage.cast.contract(&UPGRADEABLE, 1);
    let random = &mut stage.random;
    let place = stage.height.checked_div(UPGRADE_BLOCKS).unwrap_or_default();
    let choices = codes(UPGRADEABLE.bytes);
    let place = usize::try_from(place.checked_rem(3).unwrap_or_default()).unwrap_or_default();
    let code_hash = choices.get(place).copied().unwrap_or_default();
    let act = match random.below(12) {
        0..3 => Act::new(contract, upgradeable::announce(code_hash)).by(0),
        3..6 => Act::new(contract, upgradeable::upgrade(code_hash)).by(0),
        6 => Act::new(contract, upgradeable::announce(code_hash)).by(1),
        7 => Act::new(contract, upgradeable::pending()),
        8 => Act::new(ending, upgradeable::announce(COUNTER.code_hash().0)).by(0),
        9 => Act::new(ending, upgradeable::upgrade(COUNTER.code_hash().0)).by(0),
        // An entry of both codes.
        10 => Act::new(ending, counter::increment(random.below(1_000))),
        _ => Act::new(contract, upgradeable::increment(random.below(1_000))),
    };
    // Out of gas after the code was changed: the change is undone.
    match random.below(6) {
        0 => act.with_gas(random.below(6_000_000)),
        _ => act,
    }
}
