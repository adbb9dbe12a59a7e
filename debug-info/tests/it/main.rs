//! Reads the debug information of valid and of hostile modules.
#![cfg(test)]

extern crate lockstep_debug_info as debug_info;

mod names;

mod calls;

mod hostile;

#[cfg(feature = "lines")]
mod dwarf;

#[cfg(feature = "lines")]
mod lines;

fn assembled(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("assembles")
}

/// Appends a custom section to a module.
fn with_section(mut bytes: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let section = wasm_encoder::CustomSection {
        name: name.into(),
        data: data.into(),
    };
    bytes.push(0);
    wasm_encoder::Encode::encode(&section, &mut bytes);
    bytes
}

/// Offset of the first occurrence of `wanted` in the module.
fn offset_of(bytes: &[u8], wanted: &[u8]) -> u64 {
    let mut windows = bytes.windows(wanted.len());
    let offset = windows.position(|window| window == wanted);
    u64::try_from(offset.expect("the module contains these bytes")).expect("fits u64")
}
