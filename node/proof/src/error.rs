//! Lists why a proof is not accepted.

use crate::list::ListProofError;
use crate::tree::TreeProofError;
use core::fmt;

/// Why a proof does not prove what is expected under a trusted header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// More bytes than [`PROOF_BYTES_MAX`](crate::PROOF_BYTES_MAX).
    Length,
    /// The bytes do not begin as this version of the format does.
    Format,
    /// The bytes are no whole proof, or others follow.
    Encoding,
    /// No header, or more than [`HEADERS_MAX`](crate::HEADERS_MAX).
    HeaderCount,
    /// The last header is not the trusted one.
    OtherHeader,
    /// A header is not the parent of the next one.
    BrokenChain {
        /// Height of the header that has another parent.
        height: u64,
    },
    /// The first header has height 0, which no header has.
    HeightZero,
    /// The state root does not have what is claimed.
    State(TreeProofError),
    /// The receipts root does not have the receipt.
    Receipt(ListProofError),
    /// The events root of the receipt does not have the event.
    Event(ListProofError),
    /// The proof is valid, and about another height than the expected one.
    ProvesOtherHeight {
        /// Height of the block whose result the proof is about.
        height: u64,
    },
    /// The proof is valid, and about another key, index or kind than the expected one.
    ProvesOther,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("the proof is longer than 8 MiB"),
            Self::Format => f.write_str("no proof, or one of another version of the format"),
            Self::Encoding => f.write_str("the proof is cut off or damaged"),
            Self::HeaderCount => f.write_str("the proof has no header, or more than 4,096"),
            Self::OtherHeader => f.write_str("the last header is not the trusted one"),
            Self::BrokenChain { height } => {
                write!(f, "the header of height {height} has another parent")
            }
            Self::HeightZero => f.write_str("a header of height 0"),
            Self::State(error) => write!(f, "state: {error}"),
            Self::Receipt(error) => write!(f, "receipt: {error}"),
            Self::Event(error) => write!(f, "event: {error}"),
            Self::ProvesOtherHeight { height } => {
                write!(
                    f,
                    "the proof is valid, but about the result of block {height}"
                )
            }
            Self::ProvesOther => f.write_str("the proof is valid, but about something else"),
        }
    }
}

impl core::error::Error for ProofError {}
