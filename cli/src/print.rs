//! Writes to standard output and standard error; no other file does.
//!
//! Callers escape what a file or a guest chose (`crate::text`), where they know what it is.
//! What they forget is escaped here: no character that controls a terminal leaves but line ends,
//! tabs and the colours of this file.

use crate::text::is_unsafe;
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// True once standard output belongs to a file of the command.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// A failure to write to standard output, as text.
#[derive(Debug)]
pub(crate) struct OutputError(pub(crate) String);

/// Escapes that [`paint`] writes, without the character that begins them.
const COLOURS: [&str; 4] = ["[1;31m", "[1;32m", "[1;33m", "[0m"];

/// `text` without characters that a terminal acts on, but line ends, tabs and our colours.
fn contained(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let is_colour = character == '\x1b'
            && text
                .get(at.saturating_add(1)..)
                .is_some_and(|rest| COLOURS.iter().any(|colour| rest.starts_with(colour)));
        if is_unsafe(character) && !matches!(character, '\n' | '\t') && !is_colour {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Takes standard output for a file of the command: what [`out`] and [`json`] write goes to
/// standard error from then on. False if it is taken already.
pub(crate) fn take_stdout() -> bool {
    !IS_TAKEN.swap(true, Ordering::Relaxed)
}

/// Writes `text` to standard output, and flushes it.
///
/// # Errors
/// [`OutputError`]. A closed pipe is not an error.
pub(crate) fn out(text: &str) -> Result<(), OutputError> {
    let text = contained(text);
    let (name, written) = if IS_TAKEN.load(Ordering::Relaxed) {
        ("standard error", write_all(io::stderr().lock(), &text))
    } else {
        ("standard output", write_all(io::stdout().lock(), &text))
    };
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(OutputError(format!("{name}: {error}")))
        }
        _ => Ok(()),
    }
}

fn write_all(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Writes `value` as one line of JSON to standard output.
///
/// # Errors
/// As [`out`].
pub(crate) fn json(value: &impl Serialize) -> Result<(), OutputError> {
    let line = serde_json::to_string(value)
        .map_err(|error| OutputError(format!("cannot write JSON: {error}")))?;
    let mut safe = String::with_capacity(line.len().saturating_add(1));
    // JSON leaves some of these as they are, always inside a string: there an escape is the same.
    for character in line.chars() {
        if is_unsafe(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe.push('\n');
    out(&safe)
}

/// Writes `text` and a line end to standard error; failures are ignored.
pub(crate) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{}", contained(text));
}

/// Overwrites the current line of standard error, if it is a terminal.
pub(crate) fn progress(text: &str) {
    let text = contained(text);
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_leaves_but_line_ends_tabs_and_our_colours() {
        let painted = "\x1b[1;31merror\x1b[0m: a\tb\n";
        assert_eq!(contained(painted), painted);
        for (text, expected) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("a\rb\x08\x7f", "a\\u{d}b\\u{8}\\u{7f}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}txt", "\\u{202e}txt"),
        ] {
            assert_eq!(contained(text), expected);
        }
    }
}
