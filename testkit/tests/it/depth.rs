//! Fills every frame of the deepest call tree: memory, wasm stack, gas; on a small native stack.
//!
//! The claim: frames wait on a vector, so sixteen of them need no more native stack than one, and
//! each pays for all of its work however deep it stands.

use crate::setup::wat;
use reference::Reference;
use std::sync::Arc;
use std::thread::Builder;
use testkit::{Address, Call, Engines, World};
use vm::Interpreter;
use vm::unstable::limits::MEMORY_PAGES_MAX;

/// `fill` takes how many frames are still to come: it recurses 1,000 deep, grows to the largest
/// memory, writes its last byte and, down there, calls itself. It answers the status of the
/// deepest call; the frame that calls nobody answers 0.
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

/// Above any tree of full frames.
const GAS: u64 = 1 << 40;

fn world(engines: Engines) -> (World, Address) {
    let mut world = World::new().on(engines);
    let contract = world.deploy(Address([1; 32]), &wat(FILLING), "nothing", &());
    (world, contract.expect("deployed"))
}

/// Status of the deepest call and pages of all frames, and gas.
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
    // What the interpreter documents for one frame; nothing is added for sixteen.
    on_a_thread_of(Interpreter::NATIVE_STACK_BYTES, || {
        let both = Engines::only(Arc::new(Interpreter::new())).and(Arc::new(Reference::new()));
        let stage = world(both);
        assert_eq!(fill(&stage, 0, GAS).0, (0, MEMORY_PAGES_MAX));
        assert_eq!(fill(&stage, 15, GAS).0, (0, 16 * MEMORY_PAGES_MAX));
    });
}

#[test]
fn every_frame_of_the_deepest_tree_pays_the_same() {
    let stage = world(Engines::interpreter());
    let used: Vec<u64> = (0..16).map(|below| fill(&stage, below, GAS).1).collect();
    let each: Vec<u64> = used.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The first call below pays the first touch of the account and the code.
    assert!(
        each[1..].windows(2).all(|pair| pair[0] == pair[1]),
        "{each:?}"
    );
    let rules = vm::Rules::v1();
    let grown = rules.schedule.dynamic().memory_grow_per_page * 255;
    assert!(each[1] > grown + stage.0.frame_gas(stage.1), "{each:?}");
    // The seventeenth is refused: its caller goes on with the status, and pays for no frame.
    let ((status, pages), gas) = fill(&stage, 16, GAS);
    assert_eq!(status, u32::from(host_api::status::DEPTH));
    assert_eq!(pages, 16 * MEMORY_PAGES_MAX);
    assert!(gas - used[15] < grown, "{gas} {used:?}");
}

#[test]
fn a_tree_that_cannot_be_paid_to_its_end_uses_no_more_than_its_limit() {
    let stage = world(Engines::interpreter().and(Arc::new(Reference::new())));
    let (_, whole) = fill(&stage, 15, GAS);
    // 63/64 at each call: inner frames run out where the outermost still has a rest.
    for part in 1..16 {
        let call = Call::new(stage.1, "fill", &15_u32).gas(whole / 16 * part);
        match stage.0.query(&call) {
            Ok(receipt) => {
                let (status, _): (u32, u32) = receipt.decode().expect("two numbers");
                assert_ne!(status, 0);
                assert!(receipt.gas_used <= whole / 16 * part);
            }
            Err(failure) => assert!(failure.is_out_of_gas(), "{failure}"),
        }
    }
}
