//! Paces progress: not more often than a person, or a reader of a log, can follow.

use crate::print;
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "paces progress for a person; in no result"
)]
use std::time::Instant;

/// Between two lines of progress on a terminal.
const TERMINAL_PAUSE: Duration = Duration::from_millis(100);
/// Between two lines of progress in a log.
const LOG_PAUSE: Duration = Duration::from_secs(3);

/// When progress was last shown.
#[expect(
    clippy::disallowed_types,
    reason = "paces progress for a person; in no result"
)]
pub(crate) struct Pace {
    last: Instant,
    pause: Duration,
}

#[expect(
    clippy::disallowed_types,
    reason = "paces progress for a person; in no result"
)]
impl Pace {
    /// Starts; nothing is due yet.
    pub(crate) fn start() -> Self {
        let pause = if print::stderr_is_terminal() {
            TERMINAL_PAUSE
        } else {
            LOG_PAUSE
        };
        Self {
            last: Instant::now(),
            pause,
        }
    }

    /// True if something may be shown again; counts it as shown.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.pause;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
