//! Holds the arrows between crates, and between the stages inside `vm`: every one points down.

use crate::tidy::{files, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What each crate of the workspace may depend on, development dependencies excluded.
const CRATES: &[(&str, &[&str])] = &[
    ("host-api", &[]),
    ("vm", &["host-api"]),
    ("reference", &["host-api", "vm"]),
    ("node-sim/tree", &[]),
    ("node-sim/emitted", &["host-api", "vm"]),
    (
        "node-sim",
        &[
            "host-api",
            "vm",
            "reference",
            "emitted",
            "tree",
            "contract-types",
        ],
    ),
    (
        "conformance",
        &["host-api", "vm", "reference", "emitted", "node-sim", "tree"],
    ),
    (
        "conformance/wasmtime",
        &["host-api", "vm", "conformance", "reference"],
    ),
    (
        "cli",
        &[
            "host-api",
            "vm",
            "reference",
            "emitted",
            "node-sim",
            "conformance",
            "testkit",
        ],
    ),
];

/// What each module of `vm` may use; a module may always use itself.
const STAGES: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("opcode", &[]),
    ("trap", &[]),
    ("fault", &[]),
    ("rejection", &[]),
    ("gas", &["limits"]),
    ("schedule", &["opcode"]),
    ("rules", &["limits", "opcode", "schedule"]),
    ("module", &["limits"]),
    ("lower", &["module", "opcode"]),
    (
        "check",
        &["limits", "lower", "module", "opcode", "rejection", "rules"],
    ),
    ("meter", &["lower", "module", "opcode", "schedule"]),
    (
        "emit",
        &[
            "limits", "lower", "meter", "module", "opcode", "rules", "trap",
        ],
    ),
    ("state", &["fault", "module", "outcome"]),
    ("outcome", &["state", "trap"]),
    ("message", &["execution", "trap"]),
    (
        "execution",
        &["fault", "gas", "module", "outcome", "rules", "trap"],
    ),
    (
        "host",
        &[
            "execution",
            "fault",
            "gas",
            "limits",
            "message",
            "module",
            "outcome",
            "rules",
            "schedule",
            "state",
            "trap",
        ],
    ),
    (
        "frames",
        &[
            "execution",
            "fault",
            "gas",
            "host",
            "limits",
            "message",
            "module",
            "outcome",
            "rules",
            "state",
            "trap",
        ],
    ),
];

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table: toml::Table = manifest.parse().expect("a manifest");
    let of = |section: &str| {
        table
            .get(section)
            .and_then(|value| value.as_table())
            .cloned()
    };
    of("dependencies")
        .into_iter()
        .flat_map(|names| names.keys().cloned().collect::<Vec<_>>())
        .collect()
}

#[test]
fn crates_depend_downwards_only() {
    let members: BTreeMap<&str, &[&str]> = CRATES.iter().copied().collect();
    let own: BTreeSet<&str> = members
        .keys()
        .map(|folder| folder.rsplit('/').next().unwrap_or(folder))
        .collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    let table: toml::Table = manifest.parse().expect("a manifest");
    for member in table["workspace"]["members"].as_array().expect("members") {
        let member = member.as_str().expect("a folder");
        let may = members
            .get(member)
            .unwrap_or_else(|| panic!("{member} has no row in CRATES"));
        let text = fs::read_to_string(root().join(member).join("Cargo.toml")).expect("a manifest");
        for name in dependencies(&text)
            .iter()
            .filter(|name| own.contains(name.as_str()))
        {
            assert!(may.contains(&name.as_str()), "{member} depends on {name}");
        }
    }
}

/// `frames` for `vm/src/frames.rs` and for `vm/src/frames/run.rs`.
fn stage_of(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("vm/src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

fn uses(text: &str) -> BTreeSet<String> {
    // What `lib.rs` re-exports, and where it really stands.
    let exports: BTreeMap<&str, &str> = [
        ("Engine", "execution"),
        ("Execution", "execution"),
        ("Frame", "execution"),
        ("HostCall", "execution"),
        ("Step", "execution"),
        ("Stop", "execution"),
        ("Value", "execution"),
        ("Fault", "fault"),
        ("Gas", "gas"),
        ("CheckedModule", "module"),
        ("Event", "outcome"),
        ("Exit", "outcome"),
        ("Outcome", "outcome"),
        ("Rejection", "rejection"),
        ("Rules", "rules"),
        ("StateView", "state"),
        ("Trap", "trap"),
    ]
    .into();
    let word = |rest: &str| -> String {
        rest.chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let names: Vec<String> = match rest.strip_prefix('{') {
            Some(list) => list
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .map(|name| word(name.trim()))
                .collect(),
            None => vec![word(rest)],
        };
        found.extend(
            names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| {
                    exports
                        .get(name.as_str())
                        .map_or(name.clone(), |stage| (*stage).to_owned())
                }),
        );
    }
    found
}

#[test]
fn stages_of_the_vm_use_what_stands_below_them() {
    let may: BTreeMap<&str, &[&str]> = STAGES.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for (file, text) in files(".rs") {
        let Some(stage) = stage_of(&file).filter(|stage| *stage != "lib") else {
            continue;
        };
        let below = may
            .get(stage)
            .unwrap_or_else(|| panic!("{stage} has no row in STAGES"));
        seen.insert(stage.to_owned());
        for used in uses(&text).iter().filter(|used| *used != stage) {
            assert!(below.contains(&used.as_str()), "{file} uses {used}");
        }
    }
    assert!(seen.len() > 10, "the walk found {seen:?}");
}

#[test]
fn the_scan_sees_a_planted_upward_use() {
    let text = "use crate::{frames::execute, Trap};\nfn f() { crate::host::x() }";
    let found: Vec<String> = uses(text).into_iter().collect();
    assert_eq!(found, ["frames", "host", "trap"]);
}
