//! Describes a file of vectors: modules, states and settings that vectors share, then the vectors.
//!
//! JSON, one vector a line, in the order in which they run. Numbers that can pass 2^53 are decimal
//! strings, bytes are hexadecimal. Unknown fields are refused: they could change what a run means.

use crate::VectorError;
use crate::fields::Fields;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The first field of every file.
pub const FORMAT: &str = "lockstep/vectors/1";

/// A file of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`FORMAT`].
    pub format: String,
    /// What its vectors show.
    pub about: String,
    /// Every file that the vectors name, with the SHA-256 of its bytes.
    pub files: BTreeMap<String, String>,
    /// States before: hexadecimal values by hexadecimal state keys.
    pub states: Vec<BTreeMap<String, String>>,
    /// What hosts tell guests.
    pub settings: Vec<Setting>,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// What the host tells a guest, but for the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// 32 bytes.
    pub caller: String,
    /// 32 bytes: the contract itself.
    pub address: String,
    /// True if the frame must not change state.
    pub is_static: bool,
    /// Of the block, decimal.
    pub height: String,
    /// Of the block, decimal.
    pub time_ms: String,
    /// 32 bytes.
    pub chain_id: String,
    /// 32 bytes.
    pub proposer: String,
    /// Place in [`Part::states`].
    pub state: u32,
}

/// One thing to run, and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Unique among all files.
    pub name: String,
    /// What is run.
    pub case: Case,
    /// The result.
    pub expected: Fields,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Case {
    /// One function of one module, in a frame of its own.
    Call(Call),
    /// A message as a transaction sends it: frames that call frames, value, code.
    Message(Message),
    /// Whether a module is accepted, and what it becomes.
    Check(Check),
    /// Whether broken forms of a module are accepted.
    Mutants(Mutants),
    /// The id of the rules, limits and prices.
    Rules,
    /// A hash or a predicate.
    Cryptography(Cryptography),
    /// Blocks, one after the other, from a genesis.
    Chain(Chain),
}

/// One function of one module, in a frame of its own: no frame price, no other contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// A file.
    pub module: String,
    /// Name of an exported function.
    pub function: String,
    /// Signed decimal numbers, one for each parameter.
    pub arguments: Vec<String>,
    /// Hexadecimal.
    pub input: String,
    /// Decimal.
    pub gas_limit: String,
    /// Place in [`Part::settings`].
    pub setting: u32,
}

/// A message, with the code that was uploaded before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Files: uploaded modules. Which account has which code is in the state.
    pub codes: Vec<String>,
    /// Place in [`Part::settings`]: caller, block, state; a call is for its `address`.
    pub setting: u32,
    /// Deploys this code with a salt of zeros, instead of a call.
    pub deploy: Option<String>,
    /// Name of the entry.
    pub entry: String,
    /// Hexadecimal.
    pub input: String,
    /// Decimal.
    pub value: String,
    /// 32 bytes: the id of the transaction.
    pub tx_hash: String,
    /// Decimal.
    pub gas_limit: String,
}

/// A module for `check`, then the emitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The module.
    pub module: Bytes,
    /// What is done about float operators.
    pub floats: Floats,
}

/// Bytes that stand in a file of their own, or right here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    /// A file.
    File(String),
    /// Hexadecimal.
    Hex(String),
}

/// What is done about float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Floats {
    /// They are lowered.
    Lower,
    /// A module with one is refused.
    Reject,
}

/// Broken forms of a module: single bits flipped, then truncations, drawn from the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutants {
    /// A file.
    pub module: String,
    /// Of the SplitMix64 that draws places.
    pub seed: u32,
    /// Forms with one bit flipped.
    pub flips: u32,
    /// Forms cut short.
    pub cuts: u32,
}

/// A hash or a predicate of the host interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cryptography {
    /// Its name in the host table.
    pub function: String,
    /// Hexadecimal byte strings in the order of the host table; a recovery id is one byte.
    pub arguments: Vec<String>,
}

/// Blocks of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// A file, in the format of [`node::archive`].
    pub archive: String,
}

