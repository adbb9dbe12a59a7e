//! Compares lowered `memory.copy` and `memory.fill` with the operators: result, trap, memory, gas.
#![cfg(test)]

use conformance::catalogue::PROBE_GAS;
use conformance::catalogue::texts;
use conformance::program::{Program, ProgramInputs};
use conformance::{observe, sweep};
use engine_wasmi::Wasmi;
use reference::Reference;
use std::path::Path;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::{Engine, Rules, Trap};

/// A module with both operators, and two pages in which no byte equals an adjacent one.
const MODULE: &str = r#"(module
  (memory 2 3)
  (data (i32.const 0) "\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\10\11\12\13\14")
  (data (i32.const 131062) "\f1\f2\f3\f4\f5\f6\f7\f8\f9\fa")
  (func (export "copy") (param i32 i32 i32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32)
    (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grown") (param i32 i32 i32)
    (drop (memory.grow (i32.const 1)))
    (memory.copy (local.get 0) (local.get 1) (local.get 2))))"#;

/// Size of the memory, in bytes.
const SIZE: i32 = 2 * 65_536;
const STARTS: [i32; 11] = [
    0,
    1,
    3,
    9,
    SIZE - 10,
    SIZE - 1,
    SIZE,
    SIZE + 1,
    SIZE + 65_536,
    i32::MIN,
    -1,
];
const LENGTHS: [i32; 8] = [0, 1, 2, 7, 10, 11, i32::MIN, -1];

fn program(function: &str, arguments: [i32; 3]) -> Program {
    let rules = Arc::new(Rules::v1());
    let module = vm::check(&wat::parse_str(MODULE).unwrap(), &rules).unwrap();
    let entry = module.exported_function(function).unwrap();
    Program {
        name: format!("{function} {arguments:?}"),
        module: Arc::new(module),
        rules,
        entry,
        arguments: arguments.map(Value::I32).to_vec(),
        inputs: ProgramInputs::default(),
        probe_gas: PROBE_GAS,
    }
}

#[test]
#[expect(
    clippy::excessive_nesting,
    reason = "one loop for each dimension of the product"
)]
fn lowered_operators_agree_at_every_edge_of_every_range() {
    let engines: [&dyn Engine; 2] = [&Wasmi::new(), &Wasmi::with_lowered_bulk()];
    // The greatest length is charged for 2^32 bytes, and is then out of range.
    let gas = 1 << 40;
    let (mut returns, mut traps) = (0, 0);
    for function in ["copy", "fill", "grown"] {
        for start in STARTS {
            for source in STARTS {
                for length in LENGTHS {
                    let program = program(function, [start, source, length]);
                    let expected = observe(&Reference::new(), &program, gas).unwrap();
                    match expected.exit {
                        FrameExit::Return { .. } => returns += 1,
                        FrameExit::Trap(Trap::MemoryOutOfBounds) => traps += 1,
                        ref other => panic!("{}: {other:?}", program.name),
                    }
                    for engine in engines {
                        let found = observe(engine, &program, gas).unwrap();
                        let differences = expected.differences(&found);
                        assert!(differences.is_empty(), "{}: {differences:?}", program.name);
                    }
                }
            }
        }
    }
    println!("{returns} returns and {traps} traps are equal");
    assert!(returns > 500 && traps > 1_000);
}

#[test]
fn lowered_operators_agree_at_every_gas_limit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let mut programs: Vec<Program> = texts(&folder)
        .unwrap()
        .into_iter()
        .map(|case| case.program)
        .collect();
    programs.push(program("copy", [3, 0, 11]));
    programs.push(program("copy", [0, 3, 11]));
    programs.push(program("fill", [SIZE - 10, 77, 10]));
    programs.push(program("fill", [SIZE - 10, 77, 11]));
    let engine = Wasmi::with_lowered_bulk();
    let mut limits = 0;
    for program in &programs {
        let swept = sweep(&[&engine], program).unwrap();
        let lines: Vec<String> = swept.differences.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
        limits += swept.limits;
    }
    println!("{} programs agree at {limits} gas limits", programs.len());
}
