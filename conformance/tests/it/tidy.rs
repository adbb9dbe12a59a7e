//! Enforces the rules of style that a test can check, and reports each breach with its location.

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;
const COLUMNS_MAX: usize = 100;
const EMPTY_NAMES: [&str; 13] = [
    "util", "utils", "helper", "helpers", "common", "misc", "shared", "odd", "act", "pace",
    "survey", "steps", "works",
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace")
        .to_owned()
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("the folder is readable").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.is_dir() {
            if !matches!(
                name.as_str(),
                "target" | ".git" | "corpus" | "artifacts" | "node_modules"
            ) {
                walk(&path, extension, found);
            }
        } else if name.ends_with(extension) {
            found.push(path);
        }
    }
}

/// Files of the project with this ending, as (path relative to the root, text).
pub(crate) fn files(extension: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, extension, &mut found);
    assert!(
        !found.is_empty(),
        "no {extension} file: the search is broken"
    );
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("the file is UTF-8");
            let name = path
                .strip_prefix(&root)
                .expect("the path is below the root")
                .to_string_lossy()
                .replace('\\', "/");
            (name, text)
        })
        .collect()
}

/// The lines of a page outside of code, with their numbers.
pub(crate) fn text_lines(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((number + 1, line));
        }
    }
    lines
}

pub(crate) fn report(breaches: Vec<String>) {
    assert!(
        breaches.is_empty(),
        "{} breaches:\n{}",
        breaches.len(),
        breaches.join("\n")
    );
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let opens = |text: &str| {
        text.lines()
            .next()
            .is_some_and(|line| line.starts_with("//! "))
    };
    let breaches = files(".rs")
        .into_iter()
        .filter(|(_, text)| !opens(text))
        .map(|(name, _)| format!("{name}: the first line is no `//! ...`"));
    report(breaches.collect());
}

#[test]
fn files_and_lines_are_short() {
    let mut breaches = Vec::new();
    for (name, text) in files(".rs") {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name}: {lines} lines, at most {LINES_MAX}"));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            // The text that a kernel parses is data, whose lines may have any length.
            let is_data = name == "benches/kernels/src/json.rs";
            if columns > COLUMNS_MAX && !line.contains("http") && !is_data {
                breaches.push(format!("{name}:{}: {columns} columns", number + 1));
            }
        }
    }
    for (name, text) in files(".md") {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name}: {lines} lines, at most {LINES_MAX}"));
        }
    }
    report(breaches);
}

#[test]
fn sources_are_ascii() {
    let mut breaches = Vec::new();
    for (name, text) in files(".rs") {
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_ascii())
        {
            breaches.push(format!("{name}:{}: {line}", number + 1));
        }
    }
    report(breaches);
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // Split in two halves, so that this test does not find its own file.
    let banned = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["to", "do!("],
        ["unimple", "mented!("],
        ["#[ig", "nore"],
        ["#[should", "_panic"],
        ["#[al", "low("],
        ["#![al", "low("],
    ]
    .map(|halves| halves.concat());
    let mut breaches = Vec::new();
    // The macros write code for other packages, where an expectation may or may not be met.
    let written_here = |name: &str| !name.starts_with("contracts/sdk-macros/");
    for (name, text) in files(".rs")
        .into_iter()
        .filter(|(name, _)| written_here(name))
    {
        for (number, line) in text.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(word.as_str())) {
                breaches.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    report(breaches);
}

#[test]
fn no_file_is_named_after_nothing() {
    let empty = |name: &str| {
        name.trim_end_matches(".rs")
            .split('/')
            .any(|part| EMPTY_NAMES.contains(&part))
    };
    report(
        files(".rs")
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| empty(name))
            .collect(),
    );
}

#[test]
fn unsafe_is_forbidden_at_every_root_but_the_vm() {
    let may_argue = ["vm/src/lib.rs", "contracts/"];
    let is_root = |name: &str| name.ends_with("src/lib.rs") || name.ends_with("src/main.rs");
    let breaches = files(".rs")
        .into_iter()
        .filter(|(name, _)| is_root(name) && !may_argue.iter().any(|free| name.starts_with(free)))
        .filter(|(_, text)| !text.contains("#![forbid(unsafe_code)]"))
        .map(|(name, _)| format!("{name}: no #![forbid(unsafe_code)]"));
    report(breaches.collect());
}

/// Flat tables of rows or match arms, which would be no clearer if split.
const LONG_TABLES: [(&str, &str); 2] = [
    ("conformance/src/injected/bugs.rs", "bugs"),
    ("engines/reference/src/interpret.rs", "step"),
];

