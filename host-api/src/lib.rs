//! Says what a contract may ask of its host: one table, shared by guest and host.
//!
//! [`table::TABLE`] is the truth. The VM's import types, its price formulas, the guest's externs
//! and the documentation page are derived from it or checked against it.
//!
//! Specification: docs/spec/host.md.
#![no_std]
#![forbid(unsafe_code)]

pub mod flags;
pub mod limits;
pub mod render;
pub mod status;
pub mod table;

pub use table::{Argument, Function, Row, Static, TABLE, Type};

/// The import module of every host function.
pub const MODULE: &str = "lockstep";
