//! Reads what a module says about itself for people: names, source lines, chains of calls.
//!
//! One entry: [`DebugInfo::of`] takes the bytes of a module, accepted or not, and reads each part
//! when it is first asked for.
//!
//! | file | what it answers |
//! |---|---|
//! | `names` | what a function or a global is called; the contract's interface |
//! | `code` | which function a byte belongs to |
//! | `calls` | how an export comes to reach a function |
//! | `lines` | which line of the source an operator is of, and back; feature `lines` |
//! | `payloads` | parts of the module, as far as they decode |
//! | `limits` | how much is read, kept and decoded |
//!
//! # Invariants
//! * The bytes are anybody's: what does not decode has no name, line or caller, work and memory are
//!   bounded by [`limits`], and nothing here panics.
//! * Nothing of a result comes from here: neither `vm` nor `node` depends on this crate.
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

use calls::Graph;
use code::Code;
use names::Names;
use std::cell::OnceCell;

/// What a module says about itself. Offsets are bytes from the start of the module, function
/// indexes count imports first.
#[derive(Debug)]
pub struct DebugInfo<'a> {
    bytes: &'a [u8],
    names: OnceCell<Names<'a>>,
    code: OnceCell<Code>,
    calls: OnceCell<Graph>,
    #[cfg(feature = "lines")]
    lines: OnceCell<Result<Lines, NoLines>>,
}

impl<'a> DebugInfo<'a> {
    /// Of a module's `bytes`. Nothing is read yet; of more than [`limits::MODULE_BYTES_MAX`] bytes
    /// nothing ever is.
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

    /// What the function at `index` is called: by the name section, without mangling; else by its
    /// export, else by its import as `module.name`. The author's text: not safe for a terminal.
    #[must_use]
    pub fn function_name(&self, index: u32) -> Option<String> {
        self.names().function(index)
    }

    /// What the name section calls the global at `index`.
    #[must_use]
    pub fn global_name(&self, index: u32) -> Option<&'a str> {
        self.names().global(index)
    }

    /// Content of the section in which the SDK describes a contract: JSON, if the author is honest.
    #[must_use]
    pub fn interface(&self) -> Option<&'a [u8]> {
        self.names().interface()
    }

    /// The function whose body holds the byte at `offset`.
    #[must_use]
    pub fn function_at(&self, offset: u64) -> Option<u32> {
        let code = self.code.get_or_init(|| Code::of(self.bytes));
        let defined = code.function_at(offset)?;
        u32::try_from(self.names().imports().checked_add(defined)?).ok()
    }

    /// The shortest chain of calls from an export, or the start function, to the function at
    /// `target`, both included. `None` if nothing that the bytes show calls it.
    ///
    /// Wider than what runs: a call through the table is taken to reach every function of its type
    /// that an element segment names.
    #[must_use]
    pub fn call_path(&self, target: u32) -> Option<Vec<CallStep>> {
        let graph = self.calls.get_or_init(|| Graph::of(self.bytes));
        graph.path(target)
    }

    /// Lines of the source, and the places in the module that they became.
    ///
    /// # Errors
    /// [`NoLines`].
    #[cfg(feature = "lines")]
    pub fn lines(&self) -> Result<&Lines, NoLines> {
        let lines = self.lines.get_or_init(|| Lines::of(self.bytes));
        lines.as_ref().map_err(|reason| *reason)
    }

    fn names(&self) -> &Names<'a> {
        self.names.get_or_init(|| Names::of(self.bytes))
    }
}
