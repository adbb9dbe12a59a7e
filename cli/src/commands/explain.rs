//! Runs `lockstep explain`: the long form of rejections, traps and statuses.

use crate::args::Explain;
use crate::explanations::{Entry, entries};
use crate::failure::{Answer, Failure, Verdict};
use crate::print;
use crate::text::printable;

/// Edits at which a word is no longer taken for a misspelling.
const EDITS_MAX: usize = 4;

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
    fn a_misspelling_finds_its_neighbour() {
        assert_eq!(edits("kitten", "sitting"), 3);
        let entries = entries();
        let found = nearest(&entries, "StakOverflow").map(|entry| entry.name);
        assert_eq!(found, Some("StackOverflow"));
        assert_eq!(nearest(&entries, "somethingelseentirely"), None);
    }
}
