//! Renders the declarations of the host functions for a guest: Rust externs and a C header.
//!
//! Derived from [`TABLE`] alone, so that a guest's imports cannot differ from the host's.

use crate::table::{Argument, Row, TABLE, Type};
use core::fmt::{Result, Write};

/// Writes an `extern "C"` block for Rust, import module and names included.
///
/// # Errors
/// The error of `out`.
pub fn rust_externs(out: &mut dyn Write) -> Result {
    writeln!(out, "#[link(wasm_import_module = \"{}\")]", crate::MODULE)?;
    writeln!(out, "unsafe extern \"C\" {{")?;
    for row in TABLE {
        writeln!(out, "    /// {}", row.summary)?;
        let name = rust_name(row);
        if name != row.name {
            writeln!(out, "    #[link_name = \"{}\"]", row.name)?;
        }
        write!(out, "    pub fn {name}(")?;
        for (index, argument) in row.arguments.iter().enumerate() {
            if index > 0 {
                write!(out, ", ")?;
            }
            rust_argument(out, *argument)?;
        }
        match (never_returns(row), row.result) {
            (true, _) => writeln!(out, ") -> !;")?,
            (false, Some(kind)) => writeln!(out, ") -> {};", rust_type(kind))?,
            (false, None) => writeln!(out, ");")?,
        }
    }
    writeln!(out, "}}")
}

/// Writes a declaration for each function in C, prefixed `lockstep_`.
///
/// # Errors
/// The error of `out`.
pub fn c_declarations(out: &mut dyn Write) -> Result {
    for row in TABLE {
        writeln!(out, "// {}", row.summary)?;
        writeln!(out, "LOCKSTEP_IMPORT({})", row.name)?;
        let result = match (never_returns(row), row.result) {
            (true, _) => "_Noreturn void",
            (false, Some(Type::I32)) => "int32_t",
            (false, Some(Type::I64)) => "int64_t",
            (false, None) => "void",
        };
        write!(out, "{result} lockstep_{}(", row.name)?;
        if row.arguments.is_empty() {
            write!(out, "void")?;
        }
        for (index, argument) in row.arguments.iter().enumerate() {
            if index > 0 {
                write!(out, ", ")?;
            }
            c_argument(out, *argument)?;
        }
        writeln!(out, ");")?;
    }
    Ok(())
}

/// True if the function ends the frame, so that control never comes back to the guest.
fn never_returns(row: &Row) -> bool {
    matches!(row.name, "return" | "revert")
}

/// `return` and `self` are keywords of Rust.
fn rust_name(row: &Row) -> &'static str {
    match row.name {
        "return" => "finish",
        "self" => "self_address",
        name => name,
    }
}

const fn rust_type(kind: Type) -> &'static str {
    match kind {
        Type::I32 => "i32",
        Type::I64 => "i64",
    }
}

fn rust_argument(out: &mut dyn Write, argument: Argument) -> Result {
    match argument {
        Argument::Bytes(name) => write!(out, "{name}: *const u8, {name}_len: usize"),
        Argument::Items(name, _) => write!(out, "{name}: *const u8, count: usize"),
        Argument::Fixed(name, _) => write!(out, "{name}: *const u8"),
        Argument::Buffer => write!(out, "dst: *mut u8, cap: usize"),
        Argument::Output(_) => write!(out, "dst: *mut u8"),
        Argument::Number(name, kind) => write!(out, "{name}: {}", rust_type(kind)),
    }
}

fn c_argument(out: &mut dyn Write, argument: Argument) -> Result {
    match argument {
        Argument::Bytes(name) => write!(out, "const void *{name}, size_t {name}_length"),
        Argument::Items(name, _) => write!(out, "const void *{name}, size_t count"),
        Argument::Fixed(name, size) => write!(out, "const uint8_t {name}[{size}]"),
        Argument::Buffer => write!(out, "void *dst, size_t capacity"),
        Argument::Output(size) => write!(out, "uint8_t dst[{size}]"),
        Argument::Number(name, Type::I32) => write!(out, "int32_t {name}"),
        Argument::Number(name, Type::I64) => write!(out, "int64_t {name}"),
    }
}
