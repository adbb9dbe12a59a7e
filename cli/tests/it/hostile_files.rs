//! Runs the command on archives and case files with changed bytes: it exits with 0, 1 or 4, in
//! time, with a reason that names the file, and writes nothing that a terminal acts on.

use crate::{CommandOutput, file, lockstep};
use node::archive::{ArchiveReader, ArchiveWriter, MAGIC};
use node::digest::{encode, sha256};
use node_sim::case::{self, Case};
use std::fs;
use std::time::Duration;

/// Time in which any of these files is read and replayed.
const TIME_MAX: Duration = Duration::from_secs(2);

/// A simulated archive of one block.
fn archive(name: &str) -> (String, Vec<u8>) {
    let path = file(name, []);
    let simulate = ["sim", "--blocks", "1", "--nodes", "1", "--archive", &path];
    assert_eq!(lockstep(&simulate).code, 0);
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// The case of a transaction of the archive whose recorded gas was changed.
fn case(name: &str) -> (String, Vec<u8>) {
    let (path, bytes) = archive(&format!("{name}.blocks"));
    let mut reader = ArchiveReader::new(bytes.as_slice()).unwrap();
    let mut writer = ArchiveWriter::new(Vec::new(), reader.genesis()).unwrap();
    let mut block = reader.next_block().unwrap().unwrap();
    block.entries[0].receipt.gas_used += 1;
    writer.push(&block).unwrap();
    fs::write(&path, writer.finish().unwrap()).unwrap();
    let case = file(name, []);
    let ran = lockstep(&["node", "replay", &path, "--bisect", "--out", &case]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let bytes = fs::read(&case).unwrap();
    (case, bytes)
}

/// Runs in time, with a code that the help lists and a reason if it is not 0.
#[expect(
    clippy::disallowed_types,
    reason = "the time is compared with a bound and is no part of a result"
)]
fn run(arguments: &[&str], path: &str) -> CommandOutput {
    let timed = || {
        let began = std::time::Instant::now();
        (lockstep(arguments), began.elapsed())
    };
    let (mut ran, mut took) = timed();
    // Another program may have had the processor.
    for _ in 0..2 {
        if took > TIME_MAX {
            (ran, took) = timed();
        }
    }
    assert!(took <= TIME_MAX, "{took:?}: {arguments:?}");
    assert!([0, 1, 4].contains(&ran.code), "{ran:?}");
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains("invariant"), "{ran:?}");
        assert!(!text.contains("this machine"), "{ran:?}");
        assert!(!text.contains("panicked"), "{ran:?}");
        let is_safe = |character: char| character == '\n' || !character.is_control();
        assert!(text.chars().all(is_safe), "{ran:?}");
    }
    if ran.code == 4 {
        assert!(ran.stderr.contains(path), "{ran:?}");
    }
    ran
}

fn sealed(magic: &[u8], payloads: &[&[u8]]) -> Vec<u8> {
    let mut file = magic.to_vec();
    for payload in payloads {
        file.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        file.extend(sha256(&[payload]));
        file.extend(*payload);
    }
    file
}

/// The payloads of the records of a file.
fn payloads<'a>(magic: &[u8], mut rest: &'a [u8]) -> Vec<&'a [u8]> {
    let mut payloads = Vec::new();
    rest = &rest[magic.len()..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap());
        let length = usize::try_from(length).unwrap();
        payloads.push(&rest[36..36 + length]);
        rest = &rest[36 + length..];
    }
    payloads
}

/// Positions of a sample: the first bytes, and others over the whole file.
fn sample(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |position| {
        *position < 66 && position % 5 == 0 || position % (length / 12) == 7
    })
}

#[test]
fn a_changed_byte_of_a_file_is_an_error_that_names_the_file_and_the_place() {
    let (archive_path, archive) = archive("flipped.blocks");
    let (case_path, case) = case("flipped.case");
    for (command, path, bytes) in [
        ("replay", &archive_path, &archive),
        ("case", &case_path, &case),
    ] {
        for position in sample(bytes.len()) {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << (position % 8);
            fs::write(path, &flipped).unwrap();
            let ran = run(&["node", command, path], path);
            assert_eq!(ran.code, 4, "byte {position}: {ran:?}");
            let names_place = ran.stderr.contains(" at byte ") || ran.stderr.contains("not a");
            assert!(names_place, "byte {position}: {ran:?}");
        }
    }
}

