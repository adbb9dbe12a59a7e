//! Checks element and data segments, and that each fits in its table or memory.

use super::{Checker, constant, limit};
use crate::limits::PAGE_BYTES;
use crate::module::{Data, Element};
use crate::rejection::{Rejection, Rule};
use wasmparser::{
    DataKind, DataSectionReader, ElementItems, ElementKind, ElementSectionReader, Payload,
};

impl<'a> Checker<'a> {
    pub(super) fn elements(&mut self, section: &ElementSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        let count = u64::from(section.count());
        limit(
            Rule::ElementSegments,
            count,
            self.rules.limits.element_segments_max,
            start,
        )?;
        let items = self.items(section)?;
        let mut total = 0_u64;
        for (offset, element) in &items {
            let count = match &element.items {
                ElementItems::Functions(functions) => functions.count(),
                ElementItems::Expressions(_, expressions) => expressions.count(),
            };
            total = total.saturating_add(u64::from(count));
            limit(
                Rule::Elements,
                total,
                self.rules.limits.elements_max,
                *offset,
            )?;
            if let ElementKind::Active { offset_expr, .. } = &element.kind {
                constant::scan(self.bytes, offset_expr)?;
            }
        }
        self.validate(&Payload::ElementSection(section.clone()))?;
        for (offset, element) in items {
            let element = self.element(offset, element)?;
            self.module.elements.push(element);
        }
        Ok(())
    }

    fn element(&self, offset: u64, element: wasmparser::Element<'a>) -> Result<Element, Rejection> {
        let reject = |rule: Rule, what: &str| Err(Rejection::new(rule, offset, what));
        let (table, start) = match &element.kind {
            ElementKind::Active {
                table_index,
                offset_expr,
            } => (*table_index, offset_expr),
            ElementKind::Passive => {
                return reject(Rule::PassiveSegments, "the element segment is passive");
            }
            ElementKind::Declared => {
                return reject(Rule::PassiveSegments, "the element segment is declared");
            }
        };
        if table.unwrap_or(0) != 0 {
            return reject(
                Rule::ReferenceTypes,
                "the element segment is not for table 0",
            );
        }
        let ElementItems::Functions(functions) = &element.items else {
            return reject(
                Rule::ReferenceTypes,
                "the element segment contains expressions",
            );
        };
        let functions: Vec<u32> = self
            .items(functions)?
            .into_iter()
            .map(|(_, function)| function)
            .collect();
        let start = constant::evaluate(start)?;
        let count = u64::try_from(functions.len()).unwrap_or(u64::MAX);
        let end = start.saturating_add(count);
        let entries = self.module.table.map_or(0, |table| table.initial);
        if end > u64::from(entries) {
            let what =
                format!("the segment ends at entry {end}, but the table has {entries} entries");
            return reject(Rule::ElementRange, &what);
        }
        Ok(Element {
            offset: u32::try_from(start).unwrap_or(u32::MAX),
            functions,
        })
    }

    pub(super) fn data(&mut self, section: &DataSectionReader<'a>) -> Result<(), Rejection> {
        let start = section.range().start;
        let count = u64::from(section.count());
        limit(
            Rule::DataSegments,
            count,
            self.rules.limits.data_segments_max,
            start,
        )?;
        let items = self.items(section)?;
        let mut total = 0_u64;
        for (offset, data) in &items {
            let bytes = u64::try_from(data.data.len()).unwrap_or(u64::MAX);
            total = total.saturating_add(bytes);
            limit(
                Rule::DataBytes,
                total,
                self.rules.limits.data_bytes_max,
                *offset,
            )?;
            if let DataKind::Active { offset_expr, .. } = &data.kind {
                constant::scan(self.bytes, offset_expr)?;
            }
        }
        self.validate(&Payload::DataSection(section.clone()))?;
        for (offset, data) in items {
            let data = self.data_segment(offset, &data)?;
            self.module.data.push(data);
        }
        Ok(())
    }

    fn data_segment(&self, offset: u64, data: &wasmparser::Data<'a>) -> Result<Data, Rejection> {
        let reject = |rule: Rule, what: &str| Err(Rejection::new(rule, offset, what));
        let (memory, start) = match &data.kind {
            DataKind::Active {
                memory_index,
                offset_expr,
            } => (*memory_index, offset_expr),
            DataKind::Passive => {
                return reject(Rule::PassiveSegments, "the data segment is passive");
            }
        };
        if memory != 0 {
            return reject(Rule::MultiMemory, "the data segment is not for memory 0");
        }
        let start = constant::evaluate(start)?;
        let length = u64::try_from(data.data.len()).unwrap_or(u64::MAX);
        let end = start.saturating_add(length);
        let pages = self.module.memory.map_or(0, |memory| memory.initial);
        let memory_bytes = u64::from(pages).saturating_mul(u64::from(PAGE_BYTES));
        if end > memory_bytes {
            let what =
                format!("the segment ends at byte {end}, but the memory has {memory_bytes} bytes");
            return reject(Rule::DataRange, &what);
        }
        let narrow = |offset: u64| u32::try_from(offset).unwrap_or(u32::MAX);
        let content = data.range.end.saturating_sub(length);
        Ok(Data {
            offset: narrow(start),
            bytes: narrow(content)..narrow(data.range.end),
        })
    }
}
