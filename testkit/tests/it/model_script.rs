//! Writes an actor: a contract that performs the script in its input, and what each step costs it.
//!
//! The model knows the prices of host calls from the schedule. What the actor's own operators cost
//! around them is read from a trace of R, once for each kind of step: the steps are straight lines,
//! so that one sample is all there is to know.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::setup::wat;
use proptest::prelude::*;
use reference::{Reference, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use testkit::{Address, Call, Engines, World};
use vm::{CodeHash, Rules};
use wasmparser::{Operator, Parser, Payload};

/// Codes of the tests, which differ in their data only.
pub(crate) const CODES: usize = 3;
/// Contracts that are there from the start, of the code of the same place.
pub(crate) const CONTRACTS: usize = 3;
/// What each contract owns.
pub(crate) const OWNED: u128 = 100;
/// Capacity of the page of a scan, and of what is read.
pub(crate) const PAGE: u64 = 64;
/// Bytes of a log entry: a result, and the first bytes that were written for it.
pub(crate) const LOG_BYTES: u64 = 12;
/// More than any script of the tests uses.
pub(crate) const PLENTY: u64 = 1 << 40;

/// One thing that an actor does. Contracts are named by their place; one beyond is nobody.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(u8, u8),
    Remove(u8),
    Read(u8),
    /// From a key, at most so many entries.
    Scan(u8, u8),
    Emit(u8),
    Call {
        flags: u8,
        to: usize,
        value: u128,
        gas: u64,
        script: Vec<Self>,
    },
    Returned,
    SetCode(usize),
    Transfer(usize, u128),
    Balance(usize),
    Return(u8),
    Revert(u8),
    Trap,
    OutOfGas,
    Deploy {
        code: usize,
        salt: u8,
        value: u128,
        gas: u64,
        script: Vec<Self>,
    },
}

impl Step {
    /// The byte that stands for it; 0 ends a script.
    pub(crate) const fn kind(&self) -> u8 {
        match self {
            Self::Write(..) => 1,
            Self::Remove(_) => 2,
            Self::Read(_) => 3,
            Self::Scan(..) => 4,
            Self::Emit(_) => 5,
            Self::Call { .. } => 6,
            Self::Returned => 7,
            Self::SetCode(_) => 8,
            Self::Transfer(..) => 9,
            Self::Balance(_) => 10,
            Self::Return(_) => 11,
            Self::Revert(_) => 12,
            Self::Trap => 13,
            Self::OutOfGas => 14,
            Self::Deploy { .. } => 15,
        }
    }
}

/// What each kind of step does: `$p` stands on its byte, and goes behind its operands.
const ARMS: [(&str, &str); 15] = [
    (
        "(call $write (i32.add (local.get $p) (i32.const 1)) (i32.const 1)
           (i32.add (local.get $p) (i32.const 3)) (i32.load8_u offset=2 (local.get $p)))
         (local.set $r (i32.const 0))",
        "(i32.add (i32.const 3) (i32.load8_u offset=2 (local.get $p)))",
    ),
    (
        "(local.set $r (call $remove (i32.add (local.get $p) (i32.const 1)) (i32.const 1)))",
        "(i32.const 2)",
    ),
    (
        "(local.set $r (call $read (i32.add (local.get $p) (i32.const 1)) (i32.const 1)
           (i32.const 1024) (i32.const 64)))",
        "(i32.const 2)",
    ),
    (
        "(local.set $r (call $scan (i32.add (local.get $p) (i32.const 1)) (i32.const 1)
           (i32.const 0) (i32.const 0) (i32.load8_u offset=2 (local.get $p))
           (i32.const 1024) (i32.const 64)))",
        "(i32.const 3)",
    ),
    (
        "(call $emit (i32.const 0) (i32.const 0)
           (i32.add (local.get $p) (i32.const 1)) (i32.const 1))
         (local.set $r (i32.const 0))",
        "(i32.const 2)",
    ),
    (
        "(local.set $r (call $call (i32.load8_u offset=1 (local.get $p))
           (i32.add (local.get $p) (i32.const 2)) (i32.const 32) (i32.const 3)
           (i32.add (local.get $p) (i32.const 60)) (i32.load16_u offset=58 (local.get $p))
           (i32.add (local.get $p) (i32.const 34)) (i64.load offset=50 (local.get $p))))",
        "(i32.add (i32.const 60) (i32.load16_u offset=58 (local.get $p)))",
    ),
    (
        "(local.set $r (call $returned (i32.const 1024) (i32.const 64)))",
        "(i32.const 1)",
    ),
    (
        "(local.set $r (call $set_code (i32.add (local.get $p) (i32.const 1))))",
        "(i32.const 33)",
    ),
    (
        "(local.set $r (call $transfer (i32.add (local.get $p) (i32.const 1))
           (i32.add (local.get $p) (i32.const 33))))",
        "(i32.const 49)",
    ),
    (
        "(call $balance (i32.add (local.get $p) (i32.const 1)) (i32.const 1024))
         (local.set $r (i32.const 0))",
        "(i32.const 33)",
    ),
    (
        "(call $return (i32.add (local.get $p) (i32.const 1)) (i32.const 1))",
        "(i32.const 2)",
    ),
    (
        "(call $revert (i32.add (local.get $p) (i32.const 1)) (i32.const 1))",
        "(i32.const 2)",
    ),
    ("unreachable", "(i32.const 1)"),
    (
        "(drop (memory.grow (i32.const 0x7fffffff)))
         (loop $burn (br $burn))",
        "(i32.const 1)",
    ),
    (
        "(local.set $r (call $deploy (i32.add (local.get $p) (i32.const 1))
           (i32.add (local.get $p) (i32.const 33)) (i32.const 32) (i32.const 3)
           (i32.add (local.get $p) (i32.const 91)) (i32.load16_u offset=89 (local.get $p))
           (i32.add (local.get $p) (i32.const 65)) (i64.load offset=81 (local.get $p))
           (i32.const 1024)))",
        "(i32.add (i32.const 91) (i32.load16_u offset=89 (local.get $p)))",
    ),
];

