//! Tests the price of first entries: once for each function and contract frame, on every engine.

use conformance::catalogue::{self, Case};
use conformance::program::{Program, ProgramInputs};
use conformance::{observe, sweep};
use engine_wasmi::Wasmi;
use reference::Reference;
use std::path::Path;
use std::sync::Arc;
use vm::unstable::execute::Strategy;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::opcode::Opcode;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::{Dynamic, Schedule};
use vm::{Engine, Interpreter, Rules, Trap, check};

const PLENTY: u64 = 1 << 40;

fn engines() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Interpreter::with_strategy(Strategy::Threaded)),
        Box::new(Interpreter::with_strategy(Strategy::Trampoline)),
        Box::new(Wasmi::new()),
        Box::new(Wasmi::with_lowered_bulk()),
    ]
}

/// Version 1 with other prices.
fn rules(price: impl Fn(Opcode, u64) -> u64, change: impl Fn(&mut Dynamic)) -> Arc<Rules> {
    let one = Schedule::v1();
    let mut dynamic = *one.dynamic();
    change(&mut dynamic);
    let schedule = one.repriced(price, dynamic).unwrap();
    Arc::new(Rules::new(FloatPolicy::Lower, schedule))
}

/// First entries that cost so little that every limit can be tried.
fn cheap() -> Arc<Rules> {
    let price = |_, price: u64| price;
    rules(price, |dynamic| {
        dynamic.function_first = 7;
        dynamic.function_first_per_operator = 3;
        dynamic.function_first_per_target = 2;
    })
}

fn of_text(text: &str, rules: &Arc<Rules>, entry: &str, arguments: &[Value]) -> Program {
    let module = check(&wat::parse_str(text).unwrap(), rules).unwrap();
    Program {
        name: format!("{entry} {arguments:?}"),
        entry: module.exported_function(entry).unwrap(),
        module: Arc::new(module),
        rules: Arc::clone(rules),
        arguments: arguments.to_vec(),
        inputs: ProgramInputs::default(),
        probe_gas: PLENTY,
    }
}

/// The programs about first entries, under other rules.
fn programs(rules: &Arc<Rules>) -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let bytes = wat::parse_file(folder.join("first.wat")).unwrap();
    let module = Arc::new(check(&bytes, rules).unwrap());
    let cases = catalogue::texts(&folder).unwrap();
    let chosen = cases
        .into_iter()
        .filter(|case| case.program.name.starts_with("first.wat "));
    let programs: Vec<Program> = chosen
        .map(|Case { program, .. }| Program {
            module: Arc::clone(&module),
            rules: Arc::clone(rules),
            ..program
        })
        .collect();
    assert!(programs.len() >= 16);
    programs
}

/// Asserts that every engine agrees at every relevant limit; true if that was every limit.
fn agrees(program: &Program, engines: &[Box<dyn Engine>]) -> bool {
    let engines: Vec<&dyn Engine> = engines.iter().map(AsRef::as_ref).collect();
    let found = sweep(&engines, program).unwrap();
    let lines: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    found.exhaustive
}

#[test]
fn engines_agree_at_every_limit_of_cheap_first_entries() {
    let rules = cheap();
    let programs = programs(&rules);
    let exhaustive = programs
        .iter()
        .filter(|program| agrees(program, &engines()));
    assert!(exhaustive.count() >= 10);
}

/// An engine that has translated everything charges what one charges that has translated nothing.
#[test]
fn what_was_translated_before_changes_no_gas() {
    let rules = Arc::new(Rules::v1());
    for program in programs(&rules) {
        let warm = Interpreter::new();
        warm.compile_all(&program.module, &rules).unwrap();
        let expected = observe(&Reference::new(), &program, PLENTY).unwrap();
        for engine in [&warm, &warm, &Interpreter::new()] {
            let found = observe(engine, &program, PLENTY).unwrap();
            assert!(expected.differences(&found).is_empty(), "{}", program.name);
        }
    }
}

/// The start function, which is also the entry, is entered once for the first time.
#[test]
fn a_start_function_pays_its_first_entry_and_the_entry_does_not_again() {
    let same = r#"(module (func $f (export "f") nop) (start $f))"#;
    let other = r#"(module (func $f nop) (func (export "f") nop) (start $f))"#;
    for rules in [cheap(), Arc::new(Rules::v1())] {
        let program = of_text(same, &rules, "f", &[]);
        let function = &program.module.functions()[0];
        let first = rules
            .schedule
            .first_entry(function.operators, function.targets);
        let entry = rules.schedule.function_entry(function.slots);
        let used = |program| {
            observe(&Reference::new(), program, PLENTY)
                .unwrap()
                .gas_used
        };
        assert_eq!(used(&program), first + 2 * entry);
        let two = of_text(other, &rules, "f", &[]);
        assert_eq!(used(&two), 2 * first + 2 * entry);
        agrees(&program, &engines());
        agrees(&two, &engines());
    }
}

