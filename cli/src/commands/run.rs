//! Runs `lockstep run`: calls an exported function on empty state, prints result, gas and effects.

use crate::args::Run;
use crate::explanations;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::functions::FunctionName;
use crate::module::contents::ModuleContents;
use crate::module::load;
use crate::module::signature;
use crate::print::{self, Colour};
use crate::text::{counted, grouped, printable, printable_lines};
use debug_info::DebugInfo;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Value};
use vm::unstable::frames::{self, FrameExit};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Host;
use vm::unstable::limits::GAS_LIMIT_MAX;
use vm::unstable::module::{ExportKind, ValueType};
use vm::unstable::outcome::Diagnosis;
use vm::unstable::state::Journal;
use vm::{
    Address, BlockMetadata, CheckedModule, CodeHash, Engine, Entries, Event, Fault, Height, Rules,
    StateView, Trap, Walked,
};

/// Caller address, contract address, proposer and chain id of a run.
const ZEROS: [u8; 32] = [0; 32];
/// Block height of a run; the block time is 0.
const HEIGHT: Height = Height(1);

#[derive(Serialize)]
struct RunLine {
    exit: &'static str,
    values: Vec<String>,
    trap: Option<TrapLine>,
    gas_used: String,
    gas_limit: String,
    memory_sha256: Option<String>,
    frame_gas: String,
    /// Output in hexadecimal; `None` on a trap and out of gas.
    output: Option<String>,
    events: Vec<EventLine>,
    writes: Vec<WriteLine>,
    debug_log: String,
    function: String,
    engine: &'static str,
}

#[derive(Serialize)]
struct TrapLine {
    code: u16,
    name: &'static str,
    /// Active functions, innermost first.
    functions: Vec<FunctionName>,
    offset: Option<u64>,
    message: &'static str,
}

#[derive(Serialize)]
struct EventLine {
    address: String,
    topics: Vec<String>,
    data: String,
}

#[derive(Serialize)]
struct WriteLine {
    key: String,
    value: Option<String>,
}

/// A call with validated arguments.
struct Call {
    name: String,
    index: u32,
    arguments: Vec<Value>,
    input: Vec<u8>,
    gas_limit: u64,
}

/// Exit, gas and effects of the call.
struct RunResult {
    exit: FrameExit,
    gas_used: u64,
    memory_sha256: Option<String>,
    events: Vec<Event>,
    writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    debug_log: Vec<u8>,
    diagnosis: Diagnosis,
    engine: &'static str,
}

/// A state without keys and code.
struct EmptyState;

