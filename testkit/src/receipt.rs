//! Says what a call that returned did.

use contract_types::Address;
use vm::unstable::host::crypto::sha256;
use vm::{Event, StateDiff};

/// A call that returned; its effects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was called or made.
    pub contract: Address,
    /// What it returned.
    pub output: Vec<u8>,
    /// Events in the order of emission, those of inner calls included.
    pub events: Vec<Event>,
    /// Gas used, the price of the frame included.
    pub gas_used: u64,
    /// The part of it that every call of this contract pays before its first operator.
    pub frame_gas: u64,
    /// Net change of the state: `None` for a removed key.
    pub diff: StateDiff,
    /// What the contracts wrote by `debug_log`.
    pub log: String,
}

/// Bytes that are not what they were read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// The type that was asked for.
    pub wanted: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl core::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (wanted, bytes) = (self.wanted, &self.bytes);
        write!(f, "{} bytes that are no {wanted}: {bytes:?}", bytes.len())
    }
}

impl std::error::Error for Undecodable {}

impl Receipt {
    /// The output as the SDK encodes results.
    ///
    /// # Errors
    /// [`Undecodable`] if it is not the encoding of a `T`.
    pub fn decode<T: borsh::BorshDeserialize>(&self) -> Result<T, Undecodable> {
        decode(&self.output)
    }

    /// The data of the SDK's events of this name, in order; those that are no `T` are left out.
    #[must_use]
    pub fn events_named<T: borsh::BorshDeserialize>(&self, name: &str) -> Vec<T> {
        let topic = sha256(name.as_bytes());
        let named = self
            .events
            .iter()
            .filter(|event| event.topics.first() == Some(&topic));
        named
            .filter_map(|event| borsh::from_slice(&event.data).ok())
            .collect()
    }
}

pub(crate) fn decode<T: borsh::BorshDeserialize>(bytes: &[u8]) -> Result<T, Undecodable> {
    borsh::from_slice(bytes).map_err(|_| Undecodable {
        wanted: core::any::type_name::<T>(),
        bytes: bytes.to_vec(),
    })
}
