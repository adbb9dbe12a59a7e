//! Builds copies of the project with one injected bug each, and shows which tests find it.
//!
//! A mutant is a patch in `conformance/mutants/`: what is wrong, test commands of which one must
//! fail, and the change. It is applied to a copy of the project: the product has no hooks for it.
//!
//! | file | contents |
//! |---|---|
//! | `tree` | the copy, to which patches are applied and reverted |
//! | `trial` | the check, and the verdict on a mutant |

mod tree;

mod trial;

pub use tree::{Tree, TreeError, applies};
pub use trial::{OracleFinding, Verdict, try_clean, try_mutant};

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// An injected bug, and the checks of which one must find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Name of the file without `.patch`.
    pub name: String,
    /// What is wrong.
    pub wrong: String,
    /// Checks: the one that is fast first, the simulator or the vectors after it.
    pub checks: Vec<Check>,
    /// Path of the patch.
    pub patch: PathBuf,
}

/// A test command that passes without the patch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// Arguments of `cargo`.
    pub arguments: Vec<String>,
}

impl Check {
    /// What judges: `simulator`, `vectors`, or the tests of a package.
    #[must_use]
    pub fn oracle(&self) -> String {
        let after = |option: &str| {
            let mut words = self.arguments.iter();
            words.find(|word| *word == option)?;
            words.next()
        };
        let has = |word: &str| self.arguments.iter().any(|found| found == word);
        match (after("-p").map(String::as_str), after("--test")) {
            (Some("lockstep-node-sim"), _) if has("simulator") => "simulator".to_owned(),
            (Some("conformance"), Some(test)) if test == "vectors" => "vectors".to_owned(),
            (Some(package), _) => format!("tests of {package}"),
            (None, _) => String::new(),
        }
    }

    /// The command line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("cargo {}", self.arguments.join(" "))
    }
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
        Ok((wrong, checks)) => Ok(Mutant {
            name: name.into_owned(),
            wrong,
            checks,
            patch,
        }),
        Err(what) => Err(ReadError::Header(patch, what)),
    }
}

/// Parses the lines before the change.
fn header(text: &str) -> Result<(String, Vec<Check>), &'static str> {
    let before = text.split("diff --git ").next().unwrap_or_default();
    if before.len() == text.len() {
        return Err("no `diff --git` follows the header");
    }
    let wrong = before.lines().find_map(|line| line.strip_prefix("wrong: "));
    let wrong = wrong.ok_or("no line `wrong: what is wrong`")?;
    let mut checks = Vec::new();
    for check in before
        .lines()
        .filter_map(|line| line.strip_prefix("check: "))
    {
        let arguments = check.strip_prefix("cargo ").unwrap_or_default();
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let is_test = arguments.first().is_some_and(|word| word == "test");
        if !is_test || !arguments.iter().any(|word| word == "-p") {
            return Err("a check is not `cargo test` of a package");
        }
        checks.push(Check { arguments });
    }
    if checks.is_empty() {
        return Err("no line `check: cargo test -p PACKAGE ...`");
    }
    Ok((wrong.to_owned(), checks))
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_header_names_the_bug_and_its_checks() {
        let text = "wrong: it is\ncheck: cargo test -p lockstep-vm x\n\
                    check: cargo test -p lockstep-node-sim --test it simulator\n\n\
                    diff --git a/x b/x\n";
        let (wrong, checks) = header(text).unwrap();
        assert_eq!(wrong, "it is");
        assert_eq!(checks[0].arguments, ["test", "-p", "lockstep-vm", "x"]);
        let oracles: Vec<String> = checks.iter().map(|check| check.oracle()).collect();
        assert_eq!(oracles, ["tests of lockstep-vm", "simulator"]);
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
