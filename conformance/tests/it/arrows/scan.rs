//! Finds which modules of a crate use which, from its source text.
//!
//! A module is a file or folder directly under `src`, with everything below it. The root counts as
//! a module of its own, `lib`: it uses the modules that its own code names. A use of an item that
//! the root re-exports counts as a use of the module that defines the item.

use std::collections::{BTreeMap, BTreeSet};

/// Name of the root of a crate.
pub(super) const ROOT: &str = "lib";

/// By module, the modules that it uses, each with a file that contains the use.
pub(super) type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The uses between modules of one crate; files as (path below `src`, text).
pub(super) fn uses(files: &[(String, String)]) -> Uses {
    let file_of = |name: &str| files.iter().find(|(file, _)| file == name);
    let root = file_of("lib.rs").or_else(|| file_of("main.rs"));
    let (root, root_text) = root.expect("a crate has lib.rs or main.rs");
    let root_tokens = tokens(&without_tests(&code(root_text)));
    // A binary beside a library is another crate.
    let is_module = |file: &str| file != root && file != "main.rs" && !file.starts_with("bin/");
    let files = files.iter().filter(|(file, _)| is_module(file));
    let files: Vec<(Vec<String>, &String, &String)> = files
        .map(|(file, text)| (module_of(file), file, text))
        .collect();
    let modules: BTreeSet<String> = files.iter().map(|(path, ..)| path[0].clone()).collect();
    let own = read_root(&root_tokens, &modules);
    let mut found = Uses::new();
    for (path, file, text) in &files {
        // Unit tests in a file of their own may use anything.
        if path.last().is_some_and(|last| last == "tests") {
            continue;
        }
        for (inside, used) in paths(&tokens(&without_tests(&code(text)))) {
            let used = resolved(&[path.clone(), inside].concat(), &used);
            let used = match used.first().map_or(ROOT, String::as_str) {
                first if modules.contains(first) => first.to_owned(),
                first => match own.exports.get(first) {
                    Some(Some(module)) => module.clone(),
                    // From another crate.
                    Some(None) => continue,
                    None => ROOT.to_owned(),
                },
            };
            if used != path[0] {
                let of = found.entry(path[0].clone()).or_default();
                of.entry(used).or_insert_with(|| (*file).clone());
            }
        }
    }
    let of_root = own.used.into_iter().map(|used| (used, root.clone()));
    found.insert(ROOT.to_owned(), of_root.collect());
    found
}

/// The shortest cycle: modules in order, with the first one again at the end.
pub(super) fn cycle(uses: &Uses) -> Option<Vec<String>> {
    let cycles = uses.keys().filter_map(|start| path_back(uses, start));
    cycles.min_by_key(Vec::len)
}

fn path_back(uses: &Uses, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().expect("a path has a start");
            for next in uses.get(last).into_iter().flat_map(BTreeMap::keys) {
                let whole = [way.clone(), vec![next.clone()]].concat();
                if next == start {
                    return Some(whole);
                }
                if seen.insert(next.clone()) {
                    longer.push(whole);
                }
            }
        }
        ways = longer;
    }
    None
}

