//! Compares trees of calls with a plain recursive model: state, events, gas, what is seen.
//!
//! The model copies the whole state at each call and keeps no journal, no frames and no overlay.
//! Its prices are read from the schedule and summed here.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]
#![expect(
    clippy::too_many_lines,
    reason = "one match over the operations reads best whole"
)]

use crate::calls_random::scripts;
use crate::calls_script::{
    CODES, ENTRIES, Op, PAGE, SENDER, Scripts, Seen, Theatre, address, code_hash, modules, world,
};
use crate::host_script::PLENTY;
use host_api::{Function, flags, status};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use vm::frames::{contract_address, frame_price};
use vm::state::{Account, StateDiff, key};
use vm::{Exit, Rules, Trap};

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// How a frame of the model ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Return(Vec<u8>),
    Revert(Vec<u8>),
    Trap(Trap),
    OutOfGas,
}

#[derive(Clone)]
struct Tank {
    left: u64,
}

impl Tank {
    fn pay(&mut self, cost: u64) -> Result<(), End> {
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
type Active = Vec<([u8; 32], bool)>;

struct Model<'a> {
    rules: &'a Rules,
    scripts: &'a Scripts,
    old: State,
    now: State,
    events: Vec<([u8; 32], Vec<u8>)>,
    touched: BTreeSet<Vec<u8>>,
    seen: Seen,
}

struct Player {
    own: [u8; 32],
    is_static: bool,
    returned: Vec<u8>,
}

/// What a call or a deployment asks for.
struct Ask {
    name: &'static str,
    function: Function,
    deploys: Option<usize>,
    callee: [u8; 32],
    entry: usize,
    value: u128,
    gas: u64,
    flags: u32,
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(64, 0);
    bytes
}

impl Model<'_> {
    fn price(&self, function: Function) -> vm::schedule::HostPrice {
        self.rules.schedule.host(function)
    }

    fn touch(&mut self, tank: &mut Tank, key: Vec<u8>, cold: u64) -> Result<(), End> {
        if self.touched.insert(key) {
            tank.pay(cold)?;
        }
        Ok(())
    }

    fn account(&self, of: &[u8; 32]) -> Account {
        let value = self.now.get(&key::account(of)).map(Vec::as_slice);
        Account::decode(value).expect("canonical")
    }

    fn set_account(&mut self, of: &[u8; 32], account: &Account) {
        let place = key::account(of);
        match account.encode().expect("encodes") {
            Some(value) => self.now.insert(place, value),
            None => self.now.remove(&place),
        };
    }

    fn pay_value(&mut self, from: &[u8; 32], to: &[u8; 32], value: u128) {
        let mut account = self.account(from);
        account.balance -= value;
        self.set_account(from, &account);
        let mut account = self.account(to);
        account.balance += value;
        self.set_account(to, &account);
    }

    fn see(&mut self, name: &'static str, result: i64, output: Vec<u8>) {
        self.seen.push((name, result, padded(output)));
    }