impl StateView for EmptyState {
    fn read(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    fn scan(&self, _range: Range<&[u8]>, _limit: usize) -> Result<Entries, Fault> {
        Ok(Entries::new())
    }

    fn walk(&self, _range: Range<&[u8]>, _limit: usize) -> Result<Walked, Fault> {
        Ok(Walked::new())
    }

    fn code(&self, _code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(None)
    }
}

/// Calls a function and prints its result.
///
/// # Errors
/// [`Failure::Usage`] for a function, argument or limit that does not exist;
/// [`Failure::Rejected`]; [`Failure::Environment`] if the file cannot be read.
pub(crate) fn run(arguments: &Run) -> CommandResult {
    let engine = (arguments.engine.make)();
    if arguments.gas > GAS_LIMIT_MAX {
        let message = format!("--gas is at most {} (2^63 - 1)", grouped(GAS_LIMIT_MAX));
        return Err(Failure::Usage(message));
    }
    let rules = Arc::new(load::rules(arguments.floats));
    let (loaded, module) = load::checked(&arguments.file, &rules)?;
    let call = call(&module, arguments)?;
    let module = Arc::new(module);
    let result = execute(engine.as_ref(), &module, &rules, &call)?;
    let contents = ModuleContents::of(&loaded.bytes);
    if contents.has_float_signature(call.index) && !arguments.json {
        let word = print::coloured_note("note", Colour::Yellow);
        let name = printable(&call.name);
        print::note(&format!(
            "{word}: `{name}` has float parameters or results: their values are read and printed \
             as integers with the same bits"
        ));
    }
    let info = DebugInfo::of(&loaded.bytes);
    let line = line(&module, &rules, &call, &result, &info);
    if arguments.json {
        print::json(&line)?;
    } else {
        print::out(&text(&line))?;
    }
    let returned = matches!(result.exit, FrameExit::Return { .. });
    Ok(if returned {
        Verdict::Passed
    } else {
        Verdict::Failed
    })
}

fn call(module: &CheckedModule, arguments: &Run) -> Result<Call, Failure> {
    let name = match &arguments.function {
        Some(name) => name.clone(),
        None => single_entry(module)?,
    };
    let index = module.exported_function(&name).ok_or_else(|| {
        Failure::Usage(format!(
            "no exported function `{}`; {}",
            printable(&name),
            candidates(module)
        ))
    })?;
    if module.function(index).is_none() {
        let message = format!(
            "`{}` is a re-exported host function and cannot be called; call a function of the \
             module",
            printable(&name)
        );
        return Err(Failure::Usage(message));
    }
    let signature = module.function_type(index);
    let parameters = signature
        .map(|signature| signature.parameters.as_slice())
        .unwrap_or_default();
    if parameters.len() != arguments.arguments.len() {
        return Err(Failure::Usage(format!(
            "`{}{}` takes {}, not {}",
            printable(&name),
            signature.map(signature::of_type).unwrap_or_default(),
            counted(parameters.len(), "argument"),
            arguments.arguments.len(),
        )));
    }
    let pairs = parameters.iter().zip(&arguments.arguments);
    let values = pairs.map(|(value_type, text)| argument(*value_type, text));
    let input = hex::decode(&arguments.input)
        .map_err(|error| Failure::Usage(format!("--input is not hexadecimal: {error}")))?;
    if input.len() > usize::try_from(host_api::limits::DATA_BYTES_MAX).unwrap_or(usize::MAX) {
        let maximum = grouped(host_api::limits::DATA_BYTES_MAX);
        return Err(Failure::Usage(format!(
            "--input is longer than {maximum} bytes"
        )));
    }
    Ok(Call {
        index,
        arguments: values.collect::<Result<_, _>>()?,
        input,
        name,
        gas_limit: arguments.gas,
    })
}

fn single_entry(module: &CheckedModule) -> Result<String, Failure> {
    let mut entries = module.exports().iter().filter(|export| {
        export.kind == ExportKind::Function && module.entry(&export.name).is_some()
    });
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry.name.clone()),
        (None, _) => Err(Failure::Usage(format!(
            "FUNC is missing: the module has no entry; {}",
            candidates(module)
        ))),
        (Some(_), Some(_)) => Err(Failure::Usage(format!(
            "FUNC is missing: the module has more than one entry; {}",
            candidates(module)
        ))),
    }
}

fn candidates(module: &CheckedModule) -> String {
    let callable = module.exports().iter().filter(|export| {
        export.kind == ExportKind::Function && module.function(export.index).is_some()
    });
    let names: Vec<String> = callable
        .map(|export| {
            let signature = module.function_type(export.index).map(signature::of_type);
            format!(
                "\n  {}{}",
                printable(&export.name),
                signature.unwrap_or_default()
            )
        })
        .collect();
    if names.is_empty() {
        return "the module exports no function".to_owned();
    }
    format!("it exports{}", names.concat())
}

