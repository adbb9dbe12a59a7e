//! Executes a message: statuses, frame price, value, then the frame under a checkpoint.
//!
//! Specification: docs/spec/frames.md, "Messages and frames".

use crate::fault::Fault;
use crate::frames::admission::{Attempt, Refusal, admit};
use crate::frames::stack::{ContractFrame, EndedMessage, FrameStack, enter};
use crate::frames::{Environment, FrameExit, Message};
use crate::gas::{Gas, GasMeter};
use crate::outcome::{Diagnosis, Exit, Outcome};
use crate::state::{Journal, key};
use crate::trap::Trap;
use crate::work::{self, WorkKind};
use host_api::status;

/// Executes `message` against `view`: frame price, value, frames, journal; writes nothing.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn execute(
    environment: &Environment<'_>,
    message: &Message,
    gas_limit: Gas,
) -> Result<Outcome, Fault> {
    let mut journal = Journal::default();
    let mut gas = GasMeter::new(gas_limit.0);
    let maximum = environment.rules.host_limits.data_bytes_max;
    if u32::try_from(message.input.len()).map_or(true, |length| length > maximum) {
        return Ok(refused(Exit::Trap(Trap::OutputLength), gas, journal));
    }
    // The sender has paid for the first touch of its account; the frame price includes that of the
    // callee's account and code.
    journal.touch(&key::account(&message.caller));
    let attempt = Attempt {
        payer: &message.caller,
        target: &message.target,
        entry: Some(&message.entry),
        value: message.value,
        cold: 0,
        value_price: 0,
    };
    let admitted = match admit(environment, &attempt, &mut journal, &mut gas) {
        Ok(admitted) => admitted,
        Err(Refusal::Status(code)) => {
            let output = Vec::new();
            return Ok(refused(Exit::Revert { code, output }, gas, journal));
        }
        Err(Refusal::OutOfGas) => return Ok(refused(Exit::OutOfGas, gas, journal)),
        Err(Refusal::Machine(fault)) => return Err(fault),
    };
    let checkpoint = enter(environment, &attempt, &mut journal, &admitted)?;
    let execution = environment
        .engine
        .instantiate(&admitted.module, environment.rules)?;
    work::add(WorkKind::Copied, message.input.len());
    let input = message.input.clone();
    let frame = ContractFrame {
        caller: message.caller,
        value: message.value,
        ..ContractFrame::new(execution, &admitted, input, checkpoint)
    };
    let stack = FrameStack::new(environment, message.tx_hash, &mut journal);
    let ended = stack.run(frame, gas)?;
    Ok(outcome(ended, journal))
}

/// The outcome of a message whose frame did not begin: gas charged so far stays charged.
fn refused(exit: Exit, gas: GasMeter, journal: Journal) -> Outcome {
    Outcome {
        exit,
        gas_used: Gas(gas.used()),
        access: journal.into_effects().access,
        diagnosis: Diagnosis::default(),
    }
}

fn outcome(ended: EndedMessage, journal: Journal) -> Outcome {
    let effects = journal.into_effects();
    let exit = match ended.exit {
        FrameExit::Return { output, .. } => Exit::Return {
            output,
            events: effects.events,
            diff: effects.diff,
        },
        FrameExit::Revert { output } => Exit::Revert {
            code: status::REVERT,
            output,
        },
        FrameExit::Trap(trap) => Exit::Trap(trap),
        FrameExit::OutOfGas => Exit::OutOfGas,
    };
    Outcome {
        exit,
        gas_used: Gas(ended.gas_used),
        access: effects.access,
        diagnosis: ended.diagnosis,
    }
}
