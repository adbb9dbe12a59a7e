//! Tests the interface description of a contract: JSON, from the items of the module.
#![cfg(test)]

use serde_json::{Value, json};

mod elsewhere {
    pub(crate) const CODE: u32 = 4_000_000_000;
}

/// A "library" of notes: \ and quotes are escaped.
///
/// This paragraph is not described.
#[sdk::contract]
mod note_book {
    #![expect(unreachable_pub, dead_code, reason = "it is described and not called")]
    use sdk::{Address, String, Vec};

    #[sdk::data]
    pub struct Note {
        /// The author.
        pub by: Address,
        pub lines: Vec<(u8, String)>,
    }

    /// A note was "written".
    #[sdk::event]
    pub struct Noted {
        #[topic]
        pub by: Address,
        pub index: u32,
    }

    #[sdk::error]
    pub enum NoteError {
        /// Back\slash.
        #[message = "empty"]
        Empty = 0,
        Full = super::elsewhere::CODE,
    }

    /// Writes a note,
    /// over two lines.
    ///
    /// # Errors
    /// Not here.
    #[payable]
    pub fn note(note: Note, tags: Vec<[u8; 32]>) -> Result<Option<u32>, NoteError> {
        let _ = (note.by, note.lines, tags);
        Err(NoteError::Empty)
    }

    pub fn nothing() {}
}

#[test]
fn a_contract_describes_itself() {
    let text = core::str::from_utf8(&note_book::INTERFACE).unwrap();
    let interface: Value = serde_json::from_str(text).unwrap();
    let expected = json!({
        "contract": "note_book",
        "entries": [
            {
                "name": "note",
                "doc": "Writes a note, over two lines.",
                "payable": true,
                "arguments": [["note", "Note"], ["tags", "Vec<[u8; 32]>"]],
                "result": "Option<u32>",
                "error": "NoteError",
            },
            { "name": "nothing", "arguments": [] },
        ],
        "events": [{
            "name": "Noted",
            "doc": "A note was \"written\".",
            "fields": [["by", "Address", "topic"], ["index", "u32"]],
        }],
        "errors": [{
            "name": "NoteError",
            "codes": [
                { "code": 0, "name": "Empty", "doc": "Back\\slash." },
                { "code": 4_000_000_000_u32, "name": "Full" },
            ],
        }],
        "structs": [{
            "name": "Note",
            "fields": [["by", "Address"], ["lines", "Vec<(u8, String)>"]],
        }],
    });
    assert_eq!(interface, expected);
}
