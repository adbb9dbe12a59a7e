//! Compares engines: one program, every gas limit that matters, every observable.
//!
//! | file | holds |
//! |---|---|
//! | [`catalogue`] | programs in files: text modules with their calls, built contracts |
//! | [`program`], [`observation`] | what is run, and all that it lets be seen (crate `vectors`) |
//! | [`golden`] | texts that are frozen in a file, with one switch to renew them |
//! | [`mutants`] | patches that hold one mistake each, and the tests that find them |
//! | [`pages`] | the commands and the code of the pages, run as a reader would type them |
//! | [`second_decoder`] | emitted modules read by two decoders that share no code |
//! | [`spec`] | the official suite within the profile, on any engine |
//! | [`mod@sweep`] | which gas limits are tried, and the comparison with the reference |
#![forbid(unsafe_code)]

pub mod catalogue;

pub mod sweep;

pub mod differential;

pub mod planted;

pub mod golden;

pub mod mutants;

pub mod pages;

pub mod second_decoder;

pub mod spec;

pub use sweep::{Difference, Sweep, problems, sweep};
pub use vectors::observation::{Observation, observe};
pub use vectors::program::Program;
pub use vectors::{observation, program};
