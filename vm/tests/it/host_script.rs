//! Scripts guests and holds states for the tests of host and frames.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use host_api::Function;
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex};
use vm::unstable::execution::Invocation;
use vm::unstable::execution::Pending;
use vm::unstable::execution::Step;
use vm::unstable::execution::Stop;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::gas::GasMeter;
use vm::unstable::host::{Host, Reply};
use vm::unstable::outcome::Diagnosis;
use vm::unstable::state::Journal;
use vm::{
    Address, BlockMetadata, CheckedModule, CodeHash, Engine, Entries, Execution, Fault, Height,
    Rules, StateDiff, StateView, Trap, Walked, key, walk_committed,
};

/// Gas that no test uses up by accident.
pub(crate) const PLENTY: u64 = 1 << 60;
/// Address of the contract that the tests run.
pub(crate) const CONTRACT: Address = Address([0xc0; 32]);
/// Who calls it.
pub(crate) const CALLER: Address = Address([0xca; 32]);

/// The transaction in which the tests run.
pub(crate) const TX_HASH: [u8; 32] = [0x7a; 32];

/// A state in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) values: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) codes: BTreeMap<CodeHash, Arc<CheckedModule>>,
    pub(crate) broken: bool,
}

impl World {
    pub(crate) fn apply(&mut self, diff: &StateDiff) {
        for (key, value) in diff {
            match value {
                Some(value) => self.values.insert(key.clone(), value.clone()),
                None => self.values.remove(key),
            };
        }
    }
}

impl StateView for World {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if self.broken {
            return Err(Fault::Store("torn".to_owned()));
        }
        Ok(self.values.get(key).cloned())
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let bounds = (Bound::Included(range.start), Bound::Excluded(range.end));
        let entries = self.values.range::<[u8], _>(bounds).take(limit);
        Ok(entries
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.codes.get(code_hash).cloned())
    }
}

/// A block with distinct numbers.
pub(crate) fn block() -> BlockMetadata {
    BlockMetadata {
        height: Height(7),
        time_ms: u64::MAX - 1,
        chain_id: [0x1d; 32],
        proposer: Address([0x9b; 32]),
    }
}

/// Everything one host call needs; each call sees what the calls before it left.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) journal: Journal,
    pub(crate) rules: Rules,
    pub(crate) block: BlockMetadata,
    pub(crate) input: Vec<u8>,
    pub(crate) value: u128,
    pub(crate) returned: Vec<u8>,
    pub(crate) is_static: bool,
    pub(crate) debug_log: Vec<u8>,
    pub(crate) memory: Vec<u8>,
    pub(crate) gas: GasMeter,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            world: World::default(),
            journal: Journal::default(),
            rules: Rules::v1(),
            block: block(),
            input: Vec::new(),
            value: 0,
            returned: Vec::new(),
            is_static: false,
            debug_log: Vec::new(),
            memory: vec![0; 1024],
            gas: GasMeter::new(PLENTY),
        }
    }
}

impl Stage {
    pub(crate) fn try_call(
        &mut self,
        function: Function,
        arguments: &[u64],
    ) -> Result<Reply, Fault> {
        let mut host = Host {
            rules: &self.rules,
            view: &self.world,
            journal: &mut self.journal,
            block: &self.block,
            caller: CALLER,
            address: CONTRACT,
            tx_hash: TX_HASH,
            input: &self.input,
            value: self.value,
            returned: &self.returned,
            is_static: self.is_static,
            debug_log: std::mem::take(&mut self.debug_log),
        };
        let pending = Pending {
            arguments,
            memory: &mut self.memory,
            gas: &mut self.gas,
        };
        let reply = host.dispatch(function, pending);
        self.debug_log = host.debug_log;
        reply
    }

    pub(crate) fn call(&mut self, function: Function, arguments: &[u64]) -> Reply {
        self.try_call(function, arguments).expect("no fault")
    }

    /// What the call deducts; the tank is full again afterwards.
    pub(crate) fn cost(&mut self, function: Function, arguments: &[u64]) -> (Reply, u64) {
        self.gas = GasMeter::new(PLENTY);
        let reply = self.call(function, arguments);
        let cost = self.gas.used();
        self.gas = GasMeter::new(PLENTY);
        (reply, cost)
    }

    pub(crate) fn put(&mut self, place: usize, bytes: &[u8]) {
        self.memory[place..place + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a committed value under a raw key of the contract.
    pub(crate) fn commit(&mut self, raw: &[u8], value: &[u8]) {
        self.world
            .values
            .insert(key::value(&CONTRACT, raw), value.to_vec());
    }
}

pub(crate) fn resume_i32(value: i32) -> Reply {
    Reply::Resume(Some(Value::I32(value)))
}

pub(crate) fn trapped(trap: Trap) -> Reply {
    Reply::End(FrameExit::Trap(trap))
}

pub(crate) const OUT_OF_GAS: Reply = Reply::End(FrameExit::OutOfGas);

/// One thing that a scripted guest does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes its own memory.
    Store(usize, Vec<u8>),
    /// Calls the host.
    Call(Function, Vec<u64>),
    /// Executes operators of this price.
    Burn(u64),
    /// Ends.
    Stop(Stop),
}

/// An engine whose every guest does the same acts and then returns.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) acts: Vec<Act>,
    /// Results of host calls, in order.
    pub(crate) results: Arc<Mutex<Vec<Option<Value>>>>,
    /// Entries that were started, with the gas they were given.
    pub(crate) started: Arc<Mutex<Vec<(u32, u64)>>>,
}

impl Script {
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            acts: acts.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn instance(&self) -> ScriptedGuest {
        ScriptedGuest {
            script: self.clone(),
            next: 0,
            asked: Vec::new(),
            memory: vec![0; 4096],
            gas: GasMeter::new(0),
        }
    }
}

impl Engine for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn instantiate(
        &self,
        _: &Arc<CheckedModule>,
        _: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(self.instance()))
    }
}

pub(crate) struct ScriptedGuest {
    script: Script,
    next: usize,
    asked: Vec<u64>,
    memory: Vec<u8>,
    gas: GasMeter,
}

impl ScriptedGuest {
    fn advance(&mut self) -> Step {
        loop {
            let act = self.script.acts.get(self.next).cloned();
            self.next += 1;
            match act {
                None => return Step::Exit(Stop::Return(None)),
                Some(Act::Stop(stop)) => return Step::Exit(stop),
                Some(Act::Call(function, arguments)) => {
                    self.asked = arguments;
                    return Step::HostCall(function);
                }
                Some(Act::Burn(cost)) => {
                    // An engine may leave a rest; the frame loop takes all of it.
                    if cost > self.gas.remaining() {
                        return Step::Exit(Stop::OutOfGas);
                    }
                    self.gas.charge(cost).expect("compared");
                }
                Some(Act::Store(place, bytes)) => {
                    self.memory[place..place + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
    }
}

impl Execution for ScriptedGuest {
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>> {
        self.script
            .started
            .lock()
            .expect("not poisoned")
            .push((frame.entry, frame.gas.remaining()));
        self.gas = frame.gas;
        Ok(self.advance())
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.script
            .results
            .lock()
            .expect("not poisoned")
            .push(result);
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
        Diagnosis {
            functions: vec![3, 1],
            offset: Some(99),
            debug_log: Vec::new(),
        }
    }
}
