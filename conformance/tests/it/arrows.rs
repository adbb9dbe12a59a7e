//! Holds the arrows between crates, and between the stages inside `vm`: every one points down.

use crate::tidy::{files, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What each crate of the workspace may depend on, development dependencies excluded.
const CRATES: &[(&str, &[&str])] = &[
    ("host-api", &[]),
    ("vm", &["host-api"]),
    ("engines/reference", &["host-api", "vm"]),
    ("engines/emitted", &["host-api", "vm"]),
    ("engines/wasmi", &["host-api", "vm", "emitted"]),
    ("engines/wasmtime", &["host-api", "vm", "emitted"]),
    ("node/tree", &[]),
    ("node", &["host-api", "vm", "tree"]),
    ("node/rocksdb", &["vm", "tree", "node"]),
    (
        "node-sim",
        &[
            "host-api",
            "vm",
            "reference",
            "engine-wasmi",
            "tree",
            "node",
            "contract-types",
        ],
    ),
    (
        "testkit",
        &[
            "host-api",
            "vm",
            "reference",
            "engine-wasmi",
            "contract-types",
        ],
    ),
    (
        "conformance/vectors",
        &["vm", "reference", "node", "node-sim"],
    ),
    (
        "conformance",
        &[
            "host-api",
            "vm",
            "reference",
            "emitted",
            "engine-wasmi",
            "node",
            "node-sim",
            "tree",
            "vectors",
        ],
    ),
    ("benches/kernels", &[]),
    ("benches/host", &["host-api", "vm"]),
    (
        "benches",
        &[
            "host-api",
            "vm",
            "reference",
            "kernels",
            "host-bench",
            "contract-types",
            "tree",
            "node",
            "node-sim",
            "rocksdb-store",
        ],
    ),
    (
        "cli",
        &[
            "host-api",
            "vm",
            "reference",
            "node",
            "node-sim",
            "vectors",
            "testkit",
            "rocksdb-store",
        ],
    ),
];

/// What each module of `vm` may use; a module may always use itself.
const STAGES: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("opcode", &[]),
    ("trap", &[]),
    ("fault", &[]),
    ("budget", &["fault"]),
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
    (
        "translate",
        &[
            "check", "limits", "lower", "meter", "module", "opcode", "rules", "schedule", "trap",
        ],
    ),
    (
        "execute",
        &[
            "budget",
            "execution",
            "fault",
            "gas",
            "limits",
            "module",
            "outcome",
            "rules",
            "translate",
            "trap",
        ],
    ),
    ("state", &["fault", "module", "outcome"]),
    ("outcome", &["gas", "state", "trap"]),
    ("span", &[]),
    ("message", &["execution", "span", "trap"]),
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
            "span",
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
            "span",
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
    let manifest = |folder: &str| {
        fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest")
    };
    let workspace: toml::Table = manifest("").parse().expect("a manifest");
    let folders = workspace["workspace"]["members"]
        .as_array()
        .expect("members");
    let folders: Vec<&str> = folders
        .iter()
        .map(|folder| folder.as_str().expect("a path"))
        .collect();
    // The short names by which the workspace refers to its own crates.
    let names = workspace["workspace"]["dependencies"]
        .as_table()
        .expect("shared dependencies");
    let mut own: BTreeSet<String> = names
        .iter()
        .filter(|(_, value)| value.get("path").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    own.insert("contract-types".to_owned());
    for folder in folders {
        let may = members
            .get(folder)
            .unwrap_or_else(|| panic!("{folder} has no row in CRATES"));
        for name in dependencies(&manifest(folder)).intersection(&own) {
            assert!(may.contains(&name.as_str()), "{folder} depends on {name}");
        }
    }
}

/// `frames` for `vm/src/frames.rs` and for `vm/src/frames/run.rs`.
fn stage_of(file: &str) -> Option<&str> {
    // Unit tests in a file of their own may stand on any stage.
    if file.ends_with("/tests.rs") {
        return None;
    }
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
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    for rest in code.split("crate::").skip(1) {
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
        let Some(stage) = stage_of(&file).filter(|stage| !["lib", "unstable"].contains(stage))
        else {
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
