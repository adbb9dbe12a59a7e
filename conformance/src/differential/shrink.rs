//! Makes a failing module small: fewer operators and emptier functions, as long as it still fails.
//!
//! The reduction knows nothing of the failure; it asks. Bodies become `unreachable`, then ever
//! shorter
//! runs of operators are taken out; what does not validate any more is not asked about. Our
//! own, since
//! the usual tool rewrites modules beyond the profile.

use super::rewrite::number;
use std::ops::Range;
use wasm_encoder as wasm;
use wasmparser::{BinaryReaderError, Parser, Payload};

/// Questions that one reduction may ask.
const QUESTIONS_MAX: usize = 4_000;

/// A module in pieces: everything before the code, the bodies, everything after.
struct Pieces {
    before: Vec<(u8, Vec<u8>)>,
    bodies: Vec<Body>,
    after: Vec<(u8, Vec<u8>)>,
}

/// One function.
#[derive(Clone)]
struct Body {
    locals: Vec<u8>,
    /// Operators in order, encoded; the final `end` excluded.
    operators: Vec<Vec<u8>>,
}

impl Pieces {
    fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut pieces = Self {
            before: Vec::new(),
            bodies: Vec::new(),
            after: Vec::new(),
        };
        let cut = |range: &Range<u64>| {
            let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
            module
                .get(place(range.start)..place(range.end))
                .unwrap_or_default()
                .to_vec()
        };
        let mut seen_code = false;
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Payload::CodeSectionEntry(body) = &payload {
                let mut operators = body.get_operators_reader()?;
                let locals = cut(&(body.range().start..operators.original_position()));
                let mut encoded = Vec::new();
                while !operators.eof() {
                    let start = operators.original_position();
                    operators.read()?;
                    encoded.push(cut(&(start..operators.original_position())));
                }
                encoded.pop();
                pieces.bodies.push(Body {
                    locals,
                    operators: encoded,
                });
                continue;
            }
            seen_code |= matches!(payload, Payload::CodeSectionStart { .. });
            let Some((id, range)) = payload.as_section() else {
                continue;
            };
            match (id, seen_code) {
                (10, _) => {}
                (_, false) => pieces.before.push((id, cut(&range))),
                (_, true) => pieces.after.push((id, cut(&range))),
            }
        }
        Ok(pieces)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = wasm::Module::new();
        for (id, data) in &self.before {
            out.section(&wasm::RawSection { id: *id, data });
        }
        let mut code = wasm::CodeSection::new();
        for body in &self.bodies {
            let mut bytes = body.locals.clone();
            bytes.extend(body.operators.iter().flatten());
            bytes.push(0x0b);
            code.raw(&bytes);
        }
        out.section(&code);
        for (id, data) in &self.after {
            out.section(&wasm::RawSection { id: *id, data });
        }
        out.finish()
    }

    /// Operators of all functions.
    fn operators(&self) -> usize {
        self.bodies
            .iter()
            .map(|body| body.operators.len())
            .fold(0, usize::saturating_add)
    }
}

/// A smaller module for which `fails` is still true; `module` itself if there is none.
///
/// `fails` must answer for every input, invalid modules included.
pub fn shrink(module: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let Ok(mut best) = Pieces::of(module) else {
        return module.to_vec();
    };
    let mut asked = 0_usize;
    let mut holds = |pieces: &Pieces| {
        asked = asked.saturating_add(1);
        asked <= QUESTIONS_MAX && fails(&pieces.encode())
    };
    if !holds(&best) {
        return module.to_vec();
    }
    for place in 0..best.bodies.len() {
        try_body(&mut best, place, vec![vec![0]], &mut holds);
    }
    loop {
        let before = best.operators();
        for place in 0..best.bodies.len() {
            thin(&mut best, place, &mut holds);
        }
        if best.operators() == before {
            return best.encode();
        }
    }
}

/// Takes runs of operators out of one function, long ones first.
fn thin(best: &mut Pieces, place: usize, holds: &mut dyn FnMut(&Pieces) -> bool) {
    let count = |best: &Pieces| {
        best.bodies
            .get(place)
            .map_or(0, |body| body.operators.len())
    };
    let mut length = count(best).div_ceil(2);
    while length > 0 {
        let mut start = 0;
        while start < count(best) {
            let Some(body) = best.bodies.get(place) else {
                return;
            };
            let mut operators = body.operators.clone();
            let end = start.saturating_add(length).min(operators.len());
            operators.drain(start..end);
            if !try_body(best, place, operators, holds) {
                start = start.saturating_add(length.div_ceil(2));
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
}

/// Gives the function at `place` these operators if it still fails then.
fn try_body(
    best: &mut Pieces,
    place: usize,
    operators: Vec<Vec<u8>>,
    holds: &mut dyn FnMut(&Pieces) -> bool,
) -> bool {
    let Some(body) = best.bodies.get_mut(place) else {
        return false;
    };
    let old = std::mem::replace(&mut body.operators, operators);
    if holds(best) {
        return true;
    }
    if let Some(body) = best.bodies.get_mut(place) {
        body.operators = old;
    }
    false
}

/// The module as text with a line above it.
#[must_use]
pub fn print(module: &[u8], headline: &str) -> String {
    let size = number(module.len());
    match wasmprinter::print_bytes(module) {
        Ok(text) => format!(";; {headline}\n{text}"),
        Err(error) => format!(";; {headline}\n;; {size} bytes that do not print: {error}\n"),
    }
}
