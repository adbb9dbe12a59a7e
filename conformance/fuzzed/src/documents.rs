//! Reads documents: genesis, upgrades, vector files, reports.
#![expect(
    clippy::expect_used,
    reason = "a property that is not true must stop the fuzzer"
)]

use node::digest::sha256;
use node::{Genesis, UpgradeDocument};
use sha2::{Digest, Sha256};
use vectors::format::Part;
use vectors::report::{self, Report};

/// A genesis document: what decodes has one encoding, and a state.
pub fn genesis(bytes: &[u8]) {
    let Ok(genesis) = Genesis::decode(bytes) else {
        return;
    };
    assert_eq!(genesis.document(), bytes);
    assert_eq!(genesis.chain_id(), sha256(&[bytes]));
    assert!(!genesis.state().is_empty());
}

/// An upgrade document, also with the right hash: what decodes has one encoding.
pub fn upgrade(bytes: &[u8]) {
    let read = |document: &[u8]| {
        if let Ok(read) = UpgradeDocument::decode(document) {
            assert_eq!(read.encode().as_bytes(), document);
        }
    };
    read(bytes);
    // The last line is replaced.
    let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let end = end.iter().rposition(|byte| *byte == b'\n');
    let end = end.map_or(bytes.len(), |end| end.saturating_add(1));
    let body = bytes.get(..end).unwrap_or(bytes);
    let hash = hex::encode(sha256(&[body]));
    read(&[body, b"sha256 ", hash.as_bytes(), b"\n"].concat());
}

/// A vector file: what parses is rendered as a file that parses to the same.
pub fn vectors(bytes: &[u8]) {
    let Ok(part) = Part::parse("fuzzed", bytes) else {
        return;
    };
    let text = part.render().expect("a parsed file has a text");
    assert_eq!(Part::parse("fuzzed", text.as_bytes()), Ok(part));
}

/// A report, also with the right root: what parses is rendered as one that parses to the same.
pub fn report(bytes: &[u8]) {
    if let Ok(report) = Report::parse("fuzzed", bytes) {
        assert_eq!(report::compare(&[report.clone(), report]), None);
    }
    let Ok(mut report) = serde_json::from_slice::<Report>(bytes) else {
        return;
    };
    let mut hasher = Sha256::new();
    for line in &report.results {
        for (field, value) in &line.fields {
            hasher.update(format!("{}\t{field}\t{value}\n", line.vector));
        }
    }
    report.root = hex::encode(hasher.finalize());
    report.vectors = report.results.len();
    report.format = report::FORMAT.to_owned();
    let text = report.render().expect("a report has a text");
    let again = Report::parse("fuzzed", text.as_bytes()).expect("a rendered report parses");
    assert_eq!(again, report);
    // Two vectors of one name may differ from each other, so equality is of one report alone.
    let _ = report::compare(&[report, again]);
}
