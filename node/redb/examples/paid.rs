//! Measures cases whose work was once not paid for, on redb or, with `memory`, in memory.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    reason = "it measures time and prints the result"
)]

extern crate lockstep_redb_store as redb_store;

#[path = "../../paid.rs"]
mod paid;

use redb_store::{RedbStore, Settings};
use std::error::Error;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    paid::run(paid::PaidStore {
        name: "redb",
        open: |path| Ok(Box::new(RedbStore::open(path, Settings::default())?)),
    })
}
