//! Says what a contract emits: kept by the journal, told in the outcome.
//!
//! Consensus: "Outcome".

use crate::identity::Address;
use borsh::{BorshDeserialize, BorshSerialize};

/// An event: who emitted what.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// The contract that emitted it.
    pub address: Address,
    /// Topics, for indexing.
    pub topics: Vec<[u8; 32]>,
    /// The event's data.
    pub data: Vec<u8>,
}
