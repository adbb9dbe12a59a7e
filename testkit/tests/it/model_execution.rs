//! Executes scripts on a simple model: costs, results and effects of each step.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "tests compute with known numbers"
)]

use crate::ledger::{Active, Answer, Ask, End, Ledger, Player, Tank};
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
    fn log_result(&mut self, (result, mut output): Answer) {
        output.resize(8, 0);
        let entry = [&(result as i32).to_le_bytes()[..], &output].concat();
        self.log.extend(entry.iter().map(|byte| byte & 0x7f));
    }

    /// Executes a script; the caller restores the state unless it returns.
    pub(crate) fn frame(
        &mut self,
        script: &[ScriptStep],
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
        script: &[ScriptStep],
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<(), End> {
        let setup = self.setup;
        let input = self.ledger.price(Function::Input);
        let bytes = setup.participants.encode(script).len() as u64;
        tank.pay(setup.costs.begin + input.base + input.per_byte * bytes)?;
        let log = self.ledger.price(Function::DebugLog);
        for step in script {
            let parts = setup.costs.steps.get(&step.kind());
            let [before, between, after] = parts.copied().unwrap_or_default();
            tank.pay(before)?;
            let result = self.perform(step, player, tank, active)?;
            tank.pay(between)?;
            tank.pay(log.base + log.per_byte * LOG_BYTES)?;
            self.log_result(result);
            tank.pay(after)?;
        }
        tank.pay(setup.costs.end)
    }

    fn perform(
        &mut self,
        step: &ScriptStep,
        player: &mut Player,
        tank: &mut Tank,
        active: &mut Active,
    ) -> Result<Answer, End> {
        let (ledger, participants) = (&mut self.ledger, &self.setup.participants);
        match step {
            ScriptStep::Write(raw, value) => ledger.write(player, tank, (*raw, *value)),
            ScriptStep::Remove(raw) => ledger.remove(player, tank, *raw),
            ScriptStep::Read(raw) => ledger.read(player, tank, *raw),
            ScriptStep::Scan(raw, limit) => {
                ledger.scan(player, tank, (*raw, u32::from(*limit)), PAGE)
            }
            ScriptStep::Emit(data) => ledger.emit(player, tank, *data),
            ScriptStep::Balance(of) => ledger.balance(tank, participants.contract(*of)),
            ScriptStep::Transfer(to, value) => {
                ledger.transfer(player, tank, (participants.contract(*to), *value))
            }
            ScriptStep::SetCode(code) => {
                ledger.set_code(player, tank, CodeHash(participants.code(*code)))
            }
            ScriptStep::Returned => ledger.returned(player, tank),
            ScriptStep::Call {
                flags,
                to,
                value,
                gas,
                script,
            } => {
                let ask = Ask {
                    function: Function::Call,
                    deploys: None,
                    callee: participants.contract(*to),
                    bytes: 3 + participants.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: u32::from(*flags),
                };
                self.call(&ask, script, player, (tank, active))
            }
            ScriptStep::Deploy {
                code,
                salt,
                value,
                gas,
                script,
            } => {
                let code_hash = participants.code(*code);
                let ask = Ask {
                    function: Function::Deploy,
                    deploys: Some(CodeHash(code_hash)),
                    callee: contract_address(&player.own, &CodeHash(code_hash), &[*salt; 32]),
                    bytes: 3 + participants.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: 0,
                };
                self.call(&ask, script, player, (tank, active))
            }
            ScriptStep::Return(data) => Err(ledger.end(tank, End::Return, *data)),
            ScriptStep::Revert(data) => Err(ledger.end(tank, End::Revert, *data)),
            ScriptStep::Trap => Err(End::Trap(Trap::Unreachable)),
            ScriptStep::OutOfGas => Err(End::OutOfGas),
        }
    }

    fn call(
        &mut self,
        ask: &Ask,
        script: &[ScriptStep],
        player: &mut Player,
        (tank, active): (&mut Tank, &mut Active),
    ) -> Result<Answer, End> {
        let mut entered = match self.ledger.enter(ask, player, tank, active)? {
            Ok(entered) => entered,
            Err(refused) => return Ok(refused),
        };
        // Every code executes the script in the same way.
        assert!(self.setup.participants.codes.contains(&entered.code_hash.0));
        let callee = std::mem::replace(&mut entered.callee, Player::of(ask.callee));
        let mut inner = entered.tank.clone();
        let end = self.frame(script, callee, &mut inner, active);
        let ended = (end, inner.left);
        Ok(self.ledger.leave(entered, ended, player, (tank, active)))
    }
}
