//! Runs `lockstep meter`: writes the instrumented module.

use crate::args::{Floats, Meter};
use crate::failure::{CommandResult, Failure, Verdict};
use crate::module::load;
use crate::output::Output;
use crate::print;
use crate::text::{counted, printable, printable_path};
use serde::Serialize;
use std::io::Write as _;
use vm::unstable::emit::{Bulk, Options, Wide};

#[derive(Serialize)]
struct MeterLine {
    in_bytes: usize,
    out_bytes: usize,
    code_hash: String,
    rules_id: String,
}

/// Instruments the module of a file.
///
/// # Errors
/// [`Failure::Rejected`], or [`Failure::Environment`] if a file cannot be read or written.
pub(crate) fn run(arguments: &Meter) -> CommandResult {
    let rules = load::rules(Floats::Lower);
    let (loaded, module) = load::checked(&arguments.file, &rules)?;
    let bulk = if arguments.lower_bulk {
        Bulk::Lower
    } else {
        Bulk::Keep
    };
    let wide = if arguments.keep_wide {
        Wide::Keep
    } else {
        Wide::Lower
    };
    let options = Options { bulk, wide };
    let output = &arguments.output;
    let unwritten =
        |error| Failure::Environment(format!("cannot write {}: {error}", printable_path(output)));
    let mut file = Output::create(output).map_err(unwritten)?;
    let emitted = vm::unstable::emit::emit_with(&module, &rules, options);
    let written = file.write_all(&emitted).and_then(|()| file.finish());
    written.map_err(unwritten)?;
    if arguments.json {
        print::json(&MeterLine {
            in_bytes: module.bytes().len(),
            out_bytes: emitted.len(),
            code_hash: hex::encode(module.code_hash()),
            rules_id: hex::encode(rules.id()),
        })?;
    } else {
        print::out(&format!(
            "{}: {}\n{}: {}, gas in the exported global \"$gas\"\n\
             \x20 code hash  {}\n  rules id   {}\n",
            printable(&loaded.file),
            counted(module.bytes().len(), "byte"),
            printable_path(output),
            counted(emitted.len(), "byte"),
            hex::encode(module.code_hash()),
            hex::encode(rules.id()),
        ))?;
    }
    Ok(Verdict::Passed)
}
