//! Runs `lockstep inspect`: shows the contents of an accepted module and its imports.

use crate::args::{Floats, Inspect};
use crate::failure::{CommandResult, Verdict};
use crate::functions;
use crate::module::contents::ModuleContents;
use crate::module::listing;
use crate::module::load::{self, ContractFile};
use crate::module::signature;
use crate::module::usage;
use crate::module::warnings;
use crate::module::wit;
use crate::print::{self, OutputError};
use crate::text::{counted, grouped, printable, printable_lines};
use debug_info::DebugInfo;
use serde::Serialize;
use serde_json::{Value as Json, json};
use vm::unstable::module::ExportKind;
use vm::{CheckedModule, Rules};

/// Number of functions in the text, the largest first; JSON has all.
const FUNCTIONS_SHOWN: usize = 20;

/// One defined function.
#[derive(Clone, Debug, Serialize)]
struct FunctionLine {
    index: u32,
    name: String,
    #[serde(rename = "type")]
    signature: String,
    body_bytes: usize,
    operators: u32,
    slots: u32,
}

/// Shows the module, its code or its interface.
///
/// # Errors
/// `Failure::Rejected`, or `Failure::Environment` if the file cannot be read.
pub(crate) fn run(arguments: &Inspect) -> CommandResult {
    let rules = load::rules(Floats::Lower);
    let (loaded, module) = load::checked(&arguments.file, &rules)?;
    let info = DebugInfo::of(&loaded.bytes);
    if arguments.interface {
        interface(&loaded, &info, arguments)?;
    } else if arguments.code {
        code(&module, &rules, &info, arguments.json)?;
    } else if arguments.json {
        print::json(&facts(&loaded, &module, &info, &rules))?;
    } else {
        print::out(&text(&loaded, &module, &info, &rules))?;
    }
    Ok(Verdict::Passed)
}

fn interface(
    loaded: &ContractFile,
    info: &DebugInfo<'_>,
    arguments: &Inspect,
) -> Result<(), OutputError> {
    let parsed = info.interface().map(|bytes| {
        serde_json::from_slice::<Json>(bytes)
            .unwrap_or_else(|_| json!({ "hex": hex::encode(bytes) }))
    });
    match (parsed, arguments.json) {
        (Some(interface), false) if arguments.wit => {
            print::out(&printable_lines(&wit::render(&interface)))
        }
        (interface, true) => print::json(&json!({ "file": loaded.file, "interface": interface })),
        (Some(interface), false) => {
            let text = serde_json::to_string_pretty(&interface).unwrap_or_default();
            print::out(&format!("{}\n", printable_lines(&text)))
        }
        (None, false) => print::out(&format!(
            "{}: no interface (the module has no custom section `lockstep.interface`)\n",
            printable(&loaded.file)
        )),
    }
}

fn code(
    module: &CheckedModule,
    rules: &Rules,
    info: &DebugInfo<'_>,
    json: bool,
) -> Result<(), OutputError> {
    for listing in listing::of(module, rules, info) {
        if json {
            print::json(&listing)?;
        } else {
            print::out(&format!("{}\n", listing.text()))?;
        }
    }
    Ok(())
}

fn function_lines(module: &CheckedModule, info: &DebugInfo<'_>) -> Vec<FunctionLine> {
    let imports = u32::try_from(module.imports().len()).unwrap_or(u32::MAX);
    let line = |(function, index): (&vm::unstable::module::Function, u32)| FunctionLine {
        index,
        name: functions::name(index, info),
        signature: module
            .function_type(index)
            .map(signature::of_type)
            .unwrap_or_default(),
        body_bytes: module.body_bytes(function).len(),
        operators: function.operators,
        slots: function.slots,
    };
    module.functions().iter().zip(imports..).map(line).collect()
}

const fn kind_name(kind: ExportKind) -> &'static str {
    match kind {
        ExportKind::Function => "function",
        ExportKind::Table => "table",
        ExportKind::Memory => "memory",
        ExportKind::Global => "global",
    }
}

