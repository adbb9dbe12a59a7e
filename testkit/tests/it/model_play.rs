//! Models trees of calls plainly: each call copies the whole state, and puts it back if it fails.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]
#![expect(
    clippy::too_many_lines,
    reason = "one match over the steps reads best whole"
)]

use crate::model_script::{CODES, Cast, Costs, LOG_BYTES, PAGE, Step};
use host_api::{Function, flags, status};
use std::collections::{BTreeMap, BTreeSet};
use testkit::World;
use vm::frames::contract_address;
use vm::schedule::HostPrice;
use vm::state::{Account, key};
use vm::{Rules, Trap};

pub(crate) type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// What does not change from one case to the next.
pub(crate) struct Theatre {
    pub(crate) world: World,
    pub(crate) cast: Cast,
    pub(crate) costs: Costs,
    pub(crate) rules: Rules,
    pub(crate) frame_gas: u64,
}

/// How a frame ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Return(Vec<u8>),
    Revert(Vec<u8>),
    Trap(Trap),
    OutOfGas,
}

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
pub(crate) type Active = Vec<([u8; 32], bool)>;

pub(crate) struct Model<'a> {
    pub(crate) theatre: &'a Theatre,
    pub(crate) old: State,
    pub(crate) now: State,
    pub(crate) events: Vec<([u8; 32], Vec<u8>)>,
    pub(crate) touched: BTreeSet<Vec<u8>>,
    pub(crate) log: Vec<u8>,
}

pub(crate) struct Player {
    pub(crate) own: [u8; 32],
    pub(crate) is_static: bool,
    pub(crate) returned: Vec<u8>,
}

/// What a call or a deployment asks for.
struct Ask<'a> {
    function: Function,
    deploys: Option<[u8; 32]>,
    callee: [u8; 32],
    value: u128,
    gas: u64,
    flags: u32,
    script: &'a [Step],
}

/// What a step is answered: a result and written bytes.
type Answer = (i64, Vec<u8>);

