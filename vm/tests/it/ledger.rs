//! Keeps the state of a model plainly: each call copies all of it, and puts it back if it fails.
//!
//! No journal, no frames, no overlay. Prices are read from the schedule and summed here. Two models
//! stand on it: scripts on an engine that does what they say (`calls_model`), and contracts on
//! every engine (`testkit/tests/it/model_execution.rs`).
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

pub(crate) type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// Who emitted what, in order.
pub(crate) type Events = Vec<(Address, Vec<u8>)>;

/// How a frame ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Return(Vec<u8>),
    Revert(Vec<u8>),
    Trap(Trap),
    OutOfGas,
}

#[derive(Clone)]
pub(crate) struct Tank {
    pub(crate) left: u64,
}

impl Tank {
    pub(crate) fn pay(&mut self, cost: u64) -> Result<(), End> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(End::OutOfGas)
            }
        }
    }
}

/// Who is on the stack, and whether its pending call allows re-entry.
pub(crate) type Active = Vec<(Address, bool)>;

/// A contract that runs.
pub(crate) struct Player {
    pub(crate) own: Address,
    pub(crate) is_static: bool,
    pub(crate) returned: Vec<u8>,
}

impl Player {
    pub(crate) fn of(own: Address) -> Self {
        Self {
            own,
            is_static: false,
            returned: Vec::new(),
        }
    }

    /// Pays for the lengths of what changes state; a static frame may not go on.
    fn guard(&self, tank: &mut Tank, cost: u64) -> Result<(), End> {
        tank.pay(cost)?;
        match self.is_static {
            true => Err(End::Trap(Trap::StaticViolation)),
            false => Ok(()),
        }
    }
}

/// What a host call is answered: a result and written bytes.
pub(crate) type Answer = (i64, Vec<u8>);

/// What a call or a deployment asks for.
pub(crate) struct Ask {
    pub(crate) function: Function,
    /// The code, of a deployment.
    pub(crate) deploys: Option<CodeHash>,
    pub(crate) callee: Address,
    /// Bytes of the entry's name and of the input.
    pub(crate) bytes: u64,
    /// Whether the code has such an entry.
    pub(crate) has_entry: bool,
    pub(crate) value: u128,
    pub(crate) gas: u64,
    pub(crate) flags: u32,
}

/// A call that has begun: what was before it, and what its frame begins with.
pub(crate) struct Entered {
    pub(crate) code_hash: CodeHash,
    pub(crate) tank: Tank,
    pub(crate) callee: Player,
    limit: u64,
    deploys: bool,
    before: (State, Events),
}

/// The state of a model, and what it costs to change it.
pub(crate) struct Ledger<'a> {
    pub(crate) rules: &'a Rules,
    /// Frame price of every code that was uploaded.
    pub(crate) codes: BTreeMap<CodeHash, u64>,
    pub(crate) old: State,
    pub(crate) now: State,
    pub(crate) events: Events,
    pub(crate) touched: BTreeSet<Vec<u8>>,
}

