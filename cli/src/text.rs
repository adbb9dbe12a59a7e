//! Formats numbers, and escapes guest-controlled text for a terminal.

use std::fmt::Display;
use std::path::Path;

/// Maximum length of a printed guest-controlled name, in characters; the rest becomes `...`.
const NAME_CHARS_MAX: usize = 120;

/// A decimal number with a comma between groups of three digits.
pub(crate) fn grouped(number: impl Display) -> String {
    let plain = number.to_string();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        let rest = digits.len().saturating_sub(index);
        if index > 0 && rest.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `count` and `noun`, with a plural `s` unless the count is 1.
pub(crate) fn counted(count: impl Display, noun: &str) -> String {
    let count = grouped(count);
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Guest-controlled text for a terminal: control and direction characters are escaped, and a long
/// text is cut.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::new();
    for (index, character) in text.chars().enumerate() {
        if index >= NAME_CHARS_MAX {
            safe.push_str("...");
            break;
        }
        push_safe(&mut safe, character);
    }
    safe
}

/// The value of a field that a result may not have.
pub(crate) fn optional(value: &Option<String>) -> String {
    value.as_deref().map_or("(none)".to_owned(), printable)
}

/// Guest-controlled text of several lines: as [`printable`], but not cut, and line ends stay.
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

/// A path, escaped as [`printable`].
pub(crate) fn printable_path(path: &Path) -> String {
    printable(&path.display().to_string())
}

fn push_safe(text: &mut String, character: char) {
    if is_unsafe(character) {
        text.extend(character.escape_unicode());
    } else {
        text.push(character);
    }
}

/// True for a character that a terminal acts on instead of showing it: those that control it, and
/// those that turn the direction of the text.
pub(crate) fn is_unsafe(character: char) -> bool {
    let turns_direction = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    character.is_control() || turns_direction
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
