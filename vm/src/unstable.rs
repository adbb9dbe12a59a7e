//! Opens the inside of the VM to the crates of this workspace.
//!
//! No stability is promised: any commit may change these items. The root of the crate is enough to
//! execute messages; an implementation of an engine also needs [`execution`].

/// The budget for host memory whose size guests decide.
pub mod budget {
    pub use crate::budget::*;
}

/// The two ways of a check, to compare them.
pub mod check {
    pub use crate::check::{Examined, examine};
}

/// Exports and options of the instrumented module.
pub mod emit {
    pub use crate::emit::{
        Bulk, GAS, GLOBAL_PREFIX, MEMORY, Options, STACK, START, TRAP, Wide, emit_with,
    };
}

/// The interpreter beyond its default.
pub mod execute {
    pub use crate::execute::Strategy;
}

/// Types of the engine interface.
pub mod execution {
    pub use crate::execution::{
        Arguments, HOST_ARGUMENTS_MAX, HostCall, Invocation, Pending, Step, Stop, Value,
    };
}

/// Contract frames.
pub mod frames {
    pub use crate::frames::{contract_address, frame_price, message_memory_bytes_max, run};
    pub use crate::message::{CallRequest, FrameExit};
}

/// The gas meter of a contract frame.
pub mod gas {
    pub use crate::gas::{GasMeter, OutOfGas};
}

/// Host functions.
pub mod host {
    pub use crate::host::{Host, Reply, Span, crypto};
}

/// Bounds of modules and executions.
pub mod limits {
    pub use crate::limits::*;
}

/// Lowering: the operators of a function without floats, pushed into a sink.
pub mod lower {
    pub use crate::lower::*;
}

/// Metering blocks over lowered operators.
pub mod meter {
    pub use crate::meter::*;
}

/// Parts of a checked module.
pub mod module {
    pub use crate::module::{
        Data, Element, Export, ExportKind, FloatCount, Function, FunctionType, Global, Import,
        Memory, Table, ValueType,
    };
}

/// The list of operators.
pub mod opcode {
    pub use crate::opcode::*;
}

/// Diagnosis for developers, outside the result.
pub mod outcome {
    pub use crate::outcome::Diagnosis;
}

/// Rules that a module can break.
pub mod rejection {
    pub use crate::rejection::Rule;
}

/// Parts of the rules.
pub mod rules {
    pub use crate::rules::{FloatPolicy, RulesError, Version};
}

/// Prices.
pub mod schedule {
    pub use crate::schedule::*;
}

/// The journal of a message.
pub mod state {
    pub use crate::state::{AccessSet, Account, Checkpoint, Effects, Journal, Walk, WalkedKey};
}

/// Counters of work.
pub mod work {
    pub use crate::work::*;
}

/// Internal code of the interpreter, as text.
pub mod translate {
    pub use crate::translate::*;
}
