//! Measures cases whose work was once not paid for, on RocksDB or, with `memory`, in memory.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    reason = "it measures time and prints the result"
)]

#[path = "../../paid.rs"]
mod paid;

use rocksdb_store::{RocksStore, Settings};
use std::error::Error;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    paid::run(paid::PaidStore {
        name: "rocksdb",
        open: |path| Ok(Box::new(RocksStore::open(path, Settings::default())?)),
    })
}
