//! Explains rejection codes, traps and status codes.

use host_api::status;
use serde::Serialize;
use vm::Trap;
use vm::unstable::rejection::Rule;

/// A code with its explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ExplainedCode {
    pub(crate) kind: &'static str,
    pub(crate) code: String,
    pub(crate) name: &'static str,
    pub(crate) explanation: &'static str,
}

/// All codes: rejections, traps, statuses.
pub(crate) fn entries() -> Vec<ExplainedCode> {
    let rules = Rule::ALL.iter().map(|rule| ExplainedCode {
        kind: "rejection",
        code: rule.code(),
        name: rule.name(),
        explanation: rule.explanation(),
    });
    let traps = Trap::ALL.iter().map(|trap| ExplainedCode {
        kind: "trap",
        code: format!("T{}", trap.code()),
        name: trap.name(),
        explanation: trap_explanation(*trap),
    });
    let statuses = STATUSES
        .iter()
        .map(|(code, name, explanation)| ExplainedCode {
            kind: "status",
            code: format!("S{code}"),
            name,
            explanation,
        });
    rules.chain(traps).chain(statuses).collect()
}

/// The first sentence of a trap's explanation.
pub(crate) fn trap_summary(trap: Trap) -> &'static str {
    trap_explanation(trap).lines().next().unwrap_or_default()
}

/// What happened, the usual causes and the fix of a trap; the first line is the summary.
fn trap_explanation(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => {
            "the contract executed `unreachable`\n\
             Compilers emit it where a program must not continue: a panic or failed assertion in\n\
             Rust, `abort` or `__builtin_trap` in C. Look for the cause in the function that is\n\
             named, and in its caller."
        }
        Trap::IntegerDivideByZero => {
            "division or remainder by zero\n\
             Test the divisor first, also if it comes from the input of the call."
        }
        Trap::IntegerOverflow => {
            "the quotient does not fit the integer type\n\
             The smallest signed integer divided by -1 is one more than the largest one. Test for\n\
             this case before the division, or use checked division."
        }
        Trap::MemoryOutOfBounds => {
            "a load, store, copy or fill outside linear memory\n\
             Address plus offset plus size must not exceed the size of the memory. Usual causes\n\
             are a null or stale pointer with an offset, and memory that was not grown."
        }
        Trap::TableOutOfBounds => {
            "an indirect call with an index outside the table\n\
             A function pointer was overwritten or never set. Look for the write."
        }
        Trap::IndirectCallToNull => {
            "an indirect call of a null table entry\n\
             A null function pointer was called. Set the pointer, or test it before the call."
        }
        Trap::IndirectCallTypeMismatch => {
            "an indirect call of a function with a different type\n\
             A function pointer was cast to a type that its function does not have; correct the\n\
             cast. Types are compared after lowering: f32 equals i32 and f64 equals i64."
        }
        Trap::StackOverflow => {
            "the frames of the active functions need more than 65,536 stack slots\n\
             The frame of a function has a slot for each parameter, local and operand, at least\n\
             64: so at most 1,024 functions are active in a contract frame. Limit the depth of\n\
             the recursion, or replace it by a loop."
        }
        Trap::FloatInstruction => {
            "a float operator was executed\n\
             Floats are lowered: moves keep their bits; arithmetic, comparison and conversion\n\
             trap. Compute with integers in a fixed unit (fixed-point);\n\
             `lockstep check --floats reject` reports the first float operator."
        }
        other => host_trap_explanation(other),
    }
}

/// As [`trap_explanation`], for the traps of host functions.
fn host_trap_explanation(trap: Trap) -> &'static str {
    match trap {
        Trap::MemoryRange => {
            "a host call was given a memory range that exceeds linear memory\n\
             All ranges are checked at the start of the call, also if the length is 0. Correct\n\
             the pointer and the length that the contract passes."
        }
        Trap::KeyLength => {
            "the length of a storage key is not 1 to 256 bytes\nUse the hash of a longer key."
        }
        Trap::ValueLength => {
            "a storage value is longer than 64 KiB\nStore it in parts under several keys."
        }
        Trap::EventLimit => {
            "too many topics, events or event bytes\n\
             An event has at most 4 topics of 32 bytes; a transaction has at most 64 events with\n\
             64 KiB in total. Emit fewer or smaller events."
        }
        Trap::StaticViolation => {
            "a static call tried to change state\n\
             A static call and all calls that it makes may not write or remove values and may not\n\
             emit events. Use an ordinary call where state has to change."
        }
        Trap::ItemLimit => {
            "a list of points has too many items\n\
             A sum of multiples has at most 128 terms, a check of pairings at most 32 pairs.\n\
             Add the sums of several calls. Pairs with the same point of one group can be\n\
             joined by adding their points of the other."
        }
        Trap::OutputLength => {
            "the output is longer than 64 KiB\nReturn less, or store it and return its key."
        }
        Trap::UnknownFlag => {
            "a flag argument has a bit that is not defined\n\
             Set the undefined bits of the argument to zero."
        }
        _ => "this version of the command cannot explain this trap",
    }
}

const STATUSES: &[(u16, &str, &str)] = &[
    (
        status::RETURN,
        "RETURN",
        "The callee returned; its effects are kept.",
    ),
    (
        status::REVERT,
        "REVERT",
        "The callee reverted; its effects are undone, its output can be read.",
    ),
    (
        status::TRAP,
        "TRAP",
        "The callee trapped; its effects are undone. The trap's code is not visible.",
    ),
    (
        status::OUT_OF_GAS,
        "OUT_OF_GAS",
        "The callee ran out of gas; its effects are undone.",
    ),
    (
        status::DEPTH,
        "DEPTH",
        "The call did not start: 16 contract frames are active already.",
    ),
    (
        status::REENTRY,
        "REENTRY",
        "The call did not start: the callee has an active frame and did not allow re-entry.",
    ),
    (
        status::BALANCE,
        "BALANCE",
        "The call did not start: the caller's balance is less than the value.",
    ),
    (
        status::NO_CODE,
        "NO_CODE",
        "The call did not start: the address has no code.",
    ),
    (
        status::NO_ENTRY,
        "NO_ENTRY",
        "The call did not start: the code has no entry of this name.",
    ),
    (
        status::TAKEN,
        "TAKEN",
        "The deployment did not start: the address has code already.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trap_has_an_explanation_of_its_own() {
        let texts: std::collections::BTreeSet<&str> =
            Trap::ALL.iter().map(|trap| trap_summary(*trap)).collect();
        assert_eq!(texts.len(), Trap::ALL.len());
        assert!(texts.iter().all(|text| !text.contains("cannot explain")));
    }

    #[test]
    fn every_status_of_the_host_is_explained_under_its_name() {
        let explained: Vec<(u16, &str)> = STATUSES.iter().map(|row| (row.0, row.1)).collect();
        let known: Vec<(u16, &str)> = status::ALL.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(explained, known);
    }
}
