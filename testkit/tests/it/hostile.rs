//! Runs every entry of the hostile set on every engine: each is stopped, and nothing remains.

use crate::setup::{by, deploy, done, everywhere, refused};
use contract_types::{Address, hostile};
use host_api::status;
use testkit::{Call, World};
use vm::Trap;

/// Enough for every limit but the gas itself to show; little enough to be used up quickly.
const GAS: u64 = 40_000_000;

fn stage() -> (World, Address, Address) {
    let mut world = everywhere();
    let alice = world.account("alice", 0);
    let contract = deploy(&mut world, alice, "hostile", &hostile::touch());
    (world, alice, contract)
}

#[test]
fn what_never_ends_is_stopped_by_gas_a_trap_or_a_limit() {
    let (mut world, alice, contract) = stage();
    let before = world.values(contract);
    for entry in hostile::ENDLESS {
        let call = by(alice, contract, hostile::endless(entry)).gas(GAS);
        if entry == "grow" {
            let receipt = done(&mut world, &call.gas(2_000_000_000));
            assert_eq!(receipt.decode(), Ok(vm::unstable::limits::MEMORY_PAGES_MAX));
            continue;
        }
        let failure = refused(&mut world, &call);
        let expected = match entry {
            "recurse" => Some(Trap::StackOverflow),
            "flood" | "flood_bytes" => Some(Trap::EventLimit),
            "too_long" => Some(Trap::OutputLength),
            _ => None,
        };
        match expected {
            Some(trap) => assert_eq!(failure.trap(), Some(trap), "{failure}"),
            None => assert!(failure.is_out_of_gas(), "{failure}"),
        }
    }
    assert_eq!(world.values(contract), before);
}

#[test]
fn no_range_outside_memory_gets_through() {
    let (mut world, alice, contract) = stage();
    let ranges = [0, 1, 65_536, 1 << 31, u32::MAX];
    let mut stopped = 0;
    for which in 0..hostile::BAD_POINTER_CALLS {
        for pointer in ranges {
            for length in ranges {
                let input = hostile::bad_pointer(which, pointer, length);
                let call = by(alice, contract, input).gas(GAS);
                let saved = world.save();
                // All engines agree, or this fails; and a range beyond memory is never served.
                let result = world.call(&call);
                world.restore(&saved);
                let outside = u64::from(pointer) + u64::from(length) > 1 << 31;
                // What takes 16 or 32 bytes does not look at the length.
                let takes_length = !matches!(which, 10 | 11 | 12 | 15);
                if outside && takes_length {
                    let failure = result.unwrap_err();
                    stopped += 1;
                    let trapped = failure.trap().is_some();
                    assert!(trapped || failure.is_out_of_gas(), "{which}: {failure}");
                }
            }
        }
    }
    assert!(stopped > 100, "{stopped}");
}

#[test]
fn keys_and_values_have_the_length_that_is_written_down() {
    let (mut world, alice, contract) = stage();
    for (length, trap) in [
        (0, Some(Trap::KeyLength)),
        (1, None),
        (256, None),
        (257, Some(Trap::KeyLength)),
    ] {
        let result = world.call(&by(alice, contract, hostile::long_key(length)));
        assert_eq!(
            result.err().and_then(|failure| failure.trap()),
            trap,
            "{length}"
        );
    }
    for (length, trap) in [(0, None), (65_536, None), (65_537, Some(Trap::ValueLength))] {
        let result = world.call(&by(alice, contract, hostile::long_value(length)));
        assert_eq!(
            result.err().and_then(|failure| failure.trap()),
            trap,
            "{length}"
        );
    }
}

#[test]
fn depth_ends_at_sixteen_frames() {
    let (mut world, alice, contract) = stage();
    let receipt = done(&mut world, &by(alice, contract, hostile::descend()));
    assert_eq!(receipt.decode(), Ok(u32::from(status::DEPTH)));
}

#[test]
fn a_bomb_of_deployments_leaves_nothing() {
    let (mut world, alice, contract) = stage();
    let code_hash = world.code_hash(contract).unwrap();
    let failure = refused(
        &mut world,
        &by(alice, contract, hostile::deploy_bomb(code_hash.0)),
    );
    assert!(failure.is_out_of_gas(), "{failure}");
    let creator = vm::Address(contract.0);
    let made = vm::unstable::frames::contract_address(&creator, &code_hash, &first_salt());
    assert_eq!(world.code_hash(Address(made.0)), None);
}

/// The salt of the bomb's first deployment.
fn first_salt() -> [u8; 32] {
    let mut salt = [0; 32];
    salt[0] = 1;
    salt
}

#[test]
fn the_largest_answers_pass_and_one_byte_more_does_not() {
    let (mut world, alice, contract) = stage();
    let receipt = done(&mut world, &by(alice, contract, hostile::lie(false)));
    assert_eq!(receipt.output.len(), 65_536);
    let failure = refused(&mut world, &by(alice, contract, hostile::lie(true)));
    assert!(failure.to_string().contains("reverted with "), "{failure}");
    let call = Call::new(contract, "touch", &vec![0_u8; 65_536]);
    assert_eq!(refused(&mut world, &call).trap(), Some(Trap::OutputLength));
}
