//! Plants bugs of the kind that split chains, and shows which checks find each one.
//!
//! A check that never failed proves nothing. Each planted bug is an engine like ours but for one
//! mistake: a rewritten operator in the reference, a wrong price, or a broken emitted module. Four
//! checks look for it; two at least must find it.
//!
//! | file | holds |
//! |---|---|
//! | [`bugs`] | the bugs |
//! | [`checks`] | the checks, and the table |
//! | `emission` | emitted modules that are broken on purpose, in wasmi |
//!
//! No switch of any kind in `vm` or `reference` helps here: a bug is an engine behind the seam.

pub mod bugs;

pub mod checks;

mod emission;