impl Ledger<'_> {
    pub(crate) fn price(&self, function: Function) -> HostPrice {
        self.rules.schedule.host(function)
    }

    fn touch(&mut self, tank: &mut Tank, key: Vec<u8>, cold: u64) -> Result<(), End> {
        if self.touched.insert(key) {
            tank.pay(cold)?;
        }
        Ok(())
    }

    fn account(&self, of: &Address) -> Account {
        let value = self.now.get(&key::account(of)).map(Vec::as_slice);
        Account::decode(value).expect("canonical")
    }

    fn set_account(&mut self, of: &Address, account: &Account) {
        let place = key::account(of);
        match account.encode() {
            Some(value) => self.now.insert(place, value),
            None => self.now.remove(&place),
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

    /// Writes a value of so many bytes under a key of one.
    pub(crate) fn write(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        (raw, value): (u8, u8),
    ) -> Result<Answer, End> {
        let price = self.price(Function::StorageWrite);
        let bytes = u64::from(value);
        let cost = price.base + price.per_byte + bytes * price.per_value_byte;
        player.guard(tank, cost)?;
        let place = key::value(&player.own, &[raw]);
        self.touch(tank, place.clone(), price.cold)?;
        self.now.insert(place, vec![value; usize::from(value)]);
        Ok((0, Vec::new()))
    }

    pub(crate) fn remove(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        raw: u8,
    ) -> Result<Answer, End> {
        let price = self.price(Function::StorageRemove);
        player.guard(tank, price.base + price.per_byte)?;
        let place = key::value(&player.own, &[raw]);
        self.touch(tank, place.clone(), price.cold)?;
        Ok((i64::from(self.now.remove(&place).is_some()), Vec::new()))
    }

    pub(crate) fn read(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        raw: u8,
    ) -> Result<Answer, End> {
        let price = self.price(Function::StorageRead);
        tank.pay(price.base + price.per_byte)?;
        let place = key::value(&player.own, &[raw]);
        self.touch(tank, place.clone(), price.cold)?;
        match self.now.get(&place).cloned() {
            None => Ok((-1, Vec::new())),
            Some(value) => {
                tank.pay(value.len() as u64 * price.per_value_byte)?;
                Ok((value.len() as i64, value))
            }
        }
    }

    /// A page of at most `limit` entries from a key of one byte to the end of the contract.
    pub(crate) fn scan(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        (raw, limit): (u8, u32),
        capacity: u64,
    ) -> Result<Answer, End> {
        let price = self.price(Function::StorageScan);
        let dynamic = *self.rules.schedule.dynamic();
        tank.pay(price.base + price.per_byte)?;
        let own = key::value(&player.own, &[]);
        let start = key::value(&player.own, &[raw]);
        self.touch(tank, start.clone(), price.cold)?;
        let keys: BTreeSet<&Vec<u8>> = self.old.keys().chain(self.now.keys()).collect();
        let own_keys = keys
            .into_iter()
            .filter(|key| **key >= start && key.starts_with(&own));
        let (mut page, mut count) = (Vec::new(), 0_u32);
        for place in own_keys {
            if count == limit {
                break;
            }
            let Some(value) = self.now.get(place) else {
                tank.pay(dynamic.storage_scan_per_hidden_key)?;
                continue;
            };
            let raw = &place[own.len()..];
            let (key_bytes, bytes) = (raw.len() as u64, value.len() as u64);
            tank.pay(dynamic.storage_scan_per_entry + key_bytes * price.per_byte)?;
            tank.pay(bytes * price.per_value_byte)?;
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

    /// An event of one byte.
    pub(crate) fn emit(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        data: u8,
    ) -> Result<Answer, End> {
        let price = self.price(Function::EmitEvent);
        player.guard(tank, price.base + price.per_byte)?;
        if self.events.len() == 64 {
            return Err(End::Trap(Trap::EventLimit));
        }
        self.events.push((player.own, vec![data]));
        Ok((0, Vec::new()))
    }

    pub(crate) fn balance(&mut self, tank: &mut Tank, of: Address) -> Result<Answer, End> {
        let price = self.price(Function::Balance);
        tank.pay(price.base)?;
        self.touch(tank, key::account(&of), price.cold)?;
        Ok((0, self.account(&of).balance.to_le_bytes().to_vec()))
    }

    pub(crate) fn transfer(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        (to, value): (Address, u128),
    ) -> Result<Answer, End> {
        let price = self.price(Function::Transfer);
        player.guard(tank, price.base)?;
        if self.account(&player.own).balance < value {
            return Ok((i64::from(status::BALANCE), Vec::new()));
        }
        self.touch(tank, key::account(&to), price.cold)?;
        self.pay_value(&player.own, &to, value);
        Ok((0, Vec::new()))
    }

    pub(crate) fn set_code(
        &mut self,
        player: &Player,
        tank: &mut Tank,
        code_hash: CodeHash,
    ) -> Result<Answer, End> {
        let price = self.price(Function::SetCode);
        player.guard(tank, price.base)?;
        self.touch(tank, key::code(&code_hash), price.cold)?;
        if !self.codes.contains_key(&code_hash) {
            return Ok((i64::from(status::NO_CODE), Vec::new()));
        }
        let mut account = self.account(&player.own);
        account.code_hash = Some(code_hash);
        self.set_account(&player.own, &account);
        Ok((0, Vec::new()))
    }

    pub(crate) fn returned(&self, player: &Player, tank: &mut Tank) -> Result<Answer, End> {
        let price = self.price(Function::Returned);
        let bytes = player.returned.len();
        tank.pay(price.base + bytes as u64 * price.per_byte)?;
        Ok((bytes as i64, player.returned.clone()))
    }

    /// Ends a frame by one byte of output.
    pub(crate) fn end(&self, tank: &mut Tank, end: fn(Vec<u8>) -> End, data: u8) -> End {
        let price = self.price(Function::Return);
        match tank.pay(price.base + price.per_byte) {
            Ok(()) => end(vec![data]),
            Err(end) => end,
        }
    }

    /// Begins a call, or answers the status for which it does not begin.
    pub(crate) fn enter(
        &mut self,
        ask: &Ask,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Result<Entered, Answer>, End> {
        let price = self.price(ask.function);
        tank.pay(price.base + ask.bytes * price.per_byte)?;
        let as_static = player.is_static || ask.flags & flags::STATIC != 0;
        let violates = match ask.deploys {
            Some(_) => player.is_static,
            None => as_static && ask.value > 0,
        };
        if violates {
            return Err(End::Trap(Trap::StaticViolation));
        }
        player.returned.clear();
        if let Some(last) = active.last_mut() {
            last.1 = ask.flags & flags::ALLOW_REENTRY != 0;
        }
        let code_hash = match self.admit(ask, player, tank, active)? {
            Ok(code_hash) => code_hash,
            Err(refused) => return Ok(Err((i64::from(refused), Vec::new()))),
        };
        let limit = ask.gas.min(tank.left - tank.left / 64);
        let before = (self.now.clone(), self.events.clone());
        self.pay_value(&player.own, &ask.callee, ask.value);
        if ask.deploys.is_some() {
            let mut account = self.account(&ask.callee);
            account.code_hash = ask.deploys;
            self.set_account(&ask.callee, &account);
        }
        active.push((ask.callee, false));
        Ok(Ok(Entered {
            code_hash,
            tank: Tank { left: limit },
            callee: Player {
                is_static: as_static,
                ..Player::of(ask.callee)
            },
            limit,
            deploys: ask.deploys.is_some(),
            before,
        }))
    }

    /// Ends a call that has begun: `left` is what its frame did not consume.
    pub(crate) fn leave(
        &mut self,
        entered: Entered,
        (end, left): (End, u64),
        player: &mut Player,
        (tank, active): (&mut Tank, &mut Active),
    ) -> Answer {
        let callee = active.pop().map(|(callee, _)| callee);
        let left = if end == End::OutOfGas { 0 } else { left };
        tank.left -= entered.limit - left;
        if !matches!(end, End::Return(_)) {
            (self.now, self.events) = entered.before;
        }
        let made = entered.deploys && matches!(end, End::Return(_));
        let (result, output) = match end {
            End::Return(output) => (0, output),
            End::Revert(output) => (1, output),
            End::Trap(_) => (2, Vec::new()),
            End::OutOfGas => (3, Vec::new()),
        };
        player.returned = output;
        let written = callee.filter(|_| made);
        (
            result,
            written
                .map(|address| address.0.to_vec())
                .unwrap_or_default(),
        )
    }

    /// Pays for what the callee begins with and answers its code, or the status for which it does
    /// not begin.
    fn admit(
        &mut self,
        ask: &Ask,
        player: &Player,
        tank: &mut Tank,
        active: &Active,
    ) -> Result<Result<CodeHash, u16>, End> {
        if active.len() >= 16 {
            return Ok(Err(status::DEPTH));
        }
        let mut same = active.iter().filter(|(who, _)| *who == ask.callee);
        if ask.deploys.is_none() && same.any(|(_, allows)| !allows) {
            return Ok(Err(status::REENTRY));
        }
        if self.account(&player.own).balance < ask.value {
            return Ok(Err(status::BALANCE));
        }
        let cold = self.price(ask.function).cold;
        self.touch(tank, key::account(&ask.callee), cold)?;
        let code_hash = match (ask.deploys, self.account(&ask.callee).code_hash) {
            (Some(_), Some(_)) => return Ok(Err(status::TAKEN)),
            (Some(code), None) => code,
            (None, Some(hash)) => hash,
            (None, None) => return Ok(Err(status::NO_CODE)),
        };
        self.touch(tank, key::code(&code_hash), cold)?;
        let Some(frame_gas) = self.codes.get(&code_hash) else {
            return Ok(Err(status::NO_CODE));
        };
        tank.pay(*frame_gas)?;
        if ask.value > 0 {
            tank.pay(self.price(Function::Transfer).base)?;
        }
        match ask.has_entry {
            true => Ok(Ok(code_hash)),
            false => Ok(Err(status::NO_ENTRY)),
        }
    }

    /// What is kept of a message that ended so: changed values, events.
    pub(crate) fn effects(self, end: &End) -> Effects {
        if !matches!(end, End::Return(_)) {
            return Effects::default();
        }
        let keys: BTreeSet<&Vec<u8>> = self.old.keys().chain(self.now.keys()).collect();
        let changed = keys
            .into_iter()
            .filter(|key| self.old.get(*key) != self.now.get(*key))
            .map(|key| (key.clone(), self.now.get(key).cloned()));
        Effects {
            changed: changed.collect(),
            events: self.events,
        }
    }
}

/// What is kept of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) events: Events,
}
