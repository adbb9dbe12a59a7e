//! Counts the commands of the suite: those inside the profile by kind, those outside by reason.

use std::collections::BTreeMap;
use std::fmt;
use vm::unstable::rejection::Rule;

/// Why a command of the suite is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The module is valid, but outside the profile by this rule.
    Profile(Rule),
    /// The command is about the text format, so there is no binary to check.
    Text,
    /// The command needs another instance, or the host module of the suite.
    Linking,
    /// The command reaches a float operator other than a move, which traps by specification.
    FloatOperator,
    /// The command distinguishes function types that are equal once floats are lowered.
    FloatTypes,
    /// The command needs a memory of more pages than the profile allows.
    MemoryPages,
    /// A later version of the standard made the module valid, and the profile includes that part.
    LaterStandard,
    /// An earlier command on the same instance was skipped, so its state differs.
    EarlierCommand,
    /// The command is about exceptions, threads or custom sections.
    OtherCommand,
    /// The driver that repeats the earlier actions would exceed a limit of the profile.
    Driver,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(rule) => write!(formatter, "Profile({})", rule.name()),
            other => write!(formatter, "{other:?}"),
        }
    }
}

/// What a command inside the profile asserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssertionKind {
    /// A valid module that must be accepted.
    Accepted,
    /// An invalid, malformed or unlinkable module that must be rejected.
    Refused,
    /// An action that must return, with its value compared if the script has one.
    Returns,
    /// An action or instantiation that must trap.
    Traps,
    /// An action that must overflow the stack.
    Overflows,
}

/// Counts of one part of the suite or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of checked commands, by kind.
    pub inside: BTreeMap<AssertionKind, usize>,
    /// Number of skipped commands, by reason.
    pub outside: BTreeMap<Reason, usize>,
    /// Number of actions that ran on the original module.
    pub direct: usize,
    /// Number of actions that ran through a driver.
    pub driven: usize,
}

impl Tally {
    /// Number of checked commands.
    #[must_use]
    pub fn inside_total(&self) -> usize {
        self.inside.values().sum()
    }

    /// Number of skipped commands.
    #[must_use]
    pub fn outside_total(&self) -> usize {
        self.outside.values().sum()
    }

    pub(crate) fn count_inside(&mut self, kind: AssertionKind) {
        increment(self.inside.entry(kind).or_default());
    }

    pub(crate) fn count_run(&mut self, direct: bool) {
        increment(if direct {
            &mut self.direct
        } else {
            &mut self.driven
        });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.inside {
            let sum = self.inside.entry(*kind).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (reason, count) in &other.outside {
            let sum = self.outside.entry(*reason).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.direct = self.direct.saturating_add(other.direct);
        self.driven = self.driven.saturating_add(other.driven);
    }

    pub(crate) fn count_outside(&mut self, reason: Reason) {
        increment(self.outside.entry(reason).or_default());
    }
}

/// A count of commands in memory cannot overflow.
fn increment(count: &mut usize) {
    *count = count.saturating_add(1);
}

/// One line for each count, in a fixed order.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  inside {}", self.inside_total())?;
        for (kind, count) in &self.inside {
            writeln!(formatter, "    {kind:?} {count}")?;
        }
        writeln!(
            formatter,
            "    actions direct {} driven {}",
            self.direct, self.driven
        )?;
        writeln!(formatter, "  outside {}", self.outside_total())?;
        for (reason, count) in &self.outside {
            writeln!(formatter, "    {reason} {count}")?;
        }
        Ok(())
    }
}
