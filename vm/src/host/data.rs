//! Passes data between a frame and its caller: input, return, revert; and keeps debug text.

use crate::execution::Value;
use crate::fault::Fault;
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply};
use crate::limits::DEBUG_LOG_BYTES_MAX;
use crate::message::FrameExit;
use crate::trap::Trap;

pub(super) fn input(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    copy(call, host.input)
}

/// The output of the last call or deployment of this frame.
pub(super) fn returned(host: &Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    copy(call, host.returned)
}

/// Writes as much as fits; charges and returns the full length.
fn copy(call: &mut AdmittedCall<'_>, data: &[u8]) -> Result<Reply, Halt> {
    let length = i32::try_from(data.len())
        .map_err(|_| Fault::invariant("an input or output has 2 GiB or more"))?;
    call.gas
        .charge_linear(0, call.price.per_byte, u64::from(length.unsigned_abs()))?;
    call.write(0, data)?;
    Ok(Reply::Resume(Some(Value::I32(length))))
}

pub(super) fn return_(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    Ok(Reply::End(FrameExit::Return {
        value: None,
        output: output(host, call)?,
    }))
}

pub(super) fn revert(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    Ok(Reply::End(FrameExit::Revert {
        output: output(host, call)?,
    }))
}

/// Keeps text up to the limit and drops the rest; the text is in no result.
pub(super) fn debug_log(host: &mut Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    let bound = usize::try_from(DEBUG_LOG_BYTES_MAX).unwrap_or(usize::MAX);
    let room = bound.saturating_sub(host.debug_log.len());
    host.debug_log.extend(call.bytes(0)?.iter().take(room));
    Ok(Reply::Resume(None))
}

/// The bytes of the output.
fn output(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Vec<u8>, Halt> {
    if call.length(0)? > u64::from(host.rules.host_limits.data_bytes_max) {
        return Err(Trap::OutputLength.into());
    }
    Ok(call.bytes(0)?.to_vec())
}
