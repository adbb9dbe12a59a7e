//! Reads and writes upgrade documents: the rules that a running chain changes to, as text.
//!
//! ```text
//! lockstep/upgrade/1
//! chain <chain id>
//! upgrade <height> <rules id>         one line an upgrade, heights ascending
//! sha256 <SHA-256 of all lines above>
//! ```
//!
//! Ids and hashes are 64 lowercase hexadecimal digits, heights are decimal, and each line ends with
//! a line feed. A document is read only if it is the one encoding of what it says.
//!
//! Specification: docs/spec/blocks.md, "Rules by height".

use crate::activations::{Activations, UpgradesError, check_upgrades};
use crate::digest::{length, sha256};
use crate::limits::UPGRADE_DOCUMENT_BYTES_MAX;
use vm::Height;

/// First line of every upgrade document.
const FORMAT: &str = "lockstep/upgrade/1";

/// Upgrades of a running chain, as its operators agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeDocument {
    chain_id: [u8; 32],
    upgrades: Activations,
}

/// Why an upgrade document is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeDocumentError {
    /// The document is too long.
    #[error("the upgrade document is longer than {UPGRADE_DOCUMENT_BYTES_MAX} bytes")]
    Bytes,
    /// The first line is another one.
    #[error("the upgrade document does not begin with the line `{FORMAT}`")]
    Format,
    /// The last line is not the hash of those above it.
    #[error(
        "the last line of the upgrade document is not `sha256` and the hash of the lines above it: \
         the document is damaged or was changed; copy it again"
    )]
    Damaged,
    /// A line is not as the format says.
    #[error("line {0} of the upgrade document is not as the format says")]
    Line(u32),
    /// The upgrades are not as [`UpgradeDocument::new`] lists them.
    #[error("the upgrade document: {0}")]
    Upgrades(#[from] UpgradesError),
}

impl UpgradeDocument {
    /// Makes a document of upgrades (height, rules id), by ascending height.
    ///
    /// # Errors
    /// [`UpgradesError`].
    pub fn new(chain_id: [u8; 32], upgrades: Activations) -> Result<Self, UpgradesError> {
        check_upgrades(&upgrades, None)?;
        Ok(Self { chain_id, upgrades })
    }

    /// Decodes a document, which passes the checks of [`UpgradeDocument::new`].
    ///
    /// # Errors
    /// [`UpgradeDocumentError`]; the length is checked first.
    pub fn decode(document: &[u8]) -> Result<Self, UpgradeDocumentError> {
        if length(document) > u64::from(UPGRADE_DOCUMENT_BYTES_MAX) {
            return Err(UpgradeDocumentError::Bytes);
        }
        if !document.starts_with(format!("{FORMAT}\n").as_bytes()) {
            return Err(UpgradeDocumentError::Format);
        }
        let text = core::str::from_utf8(document).map_err(|_| UpgradeDocumentError::Damaged)?;
        let body = body_of(text).ok_or(UpgradeDocumentError::Damaged)?;
        let mut lines = (1_u32..).zip(body.lines()).skip(1);
        let chain_id = lines
            .next()
            .and_then(|(_, line)| parse_id(line.strip_prefix("chain ")?))
            .ok_or(UpgradeDocumentError::Line(2))?;
        let upgrades: Activations = lines
            .map(|(number, line)| parse_upgrade(line).ok_or(UpgradeDocumentError::Line(number)))
            .collect::<Result<_, _>>()?;
        let read = Self::new(chain_id, upgrades)?;
        let written = read.body();
        let differs = |(one, other): (&str, &str)| one != other;
        match body.lines().zip(written.lines()).position(differs) {
            None if body == written => Ok(read),
            found => {
                let index = found.and_then(|index| u32::try_from(index).ok());
                let number = index.unwrap_or_default().saturating_add(1);
                Err(UpgradeDocumentError::Line(number))
            }
        }
    }

    /// The text of the document.
    #[must_use]
    pub fn encode(&self) -> String {
        let body = self.body();
        let hash = hex::encode(sha256(&[body.as_bytes()]));
        format!("{body}sha256 {hash}\n")
    }

    /// Id of the chain.
    #[must_use]
    pub const fn chain_id(&self) -> &[u8; 32] {
        &self.chain_id
    }

    /// Heights with the id of the rules that are in force from there on, ascending.
    #[must_use]
    pub const fn upgrades(&self) -> &Activations {
        &self.upgrades
    }

    /// The lines before the hash.
    fn body(&self) -> String {
        let mut body = format!("{FORMAT}\nchain {}\n", hex::encode(self.chain_id));
        for (height, id) in &self.upgrades {
            body.push_str(&format!("upgrade {height} {}\n", hex::encode(id)));
        }
        body
    }
}

/// The lines before the last one, if that has their hash.
fn body_of(text: &str) -> Option<&str> {
    let (before, last) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let body = text.get(..before.len().checked_add(1)?)?;
    let stated = parse_id(last.strip_prefix("sha256 ")?)?;
    let is_lowercase = !last.bytes().any(|byte| byte.is_ascii_uppercase());
    (is_lowercase && stated == sha256(&[body.as_bytes()])).then_some(body)
}

fn parse_upgrade(line: &str) -> Option<(Height, [u8; 32])> {
    let (height, id) = line.strip_prefix("upgrade ")?.split_once(' ')?;
    Some((Height(height.parse().ok()?), parse_id(id)?))
}

fn parse_id(text: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    hex::decode_to_slice(text, &mut id).ok()?;
    Some(id)
}
