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

/// The list itself.
const THIS_FILE: &str = "conformance/tests/it/words.rs";

/// Texts that are no prose: keys and values of formats that stay, and terms of the field, as
/// (path prefix, text in lower case). Only the text is allowed, not the rest of its line.
const ALLOWED: &[(&str, &str)] = &[
    ("", "known answer"),
    ("", "known_answer"),
    ("", "--plant"),
    // A value of `part` in the JSON of a difference.
    ("docs/spec/blocks.md", "| `answer` |"),
    // Names of vectors, and a field of their results: the result root covers both.
    ("conformance/tests/vectors/messages.rs", "\"to nobody\""),
    ("conformance/tests/vectors/messages.rs", "\"from nobody\""),
    ("conformance/tests/vectors/messages.rs", "\"calls nobody\""),
    ("conformance/vectors/src/fields.rs", "\"answer\""),
    ("conformance/vectors/src/run.rs", "\"answer\""),
    // Values in JSON output: kinds of divergence, names of executors and of injected faults.
    ("node-sim/src/bisect/mod.rs", "\"answer\""),
    ("node-sim/src/bisect/mod.rs", "\"answered"),
    ("node-sim/", "\"wrong-answer\""),
    // A flag of the command, and a field of the vectors' results.
    ("cli/src/args.rs", "long = \"plant\""),
    ("cli/tests/it/conform.rs", "\\\"answer\\\""),
    // An error message of RocksDB.
    ("node/rocksdb/src/store.rs", "lock hold by"),
];

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

/// A line in lower case without the texts that are allowed in its file.
fn without_allowed(name: &str, line: &str) -> String {
    let here = ALLOWED
        .iter()
        .filter(|(prefix, _)| name.starts_with(prefix));
    here.fold(line.to_owned(), |line, (_, text)| remove(&line, text))
}

/// `line` without each occurrence of `text`, whose letters match in either case.
fn remove(line: &str, text: &str) -> String {
    let mut rest = line.to_owned();
    while let Some(start) = rest.to_ascii_lowercase().find(text) {
        rest.replace_range(start..start + text.len(), " ");
    }
    rest
}

/// Every breach of the project.
fn breaches() -> Vec<String> {
    let mut found = Vec::new();
    for extension in [".rs", ".md", ".toml", ".sh", ".patch"] {
        for (name, text) in files(extension) {
            for (number, line) in text.lines().enumerate() {
                // A patch's other lines are quoted from files that are read themselves.
                let is_quoted = extension == ".patch" && !line.starts_with('+');
                if is_quoted || name == THIS_FILE {
                    continue;
                }
                for (word, say) in banned(&without_allowed(&name, line)) {
                    found.push(format!("{name}:{}: `{word}`: {say}", number + 1));
                }
            }
        }
    }
    found
}

#[test]
fn pages_comments_and_names_use_the_words_of_the_field() {
    report(breaches());
}

#[test]
fn only_the_allowed_text_of_a_line_is_allowed() {
    let rest = without_allowed("vm/src/x.rs", "Known answers of `--plant`, held by nobody");
    let words: Vec<&str> = banned(&rest).into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, ["held", "nobody"]);
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
