//! Translates what the suite expects of an action into values and traps of the VM.

use vm::Trap;
use vm::unstable::frames::FrameExit;

/// How an action must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// With a return of any values.
    AnyReturn,
    /// With these results.
    Return(Vec<Pattern>),
    /// With this trap.
    Trap(Trap),
    /// With a trap for which the VM has no code; the message of the suite.
    OtherTrap(String),
}

/// A set of values, given by bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// One value of 32 bits.
    Bits32(u32),
    /// One value of 64 bits.
    Bits64(u64),
    /// `nan:canonical` of 32 bits.
    CanonicalNan32,
    /// `nan:canonical` of 64 bits.
    CanonicalNan64,
    /// `nan:arithmetic` of 32 bits.
    ArithmeticNan32,
    /// `nan:arithmetic` of 64 bits.
    ArithmeticNan64,
    /// Any of these.
    Either(Vec<Self>),
    /// A reference or a vector.
    Other,
}

const SIGN_32: u64 = 1 << 31;
const SIGN_64: u64 = 1 << 63;
/// Exponent and first bit of the fraction.
const QUIET_32: u64 = 0x7fc0_0000;
const QUIET_64: u64 = 0x7ff8_0000_0000_0000;

/// The message of the suite for each trap, as a prefix (`uninitialized element 7`).
const MESSAGES: [(&str, Trap); 8] = [
    ("unreachable", Trap::Unreachable),
    ("integer divide by zero", Trap::IntegerDivideByZero),
    ("integer overflow", Trap::IntegerOverflow),
    ("out of bounds memory access", Trap::MemoryOutOfBounds),
    ("undefined", Trap::TableOutOfBounds),
    ("uninitialized", Trap::IndirectCallToNull),
    (
        "indirect call type mismatch",
        Trap::IndirectCallTypeMismatch,
    ),
    ("call stack exhausted", Trap::StackOverflow),
];

impl Expectation {
    /// The expectation for the message of a trap.
    pub(crate) fn of_message(message: &str) -> Self {
        let found = MESSAGES
            .iter()
            .find(|(words, _)| message.starts_with(words));
        match found {
            Some((_, trap)) => Self::Trap(*trap),
            None => Self::OtherTrap(message.to_owned()),
        }
    }

    /// True if `exit` is as expected; `bits` are those of the returned value.
    pub(crate) fn matches(&self, exit: &FrameExit, bits: Option<u64>) -> bool {
        match (self, exit) {
            (Self::AnyReturn, FrameExit::Return { .. }) => true,
            (Self::Return(patterns), FrameExit::Return { .. }) => match (patterns.as_slice(), bits)
            {
                ([], None) => true,
                ([pattern], Some(bits)) => pattern.matches(bits),
                _ => false,
            },
            (Self::Trap(expected), FrameExit::Trap(found)) => expected == found,
            _ => false,
        }
    }
}

impl Pattern {
    fn matches(&self, bits: u64) -> bool {
        match self {
            Self::Bits32(expected) => u64::from(*expected) == bits,
            Self::Bits64(expected) => *expected == bits,
            Self::CanonicalNan32 => bits & !SIGN_32 == QUIET_32,
            Self::CanonicalNan64 => bits & !SIGN_64 == QUIET_64,
            Self::ArithmeticNan32 => bits & QUIET_32 == QUIET_32,
            Self::ArithmeticNan64 => bits & QUIET_64 == QUIET_64,
            Self::Either(patterns) => patterns.iter().any(|pattern| pattern.matches(bits)),
            Self::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_patterns_are_those_of_the_suite() {
        assert!(Pattern::CanonicalNan32.matches(0xffc0_0000));
        assert!(!Pattern::CanonicalNan32.matches(0x7fc0_0001));
        assert!(Pattern::ArithmeticNan32.matches(0x7fc0_0001));
        assert!(!Pattern::ArithmeticNan32.matches(0x7fa0_0000));
        assert!(Pattern::ArithmeticNan64.matches(0xfff8_0000_0000_0001));
        assert!(!Pattern::CanonicalNan64.matches(0x7ff4_0000_0000_0000));
    }

    #[test]
    fn a_value_where_none_is_expected_is_a_difference() {
        let exit = FrameExit::Return {
            value: None,
            output: Vec::new(),
        };
        let empty = Expectation::Return(Vec::new());
        assert!(empty.matches(&exit, None) && !empty.matches(&exit, Some(0)));
        assert!(!Expectation::Trap(Trap::Unreachable).matches(&exit, None));
    }
}
