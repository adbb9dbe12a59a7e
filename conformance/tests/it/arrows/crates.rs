//! Draws the graph of the crates in ARCHITECTURE.md from their manifests, and checks dependencies.

use crate::tidy::root;
use conformance::golden;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

const BEGIN: &str = "<!-- Drawn by `BLESS=1 cargo test -p conformance --test it arrows`. -->\n";
const END: &str = "<!-- The end of the drawing. -->\n";

/// Dependencies of one crate on others of the workspace, without development dependencies.
#[derive(Default)]
struct CrateDependencies {
    always: BTreeSet<String>,
    /// Dependencies behind a feature.
    optional: BTreeSet<String>,
}

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(path).expect("the manifest is readable");
    text.parse().expect("the manifest is TOML")
}

/// Folders of the members of the workspace.
pub(super) fn members() -> Vec<String> {
    let members = manifest("")["workspace"]["members"].clone();
    let members: Vec<toml::Value> = members.as_array().expect("members is a list").clone();
    let folder = |member: toml::Value| member.as_str().expect("a member is a path").to_owned();
    members.into_iter().map(folder).collect()
}

/// Crates by the names that code uses for them.
fn arrows() -> BTreeMap<String, CrateDependencies> {
    let shared = manifest("")["workspace"]["dependencies"].clone();
    let shared = shared
        .as_table()
        .expect("workspace.dependencies is a table");
    let path_of = |value: &toml::Value| Some(value.get("path")?.as_str()?.to_owned());
    let named = shared.iter();
    let mut names: BTreeMap<String, String> = named
        .filter_map(|(name, value)| Some((path_of(value)?, name.clone())))
        .collect();
    names.insert("contracts/types".to_owned(), "contract-types".to_owned());
    let own: BTreeSet<String> = names.values().cloned().collect();
    let mut found = BTreeMap::new();
    for folder in members() {
        let manifest = manifest(&folder);
        let package = manifest["package"]["name"]
            .as_str()
            .expect("a package has a name");
        let name = names.get(&folder).cloned();
        let mut of = CrateDependencies::default();
        let none = toml::Table::new();
        let dependencies = manifest.get("dependencies").and_then(|of| of.as_table());
        for (name, value) in dependencies.unwrap_or(&none) {
            if own.contains(name) {
                let optional = value.get("optional").and_then(toml::Value::as_bool);
                let kind = match optional {
                    Some(true) => &mut of.optional,
                    _ => &mut of.always,
                };
                kind.insert(name.clone());
            }
        }
        found.insert(name.unwrap_or_else(|| package.to_owned()), of);
    }
    found.entry("contract-types".to_owned()).or_default();
    found
}

/// All crates that `name` depends on without a feature, directly or not.
fn below(arrows: &BTreeMap<String, CrateDependencies>, name: &str) -> BTreeSet<String> {
    let of = &arrows[name].always;
    let deeper = of.iter().flat_map(|name| below(arrows, name));
    deeper.chain(of.iter().cloned()).collect()
}

/// Length of the longest chain of dependencies of `name`.
fn layer(arrows: &BTreeMap<String, CrateDependencies>, name: &str) -> usize {
    let of = &arrows[name];
    let of = of.always.iter().chain(&of.optional);
    of.map(|name| layer(arrows, name) + 1).max().unwrap_or(0)
}

