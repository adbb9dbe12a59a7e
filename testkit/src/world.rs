//! Stores accounts, code and state, and executes calls on them.

use crate::call::{Call, encode};
use crate::engines::Engines;
use crate::failed_frames::{FailedFrames, RecordingEngine};
use crate::failure::{Cause, Failure, FailureContext, short};
use crate::names::Names;
use crate::receipt::{Receipt, Undecodable, decode};
use crate::state::State;
use contract_types::{Address, Revert};
use host_api::status;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use vm::unstable::frames::{contract_address, frame_price};
use vm::unstable::host::crypto::sha256;
use vm::{
    BlockMetadata, CheckedModule, CodeHash, Engine, Environment, Exit, Gas, Height, Message,
    Outcome, Rules, Target, key,
};

/// Accounts, contracts and their state, in process. `Send`; cloning costs as little as saving.
#[derive(Clone)]
pub struct World {
    rules: Arc<Rules>,
    engines: Engines,
    names: BTreeMap<CodeHash, Arc<Names>>,
    /// True if a failing call is executed again to name the inner calls that failed.
    describes_inner_failures: bool,
    now: Saved,
}

/// A snapshot of a world: accounts, code, state, block. Saving and restoring take constant time, in
/// any order.
#[derive(Clone)]
pub struct Saved {
    state: State,
    block: BlockMetadata,
    /// Number of calls and deployments so far; makes transaction hashes and salts unique.
    messages: u64,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world under the rules of version 1: height 1, time 0, on the interpreter.
    #[must_use]
    pub fn new() -> Self {
        let block = BlockMetadata {
            height: Height(1),
            time_ms: 0,
            chain_id: sha256(b"testkit"),
            proposer: vm::Address([0; 32]),
        };
        Self {
            rules: Arc::new(Rules::v1()),
            engines: Engines::default(),
            names: BTreeMap::new(),
            describes_inner_failures: true,
            now: Saved {
                state: State::default(),
                block,
                messages: 0,
            },
        }
    }

    /// Uses other engines.
    #[must_use]
    pub fn on(mut self, engines: Engines) -> Self {
        self.engines = engines;
        self
    }

    /// Does not name the inner calls that failed, which requires a second execution of a failing
    /// call. For measurements, and for tests of many failing calls.
    #[must_use]
    pub const fn without_inner_failures(mut self) -> Self {
        self.describes_inner_failures = false;
        self
    }

    /// Uses other rules; code is validated under them when it is uploaded.
    #[must_use]
    pub fn under(mut self, rules: Rules) -> Self {
        self.rules = Arc::new(rules);
        self
    }

    /// Creates the account for a name, with a balance; its address is the same in every world.
    pub fn account(&mut self, name: &str, balance: u128) -> Address {
        let address = Address(sha256(&[b"testkit/account/", name.as_bytes()].concat()));
        self.set_balance(address, balance);
        address
    }

    /// Balance of an account or a contract.
    #[must_use]
    pub fn balance(&self, of: Address) -> u128 {
        self.now.state.account(of).balance
    }

    /// Sets the balance of an account or a contract; the total supply changes accordingly.
    pub fn set_balance(&mut self, of: Address, balance: u128) {
        let mut account = self.now.state.account(of);
        account.balance = balance;
        self.now.state.set_account(of, &account);
    }

    /// Sets the block height for later calls.
    pub const fn set_height(&mut self, height: u64) {
        self.now.block.height = Height(height);
    }

    /// Sets the block time for later calls, in milliseconds since 1970.
    pub const fn set_time_ms(&mut self, time_ms: u64) {
        self.now.block.time_ms = time_ms;
    }

    /// Sets the chain id for later calls.
    pub const fn set_chain_id(&mut self, chain_id: [u8; 32]) {
        self.now.block.chain_id = chain_id;
    }

    /// Sets the block proposer for later calls.
    pub const fn set_proposer(&mut self, proposer: Address) {
        self.now.block.proposer = vm::Address(proposer.0);
    }

