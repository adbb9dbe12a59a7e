//! Kills a writer of a store on redb, and counts lost blocks.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]

extern crate lockstep_redb_store as redb_store;

#[path = "../../kill_loop.rs"]
mod kill_loop;

use redb_store::{RedbStore, Settings};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    kill_loop::run(kill_loop::KilledStore {
        name: "redb",
        open: |path| Ok(Box::new(RedbStore::open(path, Settings::default())?)),
    })
}
