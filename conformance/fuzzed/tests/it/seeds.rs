//! Makes the seeds `made-*` of the fuzz targets from the sample chain and from our own modules.
//!
//! `BLESS=1 cargo test -p fuzzed` writes them. Other seeds were found by a run of `fuzz/run`.

use crate::folder;
use fuzzed::modules::DWARF_SECTIONS;
use fuzzed::sample::{self, CHUNKS_AIMED_AT_BYTES};
use gimli::write::{AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use node::archive::ArchiveReader;
use node::snapshot::chunk_name;
use node::{Disk, Genesis, LogStore, UpgradeDocument};
use node_sim::disk::SimulatedDisk;
use node_sim::synthetic::Synthetic;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tree::{Batch, PagedOptions, PagedTree, RecordSource, ValueHash};
use vectors::format::{Part, VectorCase};
use vectors::report::{Machine, Report, ResultLine};
use vectors::source::Set;
use vm::Height;

/// Seeds by target and name.
type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

fn root() -> std::path::PathBuf {
    folder().parent().expect("it is in the project").to_owned()
}

fn add(seeds: &mut Seeds, target: &'static str, name: &str, bytes: Vec<u8>) {
    assert!(
        seeds
            .insert((target, format!("made-{name}")), bytes)
            .is_none()
    );
}

fn made() -> Seeds {
    let mut seeds = Seeds::new();
    of_chain(&mut seeds);
    of_documents(&mut seeds);
    of_stores(&mut seeds);
    of_modules(&mut seeds);
    seeds
}

/// Names of the committed seeds that are made here.
fn committed() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (target, _) in fuzzed::TARGETS {
        let corpus = folder().join("corpus").join(target);
        fs::create_dir_all(&corpus).expect("the folder is made");
        let names = crate::names(&corpus).into_iter();
        found.extend(
            names
                .filter(|name| name.starts_with("made-"))
                .map(|name| (target, name)),
        );
    }
    found
}

/// The bytes follow every change of a gas figure, and may be older: a seed need not be whole.
#[test]
fn every_seed_and_dictionary_that_is_made_is_committed() {
    let seeds = made();
    let path = |target: &str, name: &str| folder().join("corpus").join(target).join(name);
    if std::env::var_os("BLESS").is_some() {
        for (target, name) in committed() {
            fs::remove_file(path(target, &name)).expect("it is there");
        }
        for ((target, name), bytes) in &seeds {
            fs::write(path(target, name), bytes).expect("the folder is writable");
        }
    }
    let names: Vec<_> = seeds.into_keys().collect();
    assert_eq!(
        committed(),
        names,
        "BLESS=1 cargo test -p fuzzed writes them"
    );
    // From the seeds.
    crate::dictionaries::compare_or_write();
}

#[test]
fn the_chain_of_the_seeds_has_the_rules_of_today() {
    let path = folder().join("corpus/replay/made-chain");
    let file = fs::read(path).expect("the seed is committed");
    let reader = ArchiveReader::new(file.as_slice()).expect("it is an archive");
    let stale = "the seeds are of other rules: BLESS=1 cargo test -p fuzzed writes them again";
    assert_eq!(
        reader.genesis().rules_id(),
        node::rules::version_1().id(),
        "{stale}"
    );
}

fn of_chain(seeds: &mut Seeds) {
    let chain = sample::chain();
    let archive = chain.archive();
    add(seeds, "archive", "chain", archive.clone());
    add(seeds, "replay", "chain", archive);
    add(seeds, "case", "call", chain.case());
    for (number, archived) in chain.blocks.iter().enumerate() {
        add(seeds, "block", &number.to_string(), archived.block.encode());
        for (index, signed) in archived.block.transactions.iter().enumerate() {
            add(
                seeds,
                "transaction",
                &format!("{number}-{index}"),
                signed.encode(),
            );
        }
    }
    for (number, proof) in chain.proofs().into_iter().enumerate() {
        let proof = proof.strip_prefix(proof::MAGIC).expect("a proof begins so");
        add(seeds, "proof", &number.to_string(), proof.to_vec());
    }
    let (files, manifest) = chain.snapshot(CHUNKS_AIMED_AT_BYTES);
    add(seeds, "manifest", "chain", manifest.encode());
    for index in 0..manifest.chunks().min(4) {
        let file = &files.0[&chunk_name(index)];
        let number = u8::try_from(index).expect("small");
        add(
            seeds,
            "chunk",
            &index.to_string(),
            [&[number], file.as_slice()].concat(),
        );
    }
}

