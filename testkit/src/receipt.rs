//! Describes the result and effects of a call that returned.

use contract_types::Address;
use vm::unstable::host::crypto::sha256;
use vm::{Event, StateDiff};

/// A call that returned; its effects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Address of the called or deployed contract.
    pub contract: Address,
    /// Output of the call.
    pub output: Vec<u8>,
    /// Events in the order of emission, including those of inner calls.
    pub events: Vec<Event>,
    /// Gas used, including the price of the frame.
    pub gas_used: u64,
    /// The part of `gas_used` that is the price of the contract frame.
    pub frame_gas: u64,
    /// State diff; `None` for a removed key.
    pub diff: StateDiff,
    /// Text that the contracts wrote with `debug_log`.
    pub log: String,
}

/// Bytes that are not the encoding of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// Name of the type.
    pub wanted: &'static str,
    /// The bytes that do not decode.
    pub bytes: Vec<u8>,
}

impl core::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (wanted, bytes) = (self.wanted, &self.bytes);
        let length = bytes.len();
        write!(f, "{length} bytes do not decode as {wanted}: {bytes:?}")
    }
}

impl std::error::Error for Undecodable {}

impl Receipt {
    /// The output, decoded as the SDK encodes results.
    ///
    /// # Errors
    /// [`Undecodable`] if it is not the encoding of a `T`.
    pub fn decode<T: borsh::BorshDeserialize>(&self) -> Result<T, Undecodable> {
        decode(&self.output)
    }

    /// Data of the SDK's events of this name, in order; those that do not decode are left out.
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
