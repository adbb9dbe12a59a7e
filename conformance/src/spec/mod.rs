//! Runs the official WebAssembly suite, as far as the profile goes, on any engine.
//!
//! | file | holds |
//! |---|---|
//! | [`script`] | a `.wast` file as commands of ours |
//! | `driver` | a module with one more function, which repeats earlier actions |
//! | [`suite`] | what each command becomes: a case, a verdict, or a reason to leave it out |
//! | [`expectation`] | what the suite expects, in our traps and values |
//! | [`tally`] | how many are inside and outside, by reason |
//!
//! # State that lasts
//! A script invokes one instance many times; an instance of ours serves one frame. So an invocation
//! runs directly where the module has no state (no memory, no mutable global) or nothing ran
//! before; else on the module with a driver appended: a function that repeats every earlier
//! invocation that returned, then makes this one. An invocation that trapped is not repeated: on a
//! chain nothing survives a trap. All engines run the same cases, the reference first.
//!
//! # What the suite cannot show
//! A command is left out for a [`Reason`], and the counts are frozen: a module that
//! is suddenly refused moves a count. A valid module that is refused as malformed or invalid is a
//! failure, never a reason.

mod driver;

pub mod expectation;

pub mod script;

pub mod suite;

pub mod tally;

pub use script::{Script, ScriptError, official};
pub use suite::Suite;
pub use tally::{Reason, Tally};
