//! The interface that an engine implements to run an instrumented module.

use vm::unstable::execution::{HostCall, Value};
use vm::{Fault, Trap};

/// Recursion depth that an engine must allow: 1,024 active functions of the smallest frame size,
/// one charging function on top of them, and a margin. wasmi's default of 1,000 is too low.
pub const RECURSION_MAX: usize = 1_100;
/// Wasm stack of an engine in bytes, large enough that the module's own counter always stops a
/// guest first: 65,536 slots of 8 bytes are 512 KiB, and an engine can need several words a slot.
pub const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Why a machine returns control to its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The guest called the host.
    HostCall(HostCall),
    /// The called function returned.
    Return(Option<Value>),
    /// The engine stopped the guest.
    Stopped {
        /// The [`Trap`] for the engine's trap; `None` for a failure that no guest can cause.
        trap: Option<Trap>,
        /// Message of the engine.
        message: String,
    },
}

/// One instance of an instrumented module in a third-party engine.
pub trait Machine: Send {
    /// Name of the engine, for messages.
    fn name(&self) -> &'static str;

    /// True if a function is exported under `export`.
    fn has_function(&mut self, export: &str) -> bool;

    /// Calls the exported function.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such function or the engine cannot start it.
    fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Event, Fault>;

    /// Continues after [`Event::HostCall`] with the host function's result.
    ///
    /// # Errors
    /// A [`Fault`] if no host call is pending or the engine cannot continue.
    fn resume(&mut self, result: Option<Value>) -> Result<Event, Fault>;

    /// Current value of `$gas`.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn gas(&mut self) -> Result<i64, Fault>;

    /// Overwrites `$gas`.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault>;

    /// Current value of the exported integer global.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn global(&mut self, export: &str) -> Result<Value, Fault>;

    /// The linear memory; empty if the module has none.
    fn memory(&mut self) -> &mut [u8];
}

/// A failure of `engine`, with its own message.
#[must_use]
pub fn fault(engine: &'static str, message: impl ToString) -> Fault {
    Fault::Engine {
        engine,
        message: message.to_string(),
    }
}
