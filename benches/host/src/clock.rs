//! Reads the processor time of the current thread, which other processes do not add to.
#![expect(clippy::disallowed_types, reason = "benchmarks measure time")]

use std::time::{Duration, Instant};

/// The processor time of this thread where the system reports it, else the time of the clock.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Processor time when it began.
    Processor(Duration),
    /// Time of the clock when it began.
    Wall(Instant),
}

impl Clock {
    /// Begins to measure.
    #[must_use]
    pub fn now() -> Self {
        processor_time().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    /// Time since it began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self {
            Self::Processor(begun) => processor_time().unwrap_or_default().saturating_sub(*begun),
            Self::Wall(begun) => begun.elapsed(),
        }
    }
}

/// Processor time of this thread on Linux, which updates it when the thread yields.
fn processor_time() -> Option<Duration> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
