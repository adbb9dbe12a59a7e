//! Exhaustive tests over small domains: LEB128 numbers, and the refund of a trap.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use std::sync::Arc;
use vm::unstable::execute::Strategy;
use vm::unstable::execution::{Invocation, Step, Stop};
use vm::unstable::gas::GasMeter;
use vm::unstable::lower::Operator;
use vm::unstable::meter::MeteredSink;
use vm::unstable::opcode::Opcode;
use vm::{Engine, Interpreter, Rules, Trap, check};

/// Every encoding of one and two bytes, and of five bytes with every last byte.
fn encodings() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = (0..0x80).map(|byte| vec![byte]).collect();
    for first in 0x80..=0xff {
        all.extend((0..0x80).map(|second| vec![first, second]));
    }
    for pattern in 0..16_u8 {
        for last in 0..=0xff {
            let mut bytes: Vec<u8> = (0..4)
                .map(|index| {
                    if pattern >> index & 1 == 0 {
                        0x80
                    } else {
                        0xff
                    }
                })
                .collect();
            bytes.push(last);
            all.push(bytes);
        }
    }
    all
}

/// The 32-bit number that `bytes` encodes according to WebAssembly, or `None`.
fn model(bytes: &[u8], signed: bool) -> Option<i128> {
    let mut value = 0_i128;
    for (index, byte) in bytes.iter().enumerate() {
        value |= i128::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 && index + 1 != bytes.len() {
            return None;
        }
    }
    if bytes.last()? & 0x80 != 0 {
        return None;
    }
    let width = 7 * bytes.len();
    if signed && value >> (width - 1) & 1 == 1 {
        value -= 1 << width;
    }
    let range = if signed {
        i128::from(i32::MIN)..=i128::from(i32::MAX)
    } else {
        0..=i128::from(u32::MAX)
    };
    range.contains(&value).then_some(value)
}

/// Constants and memory offsets of a body.
#[derive(Default)]
struct Numbers {
    constants: Vec<i32>,
    offsets: Vec<u32>,
}

impl MeteredSink for Numbers {
    fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
        match operator {
            Operator::I32Const(value) => self.constants.push(value),
            Operator::Load(_, at) => self.offsets.push(at.offset),
            _ => {}
        }
    }

    fn close_block(&mut self, _cost: u64) {}
}

/// A module with one memory and one function whose body is `operators`.
fn module(operators: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01".to_vec();
    let body = u8::try_from(operators.len() + 2).unwrap();
    bytes.extend([0x0a, body + 2, 1, body, 0]);
    bytes.extend(operators);
    bytes.push(0x0b);
    bytes
}

fn read(operators: &[u8]) -> Option<Numbers> {
    let rules = Rules::v1();
    let module = check(&module(operators), &rules).ok()?;
    let mut numbers = Numbers::default();
    vm::unstable::meter::function(
        &module,
        &module.functions()[0],
        &rules.schedule,
        &mut numbers,
    );
    Some(numbers)
}

#[test]
fn every_short_signed_number_is_decoded_as_the_standard_says() {
    for bytes in encodings() {
        let operators = [&[0x41], &bytes[..], &[0x1a]].concat();
        let seen = read(&operators).map(|numbers| i128::from(numbers.constants[0]));
        assert_eq!(seen, model(&bytes, true), "{bytes:x?}");
    }
}

#[test]
fn every_short_unsigned_number_is_decoded_as_the_standard_says() {
    for bytes in encodings() {
        let operators = [&[0x41, 0, 0x28, 0], &bytes[..], &[0x1a]].concat();
        let seen = read(&operators).map(|numbers| i128::from(numbers.offsets[0]));
        assert_eq!(seen, model(&bytes, false), "{bytes:x?}");
    }
}

/// A statement, the operators that are paid when it ends or traps, and its trap.
type Statement = (&'static str, &'static [Opcode], Option<Trap>);

const STATEMENTS: [Statement; 5] = [
    (
        "(drop (i32.popcnt (local.get 0)))",
        &[Opcode::LocalGet, Opcode::I32Popcnt, Opcode::Drop],
        None,
    ),
    (
        "(i32.store (i32.const 0) (i32.const 5))",
        &[Opcode::I32Const, Opcode::I32Const, Opcode::I32Store],
        None,
    ),
    (
        "(local.set 0 (i32.div_u (i32.const 6) (i32.const 3)))",
        &[
            Opcode::I32Const,
            Opcode::I32Const,
            Opcode::I32DivU,
            Opcode::LocalSet,
        ],
        None,
    ),
    (
        "(drop (i32.div_u (i32.const 6) (i32.const 0)))",
        &[Opcode::I32Const, Opcode::I32Const, Opcode::I32DivU],
        Some(Trap::IntegerDivideByZero),
    ),
    (
        "(drop (i32.load (i32.const -4)))",
        &[Opcode::I32Const, Opcode::I32Load],
        Some(Trap::MemoryOutOfBounds),
    ),
];
/// Maximum number of statements of a program.
const LENGTH_MAX: usize = 4;

/// All programs of up to [`LENGTH_MAX`] statements: a metering block is charged as a whole, and a
/// trap in it refunds exactly the operators that did not run.
#[test]
fn a_trap_refunds_the_operators_that_did_not_run() {
    let rules = Arc::new(Rules::v1());
    let mut programs: Vec<Vec<usize>> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..LENGTH_MAX {
        let to = programs.len();
        for at in from..to {
            for next in 0..STATEMENTS.len() {
                programs.push([&programs[at][..], &[next]].concat());
            }
        }
        from = to;
    }
    assert_eq!(programs.len(), 1 + 5 + 25 + 125 + 625);
    for picks in programs {
        let body: String = picks.iter().map(|pick| STATEMENTS[*pick].0).collect();
        let text = format!("(module (memory 1) (func (export \"run\") (local i32) {body}))");
        let module = check(&wat::parse_str(&text).unwrap(), &rules).unwrap();
        let module = Arc::new(module);
        let mut expected = Stop::Return(None);
        let function = &module.functions()[0];
        let mut used = rules
            .schedule
            .first_entry(function.operators, function.targets);
        used += rules.schedule.function_entry(function.slots);
        for (_, paid, trap) in picks.iter().map(|pick| STATEMENTS[*pick]) {
            used += paid
                .iter()
                .map(|opcode| rules.schedule.operator(*opcode))
                .sum::<u64>();
            if let Some(trap) = trap {
                expected = Stop::Trap(trap);
                break;
            }
        }
        for strategy in [Strategy::Threaded, Strategy::Trampoline] {
            let engine = Interpreter::with_strategy(strategy);
            let ends = |limit: u64| {
                let mut execution = engine.instantiate(&module, &rules).unwrap();
                let invocation = Invocation {
                    entry: module.exported_function("run").unwrap(),
                    arguments: Vec::new(),
                    gas: GasMeter::new(limit),
                };
                match execution.start(invocation).unwrap() {
                    Step::Exit(stop) => (stop, execution.gas().used()),
                    Step::HostCall(function) => panic!("{function:?}"),
                }
            };
            assert_eq!(ends(1 << 40), (expected, used), "{body}");
            assert_eq!(ends(used), (expected, used), "{body}");
            assert_eq!(ends(used - 1), (Stop::OutOfGas, used - 1), "{body}");
        }
    }
}
