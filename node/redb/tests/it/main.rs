//! Tests the store through its public API, on simulated and on real files.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows or truncates fails"
)]

extern crate lockstep_redb_store as redb_store;

mod simulated_file;

mod model;

mod crashes;

mod failures;

mod rot;

mod scans;

mod snapshots;

mod versions;

mod open;

mod processes;

use node::{MemoryStore, Store, Tip, recomputed_root};
use node_sim::synthetic::Synthetic;
use redb_store::{RedbStore, Settings};
use simulated_file::SimulatedFile;
use std::fs;
use std::path::{Path, PathBuf};
use tree::Tree;
use vm::Fault;

/// Few keys and small values: a store of some hundred KiB.
fn tiny(seed: u64) -> Synthetic {
    Synthetic {
        keys: 60,
        changes: 12,
        value_bytes: 90,
        receipts: 2,
        ..Synthetic::small(seed)
    }
}

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

/// Opens a store on a simulated file.
fn open(file: &SimulatedFile) -> Result<RedbStore, Fault> {
    RedbStore::open_on(Box::new(file.clone()), "simulated", Settings::default())
}

/// The expected chain: every tip so far, and the tree of the last.
#[derive(Clone, Default)]
struct ExpectedChain {
    tips: Vec<Tip>,
    tree: Tree,
}

impl ExpectedChain {
    /// The chain up to a height.
    fn up_to(chain: &Synthetic, height: u64) -> Self {
        let mut known = Self::default();
        known.continue_to(&mut MemoryStore::new(), chain, height);
        known
    }

    fn tip(&self) -> Option<Tip> {
        self.tips.last().copied()
    }

    fn continue_to(&mut self, store: &mut dyn Store, chain: &Synthetic, height: u64) {
        while self.tip().is_none_or(|tip| tip.height.0 < height) {
            self.next(store, chain).unwrap();
        }
    }

    /// Commits the next block; after a fault the chain is unchanged.
    fn next(&mut self, store: &mut dyn Store, chain: &Synthetic) -> Result<(), Fault> {
        let mut tree = self.tree.clone();
        let commit = chain.next(self.tip().as_ref(), &mut tree);
        let tip = commit.tip;
        store.commit(commit)?;
        self.tips.push(tip);
        self.tree = tree;
        Ok(())
    }

    /// Checks that the store has the state of one block of the chain; returns its height, and
    /// `None` for a store without blocks.
    fn check(&self, store: &dyn Store) -> Option<u64> {
        let tip = store.tip().unwrap()?;
        assert_eq!(Some(&tip), self.tips.get(tip.height.0 as usize));
        assert_eq!(recomputed_root(store).unwrap(), tip.result.state_root);
        Some(tip.height.0)
    }
}
