//! Builds the actor, a contract that executes the script in its input, and measures its steps.
//!
//! The model takes the prices of host calls from the schedule. The costs of the actor's own
//! operators around them are measured in a trace of R, once for each kind of step: a step has no
//! branches, so one sample is enough.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute with known numbers"
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

/// Number of codes, which differ only in their data.
pub(crate) const CODES: usize = 3;
/// Number of contracts at the start; each has the code of the same index.
pub(crate) const CONTRACTS: usize = 3;
/// Initial balance of each contract.
pub(crate) const OWNED: u128 = 100;
/// Size of the buffer for scans and reads, in bytes.
pub(crate) const PAGE: u64 = 64;
/// Size of a log entry, in bytes: a result, and the first bytes of the output.
pub(crate) const LOG_BYTES: u64 = 12;
/// Gas limit above the use of any script.
pub(crate) const PLENTY: u64 = 1 << 32;

/// One step of an actor. Contracts are given by index; an index out of range has no contract.
#[derive(Clone, Debug)]
pub(crate) enum ScriptStep {
    Write(u8, u8),
    Remove(u8),
    Read(u8),
    /// Start key, and maximum number of entries.
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

impl ScriptStep {
    /// The byte that encodes the kind of step; 0 ends a script.
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

/// Code of each kind of step, and its encoded size; `$p` is the address of the step.
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
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))",
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

/// Imports of the actor, with the names that the code above uses.
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

/// The module of a code.
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
    // Arm k is after the end of block k: arm 0 returns, the last block is for the tail.
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

/// Sender, contracts and codes; an index out of range is an unused address or hash.
#[derive(Clone)]
pub(crate) struct Participants {
    pub(crate) sender: Address,
    pub(crate) contracts: Vec<Address>,
    pub(crate) codes: Vec<[u8; 32]>,
}

impl Participants {
    pub(crate) fn contract(&self, index: usize) -> vm::Address {
        let found = self.contracts.get(index);
        vm::Address(found.map_or([0x90; 32], |address| address.0))
    }

    pub(crate) fn code(&self, index: usize) -> [u8; 32] {
        self.codes.get(index).copied().unwrap_or([0xdd; 32])
    }

