//! Decides for each command of a page whether it is run here, how, and if not why.

use super::fence::{Fence, fences};

/// A page that is followed from top to bottom in one folder.
pub const GUIDE: &str = "docs/contracts.md";

/// How a command of a page is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// This line goes to a shell and must exit with the code.
    Run {
        /// The line, with the command `lockstep` in place of what builds it.
        line: String,
        /// The exit code that the page promises.
        exit: i32,
    },
    /// The text is written to the file.
    Write {
        /// Path in the folder of the guide.
        file: String,
        /// Its content.
        text: String,
    },
    /// It is not run here.
    Leave(&'static str),
    /// No rule covers it: the page has a command that nothing runs.
    Unknown,
}

/// One command or file of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Path of the page.
    pub page: String,
    /// Its line, from 1.
    pub line: usize,
    /// What the page shows.
    pub shown: String,
    /// What is done with it.
    pub plan: Plan,
}

/// Beginnings of commands that are not run here, with what runs them instead.
const LEFT: [(&str, &str); 23] = [
    (
        "cargo test",
        "step `tests`, `contracts` or `rocksdb` of .ci/run",
    ),
    (
        "cargo bench",
        "step `peers` of .ci/deep compiles and runs the kernels",
    ),
    (
        "cargo build --release",
        "this program builds the command first",
    ),
    (
        "cargo run --release -p cli --features rocksdb",
        "step `rocksdb` of .ci/run",
    ),
    (
        "cargo run --release -p lockstep-redb-store",
        "step `redb-kill` of .ci/deep",
    ),
    (
        "cargo run --release -p rocksdb-store",
        "step `rocksdb-kill` of .ci/deep",
    ),
    (
        "cargo run --release -p benches",
        "steps `peers` and `host-bench` of .ci/deep",
    ),
    (
        "cargo run --release -p host-bench --example",
        "step `host-bench` of .ci/deep",
    ),
    (
        "cargo run --release -p work --example",
        "step `host-bench` of .ci/deep",
    ),
    (
        "cargo run --release -p lockstep-tree --example",
        "a measurement, and another release build",
    ),
    (
        "cargo run --release -p lockstep-testkit --example",
        "a measurement of minutes",
    ),
    (
        "cargo run --release -p conformance",
        "steps `differential` and `hostile`",
    ),
    (
        "lockstep conform run --command",
        "the engine is the reader's; step `foreign` of .ci/deep runs two",
    ),
    (
        "cargo install",
        "the step of .ci/deep that needs the tool installs it",
    ),
    ("fuzz/run", "step `fuzz` of .ci/deep"),
    ("COMMIT=1 fuzz/run", "it changes the committed seeds"),
    ("conformance/mutation.sh", "step `mutation` of .ci/deep"),
    ("apt-get ", "step `install` of .ci/run installs"),
    (
        "export CC=",
        "it is optional and depends on a compiler cache",
    ),
    ("git clone ", "this program runs in a clone"),
    (
        "INSTALL=1 conformance/architectures.sh",
        "step `architectures`",
    ),
    ("./build.sh", "step `rebuild` of .ci/run"),
    (
        "benches/build.sh",
        "a compiler of another date writes other bytes",
    ),
];

/// Commands that promise another exit code than 0.
const EXITS: [(&str, i32); 1] = [("lockstep sim --plant", 1)];

/// What a command needs before it, where the page says it in words: reports of other machines.
const PREPARED: [(&str, &str); 1] = [(
    "lockstep conform compare",
    "cp here.json there.json; cp here.json another.json",
)];

/// A line without its comment: a `#` after two spaces, or at the beginning.
fn without_comment(line: &str) -> &str {
    let line = line.split("  #").next().unwrap_or_default();
    let line = line.split(" # ").next().unwrap_or_default();
    if line.starts_with('#') {
        ""
    } else {
        line.trim()
    }
}

/// The line with the command in place of what builds and runs it.
fn of_command(line: &str) -> String {
    let line = line.replace("cargo run --release -- ", "lockstep ");
    line.replace("target/release/lockstep ", "lockstep ")
}

fn plan(page: &str, line: &str) -> Plan {
    let line = of_command(line);
    let left = LEFT.iter().find(|(start, _)| line.starts_with(start));
    // The guide's own tests are its reader's: nothing else runs them.
    if let Some((_, why)) = left.filter(|_| page != GUIDE) {
        return Plan::Leave(why);
    }
    let known = ["lockstep ", "jq "];
    if page != GUIDE && !known.iter().any(|start| line.starts_with(start)) {
        return Plan::Unknown;
    }
    let exit = EXITS
        .iter()
        .find(|(start, _)| line.starts_with(start))
        .map_or(0, |(_, exit)| *exit);
    let before = PREPARED.iter().find(|(start, _)| line.starts_with(start));
    let line = before.map_or_else(|| line.clone(), |(_, first)| format!("{first}; {line}"));
    Plan::Run { line, exit }
}

/// The commands of a block of shell lines.
fn commands(page: &str, fence: &Fence) -> Vec<Step> {
    let lines = fence.text.lines().enumerate();
    lines
        .map(|(number, line)| (fence.line.saturating_add(number), without_comment(line)))
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| Step {
            page: page.to_owned(),
            line: number,
            shown: line.to_owned(),
            plan: plan(page, line),
        })
        .collect()
}

/// The file that a block of the guide is.
fn file_of(fence: &Fence) -> Option<String> {
    fence.file.clone().filter(|name| name.contains('.'))
}

/// Everything that a page shows to be typed, in its order.
#[must_use]
pub fn steps(page: &str, text: &str) -> Vec<Step> {
    let mut found = Vec::new();
    for fence in fences(text) {
        match file_of(&fence) {
            _ if fence.language == "sh" => found.extend(commands(page, &fence)),
            Some(file) if page == GUIDE => found.push(Step {
                page: page.to_owned(),
                line: fence.line,
                shown: format!("the file {file}"),
                plan: Plan::Write {
                    file,
                    text: fence.text.clone(),
                },
            }),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Plan, Step, steps};

    fn plans(page: &str, text: &str) -> Vec<Plan> {
        let of = |step: Step| step.plan;
        steps(page, text).into_iter().map(of).collect()
    }

    #[test]
    fn a_command_is_run_left_with_a_reason_or_unknown() {
        let text =
            "```sh\ncargo run --release -- check a.wasm   # accepted?\ncargo test\nmake\n```\n";
        let found = plans("README.md", text);
        let run = Plan::Run {
            line: "lockstep check a.wasm".to_owned(),
            exit: 0,
        };
        assert_eq!(found[0], run);
        assert!(matches!(found[1], Plan::Leave(_)), "{:?}", found[1]);
        assert_eq!(found[2], Plan::Unknown);
    }

    #[test]
    fn the_guide_writes_its_files_and_runs_its_tests() {
        let text = "`src/lib.rs`:\n\n```rust\nfn x() {}\n```\n\n```sh\ncargo test --lib\n```\n";
        let found = plans("docs/contracts.md", text);
        assert!(matches!(&found[0], Plan::Write { file, .. } if file == "src/lib.rs"));
        assert!(matches!(&found[1], Plan::Run { line, .. } if line == "cargo test --lib"));
    }
}
