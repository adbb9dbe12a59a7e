//! Enforces that what a page or comment names exists: files, packages, targets, items.

use crate::tidy::{files, report, root, text_lines};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Endings by which a word in backticks is a file of the project.
const ENDINGS: [&str; 9] = [
    ".rs", ".md", ".toml", ".sh", ".json", ".wat", ".wasm", ".wast", ".svg",
];

/// What ARCHITECTURE.md must say where to put, in the order of its section.
const KINDS: [&str; 11] = [
    "an operator",
    "a bulk operator",
    "a host function",
    "a price",
    "a limit",
    "an engine",
    "a store",
    "a chain adapter",
    "a command",
    "a trap",
    "a status",
];

/// Files that a page talks about and that are not of this project, as (prefix of the page, file):
/// those of the reader's own package or machine.
const OF_THE_READER: [(&str, &str); 5] = [
    ("docs/contracts.md", ""),
    ("debug-info/src/lines.rs", "price.rs"),
    ("conformance/src/spec/script.rs", ".wast"),
    ("docs/conformance.md", "here.json"),
    ("docs/conformance.md", "there.json"),
];

/// Every file and folder of the project, relative to its root, folders with a slash at the end.
fn paths() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![root()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if matches!(&*name, "target" | ".git") {
                continue;
            }
            let relative = path.strip_prefix(root()).expect("inside");
            let mut relative = relative.to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                relative.push('/');
                waiting.push(path.clone());
            }
            found.insert(relative);
        }
    }
    found
}

/// True for a file or folder whose path is `named`, or ends with it after a slash.
fn exists(paths: &BTreeSet<String>, page: &str, named: &str) -> bool {
    let folder = Path::new(page).parent().unwrap_or_else(|| Path::new(""));
    let named = named.trim_start_matches("./");
    let inside = format!("/{named}");
    root().join(named).exists()
        || root().join(folder).join(named).exists()
        || paths.iter().any(|path| path.ends_with(&inside))
}

fn is_path(word: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let is_file = ENDINGS
        .iter()
        .any(|ending| word.len() > ending.len() && word.ends_with(ending));
    let is_folder = word.ends_with('/') && word.len() > 1;
    let begins = word.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.');
    let is_pattern = word.contains("NAME") || word.starts_with("lockstep/");
    begins && !is_pattern && word.chars().all(is_letter) && (is_file || is_folder)
}

/// The words between backticks in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// True for pages about the project as it is; the changelog is about its past.
fn is_page(name: &str) -> bool {
    name != "CHANGELOG.md"
}

#[test]
fn every_path_that_a_page_or_a_comment_names_exists() {
    let paths = paths();
    let mut breaches = Vec::new();
    let mut count = 0;
    let mut look = |name: &str, number: usize, line: &str| {
        for word in quoted(line).filter(|word| is_path(word)) {
            count += 1;
            let is_readers = OF_THE_READER
                .iter()
                .any(|(page, file)| name.starts_with(page) && word.ends_with(file));
            if !is_readers && !exists(&paths, name, word) {
                breaches.push(format!("{name}:{number}: no `{word}`"));
            }
        }
    };
    for (name, text) in files(".md").iter().filter(|(name, _)| is_page(name)) {
        for (number, line) in text_lines(text) {
            look(name, number, line);
        }
    }
    for (name, text) in files(".rs") {
        let is_comment = |line: &&str| line.trim_start().starts_with("//");
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| is_comment(line))
        {
            look(&name, number + 1, line);
        }
    }
    assert!(count > 100, "{count} paths: the reader is broken");
    report(breaches);
}

/// Every identifier in the code of the project, comments left out.
fn identifiers() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for extension in [".rs", ".sh", ".toml", ".wat", ".json", ".c", ".h"] {
        for (name, text) in files(extension) {
            if name.starts_with("conformance/vectors/data") {
                continue;
            }
            for line in text.lines() {
                let code = line.split("//").next().unwrap_or_default();
                let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                found.extend(
                    code.split(|letter: char| !is_part(letter))
                        .filter(|word| !word.is_empty())
                        .map(str::to_owned),
                );
            }
        }
    }
    found
}

/// The parts of a word in backticks that must be identifiers of the project: those of `a::b`, and
/// `snake_case` with an underscore or two humps of `CamelCase`.
fn named_items(word: &str) -> Vec<&str> {
    let word = word.trim_start_matches('&');
    let word = word.split(['(', '<']).next().unwrap_or_default();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let parts: Vec<&str> = word.split("::").collect();
    if !parts
        .iter()
        .all(|part| part.chars().all(is_part) && !part.is_empty())
    {
        return Vec::new();
    }
    let is_snake = word.trim_matches('_').contains('_');
    let humps = word.chars().filter(char::is_ascii_uppercase).count();
    let has_small = word.chars().any(|letter| letter.is_ascii_lowercase());
    let is_camel =
        humps > 1 && has_small && word.starts_with(|letter: char| letter.is_ascii_uppercase());
    if parts.len() > 1 || is_snake || is_camel {
        parts
    } else {
        Vec::new()
    }
}

