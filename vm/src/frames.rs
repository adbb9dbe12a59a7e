//! Starts, suspends and ends contract frames on one native stack.
//!
//! [`run`] drives one frame on one engine; [`execute`] executes a message: statuses, price, value,
//! checkpoint, frames. Frames wait on an explicit stack: a call between contracts is a push, never
//! a recursion of this code.
//!
//! Specification: docs/spec/frames.md, "Messages and frames".

mod admission;

mod message;

mod stack;

use crate::identity::{Address, CodeHash};
use crate::message::{BlockMetadata, CallRequest, FrameExit, Message, Target};

pub use message::execute;

use crate::execution::{Engine, Execution, Invocation, Step, Value};
use crate::fault::Fault;
use crate::host::crypto::Backend;
use crate::host::{Host, Reply, crypto};
use crate::limits::{MEMORY_PAGES_MAX, PAGE_BYTES};
use crate::module::CheckedModule;
use crate::rules::Rules;
use crate::state::StateView;
use host_api::status;
use std::sync::Arc;

/// Greatest size in bytes of all linear memories of one message under `rules`: every active frame
/// has its own instance, and code that was stored under other rules may have more pages than these
/// let it have, but no more than any.
#[must_use]
pub fn message_memory_bytes_max(rules: &Rules) -> u64 {
    [MEMORY_PAGES_MAX, PAGE_BYTES]
        .into_iter()
        .fold(u64::from(rules.host_limits.call_depth_max), |bytes, of| {
            bytes.saturating_mul(u64::from(of))
        })
}

/// Runs one contract frame alone on `execution` until the guest ends; `host` executes its host
/// calls. There is no stack of frames, so a call between contracts returns the status DEPTH.
///
/// Afterwards `execution.gas()` is the remaining gas: 0 after out of gas.
///
/// # Errors
/// A [`Fault`] of this machine.
pub fn run(
    execution: &mut dyn Execution,
    frame: Invocation,
    host: &mut Host<'_>,
) -> Result<FrameExit, Fault> {
    let mut step = execution.start(frame)?;
    loop {
        match advance(execution, step, host)? {
            FramePause::Call(_) => {
                let depth = Value::I32(i32::from(status::DEPTH));
                step = execution.resume(Some(depth))?;
            }
            FramePause::End(exit) => return Ok(exit),
        }
    }
}

/// Why a frame stopped running.
enum FramePause {
    /// It waits for a frame that it requested.
    Call(Box<CallRequest>),
    /// It ended. Its remaining gas is 0 if it is out of gas.
    End(FrameExit),
}

/// Continues from `step` until the guest ends or requests a frame.
fn advance(
    execution: &mut dyn Execution,
    mut step: Step,
    host: &mut Host<'_>,
) -> Result<FramePause, Fault> {
    let exit = loop {
        let function = match step {
            Step::HostCall(function) => function,
            Step::Exit(stop) => break FrameExit::from(stop),
        };
        match host.dispatch(function, execution.pending())? {
            Reply::Resume(result) => step = execution.resume(result)?,
            Reply::Call(request) => return Ok(FramePause::Call(request)),
            Reply::End(exit) => break exit,
        }
    };
    if exit == FrameExit::OutOfGas {
        execution.gas().set_remaining(0);
    }
    Ok(FramePause::End(exit))
}

/// The environment in which a message is executed.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    engine: &'a dyn Engine,
    rules: &'a Arc<Rules>,
    view: &'a dyn StateView,
    block: &'a BlockMetadata,
}

impl<'a> Environment<'a> {
    /// An environment: the engine that runs the guests, the rules of the block, the state before
    /// the message, the block.
    ///
    /// # Errors
    /// [`Fault::Invariant`] if a hash or signature function is wrong on this machine, which is
    /// tested once per process.
    pub fn new(
        engine: &'a dyn Engine,
        rules: &'a Arc<Rules>,
        view: &'a dyn StateView,
        block: &'a BlockMetadata,
    ) -> Result<Self, Fault> {
        let environment = Self {
            engine,
            rules,
            view,
            block,
        };
        environment.on(&crypto::BACKEND)
    }

    /// The same environment, if the functions of `backend` pass their known answer tests.
    fn on(self, backend: &Backend) -> Result<Self, Fault> {
        backend.known_answers().map(|()| self)
    }
}

/// Price of a contract frame of `module`, which its caller pays; on overflow `u64::MAX`, which no
/// limit can pay.
#[must_use]
pub fn frame_price(module: &CheckedModule, rules: &Rules) -> u64 {
    let prices = rules.schedule.dynamic();
    let data_bytes: u64 = module
        .data()
        .iter()
        .map(|data| u64::from(data.bytes.end.saturating_sub(data.bytes.start)))
        .fold(0, u64::saturating_add);
    let segments = module.data().len().saturating_add(module.elements().len());
    let declarations = [
        module.types().len(),
        module.imports().len(),
        module.functions().len(),
        module.exports().len(),
    ];
    let declarations = declarations.into_iter().fold(0, usize::saturating_add);
    let pages = module
        .memory()
        .map_or(0, |memory| u64::from(memory.initial));
    let table_entries = module.table().map_or(0, |table| u64::from(table.initial));
    let parts = [
        (prices.frame_per_code_byte, count(module.bytes().len())),
        (prices.frame_per_declaration, count(declarations)),
        (prices.frame_per_page, pages),
        (prices.frame_per_data_byte, data_bytes),
        (prices.frame_per_segment, count(segments)),
        (
            prices.frame_per_item,
            table_entries.saturating_add(count(module.globals().len())),
        ),
    ];
    parts
        .iter()
        .fold(prices.frame_base, |sum, (per_unit, units)| {
            sum.saturating_add(per_unit.saturating_mul(*units))
        })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Address of a contract: `sha256("lockstep/contract/1" || creator || code_hash || salt)`.
#[must_use]
pub fn contract_address(creator: &Address, code_hash: &CodeHash, salt: &[u8; 32]) -> Address {
    let parts = [&b"lockstep/contract/1"[..], &creator.0, &code_hash.0, salt];
    Address(crypto::sha256(&parts.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Interpreter;
    use crate::identity::Height;
    use crate::state::{Entries, Walked};
    use std::ops::Range;

    struct EmptyView;

    impl StateView for EmptyView {
        fn read(&self, _: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
            Ok(None)
        }
        fn scan(&self, _: Range<&[u8]>, _: usize) -> Result<Entries, Fault> {
            Ok(Entries::new())
        }
        fn walk(&self, _: Range<&[u8]>, _: usize) -> Result<Walked, Fault> {
            Ok(Walked::new())
        }
        fn code(&self, _: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
            Ok(None)
        }
    }

    #[test]
    fn a_machine_that_hashes_wrongly_executes_nothing() {
        let (engine, rules) = (Interpreter::new(), Arc::new(Rules::v1()));
        let block = BlockMetadata {
            height: Height(1),
            time_ms: 0,
            chain_id: [0; 32],
            proposer: Address([0; 32]),
        };
        let environment = Environment::new(&engine, &rules, &EmptyView, &block).unwrap();
        let fault = environment.on(&crypto::WRONG).err().unwrap();
        assert!(matches!(fault, Fault::Invariant(text) if text.starts_with("sha256 ")));
    }
}
