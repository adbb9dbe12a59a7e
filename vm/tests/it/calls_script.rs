//! A scripted engine for contracts that call each other: one script for each entry point.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{GuestAction, World, block};
use host_api::Function;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use vm::Gas;
use vm::unstable::execution::Invocation;
use vm::unstable::execution::Pending;
use vm::unstable::execution::Step;
use vm::unstable::execution::Stop;
use vm::unstable::execution::Value;
use vm::unstable::gas::GasMeter;
use vm::unstable::outcome::Diagnosis;
use vm::unstable::state::Account;
use vm::{
    Address, CheckedModule, CodeHash, Engine, Environment, Execution, Fault, Message, Outcome,
    Rules, Target, Trap, execute, key,
};
use work::double::{Watched, begin, end, take};
use work::stores::CountingView;

/// Number of codes; code k exports the entry points `e0` to `e3`.
pub(crate) const CODES: usize = 3;
/// Entry points of each code.
pub(crate) const ENTRIES: usize = 4;
/// Number of contracts in [`world`]: address `[index + 1; 32]`, code of the same index.
pub(crate) const CONTRACTS: usize = 3;
/// Balance of each contract.
pub(crate) const OWNED: u128 = 100;
/// Sender of the messages; it has the same balance.
pub(crate) const SENDER: Address = Address([0x5e; 32]);
/// Address without an account.
pub(crate) const ABSENT_ACCOUNT: Address = Address([0x90; 32]);
/// Capacity of the page of a scan in bytes.
pub(crate) const PAGE: u64 = 60;

/// One operation of a script.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write(u8, u8),
    Remove(u8),
    Read(u8),
    /// First key, and the maximum number of entries.
    Scan(u8, u32),
    Emit(u8),
    Burn(u64),
    Balance(Address),
    Transfer(Address, u128),
    SetCode(usize),
    Returned,
    Call {
        flags: u32,
        to: Address,
        entry: usize,
        value: u128,
        gas: u64,
    },
    Deploy {
        code: usize,
        salt: u8,
        entry: usize,
        value: u128,
        gas: u64,
    },
    Return(u8),
    Revert(u8),
    Trap,
    OutOfGas,
}

/// Operations by code and entry point.
pub(crate) type Scripts = BTreeMap<(usize, usize), Vec<Op>>;

pub(crate) fn address(index: usize) -> Address {
    Address([index as u8 + 1; 32])
}

/// The codes; they differ in their data segments only.
pub(crate) fn modules() -> &'static [Arc<CheckedModule>] {
    static MODULES: OnceLock<Vec<Arc<CheckedModule>>> = OnceLock::new();
    MODULES.get_or_init(|| {
        let module = |code: usize| {
            let exports: String = (0..ENTRIES)
                .map(|entry| format!("(func (export \"e{entry}\"))"))
                .collect();
            let text = format!("(module (memory 1) (data (i32.const 0) \"{code}\") {exports})");
            let bytes = wat::parse_str(text).expect("valid text");
            Arc::new(vm::check(&bytes, &Rules::v1()).expect("accepted"))
        };
        (0..CODES).map(module).collect()
    })
}

pub(crate) fn code_hash(code: usize) -> CodeHash {
    match modules().get(code) {
        Some(module) => *module.code_hash(),
        None => CodeHash([0xdd; 32]),
    }
}

/// A state with the contracts, three keys in each, and the sender.
pub(crate) fn world() -> World {
    let mut world = World::default();
    for module in modules() {
        world.codes.insert(*module.code_hash(), Arc::clone(module));
    }
    for index in 0..CONTRACTS {
        put_account(&mut world, address(index), OWNED, Some(code_hash(index)));
        for raw in [1_u8, 3, 5] {
            let value = vec![raw; raw.into()];
            world
                .values
                .insert(key::value(&address(index), &[raw]), value);
        }
    }
    put_account(&mut world, SENDER, OWNED, None);
    world
}

fn put_account(world: &mut World, address: Address, balance: u128, code_hash: Option<CodeHash>) {
    let account = Account {
        nonce: 0,
        balance,
        code_hash,
    };
    let value = account.encode().expect("not the default");
    world.values.insert(key::account(&address), value);
}