fn of_documents(seeds: &mut Seeds) {
    let genesis = sample::chain().genesis;
    add(seeds, "genesis", "1", genesis.document());
    let upgrades = vec![(Height(7), [8; 32]), (Height(90), [9; 32])];
    let listed: Genesis = genesis
        .clone()
        .with_upgrades(upgrades.clone())
        .expect("ascending");
    add(seeds, "genesis", "2", listed.document());
    let document = UpgradeDocument::new(genesis.chain_id(), upgrades).expect("ascending");
    add(seeds, "upgrade", "2", document.encode().into_bytes());

    add(seeds, "protocol", "wasmi", fuzzed::protocol::sample());
    let set = Set::embedded().expect("the embedded vectors are read");
    for (number, part) in set.parts().iter().enumerate() {
        add(seeds, "vectors", &number.to_string(), first_of(part));
    }
    let vector = set.vectors().next().expect("there are vectors");
    let results = vec![ResultLine {
        vector: vector.name.clone(),
        fields: vector.expected.clone(),
    }];
    let report = Report {
        format: vectors::report::FORMAT.to_owned(),
        root: String::new(),
        vectors: results.len(),
        differing: 0,
        first_difference: None,
        declined: BTreeMap::new(),
        set: String::new(),
        // Of no machine: a seed is the same everywhere.
        machine: Machine {
            architecture: "s390x".to_owned(),
            os: "linux".to_owned(),
            pointer_bits: 64,
            endian: "big".to_owned(),
            engines: vec!["reference".to_owned()],
            version: "1".to_owned(),
        },
        results,
    };
    let text = report.render().expect("a report has a text");
    add(seeds, "report", "1", text.into_bytes());
}

/// The file of a part's first vectors that differ in kind, with what they refer to.
fn first_of(part: &Part) -> Vec<u8> {
    let kind = |case: &VectorCase| std::mem::discriminant(case);
    let mut small = Part::new("a seed");
    for vector in &part.vectors {
        let length = serde_json::to_string(vector)
            .expect("a vector has a text")
            .len();
        let is_new = small
            .vectors
            .iter()
            .all(|known| kind(&known.case) != kind(&vector.case));
        if is_new && length < 3_000 {
            small.vectors.push(vector.clone());
        }
    }
    small.files = part.files.clone().into_iter().take(1).collect();
    small.states = part
        .states
        .iter()
        .filter(|state| state.len() < 4)
        .take(1)
        .cloned()
        .collect();
    small.environments = part.environments.iter().take(1).cloned().collect();
    small.render().expect("a part has a text").into_bytes()
}

struct Written(BTreeMap<Vec<u8>, Vec<u8>>);

impl RecordSource for Written {
    type Error = std::convert::Infallible;

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.0.get(key).cloned())
    }
}

fn of_stores(seeds: &mut Seeds) {
    let disk = SimulatedDisk::new(1);
    let mut store = LogStore::open(disk.clone()).expect("an empty log opens");
    let synthetic = Synthetic {
        seed: 3,
        keys: 12,
        changes: 3,
        value_bytes: 20,
        receipts: 1,
        records: 1,
    };
    let mut tree = tree::Tree::new();
    for _ in 0..3 {
        let tip = node::Store::tip(&store).expect("it is in memory");
        let commit = synthetic.next(tip.as_ref(), &mut tree);
        node::Store::commit(&mut store, commit).expect("it is the next block");
    }
    let log = disk.read().expect("it is in memory");
    add(seeds, "log", "3", log);
    add(seeds, "redb", "none", Vec::new());
    let damages = [[0, 0, 0, 0, 1], [0, 16, 0, 0, 0x80], [9, 0x20, 0, 0, 0xff]];
    add(seeds, "redb", "three", damages.concat());

    // All in one shard.
    let change = |number: u8| {
        let mut path = [number; 32];
        path[0] = 7;
        (tree::Path::from_bytes(path), Some(ValueHash::of(&[number])))
    };
    let batch: Batch = (0..40_u8).map(change).collect();
    let options = PagedOptions {
        page_leaves_max: 8,
        ..PagedOptions::default()
    };
    let mut paged = PagedTree::new(&options);
    let source = Written(BTreeMap::new());
    paged.update(&batch, 1, &source).expect("nothing is read");
    let mut records = vec![paged.log(1, &batch)];
    records.extend(paged.checkpoint(1, 1, &source).expect("nothing is read"));
    let mut seen = Vec::new();
    for (key, bytes) in records {
        let kind = match key.first() {
            Some(2) => [0, 7],
            Some(4) => [1, 0],
            Some(3) => [2, 0],
            _ => continue,
        };
        if !seen.contains(&kind) {
            let bytes = bytes.expect("nothing is removed");
            // The hash at the end of a log is made again.
            let end = bytes.len() - if kind[0] == 1 { 32 } else { 0 };
            add(
                seeds,
                "tree",
                &kind[0].to_string(),
                [&kind, &bytes[..end]].concat(),
            );
            seen.push(kind);
        }
    }
    assert_eq!(seen.len(), 3, "a directory, a log and a checkpoint");
}

