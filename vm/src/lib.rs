//! Turns contract bytes into an outcome: check, lower, meter, execute; a function without effects.
//!
//! | stage | takes | gives | refuses with |
//! |---|---|---|---|
//! | [`check::check`] | bytes, [`Rules`] | [`CheckedModule`] | [`Rejection`] |
//! | [`lower`] | [`CheckedModule`] | the same operators without floats | never |
//! | [`meter`] | lowered operators | operators with charges | never |
//! | [`translate`] | metered operators | internal code | never |
//! | [`execute`] | internal code, gas | steps, gas exact to the unit | [`Fault`] |
//! | [`emit::emit`] | [`CheckedModule`] | a plain module that charges for itself | never |
//! | [`frames::execute`] | an [`Engine`], a message, a [`StateView`] | [`Outcome`] | [`Fault`] |
//!
//! An engine (the interpreter, the reference interpreter R, the emitted module in somebody else's
//! engine) stands behind one seam, [`Execution`]. Nothing here knows a clock, a disk or a thread.

pub mod rules;

pub mod limits;

pub mod opcode;

pub mod schedule;

pub mod rejection;

pub mod module;

pub mod check;

pub mod lower;

pub mod meter;

pub mod emit;

pub mod translate;

pub mod execute;

pub mod execution;

pub mod host;

pub mod span;

pub mod message;

pub mod frames;

pub mod state;

pub mod outcome;

pub mod gas;

pub mod trap;

pub mod fault;

pub mod budget;

pub use execution::{Arguments, Engine, Execution, Frame, HostCall, Pending, Step, Stop, Value};
pub use fault::Fault;
pub use gas::GasMeter;
pub use module::CheckedModule;
pub use outcome::{Event, Exit, Outcome};
pub use rejection::Rejection;
pub use rules::Rules;
pub use state::StateView;
pub use trap::Trap;

/// Compiles and runs the page for whoever embeds the VM.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
