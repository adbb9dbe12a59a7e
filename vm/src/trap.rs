//! Defines the traps and their codes; codes are pinned, never reused and frozen by a test.
//!
//! Only the code of a trap is part of the result. Function, offset and names belong to the
//! diagnosis.
//!
//! Specification: docs/spec/outcome.md, "Outcome".

/// Why a guest trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u16)]
pub enum Trap {
    /// `unreachable` was executed.
    Unreachable = 1,
    /// Division or remainder by zero.
    IntegerDivideByZero = 2,
    /// Division of the least integer by -1: the quotient is not representable.
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
    /// A float operator other than a move was executed.
    FloatInstruction = 9,
    /// The range of a host call's argument is outside linear memory.
    MemoryRange = 64,
    /// A storage key is shorter than 1 or longer than 256 bytes.
    KeyLength = 65,
    /// A storage value is longer than 64 KiB.
    ValueLength = 66,
    /// Too many topics, events or event bytes.
    EventLimit = 67,
    /// A static frame called a function that changes state.
    StaticViolation = 68,
    /// Input or output longer than 64 KiB.
    OutputLength = 69,
    /// A call has a flag that the host interface does not define.
    UnknownFlag = 70,
    /// Too many terms of a sum of multiples, or pairs of a check of pairings.
    ItemLimit = 71,
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
        Self::ItemLimit,
    ];

    /// The code that goes into a receipt.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr u16")]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The trap that has this code.
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
            Self::ItemLimit => "ItemLimit",
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
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 65, 66, 67, 68, 69, 70, 71]
        );
        assert!(
            Trap::ALL
                .iter()
                .all(|trap| Trap::of_code(trap.code()) == Some(*trap))
        );
    }
}
