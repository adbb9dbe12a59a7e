//! Calls every fuzz target with its committed seeds, and makes the seeds again.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails"
)]

mod dictionaries;
mod replay;
mod seeds;

use std::path::{Path, PathBuf};

/// The folder `fuzz/` of the project.
fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here
        .ancestors()
        .nth(2)
        .expect("the crate is two folders down");
    root.join("fuzz")
}

/// Names of the files of a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is readable");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.expect("the folder is readable").file_name();
        name.into_string().expect("names are ASCII")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}
