//! Plays scripts of calls on a plain model: what each step costs and sees, and what it leaves.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::ledger::{Active, Answer, Ask, End, Ledger, Player, Tank};
use crate::model_script::{Cast, Costs, LOG_BYTES, PAGE, Step};
use host_api::Function;
use testkit::World;
use vm::unstable::frames::contract_address;
use vm::{CodeHash, Rules, Trap};

/// What does not change from one case to the next.
pub(crate) struct Theatre {
    pub(crate) world: World,
    pub(crate) cast: Cast,
    pub(crate) costs: Costs,
    pub(crate) rules: Rules,
    pub(crate) frame_gas: u64,
}

pub(crate) struct Model<'a> {
    pub(crate) theatre: &'a Theatre,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) log: Vec<u8>,
}

impl Model<'_> {
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
        let input = self.ledger.price(Function::Input);
        let bytes = theatre.cast.encode(script).len() as u64;
        tank.pay(theatre.costs.begin + input.base + input.per_byte * bytes)?;
        let log = self.ledger.price(Function::DebugLog);
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
        let (ledger, cast) = (&mut self.ledger, &self.theatre.cast);
        match step {
            Step::Write(raw, value) => ledger.write(player, tank, (*raw, *value)),
            Step::Remove(raw) => ledger.remove(player, tank, *raw),
            Step::Read(raw) => ledger.read(player, tank, *raw),
            Step::Scan(raw, limit) => ledger.scan(player, tank, (*raw, u32::from(*limit)), PAGE),
            Step::Emit(data) => ledger.emit(player, tank, *data),
            Step::Balance(of) => ledger.balance(tank, cast.contract(*of)),
            Step::Transfer(to, value) => {
                ledger.transfer(player, tank, (cast.contract(*to), *value))
            }
            Step::SetCode(code) => ledger.set_code(player, tank, CodeHash(cast.code(*code))),
            Step::Returned => ledger.returned(player, tank),
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
                    bytes: 3 + cast.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: u32::from(*flags),
                };
                self.call(&ask, script, player, (tank, active))
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
                    deploys: Some(CodeHash(code_hash)),
                    callee: contract_address(&player.own, &CodeHash(code_hash), &[*salt; 32]),
                    bytes: 3 + cast.encode(script).len() as u64,
                    has_entry: true,
                    value: *value,
                    gas: *gas,
                    flags: 0,
                };
                self.call(&ask, script, player, (tank, active))
            }
            Step::Return(data) => Err(ledger.end(tank, End::Return, *data)),
            Step::Revert(data) => Err(ledger.end(tank, End::Revert, *data)),
            Step::Trap => Err(End::Trap(Trap::Unreachable)),
            Step::OutOfGas => Err(End::OutOfGas),
        }
    }

    fn call(
        &mut self,
        ask: &Ask,
        script: &[Step],
        player: &mut Player,
        (tank, active): (&mut Tank, &mut Active),
    ) -> Result<Answer, End> {
        let mut entered = match self.ledger.enter(ask, player, tank, active)? {
            Ok(entered) => entered,
            Err(refused) => return Ok(refused),
        };
        // Whatever code it is, it does what the script says.
        assert!(self.theatre.cast.codes.contains(&entered.code_hash.0));
        let callee = std::mem::replace(&mut entered.callee, Player::of(ask.callee));
        let mut inner = entered.tank.clone();
        let end = self.frame(script, callee, &mut inner, active);
        let ended = (end, inner.left);
        Ok(self.ledger.leave(entered, ended, player, (tank, active)))
    }
}
