//! Writes to standard output and standard error; no other file does.

use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// A failure to write to standard output, as text.
#[derive(Debug)]
pub(crate) struct OutputError(pub(crate) String);

/// Writes `text` to standard output.
///
/// # Errors
/// [`OutputError`]. A closed pipe is not an error.
pub(crate) fn out(text: &str) -> Result<(), OutputError> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(OutputError(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes `value` as one line of JSON to standard output.
///
/// # Errors
/// As [`out`].
pub(crate) fn json(value: &impl Serialize) -> Result<(), OutputError> {
    let mut line = serde_json::to_string(value)
        .map_err(|error| OutputError(format!("cannot write JSON: {error}")))?;
    line.push('\n');
    out(&line)
}

/// Writes `text` and a line end to standard error; failures are ignored.
pub(crate) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{text}");
}

/// Overwrites the current line of standard error if it is a terminal; otherwise writes a line.
pub(crate) fn progress(text: &str) {
    let mut stderr = io::stderr().lock();
    let written = if stderr.is_terminal() {
        write!(stderr, "\r\x1b[K{text}")
    } else {
        writeln!(stderr, "{text}")
    };
    let _ = written.and_then(|()| stderr.flush());
}

/// Clears the line of [`progress`] on a terminal.
pub(crate) fn progress_end() {
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K").and_then(|()| stderr.flush());
    }
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// A colour for one word of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Success.
    Green,
    /// Failure.
    Red,
    /// Warning or note.
    Yellow,
}

/// Colours `word` for standard output, if that is a terminal and `NO_COLOR` is unset.
pub(crate) fn coloured(word: &str, colour: Colour) -> String {
    paint(word, colour, io::stdout().is_terminal())
}

/// Colours `word` for standard error, under the same conditions.
pub(crate) fn coloured_note(word: &str, colour: Colour) -> String {
    paint(word, colour, io::stderr().is_terminal())
}

fn paint(word: &str, colour: Colour, is_terminal: bool) -> String {
    let is_disabled = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !is_terminal || is_disabled {
        return word.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Red => 31,
        Colour::Yellow => 33,
    };
    format!("\x1b[1;{code}m{word}\x1b[0m")
}
