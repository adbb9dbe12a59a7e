//! Tells a contract about its block, its caller, itself and its gas.

use crate::execution::Value;
use crate::host::call::Call;
use crate::host::{Halt, Host, Reply};

pub(super) fn block_height(host: &Host<'_>) -> Reply {
    integer(host.block.height)
}

pub(super) fn block_time(host: &Host<'_>) -> Reply {
    integer(host.block.time_ms)
}

/// The price of the call itself is deducted already.
pub(super) fn gas_left(call: &Call<'_>) -> Reply {
    integer(call.gas.remaining())
}

pub(super) fn chain_id(host: &Host<'_>, call: &mut Call<'_>) -> Result<Reply, Halt> {
    output(call, &host.block.chain_id)
}

pub(super) fn caller(host: &Host<'_>, call: &mut Call<'_>) -> Result<Reply, Halt> {
    output(call, &host.caller)
}

pub(super) fn self_address(host: &Host<'_>, call: &mut Call<'_>) -> Result<Reply, Halt> {
    output(call, &host.address)
}

const fn integer(value: u64) -> Reply {
    Reply::Resume(Some(Value::I64(value.cast_signed())))
}

fn output(call: &mut Call<'_>, bytes: &[u8; 32]) -> Result<Reply, Halt> {
    call.write(0, bytes)?;
    Ok(Reply::Resume(None))
}
