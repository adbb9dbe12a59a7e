//! Checks the operators of one body while they are decoded: counts, validation, then our
//! allow-list.
//!
//! The decoder calls one method for each operator that it knows; that method contains all checks of
//! the operator, so the bytes are read once and dispatched once.
//!
//! Specification: docs/spec/check.md, "Order of checks".

use super::section::{is_float, lowered};
use super::{Stage, Totals, diagnosis, limit};
use crate::module::{FunctionType, Import};
use crate::opcode::{Opcode, rows};
use crate::rejection::{Rejection, Rule};
use crate::rules::{FloatPolicy, Rules};
use wasmparser::{
    BinaryReader, BlockType, BrTable, Error, FrameKind, FrameStack, FuncValidator, ValType,
    ValidatorResources, VisitOperator,
};

/// Types of all functions, known before their bodies.
#[derive(Clone, Copy)]
pub(super) struct Signatures<'p> {
    pub(super) types: &'p [FunctionType],
    pub(super) imports: &'p [Import],
    /// Type indices of the defined functions.
    pub(super) declared: &'p [u32],
}

impl Signatures<'_> {
    /// Number of parameters of a type; 0 if there is no such type, which validation rejects.
    fn of_type(self, index: u32) -> u64 {
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let parameters = self
            .types
            .get(position)
            .map_or(0, |found| found.parameters.len());
        u64::try_from(parameters).unwrap_or(u64::MAX)
    }

    fn of_function(self, index: u32) -> u64 {
        let position = usize::try_from(index).unwrap_or(usize::MAX);
        let declared = || {
            self.declared
                .get(position.checked_sub(self.imports.len())?)
                .copied()
        };
        let import = self.imports.get(position).map(|import| import.type_index);
        import
            .or_else(declared)
            .map_or(0, |index| self.of_type(index))
    }
}

/// Counts over the operators of one function.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) operators: u64,
    /// Targets of all `br_table`, see [`crate::module::Function::targets`].
    pub(super) targets: u64,
    pub(super) blocks: u64,
    pub(super) arguments: u64,
    pub(super) operands: u32,
    pub(super) floats: u32,
}

/// What a target of a `br_table` counts. If it carries a value, the translator may have to write a
/// branch of its own for it, which moves the value.
pub(super) const fn target_weight(value: bool) -> u64 {
    if value { 4 } else { 1 }
}

/// The error is boxed, so that the result of an accepted operator fits one register.
type Verdict = Result<(), Box<Rejection>>;

/// The check of the operators of one body.
pub(super) struct Pass<'p> {
    bytes: &'p [u8],
    rules: &'p Rules,
    signatures: Signatures<'p>,
    totals: &'p mut Totals,
    validator: &'p mut FuncValidator<ValidatorResources>,
    counts: Counts,
    /// Kind of the innermost control frame; `None` after the last `end`.
    frame: Option<FrameKind>,
    /// Offset of the operator that is being decoded.
    offset: u64,
}

impl<'p> Pass<'p> {
    pub(super) fn new(
        bytes: &'p [u8],
        rules: &'p Rules,
        signatures: Signatures<'p>,
        totals: &'p mut Totals,
        validator: &'p mut FuncValidator<ValidatorResources>,
    ) -> Self {
        Self {
            bytes,
            rules,
            signatures,
            totals,
            validator,
            counts: Counts::default(),
            frame: Some(FrameKind::Block),
            offset: 0,
        }
    }

    /// Sets the offset of the next operator.
    pub(super) const fn begin(&mut self, offset: u64) {
        self.offset = offset;
    }

    pub(super) fn finish(self) -> Counts {
        self.counts
    }

    #[inline(always)]
    fn count(&mut self) -> Verdict {
        self.counts.operators = self.counts.operators.saturating_add(1);
        let maximum = self.rules.limits.operators_max;
        within(Rule::Operators, self.counts.operators, maximum, self.offset)
    }

    fn block(&mut self) -> Verdict {
        let (counts, totals, offset) = (&mut self.counts, &mut *self.totals, self.offset);
        let limits = &self.rules.limits;
        counts.blocks = counts.blocks.saturating_add(1);
        within(Rule::Blocks, counts.blocks, limits.blocks_max, offset)?;
        totals.blocks = totals.blocks.saturating_add(1);
        let maximum = limits.blocks_total_max;
        within(Rule::BlocksTotal, totals.blocks, maximum, offset)?;
        // The height includes the function's own control frame, but not yet that of this block.
        let nesting = u64::from(self.validator.control_stack_height());
        within(Rule::Nesting, nesting, limits.nesting_max, offset)
    }

