//! Makes the engine that `--engine` names.

use crate::args::EngineName;
use reference::Reference;
use vm::Engine;
use vm::execute::Interpreter;

/// The engine of a name.
pub(crate) fn by_name(name: EngineName) -> Box<dyn Engine> {
    match name {
        EngineName::Interpreter => Box::new(Interpreter::new()),
        EngineName::Reference => Box::new(Reference::new()),
    }
}
