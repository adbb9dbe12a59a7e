//! Abandons work that exceeds a time limit.
//!
//! The work runs on its own thread. Not in a child process, because a library has no program to
//! start and the database must be in this process. A hanging thread cannot be ended, so it
//! continues in the background until the process ends, which a node does at a fault.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    /// The time limit passed.
    TimedOut,
    /// The work panicked, or no thread could be started.
    Died,
}

/// Returns the result of `work` if it takes at most `limit`. Drops a later result.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoResult> {
    let (sender, receiver) = sync_channel(1);
    thread::Builder::new()
        .name("watched".to_owned())
        .spawn(move || {
            // If the limit has passed, the receiver is gone.
            let _ = sender.send(work());
        })
        .map_err(|_| NoResult::Died)?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => NoResult::TimedOut,
        RecvTimeoutError::Disconnected => NoResult::Died,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_in_time_is_returned_and_a_hang_is_not_waited_for() {
        assert_eq!(within(Duration::from_secs(60), || 7), Ok(7));
        let (_keep, never) = sync_channel::<()>(0);
        let hang = move || never.recv().is_ok();
        assert_eq!(
            within(Duration::from_millis(20), hang),
            Err(NoResult::TimedOut)
        );
        let died = within(Duration::from_secs(60), || -> u8 { panic!("on purpose") });
        assert_eq!(died, Err(NoResult::Died));
    }
}
