//! Opens a store: commits the genesis if the store is empty, else rebuilds the tree and compares.

use crate::genesis::Genesis;
use crate::header::{BlockResult, Tip};
use crate::receipt::receipts_root;
use crate::state_tree::{batch, rebuild};
use crate::store::{Commit, Store};
use tree::Tree;
use vm::{Fault, Height};

/// Opens a store of this chain; returns the last committed block and the tree of the state.
///
/// # Errors
/// [`Fault`] if the store fails, belongs to another chain, or its values do not have its root.
pub(crate) fn open_store(store: &mut dyn Store, genesis: &Genesis) -> Result<(Tip, Tree), Fault> {
    // A cryptography backend with wrong results must stop this node, not split the chain.
    vm::unstable::host::crypto::known_answers()?;
    if store.tip()?.is_none() {
        commit_genesis(store, genesis)?;
    }
    let tip = store
        .tip()?
        .ok_or_else(|| Fault::Store("a commit is lost".to_owned()))?;
    check_chain(store, &genesis.chain_id())?;
    let tree = rebuild(store)?;
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
pub(crate) fn compare_root(tree: &Tree, tip: &Tip) -> Result<(), Fault> {
    if tree.root().0 == tip.result.state_root {
        Ok(())
    } else {
        Err(Fault::Store(
            "the state does not have the committed root".to_owned(),
        ))
    }
}

fn commit_genesis(store: &mut dyn Store, genesis: &Genesis) -> Result<(), Fault> {
    let diff = genesis.state();
    let state_root = Tree::new().update(&batch(&diff)).0;
    let result = BlockResult {
        state_root,
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
        records: Vec::new(),
    })
}
