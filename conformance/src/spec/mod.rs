//! Runs the part of the official WebAssembly suite that is in the profile, on any engine.
//!
//! | file | contents |
//! |---|---|
//! | [`script`] | parses a `.wast` file into commands |
//! | `driver` | adds a function to a module, which repeats earlier actions |
//! | [`suite`] | turns each command into a case, a verdict, or a reason to skip it |
//! | [`expectation`] | the expectations of the suite, as traps and values of the VM |
//! | [`tally`] | counts of commands inside and outside the profile, by reason |
//!
//! # State across invocations
//! A script invokes one instance many times, but an instance of this VM runs one frame. So an
//! invocation runs directly if the module has no state (no memory, no mutable global) or nothing
//! ran before. Else it runs on the module with a driver appended: a function that repeats every
//! earlier invocation that returned, and then makes this one. An invocation that trapped is not
//! repeated: on a chain, a trap reverts all effects. All engines run the same cases, the reference
//! first.
//!
//! # Skipped commands
//! A command is skipped for a [`Reason`], and the counts are frozen, so a newly rejected module
//! changes a count. A valid module that is rejected as malformed or invalid is a failure, never a
//! reason to skip.

mod driver;

pub mod expectation;

pub mod script;

pub mod suite;

pub mod tally;

pub use script::{Script, ScriptError, official};
pub use suite::Suite;
pub use tally::{Reason, Tally};
