//! Serves final blocks by height, and verified blocks by hash.

use super::{Chain, read_lock};
use crate::block::Block;
use crate::header::{BlockResult, Header};
use crate::receipt::Receipt;
use crate::store::Store;
use vm::{Event, Fault, Height};

/// A verified block that is not final, with what its execution resulted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBlock {
    /// The block.
    pub block: Block,
    /// Its result, which the header of a child contains.
    pub result: BlockResult,
    /// Receipts, in the order of the transactions.
    pub receipts: Vec<Receipt>,
    /// Events of each transaction.
    pub events: Vec<Vec<Event>>,
}

impl Chain {
    /// Header of a final block; `None` for the genesis, and if the block is not final or is pruned.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or the chain stopped.
    pub fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.stored(|store| store.header(height))
    }

    /// A final block; `None` for the genesis, and if the block is not final or is pruned.
    ///
    /// # Errors
    /// As [`Chain::header`].
    pub fn block(&self, height: Height) -> Result<Option<Block>, Fault> {
        self.stored(|store| {
            let Some(header) = store.header(height)? else {
                return Ok(None);
            };
            let transactions = store.transactions(height)?;
            Ok(transactions.map(|transactions| Block {
                header,
                transactions,
            }))
        })
    }

    /// Receipts of a final block, in the order of its transactions; `None` if the block is not
    /// final or is pruned.
    ///
    /// # Errors
    /// As [`Chain::header`].
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.stored(|store| store.receipts(height))
    }

    /// Events of each transaction of a final block; `None` if the block is not final or is pruned.
    ///
    /// # Errors
    /// As [`Chain::header`].
    pub fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.stored(|store| store.events(height))
    }

    /// A verified block that is not final; `None` if it is not known, or is final.
    ///
    /// # Errors
    /// [`Fault`] if the chain stopped.
    pub fn block_by_hash(&self, hash: &[u8; 32]) -> Result<Option<VerifiedBlock>, Fault> {
        self.running()?;
        let block = read_lock(&self.unfinalized)?.get(hash).cloned();
        Ok(block.map(|block| VerifiedBlock {
            block: Block {
                header: block.header.clone(),
                transactions: block.transactions.clone(),
            },
            result: block.tip.result,
            receipts: block.receipts.clone(),
            events: block.events.clone(),
        }))
    }

    fn stored<T>(&self, read: impl FnOnce(&dyn Store) -> Result<T, Fault>) -> Result<T, Fault> {
        self.running()?;
        read(&**read_lock(&self.store)?)
    }
}
