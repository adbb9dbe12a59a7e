//! Asks of an engine what running an emitted module needs, and no more.

use vm::unstable::execution::{HostCall, Value};
use vm::{Fault, Trap};

/// Recursion that an engine must allow: 1,024 active functions of the least weight, one function
/// of ours that charges above them, and a margin. wasmi's default of 1,000 is too low.
pub const RECURSION_MAX: usize = 1_100;
/// Bytes of Wasm stack that an engine gets, so that the counter in the module always stops a guest
/// first: 65,536 slots of 8 bytes are 512 KiB, and an engine may need several words a slot.
pub const STACK_BYTES: usize = 8 * 1024 * 1024;

/// What a machine gives back control with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The guest called the host.
    HostCall(HostCall),
    /// The called function returned.
    Return(Option<Value>),
    /// The engine stopped the guest.
    Stopped {
        /// The engine's trap in our numbers; `None` for a failure that no guest may cause.
        trap: Option<Trap>,
        /// The engine's own words.
        message: String,
    },
}

/// One instance of an emitted module in somebody's engine.
pub trait Machine: Send {
    /// The engine's name for messages.
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

    /// `$gas` as it is now.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn gas(&mut self) -> Result<i64, Fault>;

    /// Overwrites `$gas`.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn set_gas(&mut self, remaining: i64) -> Result<(), Fault>;

    /// The exported integer global as it is now.
    ///
    /// # Errors
    /// A [`Fault`] if there is no such global.
    fn global(&mut self, export: &str) -> Result<Value, Fault>;

    /// The linear memory as it is now; empty if there is none.
    fn memory(&mut self) -> &mut [u8];
}

/// A failure of `engine`, in its own words.
#[must_use]
pub fn fault(engine: &'static str, message: impl ToString) -> Fault {
    Fault::Engine {
        engine,
        message: message.to_string(),
    }
}
