//! Writes the files of every command: whole or not at all, through devices, pipes and links.
//!
//! | the path is | what is written |
//! |---|---|
//! | `-` | standard output; the report of the command then goes to standard error |
//! | a file, or nothing yet | a temporary file in the same folder, which is synced and renamed |
//! | a symbolic link | the file that it names, in the same way; the link stays |
//! | a device or a pipe | the device or pipe itself |
//!
//! An output is created before the work whose result it receives, so that a path that cannot be
//! written is found first. SIGINT, SIGTERM and SIGHUP, unless ignored, remove the temporary files.

use crate::failure::Failure;
use crate::print;
use crate::text::printable_path;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The path of standard input and output.
const STANDARD: &str = "-";

/// Longest chain of symbolic links that is followed.
const LINKS_MAX: usize = 40;

/// Most temporary files beside a file that killed processes have left.
const LEFT_MAX: u32 = 100;

/// An output of a command. Dropped without [`Output::finish`], it leaves no file.
#[derive(Debug)]
pub(crate) struct Output(Kind);

#[derive(Debug)]
enum Kind {
    /// A file that is replaced.
    Replaced(Replaced),
    /// A device, a pipe or standard output.
    Through(BufWriter<File>),
    Standard,
}

/// A temporary file, and the file that it becomes.
#[derive(Debug)]
struct Replaced {
    path: PathBuf,
    temporary: PathBuf,
    /// `None` once it is renamed.
    file: Option<BufWriter<File>>,
}

impl Output {
    /// Opens the output at `path`, and creates nothing there that stays.
    ///
    /// # Errors
    /// Errors of the file system; [`ErrorKind::PermissionDenied`] for a file without write
    /// permission, [`ErrorKind::IsADirectory`] for a folder; [`ErrorKind::InvalidInput`] if another
    /// output is the same file or standard output already.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if is_standard(path) {
            return match print::take_stdout() {
                true => Ok(Self(Kind::Standard)),
                false => Err(invalid("only one output can be `-`")),
            };
        }
        let target = target(path)?;
        let permissions = match fs::metadata(&target) {
            Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(&target)?;
                return Ok(Self(Kind::Through(BufWriter::new(file))));
            }
            Ok(found) if found.permissions().readonly() => {
                return Err(ErrorKind::PermissionDenied.into());
            }
            Ok(found) => Some(found.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Replaced::create(target, permissions).map(|file| Self(Kind::Replaced(file)))
    }

    /// Makes the output complete: syncs a file and renames it.
    ///
    /// # Errors
    /// Errors of the file system; a file is then as before.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.0 {
            Kind::Replaced(file) => file.finish(),
            Kind::Through(mut file) => file.flush(),
            Kind::Standard => io::stdout().lock().flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Replaced(replaced) => match &mut replaced.file {
                Some(file) => file.write(bytes),
                None => Ok(0),
            },
            Kind::Through(file) => file.write(bytes),
            Kind::Standard => io::stdout().lock().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Replaced(replaced) => match &mut replaced.file {
                Some(file) => file.flush(),
                None => Ok(()),
            },
            Kind::Through(file) => file.flush(),
            Kind::Standard => io::stdout().lock().flush(),
        }
    }
}

impl Replaced {
    fn create(path: PathBuf, permissions: Option<Permissions>) -> io::Result<Self> {
        let (temporary, file) = create_temporary(&path)?;
        let replaced = Self {
            path,
            temporary,
            file: Some(BufWriter::new(file)),
        };
        if let (Some(permissions), Some(file)) = (permissions, &replaced.file) {
            file.get_ref().set_permissions(permissions)?;
        }
        Ok(replaced)
    }

    fn finish(mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.file = None;
        temporaries::forget(&self.temporary);
        sync_folder(&self.path)
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // The first error is reported; a failure to remove the temporary file is not.
            let _ = fs::remove_file(&self.temporary);
            temporaries::forget(&self.temporary);
        }
    }
}

/// A file beside the printed report, if the command line asks for one.
#[derive(Debug)]
pub(crate) struct SideFile {
    output: Option<Output>,
    /// What the messages call it.
    name: String,
}

impl SideFile {
    /// Opens the output at `path` before the work begins.
    ///
    /// # Errors
    /// [`Failure::Environment`] if it cannot be written.
    pub(crate) fn create(path: Option<&Path>, what: &str) -> Result<Self, Failure> {
        let Some(path) = path else {
            let name = what.to_owned();
            return Ok(Self { output: None, name });
        };
        let name = format!("{what} to {}", printable_path(path));
        match Output::create(path) {
            Ok(output) => Ok(Self {
                output: Some(output),
                name,
            }),
            Err(error) => Err(unwritten(&name, &error)),
        }
    }

