//! Reads the blocks of code of a page: language, text, line, and the file that a block is.

/// One block of code between fences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The word after the opening fence, `sh` or `rust,ignore`; empty if there is none.
    pub language: String,
    /// The lines between the fences, each with its line end.
    pub text: String,
    /// Line of the first line of the text, from 1.
    pub line: usize,
    /// The file that the paragraph above names first, if it begins with a name in backticks.
    pub file: Option<String>,
}

/// The name in backticks that a paragraph begins with.
fn leading_name(paragraph: &str) -> Option<String> {
    let rest = paragraph.strip_prefix('`')?;
    let (name, _) = rest.split_once('`')?;
    Some(name.to_owned())
}

/// Every block of code of a page, in order.
#[must_use]
pub fn fences(page: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    let mut paragraph = String::new();
    let mut is_new = true;
    for (number, line) in page.lines().enumerate() {
        let mark = line.trim_start().strip_prefix("```");
        match (&mut open, mark) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, Some(language)) => {
                open = Some(Fence {
                    language: language.trim().to_owned(),
                    text: String::new(),
                    line: number.saturating_add(2),
                    file: leading_name(&paragraph),
                });
            }
            (None, None) if line.trim().is_empty() => is_new = true,
            (None, None) => {
                if is_new {
                    paragraph.clear();
                    is_new = false;
                }
                paragraph.push_str(line);
            }
        }
        if mark.is_some() {
            paragraph.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::fences;

    #[test]
    fn a_block_has_its_language_line_and_file() {
        let page =
            "# A\n\n`src/lib.rs`, with tests:\n\n```rust\nfn x() {}\n```\n\n```sh\nls\n```\n";
        let found = fences(page);
        let shown: Vec<_> = found
            .iter()
            .map(|fence| (fence.language.as_str(), fence.line, fence.file.as_deref()))
            .collect();
        assert_eq!(shown, [("rust", 6, Some("src/lib.rs")), ("sh", 10, None)]);
        assert_eq!(found[0].text, "fn x() {}\n");
    }
}
