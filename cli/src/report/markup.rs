//! Escapes text and assembles the HTML page.

/// Style sheet of the page, for light and dark colour schemes and every width.
const STYLE: &str = include_str!("style.css");

/// Text for the inside of an element or of a quoted attribute; control and direction characters are
/// shown as their numbers.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                safe.extend(character.escape_unicode());
            }
            other if other.is_control() => safe.extend(other.escape_unicode()),
            other => safe.push(other),
        }
    }
    safe
}

/// A card of the page: a title, a sentence, and markup.
pub(super) fn card(title: &str, note: &str, inside: &str) -> String {
    format!(
        "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"note\">{}</p>\n{inside}</section>\n",
        escaped(title),
        escaped(note)
    )
}

/// The legend of a plot: colours with their names.
pub(super) fn legend<'a>(entries: impl IntoIterator<Item = (String, &'a str)>) -> String {
    let entries: String = entries
        .into_iter()
        .map(|(class, name)| format!("<li><i class=\"{class}\"></i>{}</li>", escaped(name)))
        .collect();
    format!("<ul class=\"legend\">{entries}</ul>\n")
}

/// The whole page.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escaped(title)
    )
}
