//! Lists a function's lowered operators with their prices and the charges of the metering blocks.
//!
//! The charge is listed at the first operator of a metering block; it pays for the whole block.

use crate::functions::{self, FunctionName};
use crate::module::signature;
use crate::text::grouped;
use debug_info::DebugInfo;
use serde::Serialize;
use vm::unstable::lower::{MemoryArgument, Operator};
use vm::unstable::meter::{self, MeteredSink};
use vm::unstable::module::{Function, FunctionType, ValueType};
use vm::{CheckedModule, Rules};

/// Maximum indentation of the text; deeper code is not indented further.
const INDENT_LEVELS_MAX: usize = 24;

/// An operator of the listing.
#[derive(Debug, Serialize)]
pub(crate) struct OperatorLine {
    offset: u32,
    /// Charge of the metering block that starts at this operator, in gas; `None` inside a block.
    charge: Option<String>,
    price: u64,
    #[serde(rename = "operator")]
    text: String,
    #[serde(skip)]
    depth: usize,
}

/// The listing of a function.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionListing {
    #[serde(flatten)]
    name: FunctionName,
    #[serde(rename = "type")]
    signature: String,
    slots: u32,
    /// Charge for each entry of the function, in gas.
    entry_gas: String,
    /// Charge for its first entry in a contract frame, in addition, in gas.
    first_entry_gas: String,
    operators: Vec<OperatorLine>,
}

/// Lists the defined functions in order.
pub(crate) fn of<'a, 'b>(
    module: &'a CheckedModule,
    rules: &'a Rules,
    info: &'a DebugInfo<'b>,
) -> impl Iterator<Item = FunctionListing> + use<'a, 'b> {
    let imports = u32::try_from(module.imports().len()).unwrap_or(u32::MAX);
    module
        .functions()
        .iter()
        .zip(imports..)
        .map(move |(function, index)| {
            let mut lister = Lister {
                rules,
                info,
                rows: Vec::new(),
                block_start: 0,
                depth: 1,
            };
            meter::function(module, function, &rules.schedule, &mut lister);
            FunctionListing {
                name: FunctionName::of(index, info),
                signature: signature_of(module, function),
                slots: function.slots,
                entry_gas: rules.schedule.function_entry(function.slots).to_string(),
                first_entry_gas: rules
                    .schedule
                    .first_entry(function.operators, function.targets)
                    .to_string(),
                operators: lister.rows,
            }
        })
}

fn signature_of(module: &CheckedModule, function: &Function) -> String {
    let at = usize::try_from(function.type_index).unwrap_or(usize::MAX);
    module
        .types()
        .get(at)
        .map(|signature: &FunctionType| signature::of_type(signature))
        .unwrap_or_default()
}

impl FunctionListing {
    /// The listing as text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "function {} ({}) {}  {} slots, entry {} gas, first entry {} more\n  \
             {:>8} {:>10} {:>8}  operator\n",
            self.name.index,
            self.name.name,
            self.signature,
            grouped(self.slots),
            grouped(&self.entry_gas),
            grouped(&self.first_entry_gas),
            "offset",
            "charge",
            "price",
        );
        for row in &self.operators {
            let charge = row.charge.as_ref().map(grouped).unwrap_or_default();
            let indent = "  ".repeat(row.depth.min(INDENT_LEVELS_MAX));
            let price = grouped(row.price);
            text.push_str(&format!(
                "  {:>#8x} {charge:>10} {price:>8}  {indent}{}\n",
                row.offset, row.text
            ));
        }
        text
    }
}

struct Lister<'a, 'b> {
    rules: &'a Rules,
    info: &'a DebugInfo<'b>,
    rows: Vec<OperatorLine>,
    /// Index of the first operator of the open metering block.
    block_start: usize,
    depth: usize,
}

impl MeteredSink for Lister<'_, '_> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        if matches!(operator, Operator::End | Operator::Else) {
            self.depth = self.depth.saturating_sub(1);
        }
        self.rows.push(OperatorLine {
            offset,
            charge: None,
            price: self.rules.schedule.operator(operator.opcode()),
            text: text(operator, self.info),
            depth: self.depth,
        });
        let opens = matches!(
            operator,
            Operator::Block(_) | Operator::Loop(_) | Operator::If(_)
        );
        if opens || matches!(operator, Operator::Else) {
            self.depth = self.depth.saturating_add(1);
        }
    }

    fn close_block(&mut self, cost: u64) {
        if let Some(first) = self.rows.get_mut(self.block_start)
            && cost > 0
        {
            first.charge = Some(cost.to_string());
        }
        self.block_start = self.rows.len();
    }
}

/// The operator in the text format.
fn text(operator: Operator<'_>, info: &DebugInfo<'_>) -> String {
    let name = operator.opcode().name();
    match operator {
        Operator::Block(result) | Operator::Loop(result) | Operator::If(result) => {
            format!("{name}{}", result_text(result))
        }
        Operator::Br(depth) | Operator::BrIf(depth) => format!("{name} {depth}"),
        Operator::BrTable { targets, default } => {
            let mut text = name.to_owned();
            for target in targets.iter().chain([&default]) {
                text.push_str(&format!(" {target}"));
            }
            text
        }
        Operator::Call(index) => format!("{name} {index} ({})", functions::name(index, info)),
        Operator::CallIndirect(index) => format!("{name} (type {index})"),
        Operator::LocalGet(index)
        | Operator::LocalSet(index)
        | Operator::LocalTee(index)
        | Operator::GlobalGet(index)
        | Operator::GlobalSet(index) => format!("{name} {index}"),
        Operator::Load(_, argument) | Operator::Store(_, argument) => {
            format!("{name}{}", offset_text(argument))
        }
        Operator::I32Const(value) => format!("{name} {value}"),
        Operator::I64Const(value) => format!("{name} {value}"),
        Operator::Float(_) => format!("{name}  ;; traps FloatInstruction"),
        _ => name.to_owned(),
    }
}

fn result_text(result: Option<ValueType>) -> String {
    result
        .map(|value_type| format!(" (result {})", signature::type_name(value_type)))
        .unwrap_or_default()
}

fn offset_text(argument: MemoryArgument) -> String {
    if argument.offset == 0 {
        String::new()
    } else {
        format!(" offset={}", argument.offset)
    }
}
