//! Draws horizontal bars, each with a name before it and a figure after it.

use super::columns::PartKind;
use super::markup::{escaped, legend};
use super::scale::share;

/// Width of the drawing; the page stretches it.
const WIDTH: u64 = 1_000;

/// A bar.
pub(super) struct Bar {
    pub(super) name: String,
    /// Parts from left to right: CSS class and size.
    pub(super) parts: Vec<(String, u64)>,
    /// Text after the bar.
    pub(super) figure: String,
    /// Tooltip.
    pub(super) title: String,
}

/// The bars as markup; the longest one has the full width.
pub(super) fn bars(rows: &[Bar], kinds: &[PartKind]) -> String {
    let longest = rows.iter().map(|row| total(&row.parts)).max();
    let longest = longest.unwrap_or_default().max(1);
    let mut text = String::from("<div class=\"bars\">\n");
    for row in rows {
        text.push_str(&format!("<span>{}</span>", escaped(&row.name)));
        text.push_str(&format!(
            "<svg viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-label=\"{0}\"><title>{0}</title>",
            escaped(&row.title)
        ));
        let mut before = 0_u64;
        for (class, size) in &row.parts {
            let left = share(before, longest, WIDTH);
            before = before.saturating_add(*size);
            let right = share(before, longest, WIDTH);
            if *size > 0 {
                text.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{left}\" y=\"0\" width=\"{}\" height=\"10\"/>",
                    right.saturating_sub(left).max(2)
                ));
            }
        }
        text.push_str(&format!("</svg><b>{}</b>\n", escaped(&row.figure)));
    }
    text.push_str("</div>\n");
    if kinds.len() > 1 {
        text.push_str(&legend(kinds.iter().cloned()));
    }
    text
}

fn total(parts: &[(String, u64)]) -> u64 {
    parts
        .iter()
        .fold(0, |sum, (_, size)| sum.saturating_add(*size))
}
