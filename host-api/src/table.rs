//! Defines the columns of the host table; the rows are in `table/rows.rs`.
//!
//! What a new function needs beside its number here and its row there: ARCHITECTURE.md, "Where do I
//! change...", "a host function". Numbers of [`Function`] are pinned; a row is never removed.

mod rows;

pub use rows::TABLE;

/// A core WebAssembly value type of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A pointer, length, count, flag or status.
    I32,
    /// Gas, height or time.
    I64,
}

/// One argument of the interface; [`Argument::types`] returns the WebAssembly types that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `&name`: pointer and length of bytes that the host reads.
    Bytes(&'static str),
    /// Pointer to a fixed number of bytes that the host reads.
    Fixed(&'static str, u32),
    /// Pointer and count of items of a fixed size that the host reads.
    Items(&'static str, u32),
    /// `dst, cap`: pointer and capacity of a buffer that the host writes.
    Buffer,
    /// Pointer to a fixed number of bytes that the host writes.
    Output(u32),
    /// A number by value: a flag, a count, gas or a height.
    Number(&'static str, Type),
}

impl Argument {
    /// The core types of this argument, in order.
    #[must_use]
    pub const fn types(self) -> &'static [Type] {
        match self {
            Self::Bytes(_) | Self::Items(..) | Self::Buffer => &[Type::I32, Type::I32],
            Self::Fixed(..) | Self::Output(_) | Self::Number(_, Type::I32) => &[Type::I32],
            Self::Number(_, Type::I64) => &[Type::I64],
        }
    }
}

/// A host function; the number is part of the encoded `Rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[non_exhaustive]
pub enum Function {
    /// Copies the call's input.
    Input = 0,
    /// Ends the frame and keeps its effects.
    Return = 1,
    /// Ends the frame and discards its effects.
    Revert = 2,
    /// Reads a value of the contract's storage.
    StorageRead = 3,
    /// Writes a value.
    StorageWrite = 4,
    /// Removes a value.
    StorageRemove = 5,
    /// Returns whether a key is present.
    StorageHas = 6,
    /// Emits an event.
    EmitEvent = 7,
    /// SHA-256 of bytes.
    Sha256 = 8,
    /// Verifies an ECDSA signature over secp256k1.
    Secp256k1Verify = 9,
    /// Verifies an Ed25519 signature.
    Ed25519Verify = 10,
    /// Height of the block.
    BlockHeight = 11,
    /// Time of the block in milliseconds.
    BlockTime = 12,
    /// Id of the chain.
    ChainId = 13,
    /// Address that called this frame.
    Caller = 14,
    /// The contract's own address.
    SelfAddress = 15,
    /// Remaining gas, after this call's own price.
    GasLeft = 16,
    /// Shows text to the developer; receipts do not contain it.
    DebugLog = 17,
    /// Reads a page of the contract's storage in the order of keys.
    StorageScan = 18,
    /// Keccak-256 of bytes.
    Keccak256 = 19,
    /// Recovers the key of an ECDSA signature over secp256k1.
    Secp256k1Recover = 20,
    /// Hash of a recent block.
    BlockHash = 21,
    /// Proposer of the block.
    Proposer = 22,
    /// Hash of the transaction.
    TxHash = 23,
    /// Value that this frame received.
    Value = 24,
    /// Balance of an address.
    Balance = 25,
    /// Pays an address without running code.
    Transfer = 26,
    /// Calls an entry point of a contract.
    Call = 27,
    /// Copies the output of the last call.
    Returned = 28,
    /// Deploys a contract from uploaded code.
    Deploy = 29,
    /// Replaces the contract's own code.
    SetCode = 30,
    /// Verifies an ECDSA signature over secp256r1 (P-256).
    P256Verify = 31,
    /// BLAKE3 of bytes.
    Blake3 = 32,
    /// RIPEMD-160 of bytes.
    Ripemd160 = 33,
    /// SHA-512 of bytes.
    Sha512 = 34,
    /// Sum of two points of BLS12-381, G1.
    Bls12381G1Add = 35,
    /// Sum of multiples of points of BLS12-381, G1.
    Bls12381G1Msm = 36,
    /// Sum of two points of BLS12-381, G2.
    Bls12381G2Add = 37,
    /// Sum of multiples of points of BLS12-381, G2.
    Bls12381G2Msm = 38,
    /// Compares a product of pairings of BLS12-381 with one.
    Bls12381PairingCheck = 39,
    /// Maps an element of the field to BLS12-381, G1.
    Bls12381MapFpToG1 = 40,
    /// Maps an element of the field's extension to BLS12-381, G2.
    Bls12381MapFp2ToG2 = 41,
    /// Sum of two points of BN254.
    Bn254Add = 42,
    /// Multiple of a point of BN254.
    Bn254Mul = 43,
    /// Compares a product of pairings of BN254 with one.
    Bn254PairingCheck = 44,
}

/// Behaviour of a function in a static frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Static {
    /// It can be called.
    Allowed,
    /// It can be called with value 0, and traps otherwise.
    WithoutValue,
    /// It traps.
    Traps,
}

/// One host function: its import name, arguments, result and behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The function.
    pub function: Function,
    /// The import name in module [`crate::MODULE`].
    pub name: &'static str,
    /// Arguments in order.
    pub arguments: &'static [Argument],
    /// The core result type, if it returns a value.
    pub result: Option<Type>,
    /// True if the function changes state, so that a static frame traps `StaticViolation`.
    pub mutates: bool,
    /// True if the function touches state keys, so that it has a cold price.
    pub touches: bool,
    /// Statuses that it can return, if its result is a status.
    pub statuses: &'static [u16],
    /// Formula of what it charges beyond the price of the lengths; empty if nothing.
    pub second_price: &'static str,
    /// Codes of the traps that the function can raise.
    pub traps: &'static [u16],
    /// One sentence for the documentation page.
    pub summary: &'static str,
    /// First protocol version that has the function.
    pub since: u16,
}

impl Row {
    /// The core parameter types, flattened, in order.
    pub fn parameters(&self) -> impl Iterator<Item = Type> + '_ {
        self.arguments
            .iter()
            .flat_map(|argument| argument.types().iter().copied())
    }

    /// Its behaviour in a static frame.
    #[must_use]
    pub fn in_static_frame(&self) -> Static {
        if self.mutates {
            Static::Traps
        } else if self.traps.contains(&STATIC_VIOLATION) {
            Static::WithoutValue
        } else {
            Static::Allowed
        }
    }
}

/// Code of the trap `StaticViolation`.
const STATIC_VIOLATION: u16 = 68;

/// The row of `function`.
#[must_use]
pub fn row(function: Function) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.function == function)
}

/// The row named `name`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::as_conversions, reason = "a fieldless enum")]
    fn the_number_of_a_function_is_the_index_of_its_row() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.function as usize, index, "{}", row.name);
        }
    }

    #[test]
    fn names_are_unique() {
        for row in TABLE {
            assert_eq!(
                by_name(row.name).map(|found| found.function),
                Some(row.function)
            );
        }
    }
}
