//! Runs shell lines in a folder of their own, each bounded in time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The longest that one command of a page may take, in seconds.
pub const SECONDS_MAX: u32 = 600;

/// Folders of the project that commands of the pages read.
const LINKED: [&str; 3] = ["contracts", "conformance", "docs"];

/// A folder in which commands run: the project's files are linked in, what they write stays in it.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    bin: PathBuf,
    target: PathBuf,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None` if a signal ended it.
    pub exit: Option<i32>,
    /// Standard output and error, as they came.
    pub output: String,
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// The pages' commands are lines for a Unix shell.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Scratch {
    /// Makes `folder` anew, with `lockstep` as the command and links to folders of `project`.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn new(project: &Path, folder: &Path, lockstep: &Path) -> io::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let bin = folder.join("bin");
        fs::create_dir_all(&bin)?;
        link(lockstep, &bin.join("lockstep"))?;
        link(project, &folder.join("lockstep"))?;
        for name in LINKED {
            link(&project.join(name), &folder.join(name))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            bin,
            target: project.join("target/pages-build"),
        })
    }

    /// The folder of a package that the guide makes with `cargo new`.
    #[must_use]
    pub fn package(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The root of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.folder
    }

    /// Runs a line in `folder`; `/tmp/` in it means the scratch folder.
    ///
    /// # Errors
    /// If no shell can be started or its output not be read.
    pub fn run(&self, folder: &Path, line: &str) -> io::Result<Ran> {
        let line = line.replace("/tmp/", &format!("{}/", self.folder.display()));
        let line = format!("PATH=\"{}:$PATH\"\n{line}", self.bin.display());
        let log = self.folder.join("output.log");
        let output = File::create(&log)?;
        let status = Command::new("timeout")
            .arg(SECONDS_MAX.to_string())
            .args(["bash", "-euo", "pipefail", "-c", &line])
            .current_dir(folder)
            .env("CARGO_BUILD_BUILD_DIR", &self.target)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()?;
        let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        Ok(Ran {
            exit: status.code(),
            output,
        })
    }
}
