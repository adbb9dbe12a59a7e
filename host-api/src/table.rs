//! Says what a row of the host table is; the rows stand in `table/rows.rs`.
//!
//! To add a function: a number here, a row there, one arm in `vm`'s host dispatch, one extern in
//! the SDK. Numbers of [`Function`] are pinned; a row is never removed.

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

/// One argument as the interface names it; [`Argument::types`] gives what crosses the boundary.
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
    /// Asks whether a key is present.
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
    /// Who called this frame.
    Caller = 14,
    /// The contract's own address.
    SelfAddress = 15,
    /// Gas that is left, after this call's own price.
    GasLeft = 16,
    /// Text for the developer; in no receipt.
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
    /// Id of the transaction.
    TxHash = 23,
    /// What was paid to this frame.
    Value = 24,
    /// Balance of an address.
    Balance = 25,
    /// Pays an address; runs no code.
    Transfer = 26,
    /// Calls an entry of a contract.
    Call = 27,
    /// Copies what the last call gave back.
    Returned = 28,
    /// Makes a contract of uploaded code.
    Deploy = 29,
    /// Replaces the contract's own code.
    SetCode = 30,
}

/// What a static frame may do with a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Static {
    /// Call it.
    Allowed,
    /// Call it without a value; with one it traps.
    WithoutValue,
    /// Nothing: it traps.
    Traps,
}

/// One host function: its wire name, arguments, result and behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The function.
    pub function: Function,
    /// The import name in module [`crate::MODULE`].
    pub name: &'static str,
    /// Arguments in order.
    pub arguments: &'static [Argument],
    /// The core result type, if there is one.
    pub result: Option<Type>,
    /// True if the function changes state, so that a static frame traps `StaticViolation`.
    pub mutates: bool,
    /// True if the function touches state keys and so has a cold price.
    pub touches: bool,
    /// Statuses that it can answer, if its result is one.
    pub statuses: &'static [u16],
    /// What it charges once it knows more than lengths; empty if nothing.
    pub second_price: &'static str,
    /// Codes of the traps that this function can raise (beside out of gas).
    pub traps: &'static [u16],
    /// One sentence for the documentation page.
    pub summary: &'static str,
    /// The first version of the protocol that has it.
    pub since: u16,
}

impl Row {
    /// The core parameter types, flattened, in order.
    pub fn parameters(&self) -> impl Iterator<Item = Type> + '_ {
        self.arguments
            .iter()
            .flat_map(|argument| argument.types().iter().copied())
    }

    /// What a static frame may do with it.
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

/// Code of the trap of a static frame that would change state.
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
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr u8")]
    fn numbers_are_the_places_in_the_table() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.function as usize, place, "{}", row.name);
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
