//! Enforces the words of the field: what nothing here may say, and what to say instead.

use crate::tidy::{files, report};

/// Words that come back easily, each family with what to say instead. A family is written as the
/// words that belong to it; two words with a space between them are a phrase.
const FAMILIES: [(&[&str], &str); 21] = [
    (
        &["answer", "answers", "answered", "answering"],
        "return, result, reply, status; `known answers` of test vectors may stay",
    ),
    (
        &[
            "spell",
            "spells",
            "spelled",
            "spelt",
            "spelling",
            "spellings",
        ],
        "encode, encoding, write, name",
    ),
    (
        &["hold", "holds", "held", "holding"],
        "contain, keep, store, have; a test checks; a condition is true",
    ),
    (
        &["nobody", "somebody", "anybody", "everybody", "whoever"],
        "no one, or who it is: another engine, any caller, each validator",
    ),
    (
        &["debt", "debts"],
        "overdraft: a metering block runs although its charge cannot be paid",
    ),
    (&["seam", "seams"], "interface"),
    (
        &["stand", "stands", "stood", "standing"],
        "is, is at, is in; represents",
    ),
    (
        &["plant", "plants", "planted", "planting"],
        "inject, injected fault, injected bug",
    ),
    (
        &["give back", "gives back", "giveback", "given back"],
        "refund; return",
    ),
    (&["gives", "gave"], "returns, yields, produces"),
    (&["charge run", "charge runs"], "metering block"),
    (&["mistake", "mistakes"], "bug, error"),
    (&["mend", "mends", "mended", "mending"], "fix, repair"),
    (
        &["laboratory", "stranger", "strangers", "liar", "liars"],
        "what it is",
    ),
    (&["owe", "owes", "owed", "owing"], "unpaid, due"),
    (
        &["tell", "tells", "told", "telling"],
        "report, say; distinguish",
    ),
    (&["hands", "handed", "handing"], "pass"),
    (
        &["lie", "lies", "lay", "lain"],
        "is, is in; a wrong value is wrong",
    ),
    (&["for ever"], "permanently, without end"),
    (
        &["neighbour", "neighbours"],
        "the closest one, the next one",
    ),
    (
        &["asking frame", "asking contract", "asker", "askers"],
        "calling frame, caller",
    ),
];

/// Where a word is no prose: keys and values of formats that stay, and terms of the field, as
/// (path prefix, text of the line).
const ALLOWED: &[(&str, &str)] = &[
    ("", "known answer"),
    ("", "known_answer"),
    ("", "--plant"),
    // A value of `part` in the JSON of a difference.
    ("docs/spec/blocks.md", "| `answer` |"),
    ("conformance/tests/it/words.rs", ""),
    // Names of vectors, and a field of their results: the result root covers both.
    ("conformance/tests/vectors/messages.rs", "\"to nobody\""),
    ("conformance/tests/vectors/messages.rs", "\"from nobody\""),
    ("conformance/tests/vectors/messages.rs", "\"calls nobody\""),
    ("conformance/vectors/src/fields.rs", "\"answer\""),
    ("conformance/vectors/src/run.rs", "\"answer\""),
    // Values in JSON output: kinds of divergence, names of executors and of injected faults.
    (
        "node-sim/src/bisect/mod.rs",
        "self::hostreturn => \"answer\"",
    ),
    ("node-sim/src/bisect/mod.rs", "boundaryeventkind::return("),
    (
        "node-sim/src/simulate/executor.rs",
        "cache prefilled with what nobody uploads",
    ),
    ("node-sim/", "\"wrong-answer\""),
    // A flag of the command, and a field of the vectors' results.
    ("cli/src/args.rs", "long = \"plant\""),
    ("cli/tests/it/conform.rs", "\\\"answer\\\""),
    // An error message of RocksDB.
    ("node/rocksdb/src/store.rs", "lock hold by"),
];

/// Folders that still have such words; each leaves the list once it has none.
const NOT_YET: &[&str] = &[];

/// The words of a line in lower case: letters, parted at everything else and before a capital.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in line.chars() {
        if !letter.is_ascii_alphabetic() || (was_lower && letter.is_ascii_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_ascii_alphabetic() {
            word.push(letter.to_ascii_lowercase());
        }
        was_lower = letter.is_ascii_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Each banned word of `line` with what to say instead.
fn banned(line: &str) -> Vec<(&'static str, &'static str)> {
    let text = format!(" {} ", words(line).join(" "));
    let of_family = |(family, say): &(&'static [&'static str], &'static str)| {
        let say = *say;
        let here = |word: &&'static str| text.contains(&format!(" {word} "));
        let found: Vec<_> = family.iter().copied().filter(here).collect();
        found.into_iter().map(move |word| (word, say))
    };
    FAMILIES.iter().flat_map(of_family).collect()
}

fn is_allowed(name: &str, line: &str) -> bool {
    ALLOWED
        .iter()
        .any(|(prefix, text)| name.starts_with(prefix) && line.to_lowercase().contains(text))
}

/// Every breach of the project, as (path, text).
fn breaches() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for extension in [".rs", ".md", ".toml", ".sh", ".patch"] {
        for (name, text) in files(extension) {
            for (number, line) in text.lines().enumerate() {
                // A patch's other lines are quoted from files that are read themselves.
                let is_quoted = extension == ".patch" && !line.starts_with('+');
                if is_quoted || is_allowed(&name, line) {
                    continue;
                }
                for (word, say) in banned(line) {
                    let place = format!("{name}:{}: `{word}`: {say}", number + 1);
                    found.push((name.clone(), place));
                }
            }
        }
    }
    found
}

#[test]
fn pages_comments_and_names_use_the_words_of_the_field() {
    let is_due = |name: &str| !NOT_YET.iter().any(|prefix| name.starts_with(prefix));
    // `WORDS=vm/ cargo test -p conformance --test it words` lists what one folder has.
    let chosen = std::env::var_os("WORDS").and_then(|prefix| prefix.into_string().ok());
    let is_chosen = |name: &str| match &chosen {
        Some(prefix) => name.starts_with(prefix.as_str()),
        None => is_due(name),
    };
    let found = breaches().into_iter().filter(|(name, _)| is_chosen(name));
    report(found.map(|(_, place)| place).collect());
}

#[test]
fn a_banned_word_is_found_in_prose_in_a_name_and_as_a_phrase() {
    let word = |line| banned(line).first().map(|(word, _)| *word);
    assert_eq!(word("It answers."), Some("answers"));
    assert_eq!(word("fn to_nobody() {}"), Some("nobody"));
    assert_eq!(word("struct WrongAnswer;"), Some("answer"));
    assert_eq!(word("let give_back = 1;"), Some("give back"));
    assert_eq!(word("two charge runs"), Some("charge runs"));
    assert_eq!(word("upholds a threshold, and outstanding debtors"), None);
}
