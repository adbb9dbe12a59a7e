//! Measures a checked module against the limits of the rules.

use vm::CheckedModule;
use vm::unstable::limits::Limits;
use vm::unstable::lower::{self, Operator, Sink};

/// A limit and how much of it a module uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Name of the limit.
    pub(crate) name: &'static str,
    /// Usage of the module; for a limit on each function, that of the function with the most.
    pub(crate) used: u64,
    /// Maximum that is accepted.
    pub(crate) maximum: u64,
}

impl Usage {
    /// Usage in percent, rounded up.
    pub(crate) fn percent(self) -> u64 {
        self.used
            .saturating_mul(100)
            .checked_div(self.maximum)
            .map_or(0, |percent| {
                let exact = percent.saturating_mul(self.maximum) == self.used.saturating_mul(100);
                percent.saturating_add(u64::from(!exact))
            })
    }
}

/// Number of blocks, nesting depth and number of branch table targets of a function.
#[derive(Debug, Default)]
struct BodyCounts {
    blocks: u64,
    depth: u64,
    nesting: u64,
    targets: u64,
}

impl Sink for BodyCounts {
    fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
        match operator {
            Operator::Block(_) | Operator::Loop(_) | Operator::If(_) => {
                self.blocks = self.blocks.saturating_add(1);
                self.depth = self.depth.saturating_add(1);
                self.nesting = self.nesting.max(self.depth);
            }
            Operator::End => self.depth = self.depth.saturating_sub(1),
            Operator::BrTable { targets, .. } => {
                self.targets = self.targets.saturating_add(count(targets.len()));
            }
            _ => {}
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The usage of every limit on modules.
pub(crate) fn of(module: &CheckedModule, limits: &Limits) -> Vec<Usage> {
    let mut usages = of_tables(module, limits);
    usages.extend(of_functions(module, limits));
    usages
}

fn of_tables(module: &CheckedModule, limits: &Limits) -> Vec<Usage> {
    let functions = count(module.imports().len()).saturating_add(count(module.functions().len()));
    let data: u64 = module
        .data()
        .iter()
        .map(|data| count(module.data_bytes(data).len()))
        .sum();
    let elements = module
        .elements()
        .iter()
        .map(|element| count(element.functions.len()))
        .sum();
    let pages = module.memory().map_or(0, |memory| memory.initial);
    let entries = module.table().map_or(0, |table| table.initial);
    let rows = [
        (
            "module bytes",
            count(module.bytes().len()),
            limits.module_bytes_max,
        ),
        ("types", count(module.types().len()), limits.types_max),
        ("imports", count(module.imports().len()), limits.imports_max),
        ("exports", count(module.exports().len()), limits.exports_max),
        ("functions", functions, limits.functions_max),
        ("globals", count(module.globals().len()), limits.globals_max),
        (
            "table entries",
            u64::from(entries),
            limits.table_entries_max,
        ),
        ("elements", elements, limits.elements_max),
        (
            "data segments",
            count(module.data().len()),
            limits.data_segments_max,
        ),
        ("data bytes", data, limits.data_bytes_max),
        (
            "initial pages",
            u64::from(pages),
            limits.memory_pages_initial_max,
        ),
    ];
    rows.map(|(name, used, maximum)| Usage {
        name,
        used,
        maximum: u64::from(maximum),
    })
    .into()
}

fn of_functions(module: &CheckedModule, limits: &Limits) -> Vec<Usage> {
    let (mut body, mut operators, mut locals, mut locals_total) = (0, 0, 0, 0_u64);
    let (mut blocks, mut blocks_total, mut nesting, mut targets) = (0, 0_u64, 0, 0_u64);
    for function in module.functions() {
        let mut counts = BodyCounts::default();
        lower::function(module, function, &mut counts);
        let parameters = usize::try_from(function.type_index)
            .ok()
            .and_then(|at| module.types().get(at))
            .map_or(0, |signature| count(signature.parameters.len()));
        let declared: u64 = function
            .locals
            .iter()
            .map(|(number, _)| u64::from(*number))
            .sum();
        let own = parameters.saturating_add(declared);
        body = count(module.body_bytes(function).len()).max(body);
        operators = u64::from(function.operators).max(operators);
        locals = own.max(locals);
        locals_total = locals_total.saturating_add(own);
        blocks = counts.blocks.max(blocks);
        blocks_total = blocks_total.saturating_add(counts.blocks);
        nesting = counts.nesting.max(nesting);
        targets = targets.saturating_add(counts.targets);
    }
    let rows = [
        ("body bytes, greatest", body, limits.body_bytes_max),
        ("operators, greatest", operators, limits.operators_max),
        ("locals, greatest", locals, limits.locals_max),
        ("locals, total", locals_total, limits.locals_total_max),
        ("blocks, greatest", blocks, limits.blocks_max),
        ("blocks, total", blocks_total, limits.blocks_total_max),
        ("nesting, greatest", nesting, limits.nesting_max),
        (
            "branch targets, total",
            targets,
            limits.br_table_targets_total_max,
        ),
    ];
    rows.map(|(name, used, maximum)| Usage {
        name,
        used,
        maximum: u64::from(maximum),
    })
    .into()
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn percent_is_rounded_up() {
        let percent = |used| {
            Usage {
                name: "",
                used,
                maximum: 1_000,
            }
            .percent()
        };
        assert_eq!(
            [
                percent(0),
                percent(1),
                percent(10),
                percent(11),
                percent(1_000)
            ],
            [0, 1, 1, 2, 100]
        );
    }
}
