//! Maps every way a command can end to its exit code; scripts rely on the numbers.

use crate::print::Unwritten;
use crate::rejected_file::Refusal;
use std::process::ExitCode;

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Exit code 0.
    Passed,
    /// The contract failed, or a difference was found: exit code 1.
    Failed,
    /// At least one module was rejected: exit code 3.
    Rejected,
    /// At least one file could not be read: exit code 4.
    Environment,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that is not there: exit code 2.
    Usage(String),
    /// The module was rejected: exit code 3.
    Rejected(Box<Refusal>),
    /// A file or this machine failed: exit code 4.
    Environment(String),
}

/// What every command answers.
pub(crate) type Answer = Result<Verdict, Failure>;

impl From<vm::Fault> for Failure {
    fn from(fault: vm::Fault) -> Self {
        Self::Environment(format!("this machine failed, not the contract: {fault}"))
    }
}

impl From<Unwritten> for Failure {
    fn from(Unwritten(why): Unwritten) -> Self {
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
}

impl Failure {
    /// The process exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Rejected(_) => 3,
            Self::Environment(_) => 4,
        })
    }
}
