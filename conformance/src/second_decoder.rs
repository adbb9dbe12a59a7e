//! Reads instrumented modules with two decoders that share no code, and compares the results.
//!
//! `wasmparser` is the decoder that this project uses; parity-wasm, of 2022, is the other. Both
//! results have one form: a line for each item of a section, and for each operator its opcode with
//! its immediates. So a bug of the emitter that only one of them tolerates becomes visible.
//!
//! parity-wasm is unmaintained (RUSTSEC-2022-0061) and decodes `memory.copy` wrongly if its feature
//! `bulk` is on. So it never reads untrusted bytes. Here it has only the features `std` and
//! `sign_ext`, under which an unknown operator is an error, and a module with bulk operators is
//! read in the form that lowers them ([`vm::unstable::emit::Bulk::Lower`]).
//!
//! | file | contents |
//! |---|---|
//! | `first` | decodes with `wasmparser` |
//! | `second` | decodes with parity-wasm |

mod first;

mod second;

/// A module as one decoder reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodedModule {
    /// Types, imports, functions, tables, memories, globals, exports, segments: one line an item.
    pub items: Vec<String>,
    /// Locals and operators of each body.
    pub bodies: Vec<DecodedBody>,
}

/// One function body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodedBody {
    /// Groups of locals: their number and type.
    pub locals: Vec<(u32, &'static str)>,
    /// Operators with their immediates.
    pub operators: Vec<DecodedOperator>,
}

/// One operator as a decoder read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedOperator {
    /// Opcode: one byte for every operator that the second decoder knows.
    pub encoding: u16,
    /// Immediates in order; block types as their encoding.
    pub immediates: Vec<i64>,
}

/// Encoding of the empty block type (WebAssembly core 5.4.1).
const EMPTY_BLOCK: i64 = 0x40;

/// How the two decoders disagree about a module.
#[derive(Debug, thiserror::Error)]
pub enum DecoderDisagreement {
    /// One of them cannot read the module.
    #[error("{decoder} cannot read the module: {reason}")]
    Unreadable {
        /// Name of the decoder.
        decoder: &'static str,
        /// Error message of the decoder.
        reason: String,
    },
    /// They read different items.
    #[error("item {index}: wasmparser {first:?}, parity-wasm {second:?}")]
    Item {
        /// Index of the item.
        index: usize,
        /// Result of wasmparser.
        first: Option<String>,
        /// Result of parity-wasm.
        second: Option<String>,
    },
    /// They read different operators or locals.
    #[error("body {body}, operator {index}: wasmparser {first}, parity-wasm {second}")]
    Operator {
        /// Index of the body.
        body: usize,
        /// Index of the operator in the body.
        index: usize,
        /// Result of wasmparser.
        first: String,
        /// Result of parity-wasm.
        second: String,
    },
    /// parity-wasm writes other bytes than it read.
    #[error("written again, the module differs at byte {0:#x}")]
    RoundTrip(usize),
}

/// Compares both decoders on a module of the emitter; returns its number of operators.
///
/// # Errors
/// The first [`DecoderDisagreement`].
pub fn compare(module: &[u8]) -> Result<usize, DecoderDisagreement> {
    let first = first::read(module).map_err(|error| DecoderDisagreement::Unreadable {
        decoder: "wasmparser",
        reason: error.to_string(),
    })?;
    let (second, written) = second::read(module)?;
    let items = first.items.len().max(second.items.len());
    for index in 0..items {
        let (first, second) = (first.items.get(index), second.items.get(index));
        if first != second {
            let (first, second) = (first.cloned(), second.cloned());
            return Err(DecoderDisagreement::Item {
                index,
                first,
                second,
            });
        }
    }
    let mut operators = 0_usize;
    let bodies = first.bodies.len().max(second.bodies.len());
    for body in 0..bodies {
        let (first, second) = (first.bodies.get(body), second.bodies.get(body));
        match (first, second) {
            (Some(one), Some(other)) if one == other => {
                operators = operators.saturating_add(one.operators.len());
            }
            _ => return Err(difference(body, first, second)),
        }
    }
    match module
        .iter()
        .zip(&written)
        .position(|(read, wrote)| read != wrote)
    {
        Some(index) => Err(DecoderDisagreement::RoundTrip(index)),
        None if module.len() != written.len() => Err(DecoderDisagreement::RoundTrip(
            module.len().min(written.len()),
        )),
        None => Ok(operators),
    }
}

fn difference(
    body: usize,
    first: Option<&DecodedBody>,
    second: Option<&DecodedBody>,
) -> DecoderDisagreement {
    let empty = DecodedBody::default();
    let (first, second) = (first.unwrap_or(&empty), second.unwrap_or(&empty));
    let mut pairs = first.operators.iter().zip(&second.operators);
    let index = match pairs.position(|(first, second)| first != second) {
        Some(index) => index,
        None => first.operators.len().min(second.operators.len()),
    };
    let show = |body: &DecodedBody| format!("{:?} {:?}", body.locals, body.operators.get(index));
    DecoderDisagreement::Operator {
        body,
        index,
        first: show(first),
        second: show(second),
    }
}
