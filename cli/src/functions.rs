//! Formats the names of functions and call chains for every command.

use crate::text::printable;
use debug_info::{CallStep, DebugInfo};
use serde::Serialize;

/// Maximum number of functions in a printed call chain; of a longer one the middle is left out.
const STEPS_SHOWN: usize = 8;

/// The name of the function at `index`; `func[index]` if it has none. Safe to print.
pub(crate) fn name(index: u32, info: &DebugInfo<'_>) -> String {
    info.function_name(index)
        .map_or_else(|| placeholder(index), |name| printable(&name))
}

fn placeholder(index: u32) -> String {
    format!("func[{index}]")
}

/// A function by index and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FunctionName {
    /// Index in the module's function index space.
    pub(crate) index: u32,
    /// See [`name`].
    pub(crate) name: String,
}

impl FunctionName {
    /// The function at `index`, with its name from the module's debug information.
    pub(crate) fn of(index: u32, info: &DebugInfo<'_>) -> Self {
        Self {
            index,
            name: name(index, info),
        }
    }

    /// `function 3 (add)`, or `function 3` if it has no name.
    pub(crate) fn text(&self) -> String {
        let Self { index, name } = self;
        if *name == placeholder(*index) {
            format!("function {index}")
        } else {
            format!("function {index} ({name})")
        }
    }
}

/// One function of a call chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NamedCallStep {
    #[serde(flatten)]
    function: FunctionName,
    /// True if the previous function calls it through the table.
    through_table: bool,
}

impl NamedCallStep {
    /// The step with the function's name.
    pub(crate) fn of(step: CallStep, info: &DebugInfo<'_>) -> Self {
        Self {
            function: FunctionName::of(step.function, info),
            through_table: step.through_table,
        }
    }
}

/// The call chain in one line.
pub(crate) fn chain_text(steps: &[NamedCallStep]) -> String {
    let mut line = String::new();
    let half = STEPS_SHOWN / 2;
    for (index, step) in steps.iter().enumerate() {
        let left = steps.len().saturating_sub(index);
        if steps.len() > STEPS_SHOWN && index >= half && left > half {
            if index == half {
                let hidden = steps.len().saturating_sub(STEPS_SHOWN);
                line.push_str(&format!(" -> ({hidden} more)"));
            }
            continue;
        }
        if index > 0 {
            line.push_str(" -> ");
        }
        if step.through_table {
            line.push_str("(table) -> ");
        }
        line.push_str(&step.function.text());
    }
    line
}
