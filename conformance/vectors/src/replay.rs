//! Replays the blocks of an archive on a node, from the genesis on.
//!
//! An archive holds what a node is given and nothing that it computes: the genesis document and the
//! encoded blocks. A header holds the result of the block before, so a node that computes otherwise
//! finds the next block invalid; what each block came to is compared here before that.

use crate::fields::Fields;
use borsh::{BorshDeserialize, BorshSerialize};
use node_sim::node::Parts;
use node_sim::{Block, CachePolicy, Genesis, MemoryStore, Node, Observer};
use std::sync::Arc;
use vm::{Engine, Fault, Rules};

/// The first field of every archive.
pub const FORMAT: &str = "lockstep/archive/1";

/// A genesis and the blocks after it; its file is its borsh encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Archive {
    /// [`FORMAT`].
    pub format: String,
    /// The genesis document.
    pub genesis: Genesis,
    /// Encoded blocks, by height from 1 on.
    pub blocks: Vec<Vec<u8>>,
}

/// Why an archive cannot be replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is no archive, or one of its blocks is none.
    #[error("{0}")]
    Encoding(String),
    /// The node failed, not the blocks.
    #[error(transparent)]
    Machine(#[from] Fault),
}

/// The exits of a block's transactions, for a difference to name the first that differs.
#[derive(Default)]
struct Receipts(Vec<(u32, String)>);

impl Observer for Receipts {
    fn transaction(&mut self, index: u32, executed: &node_sim::execute::Executed, _: Root) {
        let receipt = &executed.receipt;
        let (exit, code, gas) = (receipt.exit.name(), receipt.code, receipt.gas_used);
        self.0.push((index, format!("{exit} {code} {gas}")));
    }
}

type Root = Option<[u8; 32]>;

impl Archive {
    /// An archive of blocks.
    #[must_use]
    pub fn new(genesis: Genesis, blocks: Vec<Vec<u8>>) -> Self {
        let format = FORMAT.to_owned();
        Self {
            format,
            genesis,
            blocks,
        }
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// [`ReplayError::Encoding`] beyond 2^32 blocks.
    pub fn encode(&self) -> Result<Vec<u8>, ReplayError> {
        borsh::to_vec(self).map_err(|error| ReplayError::Encoding(error.to_string()))
    }

    /// Reads the bytes of its file.
    ///
    /// # Errors
    /// [`ReplayError::Encoding`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let archive: Self = borsh::from_slice(bytes)
            .map_err(|error| ReplayError::Encoding(format!("no archive: {error}")))?;
        if archive.format == FORMAT {
            Ok(archive)
        } else {
            let reason = format!("format {:?}, this version reads {FORMAT:?}", archive.format);
            Err(ReplayError::Encoding(reason))
        }
    }

    /// What every block comes to on `engine` under `rules`; an invalid block is the last one.
    ///
    /// The state tree is rebuilt from the store at the end, and must have the same root.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn replay(
        &self,
        engine: Box<dyn Engine>,
        rules: &Arc<Rules>,
    ) -> Result<Fields, ReplayError> {
        let parts = Parts {
            engine,
            rules: Arc::clone(rules),
            cache: CachePolicy::Warm,
        };
        let store = Box::new(MemoryStore::new());
        let mut node = Node::open(parts, self.genesis.clone(), store)?;
        let mut fields = Fields::new();
        fields.insert("block.0000.state_root".to_owned(), root_of(&node));
        for (encoded, height) in self.blocks.iter().zip(1_u32..) {
            let block = Block::decode(encoded, self.genesis.limits().block_bytes)
                .map_err(|error| ReplayError::Encoding(format!("block {height}: {error}")))?;
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
            let mut receipts = Receipts::default();
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
}

fn root_of(node: &Node) -> String {
    hex::encode(node.tip().result.state_root)
}
