//! Holds the modules that a simulated chain uploads.

use crate::digest::sha256;

/// A module with its name.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// For messages.
    pub name: &'static str,
    /// As built and committed.
    pub bytes: &'static [u8],
}

impl Sample {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn code_hash(&self) -> [u8; 32] {
        sha256(&[self.bytes])
    }
}

/// Counts; Rust.
pub const COUNTER: Sample = Sample {
    name: "counter",
    bytes: include_bytes!("../../../contracts/wasm/counter.wasm"),
};

/// A fungible token; Rust.
pub const TOKEN: Sample = Sample {
    name: "token",
    bytes: include_bytes!("../../../contracts/wasm/token.wasm"),
};

/// An order book that settles under two of three signatures; Rust.
pub const ORDERBOOK: Sample = Sample {
    name: "orderbook",
    bytes: include_bytes!("../../../contracts/wasm/orderbook.wasm"),
};

/// A key-value store; C.
pub const STORE: Sample = Sample {
    name: "store",
    bytes: include_bytes!("../../../contracts/wasm/store.wasm"),
};

/// Reaches what the others do not: traps, out of gas, fresh memory, gas in state; text format.
pub const PROBE: Sample = Sample {
    name: "probe",
    bytes: include_bytes!("modules/probe.wasm"),
};

/// A valid module that the profile refuses: it imports WASI; text format.
pub const REFUSED: Sample = Sample {
    name: "refused",
    bytes: include_bytes!("modules/refused.wasm"),
};

/// What is accepted, in the order of upload.
pub const ACCEPTED: [Sample; 5] = [COUNTER, TOKEN, ORDERBOOK, STORE, PROBE];
