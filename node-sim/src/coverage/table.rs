//! Reads the table: for each sentence the facts that show it, or why no run can.
//!
//! Each chapter has a file, with a line for each id: `ID FACT FACT`, where `A|B` are alternatives,
//! and `A*` is every fact that begins with A; or `ID @REASON PLACE`. Lines `@REASON: TEXT` say why.

/// The chapters, in the order of docs/spec/README.md.
const CHAPTERS: [&str; 11] = [
    include_str!("ids/rules.txt"),
    include_str!("ids/check.txt"),
    include_str!("ids/gas.txt"),
    include_str!("ids/emitted.txt"),
    include_str!("ids/outcome.txt"),
    include_str!("ids/host.txt"),
    include_str!("ids/frames.txt"),
    include_str!("ids/state.txt"),
    include_str!("ids/transactions.txt"),
    include_str!("ids/blocks.txt"),
    include_str!("ids/proofs.txt"),
];

/// Why no run can reach a sentence, by name.
const REASONS: &str = include_str!("ids/reasons.txt");

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Id of the sentence.
    pub id: &'static str,
    /// What reaches it.
    pub reach: Reach,
}

/// What reaches a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A run in which all of these facts occur.
    Facts(Vec<&'static str>),
    /// No run.
    Elsewhere {
        /// Why not.
        why: &'static str,
        /// Tests and vector files that cover it instead.
        places: Vec<&'static str>,
    },
}

/// All rows, in the order of the chapters.
#[must_use]
pub fn rows() -> Vec<Row> {
    CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.lines())
        .filter_map(row)
        .collect()
}

fn row(line: &'static str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let id = words.next()?;
    let rest: Vec<&'static str> = words.collect();
    let reach = match rest.first().and_then(|word| word.strip_prefix('@')) {
        Some(reason) => Reach::Elsewhere {
            why: why(reason),
            places: rest.into_iter().skip(1).collect(),
        },
        None => Reach::Facts(rest),
    };
    Some(Row { id, reach })
}

/// The text of a reason; empty if there is none.
fn why(reason: &str) -> &'static str {
    let lines = REASONS.lines().filter_map(|line| line.split_once(": "));
    lines
        .into_iter()
        .find_map(|(name, text)| (name == reason).then_some(text))
        .unwrap_or_default()
}
