//! Reads the debug information of a module: names, source lines, call chains.
//!
//! The entry point [`DebugInfo::of`] takes the bytes of a module, accepted or not, and reads each
//! part when it is first needed.
//!
//! | file | content |
//! |---|---|
//! | `names` | names of functions and globals; the contract's interface |
//! | `code` | the function that a byte belongs to |
//! | `calls` | the call chain from an export to a function |
//! | `lines` | the source line of an operator, and the operators of a line; feature `lines` |
//! | `payloads` | sections of the module, as far as they decode |
//! | `limits` | bounds on what is read, stored and decoded |
//!
//! # Invariants
//! * The bytes are untrusted: what does not decode has no name, line or caller, work and memory are
//!   bounded by [`limits`], and nothing here panics.
//! * No execution result depends on this crate: neither `vm` nor `node` uses it.
//!
//! ```
//! let bytes = wat::parse_str("(module (func $add (nop)))")?;
//! let info = lockstep_debug_info::DebugInfo::of(&bytes);
//! assert_eq!(info.function_name(0).as_deref(), Some("add"));
//! # Ok::<(), wat::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod limits;

mod payloads;

mod names;

mod code;

mod calls;

#[cfg(feature = "lines")]
mod lines;

pub use calls::CallStep;
#[cfg(feature = "lines")]
pub use lines::{Lines, Location, NoLines};

use calls::CallGraph;
use code::BodyRanges;
use names::Names;
use std::cell::OnceCell;

/// Debug information of a module. Offsets are bytes from the start of the module; function indices
/// count imports first.
#[derive(Debug)]
pub struct DebugInfo<'a> {
    bytes: &'a [u8],
    names: OnceCell<Names<'a>>,
    code: OnceCell<BodyRanges>,
    calls: OnceCell<CallGraph>,
    #[cfg(feature = "lines")]
    lines: OnceCell<Result<Lines, NoLines>>,
}

impl<'a> DebugInfo<'a> {
    /// Debug information of the module `bytes`, which is read when it is needed. A module of more
    /// than [`limits::MODULE_BYTES_MAX`] bytes is treated as empty.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        let bytes = if bytes.len() > limits::MODULE_BYTES_MAX {
            &[]
        } else {
            bytes
        };
        Self {
            bytes,
            names: OnceCell::new(),
            code: OnceCell::new(),
            calls: OnceCell::new(),
            #[cfg(feature = "lines")]
            lines: OnceCell::new(),
        }
    }

    /// Name of the function at `index`: from the name section, demangled; else from its export,
    /// else from its import as `module.name`. The text is untrusted: not safe for a terminal.
    #[must_use]
    pub fn function_name(&self, index: u32) -> Option<String> {
        self.names().function(index)
    }

    /// Name of the global at `index` in the name section.
    #[must_use]
    pub fn global_name(&self, index: u32) -> Option<&'a str> {
        self.names().global(index)
    }

    /// Content of the custom section `lockstep.interface`, in which the SDK describes a contract.
    /// It should be JSON, but is not validated.
    #[must_use]
    pub fn interface(&self) -> Option<&'a [u8]> {
        self.names().interface()
    }

    /// Index of the function whose body contains the byte at `offset`.
    #[must_use]
    pub fn function_at(&self, offset: u64) -> Option<u32> {
        let code = self.code.get_or_init(|| BodyRanges::of(self.bytes));
        let defined = code.function_at(offset)?;
        u32::try_from(self.names().imports().checked_add(defined)?).ok()
    }

    /// The shortest call chain from an export, or the start function, to the function at `target`,
    /// both included. `None` if no such chain is found.
    ///
    /// An over-approximation: an indirect call is assumed to reach every function of its type in an
    /// element segment.
    #[must_use]
    pub fn call_path(&self, target: u32) -> Option<Vec<CallStep>> {
        let graph = self.calls.get_or_init(|| CallGraph::of(self.bytes));
        graph.path(target)
    }

    /// The mapping between source lines and offsets in the module.
    ///
    /// # Errors
    /// [`NoLines`] if the module has no readable line table.
    #[cfg(feature = "lines")]
    pub fn lines(&self) -> Result<&Lines, NoLines> {
        let lines = self.lines.get_or_init(|| Lines::of(self.bytes));
        lines.as_ref().map_err(|reason| *reason)
    }

    fn names(&self) -> &Names<'a> {
        self.names.get_or_init(|| Names::of(self.bytes))
    }
}
