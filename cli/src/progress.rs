//! Limits how often progress is printed: on a terminal now and then, elsewhere never.

use crate::print;
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
use std::time::Instant;

/// Interval between two lines of progress.
const PAUSE: Duration = Duration::from_millis(100);

/// Time at which progress was last printed; `None` without a terminal.
#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
pub(crate) struct ProgressTimer(Option<Instant>);

#[expect(
    clippy::disallowed_types,
    reason = "limits progress output; part of no result"
)]
impl ProgressTimer {
    /// Starts the first interval, if standard error is a terminal.
    pub(crate) fn start() -> Self {
        Self(print::stderr_is_terminal().then(Instant::now))
    }

    /// True if the interval has passed; then the next one starts.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.0.is_some_and(|last| last.elapsed() >= PAUSE);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
