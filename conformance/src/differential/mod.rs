//! Compares engines with the reference on generated modules.
//!
//! | file | contents |
//! |---|---|
//! | [`campaign`] | a range of seeds, or all single operators, on threads: the report |
//! | [`compare`] | one program on all engines at a few gas limits |
//! | [`generate`], `rewrite`, `inject` | a module of the profile from a seed |
//! | [`single`] | modules of one operator each, with edge values as operands |
//! | [`coverage`] | executions, traps and out-of-gas exits of every operator |
//! | [`sweeps`] | every gas limit of generated programs |
//! | [`shrink`], [`failing`] | makes a failing module small, and prints it |
//! | [`engines`] | the engines, from the registry |
//! | [`hostile`] | modules that attack their decoder |
//! | [`random`] | pseudorandom numbers from a seed |
//!
//! Everything here is a function of its seeds; a report names the seed, and the seed is the module.
//! How to run the differential, and its findings: docs/differential.md.

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
