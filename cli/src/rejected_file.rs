//! Prints why a module was rejected, the same in every command: rule, location, reason, fix.

use crate::functions::{self, FunctionName, NamedCallStep};
use crate::print::{self, Colour, OutputError};
use crate::text::{printable, printable_lines};
use debug_info::{CallStep, DebugInfo, Location};
use serde::Serialize;
use vm::Rejection;
use vm::unstable::rejection::Rule;

/// Where and why a module in the text format does not assemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    /// One line: the error with line and column.
    message: String,
    /// The assembler's whole report, which quotes the line.
    report: String,
    /// Byte offset of the error in the text.
    offset: u64,
}

impl TextError {
    /// Parses line and column from the assembler's `report` about `text`.
    pub(crate) fn new(report: &str, text: &str) -> Self {
        let report = report.replace("<anon>:", "line ");
        let first = report.lines().next().unwrap_or_default().to_owned();
        let position = report
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> line "));
        let numbers = position.and_then(|position| position.split_once(':'));
        let parsed =
            numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        let (message, offset) = match parsed {
            Some((line, column)) => (
                format!("{first} (line {line}, column {column})"),
                byte_offset(text, line, column),
            ),
            None => (first, 0),
        };
        Self {
            message,
            report,
            offset,
        }
    }
}

/// Byte offset of a line and column, which are both counted from 1.
fn byte_offset(text: &str, line: usize, column: usize) -> u64 {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let within = text
        .split_inclusive('\n')
        .nth(line.saturating_sub(1))
        .map_or(0, |line| {
            line.char_indices()
                .nth(column.saturating_sub(1))
                .map_or(line.len(), |(at, _)| at)
        });
    u64::try_from(before.saturating_add(within)).unwrap_or(u64::MAX)
}

/// A rejection as `--json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PrintedRejection {
    code: String,
    name: &'static str,
    function: Option<FunctionName>,
    offset: u64,
    /// `file:line`, if the module has DWARF.
    location: Option<String>,
    /// Call chain from an export to the function.
    path: Option<Vec<NamedCallStep>>,
    message: String,
    help: String,
}

/// A file that was rejected, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RejectedFile {
    file: String,
    /// The rejection.
    pub(crate) rejection: PrintedRejection,
    report: Option<String>,
}

#[derive(Serialize)]
struct RejectionLine<'a> {
    file: &'a str,
    accepted: bool,
    rejection: &'a PrintedRejection,
}

impl RejectedFile {
    /// A module that `check` rejected; names and source lines are resolved from its bytes.
    pub(crate) fn of_module(file: &str, rejection: Rejection, bytes: &[u8]) -> Self {
        let info = &DebugInfo::of(bytes);
        let inside = rejection.function;
        let lines = inside.and_then(|_| info.lines().ok());
        let location = lines.and_then(|lines| lines.at(rejection.offset));
        let path = inside.and_then(|index| info.call_path(index));
        let named =
            |steps: Vec<CallStep>| steps.into_iter().map(|step| NamedCallStep::of(step, info));
        let rejection = PrintedRejection {
            code: rejection.rule.code(),
            name: rejection.rule.name(),
            function: inside.map(|index| FunctionName::of(index, info)),
            offset: rejection.offset,
            location: location.map(file_and_line),
            path: path.map(|steps| named(steps).collect()),
            message: rejection.message,
            help: rejection.help,
        };
        Self {
            file: file.to_owned(),
            rejection,
            report: None,
        }
    }

    /// A module in the text format that does not assemble.
    pub(crate) fn of_text(file: &str, error: &TextError) -> Self {
        let rejection = PrintedRejection {
            code: Rule::Malformed.code(),
            name: Rule::Malformed.name(),
            function: None,
            offset: error.offset,
            location: None,
            path: None,
            message: format!("the text does not assemble: {}", error.message),
            help: "correct the text at this location; it must be in the WebAssembly text format"
                .to_owned(),
        };
        Self {
            file: file.to_owned(),
            rejection,
            report: Some(error.report.clone()),
        }
    }

    /// The error as text, without the final line end.
    pub(crate) fn text(&self, error_word: &str) -> String {
        let PrintedRejection {
            code,
            name,
            function,
            offset,
            location,
            path,
            message,
            help,
        } = &self.rejection;
        let position = match function {
            Some(function) => format!("{}, offset {offset} (0x{offset:x})", function.text()),
            None => format!("offset {offset} (0x{offset:x})"),
        };
        let mut text = format!(
            "{error_word}[{code} {name}]: {}\n",
            printable_lines(message)
        );
        text.push_str(&format!("  --> {}, {position}\n", printable(&self.file)));
        if let Some(location) = location {
            text.push_str(&format!("  source: {location}\n"));
        }
        match path {
            Some(path) => text.push_str(&format!("  called: {}\n", functions::chain_text(path))),
            None if function.is_some() => text.push_str("  called: not reached from an export\n"),
            None => {}
        }
        for line in self.report.iter().flat_map(|report| report.lines()).skip(2) {
            text.push_str(&format!(" {}\n", printable(line)));
        }
        text.push_str(&format!("  help: {}\n", printable_lines(help)));
        text.push_str(&format!("  more: lockstep explain {code}"));
        text
    }

    /// Prints the error for commands other than `check`: JSON to standard output, text to standard
    /// error.
    ///
    /// # Errors
    /// As [`print::out`].
    pub(crate) fn print(&self, json: bool) -> Result<(), OutputError> {
        if json {
            print::json(&RejectionLine {
                file: &self.file,
                accepted: false,
                rejection: &self.rejection,
            })
        } else {
            print::note(&self.text(&print::coloured_note("error", Colour::Red)));
            Ok(())
        }
    }
}

/// `file:line`, or `file` if the line is not known.
fn file_and_line(location: Location<'_>) -> String {
    let file = printable(location.file);
    match location.line {
        Some(line) => format!("{file}:{line}"),
        None => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_of_a_text_error_become_a_byte_offset() {
        let text = "(module\n  (fnc))\n";
        let error = wat::parse_str(text).expect_err("does not assemble");
        let error = TextError::new(&error.to_string(), text);
        assert_eq!(error.offset, 11);
        assert!(
            error.message.ends_with("(line 2, column 4)"),
            "{}",
            error.message
        );
    }
}
