//! Reads emitted modules with two decoders that share no code, and compares what they say.
//!
//! `wasmparser` is the decoder that everything here stands on; parity-wasm, of 2022, is the other.
//! Both readings are written in one form: a line for each item of a section, and for each operator
//! its encoding with its immediates. A mistake of the emitter that only one of them forgives shows.
//!
//! parity-wasm is unmaintained (RUSTSEC-2022-0061) and decodes `memory.copy` wrongly if its feature
//! `bulk` is on. So it never reads bytes that others wrote; here it has the features `std` and
//! `sign_ext` only, under which an operator that it does not know is an error; and a module with
//! bulk operators is read in the form that lowers them ([`vm::unstable::emit::Bulk::Lower`]).
//!
//! | file | holds |
//! |---|---|
//! | `first` | what `wasmparser` reads |
//! | `second` | what parity-wasm reads |

mod first;

mod second;

/// What one decoder reads of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Types, imports, functions, tables, memories, globals, exports, segments: one line an item.
    pub items: Vec<String>,
    /// Locals and operators of each body.
    pub bodies: Vec<Body>,
}

/// One function body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Runs of locals: how many, and of which type.
    pub locals: Vec<(u32, &'static str)>,
    /// Operators with their immediates.
    pub operators: Vec<Operator>,
}

/// One operator as a decoder read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its encoding: one byte for all that the second decoder knows.
    pub encoding: u16,
    /// Its immediates in their order; block types as their encoding.
    pub immediates: Vec<i64>,
}

/// Encoding of the empty block type (WebAssembly core 5.4.1).
const EMPTY_BLOCK: i64 = 0x40;

/// How two decoders disagree about a module.
#[derive(Debug, thiserror::Error)]
pub enum Disagreement {
    /// One of them cannot read it.
    #[error("{decoder} cannot read the module: {reason}")]
    Unreadable {
        /// Which.
        decoder: &'static str,
        /// In its own words.
        reason: String,
    },
    /// They read different items.
    #[error("item {place}: wasmparser {first:?}, parity-wasm {second:?}")]
    Item {
        /// Its place among the items.
        place: usize,
        /// What wasmparser reads.
        first: Option<String>,
        /// What parity-wasm reads.
        second: Option<String>,
    },
    /// They read different operators or locals.
    #[error("body {body}, operator {place}: wasmparser {first}, parity-wasm {second}")]
    Operator {
        /// Number of the body.
        body: usize,
        /// Place of the operator.
        place: usize,
        /// What wasmparser reads.
        first: String,
        /// What parity-wasm reads.
        second: String,
    },
    /// What parity-wasm writes after reading is not what it read.
    #[error("written again, the module differs at byte {0:#x}")]
    RoundTrip(usize),
}

/// Compares both decoders on a module that the emitter wrote; answers how many operators it has.
///
/// # Errors
/// The first [`Disagreement`].
pub fn compare(module: &[u8]) -> Result<usize, Disagreement> {
    let first = first::read(module).map_err(|error| Disagreement::Unreadable {
        decoder: "wasmparser",
        reason: error.to_string(),
    })?;
    let (second, written) = second::read(module)?;
    let items = first.items.len().max(second.items.len());
    for place in 0..items {
        let (first, second) = (first.items.get(place), second.items.get(place));
        if first != second {
            let (first, second) = (first.cloned(), second.cloned());
            return Err(Disagreement::Item {
                place,
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
        Some(place) => Err(Disagreement::RoundTrip(place)),
        None if module.len() != written.len() => {
            Err(Disagreement::RoundTrip(module.len().min(written.len())))
        }
        None => Ok(operators),
    }
}

fn difference(body: usize, first: Option<&Body>, second: Option<&Body>) -> Disagreement {
    let empty = Body::default();
    let (first, second) = (first.unwrap_or(&empty), second.unwrap_or(&empty));
    let mut pairs = first.operators.iter().zip(&second.operators);
    let place = match pairs.position(|(first, second)| first != second) {
        Some(place) => place,
        None => first.operators.len().min(second.operators.len()),
    };
    let show = |body: &Body| format!("{:?} {:?}", body.locals, body.operators.get(place));
    Disagreement::Operator {
        body,
        place,
        first: show(first),
        second: show(second),
    }
}