/// Name, result and written bytes of each host call.
pub(crate) type ObservedCalls = Vec<(&'static str, i64, Vec<u8>)>;

/// Gas that a transaction pays before its payload, without bytes and signature.
const PAID: u64 = 500_000;

/// An engine whose contracts execute scripts.
#[derive(Clone, Default)]
pub(crate) struct ScriptedContracts {
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) seen: Arc<Mutex<ObservedCalls>>,
    /// Number of live instances: current and maximum.
    pub(crate) alive: Arc<Mutex<(usize, usize)>>,
}

impl ScriptedContracts {
    pub(crate) fn new(scripts: Scripts) -> Self {
        Self {
            scripts: Arc::new(scripts),
            ..Self::default()
        }
    }

    /// Sends a message to entry point `e0` of the first contract.
    pub(crate) fn run(&self, world: &World, limit: u64) -> Outcome {
        self.run_under(&Arc::new(Rules::v1()), world, limit)
    }

    /// The same under other rules.
    pub(crate) fn run_under(&self, rules: &Arc<Rules>, world: &World, limit: u64) -> Outcome {
        let block = block();
        let engine = Watched(self.clone());
        let view = CountingView(world);
        let environment = Environment::new(&engine, rules, &view, &block).expect("no fault");
        begin(PAID).expect("the bounds are read");
        let message = Message {
            tx_hash: [0x7a; 32],
            caller: SENDER,
            target: Target::Call {
                contract: address(0),
            },
            entry: "e0".to_owned(),
            input: Vec::new(),
            value: 0,
        };
        let outcome = execute(&environment, &message, Gas(limit)).expect("no fault");
        end("the message", PAID + outcome.gas_used.0);
        let found = take().findings;
        assert!(found.is_empty(), "{found:?}");
        outcome
    }

    /// Results of the calls of a host function, in order.
    pub(crate) fn results(&self, name: &str) -> Vec<i64> {
        let seen = self.seen.lock().expect("not poisoned");
        let of_name = seen.iter().filter(|(function, ..)| *function == name);
        of_name.map(|(_, result, _)| *result).collect()
    }
}

impl Engine for ScriptedContracts {
    fn name(&self) -> &'static str {
        "scripted contracts"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        _: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        let mut alive = self.alive.lock().expect("not poisoned");
        alive.0 += 1;
        alive.1 = alive.1.max(alive.0);
        let code = modules()
            .iter()
            .position(|known| known.code_hash() == module.code_hash());
        Ok(Box::new(ScriptedContract {
            engine: self.clone(),
            code: code.expect("a code of the tests"),
            actions: Vec::new(),
            next: 0,
            arguments: Vec::new(),
            pending_output: None,
            memory: vec![0; 4096],
            gas: GasMeter::new(0),
        }))
    }
}

/// The pending host call, and the range of its output in memory.
type PendingOutput = (Function, std::ops::Range<usize>);

/// An instance that executes the script of its entry point.
struct ScriptedContract {
    engine: ScriptedContracts,
    code: usize,
    actions: Vec<GuestAction>,
    next: usize,
    arguments: Vec<u64>,
    pending_output: Option<PendingOutput>,
    memory: Vec<u8>,
    gas: GasMeter,
}

impl Drop for ScriptedContract {
    fn drop(&mut self) {
        self.engine.alive.lock().expect("not poisoned").0 -= 1;
    }
}

/// Offset in memory where outputs are written.
pub(crate) const DST: usize = 1000;

fn store(offset: usize, bytes: impl Into<Vec<u8>>) -> GuestAction {
    GuestAction::Store(offset, bytes.into())
}

