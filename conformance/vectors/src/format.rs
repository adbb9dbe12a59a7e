//! Describes a vector file: modules, states and environments that vectors share, then the vectors.
//!
//! JSON, one vector a line, in the order in which they run. Numbers that can pass 2^53 are decimal
//! strings, bytes are hexadecimal. Unknown fields are an error: they could change what a run means.
//! In the file an environment is called a `setting`.

use crate::VectorError;
use crate::fields::Fields;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The first field of every file.
pub const FORMAT: &str = "lockstep/vectors/1";

/// One vector file, which is a part of a set of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`FORMAT`].
    pub format: String,
    /// What the vectors of this file show.
    pub about: String,
    /// Every file that the vectors name, with the SHA-256 of its bytes.
    pub files: BTreeMap<String, String>,
    /// States before a run: hexadecimal values by hexadecimal state keys.
    pub states: Vec<BTreeMap<String, String>>,
    /// Environments of frames.
    #[serde(rename = "settings")]
    pub environments: Vec<EnvironmentRecord>,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// Environment of a frame: what host functions return to the guest, except the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRecord {
    /// Address of the caller, 32 bytes.
    pub caller: String,
    /// Address of the contract itself, 32 bytes.
    pub address: String,
    /// True for a static frame, which must not change state.
    pub is_static: bool,
    /// Height of the block, decimal.
    pub height: String,
    /// Time of the block in milliseconds, decimal.
    pub time_ms: String,
    /// Id of the chain, 32 bytes.
    pub chain_id: String,
    /// Address of the proposer of the block, 32 bytes.
    pub proposer: String,
    /// Index in [`Part::states`].
    pub state: u32,
}

/// One run with its expected result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Name, unique among all files.
    pub name: String,
    /// What is run.
    pub case: VectorCase,
    /// The expected result.
    pub expected: Fields,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum VectorCase {
    /// One function of one module, in a frame of its own.
    Call(Call),
    /// A message as a transaction sends it: frames that call frames, value, code.
    Message(MessageRecord),
    /// Whether `check` accepts a module, and the instrumented module.
    Check(Check),
    /// Which mutants of a module `check` accepts.
    Mutants(Mutants),
    /// The id of the rules, limits and prices.
    Rules,
    /// A hash or a signature check.
    Cryptography(Cryptography),
    /// Blocks, one after the other, from a genesis.
    Chain(Chain),
}

/// One function of one module, in a frame of its own: no frame price, no other contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// File of the module.
    pub module: String,
    /// Name of an exported function.
    pub function: String,
    /// Signed decimal numbers, one for each parameter.
    pub arguments: Vec<String>,
    /// Input of the call, hexadecimal.
    pub input: String,
    /// Gas limit, decimal.
    pub gas_limit: String,
    /// Index in [`Part::environments`].
    #[serde(rename = "setting")]
    pub environment: u32,
}

/// A message, with the code that was uploaded before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRecord {
    /// Files of the uploaded modules. The state says which account has which code.
    pub codes: Vec<String>,
    /// Index in [`Part::environments`], for caller, block and state; a call goes to its `address`.
    #[serde(rename = "setting")]
    pub environment: u32,
    /// File of the code to deploy with a salt of zeros; `None` for a call.
    pub deploy: Option<String>,
    /// Name of the entry function.
    pub entry: String,
    /// Input of the call, hexadecimal.
    pub input: String,
    /// Transferred value, decimal.
    pub value: String,
    /// Hash of the transaction, 32 bytes.
    pub tx_hash: String,
    /// Gas limit, decimal.
    pub gas_limit: String,
}

/// A module for `check` and, if it is accepted, for the emitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The module.
    pub module: Bytes,
    /// Policy for float operators.
    pub floats: Floats,
}

/// Bytes in a file of their own, or inline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    /// Name of the file.
    File(String),
    /// Hexadecimal.
    Hex(String),
}

/// Policy for float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Floats {
    /// They are lowered.
    Lower,
    /// A module with one is rejected.
    Reject,
}

/// Mutants of a module: single flipped bits, then truncations, drawn from the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutants {
    /// File of the original module.
    pub module: String,
    /// Seed of the SplitMix64 stream that draws positions.
    pub seed: u32,
    /// Number of mutants with one flipped bit.
    pub flips: u32,
    /// Number of truncated mutants.
    pub cuts: u32,
}

/// A hash function or signature check of the host interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cryptography {
    /// Name of the function in the host table.
    pub function: String,
    /// Arguments, hexadecimal, in the order of the host table; a recovery id is one byte.
    pub arguments: Vec<String>,
}

/// Replay of the blocks of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// File in the format of [`node::archive`].
    pub archive: String,
}

/// Names of the kinds of vectors, as `case` has them.
pub const KINDS: [&str; 7] = [
    "call",
    "message",
    "check",
    "mutants",
    "rules",
    "cryptography",
    "chain",
];

impl VectorCase {
    /// Name of the kind, one of [`KINDS`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Message(_) => "message",
            Self::Check(_) => "check",
            Self::Mutants(_) => "mutants",
            Self::Rules => "rules",
            Self::Cryptography(_) => "cryptography",
            Self::Chain(_) => "chain",
        }
    }
}

impl Part {
    /// A vector file without vectors.
    #[must_use]
    pub fn new(about: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            about: about.to_owned(),
            files: BTreeMap::new(),
            states: Vec::new(),
            environments: Vec::new(),
            vectors: Vec::new(),
        }
    }

    /// Reads the file called `name`.
    ///
    /// # Errors
    /// Another format, a vector name that occurs twice, or a control character in a name or text.
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
                let reason = format!("two vectors have the name {:?}", vector.name);
                return Err(VectorError::new(name, reason));
            }
        }
        Ok(part)
    }

    /// The text of the file: a line for each file, state, environment and vector.
    ///
    /// # Errors
    /// None in practice: every text and number has an encoding in JSON.
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
            self.environments.iter().map(line),
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
            environment: 0,
        };
        let check = Check {
            module: Bytes::Hex("0061".to_owned()),
            floats: Floats::Reject,
        };
        let expected: Fields = [("exit".to_owned(), "trap".to_owned())].into();
        let cases = [
            VectorCase::Call(call),
            VectorCase::Check(check),
            VectorCase::Rules,
        ];
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
    fn a_rendered_file_parses_to_the_same_vectors() {
        let text = part().render().unwrap();
        assert_eq!(Part::parse("x.json", text.as_bytes()).unwrap(), part());
        let empty = Part::new("nothing").render().unwrap();
        assert_eq!(
            Part::parse("x", empty.as_bytes()).unwrap(),
            Part::new("nothing")
        );
    }

    #[test]
    fn another_format_and_unknown_fields_are_an_error() {
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
