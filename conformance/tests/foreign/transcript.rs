//! Compares the transcript in docs/foreign-engines.md with the lines of a real run.

use crate::{Direct, connection, report_of, set};
use conformance::golden;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The vector of the page: one host call that reads memory and writes it.
const VECTOR: &str = "block.wat keccak 135";
const BEGIN: &str = "<!-- Written by `BLESS=1 cargo test -p conformance --test foreign`. -->\n";
const END: &str = "<!-- The end of the transcript. -->\n";

/// Digits of a text that the page shows.
const DIGITS_MAX: usize = 80;

/// A line whose long texts are cut.
fn cut(line: &str) -> String {
    let texts = line.split('"').map(|text| match text.get(DIGITS_MAX..) {
        Some(rest) if !rest.is_empty() => format!("{}...", &text[..DIGITS_MAX]),
        _ => text.to_owned(),
    });
    texts.collect::<Vec<_>>().join("\"")
}

#[test]
fn the_transcript_of_the_page_is_what_is_sent_and_received() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/foreign-engines.md");
    let mut set = set(&["call"], 1);
    set.choose(|_, name| name == VECTOR);
    let direct = Direct::new(None);
    let lines = Arc::clone(&direct.lines);
    let report = report_of(&set, connection(direct));
    assert_eq!((report.vectors, report.differing), (1, 0));
    let lines: Vec<String> = lines.lock().unwrap().iter().map(|line| cut(line)).collect();
    let lines = lines.join("\n");
    for part in ["\"type\":\"need\"", "\"writes\":[["] {
        assert!(lines.contains(part), "{part} is not in the transcript");
    }
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the first marker");
    let (_, after) = rest.split_once(END).expect("the last marker");
    let page = format!("{before}{BEGIN}```text\n{lines}\n```\n{END}{after}");
    golden::compare(&path, &page).unwrap();
}
