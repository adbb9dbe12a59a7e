//! Defines the topics of an event; its data is the borsh encoding of the whole struct.
//!
//! The first topic is sha256 of the event's name, which is the name of its struct. The fields
//! marked `#[topic]`, at most three, follow in the order of their declaration, so that a reader
//! of receipts can select events without decoding them.

use borsh::BorshSerialize;

use crate::Address;

/// Maximum number of topics of an event, including that of the name.
pub const TOPICS_MAX: usize = 4;

/// An event; `#[event]` implements it for a struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "make it a struct under `#[sdk::event]`"
)]
pub trait Event: BorshSerialize {
    /// The event's name, which is hashed into the first topic.
    const NAME: &'static str;

    /// sha256 of [`Event::NAME`].
    const NAME_TOPIC: [u8; 32];

    /// The topics: that of the name, then those of the marked fields.
    fn topics(&self) -> impl AsRef<[[u8; 32]]>;
}

/// A value that fits a topic: different values of one type have different topics.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a topic",
    label = "does not fit 32 bytes in one way",
    note = "topics are Address, [u8; 32], u32, u64 and u128"
)]
pub trait Topic {
    /// The 32 bytes of the topic; a number is little endian, padded with zeros.
    fn topic(&self) -> [u8; 32];
}

impl Topic for Address {
    fn topic(&self) -> [u8; 32] {
        self.0
    }
}

impl Topic for [u8; 32] {
    fn topic(&self) -> [u8; 32] {
        *self
    }
}

impl Topic for u128 {
    fn topic(&self) -> [u8; 32] {
        let mut topic = [0; 32];
        for (slot, byte) in topic.iter_mut().zip(self.to_le_bytes()) {
            *slot = byte;
        }
        topic
    }
}

impl Topic for u64 {
    fn topic(&self) -> [u8; 32] {
        u128::from(*self).topic()
    }
}

impl Topic for u32 {
    fn topic(&self) -> [u8; 32] {
        u128::from(*self).topic()
    }
}