    /// Sets the hash of the block at `height` for later calls.
    pub fn set_block_hash(&mut self, height: u64, hash: [u8; 32]) {
        self.now
            .state
            .set(key::block_hash(Height(height)), Some(hash.to_vec()));
    }

    /// Height, time, chain id and proposer of later calls.
    #[must_use]
    pub const fn block(&self) -> &BlockMetadata {
        &self.now.block
    }

    /// A snapshot of the world, for [`World::restore`].
    #[must_use]
    pub fn save(&self) -> Saved {
        self.now.clone()
    }

    /// Restores a snapshot of this world or of a clone of it.
    pub fn restore(&mut self, saved: &Saved) {
        self.now = saved.clone();
    }

    /// Validates and stores code; returns its hash.
    ///
    /// # Errors
    /// [`Cause::Rejected`] if the code is rejected.
    pub fn upload(&mut self, bytes: &[u8]) -> Result<[u8; 32], Failure> {
        match vm::check(bytes, &self.rules) {
            Ok(module) => {
                let code_hash = *module.code_hash();
                let module = Arc::new(module);
                let names = self.names.entry(code_hash);
                names.or_insert_with(|| Arc::new(Names::of(&module)));
                self.now.state.upload(module);
                Ok(code_hash.0)
            }
            Err(rejection) => {
                let call = Call::deployment(CodeHash(sha256(bytes)), [0; 32], "", Vec::new());
                Err(self.failure(&call, 0, "", Cause::Rejected(rejection)))
            }
        }
    }

    /// Uploads code and deploys a contract by calling an entry with typed arguments; returns its
    /// address, a new one each time.
    ///
    /// # Errors
    /// [`Failure`] if the code is rejected or the entry does not return.
    pub fn deploy<A: borsh::BorshSerialize>(
        &mut self,
        from: Address,
        bytes: &[u8],
        entry: &str,
        arguments: &A,
    ) -> Result<Address, Failure> {
        let code_hash = self.upload(bytes)?;
        let call = Call::deployment(CodeHash(code_hash), self.salt(), entry, encode(arguments));
        Ok(self.call(&call.from(from))?.contract)
    }

    /// A salt for [`Call::deployment`], different after each call.
    #[must_use]
    pub fn salt(&self) -> [u8; 32] {
        sha256(&[b"testkit/salt/", &self.now.messages.to_le_bytes()[..]].concat())
    }

    /// Executes a call and applies its effects if it returns.
    ///
    /// # Errors
    /// [`Failure`] if it does not return; the state is then unchanged.
    pub fn call(&mut self, call: &Call) -> Result<Receipt, Failure> {
        let (receipt, diff) = self.execute(call)?;
        self.now.state.apply(diff);
        self.now.messages = self.now.messages.saturating_add(1);
        Ok(receipt)
    }

    /// Executes a call without applying its effects.
    ///
    /// # Errors
    /// As [`World::call`].
    pub fn query(&self, call: &Call) -> Result<Receipt, Failure> {
        self.execute(call).map(|(receipt, _)| receipt)
    }

    /// The VM's outcome of a call on the first engine, without applying its effects. For
    /// measurements: it does not build a receipt or describe a failure.
    ///
    /// # Errors
    /// [`Cause::Machine`] if this machine fails.
    pub fn outcome(&self, call: &Call) -> Result<Outcome, Failure> {
        self.run(&*self.engines.first, call)
    }

    /// Transfers value between accounts without running code.
    ///
    /// # Errors
    /// [`Cause::NotStarted`] if the balance is too small.
    pub fn transfer(&mut self, from: Address, to: Address, amount: u128) -> Result<(), Failure> {
        let taken = self.balance(from).checked_sub(amount);
        let Some(rest) = taken else {
            let call = Call::raw(to, "", Vec::new()).from(from).value(amount);
            let cause = self.not_started(&call, status::BALANCE);
            return Err(self.failure(&call, 0, "", cause));
        };
        self.set_balance(from, rest);
        self.set_balance(to, self.balance(to).saturating_add(amount));
        Ok(())
    }

