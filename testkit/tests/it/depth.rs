//! Fills every frame of the deepest call tree: memory, wasm stack, gas; on a small native stack.
//!
//! Suspended frames are stored in a vector, so sixteen of them need no more native stack than one,
//! and each pays for all of its work at any depth.

use crate::setup::wat;
use reference::Reference;
use std::sync::Arc;
use std::thread::Builder;
use testkit::{Address, Call, Engines, World};
use vm::Interpreter;
use vm::unstable::limits::MEMORY_PAGES_MAX;

/// `fill` takes the number of frames below it: it recurses to depth 1,000, grows the memory to the
/// maximum, writes the last byte and then calls itself. It returns the status of the deepest call;
/// a frame without a call returns 0.
const FILLING: &str = r#"(module
  (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
  (import "lockstep" "self" (func $self (param i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "returned" (func $returned (param i32 i32) (result i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (memory 1)
  (data (i32.const 256) "fill")
  (func (export "nothing"))
  (func $next
    (local $status i32)
    (drop (memory.grow (i32.const 255)))
    (i32.store8 (i32.const 0xffffff) (i32.const 1))
    (if (i32.load (i32.const 0)) (then
      (i32.store (i32.const 0) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))
      (call $self (i32.const 64))
      (local.set $status
        (call $call (i32.const 1) (i32.const 64) (i32.const 256) (i32.const 4)
          (i32.const 0) (i32.const 4) (i32.const 128) (i64.const 0x7fffffffffffffff)))
      (if (local.get $status)
        (then (i32.store (i32.const 192) (local.get $status)))
        (else (drop (call $returned (i32.const 192) (i32.const 8)))))))
    (i32.store (i32.const 196) (i32.add (i32.load (i32.const 196)) (memory.size)))
    (call $return (i32.const 192) (i32.const 8)))
  (func $down (param $more i32)
    (if (local.get $more)
      (then (call $down (i32.sub (local.get $more) (i32.const 1))))
      (else (call $next))))
  (func (export "fill")
    (drop (call $input (i32.const 0) (i32.const 4)))
    (call $down (i32.const 1000))))"#;

/// More than any tree of full frames uses.
const GAS: u64 = 1 << 40;

fn world(engines: Engines) -> (World, Address) {
    let mut world = World::new().on(engines);
    let contract = world.deploy(Address([1; 32]), &wat(FILLING), "nothing", &());
    (world, contract.expect("deployed"))
}

/// Status of the deepest call, number of memory pages of all frames, and gas used.
fn fill((world, contract): &(World, Address), frames_below: u32, gas: u64) -> ((u32, u32), u64) {
    let call = Call::new(*contract, "fill", &frames_below).gas(gas);
    let receipt = world.query(&call);
    let receipt = receipt.unwrap_or_else(|failure| panic!("{failure}"));
    (receipt.decode().expect("two numbers"), receipt.gas_used)
}

fn on_a_thread_of(bytes: usize, work: impl FnOnce() + Send + 'static) {
    let thread = Builder::new().stack_size(bytes).spawn(work);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn the_deepest_tree_of_full_frames_needs_the_native_stack_of_one() {
    // The documented need of the interpreter for one frame.
    on_a_thread_of(Interpreter::NATIVE_STACK_BYTES, || {
        let both = Engines::only(Arc::new(Interpreter::new())).and(Arc::new(Reference::new()));
        let deployed = world(both);
        assert_eq!(fill(&deployed, 0, GAS).0, (0, MEMORY_PAGES_MAX));
        assert_eq!(fill(&deployed, 15, GAS).0, (0, 16 * MEMORY_PAGES_MAX));
    });
}

#[test]
fn every_frame_of_the_deepest_tree_pays_the_same() {
    let deployed = world(Engines::interpreter());
    let used: Vec<u64> = (0..16).map(|below| fill(&deployed, below, GAS).1).collect();
    let each: Vec<u64> = used.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The first inner call pays the cold prices of the account and the code.
    assert!(
        each[1..].windows(2).all(|pair| pair[0] == pair[1]),
        "{each:?}"
    );
    let rules = vm::Rules::v1();
    let grown = rules.schedule.dynamic().memory_grow_per_page * 255;
    assert!(
        each[1] > grown + deployed.0.frame_gas(deployed.1),
        "{each:?}"
    );
    // The seventeenth call does not start: its caller gets the status and pays for no frame.
    let ((status, pages), gas) = fill(&deployed, 16, GAS);
    assert_eq!(status, u32::from(host_api::status::DEPTH));
    assert_eq!(pages, 16 * MEMORY_PAGES_MAX);
    assert!(gas - used[15] < grown, "{gas} {used:?}");
}

#[test]
fn a_tree_that_runs_out_of_gas_uses_no_more_than_its_limit() {
    let deployed = world(Engines::interpreter().and(Arc::new(Reference::new())));
    let (_, whole) = fill(&deployed, 15, GAS);
    // Each call gets 63/64 of the gas: inner frames run out of gas before the outermost one.
    for part in 1..16 {
        let call = Call::new(deployed.1, "fill", &15_u32).gas(whole / 16 * part);
        match deployed.0.query(&call) {
            Ok(receipt) => {
                let (status, _): (u32, u32) = receipt.decode().expect("two numbers");
                assert_ne!(status, 0);
                assert!(receipt.gas_used <= whole / 16 * part);
            }
            Err(failure) => assert!(failure.is_out_of_gas(), "{failure}"),
        }
    }
}
