//! Describes why a call did not return: location, cause and fix.

use contract_types::{Address, Revert};
use core::fmt;
use vm::{Fault, Rejection, Trap};

/// A failed call; it did not change the state.
#[derive(Debug)]
pub struct Failure {
    pub(crate) context: Box<FailureContext>,
}

/// The failed call, its gas and its cause.
#[derive(Debug)]
pub(crate) struct FailureContext {
    pub(crate) contract: Address,
    pub(crate) name: Option<String>,
    pub(crate) entry: String,
    pub(crate) gas_used: u64,
    pub(crate) gas_limit: u64,
    pub(crate) log: String,
    /// Descriptions of failed inner frames, in the order in which they ended.
    pub(crate) inside: Vec<String>,
    pub(crate) cause: Cause,
}

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The contract reverted.
    Reverted {
        /// Output of the contract.
        output: Vec<u8>,
        /// The output decoded as the SDK's revert, if it is one.
        revert: Option<Revert>,
        /// Meaning of the revert code, if the contract's interface has it.
        meaning: Option<String>,
    },
    /// The call did not start.
    NotStarted {
        /// Status code of `host_api::status`.
        status: u16,
        /// Meaning of the status, with the values that caused it.
        detail: String,
    },
    /// The contract trapped.
    Trapped {
        /// The trap.
        trap: Trap,
        /// Active functions of the called contract, innermost first.
        functions: Vec<String>,
        /// Byte offset of the operator in the module.
        offset: Option<u64>,
    },
    /// The call ran out of gas.
    OutOfGas {
        /// Price of the contract frame, charged before its first operator, in gas.
        frame_gas: u64,
    },
    /// The module was rejected.
    Rejected(Rejection),
    /// Two engines have different outcomes: a bug in one of them.
    EnginesDiffer {
        /// Names of both engines.
        engines: (&'static str, &'static str),
        /// Outcomes of both engines.
        outcomes: (String, String),
    },
    /// This machine failed.
    Machine(Fault),
}

impl Failure {
    /// Why the call failed.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.context.cause
    }

    /// Address of the called contract, or of the one that would have been deployed.
    #[must_use]
    pub fn contract(&self) -> Address {
        self.context.contract
    }

    /// The called entry.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.context.entry
    }

    /// Gas used; the whole limit if the call ran out of gas.
    #[must_use]
    pub fn gas_used(&self) -> u64 {
        self.context.gas_used
    }

    /// Text that the contracts wrote with `debug_log`.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.context.log
    }

    /// Descriptions of failed calls between contracts, one line each, in the order in which they
    /// ended; the calling contract may have continued after one.
    #[must_use]
    pub fn inside(&self) -> &[String] {
        &self.context.inside
    }

    /// The code of the SDK's revert, if the contract reverted with one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self.cause() {
            Cause::Reverted { revert, .. } => revert.as_ref().map(|revert| revert.code),
            _ => None,
        }
    }

    /// The trap, if the contract trapped.
    #[must_use]
    pub fn trap(&self) -> Option<Trap> {
        match self.cause() {
            Cause::Trapped { trap, .. } => Some(*trap),
            _ => None,
        }
    }

    /// The status code of a call that did not start.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Cause::NotStarted { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// True if the call ran out of gas.
    #[must_use]
    pub fn is_out_of_gas(&self) -> bool {
        matches!(self.cause(), Cause::OutOfGas { .. })
    }
}

impl std::error::Error for Failure {}

/// `token.transfer: reverted with code 2, InsufficientBalance: ...`, then gas and log.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FailureContext {
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
            return write!(f, "the module is rejected: {rejection}");
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
            Self::NotStarted { status, detail } => {
                write!(f, "not started, status {status}: {detail}")
            }
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
                "out of gas; the contract frame alone costs {frame_gas}; set a higher limit with \
                 `Call::gas`, or look for an endless loop"
            ),
            Self::Rejected(rejection) => write!(f, "{rejection}"),
            Self::EnginesDiffer {
                engines: (one, other),
                outcomes: (left, right),
            } => write!(f, "the engines {one} and {other} differ: {left} | {right}"),
            Self::Machine(fault) => write!(f, "this machine failed: {fault}"),
        }
    }
}

/// Number of callers shown of the function that trapped.
const CALLERS_SHOWN: usize = 4;

/// Usual cause or fix of a trap, in one line.
const fn advice(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => "a panic: an overflow, an index, an unwrap, or no memory left",
        Trap::IntegerDivideByZero => "test the divisor before the division",
        Trap::IntegerOverflow => "the smallest signed integer was divided by -1",
        Trap::MemoryOutOfBounds => "a pointer outside of memory, or a stack overflow",
        Trap::StackOverflow => "the recursion is too deep: use a loop",
        Trap::FloatInstruction => "floats can be moved, but not computed with",
        Trap::MemoryRange => "a pointer and length passed to the host exceed memory",
        Trap::KeyLength => "a storage key must have 1 to 256 bytes",
        Trap::ValueLength => "a storage value may have at most 64 KiB",
        Trap::EventLimit => "a transaction may emit at most 64 events and 64 KiB",
        Trap::StaticViolation => "a call with STATIC must not change state",
        Trap::OutputLength => "input and output may have at most 64 KiB",
        Trap::ItemLimit => "a list may have at most 128 terms, or 32 pairs of points",
        Trap::UnknownFlag => "the only flags are ALLOW_REENTRY and STATIC",
        _ => "a function pointer is null or has another type than the call",
    }
}

/// The first four bytes of an address in hexadecimal.
pub(crate) fn short(address: &Address) -> String {
    let bytes = address.0.iter().take(4);
    let text: String = bytes.map(|byte| format!("{byte:02x}")).collect();
    format!("{text}..")
}
