//! Counts the suite's commands: inside the profile by kind, outside by reason.

use std::collections::BTreeMap;
use std::fmt;
use vm::unstable::rejection::Rule;

/// Why a command of the suite is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The module is valid, and outside the profile by this rule.
    Profile(Rule),
    /// It is about the text format: there is no binary to judge.
    Text,
    /// It needs another instance, or the suite's own host module.
    Linking,
    /// It reaches a float operator other than a move, which traps by rule.
    FloatOperator,
    /// It tells function types apart that are equal once floats are lowered.
    FloatTypes,
    /// It needs a memory of more pages than the profile allows.
    MemoryPages,
    /// A later version of the standard made it valid, and the profile has that part.
    LaterStandard,
    /// An earlier command on the same instance was left out, so its state is another.
    EarlierCommand,
    /// It is about exceptions, threads or custom sections.
    OtherCommand,
    /// The driver that repeats the earlier actions would be over a limit of the profile.
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

/// What an inside command asserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A valid module that must be accepted.
    Accepted,
    /// An invalid, malformed or unlinkable module that must be refused.
    Refused,
    /// An action that must return, its value compared where the script gives one.
    Returns,
    /// An action or instantiation that must trap.
    Traps,
    /// An action that must overflow the stack.
    Overflows,
}

/// Counts of one part of the suite or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Commands that were judged.
    pub inside: BTreeMap<Kind, usize>,
    /// Commands that were left out.
    pub outside: BTreeMap<Reason, usize>,
    /// Actions that ran on the module as it is.
    pub direct: usize,
    /// Actions that ran through a driver.
    pub driven: usize,
}

impl Tally {
    /// How many were judged.
    #[must_use]
    pub fn inside_total(&self) -> usize {
        self.inside.values().sum()
    }

    /// How many were left out.
    #[must_use]
    pub fn outside_total(&self) -> usize {
        self.outside.values().sum()
    }

    pub(crate) fn count_inside(&mut self, kind: Kind) {
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
