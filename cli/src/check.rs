//! Runs `lockstep check`: says whether each file is accepted, and warns of what will surprise.

use crate::args::{Check, Floats};
use crate::failure::{Answer, Failure, Verdict};
use crate::load::Loaded;
use crate::print::{self, Colour, counted, grouped, printable};
use crate::reject::{Printed, Refusal};
use crate::signature;
use crate::survey::Survey;
use crate::usage;
use serde::Serialize;
use vm::unstable::module::{ExportKind, ValueType};
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{CheckedModule, Rules};

/// Name that linkers give the pointer of the shadow stack.
const STACK_POINTER: &str = "__stack_pointer";
/// Beginnings of absolute paths of somebody's machine.
const PATH_STARTS: &[&[u8]] = &[b"/home/", b"/root/", b"/Users/", b"C:\\"];
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

/// Something that is accepted and yet probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    name: &'static str,
    message: String,
    help: &'static str,
}

/// The rules of version 1 with the float policy of the command line.
pub(crate) fn rules(floats: Floats) -> Rules {
    match floats {
        Floats::Lower => Rules::v1(),
        Floats::Reject => Rules::new(FloatPolicy::Reject, Schedule::v1()),
    }
}

/// Checks every file; the worst one decides the exit code.
///
/// # Errors
/// [`Failure::Environment`] if the output cannot be written.
pub(crate) fn run(arguments: &Check) -> Answer {
    let rules = rules(arguments.floats);
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
    let warnings = checked
        .as_ref()
        .map_or_else(|_| Vec::new(), |module| warnings(module, &survey));
    if json {
        print::json(&line(
            loaded,
            &survey,
            checked.as_ref().err().map(AsRef::as_ref),
            &warnings,
        ))?;
    } else {
        match &checked {
            Ok(module) => print::out(&accepted_text(loaded, module, &survey))?,
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

fn accepted_text(loaded: &Loaded, module: &CheckedModule, survey: &Survey) -> String {
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
    row("memory", &memory_text(module));
    row("floats", &float_text(module));
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
    row("limits", &limits_text(module));
    text
}

fn or_none(lines: &[String]) -> String {
    if lines.is_empty() {
        "none".to_owned()
    } else {
        lines.join("\n")
    }
}

/// Size and bound of the memory.
pub(crate) fn memory_text(module: &CheckedModule) -> String {
    match module.memory() {
        Some(memory) => format!(
            "{} of 64 KiB, grows to {}",
            counted(memory.initial, "page"),
            grouped(memory.maximum)
        ),
        None => "none".to_owned(),
    }
}

/// How many float operators there are and what becomes of them.
pub(crate) fn float_text(module: &CheckedModule) -> String {
    let floats = module.floats();
    if floats.operators == 0 {
        return "none".to_owned();
    }
    format!(
        "{} in {}: moves keep their bits, arithmetic traps",
        counted(floats.operators, "operator"),
        counted(floats.functions, "function"),
    )
}

fn limits_text(module: &CheckedModule) -> String {
    let mut usages = usage::of(module);
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

/// What is accepted and yet probably not meant.
pub(crate) fn warnings(module: &CheckedModule, survey: &Survey) -> Vec<Warning> {
    stack_not_first(module, survey)
        .into_iter()
        .chain(absolute_path(module))
        .collect()
}

/// The shadow stack grows down; with data below it, an overflow overwrites the data.
fn stack_not_first(module: &CheckedModule, survey: &Survey) -> Option<Warning> {
    let pointer = module.globals().first()?;
    let is_pointer = pointer.mutable
        && pointer.value_type == ValueType::I32
        && (survey.first_global_name.as_deref() == Some(STACK_POINTER)
            || exports_stack_pointer(module));
    let lowest = module.data().iter().map(|data| data.offset).min()?;
    (is_pointer && u64::from(lowest) < pointer.initial).then(|| Warning {
        name: "stack-not-first",
        message: format!(
            "data at address {} lies below the stack pointer's start {}: a stack overflow \
             overwrites it without a trap",
            grouped(lowest),
            grouped(pointer.initial)
        ),
        help: "link with --stack-first (clang: -Wl,--stack-first; rustc: -Clink-arg=--stack-first)",
    })
}

fn exports_stack_pointer(module: &CheckedModule) -> bool {
    let is_it = |export: &vm::unstable::module::Export| {
        export.kind == ExportKind::Global && export.index == 0 && export.name == STACK_POINTER
    };
    module.exports().iter().any(is_it)
}

/// A path of the builder's machine makes the code hash depend on who builds.
fn absolute_path(module: &CheckedModule) -> Option<Warning> {
    let path = module
        .data()
        .iter()
        .find_map(|data| path_in(module.data_bytes(data)))?;
    Some(Warning {
        name: "absolute-path",
        message: format!("a data segment holds an absolute path: {path}"),
        help: "build with --remap-path-prefix (rustc) or -ffile-prefix-map (clang): else the \
               code hash differs between machines",
    })
}

fn path_in(data: &[u8]) -> Option<String> {
    let starts_path = |at: &usize| {
        let rest = data.get(*at..).unwrap_or_default();
        PATH_STARTS.iter().any(|start| rest.starts_with(start))
    };
    let at = (0..data.len()).find(starts_path)?;
    let rest = data.get(at..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| !(b' '..=b'~').contains(byte))
        .unwrap_or(rest.len());
    let path = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
    Some(printable(&path))
}

#[cfg(test)]
mod tests {
    use super::path_in;

    #[test]
    fn absolute_paths_are_found_and_cut_at_their_end() {
        assert_eq!(
            path_in(b"\0at /home/a/b.rs\0rest").as_deref(),
            Some("/home/a/b.rs")
        );
        assert_eq!(path_in(b"C:\\a\\b.c\0").as_deref(), Some("C:\\a\\b.c"));
        assert_eq!(path_in(b"/rustc/abc/library/core"), None);
        assert_eq!(path_in(b""), None);
    }
}
