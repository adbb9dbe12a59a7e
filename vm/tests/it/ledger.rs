//! A model of state, events and gas: each call copies the whole state and restores it on failure.
//!
//! It has no journal, no frames and no overlay. Prices are read from the schedule and summed here.
//! Two tests use it: one with an engine that runs scripts (`calls_model`), and one with contracts
//! on every engine (`testkit/tests/it/model_execution.rs`).
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use host_api::{Function, flags, status};
use std::collections::{BTreeMap, BTreeSet};
use vm::unstable::schedule::HostPrice;
use vm::unstable::state::Account;
use vm::{Address, CodeHash, Rules, Trap, key};

/// Values by state key.
pub(crate) type ModelState = BTreeMap<Vec<u8>, Vec<u8>>;

/// Address and data of the emitted events, in order.
pub(crate) type ModelEvents = Vec<(Address, Vec<u8>)>;

/// How a frame ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FrameEnd {
    Return(Vec<u8>),
    Revert(Vec<u8>),
    Trap(Trap),
    OutOfGas,
}

/// Gas meter of a frame.
#[derive(Clone)]
pub(crate) struct ModelGasMeter {
    pub(crate) left: u64,
}

impl ModelGasMeter {
    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), FrameEnd> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(FrameEnd::OutOfGas)
            }
        }
    }
}

/// Contracts of the active frames, and whether their pending call allows re-entry.
pub(crate) type ActiveFrames = Vec<(Address, bool)>;

/// A frame of a contract.
pub(crate) struct ModelFrame {
    /// Address of the contract.
    pub(crate) own: Address,
    pub(crate) is_static: bool,
    pub(crate) returned: Vec<u8>,
}

impl ModelFrame {
    pub(crate) fn of(own: Address) -> Self {
        Self {
            own,
            is_static: false,
            returned: Vec::new(),
        }
    }

    /// Charges the price of the lengths of a function that changes state; then a static frame
    /// traps.
    fn charge_mutation(&self, meter: &mut ModelGasMeter, cost: u64) -> Result<(), FrameEnd> {
        meter.charge(cost)?;
        match self.is_static {
            true => Err(FrameEnd::Trap(Trap::StaticViolation)),
            false => Ok(()),
        }
    }
}

/// Result of a host call, and the bytes that it wrote.
pub(crate) type HostResult = (i64, Vec<u8>);

/// Arguments of a call or of a deployment.
pub(crate) struct ModelCall {
    pub(crate) function: Function,
    /// Code hash, if it is a deployment.
    pub(crate) deploys: Option<CodeHash>,
    pub(crate) callee: Address,
    /// Bytes of the entry point's name and of the input.
    pub(crate) bytes: u64,
    /// Whether the code exports this entry point.
    pub(crate) has_entry: bool,
    pub(crate) value: u128,
    pub(crate) gas: u64,
    pub(crate) flags: u32,
}

/// A call that has begun: the checkpoint before it, and the callee's frame and gas.
pub(crate) struct BegunCall {
    pub(crate) code_hash: CodeHash,
    pub(crate) meter: ModelGasMeter,
    pub(crate) callee: ModelFrame,
    limit: u64,
    deploys: bool,
    checkpoint: (ModelState, ModelEvents),
}

/// State and events of the model, with the operations of contracts on them and their prices.
pub(crate) struct Ledger<'a> {
    pub(crate) rules: &'a Rules,
    /// Frame price of each uploaded code.
    pub(crate) codes: BTreeMap<CodeHash, u64>,
    pub(crate) old: ModelState,
    pub(crate) now: ModelState,
    pub(crate) events: ModelEvents,
    pub(crate) touched: BTreeSet<Vec<u8>>,
}

