//! Kills a writer of a store on RocksDB, and counts lost blocks.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]

#[path = "../../../kill_loop.rs"]
mod kill_loop;

use rocksdb_store::{RocksStore, Settings};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    kill_loop::run(kill_loop::KilledStore {
        name: "rocksdb",
        open: |path| Ok(Box::new(RocksStore::open(path, Settings::small())?)),
    })
}