#[test]
fn a_first_entry_costs_its_operators_and_targets() {
    let dynamic = *Rules::v1().schedule.dynamic();
    for (body, operators, targets) in [
        ("", 1, 0),
        ("nop nop", 3, 0),
        ("return nop", 3, 0),
        ("i32.const 0 br_table 0", 3, 1),
        ("i32.const 0 br_table 0 0 0", 3, 3),
        (
            "block i32.const 1 br_table 0 1 0 end i32.const 0 br_table 0 0",
            7,
            5,
        ),
        ("unreachable i32.const 0 br_table 0 0", 4, 2),
        (
            "block (result i32) i32.const 1 i32.const 0 br_table 0 0 end drop",
            7,
            8,
        ),
        (
            "loop (result i32) i32.const 1 i32.const 0 br_table 0 0 end drop",
            7,
            2,
        ),
        ("f32.const 0 i32.reinterpret_f32 drop", 4, 0),
    ] {
        let text = format!("(module (func (export \"f\") {body}))");
        let module = check(&wat::parse_str(text).unwrap(), &Rules::v1()).unwrap();
        let expected = dynamic.function_first
            + dynamic.function_first_per_operator * operators
            + dynamic.function_first_per_target * targets;
        let function = &module.functions()[0];
        assert_eq!(
            Schedule::v1().first_entry(function.operators, function.targets),
            expected,
            "{body}"
        );
    }
}

/// A limit that pays the caller and the first entry of the callee, or one unit less than its
/// overflow costs.
#[test]
fn a_first_entry_that_overflows_the_stack_stays_paid() {
    let text = r#"(module (func $leaf)
        (func $down (export "f") (param i32)
          (if (local.get 0)
            (then (call $down (i32.sub (local.get 0) (i32.const 1))))
            (else (call $leaf)))))"#;
    let rules = Arc::new(Rules::v1());
    let program = |depth| of_text(text, &rules, "f", &[Value::I32(depth)]);
    let all = || {
        let mut all = engines();
        all.push(Box::new(Reference::new()));
        all
    };
    let shallow = program(0);
    let leaf = &shallow.module.functions()[0];
    let first = rules.schedule.first_entry(leaf.operators, leaf.targets);
    let entry = rules.schedule.function_entry(leaf.slots);
    let fits = observe(&Reference::new(), &program(1_022), PLENTY).unwrap();
    let more = fits.gas_used
        - observe(&Reference::new(), &program(1_021), PLENTY)
            .unwrap()
            .gas_used;
    for engine in all() {
        let over = observe(&*engine, &program(1_023), PLENTY).unwrap();
        assert_eq!(over.exit, FrameExit::Trap(Trap::StackOverflow));
        assert_eq!(over.gas_used, fits.gas_used + more, "{}", engine.name());
        let exact = observe(&*engine, &program(1_023), over.gas_used).unwrap();
        assert_eq!(exact.exit, over.exit);
        for less in [1, entry, entry + 1, entry + first, entry + first + 1] {
            let short = observe(&*engine, &program(1_023), over.gas_used - less).unwrap();
            let expected = (FrameExit::OutOfGas, over.gas_used - less);
            assert_eq!((short.exit, short.gas_used), expected, "{}", engine.name());
        }
    }
}

/// The greatest price of a first entry that a schedule can have wraps nowhere.
#[test]
fn the_most_expensive_first_entry_is_paid_or_out_of_gas() {
    let greatest = (1 << 31) - 1;
    let rules = rules(
        |_, price| price,
        |dynamic| dynamic.function_first_per_operator = greatest,
    );
    let body = "nop ".repeat(100_000);
    let text = format!(r#"(module (func (export "f") {body}))"#);
    let program = of_text(&text, &rules, "f", &[]);
    let limit = vm::unstable::limits::GAS_LIMIT_MAX;
    for gas in [1, PLENTY, limit] {
        let expected = observe(&Reference::new(), &program, gas).unwrap();
        assert_eq!(expected.exit == FrameExit::OutOfGas, gas != limit);
        for engine in engines() {
            let found = observe(&*engine, &program, gas).unwrap();
            assert!(expected.differences(&found).is_empty(), "{}", engine.name());
        }
    }
}

/// A price so high that the body of the product is more than one metering block: the interpreter
/// once charged only the first of them.
#[test]
fn a_product_of_many_metering_blocks_pays_for_all_of_them() {
    let price = |opcode, price| match opcode {
        Opcode::I64Mul => u64::from(u32::MAX),
        _ => price,
    };
    let rules = rules(price, |_| {});
    let product = programs(&rules)
        .into_iter()
        .find(|program| program.name.contains("product"));
    let program = product.unwrap();
    let expected = observe(&Reference::new(), &program, PLENTY).unwrap();
    assert!(expected.gas_used > 12 * u64::from(u32::MAX));
    for engine in engines() {
        let found = observe(&*engine, &program, PLENTY).unwrap();
        assert!(expected.differences(&found).is_empty(), "{}", engine.name());
    }
}
