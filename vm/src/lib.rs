//! Turns contract bytes into an outcome: check, lower, meter, execute; a function without effects.
//!
//! | an embedder uses | for |
//! |---|---|
//! | [`check()`], [`CheckedModule`], [`CodeHash`], [`Rejection`] | an upload: accepted, or why not |
//! | [`Rules`] | prices and limits, and the id of both |
//! | [`Setting`], [`Block`], [`Message`], [`Target`] | what is executed, where |
//! | [`StateView`], [`Entries`], [`Walked`], [`walk_committed`], [`key`] | state as a store has it |
//! | [`execute()`] | a message against a view; writes nothing |
//! | [`Outcome`], [`Exit`], [`Event`], [`StateDiff`], [`Trap`], [`Gas`] | what came of it, on every machine |
//! | [`Fault`] | a failure of this machine; stops the node |
//! | [`Interpreter`]; [`Engine`], [`Execution`] | what runs guests; the seam of any other |
//! | [`emit()`] | a plain module that charges for itself, for anybody's engine |
//!
//! That is all of it; [`unstable`] is for the crates of this workspace.
//!
//! | stage | takes | gives | refuses with |
//! |---|---|---|---|
//! | [`check()`] | bytes, [`Rules`] | [`CheckedModule`] | [`Rejection`] |
//! | `lower` | [`CheckedModule`] | the same operators without floats | never |
//! | `meter` | lowered operators | operators with charges | never |
//! | `translate` | metered operators | internal code | never |
//! | the interpreter | internal code, gas | steps, gas exact to the unit | [`Fault`] |
//! | [`emit()`] | [`CheckedModule`] | a plain module that charges for itself | never |
//! | [`execute()`] | an [`Engine`], a message, a [`StateView`] | [`Outcome`] | [`Fault`] |
//!
//! An engine (the interpreter, the reference interpreter R, the emitted module in somebody else's
//! engine) stands behind one seam, [`Execution`]. Nothing here knows a clock, a disk or a thread.

mod identity;

mod rules;

mod limits;

mod opcode;

mod schedule;

mod rejection;

mod module;

mod check;

mod lower;

mod meter;

mod emit;

mod translate;

mod execute;

mod execution;

mod host;

mod span;

mod message;

mod frames;

mod state;

mod outcome;

mod gas;

mod trap;

mod fault;

mod budget;

pub mod unstable;

pub use check::check;
pub use emit::emit;
pub use execute::Interpreter;
pub use execution::{Engine, Execution};
pub use fault::Fault;
pub use frames::{Setting, execute};
pub use gas::Gas;
pub use identity::CodeHash;
pub use message::{Block, Message, Target};
pub use module::CheckedModule;
pub use outcome::{Event, Exit, Outcome};
pub use rejection::Rejection;
pub use rules::Rules;
pub use state::{Entries, StateDiff, StateView, Walked, key, walk_committed};
pub use trap::Trap;

/// Compiles and runs the page for whoever embeds the VM.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
