//! Maps every result of a command to its exit code; scripts rely on the numbers.

use crate::print::{self, Colour, OutputError};
use crate::rejected_file::RejectedFile;
use std::process::ExitCode;

/// Result of a command that completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Exit code 0.
    Passed,
    /// The contract failed, or results differ: exit code 1.
    Failed,
    /// At least one module was rejected: exit code 3.
    Rejected,
    /// At least one file could not be read or written: exit code 4.
    Environment,
}

/// Why a command could not complete.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is invalid: exit code 2.
    Usage(String),
    /// The module was rejected: exit code 3.
    Rejected(Box<RejectedFile>),
    /// A file could not be read or written, or this machine failed: exit code 4.
    Environment(String),
}

/// Result of every command.
pub(crate) type CommandResult = Result<Verdict, Failure>;

impl From<vm::Fault> for Failure {
    fn from(fault: vm::Fault) -> Self {
        Self::Environment(format!(
            "this machine failed; the contract is not the cause: {fault}"
        ))
    }
}

impl From<OutputError> for Failure {
    fn from(OutputError(why): OutputError) -> Self {
        Self::Environment(why)
    }
}

impl Verdict {
    /// The process exit code.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Rejected => 3,
            Self::Environment => 4,
        })
    }

    /// This verdict after its report and its files were written: their failures are the result only
    /// if the verdict is a success, so that none hides a difference.
    ///
    /// # Errors
    /// The first failure, after [`Verdict::Passed`].
    pub(crate) fn after<const N: usize>(self, written: [Result<(), Failure>; N]) -> CommandResult {
        let mut failed = written.into_iter().filter_map(Result::err);
        if self == Self::Passed {
            return failed.next().map_or(Ok(self), Err);
        }
        failed.for_each(|failure| failure.note());
        Ok(self)
    }
}

impl Failure {
    /// Prints the message of a failure that is none of a module to standard error.
    pub(crate) fn note(&self) {
        if let Self::Usage(message) | Self::Environment(message) = self {
            let word = print::coloured_note("error", Colour::Red);
            print::note(&format!("{word}: {message}"));
        }
    }

    /// The process exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Rejected(_) => 3,
            Self::Environment(_) => 4,
        })
    }
}
