//! Compares trees of calls with a plain recursive model: state, events, gas, what is seen.
//!
//! The model keeps its state in a [`Ledger`], which knows no journal, frames or overlay.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::calls_random::scripts;
use crate::calls_script::{
    ENTRIES, Op, PAGE, SENDER, Scripts, Seen, Theatre, address, code_hash, modules, world,
};
use crate::host_script::PLENTY;
use crate::ledger::{Active, Answer, Ask, Effects, End, Ledger, Player, Tank};
use host_api::{Function, status};
use proptest::prelude::*;
use std::collections::BTreeSet;
use vm::unstable::frames::{contract_address, frame_price};
use vm::{Address, Exit, Rules, Trap, key};

struct Model<'a> {
    scripts: &'a Scripts,
    ledger: Ledger<'a>,
    seen: Seen,
}

impl Model<'_> {
    /// Runs the script of a code; the caller restores the state unless it returns.
    fn frame(
        &mut self,
        (code, entry): (usize, usize),
        mut player: Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> End {
        let script = self.scripts.get(&(code, entry)).cloned();
        for op in script.unwrap_or_default() {
            match self.perform(&op, &mut player, tank, active) {
                Ok(Some((name, (result, mut output)))) => {
                    output.resize(64, 0);
                    self.seen.push((name, result, output));
                }
                Ok(None) => {}
                Err(end) => return end,
            }
        }
        End::Return(Vec::new())
    }

    /// What the script sees of an operation, where it sees anything.
    fn perform(
        &mut self,
        op: &Op,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Option<(&'static str, Answer)>, End> {
        let ledger = &mut self.ledger;
        let seen = match op {
            Op::Write(raw, value) => ("storage_write", ledger.write(player, tank, (*raw, *value))?),
            Op::Remove(raw) => ("storage_remove", ledger.remove(player, tank, *raw)?),
            Op::Read(raw) => ("storage_read", ledger.read(player, tank, *raw)?),
            Op::Scan(raw, limit) => (
                "storage_scan",
                ledger.scan(player, tank, (*raw, *limit), PAGE)?,
            ),
            Op::Emit(data) => ("emit_event", ledger.emit(player, tank, *data)?),
            Op::Burn(cost) => {
                tank.pay(*cost)?;
                return Ok(None);
            }
            Op::Balance(of) => ("balance", ledger.balance(tank, *of)?),
            Op::Transfer(to, value) => ("transfer", ledger.transfer(player, tank, (*to, *value))?),
            Op::SetCode(code) => ("set_code", ledger.set_code(player, tank, code_hash(*code))?),
            Op::Returned => ("returned", ledger.returned(player, tank)?),
            Op::Call { .. } => ("call", self.call(op, player, tank, active)?),
            Op::Deploy { .. } => ("deploy", self.call(op, player, tank, active)?),
            Op::Return(data) => return Err(ledger.end(tank, End::Return, *data)),
            Op::Revert(data) => return Err(ledger.end(tank, End::Revert, *data)),
            Op::Trap => return Err(End::Trap(Trap::Unreachable)),
            Op::OutOfGas => return Err(End::OutOfGas),
        };
        Ok(Some(seen))
    }

    fn call(
        &mut self,
        op: &Op,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Answer, End> {
        let Some((ask, entry)) = ask(op, player.own) else {
            return Err(End::Trap(Trap::Unreachable));
        };
        let mut entered = match self.ledger.enter(&ask, player, tank, active)? {
            Ok(entered) => entered,
            Err(refused) => return Ok(refused),
        };
        let code = modules()
            .iter()
            .position(|module| *module.code_hash() == entered.code_hash);
        let callee = std::mem::replace(&mut entered.callee, Player::of(ask.callee));
        let mut inner = entered.tank.clone();
        let place = (code.expect("uploaded"), entry);
        let end = self.frame(place, callee, &mut inner, active);
        let ended = (end, inner.left);
        Ok(self.ledger.leave(entered, ended, player, (tank, active)))
    }
}

/// What an operation asks for, and the entry; a name of one byte and an input of one.
fn ask(op: &Op, own: Address) -> Option<(Ask, usize)> {
    let (ask, entry) = match op {
        Op::Call {
            flags,
            to,
            entry,
            value,
            gas,
        } => (
            Ask {
                function: Function::Call,
                deploys: None,
                callee: *to,
                bytes: 2,
                has_entry: *entry < ENTRIES,
                value: *value,
                gas: *gas,
                flags: *flags,
            },
            *entry,
        ),
        Op::Deploy {
            code,
            salt,
            entry,
            value,
            gas,
        } => (
            Ask {
                function: Function::Deploy,
                deploys: Some(code_hash(*code)),
                callee: contract_address(&own, &code_hash(*code), &[*salt; 32]),
                bytes: 2,
                has_entry: *entry < ENTRIES,
                value: *value,
                gas: *gas,
                flags: 0,
            },
            *entry,
        ),
        _ => return None,
    };
    Some((ask, entry))
}

/// What a message came to.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    end: End,
    gas_used: u64,
    effects: Effects,
    seen: Seen,
}

fn by_model(scripts: &Scripts, limit: u64) -> Played {
    let rules = Rules::v1();
    let old = world().values;
    let prices = modules().iter();
    let prices = prices.map(|module| (*module.code_hash(), frame_price(module, &rules)));
    let mut model = Model {
        scripts,
        ledger: Ledger {
            rules: &rules,
            codes: prices.collect(),
            now: old.clone(),
            old,
            events: Vec::new(),
            touched: BTreeSet::from([
                key::account(&SENDER),
                key::account(&address(0)),
                key::code(&code_hash(0)),
            ]),
        },
        seen: Vec::new(),
    };
    let mut tank = Tank { left: limit };
    let player = Player::of(address(0));
    let mut active = vec![(address(0), false)];
    let end = match tank.pay(frame_price(&modules()[0], &rules)) {
        Ok(()) => model.frame((0, 0), player, &mut tank, &mut active),
        Err(end) => end,
    };
    if end == End::OutOfGas {
        tank.left = 0;
    }
    Played {
        effects: model.ledger.effects(&end),
        gas_used: limit - tank.left,
        end,
        seen: model.seen,
    }
}

fn by_vm(scripts: &Scripts, limit: u64) -> Played {
    let theatre = Theatre::new(scripts.clone());
    let outcome = theatre.play(&world(), limit);
    assert_eq!(
        theatre.alive.lock().expect("not poisoned").0,
        0,
        "no instance outlives its message"
    );
    let (end, effects) = match outcome.exit {
        Exit::Return {
            output,
            events,
            diff,
        } => {
            let events = events.into_iter().map(|event| (event.address, event.data));
            let effects = Effects {
                changed: diff,
                events: events.collect(),
            };
            (End::Return(output), effects)
        }
        Exit::Revert { code, output } => {
            assert_eq!(code, status::REVERT);
            (End::Revert(output), Effects::default())
        }
        Exit::Trap(trap) => (End::Trap(trap), Effects::default()),
        Exit::OutOfGas => (End::OutOfGas, Effects::default()),
    };
    let seen = theatre.seen.lock().expect("not poisoned").clone();
    Played {
        end,
        gas_used: outcome.gas_used.0,
        effects,
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
