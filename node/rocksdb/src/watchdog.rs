//! Gives up on work that does not end in time.
//!
//! The work runs on a thread of its own. A thread and not a child process: a library has no
//! program to start, and the database must end up in this process. What hangs cannot be ended from
//! here, so it goes on in the background until the process stops, which a node does at a fault.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The time is over.
    TooLong,
    /// The work panicked, or no thread could be had.
    Died,
}

/// The answer of `work`, if it comes within `limit`. An answer that comes later is dropped.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Silence> {
    let (answer, answered) = sync_channel(1);
    thread::Builder::new()
        .name("watched".to_owned())
        .spawn(move || {
            // Nobody listens any more if it took too long.
            let _ = answer.send(work());
        })
        .map_err(|_| Silence::Died)?;
    answered.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => Silence::TooLong,
        RecvTimeoutError::Disconnected => Silence::Died,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_given_and_a_hang_is_not_waited_for() {
        assert_eq!(within(Duration::from_secs(60), || 7), Ok(7));
        let (_keep, never) = sync_channel::<()>(0);
        let hang = move || never.recv().is_ok();
        assert_eq!(
            within(Duration::from_millis(20), hang),
            Err(Silence::TooLong)
        );
        let died = within(Duration::from_secs(60), || -> u8 { panic!("on purpose") });
        assert_eq!(died, Err(Silence::Died));
    }
}
