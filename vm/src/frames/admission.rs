//! Finds what a call or a deployment runs, or the first reason for which it does not begin.
//!
//! The same for a message from outside and for a call between contracts: they differ in who pays
//! and in what is asked before. Nothing has moved when a reason is answered; what was charged stays
//! charged.

use crate::fault::Fault;
use crate::frames::{Environment, Target, contract_address, frame_price};
use crate::gas::{GasMeter, OutOfGas};
use crate::identity::{Address, CodeHash};
use crate::module::CheckedModule;
use crate::state::{Account, Journal, key};
use host_api::status;
use std::sync::Arc;

/// A call or a deployment that is asked for.
pub(super) struct Attempt<'a> {
    /// Who asks and pays the value.
    pub(super) payer: &'a Address,
    /// What is called or made.
    pub(super) target: &'a Target,
    /// Name of the entry, if it can be one.
    pub(super) entry: Option<&'a str>,
    /// What moves.
    pub(super) value: u128,
    /// Charged at the first touch of the account and of the code.
    pub(super) cold: u64,
    /// Charged if a value moves.
    pub(super) value_price: u64,
}

/// A frame that may begin: what to run and where.
pub(super) struct Admitted {
    pub(super) address: Address,
    pub(super) module: Arc<CheckedModule>,
    pub(super) entry: u32,
}

/// Why a frame does not begin.
pub(super) enum Refusal {
    /// A status, 16 or above.
    Status(u16),
    /// Its price cannot be paid.
    OutOfGas,
    /// This machine's failure.
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

/// The address that `payer` calls or makes.
pub(super) fn address_of(payer: &Address, target: &Target) -> Address {
    match target {
        Target::Call { contract } => *contract,
        Target::Deploy { code_hash, salt } => contract_address(payer, code_hash, salt),
    }
}

/// Finds what to run, in the order of docs/spec/frames.md, charging `gas` for what is looked at.
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

/// The code of the callee, or the status for which there is none.
const fn code_to_run(target: &Target, account: &Account) -> Result<CodeHash, u16> {
    match (target, account.code_hash) {
        (Target::Deploy { .. }, Some(_)) => Err(status::TAKEN),
        (Target::Deploy { code_hash, .. }, None) => Ok(*code_hash),
        (Target::Call { .. }, Some(code_hash)) => Ok(code_hash),
        (Target::Call { .. }, None) => Err(status::NO_CODE),
    }
}

/// Loads the code, its length paid before: the frame price, and that of the value's move.
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
            Target::Call { .. } => Refusal::Machine(lost()),
        });
    };
    let per_code_byte = environment.rules.schedule.dynamic().frame_per_code_byte;
    gas.charge_linear(0, per_code_byte, bytes)?;
    let module = journal
        .code(environment.view, code_hash)?
        .ok_or_else(lost)?;
    let paid = per_code_byte.saturating_mul(bytes);
    gas.charge(frame_price(&module, environment.rules).saturating_sub(paid))?;
    if attempt.value > 0 {
        gas.charge(attempt.value_price)?;
    }
    Ok(module)
}

fn lost() -> Fault {
    Fault::Store("an account's code is not stored".to_owned())
}
