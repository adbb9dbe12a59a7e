//! Builds copies of the project with one injected bug each, and shows which tests find it.
//!
//! A mutant is a patch in `conformance/mutants/`: what is wrong, the test command that must fail,
//! and the change. It is applied to a copy of the project, so the product has no hooks for it.
//!
//! | file | contents |
//! |---|---|
//! | `tree` | the copy, to which patches are applied and reverted |
//! | `trial` | the check, and the verdict on a mutant |

mod tree;

mod trial;

pub use tree::{Tree, TreeError, applies};
pub use trial::{Verdict, try_clean, try_mutant};

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// An injected bug, and the check that must find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Name of the file without `.patch`.
    pub name: String,
    /// What is wrong.
    pub wrong: String,
    /// Arguments of `cargo`: a test command that passes without the patch.
    pub check: Vec<String>,
    /// Path of the patch.
    pub patch: PathBuf,
}

/// Why mutants cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A folder or file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A header lacks a line or has a wrong one.
    #[error("{0}: {1}")]
    Header(PathBuf, &'static str),
}

/// Folder of the patches, relative to the root of the project.
pub const FOLDER: &str = "conformance/mutants";

/// All mutants of a folder, by name.
///
/// # Errors
/// [`ReadError`] for the first that cannot be read.
pub fn read_all(folder: &Path) -> Result<Vec<Mutant>, ReadError> {
    let file = |error| ReadError::File(folder.to_owned(), error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(file)? {
        let path = entry.map_err(file)?.path();
        if path.extension() == Some(OsStr::new("patch")) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(patch: PathBuf) -> Result<Mutant, ReadError> {
    let text = fs::read_to_string(&patch).map_err(|error| ReadError::File(patch.clone(), error))?;
    let name = patch.file_stem().unwrap_or_default().to_string_lossy();
    match header(&text) {
        Ok((wrong, check)) => Ok(Mutant {
            name: name.into_owned(),
            wrong,
            check,
            patch,
        }),
        Err(what) => Err(ReadError::Header(patch, what)),
    }
}

/// Parses the two lines before the change.
fn header(text: &str) -> Result<(String, Vec<String>), &'static str> {
    let before = text.split("diff --git ").next().unwrap_or_default();
    if before.len() == text.len() {
        return Err("no `diff --git` follows the header");
    }
    let of = |key: &str| before.lines().find_map(|line| line.strip_prefix(key));
    let wrong = of("wrong: ").ok_or("no line `wrong: what is wrong`")?;
    let check = of("check: cargo ").ok_or("no line `check: cargo test -p PACKAGE ...`")?;
    let check: Vec<String> = check.split_whitespace().map(str::to_owned).collect();
    if check.first().is_none_or(|word| word != "test") || !check.iter().any(|word| word == "-p") {
        return Err("the check is not `cargo test` of a package");
    }
    Ok((wrong.to_owned(), check))
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_header_names_the_bug_and_its_check() {
        let text = "wrong: it is\ncheck: cargo test -p lockstep-vm x\n\ndiff --git a/x b/x\n";
        let (wrong, check) = header(text).unwrap();
        assert_eq!(wrong, "it is");
        assert_eq!(check, ["test", "-p", "lockstep-vm", "x"]);
    }

    #[test]
    fn an_incomplete_header_is_an_error() {
        for text in [
            "wrong: it is\ncheck: cargo test -p lockstep-vm\n",
            "check: cargo test -p lockstep-vm\ndiff --git a/x b/x\n",
            "wrong: it is\ndiff --git a/x b/x\n",
            "wrong: it is\ncheck: cargo run -p cli\ndiff --git a/x b/x\n",
            "wrong: it is\ncheck: cargo test\ndiff --git a/x b/x\n",
            "diff --git a/x b/x\nwrong: it is\ncheck: cargo test -p lockstep-vm\n",
        ] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