    /// Hash of a contract's code.
    #[must_use]
    pub fn code_hash(&self, contract: Address) -> Option<CodeHash> {
        self.now.state.account(contract).code_hash
    }

    /// The stored value for a contract's raw key.
    #[must_use]
    pub fn value(&self, contract: Address, raw: &[u8]) -> Option<Vec<u8>> {
        let value = self
            .now
            .state
            .get(&key::value(&vm::Address(contract.0), raw));
        value.map(<[u8]>::to_vec)
    }

    /// The stored value for a raw key, decoded as the SDK encodes the value of an `Item`.
    ///
    /// # Errors
    /// [`Undecodable`] if it is not the encoding of a `T`.
    pub fn item<T: borsh::BorshDeserialize>(
        &self,
        contract: Address,
        raw: &[u8],
    ) -> Result<Option<T>, Undecodable> {
        let value = self.value(contract, raw);
        value.map(|bytes| decode(&bytes)).transpose()
    }

    /// A contract's raw keys and values, in the order of the keys.
    #[must_use]
    pub fn values(&self, contract: Address) -> Vec<(Vec<u8>, Vec<u8>)> {
        let address = vm::Address(contract.0);
        let (start, end) = (key::value(&address, &[]), key::values_end(&address));
        let entries = self.now.state.range(&start..&end);
        let raw = |key: &[u8]| key.get(start.len()..).unwrap_or_default().to_vec();
        entries
            .map(|(key, value)| (raw(key), value.to_vec()))
            .collect()
    }

    /// Sets or removes a stored value without a call of the contract.
    pub fn set_value(&mut self, contract: Address, raw: &[u8], value: Option<Vec<u8>>) {
        self.now
            .state
            .set(key::value(&vm::Address(contract.0), raw), value);
    }

    /// Price of the frame for a call of this contract, in gas; 0 for an address without code.
    #[must_use]
    pub fn frame_gas(&self, contract: Address) -> u64 {
        let code_hash = self.code_hash(contract);
        let module = code_hash.and_then(|hash| self.now.state.module(&hash));
        module.map_or(0, |module| frame_price(module, &self.rules))
    }

    fn address(call: &Call) -> Address {
        let address = match &call.target {
            Target::Call { contract } => *contract,
            Target::Deploy { code_hash, salt } => {
                contract_address(&vm::Address(call.from.0), code_hash, salt)
            }
        };
        Address(address.0)
    }

    fn module(&self, call: &Call) -> Option<&Arc<CheckedModule>> {
        let code_hash = match call.target {
            Target::Call { contract } => self.code_hash(Address(contract.0))?,
            Target::Deploy { code_hash, .. } => code_hash,
        };
        self.now.state.module(&code_hash)
    }

    fn names(&self, call: &Call) -> Option<&Names> {
        let module = self.module(call)?;
        self.names.get(module.code_hash()).map(Arc::as_ref)
    }

