//! Tests with a second version, which exists only here, that versions are values: version 1 does
//! not change, and both run side by side in one process, on the same engines.
//!
//! Version 2 adds an operator (`select` with a type), a second name of a host function, the name of
//! a limit and details, and has a larger limit and other prices.

use conformance::catalogue::Case;
use conformance::{Program, observe, problems};
use engine_wasmi::Wasmi;
use host_api::{Function, Row, table};
use reference::Reference;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::limits::{HostLimits, Limits};
use vm::unstable::opcode::{Opcode, TABLE};
use vm::unstable::rejection::Rule;
use vm::unstable::rules::Version;
use vm::unstable::schedule::Schedule;
use vm::{Engine, Interpreter, Rules, check};

/// Increase of the prices of version 2, in gas.
const INCREASE: u64 = 7;

/// The prices of version 1, except those of constants, `select` and SHA-256.
fn prices() -> Schedule {
    let one = Schedule::v1();
    let raised = |opcode| matches!(opcode, Opcode::I32Const | Opcode::Select);
    let operators = TABLE.iter().map(|row| {
        let more = u64::from(raised(row.opcode)) * INCREASE;
        one.operator(row.opcode) + more
    });
    let host = host_api::TABLE.iter().map(|row| {
        let mut price = one.host(row.function);
        price.base += u64::from(row.function == Function::Sha256) * INCREASE;
        price
    });
    Schedule::new(operators.collect(), *one.dynamic(), host.collect()).unwrap()
}

fn version_2() -> Version {
    let mut version = Version {
        number: 2,
        limits: Limits {
            globals_max: Limits::V1.globals_max + 1,
            ..Limits::V1
        },
        host_limits: HostLimits {
            data_bytes_max: HostLimits::V1.data_bytes_max + 1,
            ..HostLimits::V1
        },
        schedule: prices(),
        details: [("blocks".to_owned(), vec![2])].into(),
        ..Version::v1()
    };
    version.host.push(Row {
        name: "digest",
        since: 2,
        ..*table::row(Function::Sha256).unwrap()
    });
    version
}

fn second() -> Rules {
    Rules::of(version_2()).unwrap()
}

/// A function that hashes four zero bytes `n` times and returns the first byte of the digest.
fn text(hash: &str, select: &str) -> String {
    format!(
        r#"(module
            (import "lockstep" "{hash}" (func $hash (param i32 i32 i32)))
            (memory 1)
            (func (export "f") (param $n i32) (result i32)
                (loop $again
                    (call $hash (i32.const 0) (i32.const 4) (i32.const 8))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                ({select} (i32.load8_u (i32.const 8)) (i32.const 300) (i32.const 1))))"#
    )
}

