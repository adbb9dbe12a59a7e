//! Runs vectors on an engine that is another program, line by line over its standard streams.
//!
//! | file | contents |
//! |---|---|
//! | [`wire`] | the lines of both sides |
//! | [`connection`] | one line there, one line back; what went wrong, and with what |
//! | [`process`] | the program: its start, its streams, the time limit, its end |
//! | [`frame`] | the program as an engine: a contract frame whose guest runs there |
//! | [`run`] | the vectors of the kinds that the program takes |
//!
//! Storage, calls between contracts, deployments and cryptography are executed here, by the host of
//! `vm`; the program executes guests and counts their gas.
//!
//! # Invariants
//! * Whatever the program writes, the end is a result, a failed vector or an error with the name of
//!   the vector: every line has a bound, every reply a time limit.
//! * Exactly one line comes back for each that is sent.
//!
//! docs/foreign-engines.md is the page for those who write such a program.

pub mod wire;

pub mod connection;

pub mod process;

pub mod frame;

pub mod run;
