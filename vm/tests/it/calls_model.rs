//! Compares trees of calls with a recursive model: state, events, gas, results of host calls.
//!
//! The model keeps its state in a [`Ledger`], which has no journal, frames or overlay.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::calls_random::scripts;
use crate::calls_script::{
    ENTRIES, ObservedCalls, Op, PAGE, SENDER, ScriptedContracts, Scripts, address, code_hash,
    modules, world,
};
use crate::host_script::PLENTY;
use crate::ledger::{
    ActiveFrames, FrameEnd, HostResult, Ledger, ModelCall, ModelEffects, ModelFrame, ModelGasMeter,
};
use host_api::{Function, status};
use proptest::prelude::*;
use std::collections::BTreeSet;
use vm::unstable::frames::{contract_address, frame_price};
use vm::{Address, Exit, Rules, Trap, key};

/// Executes scripts recursively on a ledger.
struct CallModel<'a> {
    scripts: &'a Scripts,
    ledger: Ledger<'a>,
    seen: ObservedCalls,
}

impl CallModel<'_> {
    /// Runs the script of an entry point; the caller restores the state unless it returns.
    fn run_frame(
        &mut self,
        (code, entry): (usize, usize),
        mut frame: ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> FrameEnd {
        let script = self.scripts.get(&(code, entry)).cloned();
        for op in script.unwrap_or_default() {
            match self.perform(&op, &mut frame, meter, active) {
                Ok(Some((name, (result, mut output)))) => {
                    output.resize(64, 0);
                    self.seen.push((name, result, output));
                }
                Ok(None) => {}
                Err(end) => return end,
            }
        }
        FrameEnd::Return(Vec::new())
    }

    /// Name and result of the host call of an operation, if it is one.
    fn perform(
        &mut self,
        op: &Op,
        frame: &mut ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> Result<Option<(&'static str, HostResult)>, FrameEnd> {
        let ledger = &mut self.ledger;
        let seen = match op {
            Op::Write(raw, value) => ("storage_write", ledger.write(frame, meter, (*raw, *value))?),
            Op::Remove(raw) => ("storage_remove", ledger.remove(frame, meter, *raw)?),
            Op::Read(raw) => ("storage_read", ledger.read(frame, meter, *raw)?),
            Op::Scan(raw, limit) => (
                "storage_scan",
                ledger.scan(frame, meter, (*raw, *limit), PAGE)?,
            ),
            Op::Emit(data) => ("emit_event", ledger.emit(frame, meter, *data)?),
            Op::Burn(cost) => {
                meter.charge(*cost)?;
                return Ok(None);
            }
            Op::Balance(of) => ("balance", ledger.balance(meter, *of)?),
            Op::Transfer(to, value) => ("transfer", ledger.transfer(frame, meter, (*to, *value))?),
            Op::SetCode(code) => ("set_code", ledger.set_code(frame, meter, code_hash(*code))?),
            Op::Returned => ("returned", ledger.returned(frame, meter)?),
            Op::Call { .. } => ("call", self.call(op, frame, meter, active)?),
            Op::Deploy { .. } => ("deploy", self.call(op, frame, meter, active)?),
            Op::Return(data) => return Err(ledger.end(meter, FrameEnd::Return, *data)),
            Op::Revert(data) => return Err(ledger.end(meter, FrameEnd::Revert, *data)),
            Op::Trap => return Err(FrameEnd::Trap(Trap::Unreachable)),
            Op::OutOfGas => return Err(FrameEnd::OutOfGas),
        };
        Ok(Some(seen))
    }

    fn call(
        &mut self,
        op: &Op,
        frame: &mut ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> Result<HostResult, FrameEnd> {
        let Some((call, entry)) = model_call(op, frame.own) else {
            return Err(FrameEnd::Trap(Trap::Unreachable));
        };
        let mut begun = match self.ledger.enter(&call, frame, meter, active)? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        let code = modules()
            .iter()
            .position(|module| *module.code_hash() == begun.code_hash);
        let callee = std::mem::replace(&mut begun.callee, ModelFrame::of(call.callee));
        let mut inner = begun.meter.clone();
        let entry_point = (code.expect("uploaded"), entry);
        let end = self.run_frame(entry_point, callee, &mut inner, active);
        let ended = (end, inner.left);
        Ok(self.ledger.leave(begun, ended, frame, (meter, active)))
    }
}

/// The call of an operation and the number of its entry point, whose name has two bytes.
fn model_call(op: &Op, own: Address) -> Option<(ModelCall, usize)> {
    let (call, entry) = match op {
        Op::Call {
            flags,
            to,
            entry,
            value,
            gas,
        } => (
            ModelCall {
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
            ModelCall {
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
    Some((call, entry))
}

/// Result of a message, by the model or by the VM.
#[derive(Debug, PartialEq, Eq)]
struct MessageResult {
    end: FrameEnd,
    gas_used: u64,
    effects: ModelEffects,
    seen: ObservedCalls,
}

fn by_model(scripts: &Scripts, limit: u64) -> MessageResult {
    let rules = Rules::v1();
    let old = world().values;
    let prices = modules().iter();
    let prices = prices.map(|module| (*module.code_hash(), frame_price(module, &rules)));
    let mut model = CallModel {
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
    let mut meter = ModelGasMeter { left: limit };
    let frame = ModelFrame::of(address(0));
    let mut active = vec![(address(0), false)];
    let end = match meter.charge(frame_price(&modules()[0], &rules)) {
        Ok(()) => model.run_frame((0, 0), frame, &mut meter, &mut active),
        Err(end) => end,
    };
    if end == FrameEnd::OutOfGas {
        meter.left = 0;
    }
    MessageResult {
        effects: model.ledger.effects(&end),
        gas_used: limit - meter.left,
        end,
        seen: model.seen,
    }
}

fn by_vm(scripts: &Scripts, limit: u64) -> MessageResult {
    let engine = ScriptedContracts::new(scripts.clone());
    let outcome = engine.run(&world(), limit);
    assert_eq!(
        engine.alive.lock().expect("not poisoned").0,
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
            let effects = ModelEffects {
                changed: diff,
                events: events.collect(),
            };
            (FrameEnd::Return(output), effects)
        }
        Exit::Revert { code, output } => {
            assert_eq!(code, status::REVERT);
            (FrameEnd::Revert(output), ModelEffects::default())
        }
        Exit::Trap(trap) => (FrameEnd::Trap(trap), ModelEffects::default()),
        Exit::OutOfGas => (FrameEnd::OutOfGas, ModelEffects::default()),
    };
    let seen = engine.seen.lock().expect("not poisoned").clone();
    MessageResult {
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
    fn a_tree_of_calls_agrees_with_its_model(scripts in scripts(),
                                             parts in prop::collection::vec(0_u64..=1000, 12)) {
        let whole = by_model(&scripts, PLENTY);
        prop_assert_eq!(&by_vm(&scripts, PLENTY), &whole);
        // Limits below the consumed gas, and around it.
        let total = whole.gas_used.min(30_000_000);
        let near = [total.saturating_sub(1), total, total + 1];
        for limit in parts.iter().map(|part| total / 1000 * part).chain(near) {
            prop_assert_eq!(by_vm(&scripts, limit), by_model(&scripts, limit), "{}", limit);
        }
    }
}
