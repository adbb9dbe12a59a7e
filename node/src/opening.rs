//! Opens a store: commits the genesis if the store is empty, opens the tree and compares its root.

use crate::code_records;
use crate::genesis::Genesis;
use crate::header::{BlockResult, Tip};
use crate::receipt::receipts_root;
use crate::state_tree::{StateTree, TreeOptions, batch};
use crate::store::{Commit, Store};
use vm::{Fault, Height};

/// Opens a store of this chain; returns the last committed block and the tree of the state, whose
/// updates use at most `threads` threads.
///
/// # Errors
/// [`Fault`] if the store fails, belongs to another chain, or its tree does not have its root.
pub(crate) fn open_store(
    store: &mut dyn Store,
    genesis: &Genesis,
    options: &TreeOptions,
    threads: usize,
) -> Result<(Tip, StateTree), Fault> {
    // A cryptography backend with wrong results must stop this node, not split the chain.
    vm::unstable::host::crypto::known_answers()?;
    if store.tip()?.is_none() {
        commit_genesis(store, genesis, options)?;
    }
    let tip = store
        .tip()?
        .ok_or_else(|| Fault::Store("a commit is lost".to_owned()))?;
    check_chain(store, &genesis.chain_id())?;
    let tree = StateTree::open(store, tip.height, options, threads)?;
    compare_root(&tree, &tip)?;
    Ok((tip, tree))
}

/// Compares the chain of a store with that of the genesis, at every open.
fn check_chain(store: &dyn Store, chain_id: &[u8; 32]) -> Result<(), Fault> {
    let found = store.chain_id()?;
    if found.as_ref() == Some(chain_id) {
        return Ok(());
    }
    Err(Fault::Store(format!(
        "the store has the blocks of chain {}, the genesis is that of chain {}",
        found.map_or_else(|| "unknown".to_owned(), hex::encode),
        hex::encode(chain_id)
    )))
}

/// Returns an error if the tree does not have the root of the last committed block.
fn compare_root(tree: &StateTree, tip: &Tip) -> Result<(), Fault> {
    if tree.root().0 == tip.result.state_root {
        Ok(())
    } else {
        Err(Fault::Store(
            "the state does not have the committed root".to_owned(),
        ))
    }
}

fn commit_genesis(
    store: &mut dyn Store,
    genesis: &Genesis,
    options: &TreeOptions,
) -> Result<(), Fault> {
    let diff = genesis.state();
    let mut tree = StateTree::empty(store, options);
    let (root, _) = tree.update(&batch(&diff), store)?;
    let mut records = tree.checkpoint(Height(0), store)?;
    if store.keeps_records() {
        records.push(code_records::complete(genesis.rules_id()));
    }
    let result = BlockResult {
        state_root: root.0,
        receipts_root: receipts_root(&[]),
        gas_used: 0,
    };
    let tip = Tip {
        height: Height(0),
        hash: genesis.chain_id(),
        time_ms: genesis.time_ms(),
        result,
    };
    store.commit(Commit {
        diff,
        tip,
        header: None,
        receipts: Vec::new(),
        transactions: Vec::new(),
        events: Vec::new(),
        records,
    })
}