/// The actions of an operation: writes its inputs to fixed offsets, then calls the host.
fn guest_actions(op: &Op) -> Vec<GuestAction> {
    let dst = DST as u64;
    let call = |function, arguments: &[u64]| GuestAction::Call(function, arguments.to_vec());
    match op {
        Op::Write(raw, value) => vec![
            store(100, [*raw]),
            store(110, vec![*value; usize::from(*value)]),
            call(Function::StorageWrite, &[100, 1, 110, u64::from(*value)]),
        ],
        Op::Remove(raw) => vec![store(100, [*raw]), call(Function::StorageRemove, &[100, 1])],
        Op::Read(raw) => vec![
            store(100, [*raw]),
            call(Function::StorageRead, &[100, 1, dst, 100]),
        ],
        Op::Scan(raw, limit) => vec![
            store(100, [*raw]),
            call(
                Function::StorageScan,
                &[100, 1, 0, 0, u64::from(*limit), dst, PAGE],
            ),
        ],
        Op::Emit(data) => vec![
            store(100, [*data]),
            call(Function::EmitEvent, &[0, 0, 100, 1]),
        ],
        Op::Burn(cost) => vec![GuestAction::Burn(*cost)],
        Op::Balance(of) => vec![store(0, of.0), call(Function::Balance, &[0, dst])],
        Op::Transfer(to, value) => vec![
            store(0, to.0),
            store(64, value.to_le_bytes()),
            call(Function::Transfer, &[0, 64]),
        ],
        Op::SetCode(code) => vec![store(0, code_hash(*code).0), call(Function::SetCode, &[0])],
        Op::Returned => vec![call(Function::Returned, &[dst, 100])],
        Op::Call {
            flags,
            to,
            entry,
            value,
            gas,
        } => vec![
            store(0, to.0),
            store(64, value.to_le_bytes()),
            store(200, format!("e{entry}")),
            call(
                Function::Call,
                &[u64::from(*flags), 0, 200, 2, 0, 0, 64, *gas],
            ),
        ],
        Op::Deploy {
            code,
            salt,
            entry,
            value,
            gas,
        } => vec![
            store(0, code_hash(*code).0),
            store(32, [*salt; 32]),
            store(64, value.to_le_bytes()),
            store(200, format!("e{entry}")),
            call(Function::Deploy, &[0, 32, 200, 2, 0, 0, 64, *gas, dst]),
        ],
        Op::Return(data) => vec![store(100, [*data]), call(Function::Return, &[100, 1])],
        Op::Revert(data) => vec![store(100, [*data]), call(Function::Revert, &[100, 1])],
        Op::Trap => vec![GuestAction::Stop(Stop::Trap(Trap::Unreachable))],
        Op::OutOfGas => vec![GuestAction::Stop(Stop::OutOfGas)],
    }
}

impl ScriptedContract {
    fn advance(&mut self) -> Step {
        loop {
            let action = self.actions.get(self.next).cloned();
            self.next += 1;
            match action {
                None => return Step::Exit(Stop::Return(None)),
                Some(GuestAction::Stop(stop)) => return Step::Exit(stop),
                Some(GuestAction::Call(function, arguments)) => {
                    self.memory[DST..DST + 100].fill(0);
                    self.pending_output = Some((function, DST..DST + 64));
                    self.arguments = arguments;
                    return Step::HostCall(function);
                }
                Some(GuestAction::Burn(cost)) => {
                    if self.gas.charge(cost).is_err() {
                        return Step::Exit(Stop::OutOfGas);
                    }
                }
                Some(GuestAction::Store(offset, bytes)) => {
                    self.memory[offset..offset + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
    }
}

impl Execution for ScriptedContract {
    fn start(&mut self, invocation: Invocation) -> Result<Step, Box<Fault>> {
        self.gas = invocation.gas;
        let script = self
            .engine
            .scripts
            .get(&(self.code, invocation.entry as usize));
        self.actions = script
            .into_iter()
            .flatten()
            .flat_map(guest_actions)
            .collect();
        Ok(self.advance())
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let (function, output) = self.pending_output.take().expect("a call before");
        let name = host_api::table::row(function).expect("a row").name;
        let result = match result {
            None => 0,
            Some(Value::I32(value)) => i64::from(value),
            Some(Value::I64(value)) => value,
        };
        let output = self.memory[output].to_vec();
        self.engine
            .seen
            .lock()
            .expect("not poisoned")
            .push((name, result, output));
        Ok(self.advance())
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.arguments,
            memory: &mut self.memory,
            gas: &mut self.gas,
        }
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        Ok(Vec::new())
    }

    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::default()
    }
}