    /// Runs the script of a code; the state is restored unless it returns.
    fn frame(
        &mut self,
        (code, entry): (usize, usize),
        player: Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> End {
        let mut player = player;
        let script = self.scripts.get(&(code, entry)).cloned();
        for op in script.unwrap_or_default() {
            if let Err(end) = self.perform(&op, &mut player, tank, active) {
                return end;
            }
        }
        End::Return(Vec::new())
    }

    fn perform(
        &mut self,
        op: &Op,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<(), End> {
        let own = player.own;
        let guard = |tank: &mut Tank, cost: u64| {
            tank.pay(cost)?;
            match player.is_static {
                true => Err(End::Trap(Trap::StaticViolation)),
                false => Ok(()),
            }
        };
        match op {
            Op::Write(raw, value) => {
                let price = self.price(Function::StorageWrite);
                let bytes = u64::from(*value);
                guard(
                    tank,
                    price.base + price.per_byte + bytes * price.per_value_byte,
                )?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                self.now.insert(place, vec![*value; usize::from(*value)]);
                self.see("storage_write", 0, Vec::new());
            }
            Op::Remove(raw) => {
                let price = self.price(Function::StorageRemove);
                guard(tank, price.base + price.per_byte)?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                let existed = self.now.remove(&place).is_some();
                self.see("storage_remove", i64::from(existed), Vec::new());
            }
            Op::Read(raw) => {
                let price = self.price(Function::StorageRead);
                tank.pay(price.base + price.per_byte)?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                match self.now.get(&place).cloned() {
                    None => self.see("storage_read", -1, Vec::new()),
                    Some(value) => {
                        tank.pay(value.len() as u64 * price.per_value_byte)?;
                        self.see("storage_read", value.len() as i64, value);
                    }
                }
            }
            Op::Scan(raw, limit) => self.scan(own, *raw, *limit, tank)?,
            Op::Emit(data) => {
                let price = self.price(Function::EmitEvent);
                guard(tank, price.base + price.per_byte)?;
                if self.events.len() == 64 {
                    return Err(End::Trap(Trap::EventLimit));
                }
                self.events.push((own, vec![*data]));
                self.see("emit_event", 0, Vec::new());
            }
            Op::Burn(cost) => tank.pay(*cost)?,
            Op::Balance(of) => {
                let price = self.price(Function::Balance);
                tank.pay(price.base)?;
                self.touch(tank, key::account(of), price.cold)?;
                let balance = self.account(of).balance;
                self.see("balance", 0, balance.to_le_bytes().to_vec());
            }
            Op::Transfer(to, value) => {
                let price = self.price(Function::Transfer);
                guard(tank, price.base)?;
                let mut result = i64::from(status::BALANCE);
                if self.account(&own).balance >= *value {
                    self.touch(tank, key::account(to), price.cold)?;
                    self.pay_value(&own, to, *value);
                    result = 0;
                }
                self.see("transfer", result, Vec::new());
            }
            Op::SetCode(code) => {
                let price = self.price(Function::SetCode);
                guard(tank, price.base)?;
                self.touch(tank, key::code(&code_hash(*code)), price.cold)?;
                let known = *code < CODES;
                if known {
                    let mut account = self.account(&own);
                    account.code_hash = Some(code_hash(*code));
                    self.set_account(&own, &account);
                }
                let refused = i64::from(status::NO_CODE);
                self.see("set_code", if known { 0 } else { refused }, Vec::new());
            }
            Op::Returned => {
                let price = self.price(Function::Returned);
                tank.pay(price.base + player.returned.len() as u64 * price.per_byte)?;
                let data = player.returned.clone();
                self.see("returned", data.len() as i64, data);
            }
            Op::Call {
                flags,
                to,
                entry,
                value,
                gas,
            } => {
                let ask = Ask {
                    name: "call",
                    function: Function::Call,
                    deploys: None,
                    callee: *to,
                    entry: *entry,
                    value: *value,
                    gas: *gas,
                    flags: *flags,
                };
                self.call(&ask, player, tank, active)?;
            }
            Op::Deploy {
                code,
                salt,
                entry,
                value,
                gas,
            } => {
                let ask = Ask {
                    name: "deploy",
                    function: Function::Deploy,
                    deploys: Some(*code),
                    callee: contract_address(&own, &code_hash(*code), &[*salt; 32]),
                    entry: *entry,
                    value: *value,
                    gas: *gas,
                    flags: 0,
                };
                self.call(&ask, player, tank, active)?;
            }
            Op::Return(data) | Op::Revert(data) => {
                let price = self.price(Function::Return);
                tank.pay(price.base + price.per_byte)?;
                return Err(match op {
                    Op::Return(_) => End::Return(vec![*data]),
                    _ => End::Revert(vec![*data]),
                });
            }
            Op::Trap => return Err(End::Trap(Trap::Unreachable)),
            Op::OutOfGas => return Err(End::OutOfGas),
        }
        Ok(())
    }

    fn scan(&mut self, own: [u8; 32], raw: u8, limit: u32, tank: &mut Tank) -> Result<(), End> {
        let price = self.price(Function::StorageScan);
        let d = *self.rules.schedule.dynamic();
        tank.pay(price.base + price.per_byte)?;
        let start = key::value(&own, &[raw]);
        self.touch(tank, start.clone(), price.cold)?;
        let keys: BTreeSet<Vec<u8>> = self.old.keys().chain(self.now.keys()).cloned().collect();
        let own_keys = keys
            .into_iter()
            .filter(|key| *key >= start && key.starts_with(&key::value(&own, &[])));
        let (mut page, mut count, mut missing) = (Vec::new(), 0_u32, None);
        for place in own_keys {
            if count == limit {
                break;
            }
            let Some(value) = self.now.get(&place) else {
                tank.pay(d.storage_scan_per_hidden_key)?;
                continue;
            };
            let raw = &place[33..];
            let (key_bytes, bytes) = (raw.len() as u64, value.len() as u64);
            tank.pay(d.storage_scan_per_entry + key_bytes * price.per_byte)?;
            tank.pay(bytes * price.per_value_byte)?;
            let entry = [
                &(key_bytes as u32).to_le_bytes(),
                raw,
                &(bytes as u32).to_le_bytes(),
                value,
            ]
            .concat();
            let total = 4 + page.len() + entry.len();
            if total as u64 > PAGE {
                missing = (count == 0).then_some(total as i64);
                break;
            }
            page.extend(entry);
            count += 1;
        }
        match missing {
            Some(bytes) => self.see("storage_scan", -bytes, Vec::new()),
            None => {
                let page = [&count.to_le_bytes(), page.as_slice()].concat();
                self.see("storage_scan", page.len() as i64, page);
            }
        }
        Ok(())
    }

    fn call(
        &mut self,
        ask: &Ask,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<(), End> {
        let price = self.price(ask.function);
        tank.pay(price.base + 2 * price.per_byte)?;
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
        let admitted = self.admit(ask, player, tank, active)?;
        let code = match admitted {
            Ok(code) => code,
            Err(refused) => {
                self.see(ask.name, i64::from(refused), Vec::new());
                return Ok(());
            }
        };
        let limit = ask.gas.min(tank.left - tank.left / 64).min(PLENTY << 2);
        let before = (self.now.clone(), self.events.clone());
        self.pay_value(&player.own, &ask.callee, ask.value);
        if let Some(code) = ask.deploys {
            let mut account = self.account(&ask.callee);
            account.code_hash = Some(code_hash(code));
            self.set_account(&ask.callee, &account);
        }
        let mut inner = Tank { left: limit };
        active.push((ask.callee, false));
        let callee = Player {
            own: ask.callee,
            is_static: as_static,
            returned: Vec::new(),
        };
        let end = self.frame((code, ask.entry), callee, &mut inner, active);
        active.pop();
        if end == End::OutOfGas {
            inner.left = 0;
        }
        tank.left -= limit - inner.left;
        if !matches!(end, End::Return(_)) {
            (self.now, self.events) = before;
        }
        let made = matches!((ask.deploys, &end), (Some(_), End::Return(_)));
        let (result, output) = match end {
            End::Return(output) => (0, output),
            End::Revert(output) => (1, output),
            End::Trap(_) => (2, Vec::new()),
            End::OutOfGas => (3, Vec::new()),
        };
        player.returned = output;
        let written = if made {
            ask.callee.to_vec()
        } else {
            Vec::new()
        };
        self.see(ask.name, result, written);
        Ok(())
    }

    /// The code to run, or the status for which none is.
    fn admit(
        &mut self,
        ask: &Ask,
        player: &Player,
        tank: &mut Tank,
        active: &Active,
    ) -> Result<Result<usize, u16>, End> {
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
        let has = self.account(&ask.callee).code_hash;
        let hash = match (ask.deploys, has) {
            (Some(_), Some(_)) => return Ok(Err(status::TAKEN)),
            (Some(code), None) => code_hash(code),
            (None, Some(hash)) => hash,
            (None, None) => return Ok(Err(status::NO_CODE)),
        };
        self.touch(tank, key::code(&hash), cold)?;
        let code = modules()
            .iter()
            .position(|module| *module.code_hash() == hash);
        let Some(code) = code else {
            return Ok(Err(status::NO_CODE));
        };
        tank.pay(frame_price(&modules()[code], self.rules))?;
        if ask.value > 0 {
            tank.pay(self.price(Function::Transfer).base)?;
        }
        if ask.entry >= ENTRIES {
            return Ok(Err(status::NO_ENTRY));
        }
        Ok(Ok(code))
    }
}

/// What a message came to.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    end: End,
    gas_used: u64,
    diff: StateDiff,
    events: Vec<([u8; 32], Vec<u8>)>,
    seen: Seen,
}

fn by_model(scripts: &Scripts, limit: u64) -> Played {
    let rules = Rules::v1();
    let old = world().values;
    let mut model = Model {
        rules: &rules,
        scripts,
        now: old.clone(),
        old,
        events: Vec::new(),
        touched: BTreeSet::from([
            key::account(&SENDER),
            key::account(&address(0)),
            key::code(&code_hash(0)),
        ]),
        seen: Vec::new(),
    };
    let mut tank = Tank { left: limit };
    let player = Player {
        own: address(0),
        is_static: false,
        returned: Vec::new(),
    };
    let mut active = vec![(address(0), false)];
    let end = match tank.pay(frame_price(&modules()[0], &rules)) {
        Ok(()) => model.frame((0, 0), player, &mut tank, &mut active),
        Err(end) => end,
    };
    if end == End::OutOfGas {
        tank.left = 0;
    }
    let kept = matches!(end, End::Return(_));
    let keys: BTreeSet<&Vec<u8>> = model.old.keys().chain(model.now.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| kept && model.old.get(*key) != model.now.get(*key));
    Played {
        diff: changed
            .map(|key| (key.clone(), model.now.get(key).cloned()))
            .collect(),
        events: if kept { model.events } else { Vec::new() },
        gas_used: limit - tank.left,
        end,
        seen: model.seen,
    }
}

fn by_vm(scripts: &Scripts, limit: u64) -> Played {
    let theatre = Theatre::new(scripts.clone());
    let outcome = theatre.play(&world(), limit);
    assert_eq!(
        theatre.alive.borrow().0,
        0,
        "no instance outlives its message"
    );
    let (end, events, diff) = match outcome.exit {
        Exit::Return {
            output,
            events,
            diff,
        } => (End::Return(output), events, diff),
        Exit::Revert { code, output } => {
            assert_eq!(code, status::REVERT);
            (End::Revert(output), Vec::new(), StateDiff::new())
        }
        Exit::Trap(trap) => (End::Trap(trap), Vec::new(), StateDiff::new()),
        Exit::OutOfGas => (End::OutOfGas, Vec::new(), StateDiff::new()),
    };
    let seen = theatre.seen.borrow().clone();
    Played {
        end,
        gas_used: outcome.gas_used,
        diff,
        events: events
            .into_iter()
            .map(|event| (event.address, event.data))
            .collect(),
        seen,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]
    #[test]
    fn a_tree_of_calls_is_its_model(scripts in scripts(),
                                    parts in prop::collection::vec(0_u64..=1000, 12)) {
        let whole = by_model(&scripts, PLENTY);
        prop_assert_eq!(&by_vm(&scripts, PLENTY), &whole);
        // Out of gas somewhere: at a part of what was consumed, the smaller trees more often.
        let total = whole.gas_used.min(30_000_000);
        let near = [total.saturating_sub(1), total, total + 1];
        for limit in parts.iter().map(|part| total / 1000 * part).chain(near) {
            prop_assert_eq!(by_vm(&scripts, limit), by_model(&scripts, limit), "{}", limit);
        }
    }
}
