//! Tests the world: accounts, snapshots, block values, engines that differ.

use crate::setup::{call_by, call_err, call_ok, wasm, wat, world_on_all_engines};
use contract_types::{counter, token};
use reference::Reference;
use std::sync::Arc;
use testkit::{Call, Cause, Engines, World};
use vm::unstable::lower::Operator;
use vm::unstable::opcode::Opcode;

/// Returns height, time, chain id, proposer, caller, value and the block hash of height 7.
const MIRROR: &str = r#"(module
  (import "lockstep" "block_height" (func $height (result i64)))
  (import "lockstep" "block_time" (func $time (result i64)))
  (import "lockstep" "chain_id" (func $chain (param i32)))
  (import "lockstep" "proposer" (func $proposer (param i32)))
  (import "lockstep" "caller" (func $caller (param i32)))
  (import "lockstep" "value" (func $value (param i32)))
  (import "lockstep" "block_hash" (func $hash (param i64 i32) (result i32)))
  (import "lockstep" "debug_log" (func $log (param i32 i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (memory 1)
  (data (i32.const 512) "looked")
  (func (export "nothing"))
  (func (export "look")
    (i64.store (i32.const 0) (call $height))
    (i64.store (i32.const 8) (call $time))
    (call $chain (i32.const 16))
    (call $proposer (i32.const 48))
    (call $caller (i32.const 80))
    (call $value (i32.const 112))
    (i32.store (i32.const 160) (call $hash (i64.const 7) (i32.const 128)))
    (call $log (i32.const 512) (i32.const 6))
    (call $return (i32.const 0) (i32.const 161))))"#;

#[test]
fn a_world_can_be_sent_to_another_thread() {
    const fn is_send<T: Send>() {}
    is_send::<World>();
    is_send::<testkit::Saved>();
    is_send::<testkit::Failure>();
}

#[test]
fn a_contract_reads_the_block_values_of_the_world() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 100);
    let mirror = world.deploy(alice, &wat(MIRROR), "nothing", &()).unwrap();
    world.set_height(9);
    world.set_time_ms(1_234);
    world.set_chain_id([3; 32]);
    world.set_proposer(testkit::Address([4; 32]));
    world.set_block_hash(7, [5; 32]);
    let receipt = call_ok(
        &mut world,
        &Call::new(mirror, "look", &()).from(alice).value(11),
    );
    let expected = [
        &9_u64.to_le_bytes()[..],
        &1_234_u64.to_le_bytes(),
        &[3; 32],
        &[4; 32],
        &alice.0,
        &11_u128.to_le_bytes(),
        &[5; 32],
        &[1],
    ];
    assert_eq!(receipt.output, expected.concat());
    assert_eq!(receipt.log, "looked");
    assert_eq!((world.balance(alice), world.balance(mirror)), (89, 11));
    assert!(receipt.frame_gas > 0 && receipt.gas_used > receipt.frame_gas);
    assert_eq!(receipt.frame_gas, world.frame_gas(mirror));
}

#[test]
fn worlds_are_saved_and_restored_in_any_order() {
    let mut world = World::new();
    let alice = world.account("alice", 0);
    let counter = world
        .deploy(alice, &wasm("counter"), "increment", &1_u64)
        .unwrap();
    let get = Call::new(counter, "get", &());
    let mut saved = vec![world.save()];
    for by in [10_u64, 100] {
        call_ok(&mut world, &Call::new(counter, "increment", &by));
        saved.push(world.save());
    }
    for (index, count) in [(2, 111_u64), (0, 1), (1, 11), (2, 111), (0, 1)] {
        world.restore(&saved[index]);
        assert_eq!(world.query(&get).unwrap().decode(), Ok(count));
    }
    // A clone is independent.
    let mut other = world.clone();
    call_ok(&mut other, &Call::new(counter, "increment", &5_u64));
    assert_eq!(other.query(&get).unwrap().decode(), Ok(6_u64));
    assert_eq!(world.query(&get).unwrap().decode(), Ok(1_u64));
}

