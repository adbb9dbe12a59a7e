//! Fixtures of the tests of host and frames: a state in memory, a scripted engine, a host call.
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
use vm::unstable::work::counts;
use vm::{
    Address, BlockMetadata, CheckedModule, CodeHash, Engine, Entries, Execution, Fault, Height,
    Rules, StateDiff, StateView, Trap, Walked, key, walk_committed,
};
use work::bounds::Bounds;
use work::stores::CountingView;

/// A gas limit that no test reaches.
pub(crate) const PLENTY: u64 = 1 << 60;
/// Address of the contract that the tests run.
pub(crate) const CONTRACT: Address = Address([0xc0; 32]);
/// Address that calls it.
pub(crate) const CALLER: Address = Address([0xca; 32]);

/// Hash of the transaction in which the tests run.
pub(crate) const TX_HASH: [u8; 32] = [0x7a; 32];

/// A state in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) values: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) codes: BTreeMap<CodeHash, Arc<CheckedModule>>,
    /// Makes every read fail.
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

/// Metadata of a block, with distinct values.
pub(crate) fn block() -> BlockMetadata {
    BlockMetadata {
        height: Height(7),
        time_ms: u64::MAX - 1,
        chain_id: [0x1d; 32],
        proposer: Address([0x9b; 32]),
    }
}

/// Inputs and state of a host call; each call sees the effects of the calls before it.
pub(crate) struct HostFixture {
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

impl Default for HostFixture {
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

impl HostFixture {
    pub(crate) fn try_call(
        &mut self,
        function: Function,
        arguments: &[u64],
    ) -> Result<Reply, Fault> {
        let (counted, paid) = (counts(), self.gas.used());
        let view = CountingView(&self.world);
        let mut host = Host {
            rules: &self.rules,
            view: &view,
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
        let mut work = counts();
        for (count, before) in work.iter_mut().zip(counted) {
            *count -= before;
        }
        let gas = self.gas.used() - paid;
        let unpaid = Bounds::read().expect("the bounds").unpaid(&work, gas);
        // Of a store that fails nothing is expected.
        assert!(
            reply.is_err() || unpaid.is_none(),
            "{function:?} {arguments:?}: {unpaid:?}"
        );
        reply
    }

    pub(crate) fn call(&mut self, function: Function, arguments: &[u64]) -> Reply {
        self.try_call(function, arguments).expect("no fault")
    }

    /// The reply of a call and the gas that it deducts; the gas is reset before and after.
    pub(crate) fn cost(&mut self, function: Function, arguments: &[u64]) -> (Reply, u64) {
        self.gas = GasMeter::new(PLENTY);
        let reply = self.call(function, arguments);
        let cost = self.gas.used();
        self.gas = GasMeter::new(PLENTY);
        (reply, cost)
    }

    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.memory[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Adds a committed value under a raw key of the contract.
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

/// One action of a scripted guest.
#[derive(Clone, Debug)]
pub(crate) enum GuestAction {
    /// Writes its own memory.
    Store(usize, Vec<u8>),
    /// Calls the host.
    Call(Function, Vec<u64>),
    /// Consumes gas, as operators of this price do.
    Burn(u64),
    /// Ends the guest.
    Stop(Stop),
}

/// An engine whose guests all execute the same actions and then return.
#[derive(Clone, Default)]
pub(crate) struct ScriptedEngine {
    pub(crate) actions: Vec<GuestAction>,
    /// Results of host calls, in order.
    pub(crate) results: Arc<Mutex<Vec<Option<Value>>>>,
    /// Entry points that were started, with their gas.
    pub(crate) started: Arc<Mutex<Vec<(u32, u64)>>>,
}

impl ScriptedEngine {
    pub(crate) fn new(actions: impl IntoIterator<Item = GuestAction>) -> Self {
        Self {
            actions: actions.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn instance(&self) -> ScriptedExecution {
        ScriptedExecution {
            engine: self.clone(),
            next: 0,
            arguments: Vec::new(),
            memory: vec![0; 4096],
            gas: GasMeter::new(0),
        }
    }
}

impl Engine for ScriptedEngine {
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

/// An instance of a guest on a [`ScriptedEngine`].
pub(crate) struct ScriptedExecution {
    engine: ScriptedEngine,
    next: usize,
    arguments: Vec<u64>,
    memory: Vec<u8>,
    gas: GasMeter,
}

impl ScriptedExecution {
    fn advance(&mut self) -> Step {
        loop {
            let action = self.engine.actions.get(self.next).cloned();
            self.next += 1;
            match action {
                None => return Step::Exit(Stop::Return(None)),
                Some(GuestAction::Stop(stop)) => return Step::Exit(stop),
                Some(GuestAction::Call(function, arguments)) => {
                    self.arguments = arguments;
                    return Step::HostCall(function);
                }
                Some(GuestAction::Burn(cost)) => {
                    // An engine may leave gas here; the frame loop consumes all of it.
                    if cost > self.gas.remaining() {
                        return Step::Exit(Stop::OutOfGas);
                    }
                    self.gas.charge(cost).expect("compared");
                }
                Some(GuestAction::Store(offset, bytes)) => {
                    self.memory[offset..offset + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
    }
}

impl Execution for ScriptedExecution {
    fn start(&mut self, invocation: Invocation) -> Result<Step, Box<Fault>> {
        self.engine
            .started
            .lock()
            .expect("not poisoned")
            .push((invocation.entry, invocation.gas.remaining()));
        self.gas = invocation.gas;
        Ok(self.advance())
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.engine
            .results
            .lock()
            .expect("not poisoned")
            .push(result);
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
        Diagnosis {
            functions: vec![3, 1],
            offset: Some(99),
            debug_log: Vec::new(),
        }
    }
}
