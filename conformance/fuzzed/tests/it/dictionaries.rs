//! Makes the dictionaries of the fuzz targets: words that a mutation puts into an input.
//!
//! `BLESS=1 cargo test -p fuzzed` writes them.

use crate::folder;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

/// Targets with a dictionary, and which kind of words it has.
const KINDS: [(&str, &str); 23] = [
    ("archive", "chain"),
    ("block", "chain"),
    ("case", "chain"),
    ("check", "module"),
    ("chunk", "chain"),
    ("differential", "module"),
    ("genesis", "chain"),
    ("host", "numbers"),
    ("interface", "json"),
    ("lines", "module"),
    ("log", "chain"),
    ("manifest", "chain"),
    ("meter", "module"),
    ("names", "module"),
    ("proof", "chain"),
    ("protocol", "json"),
    ("redb", "numbers"),
    ("replay", "chain"),
    ("report", "json"),
    ("transaction", "chain"),
    ("tree", "numbers"),
    ("upgrade", "chain"),
    ("vectors", "json"),
];

fn numbers(words: &mut BTreeSet<Vec<u8>>) {
    for number in [
        1_u64,
        0x7f,
        0xff,
        0x7fff,
        0xffff,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 63,
        u64::MAX,
    ] {
        let bytes = number.to_le_bytes();
        words.insert(bytes.to_vec());
        words.insert(bytes[..4].to_vec());
        words.insert(bytes[..2].to_vec());
    }
}

/// A name with its length.
fn name(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short name");
    [&[length], text.as_bytes()].concat()
}

/// Sections, types, names of imports, numbers in LEB128, and the shortest code.
fn module(words: &mut BTreeSet<Vec<u8>>) {
    words.insert(b"\0asm\x01\0\0\0".to_vec());
    for section in [
        "name",
        "lockstep.interface",
        ".debug_line",
        ".debug_info",
        "lockstep",
    ] {
        words.insert(name(section));
    }
    for row in vm::Rules::v1().host.iter() {
        words.insert(name(row.name));
    }
    let plain: [&[u8]; 14] = [
        &[0x60, 0, 0],
        &[0x60, 1, 0x7f, 1, 0x7f],
        &[0x60, 1, 0x7e, 1, 0x7e],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x80, 0x80, 0x80, 0x80, 0x78],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[2, 0x40],
        &[3, 0x7f],
        &[4, 0x40],
        &[0x0e, 1, 0, 0],
        &[0x11, 0, 0],
        &[0xfc, 0x0a, 0, 0],
        &[0xfc, 0x0b, 0],
        &[0x0b, 0x0b],
    ];
    words.extend(plain.map(<[u8]>::to_vec));
}

/// First lines of files, and tags of variants.
fn chain(words: &mut BTreeSet<Vec<u8>>) {
    let lines = [
        "lockstep/archive/1\n",
        "lockstep/case/1\n",
        "lockstep/genesis/1",
        "lockstep/genesis/2",
        "lockstep/upgrade/1\n",
        "lockstep/snapshot/1\n",
        "lockstep/snapshot-chunk/1\n",
        "LSblock1",
        "LSblock2",
        "chain ",
        "upgrade ",
        "sha256 ",
    ];
    words.extend(lines.map(|line| line.as_bytes().to_vec()));
    words.insert(node::rules::version_1().id().to_vec());
    numbers(words);
}

/// Names of fields in the seeds of a target that are made here.
fn json(target: &str, words: &mut BTreeSet<Vec<u8>>) {
    let corpus = folder().join("corpus").join(target);
    let made = |name: &String| name.starts_with("made-");
    for name in crate::names(&corpus).into_iter().filter(made) {
        let text = fs::read_to_string(corpus.join(name)).unwrap_or_default();
        let parts: Vec<&str> = text.split('"').collect();
        let fields = parts.windows(2).filter(|pair| pair[1].starts_with(':'));
        words.extend(fields.map(|pair| format!("\"{}\":", pair[0]).into_bytes()));
    }
    let values = [
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "-1",
        "1e999",
        "18446744073709551616",
    ];
    words.extend(values.map(|value| value.as_bytes().to_vec()));
}

fn text(target: &str, kind: &str) -> String {
    let mut words = BTreeSet::new();
    match kind {
        "module" => module(&mut words),
        "json" => json(target, &mut words),
        "chain" => chain(&mut words),
        _ => numbers(&mut words),
    }
    let mut text = String::from("# Made by `BLESS=1 cargo test -p fuzzed`.\n");
    for word in words {
        let escaped: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        writeln!(text, "\"{escaped}\"").expect("a text grows");
    }
    text
}

/// Compares the dictionaries with those of today; with BLESS in the environment writes them.
pub(crate) fn compare_or_write() {
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let targets: Vec<&str> = fuzzed::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, targets);
    let dictionaries = folder().join("dictionaries");
    fs::create_dir_all(&dictionaries).expect("the folder is made");
    let mut stale = Vec::new();
    for (target, kind) in KINDS {
        let (path, text) = (dictionaries.join(target), text(target, kind));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).expect("the folder is writable");
        }
        // The id of the rules moves with every price, and is one word of many.
        let words = |text: &str| text.lines().filter(|line| line.len() < 100).count();
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if words(&committed) != words(&text) {
            stale.push(target);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?}: BLESS=1 cargo test -p fuzzed writes them"
    );
}
