//! Defines the host functions that a contract can import, in one table shared by guest and host.
//!
//! [`table::TABLE`] is the single source: the VM's import types, its price formulas, the guest's
//! externs and the documentation page are derived from it or checked against it.
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