fn facts(
    loaded: &ContractFile,
    module: &CheckedModule,
    info: &DebugInfo<'_>,
    rules: &Rules,
) -> Json {
    let contents = ModuleContents::of(&loaded.bytes);
    let sections = contents.sections.iter().map(|section| {
        let bytes = section.range.end.saturating_sub(section.range.start);
        json!({ "name": section.name, "offset": section.range.start, "bytes": bytes })
    });
    let exports = module.exports().iter().map(|export| {
        let is_entry = export.kind == ExportKind::Function && module.entry(&export.name).is_some();
        let kind = if is_entry {
            "entry"
        } else {
            kind_name(export.kind)
        };
        let signature = match export.kind {
            ExportKind::Function => module.function_type(export.index).map(signature::of_type),
            _ => None,
        };
        json!({ "name": export.name, "kind": kind, "index": export.index, "type": signature })
    });
    let limits = usage::of(module, &rules.limits)
        .into_iter()
        .map(|usage| json!({ "name": usage.name, "used": usage.used, "maximum": usage.maximum }));
    let memory = module
        .memory()
        .map(|memory| json!({ "initial_pages": memory.initial, "maximum_pages": memory.maximum }));
    let floats = module.floats();
    json!({
        "file": loaded.file,
        "code_hash": hex::encode(module.code_hash()),
        "rules_id": hex::encode(module.rules_id()),
        "frame_gas": vm::unstable::frames::frame_price(module, rules).to_string(),
        "sections": sections.collect::<Vec<_>>(),
        "imports": permissions(module).map(|row| json!({
            "name": format!("{}.{}", host_api::MODULE, row.name),
            "mutates": row.mutates,
            "touches_state": row.touches,
            "summary": row.summary,
        })).collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "start": module.start(),
        "memory": memory,
        "table_entries": module.table().map(|table| table.initial),
        "floats": { "operators": floats.operators, "functions": floats.functions },
        "limits": limits.collect::<Vec<_>>(),
        "functions": function_lines(module, info),
        "warnings": warnings::of(module, info),
    })
}

/// Host functions that the module imports, each once, in the order of the table.
fn permissions(module: &CheckedModule) -> impl Iterator<Item = &'static host_api::Row> + '_ {
    let imported = |row: &&host_api::Row| {
        module
            .imports()
            .iter()
            .any(|import| import.function == row.function)
    };
    host_api::TABLE.iter().filter(imported)
}

fn text(
    loaded: &ContractFile,
    module: &CheckedModule,
    info: &DebugInfo<'_>,
    rules: &Rules,
) -> String {
    let mut text = format!(
        "{}\n  code hash  {}\n  size       {}\n  memory     {}\n  floats     {}\n  frame gas  {}\n",
        printable(&loaded.file),
        hex::encode(module.code_hash()),
        counted(module.bytes().len(), "byte"),
        signature::memory_text(module),
        signature::float_text(module),
        grouped(vm::unstable::frames::frame_price(module, rules)),
    );
    if let Some(start) = module.start() {
        text.push_str(&format!(
            "  start      function {start} ({})\n",
            functions::name(start, info)
        ));
    }
    text.push_str("\nsections\n");
    for section in &ModuleContents::of(&loaded.bytes).sections {
        let bytes = section.range.end.saturating_sub(section.range.start);
        let offset = section.range.start;
        text.push_str(&format!(
            "  {:<28}{:>12} bytes at {offset:#x}\n",
            section.name,
            grouped(bytes)
        ));
    }
    text.push_str(&permission_text(module));
    let (entries, others) = signature::of_exports(module);
    text.push_str(&group("entries", &entries));
    text.push_str(&group("other exports", &others));
    text.push_str("\nlimits\n");
    for usage in usage::of(module, &rules.limits) {
        let (used, maximum) = (grouped(usage.used), grouped(usage.maximum));
        let percent = usage.percent();
        text.push_str(&format!(
            "  {:<24}{used:>10} of {maximum:>10} {percent:>4} %\n",
            usage.name
        ));
    }
    text.push_str(&function_text(module, info));
    text
}

fn permission_text(module: &CheckedModule) -> String {
    let mut text = String::from("\nimported host functions\n");
    if module.imports().is_empty() {
        text.push_str("  none: the module can only compute\n");
    }
    for row in permissions(module) {
        text.push_str(&format!("  {:<18}{}\n", row.name, row.summary));
    }
    text
}

fn group(title: &str, lines: &[String]) -> String {
    let mut text = format!("\n{title}\n");
    if lines.is_empty() {
        text.push_str("  none\n");
    }
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

fn function_text(module: &CheckedModule, info: &DebugInfo<'_>) -> String {
    let mut functions = function_lines(module, info);
    functions.sort_by_key(|function| std::cmp::Reverse(function.body_bytes));
    let mut text = format!(
        "\nfunctions, largest first\n  {:>6} {:>8} {:>10} {:>6}  name\n",
        "index", "bytes", "operators", "slots"
    );
    for function in functions.iter().take(FUNCTIONS_SHOWN) {
        let FunctionLine {
            index,
            name,
            signature,
            body_bytes,
            operators,
            slots,
        } = function;
        let (bytes, operators) = (grouped(body_bytes), grouped(operators));
        let slots = grouped(slots);
        text.push_str(&format!(
            "  {index:>6} {bytes:>8} {operators:>10} {slots:>6}  {name} {signature}\n"
        ));
    }
    let rest = functions.len().saturating_sub(FUNCTIONS_SHOWN);
    if rest > 0 {
        text.push_str(&format!(
            "  and {} (all with --json)\n",
            counted(rest, "smaller function")
        ));
    }
    text
}
