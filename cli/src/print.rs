//! Writes to standard output and standard error; no other file does.

use crate::failure::Failure;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Longest guest-chosen name that is printed, in characters; the rest becomes `...`.
const NAME_CHARS_MAX: usize = 120;

/// Writes `text` to standard output as it is.
///
/// # Errors
/// [`Failure::Environment`] if it cannot be written. A reader that went away is not an error.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Environment(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes `value` as one line of JSON to standard output.
///
/// # Errors
/// As [`out`].
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_string(value)
        .map_err(|error| Failure::Environment(format!("cannot write JSON: {error}")))?;
    line.push('\n');
    out(&line)
}

/// Writes `text` and a line end to standard error; a failure to do so has nowhere to go.
pub(crate) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{text}");
}

/// Overwrites the current line of standard error, if it is a terminal; else writes a line.
pub(crate) fn progress(text: &str) {
    let mut stderr = io::stderr().lock();
    let written = if stderr.is_terminal() {
        write!(stderr, "\r\x1b[K{text}")
    } else {
        writeln!(stderr, "{text}")
    };
    let _ = written.and_then(|()| stderr.flush());
}

/// Clears what [`progress`] left on a terminal.
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
    /// It went well.
    Green,
    /// It did not.
    Red,
    /// It deserves a look.
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
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !is_terminal || refused {
        return word.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Red => 31,
        Colour::Yellow => 33,
    };
    format!("\x1b[1;{code}m{word}\x1b[0m")
}

/// A decimal number with a comma between groups of three digits.
pub(crate) fn grouped(number: impl Display) -> String {
    let plain = number.to_string();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let mut text = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        let rest = digits.len().saturating_sub(place);
        if place > 0 && rest.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `count` and its noun, with an `s` unless there is one.
pub(crate) fn counted(count: impl Display, noun: &str) -> String {
    let count = grouped(count);
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Text of the guest's choosing, made safe for a terminal: control and direction characters are
/// escaped, and what is too long is cut.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::new();
    for (place, character) in text.chars().enumerate() {
        if place >= NAME_CHARS_MAX {
            safe.push_str("...");
            break;
        }
        push_safe(&mut safe, character);
    }
    safe
}

/// Text of the guest's choosing in lines: as [`printable`], but whole, and line ends stay.
pub(crate) fn printable_lines(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        if character == '\n' {
            safe.push('\n');
        } else {
            push_safe(&mut safe, character);
        }
    }
    safe
}

fn push_safe(text: &mut String, character: char) {
    let turns_direction = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    if character.is_control() || turns_direction {
        text.extend(character.escape_unicode());
    } else {
        text.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_of_three_digits() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(-123_456), "-123,456");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn names_cannot_write_to_the_terminal() {
        assert_eq!(printable("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(printable("\u{202e}evil"), "\\u{202e}evil");
        assert_eq!(printable(&"x".repeat(500)).len(), NAME_CHARS_MAX + 3);
        assert_eq!(printable_lines("one\ntwo\r"), "one\ntwo\\u{d}");
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(counted(1, "byte"), "1 byte");
        assert_eq!(counted(0, "byte"), "0 bytes");
        assert_eq!(counted(1_000, "byte"), "1,000 bytes");
    }
}
