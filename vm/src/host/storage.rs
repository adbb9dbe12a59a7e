//! Reads and writes the running contract's storage.
//!
//! The cold price is charged before the state is read; a value's price when its length is known.

use crate::execution::Value;
use crate::fault::Fault;
use crate::host::call::AdmittedCall;
use crate::host::{Halt, Host, Reply, charge_touch};
use crate::limits::{MEMORY_PAGES_MAX, PAGE_BYTES};
use crate::state::key;
use crate::trap::Trap;

/// Bytes above which no version has the limit of a stored value.
const VALUE_BYTES_BOUND: u32 = MEMORY_PAGES_MAX.saturating_mul(PAGE_BYTES);
/// Result of `storage_read` for an absent key.
const ABSENT: i32 = -1;

pub(super) fn read(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let key = content_key(host, call)?;
    charge_touch(host, call, &key)?;
    let Some(value) = host.journal.read(host.view, &key)? else {
        return Ok(Reply::Resume(Some(Value::I32(ABSENT))));
    };
    let length = value_length(value)?;
    call.gas
        .charge_linear(0, call.price.per_value_byte, u64::from(length))?;
    call.write(1, value)?;
    Ok(Reply::Resume(Some(Value::I32(length.cast_signed()))))
}

pub(super) fn write(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let key = content_key(host, call)?;
    if call.length(1)? > u64::from(host.rules.host_limits.value_bytes_max) {
        return Err(Trap::ValueLength.into());
    }
    charge_touch(host, call, &key)?;
    let value = call.bytes(1)?.to_vec();
    host.journal.write(host.view, key, Some(value))?;
    Ok(Reply::Resume(None))
}

pub(super) fn remove(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let key = content_key(host, call)?;
    charge_touch(host, call, &key)?;
    let existed = host.journal.read(host.view, &key)?.is_some();
    if existed {
        host.journal.write(host.view, key, None)?;
    }
    Ok(Reply::Resume(Some(Value::I32(i32::from(existed)))))
}

pub(super) fn has(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let key = content_key(host, call)?;
    charge_touch(host, call, &key)?;
    let exists = host.journal.read(host.view, &key)?.is_some();
    Ok(Reply::Resume(Some(Value::I32(i32::from(exists)))))
}

/// Checks the length of the guest's key, the first argument, and returns its state key.
fn content_key(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<Vec<u8>, Halt> {
    let (limits, length) = (&host.rules.host_limits, call.length(0)?);
    if length < u64::from(limits.key_bytes_min) || length > u64::from(limits.key_bytes_max) {
        return Err(Trap::KeyLength.into());
    }
    Ok(key::value(&host.address, call.bytes(0)?))
}

/// The length of a stored value. It may be longer than the rules in force let a guest write: it was
/// stored under earlier ones. A value that no version lets a guest write means a damaged store.
pub(super) fn value_length(value: &[u8]) -> Result<u32, Fault> {
    match u32::try_from(value.len()) {
        Ok(length) if length <= VALUE_BYTES_BOUND => Ok(length),
        _ => Err(Fault::Store(
            "a stored value is longer than any limit".to_owned(),
        )),
    }
}