fn bytes(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn program(text: &str, rules: &Arc<Rules>) -> Program {
    let module =
        check(&bytes(text), rules).unwrap_or_else(|rejection| panic!("{rejection}: {text}"));
    Program {
        name: format!("version {}", rules.number),
        entry: module.exported_function("f").unwrap(),
        module: Arc::new(module),
        rules: Arc::clone(rules),
        arguments: vec![Value::I32(32)],
        inputs: conformance::program::ProgramInputs::default(),
        probe_gas: 1 << 40,
    }
}

const OLD: (&str, &str) = ("sha256", "select");
const NEW: (&str, &str) = ("digest", "select (result i32)");

/// Modules that version 2 accepts, each with the rule by which version 1 rejects it.
fn additions() -> [(Rule, String); 4] {
    let unreached = "(func unreachable (select (result i64)) drop)";
    [
        (Rule::ReferenceTypes, text(OLD.0, NEW.1)),
        (Rule::UnknownImport, text(NEW.0, OLD.1)),
        (Rule::Globals, globals(Limits::V1.globals_max + 1)),
        (Rule::ReferenceTypes, format!("(module {unreached})")),
    ]
}

fn globals(count: u32) -> String {
    let global = "(global i32 (i32.const 0))";
    let globals = global.repeat(usize::try_from(count).unwrap());
    format!("(module {globals})")
}

#[test]
fn version_1_rejects_what_version_2_adds() {
    for (rule, text) in additions() {
        let rejection = check(&bytes(&text), &Rules::v1()).unwrap_err();
        assert_eq!(rejection.rule, rule, "{text}");
        let accepted =
            check(&bytes(&text), &second()).unwrap_or_else(|rejection| panic!("{rejection}"));
        assert_eq!(accepted.rules_id(), second().id());
    }
    let one_more = globals(Limits::V1.globals_max + 2);
    let rejection = check(&bytes(&one_more), &second()).unwrap_err();
    assert_eq!(rejection.rule, Rule::Globals);
}

/// The feature of the decoder that enables the new operator enables others too.
#[test]
fn version_2_accepts_only_what_it_lists() {
    let texts = [
        "(module (func (param externref)))",
        "(module (func (local funcref)))",
        "(module (table 1 externref))",
        "(module (table 1 funcref) (table 1 funcref))",
        "(module (global funcref (ref.null func)))",
        "(module (func (block (result externref) unreachable) drop))",
        "(module (func unreachable (select (result externref)) drop))",
        "(module (func (drop (ref.null func))))",
        "(module (table 1 funcref) (func (drop (table.get 0 (i32.const 0)))))",
        "(module (table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func))))",
        "(module (func) (elem declare func 0))",
        "(module (table 1 funcref) (func) (elem (i32.const 0) funcref (ref.func 0)))",
        "(module (func unreachable (select (result i32 i32)) drop drop))",
        "(module (func (result i32 i32) unreachable))",
    ];
    for text in texts {
        assert!(check(&bytes(text), &second()).is_err(), "{text}");
        assert!(check(&bytes(text), &Rules::v1()).is_err(), "{text}");
    }
    let floats = Version {
        floats: vm::unstable::rules::FloatPolicy::Reject,
        ..version_2()
    };
    let float = "(module (func unreachable (select (result f32)) drop))";
    let rejection = check(&bytes(float), &Rules::of(floats).unwrap()).unwrap_err();
    assert_eq!(rejection.rule, Rule::FloatType);
    assert!(check(&bytes(float), &second()).is_ok());
}

/// One engine of each kind runs both versions, in turn, at every relevant gas limit, and is
/// compared with R.
#[test]
fn both_versions_run_side_by_side_with_their_own_prices() {
    let (one, two) = (Arc::new(Rules::v1()), Arc::new(second()));
    let both = text(OLD.0, OLD.1);
    let programs = [
        program(&both, &one),
        program(&both, &two),
        program(&text(NEW.0, NEW.1), &two),
        program(&both, &one),
    ];
    let (interpreter, wasmi) = (Interpreter::new(), Wasmi::new());
    let cases = programs.clone().map(|program| Case {
        program,
        expected: None,
    });
    let problems = problems(&[&interpreter, &wasmi], &cases);
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    let engines: [&dyn Engine; 3] = [&Reference::new(), &interpreter, &wasmi];
    for engine in engines {
        let seen = programs.clone().map(|program| {
            let seen = observe(engine, &program, 1 << 40).unwrap();
            // The first byte of the digest of four zero bytes.
            let FrameExit::Return { value, .. } = seen.exit else {
                panic!("{:?}", seen.exit)
            };
            assert_eq!(value, Some(Value::I32(0xdf)));
            seen.gas_used
        });
        // Each of 32 iterations has four constants and a host call; then come three and the
        // `select`.
        let more = (32 * (4 + 1) + 3 + 1) * INCREASE;
        let [first, raised, renamed, again] = seen;
        assert_eq!(raised - first, more, "{}", engine.name());
        assert_eq!((renamed, again), (raised, first), "{}", engine.name());
    }
}

/// A module that was checked under one version runs under the prices of another.
#[test]
fn a_module_keeps_its_verdict_and_caches_do_not_mix_versions() {
    let (one, two) = (Arc::new(Rules::v1()), Arc::new(second()));
    let wide = Rules::of(Version {
        limits: Limits {
            memory_pages_max: 65,
            memory_pages_initial_max: 65,
            ..version_2().limits
        },
        ..version_2()
    });
    let wide = Arc::new(wide.unwrap());
    let grow = r#"(module (memory 1)
        (func (export "f") (param i32) (result i32) (memory.grow (i32.const 65))))"#;
    let engines: [&dyn Engine; 2] = [&Interpreter::new(), &Wasmi::new()];
    for engine in engines {
        for (checked, expected) in [(&one, 1), (&wide, -1), (&two, 1), (&wide, -1)] {
            let mut program = program(grow, checked);
            assert_eq!(program.module.rules_id(), checked.id());
            program.rules = Arc::clone(&two);
            let seen = observe(engine, &program, 1 << 40).unwrap().exit;
            let FrameExit::Return { value, .. } = seen else {
                panic!("{seen:?}")
            };
            assert_eq!(value, Some(Value::I32(expected)), "{}", engine.name());
        }
    }
}

#[test]
fn a_rulebook_has_both_and_version_1_does_not_change() {
    let one = "9269391d1ac0853d1e5e1573a422ba261791500e29ea05aacb320a90093305ab";
    let book = node::rules::rulebook().with(second());
    let id: [u8; 32] = hex::decode(one).unwrap().try_into().unwrap();
    assert_eq!(book.get(&id).map(|rules| rules.number), Some(1));
    assert_eq!(book.get(second().id()).map(|rules| rules.number), Some(2));
    let names =
        |rules: &Rules| -> Vec<String> { rules.named_limits().map(|limit| limit.name).collect() };
    let mut more = names(&Rules::v1());
    more.push("HOST_CALL_GAS_KEPT_SHIFT".to_owned());
    assert_eq!(names(&second()), more);
    let prices = |rules: &Rules| rules.prices().len();
    // One for the operator, and four for the second name of the host function.
    assert_eq!(prices(&second()), prices(&Rules::v1()) + 1 + 4);
}

/// The id of a version covers each part of the version.
#[test]
fn every_part_of_a_version_is_in_its_id() {
    let mut host = version_2().host;
    host.pop();
    let others = [
        Version {
            number: 3,
            ..version_2()
        },
        Version {
            limits: Limits::V1,
            ..version_2()
        },
        Version {
            host_limits: HostLimits::V1,
            ..version_2()
        },
        Version {
            host_limits: HostLimits {
                call_gas_kept_shift: 5,
                ..version_2().host_limits
            },
            ..version_2()
        },
        Version {
            schedule: Schedule::v1(),
            ..version_2()
        },
        Version {
            host,
            ..version_2()
        },
        Version {
            details: [("blocks".to_owned(), vec![3])].into(),
            ..version_2()
        },
        Version {
            details: [("imports".to_owned(), vec![2])].into(),
            ..version_2()
        },
        version_2(),
    ];
    let ids = others.map(|version| *Rules::of(version).unwrap().id());
    assert_eq!(std::collections::BTreeSet::from(ids).len(), ids.len());
}
