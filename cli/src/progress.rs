//! Limits how often progress is printed.

use crate::print;
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
use std::time::Instant;

/// Interval between two lines of progress on a terminal.
const TERMINAL_PAUSE: Duration = Duration::from_millis(100);
/// Interval between two lines of progress in a log.
const LOG_PAUSE: Duration = Duration::from_secs(3);

/// Time at which progress was last printed, and the interval.
#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
pub(crate) struct ProgressTimer {
    last: Instant,
    pause: Duration,
}

#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
impl ProgressTimer {
    /// Starts the first interval.
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

    /// True if the interval has passed; then the next one starts.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.pause;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