/// Parses a decimal integer in [-2^(n-1), 2^n - 1]: signed and unsigned values share their bits.
fn argument(value_type: ValueType, text: &str) -> Result<Value, Failure> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<i128>().ok().filter(|_| is_decimal);
    let value = number.and_then(|number| match value_type {
        ValueType::I32 => i32::try_from(number)
            .or_else(|_| u32::try_from(number).map(u32::cast_signed))
            .ok()
            .map(Value::I32),
        ValueType::I64 => i64::try_from(number)
            .or_else(|_| u64::try_from(number).map(u64::cast_signed))
            .ok()
            .map(Value::I64),
    });
    let range = match value_type {
        ValueType::I32 => (i128::from(i32::MIN), i128::from(u32::MAX)),
        ValueType::I64 => (i128::from(i64::MIN), i128::from(u64::MAX)),
    };
    value.ok_or_else(|| {
        Failure::Usage(format!(
            "argument `{}` is not valid for {}: give a decimal integer from {} to {}",
            printable(text),
            signature::type_name(value_type),
            range.0,
            range.1,
        ))
    })
}

fn execute(
    engine: &dyn Engine,
    module: &Arc<CheckedModule>,
    rules: &Arc<Rules>,
    call: &Call,
) -> Result<RunResult, Failure> {
    let mut execution = engine.instantiate(module, rules)?;
    let mut journal = Journal::default();
    let block = BlockMetadata {
        height: HEIGHT,
        time_ms: 0,
        chain_id: ZEROS,
        proposer: Address(ZEROS),
    };
    let mut host = Host {
        rules,
        view: &EmptyState,
        journal: &mut journal,
        block: &block,
        caller: Address(ZEROS),
        address: Address(ZEROS),
        tx_hash: ZEROS,
        input: &call.input,
        value: 0,
        returned: &[],
        is_static: false,
        debug_log: Vec::new(),
    };
    let frame = Invocation {
        entry: call.index,
        arguments: call.arguments.clone(),
        gas: GasMeter::new(call.gas_limit),
    };
    let exit = frames::run(execution.as_mut(), frame, &mut host)?;
    let debug_log = std::mem::take(&mut host.debug_log);
    let returned = matches!(exit, FrameExit::Return { .. });
    let memory_sha256 = (returned && module.memory().is_some())
        .then(|| hex::encode(Sha256::digest(execution.memory())));
    // Out of gas consumes the whole limit.
    let gas_used = if exit == FrameExit::OutOfGas {
        call.gas_limit
    } else {
        execution.gas().used()
    };
    let effects = journal.into_effects();
    Ok(RunResult {
        gas_used,
        memory_sha256,
        events: if returned { effects.events } else { Vec::new() },
        writes: if returned {
            effects.diff.into_iter().collect()
        } else {
            Vec::new()
        },
        debug_log,
        diagnosis: execution.diagnosis(),
        engine: engine.name(),
        exit,
    })
}

fn line(
    module: &CheckedModule,
    rules: &Rules,
    call: &Call,
    result: &RunResult,
    info: &DebugInfo<'_>,
) -> RunLine {
    let (exit, values, trap, output) = match &result.exit {
        FrameExit::Return { value, output } => ("return", *value, None, Some(hex::encode(output))),
        FrameExit::Revert { output } => ("revert", None, None, Some(hex::encode(output))),
        FrameExit::Trap(trap) => ("trap", None, Some(*trap), None),
        FrameExit::OutOfGas => ("out-of-gas", None, None, None),
    };
    let events = result.events.iter().map(|event| EventLine {
        address: hex::encode(event.address),
        topics: event.topics.iter().map(hex::encode).collect(),
        data: hex::encode(&event.data),
    });
    let writes = result.writes.iter().map(|(key, value)| WriteLine {
        key: hex::encode(raw_key(key)),
        value: value.as_ref().map(hex::encode),
    });
    RunLine {
        exit,
        values: values.into_iter().map(value_text).collect(),
        trap: trap.map(|trap| trap_line(trap, &result.diagnosis, info)),
        gas_used: result.gas_used.to_string(),
        gas_limit: call.gas_limit.to_string(),
        memory_sha256: result.memory_sha256.clone(),
        frame_gas: frames::frame_price(module, rules).to_string(),
        output,
        events: events.collect(),
        writes: writes.collect(),
        debug_log: String::from_utf8_lossy(&result.debug_log).into_owned(),
        function: call.name.clone(),
        engine: result.engine,
    }
}