#[test]
fn only_flat_tables_are_long() {
    // Split in two halves, so that this test does not find its own file.
    let lint = ["clippy::too_many", "_lines"].concat();
    let mut found = Vec::new();
    for (name, text) in files(".rs") {
        for rest in text.split(lint.as_str()).skip(1) {
            let function = rest.split("fn ").nth(1).unwrap_or_default();
            let function = function.split(['(', '<']).next().unwrap_or_default();
            found.push((name.clone(), function.to_owned()));
        }
    }
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, function)| (name.as_str(), function.as_str()))
        .collect();
    assert_eq!(found, LONG_TABLES);
}

/// True for a line that begins an unsafe block, function, implementation or trait.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split("unsafe ").skip(1).any(|rest| {
        let named = ["{", "fn ", "impl ", "impl<", "trait "];
        let of_convention = rest.starts_with("extern ") && rest.contains(" fn ");
        named.iter().any(|start| rest.starts_with(start)) || of_convention
    })
}

/// True if the comments and attributes directly above the line with index `place` justify it.
fn is_argued(lines: &[&str], place: usize) -> bool {
    let mut in_attribute = false;
    for line in lines[..place].iter().rev().map(|line| line.trim()) {
        if line.contains("SAFETY: ") || line.contains("# Safety") {
            return true;
        }
        let opens = line.starts_with("#[");
        if !(opens || in_attribute || line.starts_with("//") || line == ")]") {
            return false;
        }
        in_attribute = !opens && (in_attribute || line == ")]");
    }
    false
}

fn unargued(text: &str) -> (usize, Vec<usize>) {
    let lines: Vec<&str> = text.lines().collect();
    let places: Vec<usize> = (0..lines.len())
        .filter(|place| is_unsafe(lines[*place]))
        .collect();
    let bare = places.iter().copied();
    let bare = bare.filter(|place| !is_argued(&lines, *place)).collect();
    (places.len(), bare)
}

#[test]
fn whatever_is_unsafe_says_who_upholds_it() {
    let mut breaches = Vec::new();
    let mut count = 0;
    // This file has examples, and the bytes of contracts depend on the lines of their sources.
    let is_read = |name: &str| !name.starts_with("contracts/") && !name.ends_with("it/tidy.rs");
    for (name, text) in files(".rs").into_iter().filter(|(name, _)| is_read(name)) {
        let (places, bare) = unargued(&text);
        count += places;
        breaches.extend(bare.iter().map(|place| format!("{name}:{}", place + 1)));
    }
    assert!(count > 100, "{count} unsafe items: the search is broken");
    report(breaches);
}

#[test]
fn an_unsafe_place_without_a_reason_is_found() {
    let bare = [
        "unsafe { x() }",
        "unsafe fn f() {",
        "pub(crate) unsafe extern $convention fn f(",
        "unsafe impl Send for T {}",
        "unsafe impl<T> Send for U<T> {}",
        "// SAFETY: of another.\nlet y = 1;\nlet x = unsafe { z() };",
        "// A comment.\n#[inline(\n    always\n)]\nunsafe fn f() {",
    ];
    for text in bare {
        assert_eq!(unargued(text).1.len(), 1, "{text}");
    }
    let argued = [
        "// SAFETY: the caller's.\nlet x = unsafe { z() };",
        "/// # Safety\n/// The caller's.\n#[expect(\n    a,\n    b\n)]\nunsafe fn f() {",
    ];
    for text in argued {
        assert_eq!(unargued(text), (1, Vec::new()), "{text}");
    }
    assert_eq!(unargued("type Handler = unsafe extern \"C\" fn(u64);").0, 0);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut breaches = Vec::new();
    for (name, text) in files(".md") {
        let folder = Path::new(&name)
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            if !root().join(&folder).join(target).exists() {
                breaches.push(format!("{name}: {link}"));
            }
        }
    }
    report(breaches);
}

#[test]
fn no_path_of_a_machine_is_in_the_project() {
    let machines = [["/wo", "rk/"], ["/fa", "rm/"], ["/Us", "ers/"]].map(|halves| halves.concat());
    // The command warns of such paths in contracts, so it and its tests contain them.
    let names_them = |name: &str| name.starts_with("cli/");
    let mut breaches = Vec::new();
    for extension in [".rs", ".md", ".toml", ".sh", ".c", ".h"] {
        for (name, text) in files(extension)
            .into_iter()
            .filter(|(name, _)| !names_them(name))
        {
            for path in machines.iter().filter(|path| text.contains(path.as_str())) {
                breaches.push(format!("{name}: {path}"));
            }
        }
    }
    report(breaches);
}