/// Names in pages that are of the field and not of this project.
const OF_OTHERS: [&str; 2] = ["__builtin_add_overflow", "available_imports"];

#[test]
fn every_item_that_a_page_names_is_in_the_code() {
    let known = identifiers();
    let mut breaches = Vec::new();
    let mut count = 0;
    for (name, text) in files(".md").iter().filter(|(name, _)| is_page(name)) {
        for (number, line) in text_lines(text) {
            for part in quoted(line).flat_map(named_items) {
                count += 1;
                if !known.contains(part) && !OF_OTHERS.contains(&part) {
                    breaches.push(format!("{name}:{number}: no `{part}` in the code"));
                }
            }
        }
    }
    assert!(count > 100, "{count} items: the reader is broken");
    report(breaches);
}

/// The names that `key = "NAME"` has in a manifest.
fn named_in(manifest: &str, section: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_in = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_in = line.trim_matches(['[', ']']) == section;
        }
        let value = line.strip_prefix("name = \"").filter(|_| is_in);
        names.extend(
            value
                .and_then(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
    }
    names
}

/// Packages and targets (tests, binaries, examples) of the project.
fn targets() -> (BTreeSet<String>, BTreeSet<String>) {
    let mut packages = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for (_, text) in files("Cargo.toml") {
        packages.extend(named_in(&text, "package"));
        for section in ["bin", "test", "bench", "example"] {
            targets.extend(named_in(&text, section));
        }
        targets.extend(named_in(&text, "lib"));
    }
    for (name, _) in files(".rs") {
        let name = name.trim_end_matches(".rs").trim_end_matches("/main");
        let parts: Vec<&str> = name.split('/').collect();
        if let [
            ..,
            "tests" | "bin" | "examples" | "benches" | "fuzz_targets",
            target,
        ] = *parts
        {
            targets.insert(target.to_owned());
        }
    }
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("the lock file");
    packages.extend(named_in(&lock, "package"));
    (packages, targets)
}

/// Packages and targets that a command line names: `-p NAME`, `--test NAME` and the like.
fn asked_for<'l>(line: &'l str, flags: &[&str]) -> Vec<&'l str> {
    let is_end = |letter: char| letter.is_whitespace() || "`;|)\"\\".contains(letter);
    let words: Vec<&str> = line.split(is_end).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter_map(|pair| match *pair {
        [flag, name] if flags.contains(&flag.trim_matches('(')) => Some(name),
        _ => None,
    });
    pairs
        .filter(|name| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .map(|name| name.trim_end_matches([',', '.', ':']))
        .collect()
}

/// The flags of cargo after which the name of a package, or of a target, comes.
const PACKAGE_FLAGS: [&str; 2] = ["-p", "--package"];
const TARGET_FLAGS: [&str; 4] = ["--test", "--bin", "--example", "--bench"];

#[test]
fn every_package_and_target_that_a_command_names_exists() {
    let (packages, targets) = targets();
    let mut breaches = Vec::new();
    let mut count = 0;
    let pages = [".md", ".rs", ".toml", ".sh"].into_iter().flat_map(files);
    for (name, text) in pages.filter(|(name, _)| is_page(name)) {
        let lines = text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| line.contains("cargo ")) {
            let of_packages = asked_for(line, &PACKAGE_FLAGS);
            let of_targets = asked_for(line, &TARGET_FLAGS);
            count += of_packages.len() + of_targets.len();
            let lost = of_packages.iter().filter(|word| !packages.contains(**word));
            let lost = lost.chain(of_targets.iter().filter(|word| !targets.contains(**word)));
            breaches.extend(lost.map(|word| format!("{name}:{}: no `{word}`", number + 1)));
        }
    }
    assert!(count > 50, "{count} names: the reader is broken");
    report(breaches);
}

#[test]
fn architecture_says_where_each_kind_of_change_goes() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page");
    let section = page
        .split("## Where do I change")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("the section");
    let entries: Vec<&str> = section.split("\n- ").skip(1).collect();
    let mut breaches = Vec::new();
    for kind in KINDS {
        let start = format!("**{kind}**");
        match entries.iter().find(|entry| entry.starts_with(&start)) {
            None => breaches.push(format!("no entry for {kind}")),
            Some(entry) if !quoted(entry).any(is_path) => {
                breaches.push(format!("{kind}: no file is named"));
            }
            Some(_) => {}
        }
    }
    report(breaches);
}

#[test]
fn paths_and_items_are_distinguished_from_other_words() {
    assert!(is_path("vm/src/lower.rs") && is_path("lower.rs") && is_path("execute/"));
    assert!(!is_path("memory.copy") && !is_path("/") && !is_path("a b.rs"));
    assert_eq!(named_items("vm::check(bytes)"), ["vm", "check"]);
    assert_eq!(named_items("some_test_name"), ["some_test_name"]);
    assert_eq!(named_items("CheckedModule"), ["CheckedModule"]);
    assert!(named_items("memory.copy").is_empty() && named_items("check").is_empty());
    assert_eq!(
        asked_for("cargo test -p conformance --test it", &["-p"]),
        ["conformance"]
    );
}
