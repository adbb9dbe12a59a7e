//! Says who may look at the operators of R, and who may replace them.

use std::sync::{Arc, Mutex};
use vm::CheckedModule;
use vm::unstable::lower::Operator;

/// Sees every operator before it is paid for; changes nothing.
pub trait Trace {
    /// The operator at byte `offset` of the module, in `function` of the function index space, is
    /// next, and `gas_before` is left. Operators without a price are shown too.
    fn operator(&mut self, function: u32, offset: u32, gas_before: u64);

    /// Told before each [`Trace::operator`]: the last slot of the active functions, which is the
    /// topmost operand or, without one, the last local.
    fn slot(&mut self, bits: Option<u64>) {
        let _ = bits;
    }
}

/// A trace that engine and owner share.
pub type SharedTrace = Arc<Mutex<dyn Trace + Send>>;

/// Where an operator stands, for [`crate::Reference::with_rewrite`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The module; its code hash says which.
    pub module: &'a CheckedModule,
    /// The function's index in the function index space.
    pub function: u32,
    /// The operator's place among the lowered operators of its function, from 0.
    pub place: u32,
    /// Its byte offset in the module.
    pub offset: u32,
}

/// Replaces lowered operators before R executes them.
pub(crate) type Rewrite = dyn for<'a> Fn(&Place<'_>, Operator<'a>) -> Operator<'a> + Send + Sync;

/// What may look at an instance or change what it is given; nothing by default.
#[derive(Clone, Default)]
pub(crate) struct Observers {
    pub(crate) trace: Option<SharedTrace>,
    pub(crate) rewrite: Option<Arc<Rewrite>>,
}
