//! Defines the engine interface: start, suspend at a host call, resume.
//!
//! The interpreter, the reference interpreter R and the instrumented module in another engine
//! implement [`Execution`]; one host dispatch ([`crate::host`]) and one frame loop
//! ([`crate::frames`]) serve them all. A host call leaves the engine as a [`Step`]: no code of the
//! host runs inside an engine.

use crate::fault::Fault;
use crate::gas::GasMeter;
use crate::module::{CheckedModule, ValueType};
use crate::outcome::Diagnosis;
use crate::rules::Rules;
use crate::trap::Trap;
use host_api::Function;
use std::ops::Deref;
use std::sync::Arc;

/// An integer value of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A 32-bit integer; the operator decides whether it is signed.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
}

impl Value {
    /// The value's type.
    #[must_use]
    pub const fn value_type(self) -> ValueType {
        match self {
            Self::I32(_) => ValueType::I32,
            Self::I64(_) => ValueType::I64,
        }
    }

    /// The value in a slot of 64 bits; the upper half of an `i32` is zero.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "u32 widened; From is not const")]
    pub const fn to_bits(self) -> u64 {
        match self {
            Self::I32(value) => value.cast_unsigned() as u64,
            Self::I64(value) => value.cast_unsigned(),
        }
    }

    /// The value of type `value_type` in a slot; the upper half is ignored for an `i32`.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        reason = "truncation to the low half is the definition"
    )]
    pub const fn from_bits(value_type: ValueType, bits: u64) -> Self {
        match value_type {
            ValueType::I32 => Self::I32((bits as u32).cast_signed()),
            ValueType::I64 => Self::I64(bits.cast_signed()),
        }
    }
}

/// What an instance runs: its start function if it has one, then `entry`.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Index of the function in the module's index space; not an import.
    pub entry: u32,
    /// Arguments of the entry; their types are those of its signature (the engine may rely on it).
    pub arguments: Vec<Value>,
    /// Gas meter of the contract frame.
    pub gas: GasMeter,
}

/// Why an engine returned control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The guest called this host function; the `call` itself is charged already. The arguments are
    /// in [`Execution::pending`]. Continue with [`Execution::resume`] or drop the execution.
    HostCall(Function),
    /// The guest ended.
    Exit(Stop),
}

/// What the host needs for the pending host call, borrowed from the engine: calls are too frequent
/// for copies.
#[derive(Debug)]
pub struct Pending<'e> {
    /// Core arguments in slots, as [`Value::to_bits`]; empty if no host call is pending.
    pub arguments: &'e [u64],
    /// The linear memory.
    pub memory: &'e mut [u8],
    /// Gas meter of the frame.
    pub gas: &'e mut GasMeter,
}

/// A call of a host function, for engines that must copy the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The host function.
    pub function: Function,
    /// Core arguments in slots, as [`Value::to_bits`].
    pub arguments: Arguments,
}

/// Parameters of the host function that has the most; a test compares it with the table.
pub const HOST_ARGUMENTS_MAX: usize = 9;

/// Arguments of a host call, without an allocation: calls are too frequent for one each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// One more than any function has, so that a list that is too long is detected.
    slots: [u64; HOST_ARGUMENTS_MAX + 1],
    length: usize,
}

impl Arguments {
    /// Appends an argument. There is room for one more than [`HOST_ARGUMENTS_MAX`], so the host
    /// detects a list that is too long; further arguments are dropped.
    pub fn push(&mut self, slot: u64) {
        if let Some(free) = self.slots.get_mut(self.length) {
            *free = slot;
            self.length = self.length.saturating_add(1);
        }
    }
}

impl Deref for Arguments {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        self.slots.get(..self.length).unwrap_or_default()
    }
}

impl FromIterator<u64> for Arguments {
    fn from_iter<I: IntoIterator<Item = u64>>(slots: I) -> Self {
        let mut arguments = Self::default();
        slots.into_iter().for_each(|slot| arguments.push(slot));
        arguments
    }
}

impl From<Vec<u64>> for Arguments {
    fn from(slots: Vec<u64>) -> Self {
        slots.into_iter().collect()
    }
}

/// How the guest ended without the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The entry returned this value.
    Return(Option<Value>),
    /// The guest trapped; gas is exact.
    Trap(Trap),
    /// A charge could not be paid.
    OutOfGas,
}

/// The engine interface: one instance of a module, running or suspended. It serves one contract
/// frame and is then dropped.
pub trait Execution: Send {
    /// Runs the start function if there is one, then the entry of `frame`.
    ///
    /// # Errors
    /// A [`Fault`] of this machine; a guest cannot cause one.
    fn start(&mut self, frame: Invocation) -> Result<Step, Box<Fault>>;

    /// Continues after a host call with its result, of the type that the host table says.
    ///
    /// # Errors
    /// As [`Execution::start`].
    fn resume(&mut self, result: Option<Value>) -> Result<Step, Box<Fault>>;

    /// The pending host call, after [`Step::HostCall`].
    fn pending(&mut self) -> Pending<'_>;

    /// The current linear memory; empty if the module has none.
    fn memory(&mut self) -> &mut [u8] {
        self.pending().memory
    }

    /// Gas meter of the frame, exact at each [`Step`].
    fn gas(&mut self) -> &mut GasMeter {
        self.pending().gas
    }

    /// Values of all globals in order, for comparison after a return.
    ///
    /// # Errors
    /// As [`Execution::start`].
    fn globals(&mut self) -> Result<Vec<Value>, Fault>;

    /// Diagnosis of the last trap; outside the result.
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::default()
    }
}

/// Makes instances of modules; may cache compiled modules by (code hash, rules id).
pub trait Engine: Send + Sync {
    /// Name of the engine, for messages.
    fn name(&self) -> &'static str;

    /// Bounds the bytes of memory that the engine keeps for modules between contract frames; does
    /// nothing for an engine that keeps none. Results do not depend on it.
    fn bound_cache(&self, bytes_max: u64) {
        let _ = bytes_max;
    }

    /// Makes in advance what the first contract frames would otherwise make, such as memories, so
    /// that none of them takes longer than its gas pays for. A node calls it when it opens; results
    /// do not depend on it.
    fn prepare(&self) {}

    /// A fresh instance: memory, table and globals are initialised, no guest code has run.
    ///
    /// # Errors
    /// A [`Fault`] if this machine cannot provide what the profile allows.
    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault>;
}

#[cfg(test)]
mod tests {
    use super::{HOST_ARGUMENTS_MAX, Step};
    use crate::fault::Fault;

    #[test]
    fn a_step_is_two_words() {
        assert!(size_of::<Result<Step, Box<Fault>>>() <= 16);
    }

    #[test]
    fn the_arguments_of_every_host_function_fit() {
        let most = host_api::TABLE
            .iter()
            .map(|row| row.parameters().count())
            .max();
        assert_eq!(most, Some(HOST_ARGUMENTS_MAX));
    }
}
