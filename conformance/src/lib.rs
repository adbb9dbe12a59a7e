//! Compares engines: each program at every relevant gas limit, in all that can be observed.
//!
//! | file | contents |
//! |---|---|
//! | [`catalogue`] | programs from files: text modules with their calls, built contracts |
//! | [`program`], [`observation`] | a run, and all that can be observed of it (crate `vectors`) |
//! | [`golden`] | texts that are frozen in a file, with one switch to update them |
//! | [`mutants`] | patches with one bug each, and the tests that find them |
//! | [`pages`] | the commands and the code of the pages, run as a reader would type them |
//! | [`differential`] | engines compared on generated modules |
//! | [`injected`] | engines with an injected bug, and the checks that find it |
//! | [`foreign`] | wasmi and R behind the protocol for foreign engines, with and without a bug |
//! | [`second_decoder`] | instrumented modules read by two decoders that share no code |
//! | [`fast_pass`] | both ways in which `check` reads a body, compared |
//! | [`encodings`] | a module for each encoding of each immediate of the profile |
//! | [`spec`] | the official WebAssembly suite within the profile, on any engine |
//! | [`mod@sweep`] | the relevant gas limits, and the comparison with the reference |
#![forbid(unsafe_code)]

pub mod catalogue;

pub mod sweep;

pub mod differential;

pub mod injected;

pub mod golden;

pub mod mutants;

pub mod pages;

pub mod foreign;

pub mod second_decoder;

pub mod encodings;

pub mod fast_pass;

pub mod spec;

pub use sweep::{Difference, Sweep, problems, sweep};
pub use vectors::observation::{Observation, observe};
pub use vectors::program::Program;
pub use vectors::{observation, program};
