//! Defines the events that contracts emit; the journal collects them for the outcome.
//!
//! Specification: docs/spec/host.md, "`emit_event`".

use crate::identity::Address;
use borsh::{BorshDeserialize, BorshSerialize};

/// An event of a contract.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// The contract that emitted it.
    pub address: Address,
    /// Topics, for indexing.
    pub topics: Vec<[u8; 32]>,
    /// The event's data.
    pub data: Vec<u8>,
}
