//! Warns about accepted modules that are probably built with the wrong options.

use crate::text::{grouped, printable};
use debug_info::DebugInfo;
use serde::Serialize;
use vm::CheckedModule;
use vm::unstable::module::{ExportKind, ValueType};

/// Name of the global with the shadow stack pointer, by convention of linkers.
const STACK_POINTER: &str = "__stack_pointer";
/// Prefixes of absolute paths on a developer's machine.
const PATH_STARTS: &[&[u8]] = &[b"/home/", b"/root/", b"/Users/", b"C:\\"];

/// A warning about an accepted module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    pub(crate) name: &'static str,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// All warnings about `module`.
pub(crate) fn of(module: &CheckedModule, info: &DebugInfo<'_>) -> Vec<Warning> {
    stack_not_first(module, info)
        .into_iter()
        .chain(absolute_path(module))
        .collect()
}

/// Warns if data is below the shadow stack, which grows down: an overflow overwrites the data.
fn stack_not_first(module: &CheckedModule, info: &DebugInfo<'_>) -> Option<Warning> {
    let pointer = module.globals().first()?;
    let is_pointer = pointer.mutable
        && pointer.value_type == ValueType::I32
        && (info.global_name(0) == Some(STACK_POINTER) || exports_stack_pointer(module));
    let lowest = module.data().iter().map(|data| data.offset).min()?;
    (is_pointer && u64::from(lowest) < pointer.initial).then(|| Warning {
        name: "stack-not-first",
        message: format!(
            "data at address {} is below the initial stack pointer {}: a stack overflow \
             overwrites the data without a trap",
            grouped(lowest),
            grouped(pointer.initial)
        ),
        help: "link with --stack-first (clang: -Wl,--stack-first; rustc: -Clink-arg=--stack-first)",
    })
}

fn exports_stack_pointer(module: &CheckedModule) -> bool {
    let is_it = |export: &vm::unstable::module::Export| {
        export.kind == ExportKind::Global && export.index == 0 && export.name == STACK_POINTER
    };
    module.exports().iter().any(is_it)
}

/// Warns if data has an absolute path, which makes the code hash depend on the build machine.
fn absolute_path(module: &CheckedModule) -> Option<Warning> {
    let path = module
        .data()
        .iter()
        .find_map(|data| path_in(module.data_bytes(data)))?;
    Some(Warning {
        name: "absolute-path",
        message: format!("a data segment contains an absolute path: {path}"),
        help: "build with --remap-path-prefix (rustc) or -ffile-prefix-map (clang); otherwise the \
               code hash differs between build machines",
    })
}

fn path_in(data: &[u8]) -> Option<String> {
    let starts_path = |at: &usize| {
        let rest = data.get(*at..).unwrap_or_default();
        PATH_STARTS.iter().any(|start| rest.starts_with(start))
    };
    let at = (0..data.len()).find(starts_path)?;
    let rest = data.get(at..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| !(b' '..=b'~').contains(byte))
        .unwrap_or(rest.len());
    let path = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
    Some(printable(&path))
}

#[cfg(test)]
mod tests {
    use super::path_in;

    #[test]
    fn absolute_paths_are_found_and_cut_at_their_end() {
        assert_eq!(
            path_in(b"\0at /home/a/b.rs\0rest").as_deref(),
            Some("/home/a/b.rs")
        );
        assert_eq!(path_in(b"C:\\a\\b.c\0").as_deref(), Some("C:\\a\\b.c"));
        assert_eq!(path_in(b"/rustc/abc/library/core"), None);
        assert_eq!(path_in(b""), None);
    }
}
