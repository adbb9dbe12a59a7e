//! Runs every entry of the hostile contract on every engine: each is stopped without effects.

use crate::setup::{call_by, call_err, call_ok, deploy, world_on_all_engines};
use contract_types::{Address, hostile};
use host_api::status;
use testkit::{Call, World};
use vm::Trap;

/// Enough gas to reach every other limit, and little enough to run out quickly.
const GAS: u64 = 40_000_000;

fn deployed_world() -> (World, Address, Address) {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let contract = deploy(&mut world, alice, "hostile", &hostile::touch());
    (world, alice, contract)
}

#[test]
fn endless_entries_are_stopped_by_gas_a_trap_or_a_limit() {
    let (mut world, alice, contract) = deployed_world();
    let before = world.values(contract);
    for entry in hostile::ENDLESS {
        let call = call_by(alice, contract, hostile::endless(entry)).gas(GAS);
        if entry == "grow" {
            let receipt = call_ok(&mut world, &call.gas(2_000_000_000));
            assert_eq!(receipt.decode(), Ok(vm::unstable::limits::MEMORY_PAGES_MAX));
            continue;
        }
        let failure = call_err(&mut world, &call);
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
fn ranges_outside_of_memory_always_fail() {
    let (mut world, alice, contract) = deployed_world();
    let ranges = [0, 1, 65_536, 1 << 31, u32::MAX];
    let mut stopped = 0;
    for which in 0..hostile::BAD_POINTER_CALLS {
        for pointer in ranges {
            for length in ranges {
                let input = hostile::bad_pointer(which, pointer, length);
                let call = call_by(alice, contract, input).gas(GAS);
                let saved = world.save();
                // The world checks that all engines agree.
                let result = world.call(&call);
                world.restore(&saved);
                let outside = u64::from(pointer) + u64::from(length) > 1 << 31;
                // These calls access 16 or 32 bytes and ignore the length.
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
fn keys_and_values_have_the_specified_maximum_lengths() {
    let (mut world, alice, contract) = deployed_world();
    for (length, trap) in [
        (0, Some(Trap::KeyLength)),
        (1, None),
        (256, None),
        (257, Some(Trap::KeyLength)),
    ] {
        let result = world.call(&call_by(alice, contract, hostile::long_key(length)));
        assert_eq!(
            result.err().and_then(|failure| failure.trap()),
            trap,
            "{length}"
        );
    }
    for (length, trap) in [(0, None), (65_536, None), (65_537, Some(Trap::ValueLength))] {
        let result = world.call(&call_by(alice, contract, hostile::long_value(length)));
        assert_eq!(
            result.err().and_then(|failure| failure.trap()),
            trap,
            "{length}"
        );
    }
}

#[test]
fn the_call_depth_is_limited_to_sixteen_frames() {
    let (mut world, alice, contract) = deployed_world();
    let receipt = call_ok(&mut world, &call_by(alice, contract, hostile::descend()));
    assert_eq!(receipt.decode(), Ok(u32::from(status::DEPTH)));
}

#[test]
fn endless_deployments_have_no_effect() {
    let (mut world, alice, contract) = deployed_world();
    let code_hash = world.code_hash(contract).unwrap();
    let failure = call_err(
        &mut world,
        &call_by(alice, contract, hostile::deploy_bomb(code_hash.0)),
    );
    assert!(failure.is_out_of_gas(), "{failure}");
    let creator = vm::Address(contract.0);
    let made = vm::unstable::frames::contract_address(&creator, &code_hash, &first_salt());
    assert_eq!(world.code_hash(Address(made.0)), None);
}

/// The salt of the first deployment.
fn first_salt() -> [u8; 32] {
    let mut salt = [0; 32];
    salt[0] = 1;
    salt
}

#[test]
fn the_largest_outputs_are_accepted_and_one_byte_more_is_not() {
    let (mut world, alice, contract) = deployed_world();
    let receipt = call_ok(
        &mut world,
        &call_by(alice, contract, hostile::large_output(false)),
    );
    assert_eq!(receipt.output.len(), 65_536);
    let failure = call_err(
        &mut world,
        &call_by(alice, contract, hostile::large_output(true)),
    );
    assert!(failure.to_string().contains("reverted with "), "{failure}");
    let call = Call::new(contract, "touch", &vec![0_u8; 65_536]);
    assert_eq!(call_err(&mut world, &call).trap(), Some(Trap::OutputLength));
}
