//! Defines the lines of the protocol: JSON objects whose `type` says what they are.
//!
//! Gas and values can pass 2^53, so they are decimal texts; values to the engine begin with their
//! type, since not every embedder knows the types of functions (JavaScript does not). Pointers,
//! sizes, numbers of frames and modules, and trap codes are JSON numbers. Bytes are hexadecimal. An
//! unknown field is an error.

use serde::{Deserialize, Serialize};

/// Version of the protocol.
pub const PROTOCOL: u32 = 1;
/// Kinds of vectors that an engine executes; those of other kinds run no guest.
pub const EXECUTION_KINDS: [&str; 3] = ["call", "message", "chain"];
/// Longest line of an engine in bytes, without the bytes of memory that it is asked for.
pub const LINE_BYTES_MAX: usize = 65_536;

/// A line to the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The first line; the reply is [`Reply::Hello`].
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// Version of Lockstep.
        lockstep: String,
        /// Id of the rules of version 1.
        rules: String,
        /// [`EXECUTION_KINDS`].
        kinds: Vec<String>,
    },
    /// A module, before its first frame; the reply is [`Reply::Ready`].
    Module {
        /// Number by which frames name it.
        module: u32,
        /// SHA-256 of the original module.
        code_hash: String,
        /// Id of the rules that price it.
        rules: String,
        /// The instrumented module, if the engine takes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instrumented: Option<String>,
        /// The same for engines without `memory.copy` and `memory.fill`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instrumented_lower_bulk: Option<String>,
        /// The original module, if the engine takes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<String>,
    },
    /// Begins a frame on a fresh instance; the reply is that of [`Request::Resume`].
    Start {
        /// Number of the frame: how many are active already.
        frame: u32,
        /// Number of the module.
        module: u32,
        /// Export name of the function.
        entry: String,
        /// Its arguments: type, colon, signed decimal.
        arguments: Vec<String>,
        /// Gas limit of the frame.
        gas: String,
    },
    /// Asks for memory while a host call is pending; the reply is [`Reply::Bytes`].
    Need {
        /// Number of the frame.
        frame: u32,
        /// Pointer and length of each range, all inside the memory.
        ranges: Vec<(u32, u32)>,
    },
    /// The host call is done; the reply is [`Reply::Call`] or [`Reply::Exit`].
    Resume {
        /// Number of the frame.
        frame: u32,
        /// Result of the host function: type, colon, signed decimal.
        result: Option<String>,
        /// Gas left after the call.
        gas: String,
        /// Bytes to write into the memory first, each with its address.
        writes: Vec<(u32, String)>,
    },
    /// Ends the frame, also while a host call is pending; the reply is [`Reply::Ended`].
    End {
        /// Number of the frame.
        frame: u32,
        /// True if the reply must have the memory and the globals.
        state: bool,
    },
    /// Ends every frame; the reply is [`Reply::Ready`].
    Abandon,
}

/// A line of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// What the engine is.
    Hello(EngineHello),
    /// Done.
    Ready,
    /// The guest calls the host.
    Call {
        /// Name of the imported function.
        function: String,
        /// Core arguments, signed decimal.
        arguments: Vec<String>,
        /// Gas left, the `call` operator paid.
        gas: String,
        /// Size of the linear memory in bytes; 0 without one.
        memory: u32,
    },
    /// The guest ended.
    Exit {
        /// How.
        exit: ExitKind,
        /// Result of the entry, signed decimal; only after a return.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        /// Code of the trap; only after a trap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trap: Option<u16>,
        /// Gas left; not read when out of gas.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gas: Option<String>,
    },
    /// The ranges of memory, in the order in which they were asked for.
    Bytes {
        /// The bytes of each range.
        bytes: Vec<String>,
    },
    /// The frame is ended.
    Ended {
        /// The memory, if it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory: Option<MemoryDigest>,
        /// All globals of the original module in order, signed decimal, if they were asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        globals: Option<Vec<String>>,
    },
    /// The engine cannot go on with this vector.
    Failed {
        /// Why, in one line.
        why: String,
    },
}

/// What an engine is and takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineHello {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Name of the engine.
    pub name: String,
    /// Version of the engine.
    pub version: String,
    /// Kinds of vectors that it takes, of [`EXECUTION_KINDS`].
    pub kinds: Vec<String>,
    /// Forms of each module that it is sent.
    pub modules: Vec<ModuleForm>,
}

/// A form in which a module is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleForm {
    /// The instrumented module.
    Instrumented,
    /// The instrumented module without `memory.copy` and `memory.fill`.
    InstrumentedLowerBulk,
    /// The module as it was uploaded.
    Original,
}

/// How a guest ended without the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitKind {
    /// The entry returned.
    Return,
    /// The guest trapped.
    Trap,
    /// A charge could not be paid.
    OutOfGas,
}

/// The linear memory at the end of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryDigest {
    /// Its size in bytes; 0 without a memory.
    pub bytes: u32,
    /// SHA-256 of all of it, 64 lower-case digits.
    pub sha256: String,
}
