//! Contracts whose frames are what is measured: memories, large and strange code.

use super::{Action, Case, Input, Scale, Target, call, case, endless};
use crate::Done;

/// Bytes of the largest module.
const MODULE_BYTES: usize = 4 * 1024 * 1024;
/// Functions of the module of tiny ones.
const TINY_FUNCTIONS: usize = 9_000;
/// Branch tables of the function that is translated late, and targets of each.
const TABLES: usize = 240;
const TARGETS: usize = 256;

/// Returns at once; has no memory.
pub(super) const TINY: &str = r#"(module (func (export "go")) (func (export "init")))"#;
/// Returns 64 KiB.
pub(super) const OUTPUT: &str = r#"(module
    (import "lockstep" "return" (func $return (param i32 i32))) (memory 1)
    (func (export "go") (call $return (i32.const 0) (i32.const 65536))) (func (export "init")))"#;

/// A module whose `go` runs `body`.
fn with(memory: &str, body: &str) -> String {
    format!(
        r#"(module (memory {memory}) (func (export "init"))
             (func (export "go") (local $i i32) {body}))"#
    )
}

/// Calls itself until the frames are as deep as they may be.
fn chain(memory: &str, work: &str) -> String {
    format!(
        r#"(module (import "lockstep" "self" (func $self (param i32)))
          (import "lockstep" "call"
            (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
          (memory {memory}) (data (i32.const 48) "go") (func (export "init"))
          (func (export "go") (call $self (i32.const 0)) {work}
            (drop (call $call (i32.const 1) (i32.const 0) (i32.const 48) (i32.const 2)
              (i32.const 64) (i32.const 0) (i32.const 96) (i64.const -1)))))"#
    )
}

/// Thousands of functions without an operator.
fn tiny_functions() -> String {
    let functions = "(func)".repeat(TINY_FUNCTIONS);
    format!(r#"(module (func (export "go")) (func (export "init")) {functions})"#)
}

/// A function of branch tables that carry a value past many blocks, called only by `go`.
fn late() -> String {
    let targets: String = (0..TARGETS).map(|target| format!(" {target}")).collect();
    let table = format!("(br_table{targets} (i32.const 1) (i32.const 0)) ");
    let open = "(block (result i32) ".repeat(TARGETS);
    let close = ")".repeat(TARGETS);
    format!(
        r#"(module (func (export "init")) (func $late (result i32) {open} {} {close})
             (func (export "go") (drop (call $late))))"#,
        table.repeat(TABLES)
    )
}

/// A module of the greatest size, almost all of it a custom section.
fn largest() -> Done<Vec<u8>> {
    let mut module = wat::parse_str(TINY)?;
    let head = 6;
    let content = MODULE_BYTES
        .saturating_sub(module.len())
        .saturating_sub(head);
    module.push(0);
    let mut rest = content;
    for place in 0..5 {
        let low = u8::try_from(rest & 0x7f)?;
        module.push(if place == 4 { low } else { low | 0x80 });
        rest >>= 7;
    }
    module.extend([1, b'x']);
    module.resize(MODULE_BYTES, 0);
    Ok(module)
}

/// Single calls of `go`, with gas for little more than a frame.
fn single(contract: usize, gas: u64) -> Action {
    call(contract, "go", Input::default(), gas)
}

pub(super) fn cases(scale: Scale) -> Done<Vec<Case>> {
    let touch = "(loop $l (i32.store8 (local.get $i) (i32.const 1)) (br_if $l (i32.lt_u (local.tee
      $i (i32.add (local.get $i) (i32.const 4096))) (i32.mul (memory.size) (i32.const 65536)))))";
    let loop_of = |name, module: &str| {
        let block = vec![endless("call", Target::Contract(1), 0, scale)];
        case(name, &[module], vec![block])
    };
    let after_chains = |name, module: &str| {
        let chains = [chain("1 1", ""), chain("1 2", "")];
        let block = vec![
            single(2, 100_000_000),
            single(3, 100_000_000),
            endless("call", Target::Contract(1), 0, scale),
        ];
        case(name, &[module, &chains[0], &chains[1]], vec![block])
    };
    let grow = "(drop (memory.grow (i32.const 255)))";
    let one_by_one = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    let never = "(loop $l (drop (memory.grow (i32.const 1))) (br $l))";
    let mut cases = vec![
        loop_of("frames without pages", TINY)?,
        after_chains("frames without pages, after two chains", TINY)?,
        loop_of("frames of 256 pages, untouched", &with("256", ""))?,
        loop_of("frames of 256 pages, touched", &with("256", touch))?,
        after_chains(
            "frames of 256 pages, touched, after two chains",
            &with("256", touch),
        )?,
        loop_of("frames that grow by 255 pages", &with("1", grow))?,
        loop_of(
            "frames that grow 255 times by a page",
            &with("1", one_by_one),
        )?,
        loop_of(
            "16 frames, each grown by 240 pages",
            &chain("1", "(drop (memory.grow (i32.const 240)))"),
        )?,
        case(
            "growth that is never granted",
            &[&with("1 1", never)],
            vec![vec![single(1, scale.gas)]],
        )?,
        loop_of("frames of thousands of tiny functions", &tiny_functions())?,
        loop_of("frames that call a large function first", &late())?,
    ];
    for (name, module) in [
        ("a frame of thousands of tiny functions", tiny_functions()),
        ("a frame that calls a large function first", late()),
    ] {
        cases.push(case(name, &[&module], vec![vec![single(1, 400_000_000)]])?);
    }
    let mut reload = case(
        "set_code of the largest code",
        &[],
        vec![vec![endless("set_code", Target::Code(1), 0, scale)]],
    )?;
    reload.modules.push(largest()?);
    let mut once = reload.clone();
    once.name = "set_code of the largest code, once";
    let input = Input {
        target: Target::Code(1),
        count: 1,
        ..Input::default()
    };
    once.blocks = vec![vec![call(0, "set_code", input, 6_000_000)]];
    cases.extend([reload, once]);
    Ok(cases)
}
