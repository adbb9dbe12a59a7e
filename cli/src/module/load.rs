//! Reads a contract file of bounded size: a module in the binary or the text format.
//!
//! The format is detected from the content; the file name does not matter.

use crate::args::Floats;
use crate::failure::Failure;
use crate::output;
use crate::rejected_file::{RejectedFile, TextError};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;
use vm::unstable::limits::Limits;
use vm::unstable::rules::FloatPolicy;
use vm::{CheckedModule, Rules};

/// First bytes of a binary module.
const MAGIC: &[u8] = b"\0asm";
/// Number of bytes read of a binary module: one more than is allowed, so that `check` rejects it.
#[expect(clippy::as_conversions, reason = "u32 widened; From is not const")]
const MODULE_BYTES_READ: u64 = Limits::V1.module_bytes_max as u64 + 1;
/// Number of bytes read of a text; a longer one is treated as a binary module, which is too long.
#[expect(clippy::as_conversions, reason = "u32 widened; From is not const")]
const TEXT_BYTES_MAX: u64 = 4 * Limits::V1.module_bytes_max as u64;

/// A contract file, read and assembled, not yet checked.
#[derive(Debug)]
pub(crate) struct ContractFile {
    /// The path from the command line.
    pub(crate) file: String,
    /// The binary module, or the first bytes of a file that is too long.
    pub(crate) bytes: Vec<u8>,
    /// True if the file may have more bytes than `bytes`.
    is_cut: bool,
    /// The error of a text that does not assemble.
    pub(crate) text_error: Option<TextError>,
}

impl ContractFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Failure::Environment`] if it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let content = read_bounded(path)
            .map_err(|error| Failure::Environment(format!("cannot read {file}: {error}")))?;
        let text = std::str::from_utf8(&content)
            .ok()
            .filter(|text| is_text(text));
        let (bytes, is_cut, text_error) = match text.map(|text| (text, wat::parse_str(text))) {
            None => {
                let is_cut = content.len() > module_bytes_max();
                (content, is_cut, None)
            }
            Some((_, Ok(bytes))) => (bytes, false, None),
            Some((text, Err(error))) => {
                let error = TextError::new(&error.to_string(), text);
                (Vec::new(), false, Some(error))
            }
        };
        Ok(Self {
            file,
            bytes,
            is_cut,
            text_error,
        })
    }

    /// SHA-256 of the module; `None` if the module is incomplete.
    pub(crate) fn code_hash(&self) -> Option<[u8; 32]> {
        let whole = self.text_error.is_none() && !self.is_cut;
        whole.then(|| Sha256::digest(&self.bytes).into())
    }

    /// Validates the module under `rules`.
    ///
    /// # Errors
    /// [`RejectedFile`] if it is rejected.
    pub(crate) fn check(&self, rules: &Rules) -> Result<CheckedModule, Box<RejectedFile>> {
        if let Some(error) = &self.text_error {
            return Err(Box::new(RejectedFile::of_text(&self.file, error)));
        }
        vm::check(&self.bytes, rules).map_err(|mut rejection| {
            if self.is_cut {
                // The length of the whole file is not known.
                rejection.message = format!("more than {} bytes", Limits::V1.module_bytes_max);
            }
            Box::new(RejectedFile::of_module(&self.file, rejection, &self.bytes))
        })
    }
}

/// The rules of version 1 with the float policy of the command line.
pub(crate) fn rules(floats: Floats) -> Rules {
    match floats {
        Floats::Lower => node::rules::version_1(),
        Floats::Reject => {
            let schedule = node::rules::version_1().schedule.clone();
            Rules::new(FloatPolicy::Reject, schedule)
        }
    }
}

/// Reads and validates the module at `path`.
///
/// # Errors
/// [`Failure::Environment`] if it cannot be read, [`Failure::Rejected`] if it is rejected.
pub(crate) fn checked(
    path: &Path,
    rules: &Rules,
) -> Result<(ContractFile, CheckedModule), Failure> {
    let loaded = ContractFile::read(path)?;
    let module = loaded.check(rules).map_err(Failure::Rejected)?;
    Ok((loaded, module))
}

fn module_bytes_max() -> usize {
    usize::try_from(Limits::V1.module_bytes_max).unwrap_or(usize::MAX)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = output::input(path)?;
    let mut content = Vec::new();
    let start = u64::try_from(MAGIC.len()).unwrap_or_default();
    file.by_ref().take(start).read_to_end(&mut content)?;
    let limit = if content == MAGIC {
        MODULE_BYTES_READ
    } else {
        TEXT_BYTES_MAX
    };
    file.take(limit.saturating_sub(start))
        .read_to_end(&mut content)?;
    Ok(content)
}

/// True for a non-empty text without NUL (a binary module's first byte) within the size limit.
fn is_text(content: &str) -> bool {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    length < TEXT_BYTES_MAX && !content.trim().is_empty() && !content.contains('\0')
}
