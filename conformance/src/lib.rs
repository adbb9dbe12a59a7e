//! Compares engines: one program, every gas limit that matters, every observable.
//!
//! | file | holds |
//! |---|---|
//! | [`catalogue`] | programs in files: text modules with their calls, built contracts |
//! | [`program`] | what is run: a module, a function of it, arguments, input, state |
//! | [`observation`] | all that a run lets be seen, and how two of them differ |
//! | [`sweep`] | which gas limits are tried, and the comparison with the reference |
#![forbid(unsafe_code)]

pub mod catalogue;

pub mod program;

pub mod observation;

pub mod sweep;

pub use observation::{Observation, observe};
pub use program::Program;
pub use sweep::{Difference, Sweep, sweep};