    /// Counts the targets of a `br_table`, before it is validated.
    fn branch_table(&mut self, table: &BrTable<'_>) -> Verdict {
        let count = u64::from(table.len());
        self.targets(count)?;
        let weight = target_weight(self.takes_value(table.default()));
        let weighed = count.saturating_add(1).saturating_mul(weight);
        self.counts.targets = self.counts.targets.saturating_add(weighed);
        Ok(())
    }

    /// True if a branch to the label `depth` levels out carries a value. All labels of a `br_table`
    /// are equal in this.
    fn takes_value(&self, depth: u32) -> bool {
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        let Some(frame) = self.validator.get_control_frame(depth) else {
            return false;
        };
        match frame.block_type {
            _ if frame.kind == FrameKind::Loop => false,
            BlockType::Empty => false,
            BlockType::Type(_) => true,
            BlockType::FuncType(index) => {
                let position = usize::try_from(index).unwrap_or(usize::MAX);
                let signature = self.signatures.types.get(position);
                signature.is_some_and(|signature| signature.result.is_some())
            }
        }
    }

    fn targets(&mut self, count: u64) -> Verdict {
        let maximum = self.rules.limits.br_table_targets_max;
        within(Rule::BrTableTargets, count, maximum, self.offset)?;
        self.totals.targets = self.totals.targets.saturating_add(count);
        let (total, maximum) = (
            self.totals.targets,
            self.rules.limits.br_table_targets_total_max,
        );
        within(Rule::BrTableTargetsTotal, total, maximum, self.offset)
    }

    /// Counts the operands that a call pops. In reachable code an earlier operator pushed each; in
    /// unreachable code the validator creates them one by one.
    fn arguments(&mut self, count: u64) -> Verdict {
        self.counts.arguments = self.counts.arguments.saturating_add(count);
        let unpushed = self.counts.arguments.saturating_sub(self.counts.operators);
        let maximum = self.rules.limits.arguments_unpushed_max;
        within(Rule::Arguments, unpushed, maximum, self.offset)
    }

    /// Checks the result of the validator, the height of the stack, our allow-list and the float
    /// policy.
    #[inline(always)]
    fn accept(&mut self, name: &str, row: Option<Opcode>, valid: Result<(), Error>) -> Verdict {
        if let Err(error) = valid {
            return Err(self.invalid(name, &error));
        }
        let height = self.validator.operand_stack_height();
        let maximum = self.rules.limits.operands_max;
        within(Rule::Operands, u64::from(height), maximum, self.offset)?;
        self.counts.operands = self.counts.operands.max(height);
        let Some(opcode) = row.filter(|opcode| self.rules.has(*opcode)) else {
            return Err(self.unlisted(name));
        };
        if opcode.mentions_float() {
            if self.rules.floats == FloatPolicy::Reject {
                return Err(self.float_operator(opcode));
            }
            self.counts.floats = self.counts.floats.saturating_add(1);
        }
        if matches!(
            opcode,
            Opcode::Block | Opcode::Loop | Opcode::If | Opcode::Else | Opcode::End
        ) {
            let frame = self.validator.get_control_frame(0);
            self.frame = frame.map(|frame| frame.kind);
        }
        Ok(())
    }

    /// Checks the result type of a valid block.
    fn block_result(&self, opcode: Opcode, block: BlockType) -> Verdict {
        match block {
            BlockType::Type(result) => self.result(opcode, result),
            _ => Ok(()),
        }
    }

    /// Checks a type that a valid operator names.
    fn result(&self, opcode: Opcode, result: ValType) -> Verdict {
        lowered(result, self.offset).map_err(Box::new)?;
        if self.rules.floats == FloatPolicy::Reject && is_float(result) {
            return Err(self.float_result(opcode));
        }
        Ok(())
    }

