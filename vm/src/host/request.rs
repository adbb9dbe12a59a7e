//! Turns a call between contracts into a request to the frame loop; host functions never recurse.

use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply};
use crate::identity::{Address, CodeHash};
use crate::message::{CallRequest, Target};
use crate::trap::Trap;
use host_api::flags;

pub(super) fn call(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    let flags = u32::try_from(call.number(0)?).unwrap_or(u32::MAX);
    if flags & !flags::ALL != 0 {
        return Err(Trap::UnknownFlag.into());
    }
    let is_static = flags & flags::STATIC != 0;
    let value = call.amount(4)?;
    if value > 0 && (is_static || host.is_static) {
        return Err(Trap::StaticViolation.into());
    }
    let request = CallRequest {
        target: Target::Call {
            contract: Address(*call.fixed(1)?),
        },
        entry: entry(host, call.bytes(2)?),
        input: input(host, call, 3)?,
        value,
        gas: call.number(5)?,
        allows_reentry: flags & flags::ALLOW_REENTRY != 0,
        is_static,
        address_to: None,
        cold: call.price.cold,
    };
    Ok(Reply::Call(Box::new(request)))
}

pub(super) fn deploy(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Reply, Halt> {
    let request = CallRequest {
        target: Target::Deploy {
            code_hash: CodeHash(*call.fixed(0)?),
            salt: *call.fixed(1)?,
        },
        entry: entry(host, call.bytes(2)?),
        input: input(host, call, 3)?,
        value: call.amount(4)?,
        gas: call.number(5)?,
        allows_reentry: false,
        is_static: false,
        address_to: Some(call.span(6)?),
        cold: call.price.cold,
    };
    Ok(Reply::Call(Box::new(request)))
}

/// The name of the entry; `None` for bytes that are too long or not UTF-8, which no entry has.
fn entry(host: &Host<'_>, name: &[u8]) -> Option<String> {
    let maximum = host.rules.host_limits.entry_bytes_max;
    if u32::try_from(name.len()).map_or(true, |length| length > maximum) {
        return None;
    }
    core::str::from_utf8(name).ok().map(str::to_owned)
}

fn input(host: &Host<'_>, call: &AdmittedCall<'_>, index: usize) -> Result<Vec<u8>, Halt> {
    if call.length(index)? > u64::from(host.rules.host_limits.data_bytes_max) {
        return Err(Trap::OutputLength.into());
    }
    Ok(call.bytes(index)?.to_vec())
}
