//! Lists the modules that a simulated chain uploads.

use node::digest::sha256;
use vm::CodeHash;

/// A module with its name.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Name, for messages.
    pub name: &'static str,
    /// The module, as built and committed to the repository.
    pub bytes: &'static [u8],
}

impl Sample {
    /// SHA-256 of the module.
    #[must_use]
    pub fn code_hash(&self) -> CodeHash {
        CodeHash(sha256(&[self.bytes]))
    }
}

/// A counter; Rust.
pub const COUNTER: Sample = Sample {
    name: "counter",
    bytes: include_bytes!("wasm/counter.wasm"),
};

/// A fungible token; Rust.
pub const TOKEN: Sample = Sample {
    name: "token",
    bytes: include_bytes!("wasm/token.wasm"),
};

/// An order book that settles under two of three signatures; Rust.
pub const ORDERBOOK: Sample = Sample {
    name: "orderbook",
    bytes: include_bytes!("wasm/orderbook.wasm"),
};

/// A key-value store; C.
pub const STORE: Sample = Sample {
    name: "store",
    bytes: include_bytes!("wasm/store.wasm"),
};

/// An escrow that keeps payments until they are released or refunded; Rust.
pub const ESCROW: Sample = Sample {
    name: "escrow",
    bytes: include_bytes!("wasm/escrow.wasm"),
};

/// A wallet with several owners that calls other contracts; Rust.
pub const MULTISIG: Sample = Sample {
    name: "multisig",
    bytes: include_bytes!("wasm/multisig.wasm"),
};

/// A pool that trades one token for another and calls both; Rust.
pub const AMM: Sample = Sample {
    name: "amm",
    bytes: include_bytes!("wasm/amm.wasm"),
};

/// A name registry with rents, listed by scans; Rust.
pub const NAMES: Sample = Sample {
    name: "names",
    bytes: include_bytes!("wasm/names.wasm"),
};

/// Non-fungible tokens, listed by scans; Rust.
pub const NFT: Sample = Sample {
    name: "nft",
    bytes: include_bytes!("wasm/nft.wasm"),
};

/// A contract that changes its code after a delay; Rust.
pub const UPGRADEABLE: Sample = Sample {
    name: "upgradeable",
    bytes: include_bytes!("wasm/upgradeable.wasm"),
};

/// A contract that misbehaves in one way per entry; C.
pub const HOSTILE: Sample = Sample {
    name: "hostile",
    bytes: include_bytes!("wasm/hostile.wasm"),
};

/// A vault that keeps deposits per account; C.
pub const VAULT: Sample = Sample {
    name: "vault",
    bytes: include_bytes!("wasm/vault.wasm"),
};

/// A poll that counts votes; AssemblyScript.
pub const POLL: Sample = Sample {
    name: "poll",
    bytes: include_bytes!("wasm/poll.wasm"),
};

/// Pure functions without chain access; C. Uploaded only.
pub const MATH: Sample = Sample {
    name: "math",
    bytes: include_bytes!("wasm/math.wasm"),
};

/// What rustc emits by default with std; Rust. Uploaded only.
pub const STD_DEFAULT: Sample = Sample {
    name: "std_default",
    bytes: include_bytes!("wasm/std_default.wasm"),
};

/// A probe of what the others do not reach: traps, out of gas, fresh memory, gas in state; text
/// format.
pub const PROBE: Sample = Sample {
    name: "probe",
    bytes: include_bytes!("modules/probe.wasm"),
};

/// A contract that makes the host calls which its input lists; text format.
pub const DRIVER: Sample = Sample {
    name: "driver",
    bytes: include_bytes!("modules/driver.wasm"),
};

/// Moves of floats, wide arithmetic and boundaries of memory and stack; text format.
pub const OPERATORS: Sample = Sample {
    name: "operators",
    bytes: include_bytes!("modules/operators.wasm"),
};

/// A start function that may end the frame; text format.
pub const STARTER: Sample = Sample {
    name: "starter",
    bytes: include_bytes!("modules/starter.wasm"),
};

/// A module without memory; text format.
pub const BARE: Sample = Sample {
    name: "bare",
    bytes: include_bytes!("modules/bare.wasm"),
};

/// A valid module that the check rejects because it imports WASI; text format.
pub const REFUSED: Sample = Sample {
    name: "refused",
    bytes: include_bytes!("modules/refused.wasm"),
};

/// The accepted modules, in the order of upload.
pub const ACCEPTED: [Sample; 20] = [
    COUNTER,
    TOKEN,
    ORDERBOOK,
    STORE,
    PROBE,
    ESCROW,
    MULTISIG,
    AMM,
    NAMES,
    NFT,
    UPGRADEABLE,
    HOSTILE,
    VAULT,
    POLL,
    MATH,
    STD_DEFAULT,
    DRIVER,
    OPERATORS,
    STARTER,
    BARE,
];

/// The same code with another hash: `bytes` and an empty custom section named by `mark`.
#[must_use]
pub fn variant(bytes: &[u8], mark: u8) -> Vec<u8> {
    [bytes, &[0, 2, 1, mark & 0x7f]].concat()
}