impl Model<'_> {
    fn price(&self, function: Function) -> HostPrice {
        self.theatre.rules.schedule.host(function)
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

    /// As the actor writes it: seven bits of each byte, so that it is text.
    fn see(&mut self, (result, mut output): Answer) {
        output.resize(8, 0);
        let entry = [&(result as i32).to_le_bytes()[..], &output].concat();
        self.log.extend(entry.iter().map(|byte| byte & 0x7f));
    }

    /// Performs a script; the state is restored by the caller unless it returns.
    pub(crate) fn frame(
        &mut self,
        script: &[Step],
        mut player: Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> End {
        match self.steps(script, &mut player, tank, active) {
            Ok(()) => End::Return(Vec::new()),
            Err(end) => end,
        }
    }

    fn steps(
        &mut self,
        script: &[Step],
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<(), End> {
        let theatre = self.theatre;
        let input = self.price(Function::Input);
        let bytes = theatre.cast.encode(script).len() as u64;
        tank.pay(theatre.costs.begin + input.base + input.per_byte * bytes)?;
        let log = self.price(Function::DebugLog);
        for step in script {
            let parts = theatre.costs.steps.get(&step.kind());
            let [before, between, after] = parts.copied().unwrap_or_default();
            tank.pay(before)?;
            let answer = self.perform(step, player, tank, active)?;
            tank.pay(between)?;
            tank.pay(log.base + log.per_byte * LOG_BYTES)?;
            self.see(answer);
            tank.pay(after)?;
        }
        tank.pay(theatre.costs.end)
    }

    fn perform(
        &mut self,
        step: &Step,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Answer, End> {
        let (own, cast) = (player.own, &self.theatre.cast);
        let guard = |tank: &mut Tank, cost: u64| {
            tank.pay(cost)?;
            match player.is_static {
                true => Err(End::Trap(Trap::StaticViolation)),
                false => Ok(()),
            }
        };
        let nothing = Vec::new();
        Ok(match step {
            Step::Write(raw, value) => {
                let price = self.price(Function::StorageWrite);
                let bytes = u64::from(*value);
                guard(
                    tank,
                    price.base + price.per_byte + bytes * price.per_value_byte,
                )?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                self.now.insert(place, vec![*value; usize::from(*value)]);
                (0, nothing)
            }
            Step::Remove(raw) => {
                let price = self.price(Function::StorageRemove);
                guard(tank, price.base + price.per_byte)?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                (i64::from(self.now.remove(&place).is_some()), nothing)
            }
            Step::Read(raw) => {
                let price = self.price(Function::StorageRead);
                tank.pay(price.base + price.per_byte)?;
                let place = key::value(&own, &[*raw]);
                self.touch(tank, place.clone(), price.cold)?;
                match self.now.get(&place).cloned() {
                    None => (-1, nothing),
                    Some(value) => {
                        tank.pay(value.len() as u64 * price.per_value_byte)?;
                        (value.len() as i64, value)
                    }
                }
            }
            Step::Scan(raw, limit) => self.scan(own, *raw, *limit, tank)?,
            Step::Emit(data) => {
                let price = self.price(Function::EmitEvent);
                guard(tank, price.base + price.per_byte)?;
                if self.events.len() == 64 {
                    return Err(End::Trap(Trap::EventLimit));
                }
                self.events.push((own, vec![*data]));
                (0, nothing)
            }
            Step::Balance(of) => {
                let price = self.price(Function::Balance);
                let of = cast.contract(*of);
                tank.pay(price.base)?;
                self.touch(tank, key::account(&of), price.cold)?;
                (0, self.account(&of).balance.to_le_bytes().to_vec())
            }
            Step::Transfer(to, value) => {
                let price = self.price(Function::Transfer);
                let to = cast.contract(*to);
                guard(tank, price.base)?;
                if self.account(&own).balance < *value {
                    return Ok((i64::from(status::BALANCE), nothing));
                }
                self.touch(tank, key::account(&to), price.cold)?;
                self.pay_value(&own, &to, *value);
                (0, nothing)
            }
            Step::SetCode(code) => {
                let price = self.price(Function::SetCode);
                let code_hash = cast.code(*code);
                guard(tank, price.base)?;
                self.touch(tank, key::code(&code_hash), price.cold)?;
                if *code >= CODES {
                    return Ok((i64::from(status::NO_CODE), nothing));
                }
                let mut account = self.account(&own);
                account.code_hash = Some(code_hash);
                self.set_account(&own, &account);
                (0, nothing)
            }
            Step::Returned => {
                let price = self.price(Function::Returned);
                tank.pay(price.base + player.returned.len() as u64 * price.per_byte)?;
                (player.returned.len() as i64, player.returned.clone())
            }
            Step::Call {
                flags,
                to,
                value,
                gas,
                script,
            } => {
                let ask = Ask {
                    function: Function::Call,
                    deploys: None,
                    callee: cast.contract(*to),
                    value: *value,
                    gas: *gas,
                    flags: u32::from(*flags),
                    script,
                };
                self.call(&ask, player, tank, active)?
            }
            Step::Deploy {
                code,
                salt,
                value,
                gas,
                script,
            } => {
                let code_hash = cast.code(*code);
                let ask = Ask {
                    function: Function::Deploy,
                    deploys: Some(code_hash),
                    callee: contract_address(&own, &code_hash, &[*salt; 32]),
                    value: *value,
                    gas: *gas,
                    flags: 0,
                    script,
                };
                self.call(&ask, player, tank, active)?
            }
            Step::Return(data) | Step::Revert(data) => {
                let price = self.price(Function::Return);
                tank.pay(price.base + price.per_byte)?;
                return Err(match step {
                    Step::Return(_) => End::Return(vec![*data]),
                    _ => End::Revert(vec![*data]),
                });
            }
            Step::Trap => return Err(End::Trap(Trap::Unreachable)),
            Step::OutOfGas => return Err(End::OutOfGas),
        })
    }

    fn scan(&mut self, own: [u8; 32], raw: u8, limit: u8, tank: &mut Tank) -> Result<Answer, End> {
        let price = self.price(Function::StorageScan);
        let d = *self.theatre.rules.schedule.dynamic();
        tank.pay(price.base + price.per_byte)?;
        let start = key::value(&own, &[raw]);
        self.touch(tank, start.clone(), price.cold)?;
        let keys: BTreeSet<Vec<u8>> = self.old.keys().chain(self.now.keys()).cloned().collect();
        let own_keys = keys
            .into_iter()
            .filter(|key| *key >= start && key.starts_with(&key::value(&own, &[])));
        let (mut page, mut count) = (Vec::new(), 0_u32);
        for place in own_keys {
            if count == u32::from(limit) {
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

    fn call(
        &mut self,
        ask: &Ask<'_>,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Answer, End> {
        let price = self.price(ask.function);
        let input = self.theatre.cast.encode(ask.script).len() as u64;
        tank.pay(price.base + (3 + input) * price.per_byte)?;
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
        if let Err(refused) = self.admit(ask, player, tank, active)? {
            return Ok((i64::from(refused), Vec::new()));
        }
        let limit = ask.gas.min(tank.left - tank.left / 64);
        let before = (self.now.clone(), self.events.clone());
        self.pay_value(&player.own, &ask.callee, ask.value);
        if ask.deploys.is_some() {
            let mut account = self.account(&ask.callee);
            account.code_hash = ask.deploys;
            self.set_account(&ask.callee, &account);
        }
        let mut inner = Tank { left: limit };
        active.push((ask.callee, false));
        let callee = Player {
            own: ask.callee,
            is_static: as_static,
            returned: Vec::new(),
        };
        let end = self.frame(ask.script, callee, &mut inner, active);
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
        Ok((result, written))
    }

    /// Pays for what the callee begins with, or answers the status for which it does not.
    fn admit(
        &mut self,
        ask: &Ask<'_>,
        player: &Player,
        tank: &mut Tank,
        active: &Active,
    ) -> Result<Result<(), u16>, End> {
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
        if !self.theatre.cast.codes.contains(&code_hash) {
            return Ok(Err(status::NO_CODE));
        }
        tank.pay(self.theatre.frame_gas)?;
        if ask.value > 0 {
            tank.pay(self.price(Function::Transfer).base)?;
        }
        Ok(Ok(()))
    }
}
