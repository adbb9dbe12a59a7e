//! Names functions, and chains of calls to one, the same in every command.

use crate::text::printable;
use debug_info::{CallStep, DebugInfo};
use serde::Serialize;

/// Steps that a line shows; of a longer chain both ends.
const STEPS_SHOWN: usize = 8;

/// What the function at `index` is called; `func[index]` where it has no name. Safe to print.
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
    /// Index in the module's index space.
    pub(crate) index: u32,
    /// See [`name`].
    pub(crate) name: String,
}

impl FunctionName {
    /// The function at `index`, named as far as the bytes name it.
    pub(crate) fn of(index: u32, info: &DebugInfo<'_>) -> Self {
        Self {
            index,
            name: name(index, info),
        }
    }

    /// `function 3 (add)`; without a name of its own `function 3`.
    pub(crate) fn text(&self) -> String {
        let Self { index, name } = self;
        if *name == placeholder(*index) {
            format!("function {index}")
        } else {
            format!("function {index} ({name})")
        }
    }
}

/// One function of a chain of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    #[serde(flatten)]
    function: FunctionName,
    /// True if the one before reaches it through the table.
    through_table: bool,
}

impl Step {
    /// The step with the function's name.
    pub(crate) fn of(step: CallStep, info: &DebugInfo<'_>) -> Self {
        Self {
            function: FunctionName::of(step.function, info),
            through_table: step.through_table,
        }
    }
}

/// The chain in one line.
pub(crate) fn chain_text(steps: &[Step]) -> String {
    let mut line = String::new();
    let half = STEPS_SHOWN / 2;
    for (place, step) in steps.iter().enumerate() {
        let left = steps.len().saturating_sub(place);
        if steps.len() > STEPS_SHOWN && place >= half && left > half {
            if place == half {
                let hidden = steps.len().saturating_sub(STEPS_SHOWN);
                line.push_str(&format!(" -> ({hidden} more)"));
            }
            continue;
        }
        if place > 0 {
            line.push_str(" -> ");
        }
        if step.through_table {
            line.push_str("(table) -> ");
        }
        line.push_str(&step.function.text());
    }
    line
}
