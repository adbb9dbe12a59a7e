//! Prints why a module was refused, the same in every command: rule, place, reason, fix.

use crate::callpath::{self, Step};
use crate::failure::Failure;
use crate::location;
use crate::print::{self, Colour};
use crate::survey::Survey;
use serde::Serialize;
use vm::Rejection;
use vm::unstable::rejection::Rule;

/// Where and why a text does not assemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    /// One line: what was found, with line and column.
    message: String,
    /// The whole report with the line that it is about.
    report: String,
    /// Byte offset in the text.
    offset: u64,
}

impl TextError {
    /// Takes the place out of the assembler's `report` about `text`.
    pub(crate) fn new(report: &str, text: &str) -> Self {
        let report = report.replace("<anon>:", "line ");
        let first = report.lines().next().unwrap_or_default().to_owned();
        let place = report
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> line "));
        let numbers = place.and_then(|place| place.split_once(':'));
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

/// Byte offset of a line and column, both counted from 1.
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

/// A function by index and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FunctionName {
    /// Index in the module's index space.
    pub(crate) index: u32,
    /// Its name, see [`Survey::function_name`].
    pub(crate) name: String,
}

impl FunctionName {
    /// The function at `index`, named as far as the bytes name it.
    pub(crate) fn of(index: u32, survey: &Survey) -> Self {
        Self {
            index,
            name: survey.function_name(index),
        }
    }

    /// `function 3 (add)`; without a name of its own `function 3`.
    pub(crate) fn text(&self) -> String {
        let Self { index, name } = self;
        if *name == Survey::placeholder(*index) {
            format!("function {index}")
        } else {
            format!("function {index} ({name})")
        }
    }
}

/// A rejection as `--json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Printed {
    code: String,
    name: &'static str,
    function: Option<FunctionName>,
    offset: u64,
    /// `file:line`, where the module carries DWARF.
    location: Option<String>,
    /// How an export reaches the function.
    path: Option<Vec<Step>>,
    message: String,
    help: String,
}

/// A refused file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    file: String,
    /// The rejection.
    pub(crate) rejection: Printed,
    report: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    accepted: bool,
    rejection: &'a Printed,
}

impl Refusal {
    /// A module that `check` refused; the place is resolved from its bytes.
    pub(crate) fn of_module(file: &str, rejection: Rejection, bytes: &[u8]) -> Self {
        let survey = &Survey::of(bytes);
        let place = rejection.offset;
        let inside = rejection.function;
        let rejection = Printed {
            code: rejection.rule.code(),
            name: rejection.rule.name(),
            function: rejection
                .function
                .map(|index| FunctionName::of(index, survey)),
            offset: rejection.offset,
            location: inside.and_then(|_| location::of(bytes, place)),
            path: inside.and_then(|index| callpath::to(index, bytes, survey)),
            message: rejection.message,
            help: rejection.help,
        };
        Self {
            file: file.to_owned(),
            rejection,
            report: None,
        }
    }

    /// A text that does not assemble.
    pub(crate) fn of_text(file: &str, error: &TextError) -> Self {
        let rejection = Printed {
            code: Rule::Malformed.code(),
            name: Rule::Malformed.name(),
            function: None,
            offset: error.offset,
            location: None,
            path: None,
            message: format!("the text does not assemble: {}", error.message),
            help: "correct the text at that place; `.wat` is the WebAssembly text format"
                .to_owned(),
        };
        Self {
            file: file.to_owned(),
            rejection,
            report: Some(error.report.clone()),
        }
    }

    /// The lines for people, without the final line end.
    pub(crate) fn text(&self, error_word: &str) -> String {
        let Printed {
            code,
            name,
            function,
            offset,
            location,
            path,
            message,
            help,
        } = &self.rejection;
        let place = match function {
            Some(function) => format!("{}, offset {offset} (0x{offset:x})", function.text()),
            None => format!("offset {offset} (0x{offset:x})"),
        };
        let mut text = format!(
            "{error_word}[{code} {name}]: {}\n",
            print::printable_lines(message)
        );
        text.push_str(&format!(
            "  --> {}, {place}\n",
            print::printable(&self.file)
        ));
        if let Some(location) = location {
            text.push_str(&format!("  source: {location}\n"));
        }
        match path {
            Some(path) => text.push_str(&format!("  called: {}\n", callpath::text(path))),
            None if function.is_some() => text.push_str("  called: by nothing that is exported\n"),
            None => {}
        }
        for line in self.report.iter().flat_map(|report| report.lines()).skip(2) {
            text.push_str(&format!(" {}\n", print::printable(line)));
        }
        text.push_str(&format!("  help: {}\n", print::printable_lines(help)));
        text.push_str(&format!("  more: lockstep explain {code}"));
        text
    }

    /// Prints it where a command other than `check` meets it: JSON to standard output, text to
    /// standard error.
    ///
    /// # Errors
    /// As [`print::out`].
    pub(crate) fn print(&self, json: bool) -> Result<(), Failure> {
        if json {
            print::json(&Line {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_text_becomes_a_byte_offset() {
        let text = "(module\n  (fnc))\n";
        let error = wat::parse_str(text).expect_err("does not assemble");
        let place = TextError::new(&error.to_string(), text);
        assert_eq!(place.offset, 11);
        assert!(
            place.message.ends_with("(line 2, column 4)"),
            "{}",
            place.message
        );
    }
}
