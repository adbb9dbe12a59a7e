//! Tests the store through its public API, on real files.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows or truncates fails"
)]

mod model;

mod acknowledged;

mod rot;

mod scans;

mod snapshots;

mod torn;

mod open;

mod upkeep;

mod processes;

use node::{Store, Tip, recomputed_root};
use node_sim::synthetic::Synthetic;
use rocksdb_store::{RocksStore, Settings};
use std::fs;
use std::path::{Path, PathBuf};
use tree::Tree;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

/// A store with blocks 0 to `height` of a chain.
fn filled(
    path: &Path,
    settings: Settings,
    chain: &Synthetic,
    height: u64,
) -> (RocksStore, ExpectedChain) {
    let mut store = RocksStore::open(path, settings).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, chain, height);
    (store, known)
}

/// The expected chain: every tip so far, and the tree of the last.
#[derive(Clone, Default)]
struct ExpectedChain {
    tips: Vec<Tip>,
    tree: Tree,
}

impl ExpectedChain {
    fn tip(&self) -> Option<Tip> {
        self.tips.last().copied()
    }

    fn continue_to(&mut self, store: &mut dyn Store, chain: &Synthetic, height: u64) {
        while self.tip().is_none_or(|tip| tip.height.0 < height) {
            let commit = chain.next(self.tip().as_ref(), &mut self.tree);
            self.tips.push(commit.tip);
            store.commit(commit).unwrap();
        }
    }

    /// Checks that the store has the state of one block of the chain; returns its height.
    fn check(&self, store: &dyn Store) -> u64 {
        let tip = store.tip().unwrap().expect("a block");
        assert_eq!(Some(&tip), self.tips.get(tip.height.0 as usize));
        assert_eq!(recomputed_root(store).unwrap(), tip.result.state_root);
        tip.height.0
    }
}
