//! Queries block, transaction, caller, own address and remaining gas.

use crate::execution::Value;
use crate::fault::Fault;
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply, bool_reply, charge_touch};
use crate::identity::Height;
use crate::state::key;

pub(super) fn block_height(host: &Host<'_>) -> Reply {
    integer(host.block.height.0)
}

pub(super) fn block_time(host: &Host<'_>) -> Reply {
    integer(host.block.time_ms)
}

/// The remaining gas, after the price of this call.
pub(super) fn gas_left(call: &AdmittedCall<'_>) -> Reply {
    integer(call.gas.remaining())
}

pub(super) fn chain_id(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    output(call, &host.block.chain_id)
}

pub(super) fn caller(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    output(call, &host.caller.0)
}

pub(super) fn self_address(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    output(call, &host.address.0)
}

pub(super) fn proposer(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    output(call, &host.block.proposer.0)
}

pub(super) fn tx_hash(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    output(call, &host.tx_hash)
}

pub(super) fn value(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    call.write(0, &host.value.to_le_bytes())?;
    Ok(Reply::Resume(None))
}

/// Reads the hash of a recent block from the state; other heights return 0 without a read.
pub(super) fn block_hash(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let height = call.number(0)?;
    let back = host.block.height.0.saturating_sub(height);
    if back == 0 || back > u64::from(host.rules.host_limits.block_hashes_max) {
        return Ok(bool_reply(false));
    }
    let key = key::block_hash(Height(height));
    charge_touch(host, call, &key)?;
    let Some(hash) = host.journal.read(host.view, &key)? else {
        return Ok(bool_reply(false));
    };
    let hash: [u8; 32] = hash
        .try_into()
        .map_err(|_| Fault::Store("a stored block hash is not 32 bytes long".to_owned()))?;
    call.write(1, &hash)?;
    Ok(bool_reply(true))
}

const fn integer(value: u64) -> Reply {
    Reply::Resume(Some(Value::I64(value.cast_signed())))
}

fn output(call: &mut AdmittedCall<'_>, bytes: &[u8; 32]) -> Result<Reply, Halt> {
    call.write(0, bytes)?;
    Ok(Reply::Resume(None))
}
