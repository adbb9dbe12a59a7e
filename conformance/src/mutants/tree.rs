//! Keeps a copy of the project to which patches are applied and reverted.
//!
//! A file is written only if it differs, so that cargo rebuilds only what a patch changes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of every file of the project that git does not ignore.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    copy: PathBuf,
    build: PathBuf,
}

/// Why the copy cannot be made, or a patch applied or reverted.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// git cannot be started.
    #[error("git: {0}")]
    NoGit(io::Error),
    /// git failed, with this message.
    #[error("git: {0}")]
    Git(String),
}

impl Tree {
    /// A copy of the project at `root` as it is now, in its `target/mutants`.
    ///
    /// # Errors
    /// A [`TreeError`] if the copy cannot be made.
    pub fn new(root: &Path) -> Result<Self, TreeError> {
        let folder = root.join("target/mutants");
        let tree = Self {
            root: root.to_owned(),
            copy: folder.join("tree"),
            build: folder.join("build"),
        };
        tree.fill()?;
        Ok(tree)
    }

    /// Path of the copy.
    #[must_use]
    pub fn copy(&self) -> &Path {
        &self.copy
    }

    /// Target folder of every build of the copy.
    #[must_use]
    pub fn build(&self) -> &Path {
        &self.build
    }

    /// Applies a patch to the copy.
    ///
    /// # Errors
    /// A [`TreeError`] if it does not apply.
    pub fn patch(&self, patch: &Path) -> Result<(), TreeError> {
        apply(&self.copy, patch, &[])
    }

    /// Reverts a patch that was applied.
    ///
    /// # Errors
    /// A [`TreeError`] if a file cannot be written.
    pub fn revert(&self, patch: &Path) -> Result<(), TreeError> {
        apply(&self.copy, patch, &["--reverse"])
    }

    fn fill(&self) -> Result<(), TreeError> {
        let mut copied = BTreeSet::new();
        for name in self.files()? {
            let (from, to) = (self.root.join(&name), self.copy.join(name));
            match copy_if_other(&from, &to) {
                Ok(()) => {
                    copied.insert(to);
                }
                // Removed, but still in the index of git.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(TreeError::File(from, error)),
            }
        }
        remove_others(&self.copy, &copied)
            .map_err(|error| TreeError::File(self.copy.clone(), error))
    }

    /// Paths of the files, relative to the root.
    fn files(&self) -> Result<Vec<PathBuf>, TreeError> {
        let mut command = git(&self.root);
        command.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let names = run(command)?;
        let mut files = Vec::new();
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            // git lists a link to a folder as one path; the copy gets the files in the folder.
            let path = self.root.join(name);
            if path.is_dir() {
                let error = |error| TreeError::File(path.clone(), error);
                for entry in fs::read_dir(&path).map_err(error)? {
                    let inside = entry.map_err(error)?.file_name();
                    files.push(Path::new(name).join(inside));
                }
            } else {
                files.push(PathBuf::from(name));
            }
        }
        Ok(files)
    }
}

/// Checks whether a patch applies to the project at `root`, and changes nothing.
///
/// # Errors
/// [`TreeError::NoGit`] if git cannot be started, else the message of git.
pub fn applies(root: &Path, patch: &Path) -> Result<(), TreeError> {
    apply(root, patch, &["--check"])
}

fn apply(folder: &Path, patch: &Path, options: &[&str]) -> Result<(), TreeError> {
    let mut command = git(folder);
    command.arg("apply").args(options).arg(patch);
    run(command).map(drop)
}

/// git in a folder, as if there were no repository above it: in a subfolder of a repository, git
/// silently skips every file of a patch.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    if let Some(above) = folder.parent() {
        command.env("GIT_CEILING_DIRECTORIES", above);
    }
    command
}

fn run(mut command: Command) -> Result<String, TreeError> {
    let output = command.output().map_err(TreeError::NoGit)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(TreeError::Git(said.trim().to_owned()))
    }
}

fn copy_if_other(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, bytes)
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
