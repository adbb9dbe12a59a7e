//! Checks one function body: locals, then operator by operator, and measures its slots.

use super::section::{is_float, lowered};
use super::{Checker, Stage, diagnosis, limit};
use crate::limits;
use crate::module::{Function, ValueType};
use crate::opcode::Opcode;
use crate::rejection::{Rejection, Rule};
use crate::rules::FloatPolicy;
use wasmparser::{
    BinaryReader, BlockType, FuncValidator, FunctionBody, Operator, OperatorsReader, ValType,
    ValidatorResources,
};

/// What is counted while the operators of one function go by.
#[derive(Default)]
struct Counts {
    operators: u64,
    blocks: u64,
    operands: u32,
    floats: u32,
}

impl<'a> Checker<'a> {
    pub(super) fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), Rejection> {
        let place = self.module.functions.len();
        let index = u32::try_from(place.saturating_add(self.module.imports.len())).ok();
        self.function(body, place)
            .map_err(|rejection| rejection.in_function(index))
    }

    fn function(&mut self, body: &FunctionBody<'a>, place: usize) -> Result<(), Rejection> {
        let range = body.range();
        let bytes = range.end.saturating_sub(range.start);
        limit(Rule::BodyBytes, bytes, limits::BODY_BYTES_MAX, range.start)?;
        let function = self
            .validator
            .code_section_entry(body)
            .map_err(|error| self.invalid(&error))?;
        // Never absent: the decoder compares the counts of both sections before the first body.
        let type_index = self.declared.get(place).copied().unwrap_or(function.ty);
        self.refuse_float_signature(type_index, range.start)?;
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        let locals = self.locals(&mut reader, &mut validator)?;
        let start = reader.original_position();
        let counts = self.operators(reader, &mut validator)?;
        let slots = validator.len_locals().saturating_add(counts.operands);
        self.allocations = validator.into_allocations();
        let floats = &mut self.module.floats;
        floats.operators = floats.operators.saturating_add(counts.floats);
        floats.functions = floats
            .functions
            .saturating_add(u32::from(counts.floats > 0));
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.module.functions.push(Function {
            type_index,
            locals,
            slots,
            body: narrow(start)..narrow(range.end),
            operators: narrow(counts.operators),
        });
        Ok(())
    }

    fn refuse_float_signature(&self, type_index: u32, offset: u64) -> Result<(), Rejection> {
        let place = usize::try_from(type_index).unwrap_or(usize::MAX);
        let float = self.float_types.get(place).copied().unwrap_or_default();
        if float && self.floats == FloatPolicy::Reject {
            let message = "the function's type mentions a float";
            return Err(Rejection::new(Rule::FloatType, offset, message));
        }
        Ok(())
    }

    /// Reads the runs of declared locals; empty runs leave no trace.
    fn locals(
        &mut self,
        reader: &mut BinaryReader<'a>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<Vec<(u32, ValueType)>, Rejection> {
        let mut total = u64::from(validator.len_locals());
        let mut runs = Vec::new();
        let count = reader
            .read_var_u32()
            .map_err(|error| self.undecoded(&error))?;
        for _ in 0..count {
            let offset = reader.original_position();
            let length = reader
                .read_var_u32()
                .map_err(|error| self.undecoded(&error))?;
            let value_type: ValType = reader.read().map_err(|error| self.undecoded(&error))?;
            total = total.saturating_add(u64::from(length));
            limit(Rule::Locals, total, limits::LOCALS_MAX, offset)?;
            validator
                .define_locals(offset, length, value_type)
                .map_err(|error| self.invalid(&error))?;
            let lowered = lowered(value_type, offset)?;
            if self.floats == FloatPolicy::Reject && is_float(value_type) {
                let message = format!("local of type {value_type}");
                return Err(Rejection::new(Rule::FloatType, offset, &message));
            }
            if length > 0 {
                runs.push((length, lowered));
            }
        }
        self.totals.locals = self.totals.locals.saturating_add(total);
        let position = reader.original_position();
        limit(
            Rule::LocalsTotal,
            self.totals.locals,
            limits::LOCALS_TOTAL_MAX,
            position,
        )?;
        Ok(runs)
    }

    fn operators(
        &mut self,
        reader: BinaryReader<'a>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<Counts, Rejection> {
        let mut counts = Counts::default();
        let mut operators = OperatorsReader::new(reader);
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.read().map_err(|error| self.undecoded(&error))?;
            counts.operators = counts.operators.saturating_add(1);
            limit(
                Rule::Operators,
                counts.operators,
                limits::OPERATORS_MAX,
                offset,
            )?;
            self.count_structure(&operator, offset, validator, &mut counts)?;
            validator
                .op(offset, &operator)
                .map_err(|error| self.invalid_operator(&error, &operator))?;
            let height = validator.operand_stack_height();
            limit(
                Rule::Operands,
                u64::from(height),
                limits::OPERANDS_MAX,
                offset,
            )?;
            counts.operands = counts.operands.max(height);
            let float = self.allow(&operator, offset)?;
            counts.floats = counts.floats.saturating_add(u32::from(float));
        }
        operators.finish().map_err(|error| self.undecoded(&error))?;
        Ok(counts)
    }

    /// Counts blocks, their nesting and branch targets, before the validator keeps any of them.
    fn count_structure(
        &mut self,
        operator: &Operator<'a>,
        offset: u64,
        validator: &FuncValidator<ValidatorResources>,
        counts: &mut Counts,
    ) -> Result<(), Rejection> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                counts.blocks = counts.blocks.saturating_add(1);
                limit(Rule::Blocks, counts.blocks, limits::BLOCKS_MAX, offset)?;
                self.totals.blocks = self.totals.blocks.saturating_add(1);
                limit(
                    Rule::BlocksTotal,
                    self.totals.blocks,
                    limits::BLOCKS_TOTAL_MAX,
                    offset,
                )?;
                // The function's own frame stands for the block that is about to begin.
                let nesting = u64::from(validator.control_stack_height());
                limit(Rule::Nesting, nesting, limits::NESTING_MAX, offset)
            }
            Operator::BrTable { targets } => {
                let count = u64::from(targets.len());
                limit(
                    Rule::BrTableTargets,
                    count,
                    limits::BR_TABLE_TARGETS_MAX,
                    offset,
                )?;
                self.totals.targets = self.totals.targets.saturating_add(count);
                let maximum = limits::BR_TABLE_TARGETS_TOTAL_MAX;
                limit(
                    Rule::BrTableTargetsTotal,
                    self.totals.targets,
                    maximum,
                    offset,
                )
            }
            _ => Ok(()),
        }
    }

    /// Our own list, then the float policy; answers whether the operator mentions a float.
    fn allow(&self, operator: &Operator<'a>, offset: u64) -> Result<bool, Rejection> {
        let Some(opcode) = Opcode::of(operator) else {
            let message = format!("operator {}", label(operator));
            return Err(Rejection::new(outside(operator), offset, &message));
        };
        let float = opcode.mentions_float();
        if self.floats == FloatPolicy::Reject {
            if float {
                let message = format!("float operator {}", opcode.name());
                return Err(Rejection::new(Rule::FloatOperator, offset, &message));
            }
            if block_type(operator).is_some_and(is_float) {
                let message = format!("{} with a float result", opcode.name());
                return Err(Rejection::new(Rule::FloatType, offset, &message));
            }
        }
        Ok(float)
    }

    fn invalid(&self, error: &wasmparser::Error) -> Rejection {
        diagnosis::refuse(self.bytes, error, Stage::Validation)
    }

    fn invalid_operator(&self, error: &wasmparser::Error, operator: &Operator<'a>) -> Rejection {
        let mut rejection = self.invalid(error);
        rejection.message = format!("operator {}: {}", label(operator), rejection.message);
        rejection
    }
}

const fn block_type(operator: &Operator<'_>) -> Option<ValType> {
    match operator {
        Operator::Block {
            blockty: BlockType::Type(result),
        }
        | Operator::Loop {
            blockty: BlockType::Type(result),
        }
        | Operator::If {
            blockty: BlockType::Type(result),
        } => Some(*result),
        _ => None,
    }
}

/// The decoder's name of an operator, without its immediates.
fn label(operator: &Operator<'_>) -> String {
    let text = format!("{operator:?}");
    text.split([' ', '(', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The rule for a valid operator that has no row in our list.
const fn outside(operator: &Operator<'_>) -> Rule {
    match operator {
        Operator::MemoryInit { .. }
        | Operator::DataDrop { .. }
        | Operator::TableInit { .. }
        | Operator::TableCopy { .. }
        | Operator::ElemDrop { .. } => Rule::PassiveSegments,
        Operator::TypedSelect { .. }
        | Operator::TableGet { .. }
        | Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableSize { .. }
        | Operator::TableFill { .. } => Rule::ReferenceTypes,
        _ => Rule::OtherProposal,
    }
}
