//! Bugs with addresses that wrap, growth that depends on the machine, and reused memory.

use crate::{engines, program, returned, run, swept};
use conformance::observe;
use reference::{Backing, Reference};
use vm::Trap;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;

#[test]
fn n38_growth_that_depends_on_the_machine() {
    let text = r#"(module (memory 1)
        (func (export "f") (param i32 i32) (result i32)
          (drop (memory.grow (local.get 0)))
          (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))
            (i32.const 7))
          (memory.grow (local.get 1))))"#;
    for (first, second, expected) in [
        (255, 0, 256),
        (255, 1, -1),
        (254, 1, 255),
        (0, 256, -1),
        (0, -1, -1),
        (100, 200, -1),
    ] {
        let program = program(text, "f", &[Value::I32(first), Value::I32(second)]);
        let observation = run(&program, 1 << 60);
        assert_eq!(
            returned(&observation),
            Some(Value::I32(expected)),
            "{first} {second}"
        );
        for backing in [Backing::Growing, Backing::Reserved] {
            let engine = Reference::new().with_backing(backing);
            let found = observe(&engine, &program, 1 << 60).unwrap();
            assert!(observation.differences(&found).is_empty(), "{backing:?}");
        }
    }
    // The maximum of the module, where it is below that of the profile.
    let text = r#"(module (memory 1 3) (func (export "f") (result i32)
        (i32.add (i32.mul (memory.grow (i32.const 2)) (i32.const 10))
          (memory.grow (i32.const 1)))))"#;
    assert_eq!(
        returned(&run(&program(text, "f", &[]), 1 << 60)),
        Some(Value::I32(9))
    );
}

#[test]
fn n43_a_warm_instance_keeps_state_of_the_last_call() {
    let text = r#"(module (memory 1 4) (global $g (mut i64) (i64.const 3))
        (data (i32.const 0) "\05")
        (func (export "f") (result i64)
          (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
          (i32.store (i32.const 1000) (i32.add (i32.load (i32.const 1000)) (i32.const 1)))
          (global.set $g (i64.add (global.get $g) (i64.const 1)))
          (i64.add (i64.mul (global.get $g) (i64.const 1000000))
            (i64.add (i64.mul (i64.extend_i32_u (memory.grow (i32.const 1))) (i64.const 10000))
              (i64.add (i64.mul (i64.load8_u (i32.const 0)) (i64.const 100))
                (i64.load32_u (i32.const 1000)))))))"#;
    let program = program(text, "f", &[]);
    let mut engines = engines();
    engines.push(Box::new(Reference::new()));
    for engine in engines {
        let first = observe(engine.as_ref(), &program, 1_000_000).unwrap();
        assert_eq!(
            returned(&first),
            Some(Value::I64(4_010_601)),
            "{}",
            engine.name()
        );
        // A call in between that fails halfway must not leave anything either.
        let failed = observe(engine.as_ref(), &program, first.gas_used - 1).unwrap();
        assert_eq!(failed.exit, FrameExit::OutOfGas);
        let again = observe(engine.as_ref(), &program, 1_000_000).unwrap();
        assert_eq!(first, again, "{}", engine.name());
    }
}

#[test]
fn n44_an_address_that_wraps() {
    for (access, bytes) in [("load8_u", 1_i64), ("load16_u", 2), ("load", 4)] {
        for offset in [0_i64, 1, 65_535, 65_536, 0x7fff_ffff, 0xffff_ffff] {
            let text = format!(
                r#"(module (memory 1) (func (export "f") (param i32) (result i32)
                  (i32.{access} offset={offset} (local.get 0))))"#
            );
            for address in [0, 1, 65_535 - offset, 65_536 - offset - bytes, -offset, -1] {
                let low = u32::try_from(address & 0xffff_ffff).unwrap();
                let inside = i64::from(low) + offset + bytes <= 65_536;
                let call = program(&text, "f", &[Value::I32(low.cast_signed())]);
                let exit = run(&call, 10_000).exit;
                let trapped = exit == FrameExit::Trap(Trap::MemoryOutOfBounds);
                assert_eq!(trapped, !inside, "{access} offset {offset} address {low}");
            }
        }
    }
}

#[test]
fn n44_a_store_that_is_half_outside_writes_nothing() {
    let text = r#"(module (memory 1) (func (export "f") (param i32)
        (i64.store (local.get 0) (i64.const -1))))"#;
    for address in 65_529..65_536 {
        let call = program(text, "f", &[Value::I32(address)]);
        assert_eq!(swept(&call), FrameExit::Trap(Trap::MemoryOutOfBounds));
    }
    let fits = run(&program(text, "f", &[Value::I32(65_528)]), 10_000);
    assert_eq!(
        fits.final_state.unwrap().memory[65_527..],
        [0, 255, 255, 255, 255, 255, 255, 255, 255]
    );
}
