//! Runs `lockstep check`: validates each file and prints warnings about accepted modules.

use crate::args::Check;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::module::contents::ModuleContents;
use crate::module::load::{self, ContractFile};
use crate::module::signature;
use crate::module::usage;
use crate::module::warnings::{self, Warning};
use crate::print::{self, Colour};
use crate::rejected_file::{PrintedRejection, RejectedFile};
use crate::text::{counted, grouped, printable};
use debug_info::DebugInfo;
use serde::Serialize;
use vm::unstable::limits::Limits;
use vm::{CheckedModule, Rules};

/// Number of limits in the text: those with the highest usage.
const USAGES_SHOWN: usize = 3;

#[derive(Serialize)]
struct CheckLine<'a> {
    file: &'a str,
    accepted: bool,
    code_hash: Option<String>,
    floats: FloatLine,
    imports: Vec<String>,
    exports: Vec<String>,
    rejection: Option<&'a PrintedRejection>,
    warnings: &'a [Warning],
}

#[derive(Serialize)]
struct FloatLine {
    operators: u32,
    functions: u32,
}

/// Checks every file; the worst verdict decides the exit code.
///
/// # Errors
/// [`Failure::Environment`] if the output cannot be written.
pub(crate) fn run(arguments: &Check) -> CommandResult {
    let rules = load::rules(arguments.floats);
    let mut worst = Verdict::Passed;
    for path in &arguments.files {
        let verdict = match ContractFile::read(path) {
            Ok(loaded) => one(&loaded, &rules, arguments.json)?,
            Err(Failure::Environment(message)) => {
                print::note(&format!(
                    "{}: {message}",
                    print::coloured_note("error", Colour::Red)
                ));
                Verdict::Environment
            }
            Err(failure) => return Err(failure),
        };
        worst = worst.max(verdict);
    }
    Ok(worst)
}

fn one(loaded: &ContractFile, rules: &Rules, json: bool) -> CommandResult {
    let contents = ModuleContents::of(&loaded.bytes);
    let checked = loaded.check(rules);
    let warnings = checked.as_ref().map_or_else(
        |_| Vec::new(),
        |module| warnings::of(module, &DebugInfo::of(&loaded.bytes)),
    );
    if json {
        print::json(&line(
            loaded,
            &contents,
            checked.as_ref().err().map(AsRef::as_ref),
            &warnings,
        ))?;
    } else {
        match &checked {
            Ok(module) => print::out(&accepted_text(loaded, module, &contents, &rules.limits))?,
            Err(rejected) => print::out(&rejected_text(loaded, rejected))?,
        }
        let word = print::coloured_note("warning", Colour::Yellow);
        for Warning { message, help, .. } in &warnings {
            let file = printable(&loaded.file);
            print::note(&format!("{word}: {file}: {message}\n  help: {help}"));
        }
    }
    Ok(if checked.is_ok() {
        Verdict::Passed
    } else {
        Verdict::Rejected
    })
}

fn line<'a>(
    loaded: &'a ContractFile,
    contents: &ModuleContents,
    rejected: Option<&'a RejectedFile>,
    warnings: &'a [Warning],
) -> CheckLine<'a> {
    CheckLine {
        file: &loaded.file,
        accepted: rejected.is_none(),
        code_hash: loaded.code_hash().map(hex::encode),
        floats: FloatLine {
            operators: contents.float_operators,
            functions: contents.float_functions,
        },
        imports: contents.imports.clone(),
        exports: contents.exports.clone(),
        rejection: rejected.map(|rejected| &rejected.rejection),
        warnings,
    }
}

fn rejected_text(loaded: &ContractFile, rejected: &RejectedFile) -> String {
    let word = print::coloured("rejected", Colour::Red);
    let error = print::coloured("error", Colour::Red);
    format!(
        "{}: {word}\n{}\n",
        printable(&loaded.file),
        rejected.text(&error)
    )
}

fn accepted_text(
    loaded: &ContractFile,
    module: &CheckedModule,
    contents: &ModuleContents,
    limits: &Limits,
) -> String {
    let word = print::coloured("accepted", Colour::Green);
    let mut text = format!("{}: {word}\n", printable(&loaded.file));
    let mut row = |name: &str, value: &str| {
        for (index, line) in value.lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            text.push_str(&format!("  {name:<11}{line}\n"));
        }
    };
    row("code hash", &hex::encode(module.code_hash()));
    row("size", &counted(module.bytes().len(), "byte"));
    row("functions", &grouped(module.functions().len()));
    row("memory", &signature::memory_text(module));
    row("floats", &signature::float_text(module));
    row(
        "imports",
        &or_none(
            &contents
                .imports
                .iter()
                .map(|name| printable(name))
                .collect::<Vec<_>>(),
        ),
    );
    let (entries, others) = signature::of_exports(module);
    row("entries", &or_none(&entries));
    row("exports", &or_none(&others));
    row("limits", &limits_text(module, limits));
    text
}

fn or_none(lines: &[String]) -> String {
    if lines.is_empty() {
        "none".to_owned()
    } else {
        lines.join("\n")
    }
}

fn limits_text(module: &CheckedModule, limits: &Limits) -> String {
    let mut usages = usage::of(module, limits);
    usages.sort_by_key(|usage| std::cmp::Reverse(usage.percent()));
    let nearest = usages
        .iter()
        .filter(|usage| usage.used > 0)
        .take(USAGES_SHOWN)
        .map(|usage| {
            let (used, maximum) = (grouped(usage.used), grouped(usage.maximum));
            format!("{} {used} of {maximum} ({} %)", usage.name, usage.percent())
        });
    or_none(&nearest.collect::<Vec<_>>())
}