#[test]
fn a_changed_byte_under_the_right_hash_is_agreed_a_difference_or_an_error() {
    let (archive_path, archive) = archive("sealed.blocks");
    let (case_path, case) = case("sealed.case");
    for (command, magic, path, bytes) in [
        ("replay", MAGIC.as_slice(), &archive_path, &archive),
        ("case", case::MAGIC.as_slice(), &case_path, &case),
    ] {
        let payloads = payloads(magic, bytes);
        assert_eq!(&sealed(magic, &payloads), bytes);
        for (record, payload) in payloads.iter().enumerate() {
            for position in sample(payload.len()) {
                let mut flipped = payload.to_vec();
                flipped[position] ^= 1 << (position % 8);
                let mut changed = payloads.clone();
                changed[record] = &flipped;
                fs::write(path, sealed(magic, &changed)).unwrap();
                let ran = run(&["node", command, path], path);
                assert_eq!(ran.code == 4, ran.stdout.is_empty(), "{ran:?}");
            }
        }
    }
}

#[test]
fn an_archive_without_blocks_is_an_error_in_text_and_in_json() {
    let (path, archive) = archive("empty.blocks");
    let genesis = payloads(MAGIC, &archive)[0];
    fs::write(&path, sealed(MAGIC, &[genesis])).unwrap();
    let reason = format!("{path}: no block was compared: the archive has none");
    let ran = run(&["node", "replay", &path], &path);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    assert!(ran.stderr.contains(&reason), "{ran:?}");
    let ran = run(&["node", "replay", &path, "--json"], &path);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains(&reason), "{ran:?}");
    let line = ran.json();
    assert_eq!(
        (&line["agreed"], &line["compared"]),
        (&false.into(), &0.into())
    );
}

#[test]
fn an_archive_that_ends_in_damage_says_how_many_blocks_agree_before_it() {
    let (path, archive) = archive("half.blocks");
    fs::write(&path, [archive.as_slice(), &[1; 50]].concat()).unwrap();
    let ran = run(&["node", "replay", &path, "--json"], &path);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    let place = format!("{path}: record 2 at byte {} is cut off", archive.len());
    assert!(ran.stderr.contains(&place), "{ran:?}");
    assert!(
        ran.stderr.contains("\n1 block before it: no difference"),
        "{ran:?}"
    );
}

#[test]
fn a_replay_says_how_many_blocks_it_compared() {
    let (path, _) = archive("compared.blocks");
    let line = lockstep(&["node", "replay", &path, "--json"]).json();
    assert_eq!((&line["compared"], &line["stored"]), (&1.into(), &0.into()));
    let text = lockstep(&["node", "replay", &path]).stdout;
    let row = "\n  compared      1 with its execution, 0 with the store\n";
    assert!(text.contains(row), "{text}");
}

#[test]
fn text_of_a_file_is_escaped_in_text_and_in_json() {
    let (path, bytes) = case("escaped.case");
    let mut case = Case::read(bytes.as_slice(), &node::rules::rulebook()).unwrap();
    let hostile = "\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}\r";
    case.found.by = hostile.to_owned();
    fs::write(&path, sealed(case::MAGIC, &[&encode(&case)])).unwrap();
    let text = run(&["node", "case", &path], &path).stdout;
    assert!(
        text.contains(r"\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{d}"),
        "{text}"
    );
    let ran = run(&["node", "case", &path, "--json"], &path);
    assert!(ran.stdout.contains(r"\u009b31m\u202e"), "{ran:?}");
    // The escapes are those of JSON: the text is what the file has.
    assert_eq!(ran.json()["found"]["by"], hostile);
}

#[test]
fn a_file_name_is_escaped_in_an_error() {
    let ran = run(
        &["node", "replay", "no\x1b[31m\nfile"],
        r"no\u{1b}[31m\u{a}file",
    );
    assert_eq!(ran.code, 4);
}

/// A simulation that ends in a difference leaves an archive that shows it.
#[test]
fn the_disputed_block_of_a_simulation_is_replayed_and_traced() {
    let (path, case) = (file("disputed.blocks", []), file("disputed.case", []));
    let simulate = [
        "sim", "--blocks", "8", "--seed", "7", "--nodes", "1", "--json",
    ];
    let disputed = ["--plant", "wrong-opcode", "--archive", &path];
    let simulated = lockstep(&[&simulate[..], &disputed].concat());
    assert_eq!(simulated.code, 1, "{simulated:?}");
    let ran = lockstep(&[
        "node", "replay", &path, "--bisect", "--out", &case, "--json",
    ]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let (line, dispute) = (ran.json(), &simulated.json()["first_difference"]);
    for field in ["height", "transaction", "tx_id"] {
        assert_eq!(line["first_difference"][field], dispute[field], "{field}");
    }
    assert_eq!(line["compared"], dispute["height"]);
    assert_eq!(line["bisection"]["reference_agrees"], true);
    assert_eq!(lockstep(&["node", "case", &case]).code, 1);
}
