//! Runs `lockstep explain`: the long form of rejections, traps and statuses.

use crate::args::Explain;
use crate::failure::{Answer, Failure, Verdict};
use crate::print::{self, printable};
use host_api::status;
use serde::Serialize;
use vm::Trap;
use vm::unstable::rejection::Rule;

/// Edits at which a word is no longer taken for a misspelling.
const EDITS_MAX: usize = 4;

/// Something that can be explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Entry {
    kind: &'static str,
    code: String,
    name: &'static str,
    explanation: &'static str,
}

/// Explains one code, or lists all.
///
/// # Errors
/// [`Failure::Usage`] for a code that does not exist.
pub(crate) fn run(arguments: &Explain) -> Answer {
    let entries = entries();
    let Some(code) = &arguments.code else {
        return list(&entries, arguments.json);
    };
    let Some(entry) = find(&entries, code) else {
        let nearest = nearest(&entries, code)
            .map(|entry| format!("; did you mean `{}` ({})?", entry.code, entry.name))
            .unwrap_or_default();
        return Err(Failure::Usage(format!(
            "nothing is called `{}`{nearest}\n`lockstep explain` lists everything",
            printable(code)
        )));
    };
    if arguments.json {
        print::json(entry)?;
    } else {
        let Entry {
            kind,
            code,
            name,
            explanation,
        } = entry;
        let explanation = explanation.trim_end();
        print::out(&format!("{code} {name} ({kind})\n\n{explanation}\n"))?;
    }
    Ok(Verdict::Passed)
}

fn list(entries: &[Entry], json: bool) -> Answer {
    if json {
        for entry in entries {
            print::json(entry)?;
        }
        return Ok(Verdict::Passed);
    }
    let mut text = String::new();
    let mut kind = "";
    for entry in entries {
        if entry.kind != kind {
            let gap = if kind.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}s\n", plural_stem(entry.kind)));
            kind = entry.kind;
        }
        let summary = entry.explanation.lines().next().unwrap_or_default();
        text.push_str(&format!(
            "  {:<6} {:<25} {summary}\n",
            entry.code, entry.name
        ));
    }
    text.push_str("\nlockstep explain CODE has the long form.\n");
    print::out(&text)?;
    Ok(Verdict::Passed)
}

fn plural_stem(kind: &'static str) -> &'static str {
    if kind == "status" { "statuse" } else { kind }
}

fn entries() -> Vec<Entry> {
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

/// Finds by code, name or, for a trap, its bare number; upper and lower case are the same.
fn find<'a>(entries: &'a [Entry], asked: &str) -> Option<&'a Entry> {
    let is_it = |entry: &&Entry| {
        let bare = entry.code.strip_prefix('T');
        entry.code.eq_ignore_ascii_case(asked)
            || entry.name.eq_ignore_ascii_case(asked)
            || bare.is_some_and(|bare| bare == asked)
    };
    entries.iter().find(is_it)
}

fn nearest<'a>(entries: &'a [Entry], asked: &str) -> Option<&'a Entry> {
    let asked: String = asked
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase();
    let distance = |entry: &Entry| {
        let code = edits(&entry.code.to_ascii_lowercase(), &asked);
        code.min(edits(&entry.name.to_ascii_lowercase(), &asked))
    };
    entries
        .iter()
        .map(|entry| (distance(entry), entry))
        .filter(|(edits, _)| *edits <= EDITS_MAX)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, entry)| entry)
}

/// Levenshtein distance in characters.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, character) in left.chars().enumerate() {
        let mut next = vec![above.saturating_add(1)];
        for (place, other) in right.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, place).saturating_add(usize::from(*other != character));
            let removed = at(&row, place.saturating_add(1)).saturating_add(1);
            let inserted = at(&next, place).saturating_add(1);
            next.push(replaced.min(removed).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
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

    #[test]
    fn a_trap_is_found_by_code_name_and_number() {
        let entries = entries();
        for asked in ["T8", "t8", "8", "StackOverflow", "stackoverflow"] {
            assert_eq!(
                find(&entries, asked).map(|entry| entry.name),
                Some("StackOverflow"),
                "{asked}"
            );
        }
        assert_eq!(find(&entries, "S8").map(|entry| entry.name), None);
    }

    #[test]
    fn a_misspelling_finds_its_neighbour() {
        assert_eq!(edits("kitten", "sitting"), 3);
        let entries = entries();
        let found = nearest(&entries, "StakOverflow").map(|entry| entry.name);
        assert_eq!(found, Some("StackOverflow"));
        assert_eq!(nearest(&entries, "somethingelseentirely"), None);
    }
}