/// The contract's storage key: the state key without its kind byte and address.
fn raw_key(key: &[u8]) -> &[u8] {
    key.get(ZEROS.len().saturating_add(1)..).unwrap_or(key)
}

fn value_text(value: Value) -> String {
    match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
    }
}

fn trap_line(trap: Trap, diagnosis: &Diagnosis, info: &DebugInfo<'_>) -> TrapLine {
    let named = |index: &u32| FunctionName::of(*index, info);
    TrapLine {
        code: trap.code(),
        name: trap.name(),
        functions: diagnosis
            .functions
            .iter()
            .take(FRAMES_SHOWN)
            .map(named)
            .collect(),
        offset: diagnosis.offset,
        message: explanations::trap_summary(trap),
    }
}

/// Number of active functions printed for a trap; there can be 1,024.
const FRAMES_SHOWN: usize = 16;

fn text(line: &RunLine) -> String {
    let colour = if line.exit == "return" {
        Colour::Green
    } else {
        Colour::Red
    };
    let values = line.values.join(" ");
    let mut text = format!("{}  {values}", print::coloured(line.exit, colour));
    if let Some(trap) = &line.trap {
        text.push_str(&format!("{} ({}): {}", trap.name, trap.code, trap.message));
    }
    let mut text = format!("{}\n", text.trim_end());
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<11}{value}\n"));
    if let Some(trap) = &line.trap {
        let offset = trap
            .offset
            .map(|offset| format!(", offset {offset} ({offset:#x})"));
        for (level, function) in trap.functions.iter().enumerate() {
            let offset = if level == 0 {
                offset.as_deref().unwrap_or_default()
            } else {
                ""
            };
            let word = if level == 0 { "in" } else { "called by" };
            row(word, &format!("{}{offset}", function.text()));
        }
        row("more", &format!("lockstep explain {}", trap.name));
    }
    let used = grouped(&line.gas_used);
    row(
        "gas used",
        &format!("{used} of {}", grouped(&line.gas_limit)),
    );
    row(
        "frame gas",
        &format!("{} (not in gas used)", grouped(&line.frame_gas)),
    );
    if let Some(output) = line.output.as_ref().filter(|output| !output.is_empty()) {
        row("output", output);
    }
    for event in &line.events {
        row(
            "event",
            &format!("topics [{}] data {}", event.topics.join(", "), event.data),
        );
    }
    for write in &line.writes {
        match &write.value {
            Some(value) => row("write", &format!("{} = {value}", write.key)),
            None => row("remove", &write.key),
        }
    }
    if let Some(hash) = &line.memory_sha256 {
        row("memory", &format!("sha256 {hash}"));
    }
    for log in line.debug_log.lines() {
        row("log", &printable_lines(log));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_signed_or_unsigned_decimals_in_range() {
        let i32_of = |text| argument(ValueType::I32, text).ok();
        assert_eq!(i32_of("-2147483648"), Some(Value::I32(i32::MIN)));
        assert_eq!(i32_of("4294967295"), Some(Value::I32(-1)));
        assert_eq!(i32_of("4294967296"), None);
        assert_eq!(i32_of("-2147483649"), None);
        let i64_of = |text| argument(ValueType::I64, text).ok();
        assert_eq!(i64_of("18446744073709551615"), Some(Value::I64(-1)));
        assert_eq!(i64_of("-9223372036854775808"), Some(Value::I64(i64::MIN)));
        assert_eq!(i64_of("18446744073709551616"), None);
        for text in [
            "",
            "-",
            "+1",
            "0x10",
            "1.0",
            "1_000",
            " 1",
            "--1",
            &"9".repeat(60),
        ] {
            assert_eq!(i64_of(text), None, "{text}");
        }
    }
}
