//! Replays the blocks of an archive on a node, from the genesis.
//!
//! The results that the archive records are ignored: the vector's expectation is compared field by
//! field, so that a difference has a name. A header commits to the result of the block before, so a
//! node with another result finds the next block invalid.

use crate::fields::Fields;
use node::archive::{ArchiveError, ArchiveReader, ArchivedBlock};
use node::{CachePolicy, MemoryStore, Node, Observer, Parts};
use vm::{Engine, Fault, Rulebook};

/// Why an archive cannot be replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The node failed; the blocks are not the cause.
    #[error(transparent)]
    Machine(#[from] Fault),
}

/// Records the exit of each transaction of a block, so that a difference names the first of them.
#[derive(Default)]
struct ReceiptRecorder(Vec<(u32, String)>);

impl Observer for ReceiptRecorder {
    fn transaction(&mut self, index: u32, executed: &node::Executed, _: Option<[u8; 32]>) {
        let receipt = &executed.receipt;
        let (exit, code, gas) = (receipt.exit.name(), receipt.code, receipt.gas_used);
        self.0.push((index, format!("{exit} {code} {gas}")));
    }
}

/// Results of every block of an archive on `engine`, under the rules of its height, up to the first
/// invalid block.
///
/// At the end the state tree is rebuilt from the store, and must have the same root.
///
/// # Errors
/// A [`ReplayError`].
pub fn replay(
    archive: &[u8],
    engine: Box<dyn Engine>,
    rules: &Rulebook,
) -> Result<Fields, ReplayError> {
    let parts = Parts {
        engine,
        rules: rules.clone(),
        cache: CachePolicy::Warm,
    };
    let mut archive = ArchiveReader::new(archive)?;
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts, archive.genesis().clone(), store)?;
    let mut fields = Fields::new();
    fields.insert("block.0000.state_root".to_owned(), root_of(&node));
    while let Some(ArchivedBlock { block, .. }) = archive.next_block()? {
        let height = block.header.height;
        let mut put = |name: &str, text: String| {
            fields.insert(format!("block.{height:04}.{name}"), text);
        };
        put("hash", hex::encode(block.header.hash()));
        let valid = match node.validate(block) {
            Ok(valid) => valid,
            Err(reason) => {
                put("invalid", reason.to_string());
                break;
            }
        };
        let mut receipts = ReceiptRecorder::default();
        let result = node.apply(&valid, &mut receipts)?;
        for (index, receipt) in receipts.0 {
            put(&format!("receipt.{index:03}"), receipt);
        }
        put("receipts_root", hex::encode(result.receipts_root));
        put("state_root", hex::encode(result.state_root));
        put("gas_used", result.gas_used.to_string());
    }
    node.scrub()?;
    Ok(fields)
}

fn root_of(node: &Node) -> String {
    hex::encode(node.tip().result.state_root)
}
