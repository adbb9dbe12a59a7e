//! Adds DWARF to a module for tests.

use crate::with_section;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};

/// A source file with its rows: offset in the code section, and line.
pub(crate) struct Source<'a> {
    pub(crate) folder: &'a str,
    pub(crate) file: &'a str,
    pub(crate) rows: &'a [(u64, u64)],
    /// End of the last row, as an offset in the code section.
    pub(crate) end: u64,
}

/// Adds DWARF with one unit to a module.
pub(crate) fn with_dwarf(bytes: Vec<u8>, version: u16, source: &Source<'_>) -> Vec<u8> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version,
        address_size: 4,
    };
    let mut dwarf = DwarfUnit::new(encoding);
    let folder = source.folder.as_bytes().to_vec();
    let name = source.file.as_bytes().to_vec();
    let mut lines = LineProgram::new(
        encoding,
        LineEncoding::default(),
        LineString::String(folder.clone()),
        None,
        LineString::String(name.clone()),
        None,
    );
    let directory = lines.default_directory();
    let file = lines.add_file(LineString::String(name.clone()), directory, None);
    lines.begin_sequence(Some(Address::Constant(0)));
    for (address, line) in source.rows {
        lines.row().address_offset = *address;
        lines.row().file = file;
        lines.row().line = *line;
        lines.row().column = 5;
        lines.generate_row();
    }
    lines.end_sequence(source.end);
    dwarf.unit.line_program = lines;
    let root = dwarf.unit.root();
    let root = dwarf.unit.get_mut(root);
    root.set(gimli::DW_AT_name, AttributeValue::String(name));
    root.set(gimli::DW_AT_comp_dir, AttributeValue::String(folder));
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).expect("writes");
    let mut bytes = Some(bytes);
    let append = |id: gimli::SectionId, data: &EndianVec<LittleEndian>| {
        let before = bytes.take().expect("put back");
        bytes = Some(with_section(before, id.name(), data.slice()));
        Ok::<(), gimli::write::Error>(())
    };
    sections.for_each(append).expect("appends");
    bytes.expect("put back")
}
