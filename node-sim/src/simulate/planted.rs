//! Makes executors that are wrong on purpose: the evidence that the comparison can fail.

use crate::header::Tip;
use crate::receipt::Receipt;
use crate::store::{Commit, Store};
use reference::Reference;
use std::sync::Arc;
use vm::lower::Operator;
use vm::opcode::Opcode;
use vm::state::{Entries, key};
use vm::{CheckedModule, Engine, Execution, Fault, Frame, Gas, Pending, Rules, Step, Value};

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

/// R that takes one unit of gas too much from every contract frame.
#[derive(Clone, Default)]
pub struct WrongGas(Reference);

struct WrongGasExecution(Box<dyn Execution>);

impl Engine for WrongGas {
    fn name(&self) -> &'static str {
        "wrong gas"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Ok(Box::new(WrongGasExecution(
            self.0.instantiate(module, rules)?,
        )))
    }
}

impl Execution for WrongGasExecution {
    fn start(&mut self, mut frame: Frame) -> Result<Step, Box<Fault>> {
        // A frame that cannot pay it runs out of gas a moment later in any case.
        let _ = frame.gas.charge(1);
        self.0.start(frame)
    }

    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>> {
        self.0.resume(result)
    }

    fn pending(&mut self) -> Pending<'_> {
        self.0.pending()
    }

    fn memory(&mut self) -> &mut [u8] {
        self.0.memory()
    }

    fn gas(&mut self) -> &mut Gas {
        self.0.gas()
    }

    fn globals(&mut self) -> Result<Vec<Value>, Fault> {
        self.0.globals()
    }
}

/// A store that loses one write of contract storage: the first of the block of a height.
///
/// The tree that is kept in memory has the write, so the roots agree until somebody reads the key,
/// restarts or scrubs.
pub struct LostWrite<S> {
    inner: S,
    height: u64,
    is_lost: bool,
}

impl<S> LostWrite<S> {
    /// Loses the first write of a contract's value from block `height` on.
    #[must_use]
    pub const fn new(inner: S, height: u64) -> Self {
        Self {
            inner,
            height,
            is_lost: false,
        }
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
        if commit.tip.height >= self.height && !self.is_lost {
            let lost = commit
                .diff
                .keys()
                .find(|key| key.first() == Some(&key::VALUE))
                .cloned();
            if let Some(lost) = lost {
                commit.diff.remove(&lost);
                self.is_lost = true;
            }
        }
        self.inner.commit(commit)
    }
}
