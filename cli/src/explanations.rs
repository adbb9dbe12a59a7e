//! Explains rejections, traps and statuses.

use host_api::status;
use serde::Serialize;
use vm::Trap;
use vm::unstable::rejection::Rule;

/// Something that can be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub(crate) kind: &'static str,
    pub(crate) code: String,
    pub(crate) name: &'static str,
    pub(crate) explanation: &'static str,
}

/// Everything that can be explained: rejections, traps, statuses.
pub(crate) fn entries() -> Vec<Entry> {
    let rules = Rule::ALL.iter().map(|rule| Entry {
        kind: "rejection",
        code: rule.code(),
        name: rule.name(),
        explanation: rule.explanation(),
    });
    let traps = Trap::ALL.iter().map(|trap| Entry {
        kind: "trap",
        code: format!("T{}", trap.code()),
        name: trap.name(),
        explanation: trap_explanation(*trap),
    });
    let statuses = STATUSES.iter().map(|(code, name, explanation)| Entry {
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

/// What happened, usual causes, and what to do; the first line stands alone.
fn trap_explanation(trap: Trap) -> &'static str {
    match trap {
        Trap::Unreachable => {
            "the contract executed `unreachable`\n\
             Compilers write it where a program must not go on: a panic or failed assertion in\n\
             Rust, `abort` or `__builtin_trap` in C. Look at the function that is named, and at\n\
             its caller."
        }
        Trap::IntegerDivideByZero => {
            "division or remainder by zero\n\
             Test the divisor first; an input of the call can choose it."
        }
        Trap::IntegerOverflow => {
            "the quotient has no representation\n\
             The least signed integer divided by -1 is one more than the greatest."
        }
        Trap::MemoryOutOfBounds => {
            "a load, store, copy or fill outside linear memory\n\
             The address plus its offset and size must not exceed the memory's size. A null or\n\
             stale pointer with an offset, or memory that was not grown, are the usual causes."
        }
        Trap::TableOutOfBounds => {
            "an indirect call with an index outside the table\n\
             A function pointer was overwritten or never set."
        }
        Trap::IndirectCallToNull => {
            "an indirect call of an empty table entry\n\
             A null function pointer was called."
        }
        Trap::IndirectCallTypeMismatch => {
            "an indirect call of a function of another type\n\
             A function pointer was cast to a type that its function does not have. Types are\n\
             compared after lowering: f32 equals i32 and f64 equals i64."
        }
        Trap::StackOverflow => {
            "the active functions weigh more than 65,536 slots\n\
             Each active function weighs its parameters, locals and operands, at least 64: so at\n\
             most 1,024 are active in a contract frame. Bound the recursion, or make it a loop."
        }
        Trap::FloatInstruction => {
            "a float operator was reached\n\
             Floats are lowered: moves keep their bits, arithmetic, comparison and conversion\n\
             stop the contract. Compute with integers in a fixed unit;\n\
             `lockstep check --floats reject` names the first operator."
        }
        Trap::MemoryRange => {
            "a host call's pointer and length leave linear memory\n\
             All ranges are checked at the call's beginning, also when the length is 0."
        }
        Trap::KeyLength => "a storage key is not 1 to 256 bytes long\nHash longer keys first.",
        Trap::ValueLength => "a storage value is longer than 64 KiB\nSplit it over several keys.",
        Trap::EventLimit => {
            "too many topics, events or event bytes\n\
             At most 4 topics of 32 bytes an event, 64 events and 64 KiB a transaction."
        }
        Trap::StaticViolation => {
            "a static call tried to change state\n\
             Static is inherited: nothing below a static call may write, remove or emit."
        }
        Trap::OutputLength => {
            "output is longer than 64 KiB\nReturn less, or store it and return its key."
        }
        Trap::UnknownFlag => {
            "a flag that the interface does not define\n\
             Unused bits of a flag argument must be zero."
        }
        _ => "a trap that this version cannot explain",
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
        "The callee used up its gas; its effects are undone.",
    ),
    (
        status::DEPTH,
        "DEPTH",
        "The call never began: 16 contracts are on the stack already.",
    ),
    (
        status::REENTRY,
        "REENTRY",
        "The call never began: the callee is on the stack and did not allow re-entry.",
    ),
    (
        status::BALANCE,
        "BALANCE",
        "The call never began: the caller cannot pay the value.",
    ),
    (
        status::NO_CODE,
        "NO_CODE",
        "The call never began: the address has no code.",
    ),
    (
        status::NO_ENTRY,
        "NO_ENTRY",
        "The call never began: the code has no such entry.",
    ),
    (
        status::TAKEN,
        "TAKEN",
        "The deploy never began: the address has code already.",
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
}
