//! Tests that an error has location, cause and fix.

use crate::setup::{call_by, call_err, wasm, wat};
use contract_types::{counter, hostile, token};
use testkit::{Address, Call, World};
use vm::Trap;

fn text(world: &mut World, call: &Call) -> String {
    call_err(world, call).to_string()
}

#[test]
fn a_revert_is_shown_with_the_contracts_name_for_its_code() {
    let mut world = World::new();
    let (alice, bob) = (world.account("alice", 9), world.account("bob", 0));
    let token = world
        .deploy(alice, &wasm("token"), "init", &10_u128)
        .unwrap();
    let said = text(&mut world, &call_by(bob, token, token::transfer(alice, 1)));
    assert!(
        said.starts_with("token.transfer: reverted with code 2, InsufficientBalance: "),
        "{said}"
    );
    assert!(said.contains("; gas used "), "{said}");
    let said = text(
        &mut world,
        &call_by(alice, token, token::total_supply()).value(1),
    );
    assert!(said.contains("takes no value"), "{said}");
    let said = text(&mut world, &Call::new(token, "transfer", &1_u8));
    assert!(
        said.contains("not the encoding of the entry's arguments"),
        "{said}"
    );
}

#[test]
fn a_call_that_did_not_start_shows_entries_and_balance() {
    let mut world = World::new();
    let alice = world.account("alice", 9);
    let counter = world.deploy(alice, &wasm("counter"), "get", &()).unwrap();
    let said = text(&mut world, &Call::new(counter, "incremint", &1_u64));
    assert!(
        said.contains("not started, status 20: the code exports no such entry point; it has: "),
        "{said}"
    );
    assert!(said.contains("increment") && said.contains("get"), "{said}");
    let said = text(
        &mut world,
        &call_by(alice, counter, counter::get()).value(10),
    );
    assert!(
        said.contains("has 9, the value of the call is 10"),
        "{said}"
    );
    let said = text(&mut world, &Call::new(Address([7; 32]), "get", &()));
    assert!(said.contains("has no code"), "{said}");
    assert!(said.starts_with("07070707...get"), "{said}");
}

#[test]
fn out_of_gas_is_shown_with_limit_and_gas_used() {
    let mut world = World::new();
    let counter = world
        .deploy(Address([1; 32]), &wasm("counter"), "get", &())
        .unwrap();
    let call = Call::new(counter, "get", &());
    let used = world.query(&call).unwrap().gas_used;
    assert!(world.query(&call.clone().gas(used)).is_ok());
    let failure = call_err(&mut world, &call.gas(used - 1));
    assert!(failure.is_out_of_gas());
    assert_eq!(failure.gas_used(), used - 1);
    let said = failure.to_string();
    assert!(
        said.contains(&format!("gas used {0} of {0}", used - 1)),
        "{said}"
    );
    assert!(
        said.contains(&world.frame_gas(counter).to_string()),
        "{said}"
    );
}

#[test]
fn a_trap_is_shown_with_the_names_of_its_functions() {
    let mut world = World::new();
    let module = wat(r#"(module
      (func $inner unreachable)
      (func $outer call $inner)
      (func (export "nothing"))
      (func (export "fail") call $outer))"#);
    let contract = world
        .deploy(Address([1; 32]), &module, "nothing", &())
        .unwrap();
    let failure = call_err(&mut world, &Call::new(contract, "fail", &()));
    assert_eq!(failure.trap(), Some(Trap::Unreachable));
    let said = failure.to_string();
    assert!(
        said.contains("trap 1 Unreachable in inner < outer < fail at byte "),
        "{said}"
    );
    assert_eq!((failure.entry(), failure.contract()), ("fail", contract));
}

#[test]
fn a_stack_overflow_is_shown_in_one_line() {
    let mut world = World::new();
    let hostile = world
        .deploy(Address([1; 32]), &wasm("hostile"), "touch", &())
        .unwrap();
    let said = text(
        &mut world,
        &call_by(Address([1; 32]), hostile, hostile::endless("recurse")),
    );
    assert!(said.contains("StackOverflow"), "{said}");
    assert!(said.contains("< ..."), "{said}");
    assert!(said.len() < 400, "{said}");
}

#[test]
fn a_rejected_module_is_shown_with_its_rule() {
    let mut world = World::new();
    let module =
        wat(r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#);
    let failure = world.upload(&module).unwrap_err();
    let said = failure.to_string();
    assert!(said.starts_with("the module is rejected: R"), "{said}");
    assert!(world.upload(b"no module").is_err());
}