impl Ledger<'_> {
    pub(crate) fn price(&self, function: Function) -> HostPrice {
        self.rules.schedule.host(function)
    }

    fn touch(
        &mut self,
        meter: &mut ModelGasMeter,
        key: Vec<u8>,
        cold: u64,
    ) -> Result<(), FrameEnd> {
        if self.touched.insert(key) {
            meter.charge(cold)?;
        }
        Ok(())
    }

    fn account(&self, of: &Address) -> Account {
        let value = self.now.get(&key::account(of)).map(Vec::as_slice);
        Account::decode(value).expect("canonical")
    }

    fn set_account(&mut self, of: &Address, account: &Account) {
        let state_key = key::account(of);
        match account.encode() {
            Some(value) => self.now.insert(state_key, value),
            None => self.now.remove(&state_key),
        };
    }

    fn pay_value(&mut self, from: &Address, to: &Address, value: u128) {
        let mut account = self.account(from);
        account.balance -= value;
        self.set_account(from, &account);
        let mut account = self.account(to);
        account.balance += value;
        self.set_account(to, &account);
    }

    /// Writes `value` bytes under a key of one byte.
    pub(crate) fn write(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        (raw, value): (u8, u8),
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::StorageWrite);
        let bytes = u64::from(value);
        let cost = price.base + price.per_byte + bytes * price.per_value_byte;
        frame.charge_mutation(meter, cost)?;
        let state_key = key::value(&frame.own, &[raw]);
        self.touch(meter, state_key.clone(), price.cold)?;
        self.now.insert(state_key, vec![value; usize::from(value)]);
        Ok((0, Vec::new()))
    }

    pub(crate) fn remove(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        raw: u8,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::StorageRemove);
        frame.charge_mutation(meter, price.base + price.per_byte)?;
        let state_key = key::value(&frame.own, &[raw]);
        self.touch(meter, state_key.clone(), price.cold)?;
        Ok((i64::from(self.now.remove(&state_key).is_some()), Vec::new()))
    }

    pub(crate) fn read(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        raw: u8,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::StorageRead);
        meter.charge(price.base + price.per_byte)?;
        let state_key = key::value(&frame.own, &[raw]);
        self.touch(meter, state_key.clone(), price.cold)?;
        match self.now.get(&state_key).cloned() {
            None => Ok((-1, Vec::new())),
            Some(value) => {
                meter.charge(value.len() as u64 * price.per_value_byte)?;
                Ok((value.len() as i64, value))
            }
        }
    }

    /// A page of at most `limit` entries, from a key of one byte to the end of the storage.
    pub(crate) fn scan(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        (raw, limit): (u8, u32),
        capacity: u64,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::StorageScan);
        let dynamic = *self.rules.schedule.dynamic();
        meter.charge(price.base + price.per_byte)?;
        let own = key::value(&frame.own, &[]);
        let start = key::value(&frame.own, &[raw]);
        self.touch(meter, start.clone(), price.cold)?;
        let keys: BTreeSet<&Vec<u8>> = self.old.keys().chain(self.now.keys()).collect();
        let own_keys = keys
            .into_iter()
            .filter(|key| **key >= start && key.starts_with(&own));
        let (mut page, mut count) = (Vec::new(), 0_u32);
        for state_key in own_keys {
            if count == limit {
                break;
            }
            let Some(value) = self.now.get(state_key) else {
                meter.charge(dynamic.storage_scan_per_hidden_key)?;
                continue;
            };
            let raw = &state_key[own.len()..];
            let (key_bytes, bytes) = (raw.len() as u64, value.len() as u64);
            meter.charge(dynamic.storage_scan_per_entry + key_bytes * price.per_byte)?;
            meter.charge(bytes * price.per_value_byte)?;
            let entry = [
                &(key_bytes as u32).to_le_bytes(),
                raw,
                &(bytes as u32).to_le_bytes(),
                value,
            ]
            .concat();
            let total = 4 + page.len() + entry.len();
            if total as u64 > capacity {
                if count == 0 {
                    return Ok((-(total as i64), Vec::new()));
                }
                break;
            }
            page.extend(entry);
            count += 1;
        }
        let page = [&count.to_le_bytes(), page.as_slice()].concat();
        Ok((page.len() as i64, page))
    }

    /// Emits an event with one byte of data.
    pub(crate) fn emit(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        data: u8,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::EmitEvent);
        frame.charge_mutation(meter, price.base + price.per_byte)?;
        if self.events.len() == 64 {
            return Err(FrameEnd::Trap(Trap::EventLimit));
        }
        self.events.push((frame.own, vec![data]));
        Ok((0, Vec::new()))
    }

    pub(crate) fn balance(
        &mut self,
        meter: &mut ModelGasMeter,
        of: Address,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::Balance);
        meter.charge(price.base)?;
        self.touch(meter, key::account(&of), price.cold)?;
        Ok((0, self.account(&of).balance.to_le_bytes().to_vec()))
    }

    pub(crate) fn transfer(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        (to, value): (Address, u128),
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::Transfer);
        frame.charge_mutation(meter, price.base)?;
        if self.account(&frame.own).balance < value {
            return Ok((i64::from(status::BALANCE), Vec::new()));
        }
        self.touch(meter, key::account(&to), price.cold)?;
        self.pay_value(&frame.own, &to, value);
        Ok((0, Vec::new()))
    }

    pub(crate) fn set_code(
        &mut self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        code_hash: CodeHash,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::SetCode);
        frame.charge_mutation(meter, price.base)?;
        self.touch(meter, key::code(&code_hash), price.cold)?;
        if !self.codes.contains_key(&code_hash) {
            return Ok((i64::from(status::NO_CODE), Vec::new()));
        }
        let mut account = self.account(&frame.own);
        account.code_hash = Some(code_hash);
        self.set_account(&frame.own, &account);
        Ok((0, Vec::new()))
    }

    pub(crate) fn returned(
        &self,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
    ) -> Result<HostResult, FrameEnd> {
        let price = self.price(Function::Returned);
        let bytes = frame.returned.len();
        meter.charge(price.base + bytes as u64 * price.per_byte)?;
        Ok((bytes as i64, frame.returned.clone()))
    }

    /// Ends a frame with one byte of output.
    pub(crate) fn end(
        &self,
        meter: &mut ModelGasMeter,
        end: fn(Vec<u8>) -> FrameEnd,
        data: u8,
    ) -> FrameEnd {
        let price = self.price(Function::Return);
        match meter.charge(price.base + price.per_byte) {
            Ok(()) => end(vec![data]),
            Err(end) => end,
        }
    }

    /// Begins a call, or returns the status because of which it does not begin.
    pub(crate) fn enter(
        &mut self,
        call: &ModelCall,
        frame: &mut ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> Result<Result<BegunCall, HostResult>, FrameEnd> {
        let price = self.price(call.function);
        meter.charge(price.base + call.bytes * price.per_byte)?;
        let as_static = frame.is_static || call.flags & flags::STATIC != 0;
        let violates = match call.deploys {
            Some(_) => frame.is_static,
            None => as_static && call.value > 0,
        };
        if violates {
            return Err(FrameEnd::Trap(Trap::StaticViolation));
        }
        frame.returned.clear();
        if let Some(last) = active.last_mut() {
            last.1 = call.flags & flags::ALLOW_REENTRY != 0;
        }
        let code_hash = match self.admit(call, frame, meter, active)? {
            Ok(code_hash) => code_hash,
            Err(refused) => return Ok(Err((i64::from(refused), Vec::new()))),
        };
        let limit = call.gas.min(meter.left - meter.left / 64);
        let checkpoint = (self.now.clone(), self.events.clone());
        self.pay_value(&frame.own, &call.callee, call.value);
        if call.deploys.is_some() {
            let mut account = self.account(&call.callee);
            account.code_hash = call.deploys;
            self.set_account(&call.callee, &account);
        }
        active.push((call.callee, false));
        Ok(Ok(BegunCall {
            code_hash,
            meter: ModelGasMeter { left: limit },
            callee: ModelFrame {
                is_static: as_static,
                ..ModelFrame::of(call.callee)
            },
            limit,
            deploys: call.deploys.is_some(),
            checkpoint,
        }))
    }

    /// Ends a call; `left` is the gas that its frame did not consume.
    pub(crate) fn leave(
        &mut self,
        begun: BegunCall,
        (end, left): (FrameEnd, u64),
        frame: &mut ModelFrame,
        (meter, active): (&mut ModelGasMeter, &mut ActiveFrames),
    ) -> HostResult {
        let callee = active.pop().map(|(callee, _)| callee);
        let left = if end == FrameEnd::OutOfGas { 0 } else { left };
        meter.left -= begun.limit - left;
        if !matches!(end, FrameEnd::Return(_)) {
            (self.now, self.events) = begun.checkpoint;
        }
        let made = begun.deploys && matches!(end, FrameEnd::Return(_));
        let (result, output) = match end {
            FrameEnd::Return(output) => (0, output),
            FrameEnd::Revert(output) => (1, output),
            FrameEnd::Trap(_) => (2, Vec::new()),
            FrameEnd::OutOfGas => (3, Vec::new()),
        };
        frame.returned = output;
        let written = callee.filter(|_| made);
        (
            result,
            written
                .map(|address| address.0.to_vec())
                .unwrap_or_default(),
        )
    }

    /// Charges the frame of the callee and returns the code hash, or the status because of which
    /// the call does not begin.
    fn admit(
        &mut self,
        call: &ModelCall,
        frame: &ModelFrame,
        meter: &mut ModelGasMeter,
        active: &ActiveFrames,
    ) -> Result<Result<CodeHash, u16>, FrameEnd> {
        if active.len() >= 16 {
            return Ok(Err(status::DEPTH));
        }
        let mut same = active.iter().filter(|(who, _)| *who == call.callee);
        if call.deploys.is_none() && same.any(|(_, allows)| !allows) {
            return Ok(Err(status::REENTRY));
        }
        if self.account(&frame.own).balance < call.value {
            return Ok(Err(status::BALANCE));
        }
        let cold = self.price(call.function).cold;
        self.touch(meter, key::account(&call.callee), cold)?;
        let code_hash = match (call.deploys, self.account(&call.callee).code_hash) {
            (Some(_), Some(_)) => return Ok(Err(status::TAKEN)),
            (Some(code), None) => code,
            (None, Some(hash)) => hash,
            (None, None) => return Ok(Err(status::NO_CODE)),
        };
        self.touch(meter, key::code(&code_hash), cold)?;
        let Some(frame_gas) = self.codes.get(&code_hash) else {
            return Ok(Err(status::NO_CODE));
        };
        meter.charge(*frame_gas)?;
        if call.value > 0 {
            meter.charge(self.price(Function::Transfer).base)?;
        }
        match call.has_entry {
            true => Ok(Ok(code_hash)),
            false => Ok(Err(status::NO_ENTRY)),
        }
    }

    /// Effects of a message that ended with `end`.
    pub(crate) fn effects(self, end: &FrameEnd) -> ModelEffects {
        if !matches!(end, FrameEnd::Return(_)) {
            return ModelEffects::default();
        }
        let keys: BTreeSet<&Vec<u8>> = self.old.keys().chain(self.now.keys()).collect();
        let changed = keys
            .into_iter()
            .filter(|key| self.old.get(*key) != self.now.get(*key))
            .map(|key| (key.clone(), self.now.get(key).cloned()));
        ModelEffects {
            changed: changed.collect(),
            events: self.events,
        }
    }
}

/// Changed values and events of a message; empty unless it returned.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelEffects {
    pub(crate) changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) events: ModelEvents,
}
