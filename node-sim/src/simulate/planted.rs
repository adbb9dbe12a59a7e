//! Makes executors that are wrong on purpose: the evidence that the comparison can fail.

use crate::receipt::Receipt;
use crate::store::{Commit, Store};
use crate::header::Tip;
use reference::Reference;
use vm::Fault;
use vm::lower::Operator;
use vm::opcode::Opcode;
use vm::state::{Entries, key};

/// One numeric operator of one function of one module, and what it is replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongOperator {
    /// The module.
    pub code_hash: [u8; 32],
    /// The function's index in the function index space.
    pub function: u32,
    /// Byte offset of the operator in the module.
    pub offset: u32,
    /// What is executed instead; of the same type.
    pub replacement: Opcode,
}

impl WrongOperator {
    /// R with this one operator wrong.
    #[must_use]
    pub fn engine(self) -> Reference {
        Reference::new().with_rewrite(move |place, operator| {
            let here = *place.module.code_hash() == self.code_hash
                && place.function == self.function
                && place.offset == self.offset;
            match operator {
                Operator::Numeric(_) if here => Operator::Numeric(self.replacement),
                other => other,
            }
        })
    }
}

/// A store that loses one write of contract storage: the first of the block of a height.
///
/// The tree that is kept in memory has the write, so the roots agree until somebody reads the key,
/// restarts or scrubs.
pub struct LostWrite<S> {
    inner: S,
    height: u64,
}

impl<S> LostWrite<S> {
    /// Loses a write of block `height`.
    #[must_use]
    pub const fn new(inner: S, height: u64) -> Self {
        Self { inner, height }
    }
}

impl<S: Store> Store for LostWrite<S> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inner.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.inner.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        if commit.tip.height == self.height {
            let lost = commit.diff.keys().find(|key| key.first() == Some(&key::VALUE)).cloned();
            if let Some(lost) = lost {
                commit.diff.remove(&lost);
            }
        }
        self.inner.commit(commit)
    }
}
