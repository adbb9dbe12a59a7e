//! Observers of R: traces of operators, and rewriting them.

use std::sync::{Arc, Mutex};
use vm::CheckedModule;
use vm::unstable::lower::Operator;

/// Observes every operator before its price is charged, without any effect.
pub trait Trace {
    /// The operator at byte `offset` of the module, in `function` of the function index space, is
    /// next, with `gas_before` remaining. Operators without a price are reported too.
    fn operator(&mut self, function: u32, offset: u32, gas_before: u64);

    /// `function` of the function index space is entered for the first time in its contract frame:
    /// `gas_left` remains after the price of that, before the price of entry.
    fn first_entry(&mut self, function: u32, gas_left: u64) {
        let _ = (function, gas_left);
    }

    /// Called before each [`Trace::operator`] with the topmost slot of the value stack: the topmost
    /// operand or, without one, the last local.
    fn slot(&mut self, bits: Option<u64>) {
        let _ = bits;
    }
}

/// A trace shared by the engine and its owner.
pub type SharedTrace = Arc<Mutex<dyn Trace + Send>>;

/// Position of an operator, for [`crate::Reference::with_rewrite`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The module; its code hash identifies it.
    pub module: &'a CheckedModule,
    /// The function's index in the function index space.
    pub function: u32,
    /// Index of the operator among the lowered operators of its function, from 0.
    pub place: u32,
    /// Its byte offset in the module.
    pub offset: u32,
}

/// Replaces lowered operators before R executes them.
pub(crate) type Rewrite = dyn for<'a> Fn(&Place<'_>, Operator<'a>) -> Operator<'a> + Send + Sync;

/// Observers and rewriting of an instance; none by default.
#[derive(Clone, Default)]
pub(crate) struct Observers {
    pub(crate) trace: Option<SharedTrace>,
    pub(crate) rewrite: Option<Arc<Rewrite>>,
}