/// One line for each crate; a dependency that another one on the line implies is omitted.
fn drawing(arrows: &BTreeMap<String, CrateDependencies>) -> String {
    let mut names: Vec<(usize, &String)> = arrows
        .keys()
        .map(|name| (layer(arrows, name), name))
        .collect();
    names.sort();
    let mut lines = String::from("```\n");
    for (layer, name) in names {
        let CrateDependencies { always, optional } = &arrows[name];
        let through = |other: &str| below(arrows, other);
        let direct = |name: &&String| !always.iter().any(|other| through(other).contains(*name));
        let always = always.iter().filter(direct).cloned();
        let optional = optional.iter().filter(direct);
        let all: Vec<String> = always
            .chain(optional.map(|name| format!("- {name} -")))
            .collect();
        let line = match all.is_empty() {
            true => format!("{layer}  {name}"),
            false => format!("{layer}  {name:16}-> {}", all.join(", ")),
        };
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines + "```\n"
}

#[test]
fn crates_depend_downwards_only() {
    let path = root().join("ARCHITECTURE.md");
    let page = fs::read_to_string(&path).expect("ARCHITECTURE.md is readable");
    let (before, rest) = page
        .split_once(BEGIN)
        .expect("the page has the first marker");
    let (_, after) = rest.split_once(END).expect("the page has the last marker");
    let drawn = drawing(&arrows());
    let page = format!("{before}{BEGIN}{drawn}{END}{after}");
    golden::compare(&path, &page).unwrap();
}

#[test]
fn a_line_of_the_drawing_lists_dependencies() {
    let arrows = |always: &[&str], optional: &[&str]| CrateDependencies {
        always: always.iter().map(|name| (*name).to_owned()).collect(),
        optional: optional.iter().map(|name| (*name).to_owned()).collect(),
    };
    let crates = [
        ("a", arrows(&[], &[])),
        ("b", arrows(&["a"], &[])),
        ("c", arrows(&["a", "b"], &[])),
        ("d", arrows(&["c", "a"], &["b", "e"])),
        ("e", arrows(&[], &["a"])),
    ];
    let crates = crates.map(|(name, of)| (name.to_owned(), of)).into();
    let lines = [
        "```",
        "0  a",
        "1  b               -> a",
        "1  e               -> - a -",
        "2  c               -> b",
        "3  d               -> c, - e -",
        "```\n",
    ];
    assert_eq!(drawing(&crates), lines.join("\n"));
}

/// Packages in the normal dependencies of `package`, itself included.
fn closure(package: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-e", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "-p", package])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(tree.status.success(), "{tree:?}");
    let text = String::from_utf8(tree.stdout).expect("the output is UTF-8");
    let packages: BTreeSet<String> = text
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    packages.into_iter().collect()
}

#[test]
fn an_embedder_of_the_node_builds_no_test_crates() {
    let packages = closure("lockstep-node");
    let of = |name: &str| {
        let named = |package: &&String| package.split(' ').next() == Some(name);
        packages.iter().filter(named).count()
    };
    for own in ["lockstep-node", "lockstep-vm", "lockstep-host-api"] {
        assert_eq!(of(own), 1, "{own} in {packages:?}");
    }
    assert_eq!(of("wasmparser"), 1, "{packages:?}");
    let test_crates = [
        "wasmi",
        "lockstep-reference",
        "lockstep-engines",
        "lockstep-node-sim",
        "contract-types",
    ];
    for name in test_crates {
        assert_eq!(of(name), 0, "{name} in {packages:?}");
    }
}

/// Folder of the crate that is no engine, but runs instrumented modules for engines.
const EMITTED: &str = "engines/emitted";

/// Crates below `engines/` without a row of `registry` that its list `ALL` contains.
fn unregistered(crates: &BTreeMap<String, String>, registry: &str) -> Vec<String> {
    let rows: Vec<&str> = registry.split("pub static ").skip(1).collect();
    let is_registered = |name: &str| {
        let makes = format!("{}::", name.replace('-', "_"));
        let row = rows.iter().find(|row| row.contains(&makes));
        row.and_then(|row| row.split_once(':'))
            .is_some_and(|(row, _)| registry.contains(&format!("&{row},")))
    };
    crates
        .iter()
        .filter(|(folder, name)| *folder != EMITTED && !is_registered(name))
        .map(|(folder, _)| folder.clone())
        .collect()
}

#[test]
fn every_engine_crate_is_in_the_registry() {
    let shared = manifest("")["workspace"]["dependencies"].clone();
    let shared = shared
        .as_table()
        .expect("workspace.dependencies is a table");
    let names: BTreeMap<&str, &String> = shared
        .iter()
        .filter_map(|(name, value)| Some((value.get("path")?.as_str()?, name)))
        .collect();
    let folders = fs::read_dir(root().join("engines")).expect("engines/ is readable");
    let folders = folders.map(|entry| entry.expect("an entry is readable"));
    let crates: BTreeMap<String, String> = folders
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| format!("engines/{}", entry.file_name().to_string_lossy()))
        .map(|folder| {
            let name = names.get(folder.as_str());
            let name = name.unwrap_or_else(|| panic!("{folder} is not in workspace.dependencies"));
            (folder, (*name).clone())
        })
        .collect();
    assert!(
        crates.len() >= 4 && crates.contains_key(EMITTED),
        "{crates:?}"
    );
    let registry =
        fs::read_to_string(root().join("engines/src/lib.rs")).expect("the registry is readable");
    let missing = unregistered(&crates, &registry);
    assert!(
        missing.is_empty(),
        "no row in engines/src/lib.rs: {missing:?}"
    );
}

#[test]
fn an_engine_without_a_row_or_a_list_entry_is_found() {
    let engine = |name: &str| (format!("engines/{name}"), format!("engine-{name}"));
    let crates = [engine("a"), engine("b"), engine("c")].into();
    let registry = "pub static ALL: &[&Row] = &[\n    &A,\n];
        pub static A: Row = Row { make: || Box::new(engine_a::A::new()) };
        pub static B: Row = Row { make: || Box::new(engine_b::B::new()) };";
    assert_eq!(unregistered(&crates, registry), ["engines/b", "engines/c"]);
}