#[test]
fn the_time_of_a_save_does_not_depend_on_the_size_of_the_state() {
    let mut world = World::new();
    let contract = testkit::Address([1; 32]);
    for number in 0..200_000_u32 {
        world.set_value(contract, &number.to_le_bytes(), Some(vec![0; 32]));
    }
    // If each save copied 200,000 entries, this would take minutes and gigabytes.
    let saved: Vec<_> = (0..100_000).map(|_| world.save()).collect();
    world.set_value(contract, b"more", Some(Vec::new()));
    assert_eq!(world.values(contract).len(), 200_001);
    for one in saved.iter().step_by(1_000) {
        world.restore(one);
    }
    assert_eq!(world.values(contract).len(), 200_000);
}

#[test]
fn a_query_has_no_effect_and_the_state_can_be_read_and_set() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let counter = world.deploy(alice, &wasm("counter"), "get", &()).unwrap();
    let more = call_by(alice, counter, counter::increment(5));
    assert_eq!(world.query(&more).unwrap().decode(), Ok(5_u64));
    assert_eq!(world.item::<u64>(counter, b"c"), Ok(None));
    let receipt = call_ok(&mut world, &more);
    assert_eq!(receipt.diff.len(), 1);
    assert_eq!(world.item::<u64>(counter, b"c"), Ok(Some(5)));
    assert!(world.item::<u128>(counter, b"c").is_err());
    world.set_value(counter, b"c", Some(7_u64.to_le_bytes().to_vec()));
    assert_eq!(
        world.values(counter),
        [(b"c".to_vec(), 7_u64.to_le_bytes().to_vec())]
    );
    assert_eq!(call_ok(&mut world, &more).decode(), Ok(12_u64));
}

#[test]
fn events_are_found_by_name() {
    let mut world = world_on_all_engines();
    let (alice, bob) = (world.account("alice", 0), world.account("bob", 0));
    let token = world
        .deploy(alice, &wasm("token"), "init", &1_000_u128)
        .unwrap();
    let receipt = call_ok(&mut world, &call_by(alice, token, token::transfer(bob, 3)));
    type Transferred = (testkit::Address, testkit::Address, u128);
    let events = receipt.events_named::<Transferred>("Transferred");
    assert_eq!(events, [(alice, bob, 3)]);
    assert!(receipt.events_named::<Transferred>("Minted").is_empty());
}

#[test]
fn value_is_transferred_without_code() {
    let mut world = World::new();
    let (alice, bob) = (world.account("alice", 5), world.account("bob", 1));
    world.transfer(alice, bob, 4).unwrap();
    assert_eq!((world.balance(alice), world.balance(bob)), (1, 5));
    let failure = world.transfer(alice, bob, 4).unwrap_err();
    assert_eq!(failure.status(), Some(host_api::status::BALANCE));
    // A transfer to the same account changes nothing.
    world.transfer(bob, bob, 5).unwrap();
    assert_eq!((world.balance(alice), world.balance(bob)), (1, 5));
}

#[test]
fn an_engine_that_differs_is_reported_and_the_state_is_unchanged() {
    let wrong = Reference::new().with_rewrite(|_, operator| match operator {
        Operator::Numeric(Opcode::I64Add) => Operator::Numeric(Opcode::I64Sub),
        other => other,
    });
    let engines = Engines::interpreter().and(Arc::new(wrong));
    let mut world = World::new().on(engines);
    let alice = world.account("alice", 0);
    let module = wat(r#"(module
      (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
      (memory 1)
      (func (export "nothing"))
      (func (export "add") (local $n i64)
        (i64.store (i32.const 8) (i64.add (i64.load (i32.const 16)) (i64.const 1)))
        (call $write (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8))))"#);
    let adder = world.deploy(alice, &module, "nothing", &()).unwrap();
    let failure = call_err(&mut world, &Call::new(adder, "add", &()));
    let Cause::EnginesDiffer { engines, .. } = failure.cause() else {
        panic!("{failure}");
    };
    assert_eq!(*engines, ("interpreter", "reference"));
    assert!(world.values(adder).is_empty());
}
