//! Runs `lockstep check`: says whether each file is accepted, and warns of what will surprise.

use crate::args::Check;
use crate::failure::{Answer, Failure, Verdict};
use crate::module::contents::Survey;
use crate::module::load::{self, Loaded};
use crate::module::signature;
use crate::module::usage;
use crate::module::warnings::{self, Warning};
use crate::print::{self, Colour};
use crate::rejected_file::{Printed, Refusal};
use crate::text::{counted, grouped, printable};
use debug_info::DebugInfo;
use serde::Serialize;
use vm::unstable::limits::Limits;
use vm::{CheckedModule, Rules};

/// Limits that the text shows: the nearest ones.
const USAGES_SHOWN: usize = 3;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    accepted: bool,
    code_hash: Option<String>,
    floats: FloatLine,
    imports: Vec<String>,
    exports: Vec<String>,
    rejection: Option<&'a Printed>,
    warnings: &'a [Warning],
}

#[derive(Serialize)]
struct FloatLine {
    operators: u32,
    functions: u32,
}

/// Checks every file; the worst one decides the exit code.
///
/// # Errors
/// [`Failure::Environment`] if the output cannot be written.
pub(crate) fn run(arguments: &Check) -> Answer {
    let rules = load::rules(arguments.floats);
    let mut worst = Verdict::Passed;
    for path in &arguments.files {
        let verdict = match Loaded::read(path) {
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

fn one(loaded: &Loaded, rules: &Rules, json: bool) -> Answer {
    let survey = Survey::of(&loaded.bytes);
    let checked = loaded.check(rules);
    let warnings = checked.as_ref().map_or_else(
        |_| Vec::new(),
        |module| warnings::of(module, &DebugInfo::of(&loaded.bytes)),
    );
    if json {
        print::json(&line(
            loaded,
            &survey,
            checked.as_ref().err().map(AsRef::as_ref),
            &warnings,
        ))?;
    } else {
        match &checked {
            Ok(module) => print::out(&accepted_text(loaded, module, &survey, &rules.limits))?,
            Err(refusal) => print::out(&refused_text(loaded, refusal))?,
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
    loaded: &'a Loaded,
    survey: &Survey,
    refusal: Option<&'a Refusal>,
    warnings: &'a [Warning],
) -> Line<'a> {
    Line {
        file: &loaded.file,
        accepted: refusal.is_none(),
        code_hash: loaded.code_hash().map(hex::encode),
        floats: FloatLine {
            operators: survey.float_operators,
            functions: survey.float_functions,
        },
        imports: survey.imports.clone(),
        exports: survey.exports.clone(),
        rejection: refusal.map(|refusal| &refusal.rejection),
        warnings,
    }
}

fn refused_text(loaded: &Loaded, refusal: &Refusal) -> String {
    let word = print::coloured("rejected", Colour::Red);
    let error = print::coloured("error", Colour::Red);
    format!(
        "{}: {word}\n{}\n",
        printable(&loaded.file),
        refusal.text(&error)
    )
}

fn accepted_text(
    loaded: &Loaded,
    module: &CheckedModule,
    survey: &Survey,
    limits: &Limits,
) -> String {
    let word = print::coloured("accepted", Colour::Green);
    let mut text = format!("{}: {word}\n", printable(&loaded.file));
    let mut row = |name: &str, value: &str| {
        for (place, line) in value.lines().enumerate() {
            let name = if place == 0 { name } else { "" };
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
            &survey
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