    /// A script in the encoding that the actor reads, with its end.
    pub(crate) fn encode(&self, script: &[ScriptStep]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for step in script {
            bytes.push(step.kind());
            match step {
                ScriptStep::Write(raw, length) => {
                    bytes.extend([*raw, *length]);
                    bytes.extend(vec![*length; usize::from(*length)]);
                }
                ScriptStep::Scan(raw, limit) => bytes.extend([*raw, *limit]),
                ScriptStep::Remove(byte)
                | ScriptStep::Read(byte)
                | ScriptStep::Emit(byte)
                | ScriptStep::Return(byte)
                | ScriptStep::Revert(byte) => bytes.push(*byte),
                ScriptStep::Call {
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
                ScriptStep::Returned | ScriptStep::Trap | ScriptStep::OutOfGas => {}
                ScriptStep::SetCode(code) => bytes.extend(self.code(*code)),
                ScriptStep::Transfer(to, value) => {
                    bytes.extend(self.contract(*to).0);
                    bytes.extend(value.to_le_bytes());
                }
                ScriptStep::Balance(of) => bytes.extend(self.contract(*of).0),
                ScriptStep::Deploy {
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

    fn encode_request(&self, bytes: &mut Vec<u8>, value: u128, gas: u64, script: &[ScriptStep]) {
        bytes.extend(value.to_le_bytes());
        bytes.extend(gas.to_le_bytes());
        let inner = self.encode(script);
        bytes.extend((inner.len() as u16).to_le_bytes());
        bytes.extend(inner);
    }
}

/// A world with the contracts, three keys in each, and a sender.
pub(crate) fn deployed_world(engines: Engines) -> (World, Participants) {
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
    let participants = Participants {
        sender,
        contracts,
        codes,
    };
    (world, participants)
}

/// Costs of the actor's own operators around the host calls, in gas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Costs {
    /// From the start of the frame to the first step, without the price of `input`.
    pub(crate) begin: u64,
    /// From the byte that ends a script to the end of the frame.
    pub(crate) end: u64,
    /// For each kind of step: up to its host call, from there to the log, from there to the next.
    pub(crate) steps: BTreeMap<u8, [u64; 3]>,
}

#[derive(Default)]
struct GasTrace(Vec<(u32, u64)>);

impl Trace for GasTrace {
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

/// One step of each kind except [`ScriptStep::OutOfGas`].
fn samples() -> Vec<ScriptStep> {
    vec![
        ScriptStep::Write(1, 1),
        ScriptStep::Remove(1),
        ScriptStep::Read(1),
        ScriptStep::Scan(1, 1),
        ScriptStep::Emit(1),
        ScriptStep::Call {
            flags: 0,
            to: CONTRACTS,
            value: 0,
            gas: 0,
            script: Vec::new(),
        },
        ScriptStep::Returned,
        ScriptStep::SetCode(0),
        ScriptStep::Transfer(1, 0),
        ScriptStep::Balance(1),
        ScriptStep::Return(1),
        ScriptStep::Revert(1),
        ScriptStep::Trap,
        ScriptStep::Deploy {
            code: CODES,
            salt: 0,
            value: 0,
            gas: 0,
            script: Vec::new(),
        },
    ]
}

/// Measures the costs on R.
pub(crate) fn costs() -> Costs {
    let rules = Rules::v1();
    let (calls, head) = landmarks(&actor(0));
    let entries = rules.prices();
    let call_price = entries.iter().find(|(name, _)| name == "call");
    let call_price = call_price.expect("priced").1;
    let input = rules.schedule.host(host_api::Function::Input);
    let mut costs = Costs::default();
    for step in samples() {
        let trace = Arc::new(Mutex::new(GasTrace::default()));
        let engine = Reference::new().with_trace(trace.clone());
        let (world, participants) = deployed_world(Engines::only(Arc::new(engine)));
        trace.lock().expect("whole").0.clear();
        let script = participants.encode(std::slice::from_ref(&step));
        let call = Call::raw(participants.contracts[0], "act", script.clone()).gas(PLENTY);
        let ended = world.query(&call.from(participants.sender));
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
        let begun = PLENTY - world.frame_gas(participants.contracts[0]);
        costs.begin = begun - heads[0] - input.base - input.per_byte * script.len() as u64;
        let parts = match (&step, hosts.as_slice()) {
            (ScriptStep::Trap, _) => [heads[0] - (PLENTY - used), 0, 0],
            (ScriptStep::Return(_) | ScriptStep::Revert(_), _) => {
                let last = seen.last().expect("operators").1;
                [heads[0] - (last - call_price), 0, 0]
            }
            (_, [_, (call_start, call_end), (log_start, log_end)]) => {
                costs.end = heads[1] - (PLENTY - used);
                [
                    heads[0] - call_start,
                    call_end - log_start,
                    log_end - heads[1],
                ]
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

/// Call trees of depth at most four; most frames are short.
pub(crate) fn scripts() -> impl Strategy<Value = Vec<ScriptStep>> {
    let contract = || prop_oneof![5 => 0..CONTRACTS, 1 => Just(CONTRACTS)];
    // Keys that exist at the start are more frequent, so that scans meet removed ones.
    let raw = || prop_oneof![1 => 0_u8..7, 1 => Just(1), 1 => Just(3)];
    let leaf = prop_oneof![
        3 => (0_u8..7, 0_u8..40).prop_map(|(raw, value)| ScriptStep::Write(raw, value)),
        3 => raw().prop_map(ScriptStep::Remove),
        2 => raw().prop_map(ScriptStep::Read),
        4 => (0_u8..5, 0_u8..5).prop_map(|(raw, limit)| ScriptStep::Scan(raw, limit)),
        2 => any::<u8>().prop_map(ScriptStep::Emit),
        1 => contract().prop_map(ScriptStep::Balance),
        1 => (contract(), amount()).prop_map(|(to, value)| ScriptStep::Transfer(to, value)),
        1 => (0..=CODES).prop_map(ScriptStep::SetCode),
        4 => Just(ScriptStep::Returned),
        1 => any::<u8>().prop_map(ScriptStep::Return),
        1 => any::<u8>().prop_map(ScriptStep::Revert),
        1 => prop_oneof![Just(ScriptStep::Trap), Just(ScriptStep::OutOfGas)],
    ];
    let script = |step| prop::collection::vec(step, 0..12);
    script(
        leaf.prop_recursive(4, 24, 6, move |inner| {
            let script = || prop::collection::vec(inner.clone(), 0..8);
            let call = (0_u8..4, contract(), amount(), gas(), script()).prop_map(
                |(flags, to, value, gas, script)| ScriptStep::Call {
                    flags: if flags == 3 { 1 } else { flags },
                    to,
                    value,
                    gas,
                    script,
                },
            );
            let deploy = (0..=CODES, 0_u8..2, amount(), gas(), script()).prop_map(
                |(code, salt, value, gas, script)| ScriptStep::Deploy {
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