fn of_modules(seeds: &mut Seeds) {
    let wasm = root().join("contracts/wasm");
    let read = |name: &str| fs::read(wasm.join(name)).expect("the sample is built");
    let counter = read("counter.wasm");
    add(seeds, "check", "counter", counter.clone());
    add(seeds, "names", "counter", counter.clone());
    let info = debug_info::DebugInfo::of(&counter);
    let interface = info.interface().expect("the SDK writes an interface");
    add(seeds, "interface", "counter", interface.to_vec());
    for name in ["poll", "vault", "store", "math"] {
        let module = read(&format!("{name}.wasm"));
        add(seeds, "check", name, module.clone());
        add(seeds, "differential", name, module);
    }
    let text = r#"(module $m
        (type $unary (func (param i32) (result i32)))
        (import "lockstep" "input" (func $input (param i32)))
        (table 2 funcref) (memory 1 2)
        (elem (i32.const 0) $_ZN4core3fmt5write17h0123456789abcdefE $input)
        (global $__stack_pointer (mut i32) (i32.const 9))
        (data (i32.const 0) "data")
        (func $_ZN4core3fmt5write17h0123456789abcdefE (type $unary) (local.get 0))
        (func $_RNvC6_123foo3bar (export "call") (param i32) (result i32)
          (call_indirect (type $unary) (local.get 0) (i32.const 0)))
        (start $start)
        (func $start (drop (call $_RNvC6_123foo3bar (i32.const 1)))))"#;
    let module = wat::parse_str(text).expect("the text is a module");
    add(seeds, "names", "whole", module.clone());
    add(seeds, "check", "whole", module);
    let programs = root().join("conformance/programs");
    for name in crate::names(&programs)
        .iter()
        .filter(|name| name.ends_with(".wat"))
    {
        let text = fs::read_to_string(programs.join(name)).expect("the program is readable");
        let module = wat::parse_str(&text).expect("the program is a module");
        if module.len() <= 1_200 {
            let stem = Path::new(name).file_stem().expect("a file has a name");
            let stem = stem.to_str().expect("names are ASCII").to_owned();
            add(seeds, "meter", &stem, module);
        }
    }
    let names = [
        1, 13, 2, 0, 4, b'z', b'e', b'r', b'o', 1, 4, b't', b'e', b'x', b't',
    ];
    add(seeds, "names", "section", names.to_vec());
    for version in [4, 5] {
        add(seeds, "lines", &version.to_string(), dwarf(version));
    }
}

/// Lengths and contents of the sections of a small line table.
fn dwarf(version: u16) -> Vec<u8> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version,
        address_size: 4,
    };
    let mut dwarf = DwarfUnit::new(encoding);
    let text = |text: &str| LineString::String(text.as_bytes().to_vec());
    let (line, folder, file) = (
        LineEncoding::default(),
        text("contract"),
        text("src/price.rs"),
    );
    let mut program = LineProgram::new(encoding, line, folder, None, file.clone(), None);
    let directory = program.default_directory();
    let file = program.add_file(file, directory, None);
    program.begin_sequence(Some(gimli::write::Address::Constant(0)));
    for (address, line) in [(0, 3), (5, 42), (9, 7)] {
        program.row().address_offset = address;
        program.row().file = file;
        program.row().line = line;
        program.row().column = 5;
        program.generate_row();
    }
    program.end_sequence(14);
    dwarf.unit.line_program = program;
    let root = dwarf.unit.root();
    let root = dwarf.unit.get_mut(root);
    for (name, text) in [
        (gimli::DW_AT_name, "src/price.rs"),
        (gimli::DW_AT_comp_dir, "contract"),
    ] {
        root.set(name, AttributeValue::String(text.as_bytes().to_vec()));
    }
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).expect("memory takes bytes");
    let mut contents: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let keep = |id: gimli::SectionId, data: &EndianVec<LittleEndian>| {
        contents.insert(id.name(), data.slice().to_vec());
        Ok::<(), gimli::write::Error>(())
    };
    sections.for_each(keep).expect("memory takes bytes");
    let (mut heads, mut rest) = (Vec::new(), Vec::new());
    for name in DWARF_SECTIONS {
        let content = contents.remove(name).unwrap_or_default();
        let length = u16::try_from(content.len()).expect("small");
        heads.extend(length.to_le_bytes());
        rest.extend(content);
    }
    [heads, rest].concat()
}
