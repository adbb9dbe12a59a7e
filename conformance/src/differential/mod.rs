//! Holds engines against the reference on modules that nobody wrote.
//!
//! | file | holds |
//! |---|---|
//! | [`campaign`] | a range of seeds, or all single operators, over threads: the report |
//! | [`compare`] | one program on all engines at the gas limits that tell most |
//! | [`generate`], `rewrite`, `inject` | a module of the profile from a seed |
//! | [`single`] | modules of one operator with operands at the edges |
//! | [`coverage`] | what every operator did over all runs |
//! | [`sweeps`] | every gas limit of generated programs |
//! | [`shrink`], [`failing`] | a failing module made small, and shown |
//! | [`engines`] | the engines, from the registry |
//! | [`hostile`] | modules that attack whoever reads them |
//! | [`random`] | numbers from a seed |
//!
//! Everything here is a function of its seeds; a report names the seed, and the seed is the module.
//! How to run it, and what it found: docs/differential.md.

pub mod campaign;

pub mod compare;

pub mod coverage;

pub mod engines;

pub mod failing;

pub mod generate;

pub mod hostile;

pub mod random;

pub mod shrink;

pub mod single;

pub mod sweeps;

mod inject;

mod rewrite;
