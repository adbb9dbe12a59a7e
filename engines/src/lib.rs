//! The registry of the engines of this build: name, kind and constructors of each.
//!
//! Commands, tests and simulators take their engines from here; only code that needs one specific
//! engine names its crate. The interpreter is always in the build and always first: it is the
//! default of every command.
//!
//! | row | feature | kind |
//! |---|---|---|
//! | [`INTERPRETER`] | always | the engine of a node |
//! | `REFERENCE` | `reference` | defines the semantics |
//! | `WASMI` | `wasmi` | runs the instrumented module |
//! | `WASMTIME` | `wasmtime` | runs the instrumented module |
//!
//! What a new engine needs beside its row in [`ALL`]: ARCHITECTURE.md, "Where do I change...".
#![forbid(unsafe_code)]

use std::sync::Arc;
use vm::{CheckedModule, Engine, Execution, Fault, Interpreter, Rules};

/// An engine that threads can share.
pub type BoxedEngine = Box<dyn Engine + Send + Sync>;

/// Role of an engine among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our interpreter, fast enough for a node.
    Node,
    /// The reference interpreter, which defines the semantics: the others are compared with it.
    Definition,
    /// A third-party engine without a notion of gas, which runs the instrumented module.
    Emitted,
}

/// One engine of the registry.
#[derive(Debug)]
pub struct Row {
    /// Name in commands, equal to [`Engine::name`].
    pub name: &'static str,
    /// One line for the help texts of commands.
    pub summary: &'static str,
    /// Role of the engine.
    pub kind: Kind,
    /// Constructs the engine with a cache of compiled modules.
    pub make: fn() -> BoxedEngine,
    /// Constructs the engine without a cache; the results are equal.
    pub make_uncached: fn() -> BoxedEngine,
}

/// All engines of this build, the default one first.
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
    make_uncached: || Box::new(UncachedInterpreter),
};

/// R.
#[cfg(feature = "reference")]
pub static REFERENCE: Row = Row {
    name: "reference",
    summary: "R, the reference interpreter, which defines the semantics; \
        equal results, to the unit of gas",
    kind: Kind::Definition,
    make: || Box::new(reference::Reference::new()),
    make_uncached: || Box::new(reference::Reference::new()),
};

/// wasmi.
#[cfg(feature = "wasmi")]
pub static WASMI: Row = Row {
    name: "wasmi",
    summary: "The instrumented module in wasmi, a third-party interpreter",
    kind: Kind::Emitted,
    make: || Box::new(engine_wasmi::Wasmi::new()),
    make_uncached: || Box::new(engine_wasmi::Wasmi::without_cache()),
};

/// wasmtime.
#[cfg(feature = "wasmtime")]
pub static WASMTIME: Row = Row {
    name: "wasmtime",
    summary: "The instrumented module in wasmtime, a third-party compiler",
    kind: Kind::Emitted,
    make: || Box::new(engine_wasmtime::Wasmtime::new()),
    make_uncached: || Box::new(engine_wasmtime::Wasmtime::without_cache()),
};

/// Runs each contract frame on a new interpreter with empty caches.
struct UncachedInterpreter;

impl Engine for UncachedInterpreter {
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

/// The engine named `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    ALL.iter().copied().find(|row| row.name == name)
}

/// The engines that commands offer: all but the third-party ones.
pub fn ours() -> impl Iterator<Item = &'static Row> {
    let ours = |row: &&Row| row.kind != Kind::Emitted;
    ALL.iter().copied().filter(ours)
}

/// The engines that are compared with the reference interpreter: all but itself.
pub fn compared() -> impl Iterator<Item = &'static Row> {
    let compared = |row: &&Row| row.kind != Kind::Definition;
    ALL.iter().copied().filter(compared)
}

#[cfg(test)]
mod tests {
    use super::{ALL, INTERPRETER, find};

    #[test]
    fn each_engine_has_the_name_of_its_row() {
        for row in ALL {
            assert_eq!((row.make)().name(), row.name);
            assert_eq!((row.make_uncached)().name(), row.name);
            let found = find(row.name).expect("a unique name");
            assert!(std::ptr::eq(found, *row), "{} has two rows", row.name);
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn the_interpreter_is_the_default() {
        assert!(std::ptr::eq(ALL[0], &raw const INTERPRETER));
    }
}
