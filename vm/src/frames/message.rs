//! Executes a message: statuses, frame price, value, then the frame under a checkpoint.
//!
//! Specification: docs/spec/frames.md. The order of the statuses is consensus: each is answered
//! before anything has moved, and what was charged before it stays charged.

use crate::fault::Fault;
use crate::frames::stack::{ContractFrame, Ended, FrameStack};
use crate::frames::{FrameExit, Message, Setting, Target, contract_address, frame_price};
use crate::gas::Gas;
use crate::module::CheckedModule;
use crate::outcome::{Diagnosis, Exit, Outcome};
use crate::state::{Account, Journal};
use crate::trap::Trap;
use host_api::limits::DATA_BYTES_MAX;
use host_api::status;
use std::sync::Arc;

/// Executes `message` against `view`: frame price, value, frames, journal; writes nothing.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn execute(setting: &Setting<'_>, message: &Message, gas_limit: u64) -> Result<Outcome, Fault> {
    let mut journal = Journal::default();
    let mut gas = Gas::new(gas_limit);
    let admitted = match admit(setting, message, &mut journal, &mut gas)? {
        Ok(admitted) => admitted,
        Err(exit) => return Ok(refused(exit, gas, journal)),
    };
    let checkpoint = journal.checkpoint();
    enter(setting, message, &mut journal, &admitted)?;
    let frame = ContractFrame {
        execution: setting
            .engine
            .instantiate(&admitted.module, setting.rules)?,
        entry: admitted.entry,
        gas,
        caller: message.caller,
        address: admitted.address,
        input: message.input.clone(),
        is_static: false,
        checkpoint,
    };
    let mut stack = FrameStack::new(setting, &mut journal);
    stack.push(frame);
    let ended = stack.run()?;
    Ok(outcome(ended, journal))
}

/// A message that will run: what to run and where.
struct Admitted {
    address: [u8; 32],
    module: Arc<CheckedModule>,
    entry: u32,
}

/// Finds the first reason, in the order of docs/spec/frames.md, for which the frame does not begin.
fn admit(
    setting: &Setting<'_>,
    message: &Message,
    journal: &mut Journal,
    gas: &mut Gas,
) -> Result<Result<Admitted, Exit>, Fault> {
    if u32::try_from(message.input.len()).map_or(true, |length| length > DATA_BYTES_MAX) {
        return Ok(Err(Exit::Trap(Trap::OutputLength)));
    }
    let view = setting.view;
    let address = address_of(message);
    let account = journal.account(view, &address)?;
    if !can_pay(&journal.account(view, &message.caller)?, &account, message) {
        return Ok(Err(status_exit(status::BALANCE)));
    }
    let code_hash = match (&message.target, account.code_hash) {
        (Target::Deploy { .. }, Some(_)) => return Ok(Err(status_exit(status::TAKEN))),
        (Target::Deploy { code_hash, .. }, None) => *code_hash,
        (Target::Call { .. }, Some(code_hash)) => code_hash,
        (Target::Call { .. }, None) => return Ok(Err(status_exit(status::NO_CODE))),
    };
    let Some(module) = journal.code(view, &code_hash)? else {
        return match message.target {
            Target::Deploy { .. } => Ok(Err(status_exit(status::NO_CODE))),
            Target::Call { .. } => Err(Fault::Store("an account's code is not stored".to_owned())),
        };
    };
    if gas.charge(frame_price(&module, setting.rules)).is_err() {
        return Ok(Err(Exit::OutOfGas));
    }
    Ok(match module.entry(&message.entry) {
        Some(entry) => Ok(Admitted {
            address,
            module,
            entry,
        }),
        None => Err(status_exit(status::NO_ENTRY)),
    })
}

/// The frame's effects before its first instruction: value, and on a deployment the code.
fn enter(
    setting: &Setting<'_>,
    message: &Message,
    journal: &mut Journal,
    admitted: &Admitted,
) -> Result<(), Fault> {
    let view = setting.view;
    if message.value > 0 {
        let mut payer = journal.account(view, &message.caller)?;
        payer.balance = payer
            .balance
            .checked_sub(message.value)
            .ok_or_else(unpaid)?;
        journal.set_account(view, &message.caller, &payer)?;
        let mut payee = journal.account(view, &admitted.address)?;
        payee.balance = payee
            .balance
            .checked_add(message.value)
            .ok_or_else(unpaid)?;
        journal.set_account(view, &admitted.address, &payee)?;
    }
    if let Target::Deploy { code_hash, .. } = message.target {
        let mut account = journal.account(view, &admitted.address)?;
        account.code_hash = Some(code_hash);
        journal.set_account(view, &admitted.address, &account)?;
    }
    Ok(())
}

fn address_of(message: &Message) -> [u8; 32] {
    match &message.target {
        Target::Call { contract } => *contract,
        Target::Deploy { code_hash, salt } => contract_address(&message.caller, code_hash, salt),
    }
}

/// True if the caller has the value and the receiver can hold it; to itself, having it is enough.
fn can_pay(caller: &Account, receiver: &Account, message: &Message) -> bool {
    let has = caller.balance >= message.value;
    let holds = receiver.balance.checked_add(message.value).is_some();
    has && (holds || address_of(message) == message.caller)
}

fn unpaid() -> Fault {
    Fault::invariant("a value that was found payable")
}

const fn status_exit(code: u16) -> Exit {
    Exit::Revert {
        code,
        output: Vec::new(),
    }
}

/// The outcome of a message whose frame did not begin: what was charged stays charged.
fn refused(exit: Exit, gas: Gas, journal: Journal) -> Outcome {
    Outcome {
        exit,
        gas_used: gas.used(),
        access: journal.into_effects().access,
        diagnosis: Diagnosis::default(),
    }
}

fn outcome(ended: Ended, journal: Journal) -> Outcome {
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
        gas_used: ended.gas_used,
        access: effects.access,
        diagnosis: ended.diagnosis,
    }
}
