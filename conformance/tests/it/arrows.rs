//! Checks dependencies between crates, between the modules of each crate, and inside `vm`.
//!
//! | file | contents |
//! |---|---|
//! | `crates` | the graph of crates in ARCHITECTURE.md, the registry of engines, the embedder |
//! | `scan` | finds which modules of a crate use which |

mod crates;
mod scan;

use crate::tidy::files;
use scan::{Uses, cycle, uses};
use std::collections::{BTreeMap, BTreeSet};

/// The modules that each module of `vm` may use, besides itself.
const STAGES: &[(&str, &[&str])] = &[
    ("work", &[]),
    ("identity", &[]),
    ("limits", &[]),
    ("opcode", &[]),
    ("trap", &[]),
    ("fault", &[]),
    ("budget", &["fault"]),
    ("rejection", &[]),
    ("gas", &["limits"]),
    ("schedule", &["opcode"]),
    ("rules", &["limits", "opcode", "schedule"]),
    ("rulebook", &["rules", "schedule"]),
    ("module", &["identity", "limits"]),
    ("lower", &["module", "opcode"]),
    (
        "check",
        &[
            "identity",
            "limits",
            "lower",
            "module",
            "opcode",
            "rejection",
            "rules",
            "work",
        ],
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
            "identity",
            "limits",
            "module",
            "outcome",
            "rules",
            "translate",
            "trap",
            "work",
        ],
    ),
    ("event", &["identity"]),
    ("state", &["event", "fault", "identity", "module", "work"]),
    ("outcome", &["event", "gas", "state", "trap"]),
    ("span", &[]),
    ("message", &["execution", "identity", "span", "trap"]),
    (
        "execution",
        &["fault", "gas", "module", "outcome", "rules", "trap"],
    ),
    (
        "host",
        &[
            "event",
            "execution",
            "fault",
            "gas",
            "identity",
            "limits",
            "message",
            "module",
            "outcome",
            "rules",
            "schedule",
            "state",
            "span",
            "trap",
            "work",
        ],
    ),
    (
        "frames",
        &[
            "execution",
            "fault",
            "gas",
            "host",
            "identity",
            "limits",
            "message",
            "module",
            "outcome",
            "rules",
            "state",
            "span",
            "trap",
            "work",
        ],
    ),
];

/// Source files of each crate of the workspace, by folder of the crate.
fn sources() -> BTreeMap<String, Vec<(String, String)>> {
    let members = crates::members();
    let mut sources: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (file, text) in files(".rs") {
        let Some((folder, inside)) = file.split_once("/src/") else {
            continue;
        };
        if members.iter().any(|member| member == folder) {
            let of = sources.entry(folder.to_owned()).or_default();
            of.push((inside.to_owned(), text));
        }
    }
    assert_eq!(
        sources.len(),
        members.len(),
        "a crate without a source file"
    );
    sources
}

/// Describes a cycle, with a file for each use.
fn describe_cycle(folder: &str, cycle: &[String], uses: &Uses) -> String {
    let edges = cycle.windows(2).map(|edge| {
        let file = &uses[&edge[0]][&edge[1]];
        format!("\n  {} uses {} in {folder}/src/{file}", edge[0], edge[1])
    });
    format!("a cycle in {folder}:{}", edges.collect::<String>())
}

#[test]
fn no_modules_of_a_crate_form_a_cycle() {
    for (folder, sources) in sources() {
        let uses = uses(&sources);
        if let Some(cycle) = cycle(&uses) {
            panic!("{}", describe_cycle(&folder, &cycle, &uses));
        }
    }
}

#[test]
fn stages_of_the_vm_use_only_stages_below_them() {
    let may: BTreeMap<&str, &[&str]> = STAGES.iter().copied().collect();
    let uses = uses(&sources()["vm"]);
    let seen: BTreeSet<&String> = uses
        .keys()
        .filter(|stage| ![scan::ROOT, "unstable"].contains(&stage.as_str()))
        .collect();
    assert!(seen.len() > 10, "only these modules were found: {seen:?}");
    for stage in seen {
        let below = may.get(stage.as_str());
        let below = below.unwrap_or_else(|| panic!("{stage} has no row in STAGES"));
        for (used, file) in &uses[stage] {
            assert!(
                below.contains(&used.as_str()),
                "vm/src/{file}: {stage} uses {used}"
            );
        }
    }
}

fn uses_of(files: &[(&str, &str)]) -> Uses {
    let files: Vec<(String, String)> = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    uses(&files)
}

fn used(uses: &Uses, module: &str) -> Vec<String> {
    uses[module].keys().cloned().collect()
}

#[test]
fn the_scan_finds_every_way_to_name_a_module() {
    let root = "mod a; mod b; mod c; mod d; mod e;
        pub use b::{Shown, inner::Deep}; pub use ::other::c as outer;
        use vm::e::X;
        use vm::d;
        pub struct Own; #[cfg(test)] mod tests { use crate::e; }";
    let text = "use crate::{Shown, c::{self, x}}; // crate::e
        fn f<'a>(_: &'a str) -> char { super::d::y(\"crate::e\"); r#\"crate::e\"#; '\"' }
        #[cfg(test)] mod tests { use crate::e; fn g() { crate::e::z() } }";
    let below = "use super::super::Deep; use super::near; use crate::{Own, outer};";
    let uses = uses_of(&[
        ("lib.rs", root),
        ("a.rs", text),
        ("b/mod.rs", ""),
        ("c/below.rs", below),
        (
            "d.rs",
            "pub struct D; mod inner { use super::D; use super::super::e::E; }",
        ),
        ("e.rs", ""),
        ("e/tests.rs", "use crate::a;"),
        ("main.rs", "use crate::a;"),
    ]);
    assert_eq!(used(&uses, "a"), ["b", "c", "d"]);
    assert_eq!(used(&uses, "c"), ["b", scan::ROOT]);
    assert_eq!(used(&uses, scan::ROOT), Vec::<String>::new());
    assert_eq!(used(&uses, "d"), ["e"]);
    assert_eq!(uses.len(), 4, "{uses:?}");
}

#[test]
fn the_scan_finds_a_cycle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use c::C; use a::A;"),
        ("a.rs", "use crate::b::B;"),
        ("b/mod.rs", "mod inner;"),
        ("b/inner.rs", "use crate::C;"),
        ("c.rs", "pub struct C(super::a::A);"),
    ];
    let found = uses_of(&files);
    let found_cycle = cycle(&found).expect("the cycle is found");
    let text = describe_cycle("x", &found_cycle, &found);
    assert!(text.contains("c uses a in x/src/c.rs"), "{text}");
    assert_eq!(found_cycle.len(), 4, "{text}");
    let through_root = uses_of(&[("lib.rs", "mod a; use a::A;"), ("a.rs", "use crate::B;")]);
    assert_eq!(cycle(&through_root).expect("the cycle is found").len(), 3);
    assert!(cycle(&uses_of(&files[..4])).is_none());
}
