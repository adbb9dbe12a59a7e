//! Runs `lockstep explain`: the long form of rejections, traps and statuses.

use crate::args::Explain;
use crate::explanations::{ExplainedCode, entries};
use crate::failure::{CommandResult, Failure, Verdict};
use crate::print;
use crate::text::printable;

/// Maximum edit distance at which a code is suggested for a misspelled one.
const EDITS_MAX: usize = 4;

/// Explains one code, or lists all.
///
/// # Errors
/// [`Failure::Usage`] for a code that does not exist.
pub(crate) fn run(arguments: &Explain) -> CommandResult {
    let entries = entries();
    let Some(code) = &arguments.code else {
        return list(&entries, arguments.json);
    };
    let Some(entry) = find(&entries, code) else {
        let nearest = nearest(&entries, code)
            .map(|entry| format!("; did you mean `{}` ({})?", entry.code, entry.name))
            .unwrap_or_default();
        return Err(Failure::Usage(format!(
            "no rejection, trap or status is called `{}`{nearest}\n\
             `lockstep explain` lists them all",
            printable(code)
        )));
    };
    if arguments.json {
        print::json(entry)?;
    } else {
        let ExplainedCode {
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

fn list(entries: &[ExplainedCode], json: bool) -> CommandResult {
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
    text.push_str("\n`lockstep explain CODE` explains one of them in full.\n");
    print::out(&text)?;
    Ok(Verdict::Passed)
}

fn plural_stem(kind: &'static str) -> &'static str {
    if kind == "status" { "statuse" } else { kind }
}

/// Finds an entry by code, name or, for a trap, number; case does not matter.
fn find<'a>(entries: &'a [ExplainedCode], asked: &str) -> Option<&'a ExplainedCode> {
    let is_it = |entry: &&ExplainedCode| {
        let bare = entry.code.strip_prefix('T');
        entry.code.eq_ignore_ascii_case(asked)
            || entry.name.eq_ignore_ascii_case(asked)
            || bare.is_some_and(|bare| bare == asked)
    };
    entries.iter().find(is_it)
}

fn nearest<'a>(entries: &'a [ExplainedCode], asked: &str) -> Option<&'a ExplainedCode> {
    let asked: String = asked
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase();
    let distance = |entry: &ExplainedCode| {
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
        for (index, other) in right.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, index).saturating_add(usize::from(*other != character));
            let removed = at(&row, index.saturating_add(1)).saturating_add(1);
            let inserted = at(&next, index).saturating_add(1);
            next.push(replaced.min(removed).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_misspelled_name_finds_the_closest_one() {
        assert_eq!(edits("kitten", "sitting"), 3);
        let entries = entries();
        let found = nearest(&entries, "StakOverflow").map(|entry| entry.name);
        assert_eq!(found, Some("StackOverflow"));
        assert_eq!(nearest(&entries, "somethingelseentirely"), None);
    }
}