    /// Takes the output out, to be written during the work.
    pub(crate) fn take(&mut self) -> Option<Output> {
        self.output.take()
    }

    /// Writes the content, if the file is wanted, and finishes it.
    ///
    /// # Errors
    /// [`Failure::Environment`].
    pub(crate) fn write(
        self,
        content: impl FnOnce(&mut Output) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Some(mut output) = self.output else {
            return Ok(());
        };
        let written = content(&mut output).and_then(|()| output.finish());
        written.map_err(|error| unwritten(&self.name, &error))
    }

    /// The failure for a file that could not be written.
    pub(crate) fn failure(&self, error: &io::Error) -> Failure {
        unwritten(&self.name, error)
    }
}

fn unwritten(name: &str, error: &io::Error) -> Failure {
    Failure::Environment(format!("cannot write {name}: {error}"))
}

/// Writes the output at `path` with this content.
///
/// # Errors
/// As [`Output::create`] and [`Output::finish`].
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(content)?;
    output.finish()
}

/// Opens the input at `path`; `-` is standard input.
///
/// # Errors
/// Errors of the file system.
pub(crate) fn input(path: &Path) -> io::Result<Box<dyn io::Read>> {
    if is_standard(path) {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path)?))
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == STANDARD
}

/// The path behind symbolic links, which may name a file that does not exist yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let named = fs::read_link(&path)?;
                path = path.parent().unwrap_or(Path::new("")).join(named);
            }
            _ => return Ok(path),
        }
    }
    Err(invalid("too many symbolic links"))
}

/// Makes the new name of a file survive a power loss, where a folder can be opened.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Creates a temporary file beside `path`. One of the same name may be there, of a process that was
/// killed: in a container every process can have the same id.
fn create_temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    for number in 0..LEFT_MAX {
        let temporary = temporary_path(path, number)?;
        match temporaries::create(&temporary) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (temporary, file)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn temporary_path(path: &Path, number: u32) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| invalid("the path has no file name"))?;
    // A WebAssembly host has no process ids, and no second process.
    let process = if cfg!(target_family = "wasm") {
        0
    } else {
        std::process::id()
    };
    let name = name.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{process}.{number}.tmp")))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

/// Temporary files of this process, which a signal removes.
mod temporaries {
    use super::{invalid, signals};
    use std::collections::BTreeSet;
    use std::fs::File;
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    static FILES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

    pub(super) fn lock() -> MutexGuard<'static, BTreeSet<PathBuf>> {
        FILES.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a file that is not there.
    pub(super) fn create(path: &Path) -> io::Result<File> {
        signals::watch();
        let mut files = lock();
        if files.contains(path) {
            return Err(invalid("another output is this file already"));
        }
        let file = File::create_new(path)?;
        files.insert(path.to_owned());
        Ok(file)
    }

    /// Drops a file that is renamed or removed.
    pub(super) fn forget(path: &Path) {
        lock().remove(path);
    }
}

#[cfg(unix)]
mod signals {
    use super::temporaries;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;
    use std::fs;
    use std::sync::Once;

    static WATCH: Once = Once::new();

    /// Watches signals from the first call on.
    pub(super) fn watch() {
        WATCH.call_once(start);
    }

    /// Starts the thread that waits for signals. Without it a signal ends the process as usual.
    #[expect(
        clippy::disallowed_methods,
        reason = "the thread ends the process; no result depends on it"
    )]
    fn start() {
        let ignored = ignored();
        let watched = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| {
            let bit = u32::try_from(signal.saturating_sub(1)).unwrap_or(u32::MAX);
            ignored.checked_shr(bit).unwrap_or_default() & 1 == 0
        });
        let Ok(mut signals) = Signals::new(watched) else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                // Kept to the end of the process, so that no file is created meanwhile.
                let files = temporaries::lock();
                for file in files.iter() {
                    let _ = fs::remove_file(file);
                }
                let _ = emulate_default_handler(signal);
            }
        });
    }

    /// Signals that the process was started to ignore, as by `nohup`, where the system says so:
    /// the lowest bit is signal 1. They must stay ignored.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) const fn watch() {}
}

#[cfg(test)]
mod tests {
    use super::{temporary_path, write};
    use std::fs;

    #[test]
    fn a_temporary_file_that_was_left_is_no_obstacle() {
        let folder = std::env::temp_dir().join(format!("lockstep-left-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        let left = temporary_path(&path, 0).unwrap();
        fs::write(&left, "left").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(&left).unwrap(), b"left");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }
}