    fn execute(&self, call: &Call) -> Result<(Receipt, vm::StateDiff), Failure> {
        let first = self.run(&*self.engines.first, call)?;
        for engine in &self.engines.others {
            let other = self.run(&**engine, call)?;
            if other != first {
                let cause = Cause::EnginesDiffer {
                    engines: (self.engines.first.name(), engine.name()),
                    outcomes: (describe(&first), describe(&other)),
                };
                return Err(self.failure(call, first.gas_used.0, "", cause));
            }
        }
        let frame_gas = self
            .module(call)
            .map_or(0, |module| frame_price(module, &self.rules));
        let Outcome {
            exit,
            gas_used: Gas(gas_used),
            diagnosis,
            ..
        } = first;
        let log = String::from_utf8_lossy(&diagnosis.debug_log).into_owned();
        let names = self.names(call);
        let cause = match exit {
            Exit::Return {
                output,
                events,
                diff,
            } => {
                let receipt = Receipt {
                    contract: Self::address(call),
                    output,
                    events,
                    gas_used,
                    frame_gas,
                    diff: diff.clone(),
                    log,
                };
                return Ok((receipt, diff));
            }
            Exit::Revert {
                code: status::REVERT,
                output,
            } => {
                let revert: Option<Revert> = borsh::from_slice(&output).ok();
                let code = revert.as_ref().map(|revert| revert.code);
                let meaning = code.and_then(|code| names?.error(code));
                Cause::Reverted {
                    output,
                    revert,
                    meaning,
                }
            }
            Exit::Revert { code, .. } => self.not_started(call, code),
            Exit::Trap(trap) => Cause::Trapped {
                trap,
                functions: names
                    .map(|names| names.functions(&diagnosis.functions))
                    .unwrap_or_default(),
                offset: diagnosis.offset,
            },
            Exit::OutOfGas => Cause::OutOfGas { frame_gas },
        };
        let mut failure = self.failure(call, gas_used, &log, cause);
        if self.describes_inner_failures {
            failure.context.inside = self.inner_failures(call);
        }
        Err(failure)
    }

    fn run(&self, engine: &dyn Engine, call: &Call) -> Result<Outcome, Failure> {
        let messages = self.now.messages.to_le_bytes();
        let message = Message {
            tx_hash: sha256(&[b"testkit/tx/", &messages[..]].concat()),
            caller: vm::Address(call.from.0),
            target: call.target.clone(),
            entry: call.entry.clone(),
            input: call.input.clone(),
            value: call.value,
        };
        let now = &self.now;
        let outcome = Environment::new(engine, &self.rules, &now.state, &now.block)
            .and_then(|environment| vm::execute(&environment, &message, Gas(call.gas)));
        outcome.map_err(|fault| self.failure(call, 0, "", Cause::Machine(fault)))
    }

    /// Descriptions of the failed inner frames, in the order in which they ended.
    fn inner_failures(&self, call: &Call) -> Vec<String> {
        let seen = FailedFrames::default();
        let recording = RecordingEngine {
            engine: &*self.engines.first,
            seen: Arc::clone(&seen),
        };
        // The outcome is the same as before and not needed.
        drop(self.run(&recording, call));
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        // The last frame to end is that of the called contract.
        let inner = seen.split_last().map_or(&[][..], |(_, inner)| inner);
        let describe = |failed: &crate::failed_frames::FailedFrame| {
            let names = self.names.get(&failed.code_hash);
            failed.describe(names.map(Arc::as_ref))
        };
        inner.iter().map(describe).collect()
    }

    fn not_started(&self, call: &Call, code: u16) -> Cause {
        let known = status::ALL.iter().find(|(number, _, _)| *number == code);
        let meaning = known.map_or("", |(_, _, meaning)| *meaning);
        let detail = match code {
            status::NO_ENTRY => {
                let entries = self.names(call).map(|names| names.entries().join(", "));
                format!("{meaning}; it has: {}", entries.unwrap_or_default())
            }
            status::BALANCE => format!(
                "{meaning}: {} has {}, the value of the call is {}",
                short(&call.from),
                self.balance(call.from),
                call.value
            ),
            status::NO_CODE => format!("{meaning}; deploy a contract with `World::deploy`"),
            _ => meaning.to_owned(),
        };
        Cause::NotStarted {
            status: code,
            detail,
        }
    }

    fn failure(&self, call: &Call, gas_used: u64, log: &str, cause: Cause) -> Failure {
        let name = self.names(call).and_then(Names::contract);
        let context = FailureContext {
            contract: Self::address(call),
            name: name.map(str::to_owned),
            entry: call.entry.clone(),
            gas_used,
            gas_limit: call.gas,
            log: log.to_owned(),
            inside: Vec::new(),
            cause,
        };
        Failure {
            context: Box::new(context),
        }
    }
}

/// Exit, gas and effects in one line.
fn describe(outcome: &Outcome) -> String {
    format!("{:?}, gas {}", outcome.exit, outcome.gas_used)
}
