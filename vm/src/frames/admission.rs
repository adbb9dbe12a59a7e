//! Decides whether a call or a deployment may begin, and finds the code that it runs.
//!
//! Messages and calls between contracts use the same checks; they differ in who pays and in the
//! checks before. A frame that is not admitted has changed no state; gas charged so far stays
//! charged.
//!
//! Specification: docs/spec/frames.md, "Before the frame".

use crate::fault::Fault;
use crate::frames::{Environment, Target, contract_address, frame_price};
use crate::gas::{GasMeter, OutOfGas};
use crate::identity::{Address, CodeHash};
use crate::module::CheckedModule;
use crate::state::{Account, Journal, key};
use host_api::status;
use std::sync::Arc;

/// A requested call or deployment.
pub(super) struct Attempt<'a> {
    /// Account that makes the request and pays the value.
    pub(super) payer: &'a Address,
    /// Contract to call or to create.
    pub(super) target: &'a Target,
    /// Name of the entry; `None` if no entry can have the requested name.
    pub(super) entry: Option<&'a str>,
    /// Value to move.
    pub(super) value: u128,
    /// Price of the first touch of the account, and of the code.
    pub(super) cold: u64,
    /// Price of moving a value above 0.
    pub(super) value_price: u64,
}

/// A frame that may begin.
pub(super) struct Admitted {
    pub(super) address: Address,
    pub(super) module: Arc<CheckedModule>,
    pub(super) entry: u32,
}

/// Why a frame does not begin.
pub(super) enum Refusal {
    /// A status for the caller, 16 or above.
    Status(u16),
    /// The frame price cannot be paid.
    OutOfGas,
    /// A failure of this machine.
    Machine(Fault),
}

impl From<OutOfGas> for Refusal {
    fn from(_: OutOfGas) -> Self {
        Self::OutOfGas
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Machine(fault)
    }
}

/// The address that `payer` calls or creates.
pub(super) fn address_of(payer: &Address, target: &Target) -> Address {
    match target {
        Target::Call { contract } => *contract,
        Target::Deploy { code_hash, salt } => contract_address(payer, code_hash, salt),
    }
}

/// Admits `attempt` or finds the first reason against it, in the order of the specification;
/// charges `gas` for the state that it reads.
pub(super) fn admit(
    environment: &Environment<'_>,
    attempt: &Attempt<'_>,
    journal: &mut Journal,
    gas: &mut GasMeter,
) -> Result<Admitted, Refusal> {
    let view = environment.view;
    let address = address_of(attempt.payer, attempt.target);
    if !journal.has(view, attempt.payer, attempt.value)? {
        return Err(Refusal::Status(status::BALANCE));
    }
    if journal.touch(&key::account(&address)) {
        gas.charge(attempt.cold)?;
    }
    if !journal.can_receive(view, attempt.payer, &address, attempt.value)? {
        return Err(Refusal::Status(status::BALANCE));
    }
    let account = journal.account(view, &address)?;
    let code_hash = code_to_run(attempt.target, &account).map_err(Refusal::Status)?;
    let module = load(environment, attempt, &code_hash, (journal, gas))?;
    let entry = attempt.entry.and_then(|name| module.entry(name));
    let entry = entry.ok_or(Refusal::Status(status::NO_ENTRY))?;
    Ok(Admitted {
        address,
        module,
        entry,
    })
}

/// The code hash of the callee, or the status if it has no code to run.
const fn code_to_run(target: &Target, account: &Account) -> Result<CodeHash, u16> {
    match (target, account.code_hash) {
        (Target::Deploy { .. }, Some(_)) => Err(status::TAKEN),
        (Target::Deploy { code_hash, .. }, None) => Ok(*code_hash),
        (Target::Call { .. }, Some(code_hash)) => Ok(code_hash),
        (Target::Call { .. }, None) => Err(status::NO_CODE),
    }
}

/// Loads the code, after charging for its length; charges the rest of the frame price and the price
/// of moving the value.
fn load(
    environment: &Environment<'_>,
    attempt: &Attempt<'_>,
    code_hash: &CodeHash,
    (journal, gas): (&mut Journal, &mut GasMeter),
) -> Result<Arc<CheckedModule>, Refusal> {
    if journal.touch(&key::code(code_hash)) {
        gas.charge(attempt.cold)?;
    }
    let Some(bytes) = journal.code_bytes(environment.view, code_hash)? else {
        return Err(match attempt.target {
            Target::Deploy { .. } => Refusal::Status(status::NO_CODE),
            Target::Call { .. } => Refusal::Machine(missing_code()),
        });
    };
    let per_code_byte = environment.rules.schedule.dynamic().frame_per_code_byte;
    gas.charge_linear(0, per_code_byte, bytes)?;
    let module = journal
        .code(environment.view, code_hash)?
        .ok_or_else(missing_code)?;
    let paid = per_code_byte.saturating_mul(bytes);
    gas.charge(frame_price(&module, environment.rules).saturating_sub(paid))?;
    if attempt.value > 0 {
        gas.charge(attempt.value_price)?;
    }
    Ok(module)
}

fn missing_code() -> Fault {
    Fault::Store("the code of an account is missing".to_owned())
}
