//! Reads one page of the running contract's storage in the order of keys.
//!
//! A page is a count, then for each entry the length of the key, the key, the length of the value,
//! the value; numbers are u32, little-endian. Each key is charged before the next is returned; the
//! walk reads ahead in proportion to what was paid.
//!
//! Specification: docs/spec/host.md, "`storage_scan`".

use crate::execution::Value;
use crate::fault::Fault;
use crate::host::call::AdmittedCall;
use crate::host::storage::value_length;
use crate::host::{Halt, Host, Reply, charge_touch};
use crate::state::{Walk, key};
use crate::trap::Trap;
use host_api::limits::PAGE_NUMBER_BYTES;

pub(super) fn scan(host: &mut Host<'_>, call: &mut AdmittedCall<'_>) -> Result<Reply, Halt> {
    let (start, end) = content_bounds(host, call)?;
    let begun = call.gas.remaining().saturating_add(call.price.base);
    charge_touch(host, call, &start)?;
    let prefix = key::value(&host.address, &[]).len();
    let limit = call.number(2)?;
    let mut page = Page::new(call.length(3)?);
    let mut walk = Walk::new(start, end);
    let mut needed = None;
    while page.entries < limit {
        walk.set_paid(begun.saturating_sub(call.gas.remaining()));
        let Some((key, value)) = host.journal.walk(host.view, &mut walk)? else {
            break;
        };
        let Some(value) = value else {
            let dynamic = host.rules.schedule.dynamic();
            call.gas.charge(dynamic.storage_scan_per_hidden_key)?;
            continue;
        };
        let raw = key.get(prefix..).unwrap_or_default();
        charge_entry(host, call, raw, &value)?;
        needed = page.push(raw, &value);
        if needed.is_some() {
            break;
        }
    }
    host.journal.note_scan(walk);
    match needed {
        Some(bytes) if page.entries == 0 => return Ok(missing_bytes_reply(bytes)?),
        _ if !page.has_room(0) => return Ok(missing_bytes_reply(u64::from(PAGE_NUMBER_BYTES))?),
        _ => {}
    }
    let bytes = page.finish()?;
    call.write(3, &bytes)?;
    let length = i32::try_from(bytes.len()).map_err(|_| oversized())?;
    Ok(Reply::Resume(Some(Value::I32(length))))
}

/// The bounds of the scan as state keys; an empty `end` is the end of the contract's storage.
fn content_bounds(host: &Host<'_>, call: &AdmittedCall<'_>) -> Result<(Vec<u8>, Vec<u8>), Halt> {
    let maximum = u64::from(host.rules.host_limits.key_bytes_max);
    for index in [0, 1] {
        if call.length(index)? > maximum {
            return Err(Trap::KeyLength.into());
        }
    }
    let start = key::value(&host.address, call.bytes(0)?);
    let end = match call.bytes(1)? {
        [] => key::values_end(&host.address),
        end => key::value(&host.address, end),
    };
    Ok((start, end))
}

fn charge_entry(
    host: &Host<'_>,
    call: &mut AdmittedCall<'_>,
    raw: &[u8],
    value: &[u8],
) -> Result<(), Halt> {
    let base = host.rules.schedule.dynamic().storage_scan_per_entry;
    let price = call.price;
    let key_bytes = u64::try_from(raw.len()).unwrap_or(u64::MAX);
    let value_bytes = u64::from(value_length(value)?);
    call.gas.charge_linear(base, price.per_byte, key_bytes)?;
    call.gas
        .charge_linear(0, price.per_value_byte, value_bytes)?;
    Ok(())
}

/// Resumes the guest with the required size of the buffer in bytes, negated.
fn missing_bytes_reply(bytes: u64) -> Result<Reply, Fault> {
    let bytes = i32::try_from(bytes).map_err(|_| oversized())?;
    Ok(Reply::Resume(Some(Value::I32(bytes.saturating_neg()))))
}

fn oversized() -> Fault {
    Fault::invariant("a page exceeds the guest's memory, or an entry its limits")
}

/// A page under construction; it never exceeds the guest's buffer.
struct Page {
    capacity: u64,
    entries: u64,
    bytes: Vec<u8>,
}

impl Page {
    const fn new(capacity: u64) -> Self {
        Self {
            capacity,
            entries: 0,
            bytes: Vec::new(),
        }
    }

    /// Appends an entry; if it does not fit, returns the size in bytes of a page with it.
    fn push(&mut self, key: &[u8], value: &[u8]) -> Option<u64> {
        let (Ok(key_bytes), Ok(value_bytes)) =
            (u32::try_from(key.len()), u32::try_from(value.len()))
        else {
            return Some(u64::MAX);
        };
        let entry = [key_bytes, value_bytes, PAGE_NUMBER_BYTES, PAGE_NUMBER_BYTES]
            .into_iter()
            .map(u64::from)
            .fold(0, u64::saturating_add);
        if !self.has_room(entry) {
            return Some(self.bytes_with(entry));
        }
        self.bytes.extend(key_bytes.to_le_bytes());
        self.bytes.extend(key);
        self.bytes.extend(value_bytes.to_le_bytes());
        self.bytes.extend(value);
        self.entries = self.entries.saturating_add(1);
        None
    }

    fn has_room(&self, entry: u64) -> bool {
        self.bytes_with(entry) <= self.capacity
    }

    fn bytes_with(&self, entry: u64) -> u64 {
        let so_far = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        so_far
            .saturating_add(entry)
            .saturating_add(u64::from(PAGE_NUMBER_BYTES))
    }

    fn finish(self) -> Result<Vec<u8>, Fault> {
        let count = u32::try_from(self.entries).map_err(|_| oversized())?;
        Ok([&count.to_le_bytes(), self.bytes.as_slice()].concat())
    }
}