/// Imports of the actor by the names that the arms use.
const IMPORTS: &str = r#"
  (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (import "lockstep" "storage_remove" (func $remove (param i32 i32) (result i32)))
  (import "lockstep" "storage_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_scan"
    (func $scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "lockstep" "emit_event" (func $emit (param i32 i32 i32 i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "returned" (func $returned (param i32 i32) (result i32)))
  (import "lockstep" "set_code" (func $set_code (param i32) (result i32)))
  (import "lockstep" "transfer" (func $transfer (param i32 i32) (result i32)))
  (import "lockstep" "balance" (func $balance (param i32 i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "revert" (func $revert (param i32 i32)))
  (import "lockstep" "deploy"
    (func $deploy (param i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "lockstep" "debug_log" (func $log (param i32 i32)))"#;

/// The bytes of a code.
pub(crate) fn actor(code: usize) -> Vec<u8> {
    let mut open = String::new();
    let mut targets = String::new();
    for arm in (0..=ARMS.len()).rev() {
        write!(open, "(block $a{arm} ").expect("a string");
    }
    for arm in 0..=ARMS.len() {
        write!(targets, "$a{arm} ").expect("a string");
    }
    let arms: String = ARMS
        .iter()
        .map(|(work, size)| {
            format!("{work} (local.set $p (i32.add (local.get $p) {size})) (br $tail))\n")
        })
        .collect();
    // Arm k stands behind the end of block k: 0 returns, the last block is the tail's.
    let (first, rest) = ("return)\n", arms);
    wat(&format!(
        r#"(module {IMPORTS}
  (memory 4)
  (data (i32.const 32) "act{code}")
  (func (export "act") (local $p i32) (local $r i32)
    (drop (call $input (i32.const 65536) (i32.const 65536)))
    (local.set $p (i32.const 65536))
    (loop $next
      (i64.store (i32.const 1024) (i64.const 0))
      (block $tail {open}
        (br_table {targets} $a0 (i32.load8_u (local.get $p)))
      ) {first} {rest}
      (i32.store (i32.const 16) (i32.and (local.get $r) (i32.const 0x7f7f7f7f)))
      (i64.store (i32.const 20)
        (i64.and (i64.load (i32.const 1024)) (i64.const 0x7f7f7f7f7f7f7f7f)))
      (call $log (i32.const 16) (i32.const 12))
      (br $next))))"#
    ))
}

/// Contracts by place, codes by place; one beyond is nobody's.
#[derive(Clone)]
pub(crate) struct Cast {
    pub(crate) sender: Address,
    pub(crate) contracts: Vec<Address>,
    pub(crate) codes: Vec<[u8; 32]>,
}

impl Cast {
    pub(crate) fn contract(&self, place: usize) -> vm::Address {
        let found = self.contracts.get(place);
        vm::Address(found.map_or([0x90; 32], |address| address.0))
    }

    pub(crate) fn code(&self, place: usize) -> [u8; 32] {
        self.codes.get(place).copied().unwrap_or([0xdd; 32])
    }

    /// A script as the actor reads it, with the end.
    pub(crate) fn encode(&self, script: &[Step]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for step in script {
            bytes.push(step.kind());
            match step {
                Step::Write(raw, length) => {
                    bytes.extend([*raw, *length]);
                    bytes.extend(vec![*length; usize::from(*length)]);
                }
                Step::Scan(raw, limit) => bytes.extend([*raw, *limit]),
                Step::Remove(byte)
                | Step::Read(byte)
                | Step::Emit(byte)
                | Step::Return(byte)
                | Step::Revert(byte) => bytes.push(*byte),
                Step::Call {
                    flags,
                    to,
                    value,
                    gas,
                    script,
                } => {
                    bytes.push(*flags);
                    bytes.extend(self.contract(*to).0);
                    self.encode_request(&mut bytes, *value, *gas, script);
                }
                Step::Returned | Step::Trap | Step::OutOfGas => {}
                Step::SetCode(code) => bytes.extend(self.code(*code)),
                Step::Transfer(to, value) => {
                    bytes.extend(self.contract(*to).0);
                    bytes.extend(value.to_le_bytes());
                }
                Step::Balance(of) => bytes.extend(self.contract(*of).0),
                Step::Deploy {
                    code,
                    salt,
                    value,
                    gas,
                    script,
                } => {
                    bytes.extend(self.code(*code));
                    bytes.extend([*salt; 32]);
                    self.encode_request(&mut bytes, *value, *gas, script);
                }
            }
        }
        bytes.push(0);
        bytes
    }

    fn encode_request(&self, bytes: &mut Vec<u8>, value: u128, gas: u64, script: &[Step]) {
        bytes.extend(value.to_le_bytes());
        bytes.extend(gas.to_le_bytes());
        let inner = self.encode(script);
        bytes.extend((inner.len() as u16).to_le_bytes());
        bytes.extend(inner);
    }
}

/// The contracts with three keys each, and a sender.
pub(crate) fn stage(engines: Engines) -> (World, Cast) {
    let mut world = World::new().on(engines);
    let sender = world.account("sender", OWNED);
    let codes = (0..CODES).map(|code| world.upload(&actor(code)).expect("accepted"));
    let codes: Vec<[u8; 32]> = codes.collect();
    let mut contracts = Vec::new();
    for code_hash in codes.iter().take(CONTRACTS) {
        let call = Call::deployment(CodeHash(*code_hash), [7; 32], "act", Vec::new());
        let contract = world.call(&call.from(sender)).expect("deployed").contract;
        world.set_balance(contract, OWNED);
        for raw in [1_u8, 3, 5] {
            world.set_value(contract, &[raw], Some(vec![raw; raw.into()]));
        }
        contracts.push(contract);
    }
    let cast = Cast {
        sender,
        contracts,
        codes,
    };
    (world, cast)
}

/// What the actor's own operators cost, around the host calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Costs {
    /// From the frame's start to the first step, the host's price of `input` excluded.
    pub(crate) begin: u64,
    /// From the start of the step that ends a script to the end.
    pub(crate) end: u64,
    /// By kind: up to its host call, from there to the log, from there to the next step.
    pub(crate) steps: BTreeMap<u8, [u64; 3]>,
}

#[derive(Default)]
struct Gas(Vec<(u32, u64)>);

impl Trace for Gas {
    fn operator(&mut self, _: u32, offset: u32, gas_before: u64) {
        self.0.push((offset, gas_before));
    }
}

/// Offsets of the calls of imports, and of the first operator of each step.
fn landmarks(module: &[u8]) -> (BTreeSet<u32>, u32) {
    let imports = IMPORTS.matches("(import ").count() as u32;
    let (mut calls, mut head, mut after_loop) = (BTreeSet::new(), None, false);
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload.expect("a module") else {
            continue;
        };
        let operators = body.get_operators_reader().expect("operators");
        for operator in operators.into_iter_with_offsets() {
            let (operator, offset) = operator.expect("an operator");
            if after_loop && head.is_none() {
                head = Some(offset as u32);
            }
            after_loop = matches!(operator, Operator::Loop { .. });
            if let Operator::Call { function_index } = operator
                && function_index < imports
            {
                calls.insert(offset as u32);
            }
        }
    }
    (calls, head.expect("a loop"))
}

/// One step of each kind but the one that only runs out of gas.
fn samples() -> Vec<Step> {
    vec![
        Step::Write(1, 1),
        Step::Remove(1),
        Step::Read(1),
        Step::Scan(1, 1),
        Step::Emit(1),
        Step::Call {
            flags: 0,
            to: CONTRACTS,
            value: 0,
            gas: 0,
            script: Vec::new(),
        },
        Step::Returned,
        Step::SetCode(0),
        Step::Transfer(1, 0),
        Step::Balance(1),
        Step::Return(1),
        Step::Revert(1),
        Step::Trap,
        Step::Deploy {
            code: CODES,
            salt: 0,
            value: 0,
            gas: 0,
            script: Vec::new(),
        },
    ]
}

/// Measures on R.
pub(crate) fn costs() -> Costs {
    let rules = Rules::v1();
    let (calls, head) = landmarks(&actor(0));
    let entries = rules.prices();
    let call_price = entries.iter().find(|(name, _)| name == "call");
    let call_price = call_price.expect("priced").1;
    let input = rules.schedule.host(host_api::Function::Input);
    let mut costs = Costs::default();
    for step in samples() {
        let trace = Arc::new(Mutex::new(Gas::default()));
        let engine = Reference::new().with_trace(trace.clone());
        let (world, cast) = stage(Engines::only(Arc::new(engine)));
        trace.lock().expect("whole").0.clear();
        let script = cast.encode(std::slice::from_ref(&step));
        let call = Call::raw(cast.contracts[0], "act", script.clone()).gas(PLENTY);
        let ended = world.query(&call.from(cast.sender));
        let used = match ended {
            Ok(receipt) => receipt.gas_used,
            Err(failure) => failure.gas_used(),
        };
        let seen = trace.lock().expect("whole").0.clone();
        let heads: Vec<u64> = gas_at(&seen, |offset| offset == head);
        let hosts: Vec<(u64, u64)> = seen
            .windows(2)
            .filter(|pair| calls.contains(&pair[0].0))
            .map(|pair| (pair[0].1 - call_price, pair[1].1))
            .collect();
        let begun = PLENTY - world.frame_gas(cast.contracts[0]);
        costs.begin = begun - heads[0] - input.base - input.per_byte * script.len() as u64;
        let parts = match (&step, hosts.as_slice()) {
            (Step::Trap, _) => [heads[0] - (PLENTY - used), 0, 0],
            (Step::Return(_) | Step::Revert(_), _) => {
                let last = seen.last().expect("operators").1;
                [heads[0] - (last - call_price), 0, 0]
            }
            (_, [_, (asked, answered), (logs, logged)]) => {
                costs.end = heads[1] - (PLENTY - used);
                [heads[0] - asked, answered - logs, logged - heads[1]]
            }
            _ => panic!("{step:?} made {} host calls", hosts.len()),
        };
        costs.steps.insert(step.kind(), parts);
    }
    costs
}

fn gas_at(seen: &[(u32, u64)], wanted: impl Fn(u32) -> bool) -> Vec<u64> {
    let found = seen.iter().filter(|(offset, _)| wanted(*offset));
    found.map(|(_, gas)| *gas).collect()
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![4 => Just(0_u128), 3 => 1_u128..60, 1 => Just(1000)]
}

fn gas() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(u64::MAX), 1 => 0_u64..4_000_000, 1 => Just(0)]
}

/// Trees of at most four calls below each other; most frames are short.
pub(crate) fn scripts() -> impl Strategy<Value = Vec<Step>> {
    let someone = || prop_oneof![5 => 0..CONTRACTS, 1 => Just(CONTRACTS)];
    // Keys that are there from the start more often, so that walks meet removed ones.
    let raw = || prop_oneof![1 => 0_u8..7, 1 => Just(1), 1 => Just(3)];
    let leaf = prop_oneof![
        3 => (0_u8..7, 0_u8..40).prop_map(|(raw, value)| Step::Write(raw, value)),
        3 => raw().prop_map(Step::Remove),
        2 => raw().prop_map(Step::Read),
        4 => (0_u8..5, 0_u8..5).prop_map(|(raw, limit)| Step::Scan(raw, limit)),
        2 => any::<u8>().prop_map(Step::Emit),
        1 => someone().prop_map(Step::Balance),
        1 => (someone(), amount()).prop_map(|(to, value)| Step::Transfer(to, value)),
        1 => (0..=CODES).prop_map(Step::SetCode),
        4 => Just(Step::Returned),
        1 => any::<u8>().prop_map(Step::Return),
        1 => any::<u8>().prop_map(Step::Revert),
        1 => prop_oneof![Just(Step::Trap), Just(Step::OutOfGas)],
    ];
    let script = |step| prop::collection::vec(step, 0..12);
    script(
        leaf.prop_recursive(4, 24, 6, move |inner| {
            let script = || prop::collection::vec(inner.clone(), 0..8);
            let call = (0_u8..4, someone(), amount(), gas(), script()).prop_map(
                |(flags, to, value, gas, script)| Step::Call {
                    flags: if flags == 3 { 1 } else { flags },
                    to,
                    value,
                    gas,
                    script,
                },
            );
            let deploy = (0..=CODES, 0_u8..2, amount(), gas(), script()).prop_map(
                |(code, salt, value, gas, script)| Step::Deploy {
                    code,
                    salt,
                    value,
                    gas,
                    script,
                },
            );
            prop_oneof![3 => call, 1 => deploy]
        })
        .boxed(),
    )
}
