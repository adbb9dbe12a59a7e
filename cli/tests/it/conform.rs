//! Tests `lockstep conform`: equal roots, reported differences, damaged and missing files.

use crate::{file, is_hex, keys, lockstep, scratch};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with the vectors for prices and hashes, which run fast.
fn small_set(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors/data");
    let folder = scratch(name);
    fs::create_dir_all(&folder).unwrap();
    for part in ["rules.json", "cryptography.json"] {
        fs::copy(data.join(part), folder.join(part)).unwrap();
    }
    folder
}

/// Runs the vectors of `folder`; returns exit code, JSON line and path of the report.
fn run(folder: &Path, engine: &str) -> (i32, Value, String) {
    let out = folder.join(format!("{engine}.report"));
    let out = out.to_str().unwrap().to_owned();
    let folder = folder.to_str().unwrap();
    let arguments = ["conform", "run", "--json", "--vectors", folder];
    let ran = lockstep(&[&arguments[..], &["--engine", engine, "--out", &out]].concat());
    (ran.code, ran.json(), out)
}

#[test]
fn engines_have_the_same_root_and_equal_reports() {
    let folder = small_set("conform-equal");
    let (code, line, first) = run(&folder, "reference");
    assert_eq!(code, 0, "{line}");
    assert!(is_hex(&line["root"], 32) && is_hex(&line["set"], 32));
    assert_eq!(
        (&line["differing"], &line["first_difference"]),
        (&Value::from(0), &Value::Null)
    );
    assert_eq!(line["machine"]["engines"][0], "reference");
    let (_, other, second) = run(&folder, "interpreter");
    assert_eq!(line["root"], other["root"]);
    let ran = lockstep(&["conform", "compare", &first, &second, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let compared = ran.json();
    let shape = ["equal", "first_difference", "reports", "root", "vectors"];
    assert_eq!(keys(&compared), shape);
    assert_eq!(
        (&compared["equal"], &compared["root"]),
        (&Value::from(true), &line["root"])
    );
    let text = lockstep(&["conform", "compare", &first, &second]).stdout;
    assert!(text.starts_with("equal: 2 reports, "), "{text}");
}

#[test]
fn an_unexpected_result_is_reported_and_the_root_covers_the_found_results() {
    let folder = small_set("conform-unexpected");
    let (_, honest, report) = run(&folder, "reference");
    let rules = folder.join("rules.json");
    let text = fs::read_to_string(&rules).unwrap();
    let changed = text.replace("\"price.i32.add\":\"", "\"price.i32.add\":\"9");
    assert_ne!(text, changed);
    fs::write(&rules, changed).unwrap();
    let (code, line, other) = run(&folder, "interpreter");
    assert_eq!((code, &line["differing"]), (1, &Value::from(1)));
    let difference = &line["first_difference"];
    assert_eq!(difference["vector"], "rules version 1");
    assert_eq!(difference["field"], "price.i32.add");
    // The root covers results, not expectations.
    assert_eq!(line["root"], honest["root"]);
    assert_ne!(line["set"], honest["set"]);
    let ran = lockstep(&["conform", "compare", &report, &other]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("different vector sets"),
        "{}",
        ran.stderr
    );
    let folder = folder.to_str().unwrap();
    let ran = lockstep(&["conform", "run", "--vectors", folder]);
    assert!(
        ran.stdout.contains("field price.i32.add\n  expected  9"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\nconform: "), "{}", ran.stdout);
}

#[test]
fn a_difference_is_reported_with_vector_field_and_both_values() {
    let folder = small_set("conform-differ");
    let (_, _, honest) = run(&folder, "reference");
    fs::remove_file(folder.join("rules.json")).unwrap();
    let (_, _, other) = run(&folder, "interpreter");
    let ran = lockstep(&["conform", "compare", &honest, &other, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = ran.json();
    assert_eq!(line["equal"], false);
    assert_eq!(line["first_difference"]["vector"], "rules version 1");
    assert_eq!(
        line["first_difference"]["values"],
        serde_json::json!(["present", null])
    );
    let text = lockstep(&["conform", "compare", &honest, &other]).stdout;
    assert!(
        text.starts_with("different: vector rules version 1"),
        "{text}"
    );
}

#[test]
fn unusable_files_have_another_exit_code_than_differences() {
    let folder = small_set("conform-damaged");
    let (_, _, honest) = run(&folder, "reference");
    let text = fs::read_to_string(&honest).unwrap();
    let damaged = file(
        "conform-damaged.report",
        text.replace("\"answer\":\"1\"", "\"answer\":\"0\""),
    );
    let ran = lockstep(&["conform", "compare", &honest, &damaged]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
    assert!(ran.stderr.contains("damaged"), "{}", ran.stderr);
    assert_eq!(
        lockstep(&["conform", "compare", &honest, "nowhere.json"]).code,
        4
    );
    assert_eq!(lockstep(&["conform", "compare", &honest]).code, 2);
    assert_eq!(lockstep(&["conform"]).code, 2);
    assert_eq!(lockstep(&["conform", "run", "--engine", "other"]).code, 2);
    let nothing = scratch("conform-nothing");
    fs::create_dir_all(&nothing).unwrap();
    let ran = lockstep(&["conform", "run", "--vectors", nothing.to_str().unwrap()]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("no vectors"), "{}", ran.stderr);
}
