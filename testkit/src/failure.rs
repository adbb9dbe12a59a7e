//! Says why a call did not return: where, why, and what to do about it.

use contract_types::{Address, Revert};
use core::fmt;
use vm::{Fault, Rejection, Trap};

/// A call that changed nothing.
#[derive(Debug)]
pub struct Failure {
    pub(crate) context: Box<Context>,
}

/// Where it failed, and what it had cost by then.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) contract: Address,
    pub(crate) name: Option<String>,
    pub(crate) entry: String,
    pub(crate) gas_used: u64,
    pub(crate) gas_limit: u64,
    pub(crate) log: String,
    /// Frames below that failed, in the order of their ends.
    pub(crate) inside: Vec<String>,
    pub(crate) cause: Cause,
}

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The contract refused.
    Reverted {
        /// What it returned.
        output: Vec<u8>,
        /// The same as the SDK spells a refusal, if it is one.
        revert: Option<Revert>,
        /// What the code means, where the contract says.
        meaning: Option<String>,
    },
    /// The call never began.
    NotBegun {
        /// A status of `host_api::status`.
        status: u16,
        /// What is there and what was wanted.
        detail: String,
    },
    /// The contract was stopped.
    Trapped {
        /// Why.
        trap: Trap,
        /// Active functions of the called contract, innermost first.
        functions: Vec<String>,
        /// Byte offset of the operator in the module.
        offset: Option<u64>,
    },
    /// The gas did not suffice.
    OutOfGas {
        /// What the frame costs before its first operator.
        frame_gas: u64,
    },
    /// The bytes are no contract.
    Rejected(Rejection),
    /// Two engines answer differently: a bug of one of them.
    EnginesDiffer {
        /// Names of the two.
        engines: (&'static str, &'static str),
        /// What they answered.
        outcomes: (String, String),
    },
    /// This machine failed.
    Machine(Fault),
}

impl Failure {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.context.cause
    }

    /// What was called, or would have been made.
    #[must_use]
    pub fn contract(&self) -> Address {
        self.context.contract
    }

    /// The entry.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.context.entry
    }

    /// Gas used: on out of gas the whole limit.
    #[must_use]
    pub fn gas_used(&self) -> u64 {
        self.context.gas_used
    }

    /// What the contracts wrote by `debug_log`.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.context.log
    }

    /// Calls between contracts that failed inside, each in one line, in the order of their ends;
    /// the called contract may have gone on after one.
    #[must_use]
    pub fn inside(&self) -> &[String] {
        &self.context.inside
    }

    /// The code of a refusal as the SDK spells it.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self.cause() {
            Cause::Reverted { revert, .. } => revert.as_ref().map(|revert| revert.code),
            _ => None,
        }
    }

    /// The trap, if it is one.
    #[must_use]
    pub fn trap(&self) -> Option<Trap> {
        match self.cause() {
            Cause::Trapped { trap, .. } => Some(*trap),
            _ => None,
        }
    }

    /// The status of a call that never began.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Cause::NotBegun { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the gas did not suffice.
    #[must_use]
    pub fn is_out_of_gas(&self) -> bool {
        matches!(self.cause(), Cause::OutOfGas { .. })
    }
}

impl std::error::Error for Failure {}

/// `token.transfer: reverted with code 2, InsufficientBalance: ...`, then gas and log.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context {
            contract,
            name,
            entry,
            gas_used,
            gas_limit,
            log,
            inside,
            cause,
        } = &*self.context;
        if let Cause::Rejected(rejection) = cause {
            return write!(f, "the bytes are refused: {rejection}");
        }
        match name {
            Some(name) => write!(f, "{name}.{entry}: {cause}")?,
            None => write!(f, "{}.{entry}: {cause}", short(contract))?,
        }
        write!(f, "; gas used {gas_used} of {gas_limit}")?;
        if let Some(last) = inside.last() {
            write!(f, "; inside, {last}")?;
        }
        if log.is_empty() {
            return Ok(());
        }
        write!(f, "; log: {log:?}")
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reverted {
                output,
                revert,
                meaning,
            } => match revert {
                Some(Revert { code, message }) => {
                    write!(f, "reverted with code {code}")?;
                    for text in [meaning, message].into_iter().flatten() {
                        write!(f, ", {text}")?;
                    }
                    Ok(())
                }
                None => write!(f, "reverted with {} bytes: {output:?}", output.len()),
            },
            Self::NotBegun { status, detail } => write!(f, "not begun, status {status}: {detail}"),
            Self::Trapped {
                trap,
                functions,
                offset,
            } => {
                write!(f, "trap {} {}", trap.code(), trap.name())?;
                if let Some((innermost, callers)) = functions.split_first() {
                    write!(f, " in {innermost}")?;
                    for caller in callers.iter().take(CALLERS_SHOWN) {
                        write!(f, " < {caller}")?;
                    }
                    if callers.len() > CALLERS_SHOWN {
                        f.write_str(" < ...")?;
                    }
                }
                offset.map_or(Ok(()), |offset| write!(f, " at byte {offset}"))?;
                write!(f, "; {}", advice(*trap))
            }
            Self::OutOfGas { frame_gas } => write!(
                f,
                "out of gas; the frame alone costs {frame_gas}; give more by `Call::gas`, or look \
                 for a loop without an end"
            ),
            Self::Rejected(rejection) => write!(f, "{rejection}"),
            Self::EnginesDiffer {
                engines: (one, other),
                outcomes: (left, right),
            } => write!(f, "{one} and {other} differ: {left} | {right}"),
            Self::Machine(fault) => write!(f, "this machine failed: {fault}"),
        }
    }
}

/// Callers of the function that trapped, in one line.
const CALLERS_SHOWN: usize = 4;

/// What to do about a trap, in one line.
const fn advice(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => "a panic: an overflow, an index, an unwrap, or no memory left",
        Trap::IntegerDivideByZero => "check the divisor before",
        Trap::IntegerOverflow => "the least integer divided by -1",
        Trap::MemoryOutOfBounds => "a pointer outside memory, or the stack ran into its end",
        Trap::StackOverflow => "recursion is too deep: make it a loop",
        Trap::FloatInstruction => "floats may be moved, not computed with",
        Trap::MemoryRange => "a pointer and length handed to the host leave memory",
        Trap::KeyLength => "a storage key has 1 to 256 bytes",
        Trap::ValueLength => "a storage value has at most 64 KiB",
        Trap::EventLimit => "at most 64 events and 64 KiB of them in a transaction",
        Trap::StaticViolation => "a call with STATIC must not change state",
        Trap::OutputLength => "input and output have at most 64 KiB",
        Trap::UnknownFlag => "flags are ALLOW_REENTRY and STATIC",
        _ => "a function pointer is not what it was taken for",
    }
}

/// The first bytes of an address in hex.
pub(crate) fn short(address: &Address) -> String {
    let bytes = address.0.iter().take(4);
    let text: String = bytes.map(|byte| format!("{byte:02x}")).collect();
    format!("{text}..")
}
