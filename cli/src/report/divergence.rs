//! Shows the first difference: its location, and the results of both executors side by side.

use super::markup::escaped;
use crate::text::grouped;
use node_sim::simulate::{Difference, Mismatch};

/// Maximum number of characters shown of a result; a module in the state has millions.
const RESULT_CHARS_MAX: usize = 2_000;

/// The card of a difference.
pub(super) fn divergence(difference: &Difference) -> String {
    let (left, right) = difference.executors;
    let location = match difference.transaction {
        Some(number) => format!("transaction {number}"),
        None => "the block's end".to_owned(),
    };
    let mut text = format!(
        "<section class=\"card divergence\">\n<h2>The first difference is in block {}, {}</h2>\n\
         <p class=\"note\">Transactions are counted from 0. All results before it are equal; the \
         simulation stopped here. The differing part of each result is marked.</p>\n<dl>\n",
        grouped(difference.height.0),
        escaped(&location)
    );
    let mut entry = |name: &str, value: &str| {
        text.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(value)));
    };
    entry("block", &grouped(difference.height.0));
    entry("location", &location);
    if let Some(tx_id) = &difference.tx_id {
        entry("transaction id", &hex::encode(tx_id));
    }
    text.push_str("</dl>\n");
    let heads = [(left, &difference.names.0), (right, &difference.names.1)];
    for mismatch in &difference.mismatches {
        text.push_str(&compared(mismatch, &heads));
    }
    text.push_str("</section>\n");
    text
}

fn compared(mismatch: &Mismatch, heads: &[(u32, &String); 2]) -> String {
    let Mismatch {
        field,
        key,
        left,
        right,
    } = mismatch;
    let key = key.as_ref().map_or_else(String::new, |key| {
        format!(
            "<p class=\"key\">state key <code>{}</code></p>\n",
            escaped(&cut(key))
        )
    });
    let mut text = format!("<h3>{}</h3>\n{key}<div class=\"pair\">\n", escaped(field));
    let same = common(left, right);
    for ((number, name), result) in heads.iter().zip([left, right]) {
        text.push_str(&format!(
            "<div><h4>node {number} <small>{}</small></h4><pre>{}</pre></div>\n",
            escaped(name),
            marked(result, same)
        ));
    }
    text.push_str("</div>\n");
    text
}

/// Lengths of the common prefix and of the common suffix after it, in characters.
fn common(left: &str, right: &str) -> (usize, usize) {
    let equal = |pair: &(char, char)| pair.0 == pair.1;
    let begin = left.chars().zip(right.chars()).take_while(equal).count();
    let (left, right) = (left.chars().skip(begin), right.chars().skip(begin));
    let (left, right): (Vec<char>, Vec<char>) = (left.collect(), right.collect());
    let ends = left.into_iter().rev().zip(right.into_iter().rev());
    (begin, ends.take_while(equal).count())
}

/// A result with its differing part marked.
fn marked(result: &str, (begin, end): (usize, usize)) -> String {
    let length = result.chars().count();
    let middle = length.saturating_sub(begin).saturating_sub(end);
    let part =
        |from: usize, count: usize| -> String { result.chars().skip(from).take(count).collect() };
    let differs = cut(&part(begin, middle));
    let differs = if differs.is_empty() {
        "\u{2205}".to_owned()
    } else {
        differs
    };
    format!(
        "{}<mark>{}</mark>{}",
        escaped(&cut(&part(0, begin))),
        escaped(&differs),
        escaped(&cut(&part(begin.saturating_add(middle), end)))
    )
}

fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= RESULT_CHARS_MAX {
        return text.to_owned();
    }
    let shown: String = text.chars().take(RESULT_CHARS_MAX).collect();
    let left_out = length.saturating_sub(RESULT_CHARS_MAX);
    format!("{shown}... {} more characters ...", grouped(left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_differing_part_is_marked() {
        let same = common("0x0102aa04", "0x0102bb04");
        assert_eq!(marked("0x0102aa04", same), "0x0102<mark>aa</mark>04");
        assert_eq!(marked("0x0102bb04", same), "0x0102<mark>bb</mark>04");
        let same = common("11", "111");
        assert_eq!(marked("11", same), "11<mark>\u{2205}</mark>");
        assert_eq!(marked("111", same), "11<mark>1</mark>");
        assert_eq!(marked("<", common("<", ">")), "<mark>&lt;</mark>");
    }

    #[test]
    fn a_long_result_is_cut_with_a_note() {
        let long = "a".repeat(RESULT_CHARS_MAX + 1_500);
        let text = marked(&long, (0, 0));
        assert!(text.len() < RESULT_CHARS_MAX + 100);
        assert!(text.contains("1,500 more characters"));
    }
}
