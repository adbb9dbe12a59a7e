//! Executes scripts on a simple model: costs, results and effects of each step.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute with known numbers"
)]

use crate::ledger::{
    ActiveFrames, FrameEnd, HostResult, Ledger, ModelCall, ModelFrame, ModelGasMeter,
};
use crate::model_script::{Costs, LOG_BYTES, PAGE, Participants, ScriptStep};
use host_api::Function;
use testkit::World;
use vm::unstable::frames::contract_address;
use vm::{CodeHash, Rules, Trap};

/// The world and costs that all cases share.
pub(crate) struct ModelSetup {
    pub(crate) world: World,
    pub(crate) participants: Participants,
    pub(crate) costs: Costs,
    pub(crate) rules: Rules,
    pub(crate) frame_gas: u64,
}

pub(crate) struct Model<'a> {
    pub(crate) setup: &'a ModelSetup,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) log: Vec<u8>,
}

impl Model<'_> {
    /// Logs a result like the actor: seven bits of each byte, so that the log is text.
    fn log_result(&mut self, (result, mut output): HostResult) {
        output.resize(8, 0);
        let entry = [&(result as i32).to_le_bytes()[..], &output].concat();
        self.log.extend(entry.iter().map(|byte| byte & 0x7f));
    }

    /// Executes a script; the caller restores the state unless it returns.
    pub(crate) fn frame(
        &mut self,
        script: &[ScriptStep],
        mut current: ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> FrameEnd {
        match self.steps(script, &mut current, meter, active) {
            Ok(()) => FrameEnd::Return(Vec::new()),
            Err(end) => end,
        }
    }

    fn steps(
        &mut self,
        script: &[ScriptStep],
        current: &mut ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> Result<(), FrameEnd> {
        let setup = self.setup;
        let input = self.ledger.price(Function::Input);
        let bytes = setup.participants.encode(script).len() as u64;
        meter.charge(setup.costs.begin + input.base + input.per_byte * bytes)?;
        let log = self.ledger.price(Function::DebugLog);
        for step in script {
            let parts = setup.costs.steps.get(&step.kind());
            let [before, between, after] = parts.copied().unwrap_or_default();
            meter.charge(before)?;
            let result = self.perform(step, current, meter, active)?;
            meter.charge(between)?;
            meter.charge(log.base + log.per_byte * LOG_BYTES)?;
            self.log_result(result);
            meter.charge(after)?;
        }
        meter.charge(setup.costs.end)
    }

    fn perform(
        &mut self,
        step: &ScriptStep,
        current: &mut ModelFrame,
        meter: &mut ModelGasMeter,
        active: &mut ActiveFrames,
    ) -> Result<HostResult, FrameEnd> {
        let (ledger, participants) = (&mut self.ledger, &self.setup.participants);
        match step {
            ScriptStep::Write(raw, value) => ledger.write(current, meter, (*raw, *value)),
            ScriptStep::Remove(raw) => ledger.remove(current, meter, *raw),
            ScriptStep::Read(raw) => ledger.read(current, meter, *raw),
            ScriptStep::Scan(raw, limit) => {
                ledger.scan(current, meter, (*raw, u32::from(*limit)), PAGE)
            }
            ScriptStep::Emit(data) => ledger.emit(current, meter, *data),
            ScriptStep::Balance(of) => ledger.balance(meter, participants.contract(*of)),
            ScriptStep::Transfer(to, value) => {
                ledger.transfer(current, meter, (participants.contract(*to), *value))
            }
            ScriptStep::SetCode(code) => {
                ledger.set_code(current, meter, CodeHash(participants.code(*code)))
            }
            ScriptStep::Returned => ledger.returned(current, meter),
            ScriptStep::Call {
                flags,
                to,
                value,
                gas,
                script,
            } => {
                let call = ModelCall {
                    function: Function::Call,
                    deploys: None,
                    callee: participants.contract(*to),
                    bytes: 3 + participants.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: u32::from(*flags),
                };
                self.call(&call, script, current, (meter, active))
            }
            ScriptStep::Deploy {
                code,
                salt,
                value,
                gas,
                script,
            } => {
                let code_hash = participants.code(*code);
                let call = ModelCall {
                    function: Function::Deploy,
                    deploys: Some(CodeHash(code_hash)),
                    callee: contract_address(&current.own, &CodeHash(code_hash), &[*salt; 32]),
                    bytes: 3 + participants.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: 0,
                };
                self.call(&call, script, current, (meter, active))
            }
            ScriptStep::Return(data) => Err(ledger.end(meter, FrameEnd::Return, *data)),
            ScriptStep::Revert(data) => Err(ledger.end(meter, FrameEnd::Revert, *data)),
            ScriptStep::Trap => Err(FrameEnd::Trap(Trap::Unreachable)),
            ScriptStep::OutOfGas => Err(FrameEnd::OutOfGas),
        }
    }

    fn call(
        &mut self,
        call: &ModelCall,
        script: &[ScriptStep],
        current: &mut ModelFrame,
        (meter, active): (&mut ModelGasMeter, &mut ActiveFrames),
    ) -> Result<HostResult, FrameEnd> {
        let mut entered = match self.ledger.enter(call, current, meter, active)? {
            Ok(entered) => entered,
            Err(refused) => return Ok(refused),
        };
        // Every code executes the script in the same way.
        assert!(self.setup.participants.codes.contains(&entered.code_hash.0));
        let callee = std::mem::replace(&mut entered.callee, ModelFrame::of(call.callee));
        let mut inner = entered.meter.clone();
        let end = self.frame(script, callee, &mut inner, active);
        let ended = (end, inner.left);
        Ok(self.ledger.leave(entered, ended, current, (meter, active)))
    }
}
