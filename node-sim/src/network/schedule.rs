//! Orders messages by virtual time and decides what the network does to each.

use crate::disk::Loss;
use crate::simulate::random::Random;
use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::Height;

/// Milliseconds after which a round without a decision gives way to the next.
pub(super) const ROUND_MS: u64 = 400;
/// Milliseconds between two looks at who is behind and who loses power.
pub(super) const TICK_MS: u64 = 150;
/// Longest delay of a message, in milliseconds; shorter ones overtake it.
const DELAY_MS_MAX: u64 = 60;

/// The bytes of a block, as they travel.
pub(super) type Bytes = Arc<[u8]>;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Round {
        height: Height,
        round: u64,
    },
    Proposal {
        to: u32,
        height: Height,
        round: u64,
        bytes: Bytes,
    },
    Vote {
        from: u32,
        height: Height,
        round: u64,
        hash: [u8; 32],
    },
    Decided {
        to: u32,
        height: Height,
    },
    Tick,
    Crash {
        validator: u32,
        loss: Loss,
    },
    Restart {
        validator: u32,
    },
}

/// The part of an event that is hashed into the run; bytes are named by the outcome.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Round { height, round } => write!(f, "round {height}/{round}"),
            Self::Proposal {
                to, height, round, ..
            } => write!(f, "proposal {height}/{round} to {to}"),
            Self::Vote {
                from,
                height,
                round,
                ..
            } => write!(f, "vote {height}/{round} from {from}"),
            Self::Decided { to, height } => write!(f, "decided {height} to {to}"),
            Self::Tick => f.write_str("tick"),
            Self::Crash { validator, loss } => write!(f, "crash {validator} {loss:?}"),
            Self::Restart { validator } => write!(f, "restart {validator}"),
        }
    }
}

/// Events by time; equal times in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    events: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    now: u64,
}

impl Schedule {
    /// Milliseconds since the start.
    pub(super) const fn now(&self) -> u64 {
        self.now
    }

    /// Lets something happen `delay` milliseconds from now.
    pub(super) fn after(&mut self, delay: u64, event: Event) {
        let time = self.now.saturating_add(delay);
        self.events.insert((time, self.sequence), event);
        self.sequence = self.sequence.saturating_add(1);
    }

    /// Sends over a link: dropped one time in ten, doubled one time in ten, delayed always.
    pub(super) fn send(&mut self, random: &mut Random, event: &Event) {
        let copies = match random.below(10) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let delay = random.below(DELAY_MS_MAX).saturating_add(1);
            self.after(delay, event.clone());
        }
    }

    /// The next event; time moves to it.
    pub(super) fn next(&mut self) -> Option<Event> {
        let ((time, _), event) = self.events.pop_first()?;
        self.now = time;
        Some(event)
    }
}
