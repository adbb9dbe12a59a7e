//! Numbers the traps; pinned, never reused, frozen by a test.
//!
//! A trap is part of a result: the code and nothing more. Function, offset and names are a
//! diagnosis beside it. Specification: docs/spec/outcome.md (consensus: "Outcome").

/// Why a guest was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u16)]
pub enum Trap {
    /// `unreachable` was executed.
    Unreachable = 1,
    /// Division or remainder by zero.
    IntegerDivideByZero = 2,
    /// The quotient of the least integer and -1 has no representation.
    IntegerOverflow = 3,
    /// A load, store or bulk operation outside linear memory.
    MemoryOutOfBounds = 4,
    /// `call_indirect` with an index outside the table.
    TableOutOfBounds = 5,
    /// `call_indirect` of an empty table entry.
    IndirectCallToNull = 6,
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch = 7,
    /// The active functions of the contract frame weigh more than 65,536 slots.
    StackOverflow = 8,
    /// A float operator other than a move.
    FloatInstruction = 9,
    /// A host call's pointer and length leave linear memory.
    MemoryRange = 64,
    /// A storage key is shorter than 1 or longer than 256 bytes.
    KeyLength = 65,
    /// A storage value is longer than 64 KiB.
    ValueLength = 66,
    /// Too many topics, events or event bytes.
    EventLimit = 67,
    /// A static frame tried to change state.
    StaticViolation = 68,
    /// Input or output longer than 64 KiB.
    OutputLength = 69,
    /// A flag that the interface does not define.
    UnknownFlag = 70,
}

impl Trap {
    /// Every trap, in the order of its code.
    pub const ALL: &[Self] = &[
        Self::Unreachable,
        Self::IntegerDivideByZero,
        Self::IntegerOverflow,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::IndirectCallToNull,
        Self::IndirectCallTypeMismatch,
        Self::StackOverflow,
        Self::FloatInstruction,
        Self::MemoryRange,
        Self::KeyLength,
        Self::ValueLength,
        Self::EventLimit,
        Self::StaticViolation,
        Self::OutputLength,
        Self::UnknownFlag,
    ];

    /// The code that goes into a receipt.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr u16")]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The trap of a code.
    #[must_use]
    pub fn of_code(code: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|trap| trap.code() == code)
    }

    /// The trap's name, as in `--json` output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "Unreachable",
            Self::IntegerDivideByZero => "IntegerDivideByZero",
            Self::IntegerOverflow => "IntegerOverflow",
            Self::MemoryOutOfBounds => "MemoryOutOfBounds",
            Self::TableOutOfBounds => "TableOutOfBounds",
            Self::IndirectCallToNull => "IndirectCallToNull",
            Self::IndirectCallTypeMismatch => "IndirectCallTypeMismatch",
            Self::StackOverflow => "StackOverflow",
            Self::FloatInstruction => "FloatInstruction",
            Self::MemoryRange => "MemoryRange",
            Self::KeyLength => "KeyLength",
            Self::ValueLength => "ValueLength",
            Self::EventLimit => "EventLimit",
            Self::StaticViolation => "StaticViolation",
            Self::OutputLength => "OutputLength",
            Self::UnknownFlag => "UnknownFlag",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Trap;

    #[test]
    fn codes_are_frozen() {
        let codes: Vec<u16> = Trap::ALL.iter().map(|trap| trap.code()).collect();
        assert_eq!(
            codes,
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 65, 66, 67, 68, 69, 70]
        );
        assert!(
            Trap::ALL
                .iter()
                .all(|trap| Trap::of_code(trap.code()) == Some(*trap))
        );
    }
}
