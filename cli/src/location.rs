//! Finds the source line of a place in a module, where the module carries DWARF.
//!
//! Best effort over untrusted bytes: what does not decode has no line. It decides nothing, and
//! `vm` never sees it.

use crate::print::printable;
use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, Error, LittleEndian, SectionId};
use std::collections::BTreeMap;
use vm::unstable::limits::MODULE_BYTES_MAX;
use wasmparser::{Parser, Payload};

/// How the names of DWARF's custom sections begin.
const DEBUG_PREFIX: &str = ".debug_";

/// `file:line` of the operator at byte `offset` of the module.
pub(crate) fn of(bytes: &[u8], offset: u64) -> Option<String> {
    let maximum = usize::try_from(MODULE_BYTES_MAX).ok()?;
    if bytes.len() > maximum {
        return None;
    }
    let mut sections: BTreeMap<String, &[u8]> = BTreeMap::new();
    let mut code = None;
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => code = Some(unchecked_range.start),
            Payload::CustomSection(custom) if custom.name().starts_with(DEBUG_PREFIX) => {
                sections.insert(custom.name().to_owned(), custom.data());
            }
            _ => {}
        }
    }
    // DWARF counts from the first byte of the code section's content.
    let address = offset.checked_sub(code?)?;
    let load = |id: SectionId| {
        let data = sections.get(id.name()).copied().unwrap_or_default();
        Ok::<_, Error>(EndianSlice::new(data, LittleEndian))
    };
    let context = Context::from_dwarf(Dwarf::load(load).ok()?).ok()?;
    let location = context.find_location(address).ok()??;
    let file = printable(location.file?);
    Some(match location.line {
        Some(line) => format!("{file}:{line}"),
        None => file,
    })
}
