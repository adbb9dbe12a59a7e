//! Scripts contracts that call each other: what each entry of each code does, written down.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{Act, World, block};
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

/// Codes of the tests; code k has the entries `e0` to `e3`.
pub(crate) const CODES: usize = 3;
/// Entries of each code.
pub(crate) const ENTRIES: usize = 4;
/// Contracts that are there from the start: address `[place + 1; 32]`, code of the same place.
pub(crate) const CONTRACTS: usize = 3;
/// What each contract owns.
pub(crate) const OWNED: u128 = 100;
/// Sends the messages; owns as much.
pub(crate) const SENDER: Address = Address([0x5e; 32]);
/// Has neither code nor balance.
pub(crate) const NOBODY: Address = Address([0x90; 32]);
/// Capacity of the page of a scan.
pub(crate) const PAGE: u64 = 60;

/// One thing that a contract does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write(u8, u8),
    Remove(u8),
    Read(u8),
    /// From a key, at most so many entries.
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

/// What code k does at entry e.
pub(crate) type Scripts = BTreeMap<(usize, usize), Vec<Op>>;

pub(crate) fn address(place: usize) -> Address {
    Address([place as u8 + 1; 32])
}

/// The codes, which differ in their data only.
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

/// The contracts, a sender, three keys in each contract.
pub(crate) fn world() -> World {
    let mut world = World::default();
    for module in modules() {
        world.codes.insert(*module.code_hash(), Arc::clone(module));
    }
    for place in 0..CONTRACTS {
        put_account(&mut world, address(place), OWNED, Some(code_hash(place)));
        for raw in [1_u8, 3, 5] {
            let value = vec![raw; raw.into()];
            world
                .values
                .insert(key::value(&address(place), &[raw]), value);
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

/// What a contract sees: the result of each host call, and what it wrote.
pub(crate) type Seen = Vec<(&'static str, i64, Vec<u8>)>;

/// An engine whose guests do what the scripts say.
#[derive(Clone, Default)]
pub(crate) struct Theatre {
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    /// Instances alive at once, now and at most.
    pub(crate) alive: Arc<Mutex<(usize, usize)>>,
}

impl Theatre {
    pub(crate) fn new(scripts: Scripts) -> Self {
        Self {
            scripts: Arc::new(scripts),
            ..Self::default()
        }
    }

    /// Sends a message to entry `e0` of the first contract.
    pub(crate) fn play(&self, world: &World, limit: u64) -> Outcome {
        self.play_under(&Arc::new(Rules::v1()), world, limit)
    }

    /// The same under other rules.
    pub(crate) fn play_under(&self, rules: &Arc<Rules>, world: &World, limit: u64) -> Outcome {
        let block = block();
        let environment = Environment::new(self, rules, world, &block).expect("no fault");
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
        execute(&environment, &message, Gas(limit)).expect("no fault")
    }

    /// The results of a function, in order.
    pub(crate) fn results(&self, name: &str) -> Vec<i64> {
        let seen = self.seen.lock().expect("not poisoned");
        let of_name = seen.iter().filter(|(function, ..)| *function == name);
        of_name.map(|(_, result, _)| *result).collect()
    }
}

impl Engine for Theatre {
    fn name(&self) -> &'static str {
        "theatre"
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
        Ok(Box::new(Actor {
            theatre: self.clone(),
            code: code.expect("a code of the tests"),
            acts: Vec::new(),
            next: 0,
            asked: Vec::new(),
            waits: None,
            memory: vec![0; 4096],
            gas: GasMeter::new(0),
        }))
    }
}

/// Where a host call's output is, if it has one.
type Wait = (Function, std::ops::Range<usize>);

struct Actor {
    theatre: Theatre,
    code: usize,
    acts: Vec<Act>,
    next: usize,
    asked: Vec<u64>,
    waits: Option<Wait>,
    memory: Vec<u8>,
    gas: GasMeter,
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.theatre.alive.lock().expect("not poisoned").0 -= 1;
    }
}

/// Where outputs are written.
pub(crate) const DST: usize = 1000;

fn store(place: usize, bytes: impl Into<Vec<u8>>) -> Act {
    Act::Store(place, bytes.into())
}

/// An operation in acts: inputs to fixed places, then the call.
fn acts(op: &Op) -> Vec<Act> {
    let dst = DST as u64;
    let call = |function, arguments: &[u64]| Act::Call(function, arguments.to_vec());
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
        Op::Burn(cost) => vec![Act::Burn(*cost)],
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
        Op::Trap => vec![Act::Stop(Stop::Trap(Trap::Unreachable))],
        Op::OutOfGas => vec![Act::Stop(Stop::OutOfGas)],
    }
}

impl Actor {
    fn advance(&mut self) -> Step {
        loop {
            let act = self.acts.get(self.next).cloned();
            self.next += 1;
            match act {
                None => return Step::Exit(Stop::Return(None)),
                Some(Act::Stop(stop)) => return Step::Exit(stop),
                Some(Act::Call(function, arguments)) => {
                    self.memory[DST..DST + 100].fill(0);
                    self.waits = Some((function, DST..DST + 64));
                    self.asked = arguments;
                    return Step::HostCall(function);
                }
                Some(Act::Burn(cost)) => {
                    if self.gas.charge(cost).is_err() {
                        return Step::Exit(Stop::OutOfGas);
                    }
                }
                Some(Act::Store(place, bytes)) => {
                    self.memory[place..place + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
    }
}

impl Execution for Actor {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        self.gas = frame.gas;
        let script = self.theatre.scripts.get(&(self.code, frame.entry as usize));
        self.acts = script.into_iter().flatten().flat_map(acts).collect();
        Ok(self.advance())
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        let (function, output) = self.waits.take().expect("a call before");
        let name = host_api::table::row(function).expect("a row").name;
        let result = match result {
            None => 0,
            Some(Value::I32(value)) => i64::from(value),
            Some(Value::I64(value)) => value,
        };
        let output = self.memory[output].to_vec();
        self.theatre
            .seen
            .lock()
            .expect("not poisoned")
            .push((name, result, output));
        Ok(self.advance())
    }

    fn pending(&mut self) -> Pending<'_> {
        Pending {
            arguments: &self.asked,
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
