//! Orders messages by virtual time and decides what the network does to each.

use crate::disk::Loss;
use crate::simulate::random::Random;
use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::Height;

/// Milliseconds after which a round without a decision ends.
pub(super) const ROUND_MS: u64 = 400;
/// Milliseconds between two checks for validators that lag or lose power.
pub(super) const TICK_MS: u64 = 150;
/// Maximum delay of a message, in milliseconds; messages with shorter delays overtake it.
const DELAY_MS_MAX: u64 = 60;

/// An encoded block, as it is sent.
pub(super) type BlockBytes = Arc<[u8]>;

/// An event at a point of virtual time.
#[derive(Clone, Debug)]
pub(super) enum NetworkEvent {
    Round {
        height: Height,
        round: u64,
    },
    Proposal {
        to: u32,
        height: Height,
        round: u64,
        bytes: BlockBytes,
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

/// The part of an event that the hash of the run covers; the outcome identifies its bytes.
impl fmt::Display for NetworkEvent {
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

/// Events by time; events at equal times are in the order of their scheduling.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    events: BTreeMap<(u64, u64), NetworkEvent>,
    sequence: u64,
    now: u64,
}

impl Schedule {
    /// Virtual time, in milliseconds since the start.
    pub(super) const fn now(&self) -> u64 {
        self.now
    }

    /// Schedules an event `delay` milliseconds from now.
    pub(super) fn after(&mut self, delay: u64, event: NetworkEvent) {
        let time = self.now.saturating_add(delay);
        self.events.insert((time, self.sequence), event);
        self.sequence = self.sequence.saturating_add(1);
    }

    /// Sends a message: one in ten is dropped, one in ten is duplicated, all are delayed.
    pub(super) fn send(&mut self, random: &mut Random, event: &NetworkEvent) {
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

    /// Removes the next event and advances the time to it.
    pub(super) fn next(&mut self) -> Option<NetworkEvent> {
        let ((time, _), event) = self.events.pop_first()?;
        self.now = time;
        Some(event)
    }
}