/// `["frames", "stack"]` for `frames/stack.rs`.
fn module_of(file: &str) -> Vec<String> {
    let parts = file.trim_end_matches(".rs").split('/');
    let mut parts: Vec<String> = parts.map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// A path relative to the root of the crate.
fn resolved(module: &[String], used: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = used;
    if rest.first().is_some_and(|first| first == "crate") {
        base.clear();
        rest = &rest[1..];
    }
    while rest.first().is_some_and(|first| first == "super") {
        base.pop();
        rest = &rest[1..];
    }
    [&base, rest].concat()
}

/// What the root contains of its modules.
#[derive(Default)]
struct RootModule {
    /// Names that it re-exports: from one of its modules, or `None` for another crate.
    exports: BTreeMap<String, Option<String>>,
    /// Modules that its own code uses.
    used: BTreeSet<String>,
}

fn read_root(tokens: &[String], modules: &BTreeSet<String>) -> RootModule {
    let at = |index: usize| tokens.get(index).map(String::as_str);
    let mut root = RootModule::default();
    let mut index = 0;
    while index < tokens.len() {
        let before = index.checked_sub(1).and_then(at);
        if at(index) == Some("use") {
            let is_public = matches!(before, Some("pub" | ")"));
            let is_own = at(index + 1) != Some("::");
            index += 1;
            for path in tree(tokens, &mut index) {
                let from = usize::from(path[0] == "crate");
                let module = modules.get(&path[from]).filter(|_| is_own).cloned();
                if is_public {
                    let name = path.last().expect("a path has a name");
                    root.exports.insert(name.clone(), module);
                } else {
                    root.used.extend(module);
                }
            }
            continue;
        }
        let begins = before != Some("::") || index.checked_sub(2).and_then(at) == Some("crate");
        if begins && at(index + 1) == Some("::") {
            root.used.extend(modules.get(&tokens[index]).cloned());
        }
        index += 1;
    }
    root
}

/// Every path that begins with `crate` or `super`, with the inline modules that contain it.
fn paths(tokens: &[String]) -> Vec<(Vec<String>, Vec<String>)> {
    let at = |index: usize| tokens.get(index).map(String::as_str);
    let mut found = Vec::new();
    // Open braces, each with the name of the module that it opens.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut index = 0;
    while let Some(token) = at(index) {
        if matches!(token, "crate" | "super") && at(index + 1) == Some("::") {
            let inside: Vec<String> = open.iter().flatten().cloned().collect();
            let paths = tree(tokens, &mut index).into_iter();
            found.extend(paths.map(|path| (inside.clone(), path)));
            continue;
        }
        match token {
            "{" => {
                let is_module = index > 1 && at(index - 2) == Some("mod");
                open.push(is_module.then(|| tokens[index - 1].clone()));
            }
            "}" => drop(open.pop()),
            _ => {}
        }
        index += 1;
    }
    found
}

/// The paths of a `use` tree, or a single path; `index` moves past it.
fn tree(tokens: &[String], index: &mut usize) -> Vec<Vec<String>> {
    let at = |index: usize| tokens.get(index).map(String::as_str);
    if at(*index) == Some("{") {
        *index += 1;
        let mut found = Vec::new();
        while at(*index).is_some_and(|token| token != "}") {
            match at(*index) {
                Some("as") => *index += 2,
                Some(",") => *index += 1,
                _ => found.extend(tree(tokens, index)),
            }
        }
        *index += 1;
        return found;
    }
    // `::node::x` names another crate.
    if at(*index) == Some("::") {
        *index += 1;
    }
    let first = tokens[*index].clone();
    *index += 1;
    let goes_on = |token: &str| token == "{" || token == "*" || is_word(token);
    if at(*index) == Some("::") && at(*index + 1).is_some_and(goes_on) {
        *index += 1;
        let rest = tree(tokens, index).into_iter();
        return rest
            .map(|path| [vec![first.clone()], path].concat())
            .collect();
    }
    vec![vec![first]]
}

fn is_word(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

/// Tokens: words, `::`, and every other character alone.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut glued = false;
    for letter in text.chars() {
        let is_part = letter.is_alphanumeric() || letter == '_';
        match found.last_mut() {
            Some(last) if glued && is_part && is_word(last) => last.push(letter),
            Some(last) if glued && letter == ':' && last == ":" => last.push(letter),
            _ if letter.is_whitespace() => {}
            _ => found.push(letter.to_string()),
        }
        glued = !letter.is_whitespace();
    }
    found
}

/// A text without the items after `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut parts = text.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut open = 0_usize;
        let end = part.find(|letter| match letter {
            '{' => {
                open += 1;
                false
            }
            '}' => {
                open = open.saturating_sub(1);
                open == 0
            }
            ';' => open == 0,
            _ => false,
        });
        kept.push_str(&part[end.map_or(part.len(), |end| end + 1)..]);
    }
    kept
}

/// A text without comments, and with empty string and byte string literals.
fn code(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            raw_literal(rest).unwrap_or(0)
        } else if letter == '"' {
            literal(rest, '"')
        } else if letter == '\'' {
            // A lifetime has no second quote right after its letter.
            let is_letter = rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'');
            if is_letter { literal(rest, '\'') } else { 0 }
        } else {
            0
        };
        if skipped == 0 {
            kept.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            kept.push(' ');
            rest = &rest[skipped..];
        }
    }
    kept
}

/// Length in bytes of the literal at the beginning, with its quotes.
fn literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == quote && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(end, _)| end + 1)
}

/// Length in bytes of the raw literal at the beginning; `None` for a word like `r#type`.
fn raw_literal(text: &str) -> Option<usize> {
    let hashes = text[1..]
        .chars()
        .take_while(|letter| *letter == '#')
        .count();
    let body = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(2 + hashes + body.find(&end)? + end.len())
}
