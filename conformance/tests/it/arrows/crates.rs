//! Draws the crates in ARCHITECTURE.md from their manifests, and holds what an embedder gets.

use crate::tidy::root;
use conformance::golden;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

const BEGIN: &str = "<!-- Drawn by `BLESS=1 cargo test -p conformance --test it arrows`. -->\n";
const END: &str = "<!-- The end of the drawing. -->\n";

/// What one crate of ours asks of the others; development dependencies are left out.
#[derive(Default)]
struct Arrows {
    always: BTreeSet<String>,
    /// With a feature.
    optional: BTreeSet<String>,
}

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(path).expect("a manifest");
    text.parse().expect("a manifest")
}

/// Folders of the workspace's members.
pub(super) fn members() -> Vec<String> {
    let members = manifest("")["workspace"]["members"].clone();
    let members: Vec<toml::Value> = members.as_array().expect("members").clone();
    let folder = |member: toml::Value| member.as_str().expect("a path").to_owned();
    members.into_iter().map(folder).collect()
}

/// Crates by the names that the code uses.
fn arrows() -> BTreeMap<String, Arrows> {
    let shared = manifest("")["workspace"]["dependencies"].clone();
    let shared = shared.as_table().expect("shared dependencies");
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
        let package = manifest["package"]["name"].as_str().expect("a name");
        let name = names.get(&folder).cloned();
        let mut of = Arrows::default();
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

/// All that `name` reaches without a feature, itself left out.
fn below(arrows: &BTreeMap<String, Arrows>, name: &str) -> BTreeSet<String> {
    let of = &arrows[name].always;
    let deeper = of.iter().flat_map(|name| below(arrows, name));
    deeper.chain(of.iter().cloned()).collect()
}

/// How many crates stand under `name`, one upon the other.
fn layer(arrows: &BTreeMap<String, Arrows>, name: &str) -> usize {
    let of = &arrows[name];
    let of = of.always.iter().chain(&of.optional);
    of.map(|name| layer(arrows, name) + 1).max().unwrap_or(0)
}

/// One line a crate. What is reached through another crate of the line is left out.
fn drawing(arrows: &BTreeMap<String, Arrows>) -> String {
    let mut names: Vec<(usize, &String)> = arrows
        .keys()
        .map(|name| (layer(arrows, name), name))
        .collect();
    names.sort();
    let mut lines = String::from("```\n");
    for (layer, name) in names {
        let Arrows { always, optional } = &arrows[name];
        let through = |kept: &str| below(arrows, kept);
        let direct = |name: &&String| !always.iter().any(|kept| through(kept).contains(*name));
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
    let page = fs::read_to_string(&path).expect("a page");
    let (before, rest) = page.split_once(BEGIN).expect("the begin of the drawing");
    let (_, after) = rest.split_once(END).expect("the end of the drawing");
    let drawn = drawing(&arrows());
    let page = format!("{before}{BEGIN}{drawn}{END}{after}");
    golden::compare(&path, &page).unwrap();
}

#[test]
fn a_line_of_the_drawing_says_what_it_depends_on() {
    let arrows = |always: &[&str], optional: &[&str]| Arrows {
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

/// Packages in the normal dependencies of `package`.
fn closure(package: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-e", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "-p", package])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(tree.status.success(), "{tree:?}");
    let text = String::from_utf8(tree.stdout).expect("text");
    let packages: BTreeSet<String> = text
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    packages.into_iter().collect()
}

#[test]
fn who_embeds_the_node_gets_no_laboratory() {
    let packages = closure("lockstep-node");
    let of = |name: &str| {
        let named = |package: &&String| package.split(' ').next() == Some(name);
        packages.iter().filter(named).count()
    };
    for own in ["lockstep-node", "lockstep-vm", "lockstep-host-api"] {
        assert_eq!(of(own), 1, "{own} in {packages:?}");
    }
    assert_eq!(of("wasmparser"), 1, "{packages:?}");
    let laboratory = [
        "wasmi",
        "lockstep-reference",
        "lockstep-engines",
        "lockstep-node-sim",
        "contract-types",
    ];
    for name in laboratory {
        assert_eq!(of(name), 0, "{name} in {packages:?}");
    }
}
