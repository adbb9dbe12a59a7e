//! Lists the engines of this build: each by its name, with what it is and how it is made.
//!
//! The one place that knows them all. A command, a test or a simulator takes rows from here; only
//! what means one engine and no other names it. The interpreter is always there and always first:
//! it is the default of every command.
//!
//! | row | feature | kind |
//! |---|---|---|
//! | [`INTERPRETER`] | always | a node runs it |
//! | `REFERENCE` | `reference` | defines what the others must do |
//! | `WASMI` | `wasmi` | runs the emitted module |
//! | `WASMTIME` | `wasmtime` | runs the emitted module |
//!
//! To add an engine: its crate beside this file, a feature that brings it, and a row in [`ALL`].
#![forbid(unsafe_code)]

use std::sync::Arc;
use vm::{CheckedModule, Engine, Execution, Fault, Interpreter, Rules};

/// An engine that threads may share.
pub type BoxedEngine = Box<dyn Engine + Send + Sync>;

/// What an engine is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, and fast enough for a node.
    Node,
    /// Ours, and the definition of the semantics: the others are held against it.
    Definition,
    /// Somebody else's, which runs the module that the emitter writes and knows nothing of gas.
    Emitted,
}

/// One engine.
#[derive(Debug)]
pub struct Row {
    /// As commands spell it, and as [`Engine::name`] answers.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Makes one that keeps what it has compiled.
    pub make: fn() -> BoxedEngine,
    /// Makes one that keeps nothing from frame to frame; results are equal.
    pub make_uncached: fn() -> BoxedEngine,
}

/// Every engine of this build, the default one first.
pub static ALL: &[&Row] = &[
    &INTERPRETER,
    #[cfg(feature = "reference")]
    &REFERENCE,
    #[cfg(feature = "wasmi")]
    &WASMI,
    #[cfg(feature = "wasmtime")]
    &WASMTIME,
];

/// The interpreter of `vm`.
pub static INTERPRETER: Row = Row {
    name: "interpreter",
    summary: "The fast interpreter",
    kind: Kind::Node,
    make: || Box::new(Interpreter::new()),
    make_uncached: || Box::new(Anew),
};

/// R.
#[cfg(feature = "reference")]
pub static REFERENCE: Row = Row {
    name: "reference",
    summary: "R: one match over the operators, the definition; \
        the same results, to the unit of gas",
    kind: Kind::Definition,
    make: || Box::new(reference::Reference::new()),
    make_uncached: || Box::new(reference::Reference::new()),
};

/// wasmi.
#[cfg(feature = "wasmi")]
pub static WASMI: Row = Row {
    name: "wasmi",
    summary: "The emitted module in wasmi, an interpreter that is not ours",
    kind: Kind::Emitted,
    make: || Box::new(engine_wasmi::Wasmi::new()),
    make_uncached: || Box::new(engine_wasmi::Wasmi::without_cache()),
};

/// wasmtime.
#[cfg(feature = "wasmtime")]
pub static WASMTIME: Row = Row {
    name: "wasmtime",
    summary: "The emitted module in wasmtime, a compiler that is not ours",
    kind: Kind::Emitted,
    make: || Box::new(engine_wasmtime::Wasmtime::new()),
    make_uncached: || Box::new(engine_wasmtime::Wasmtime::without_cache()),
};

/// An interpreter made anew for every frame, with empty caches.
struct Anew;

impl Engine for Anew {
    fn name(&self) -> &'static str {
        INTERPRETER.name
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        Interpreter::new().instantiate(module, rules)
    }
}

/// The engine that commands spell `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    ALL.iter().copied().find(|row| row.name == name)
}

/// Our own engines, which commands offer.
pub fn ours() -> impl Iterator<Item = &'static Row> {
    let ours = |row: &&Row| row.kind != Kind::Emitted;
    ALL.iter().copied().filter(ours)
}

/// The engines that are held against the definition.
pub fn held() -> impl Iterator<Item = &'static Row> {
    let held = |row: &&Row| row.kind != Kind::Definition;
    ALL.iter().copied().filter(held)
}

#[cfg(test)]
mod tests {
    use super::{ALL, INTERPRETER, find};

    #[test]
    fn each_engine_answers_to_the_name_of_its_row() {
        for row in ALL {
            assert_eq!((row.make)().name(), row.name);
            assert_eq!((row.make_uncached)().name(), row.name);
            let found = find(row.name).expect("a name of its own");
            assert!(std::ptr::eq(found, *row), "{} has two rows", row.name);
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn the_interpreter_is_the_default() {
        assert!(std::ptr::eq(ALL[0], &raw const INTERPRETER));
    }
}
