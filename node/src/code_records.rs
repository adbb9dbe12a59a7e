//! Keeps, beside each code, its length and what check found in it, as records of this machine.
//!
//! ```text
//! 16 code_hash -> length u64 LE                                        || seal
//! 17 code_hash -> VERSION || rules_id in force || CheckedModule::stored_form || seal
//! 18           -> VERSION || version of the forms || rules_id || seal
//!                                             every code has both records, of these three
//! seal         =  sha256(DOMAIN || key || what is before it)
//! ```
//!
//! The length is a record of its own: it is read before a frame has paid for the code, and must not
//! cost what reading the code or its form does. With the form a frame of code that no cache has
//! reads the code, compares its hash, and checks nothing.
//!
//! # Invariants
//! * Records are in the commit of the block that uploads the code, so a record of a code that the
//!   state does not have is never written.
//! * They are of this machine: in no tree, snapshot or archive, and never from a peer. A seal finds
//!   rot, not an attacker, who could write to the store anyway.
//! * A record that is missing, damaged, of other rules or of another version costs time, and never
//!   changes a result: the code is checked again, and the next commit writes the record.
//!
//! Specification: docs/spec/frames.md, "Messages and frames". Tests: `tests/it/code_records.rs`.

use crate::digest::{length, sha256};
use crate::store::{Record, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{CheckedModule, CodeHash, Fault};

const DOMAIN: &[u8] = b"lockstep code record";
const VERSION: u8 = 1;
const SEAL_BYTES: usize = 32;

// First bytes of keys. Those of the tree's records are below 16.
const LENGTH: u8 = 16;
const FORM: u8 = 17;
const COMPLETE: u8 = 18;

/// Bytes of records that the execution of one block remembers for its commit, besides those of the
/// codes that it uploads, and that are written at once when a store is opened.
pub(crate) const REMEMBERED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Records of codes by key.
pub(crate) type CodeRecords = BTreeMap<Vec<u8>, Vec<u8>>;

/// Key of the length of a code.
pub(crate) fn length_key(code_hash: &CodeHash) -> Vec<u8> {
    [&[LENGTH], code_hash.as_ref()].concat()
}

/// Key of the checked form of a code.
pub(crate) fn form_key(code_hash: &CodeHash) -> Vec<u8> {
    [&[FORM], code_hash.as_ref()].concat()
}

fn seal(key: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    let seal = sha256(&[DOMAIN, key, &body]);
    body.extend(seal);
    body
}

fn unseal<'a>(key: &[u8], record: &'a [u8]) -> Option<&'a [u8]> {
    let body = record.len().checked_sub(SEAL_BYTES)?;
    let (body, seal) = record.split_at_checked(body)?;
    (sha256(&[DOMAIN, key, body]) == seal).then_some(body)
}

/// The record of a length in bytes.
pub(crate) fn encode_length(key: &[u8], bytes: u64) -> Vec<u8> {
    seal(key, bytes.to_le_bytes().to_vec())
}

/// The length in bytes of a code; `None` if the record is damaged.
pub(crate) fn decode_length(key: &[u8], record: &[u8]) -> Option<u64> {
    let body = unseal(key, record)?;
    Some(u64::from_le_bytes(body.try_into().ok()?))
}

fn encode_form(key: &[u8], rules_id: &[u8; 32], module: &CheckedModule) -> Vec<u8> {
    let form = module.stored_form();
    let room = form.len().saturating_add(1 + 32 + SEAL_BYTES);
    let mut body = Vec::with_capacity(room);
    body.push(VERSION);
    body.extend(rules_id);
    body.extend(form);
    seal(key, body)
}

/// The module of `bytes`, whose hash was compared, from its record; `None` if the record is
/// damaged, of another version, or was made while other rules were in force.
pub(crate) fn decode_form(
    code_hash: &CodeHash,
    rules_id: &[u8; 32],
    bytes: Arc<Vec<u8>>,
    record: &[u8],
) -> Option<CheckedModule> {
    let body = unseal(&form_key(code_hash), record)?;
    let (version, rest) = body.split_first()?;
    let (found, form) = rest.split_first_chunk::<32>()?;
    if *version != VERSION || found != rules_id {
        return None;
    }
    CheckedModule::from_stored_form(bytes, *code_hash, form)
}

/// The records of a block: of the codes that it uploads, and of those that it found to have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewRecords {
    pub(crate) records: CodeRecords,
    /// Bytes of remembered records.
    pub(crate) remembered: u64,
}

impl NewRecords {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Vec<u8>> {
        self.records.get(key)
    }

    /// Adds both records of an uploaded code.
    pub(crate) fn upload(&mut self, rules_id: &[u8; 32], module: &CheckedModule) {
        let length_key = length_key(module.code_hash());
        let record = encode_length(&length_key, length(module.bytes()));
        self.records.insert(length_key, record);
        let form_key = form_key(module.code_hash());
        let record = encode_form(&form_key, rules_id, module);
        self.records.insert(form_key, record);
    }

    /// Remembers the form of a committed code, as far as there is room.
    pub(crate) fn remember_form(&mut self, rules_id: &[u8; 32], module: &CheckedModule) {
        if self.remembered < REMEMBERED_BYTES_MAX {
            let key = form_key(module.code_hash());
            let record = encode_form(&key, rules_id, module);
            self.remember(key, record);
        }
    }

    /// Remembers the length of a committed code, as far as there is room.
    pub(crate) fn remember_length(&mut self, key: Vec<u8>, bytes: u64) {
        let record = encode_length(&key, bytes);
        self.remember(key, record);
    }

    fn remember(&mut self, key: Vec<u8>, record: Vec<u8>) {
        if self.remembered < REMEMBERED_BYTES_MAX {
            let bytes = length(&key).saturating_add(length(&record));
            self.remembered = self.remembered.saturating_add(bytes);
            self.records.insert(key, record);
        }
    }

    /// Adds those of other codes.
    pub(crate) fn extend(&mut self, other: Self) {
        self.remembered = self.remembered.saturating_add(other.remembered);
        self.records.extend(other.records);
    }

    pub(crate) fn into_records(self) -> CodeRecords {
        self.records
    }
}

/// As a part of a commit.
pub(crate) fn written(records: &CodeRecords) -> impl Iterator<Item = Record> + '_ {
    let records = records.iter();
    records.map(|(key, record)| (key.clone(), Some(record.clone())))
}

/// The record that says that every code of a store has records of this build, under the rules with
/// this id.
pub(crate) fn complete(rules_id: &[u8; 32]) -> Record {
    let key = vec![COMPLETE];
    let versions = [VERSION, CheckedModule::STORED_FORM_VERSION];
    let record = seal(&key, [versions.as_slice(), rules_id].concat());
    (key, Some(record))
}

/// True if every code of the store has records of this build, under the rules with this id.
pub(crate) fn is_complete(store: &dyn Store, rules_id: &[u8; 32]) -> Result<bool, Fault> {
    let (key, complete) = complete(rules_id);
    Ok(store.record(&key)? == complete)
}
