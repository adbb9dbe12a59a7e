//! Queries balances, transfers value, and replaces the code of the running contract.

use crate::execution::Value;
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply, charge_touch};
use crate::identity::{Address, CodeHash};
use crate::state::key;
use host_api::status;

pub(super) fn balance(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let address = Address(*call.fixed(0)?);
    charge_touch(host, call, &key::account(&address))?;
    let account = host.journal.account(host.view, &address)?;
    call.write(1, &account.balance.to_le_bytes())?;
    Ok(Reply::Resume(None))
}

/// Moves value; runs no code of the payee.
pub(super) fn transfer(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let to = Address(*call.fixed(0)?);
    let amount = call.amount(1)?;
    if !host.journal.has(host.view, &host.address, amount)? {
        return Ok(status_reply(status::BALANCE));
    }
    charge_touch(host, call, &key::account(&to))?;
    if !host
        .journal
        .can_receive(host.view, &host.address, &to, amount)?
    {
        return Ok(status_reply(status::BALANCE));
    }
    host.journal.pay(host.view, &host.address, &to, amount)?;
    Ok(status_reply(status::RETURN))
}

/// Replaces the code of the account; active frames keep the code with which they began.
pub(super) fn set_code(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let code_hash = CodeHash(*call.fixed(0)?);
    charge_touch(host, call, &key::code(&code_hash))?;
    if host.journal.code_bytes(host.view, &code_hash)?.is_none() {
        return Ok(status_reply(status::NO_CODE));
    }
    host.journal
        .set_code(host.view, &host.address, &code_hash)?;
    Ok(status_reply(status::RETURN))
}

fn status_reply(status: u16) -> Reply {
    Reply::Resume(Some(Value::I32(i32::from(status))))
}
