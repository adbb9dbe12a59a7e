//! Checks one function body: its size, type and locals, then its operators; counts its slots.

use super::fast::{Found, Known};
use super::operator::{Counts, Pass, Signatures};
use super::section::{is_float, lowered};
use super::{Checker, Stage, diagnosis, limit};
use crate::module::{Function, ValueType};
use crate::rejection::{Rejection, Rule};
use crate::rules::FloatPolicy;
use crate::work::{self, WorkKind};
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidator, FunctionBody, ValType, ValidatorResources,
};

impl<'a> Checker<'a> {
    pub(super) fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), Rejection> {
        let defined = self.module.functions.len();
        let index = u32::try_from(defined.saturating_add(self.module.imports.len())).ok();
        self.function(body, defined)
            .map_err(|rejection| rejection.in_function(index))
    }

    fn function(&mut self, body: &FunctionBody<'a>, defined: usize) -> Result<(), Rejection> {
        let range = body.range();
        let bytes = range.end.saturating_sub(range.start);
        limit(
            Rule::BodyBytes,
            bytes,
            self.rules.limits.body_bytes_max,
            range.start,
        )?;
        let function = self
            .validator
            .code_section_entry(body)
            .map_err(|error| self.invalid(&error))?;
        // Always present: the decoder compares the counts of both sections before the first body.
        let type_index = self.declared.get(defined).copied().unwrap_or(function.ty);
        self.reject_float_signature(type_index, range.start)?;
        let found = match self.accepted(body, type_index) {
            Some(found) => found,
            None => self.decided(body, function)?,
        };
        work::add_items(WorkKind::Checked, found.counts.operators);
        let counts = &found.counts;
        let floats = &mut self.module.floats;
        floats.operators = floats.operators.saturating_add(counts.floats);
        floats.functions = floats
            .functions
            .saturating_add(u32::from(counts.floats > 0));
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let declarations = u64::try_from(found.declarations).unwrap_or(u64::MAX);
        let start = range.start.saturating_add(declarations);
        self.module.functions.push(Function {
            type_index,
            locals: found.groups,
            slots: found.locals.saturating_add(counts.operands),
            body: narrow(start)..narrow(range.end),
            operators: narrow(counts.operators),
            targets: narrow(counts.targets),
        });
        Ok(())
    }

    /// What the fast pass found, if it accepts the body.
    fn accepted(&mut self, body: &FunctionBody<'a>, type_index: u32) -> Option<Found> {
        let fast = self.fast.as_mut()?;
        let known = Known {
            rules: self.rules,
            module: &self.module,
            types: &self.types,
            declared: &self.declared,
        };
        let range = body.range();
        let start = usize::try_from(range.start).ok()?;
        let bytes = self.bytes.get(start..usize::try_from(range.end).ok()?)?;
        let found = fast.body(known, type_index, bytes, &mut self.totals)?;
        self.accepted = self.accepted.saturating_add(1);
        Some(found)
    }

    /// Checks the body with the decoder and its validator.
    fn decided(
        &mut self,
        body: &FunctionBody<'a>,
        function: FuncToValidate<ValidatorResources>,
    ) -> Result<Found, Rejection> {
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let mut reader = body.get_binary_reader();
        let begin = reader.original_position();
        let groups = self.locals(&mut reader, &mut validator)?;
        let declarations = reader.original_position().saturating_sub(begin);
        let counts = self.operators(reader, &mut validator)?;
        let locals = validator.len_locals();
        self.allocations = validator.into_allocations();
        Ok(Found {
            groups,
            locals,
            declarations: usize::try_from(declarations).unwrap_or(usize::MAX),
            counts,
        })
    }

    fn reject_float_signature(&self, type_index: u32, offset: u64) -> Result<(), Rejection> {
        let index = usize::try_from(type_index).unwrap_or(usize::MAX);
        let float = self.float_types.get(index).copied().unwrap_or_default();
        if float && self.rules.floats == FloatPolicy::Reject {
            let message = "the function's type has a float";
            return Err(Rejection::new(Rule::FloatType, offset, message));
        }
        Ok(())
    }

    /// Reads the groups of declared locals and drops empty groups.
    fn locals(
        &mut self,
        reader: &mut BinaryReader<'a>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<Vec<(u32, ValueType)>, Rejection> {
        let mut total = u64::from(validator.len_locals());
        let mut groups = Vec::new();
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
            limit(Rule::Locals, total, self.rules.limits.locals_max, offset)?;
            validator
                .define_locals(offset, length, value_type)
                .map_err(|error| self.invalid(&error))?;
            let lowered = lowered(value_type, offset)?;
            if self.rules.floats == FloatPolicy::Reject && is_float(value_type) {
                let message = format!("local of type {value_type}");
                return Err(Rejection::new(Rule::FloatType, offset, &message));
            }
            if length > 0 {
                groups.push((length, lowered));
            }
        }
        self.totals.locals = self.totals.locals.saturating_add(total);
        let position = reader.original_position();
        limit(
            Rule::LocalsTotal,
            self.totals.locals,
            self.rules.limits.locals_total_max,
            position,
        )?;
        Ok(groups)
    }

    /// Decodes the operators once; each is checked by [`super::operator`] as it is read.
    fn operators(
        &mut self,
        mut reader: BinaryReader<'a>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<Counts, Rejection> {
        let signatures = Signatures {
            types: &self.module.types,
            imports: &self.module.imports,
            declared: &self.declared,
        };
        let (bytes, rules, totals) = (self.bytes, self.rules, &mut self.totals);
        let mut pass = Pass::new(bytes, rules, signatures, totals, validator);
        while !reader.eof() {
            pass.begin(reader.original_position());
            match reader.visit_operator(&mut pass) {
                Ok(Ok(())) => {}
                Ok(Err(rejection)) => return Err(*rejection),
                Err(error) => return Err(self.undecoded(&error)),
            }
        }
        let end = reader.finish_expression(&pass);
        let counts = pass.finish();
        end.map_err(|error| self.undecoded(&error))?;
        Ok(counts)
    }

    fn invalid(&self, error: &wasmparser::Error) -> Rejection {
        diagnosis::reject(self.bytes, error, Stage::Validation)
    }
}