impl Part {
    /// A file without vectors.
    #[must_use]
    pub fn new(about: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            about: about.to_owned(),
            files: BTreeMap::new(),
            states: Vec::new(),
            settings: Vec::new(),
            vectors: Vec::new(),
        }
    }

    /// Reads the file called `name`.
    ///
    /// # Errors
    /// Another format, or a name or text that would not be one column of one line.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, VectorError> {
        let part: Self =
            serde_json::from_slice(text).map_err(|error| VectorError::new(name, error))?;
        if part.format != FORMAT {
            let reason = format!("format {:?}, this version reads {FORMAT:?}", part.format);
            return Err(VectorError::new(name, reason));
        }
        let mut names = BTreeSet::new();
        for vector in &part.vectors {
            let texts = vector.expected.iter().flat_map(|(name, text)| [name, text]);
            let mut texts = texts.chain([&vector.name]);
            if texts.any(|text| text.chars().any(char::is_control)) {
                let reason = format!("control characters in vector {:?}", vector.name);
                return Err(VectorError::new(name, reason));
            }
            if !names.insert(&vector.name) {
                let reason = format!("two vectors are called {:?}", vector.name);
                return Err(VectorError::new(name, reason));
            }
        }
        Ok(part)
    }

    /// The text of the file: a line for each file, state, setting and vector.
    ///
    /// # Errors
    /// None in practice: texts and numbers can be written.
    pub fn render(&self) -> Result<String, VectorError> {
        let mut text = format!(
            "{{\"format\":{},\"about\":{},\n",
            line(&self.format)?,
            line(&self.about)?
        );
        let files = self.files.iter().map(|(file, hash)| {
            let (file, hash) = (line(file)?, line(hash)?);
            Ok(format!("{file}:{hash}"))
        });
        push(&mut text, "files", ['{', '}'], files)?;
        push(
            &mut text,
            "states",
            ['[', ']'],
            self.states.iter().map(line),
        )?;
        push(
            &mut text,
            "settings",
            ['[', ']'],
            self.settings.iter().map(line),
        )?;
        push(
            &mut text,
            "vectors",
            ['[', ']'],
            self.vectors.iter().map(line),
        )?;
        // The comma after the last list becomes the end of the object.
        text.truncate(text.len().saturating_sub(2));
        text.push_str("}\n");
        Ok(text)
    }
}

fn line(value: &(impl Serialize + ?Sized)) -> Result<String, VectorError> {
    serde_json::to_string(value).map_err(|error| VectorError::new("JSON", error))
}

fn push(
    text: &mut String,
    name: &str,
    [open, close]: [char; 2],
    items: impl Iterator<Item = Result<String, VectorError>>,
) -> Result<(), VectorError> {
    let items: Vec<String> = items.collect::<Result<_, _>>()?;
    let separator = if items.is_empty() { "" } else { "\n" };
    let items = items.join(",\n");
    text.push_str(&format!(
        "\"{name}\":{open}{separator}{items}{separator}{close},\n"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        let call = Call {
            module: "a.wasm".to_owned(),
            function: "f".to_owned(),
            arguments: vec!["-1".to_owned()],
            input: String::new(),
            gas_limit: u64::MAX.to_string(),
            setting: 0,
        };
        let check = Check {
            module: Bytes::Hex("0061".to_owned()),
            floats: Floats::Reject,
        };
        let expected: Fields = [("exit".to_owned(), "trap".to_owned())].into();
        let cases = [Case::Call(call), Case::Check(check), Case::Rules];
        let vectors = cases.into_iter().enumerate().map(|(number, case)| Vector {
            name: format!("v{number}"),
            case,
            expected: expected.clone(),
        });
        let mut part = Part::new("a \"test\"");
        part.files.insert("a.wasm".to_owned(), "00".repeat(32));
        part.vectors = vectors.collect();
        part
    }

    #[test]
    fn what_is_written_is_read() {
        let text = part().render().unwrap();
        assert_eq!(Part::parse("x.json", text.as_bytes()).unwrap(), part());
        let empty = Part::new("nothing").render().unwrap();
        assert_eq!(
            Part::parse("x", empty.as_bytes()).unwrap(),
            Part::new("nothing")
        );
    }

    #[test]
    fn another_format_and_unknown_fields_are_refused() {
        let text = part().render().unwrap();
        for (from, to) in [
            ("vectors/1", "vectors/2"),
            ("\"gas_limit\"", "\"surprise\":1,\"gas_limit\""),
            ("\"v1\"", "\"v0\""),
            ("\"v1\"", "\"v\\t1\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Part::parse("x", changed.as_bytes()).is_err(), "{to}");
        }
    }
}
