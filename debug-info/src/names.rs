//! Reads names of functions and globals from the name section, exports and imports.

use crate::limits::{NAME_BYTES_MAX, room};
use crate::payloads::payloads;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use wasmparser::{
    CustomSectionReader, ExportSectionReader, ExternalKind, KnownCustom, Name, NameMap, Payload,
    TypeRef,
};

/// Name of the custom section in which the SDK describes a contract.
const INTERFACE_SECTION: &str = "lockstep.interface";

/// Names in a module, borrowed from its bytes.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    functions: BTreeMap<u32, &'a str>,
    globals: BTreeMap<u32, &'a str>,
    /// Name of the first export of each function.
    exports: BTreeMap<u32, &'a str>,
    /// Module and name of each imported function.
    imports: Vec<(&'a str, &'a str)>,
    interface: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let mut names = Self::default();
        for payload in payloads(bytes) {
            match payload {
                Payload::ImportSection(reader) => {
                    let imports = reader.into_imports().map_while(Result::ok);
                    let functions = imports.filter(|import| {
                        matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))
                    });
                    let named = functions.map(|import| (import.module, import.name));
                    names.imports.extend(named.take(room(names.imports.len())));
                }
                Payload::ExportSection(reader) => names.export_section(reader),
                Payload::CustomSection(custom) => names.custom(&custom),
                _ => {}
            }
        }
        names
    }

    fn export_section(&mut self, reader: ExportSectionReader<'a>) {
        let exports = reader.into_iter().map_while(Result::ok);
        let functions = exports.filter(|export| export.kind == ExternalKind::Func);
        for export in functions.take(room(self.exports.len())) {
            self.exports.entry(export.index).or_insert(export.name);
        }
    }

    fn custom(&mut self, custom: &CustomSectionReader<'a>) {
        if custom.name() == INTERFACE_SECTION {
            self.interface = Some(custom.data());
        }
        let KnownCustom::Name(subsections) = custom.as_known() else {
            return;
        };
        for subsection in subsections.into_iter().map_while(Result::ok) {
            match subsection {
                Name::Function(map) => keep(&mut self.functions, map),
                Name::Global(map) => keep(&mut self.globals, map),
                _ => {}
            }
        }
    }

    pub(crate) fn function(&self, index: u32) -> Option<String> {
        if let Some(name) = self.functions.get(&index) {
            return Some(demangled(name));
        }
        if let Some(name) = self.exports.get(&index) {
            return Some(cut(name));
        }
        let (module, name) = self.imports.get(usize::try_from(index).ok()?)?;
        Some(cut(format_args!("{module}.{name}")))
    }

    /// Number of imported functions.
    pub(crate) const fn imports(&self) -> usize {
        self.imports.len()
    }

    pub(crate) fn global(&self, index: u32) -> Option<&'a str> {
        self.globals.get(&index).copied()
    }

    pub(crate) const fn interface(&self) -> Option<&'a [u8]> {
        self.interface
    }
}

fn keep<'a>(names: &mut BTreeMap<u32, &'a str>, map: NameMap<'a>) {
    let namings = map.into_iter().map_while(Result::ok);
    for naming in namings.filter(|naming| naming.name.len() <= NAME_BYTES_MAX) {
        if room(names.len()) > 0 {
            names.insert(naming.index, naming.name);
        }
    }
}

/// A Rust name, demangled and without its hash; any other name unchanged.
fn demangled(name: &str) -> String {
    cut(format_args!("{:#}", rustc_demangle::demangle(name)))
}

/// The first [`NAME_BYTES_MAX`] bytes of a text that may be much longer.
fn cut(text: impl fmt::Display) -> String {
    let mut prefix = BoundedString(String::new());
    // The error only stops the formatting of a longer text.
    let _ = write!(prefix, "{text}");
    prefix.0
}

/// Stores up to [`NAME_BYTES_MAX`] bytes and then returns an error.
struct BoundedString(String);

impl Write for BoundedString {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = NAME_BYTES_MAX.saturating_sub(self.0.len());
        let fits = text.get(..text.floor_char_boundary(room)).unwrap_or(text);
        self.0.push_str(fits);
        if fits.len() < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_names_are_demangled_and_others_are_unchanged() {
        assert_eq!(
            demangled("_ZN4core3fmt5write17h0123456789abcdefE"),
            "core::fmt::write"
        );
        assert_eq!(demangled("_RNvC6_123foo3bar"), "123foo::bar");
        assert_eq!(demangled("malloc"), "malloc");
        assert_eq!(demangled(""), "");
    }

    /// A number in the encoding of Rust's v0 mangling.
    fn base_62(number: usize) -> String {
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut text = String::from("_");
        let mut rest = number;
        while let Some(less) = rest.checked_sub(1) {
            text.insert(0, char::from(digits[less % 62]));
            rest = less / 62;
        }
        text
    }

    /// `a::f::<...>`: each argument is a pair of the previous one, so the last has 2^40 names.
    #[test]
    fn a_name_that_grows_while_it_is_demangled_is_cut() {
        let mut path = "INvC1a1f".to_owned();
        let mut previous = path.len();
        path.push_str("TuuE");
        for _ in 0..40 {
            let again = format!("B{}", base_62(previous));
            previous = path.len();
            path.push_str(&format!("T{again}{again}E"));
        }
        let name = demangled(&format!("_R{path}E"));
        assert!(name.starts_with("a::f::<((), ())"), "{}", &name[..40]);
        assert_eq!(name.len(), NAME_BYTES_MAX);
    }

    #[test]
    fn a_name_is_cut_at_a_character_boundary() {
        assert_eq!(cut("x".repeat(NAME_BYTES_MAX)).len(), NAME_BYTES_MAX);
        assert_eq!(cut("x".repeat(NAME_BYTES_MAX + 1)).len(), NAME_BYTES_MAX);
        let wide = "\u{20ac}".repeat(NAME_BYTES_MAX);
        assert_eq!(cut(wide).len(), NAME_BYTES_MAX - 1);
    }
}