    /// Checks that each of the last `indices` immediates, memory indices of a valid operator, is
    /// the single byte 0. The decoder accepts longer encodings of 0 for bulk operators, other
    /// decoders do not.
    fn memory_indices(&self, indices: usize) -> Verdict {
        let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let operator = self.bytes.get(start..).unwrap_or_default();
        let mut reader = BinaryReader::new(operator, self.offset);
        let prefixed = reader.read_u8().is_ok() && reader.read_var_u32().is_ok();
        if prefixed && (0..indices).all(|_| reader.read_u8().is_ok_and(|byte| byte == 0)) {
            return Ok(());
        }
        let message = "the memory index is not the single byte 0x00";
        Err(Box::new(Rejection::new(
            Rule::Malformed,
            self.offset,
            message,
        )))
    }

    #[cold]
    fn invalid(&self, name: &str, error: &Error) -> Box<Rejection> {
        let mut rejection = diagnosis::reject(self.bytes, error, Stage::Validation);
        rejection.message = format!("operator {name}: {}", rejection.message);
        Box::new(rejection)
    }

    #[cold]
    fn unlisted(&self, name: &str) -> Box<Rejection> {
        let message = format!("operator {name} is not in the profile");
        Box::new(Rejection::new(outside(name), self.offset, &message))
    }

    #[cold]
    fn float_operator(&self, opcode: Opcode) -> Box<Rejection> {
        let message = format!("float operator {}", opcode.name());
        Box::new(Rejection::new(Rule::FloatOperator, self.offset, &message))
    }

    #[cold]
    fn float_result(&self, opcode: Opcode) -> Box<Rejection> {
        let message = format!("{} with a float result", opcode.name());
        Box::new(Rejection::new(Rule::FloatType, self.offset, &message))
    }
}

// Checks before the validator processes an operator (which may allocate), and checks after it.
macro_rules! before {
    ($self:ident BrTable $targets:ident) => {
        $self.branch_table(&$targets)?
    };
    ($self:ident Call $function:ident) => {
        $self.arguments($self.signatures.of_function($function))?
    };
    ($self:ident CallIndirect $type:ident $table:ident) => {
        $self.arguments($self.signatures.of_type($type))?
    };
    ($self:ident Block $block:ident) => {
        $self.block()?
    };
    ($self:ident Loop $block:ident) => {
        $self.block()?
    };
    ($self:ident If $block:ident) => {
        $self.block()?
    };
    ($($other:tt)*) => {};
}
macro_rules! after {
    ($self:ident Block $block:ident) => {
        $self.block_result(Opcode::Block, $block)
    };
    ($self:ident Loop $block:ident) => {
        $self.block_result(Opcode::Loop, $block)
    };
    ($self:ident If $block:ident) => {
        $self.block_result(Opcode::If, $block)
    };
    ($self:ident MemoryFill $memory:ident) => {
        $self.memory_indices(1)
    };
    ($self:ident MemoryCopy $to:ident $from:ident) => {
        $self.memory_indices(2)
    };
    ($self:ident TypedSelect $type:ident) => {
        $self.result(Opcode::TypedSelect, $type)
    };
    ($($other:tt)*) => {
        Ok(())
    };
}
// One method for each operator.
macro_rules! define_visits {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident
        ($($arity:tt)*))*) => { $(
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> Verdict {
            self.count()?;
            before!(self $op $($($arg)*)?);
            let valid = self.validator.visitor(self.offset).$visit($($($arg),*)?);
            self.accept(stringify!($op), rows::$op, valid)?;
            after!(self $op $($($arg)*)?)
        }
    )* };
}

impl<'a> VisitOperator<'a> for Pass<'_> {
    type Output = Verdict;

    wasmparser::for_each_visit_operator!(define_visits);
}

impl FrameStack for Pass<'_> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.frame
    }
}

/// As [`limit`], for the hot path.
#[inline(always)]
fn within(rule: Rule, count: u64, maximum: u32, offset: u64) -> Verdict {
    if count <= u64::from(maximum) {
        return Ok(());
    }
    above(rule, count, maximum, offset)
}

#[cold]
fn above(rule: Rule, count: u64, maximum: u32, offset: u64) -> Verdict {
    limit(rule, count, maximum, offset).map_err(Box::new)
}

/// The rule for a valid operator that is not in our allow-list, by its name in the decoder.
fn outside(name: &str) -> Rule {
    match name {
        "MemoryInit" | "DataDrop" | "TableInit" | "TableCopy" | "ElemDrop" => Rule::PassiveSegments,
        "TypedSelect" | "TableGet" | "TableSet" | "TableGrow" | "TableSize" | "TableFill" => {
            Rule::ReferenceTypes
        }
        _ => Rule::OtherProposal,
    }
}
