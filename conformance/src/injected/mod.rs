//! Injects bugs of the kind that split a chain, and shows which checks find each one.
//!
//! A check that never failed proves nothing. Each injected bug is an engine with one defect: a
//! rewritten operator in the reference, a wrong price, or a faulty instrumented module. Four checks
//! look for it; at least two must find it.
//!
//! | file | contents |
//! |---|---|
//! | [`bugs`] | the bugs |
//! | [`checks`] | the checks, and the table of results |
//! | `emission` | faulty instrumented modules, run in wasmi |
//!
//! Neither `vm` nor `reference` has a switch for this: a bug is an engine of its own.

pub mod bugs;

pub mod checks;

mod emission;
