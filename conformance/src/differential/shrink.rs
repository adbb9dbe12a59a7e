//! Makes a failing module smaller by removing operators as long as it still fails.
//!
//! A predicate of the caller decides what fails. Function bodies become `unreachable`, then ever
//! shorter ranges of operators are removed. Existing tools are not used, because they
//! rewrite modules to ones outside the profile.

use super::rewrite::number;
use std::ops::Range;
use wasm_encoder as wasm;
use wasmparser::{BinaryReaderError, Parser, Payload};

/// Most evaluations of the predicate in one reduction.
const EVALUATIONS_MAX: usize = 4_000;

/// A module split into the sections before the code, the bodies, and the sections after it.
struct SplitModule {
    before: Vec<(u8, Vec<u8>)>,
    bodies: Vec<FunctionCode>,
    after: Vec<(u8, Vec<u8>)>,
}

/// Code of one function.
#[derive(Clone)]
struct FunctionCode {
    locals: Vec<u8>,
    /// Encoded operators in order, without the final `end`.
    operators: Vec<Vec<u8>>,
}

impl SplitModule {
    fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut split = Self {
            before: Vec::new(),
            bodies: Vec::new(),
            after: Vec::new(),
        };
        let cut = |range: &Range<u64>| {
            let to_index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
            module
                .get(to_index(range.start)..to_index(range.end))
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
                split.bodies.push(FunctionCode {
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
                (_, false) => split.before.push((id, cut(&range))),
                (_, true) => split.after.push((id, cut(&range))),
            }
        }
        Ok(split)
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

    /// Number of operators of all functions.
    fn operators(&self) -> usize {
        self.bodies
            .iter()
            .map(|body| body.operators.len())
            .fold(0, usize::saturating_add)
    }
}

/// A smaller module for which `fails` is still true; `module` itself if there is none.
///
/// `fails` must return a result for every input, invalid modules included.
pub fn shrink(module: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let Ok(mut best) = SplitModule::of(module) else {
        return module.to_vec();
    };
    let mut evaluations = 0_usize;
    let mut still_fails = |split: &SplitModule| {
        evaluations = evaluations.saturating_add(1);
        evaluations <= EVALUATIONS_MAX && fails(&split.encode())
    };
    if !still_fails(&best) {
        return module.to_vec();
    }
    for index in 0..best.bodies.len() {
        try_body(&mut best, index, vec![vec![0]], &mut still_fails);
    }
    loop {
        let before = best.operators();
        for index in 0..best.bodies.len() {
            remove_operators(&mut best, index, &mut still_fails);
        }
        if best.operators() == before {
            return best.encode();
        }
    }
}

/// Removes ranges of operators from one function, long ones first.
fn remove_operators(
    best: &mut SplitModule,
    index: usize,
    still_fails: &mut dyn FnMut(&SplitModule) -> bool,
) {
    let count = |best: &SplitModule| {
        best.bodies
            .get(index)
            .map_or(0, |body| body.operators.len())
    };
    let mut length = count(best).div_ceil(2);
    while length > 0 {
        let mut start = 0;
        while start < count(best) {
            let Some(body) = best.bodies.get(index) else {
                return;
            };
            let mut operators = body.operators.clone();
            let end = start.saturating_add(length).min(operators.len());
            operators.drain(start..end);
            if !try_body(best, index, operators, still_fails) {
                start = start.saturating_add(length.div_ceil(2));
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
}

/// Reindexs the operators of a function if the module still fails with them.
fn try_body(
    best: &mut SplitModule,
    index: usize,
    operators: Vec<Vec<u8>>,
    still_fails: &mut dyn FnMut(&SplitModule) -> bool,
) -> bool {
    let Some(body) = best.bodies.get_mut(index) else {
        return false;
    };
    let old = std::mem::replace(&mut body.operators, operators);
    if still_fails(best) {
        return true;
    }
    if let Some(body) = best.bodies.get_mut(index) {
        body.operators = old;
    }
    false
}

/// The module in the text format, below a line of comment.
#[must_use]
pub fn print(module: &[u8], headline: &str) -> String {
    let size = number(module.len());
    match wasmprinter::print_bytes(module) {
        Ok(text) => format!(";; {headline}\n{text}"),
        Err(error) => format!(";; {headline}\n;; {size} bytes that cannot be printed: {error}\n"),
    }
}
