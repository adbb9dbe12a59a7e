//! Runs `lockstep node snapshot`, `restore` and `accept`: works on a store without executing.

use crate::args::store::{AcceptArguments, RestoreArguments, SnapshotArguments};
use crate::chain::snapshot_folder::SnapshotFolder;
use crate::chain::store::StoreName;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::print;
use crate::progress::ProgressTimer;
use crate::text::{counted, grouped, printable_path};
use node::snapshot::{
    CHUNK_BYTES_MAX, Files, MANIFEST, MANIFEST_BYTES_MAX, Restore, RestoreError, SnapshotOptions,
    app_hash, chunk_name, write,
};
use serde::Serialize;
use std::io;
use std::path::Path;

const KIB: u64 = 1024;

#[derive(Serialize)]
struct SnapshotLine {
    height: u64,
    chain_id: String,
    state_root: String,
    /// SHA-256 of the block's encoded result.
    app_hash: String,
    entries: u64,
    chunks: u32,
}

#[derive(Serialize)]
struct RestoreLine {
    height: u64,
    chain_id: String,
    state_root: String,
    entries: u64,
    chunks: u32,
    /// Chunks that this run has written; the others were in the store.
    written: u32,
}

#[derive(Serialize)]
struct AcceptLine {
    /// Height of the last block that was acknowledged; null if it is not known.
    acknowledged: Option<u64>,
    /// Height of the last block of the store; null before the genesis.
    height: Option<u64>,
}

/// Writes a snapshot.
///
/// # Errors
/// [`Failure::Environment`] if the store or a file fails.
pub(crate) fn snapshot(arguments: &SnapshotArguments) -> CommandResult {
    let store = StoreName::parse(&arguments.store)?.existing()?.open()?;
    let path = &arguments.out;
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Environment(format!("{}: {error}", printable_path(path)))
    };
    let mut folder = SnapshotFolder::create(path).map_err(|error| failed(&error))?;
    let view = store.snapshot()?;
    let options = SnapshotOptions {
        chunk_bytes: arguments.chunk_kib.saturating_mul(KIB),
        ..SnapshotOptions::default()
    };
    let mut timer = ProgressTimer::start();
    let written = write(view.as_ref(), &mut folder, &options, &mut |read| {
        if timer.is_due() {
            print::progress(&format!("{} read", counted(read, "key")));
        }
    });
    print::progress_end();
    let manifest = written.map_err(|error| failed(&error))?;
    folder.sync().map_err(|error| failed(&error))?;
    let line = SnapshotLine {
        height: manifest.tip.height.0,
        chain_id: hex::encode(manifest.chain_id),
        state_root: hex::encode(manifest.tip.result.state_root),
        app_hash: hex::encode(app_hash(&manifest.tip.result)),
        entries: manifest.entries,
        chunks: manifest.chunks(),
    };
    if arguments.json {
        print::json(&line)?;
    } else {
        print::out(&format!(
            "snapshot of block {}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n",
            grouped(line.height),
            "chain",
            line.chain_id,
            "state root",
            line.state_root,
            "app hash",
            line.app_hash,
            "entries",
            grouped(line.entries),
            "chunks",
            grouped(u64::from(line.chunks)),
        ))?;
    }
    Ok(Verdict::Passed)
}

/// Restores a snapshot.
///
/// # Errors
/// [`Failure::Usage`] for a hash that is none; [`Failure::Environment`] if a file is wrong, or the
/// store fails.
pub(crate) fn restore(arguments: &RestoreArguments) -> CommandResult {
    let trusted = hex::decode(&arguments.trusted).ok();
    let trusted: [u8; 32] = trusted
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Failure::Usage("--trusted takes 64 hexadecimal digits".to_owned()))?;
    let mut store = StoreName::parse(&arguments.store)?.on_disk()?.open()?;
    let folder = SnapshotFolder::existing(&arguments.folder);
    let file = |name: &str, error: &dyn std::fmt::Display| {
        let path = arguments.folder.join(name);
        Failure::Environment(format!("{}: {error}", printable_path(&path)))
    };
    let manifest = read(&folder, MANIFEST, MANIFEST_BYTES_MAX, &arguments.folder)?;
    let opened = Restore::open(store.as_mut(), &manifest, &trusted);
    let mut restore = opened.map_err(|error| refused(error, &|error| file(MANIFEST, error)))?;
    let missing = restore.missing();
    let (mut timer, mut written) = (ProgressTimer::start(), 0_u32);
    for index in &missing {
        let name = chunk_name(*index);
        let bytes = read(&folder, &name, CHUNK_BYTES_MAX, &arguments.folder);
        let done = bytes.and_then(|bytes| {
            let done = restore.chunk(*index, &bytes);
            done.map_err(|error| refused(error, &|error| file(&name, error)))
        });
        done.inspect_err(|_| print::progress_end())?;
        written = written.saturating_add(1);
        if timer.is_due() {
            print::progress(&format!("{} written", counted(u64::from(written), "chunk")));
        }
    }
    print::progress_end();
    let (entries, chunks) = (restore.manifest().entries, restore.manifest().chunks());
    let chain_id = hex::encode(restore.manifest().chain_id);
    let tip = restore.finish();
    let tip = tip.map_err(|error| refused(error, &|error| file(MANIFEST, error)))?;
    let line = RestoreLine {
        height: tip.height.0,
        chain_id,
        state_root: hex::encode(tip.result.state_root),
        entries,
        chunks,
        written,
    };
    if arguments.json {
        print::json(&line)?;
    } else {
        print::out(&format!(
            "restored block {}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}\n  {:<14}{}, of which {} now\n",
            grouped(line.height),
            "chain",
            line.chain_id,
            "state root",
            line.state_root,
            "entries",
            grouped(line.entries),
            "chunks",
            grouped(u64::from(line.chunks)),
            grouped(u64::from(line.written)),
        ))?;
    }
    Ok(Verdict::Passed)
}

fn read(folder: &SnapshotFolder, name: &str, max: u64, path: &Path) -> Result<Vec<u8>, Failure> {
    folder.read(name, max).map_err(|error: io::Error| {
        let path = printable_path(&path.join(name));
        let advice = if error.kind() == io::ErrorKind::NotFound {
            ": the snapshot is not whole"
        } else {
            ""
        };
        Failure::Environment(format!("cannot read {path}: {error}{advice}"))
    })
}

/// A fault is this machine's; every other error is the file's.
fn refused(error: RestoreError, file: &dyn Fn(&dyn std::fmt::Display) -> Failure) -> Failure {
    match error {
        RestoreError::Fault(fault) => fault.into(),
        error @ (RestoreError::NotEmpty(_) | RestoreError::OtherSnapshot) => {
            Failure::Environment(error.to_string())
        }
        error => file(&error),
    }
}

/// Makes a store that has lost acknowledged blocks open at the block that it has.
///
/// # Errors
/// [`Failure::Environment`] if the store has other damage.
pub(crate) fn accept(arguments: &AcceptArguments) -> CommandResult {
    let (acknowledged, height) = StoreName::parse(&arguments.store)?.existing()?.accept()?;
    if arguments.json {
        print::json(&AcceptLine {
            acknowledged,
            height,
        })?;
        return Ok(Verdict::Passed);
    }
    let block = |height: Option<u64>| match height {
        Some(height) => format!("block {}", grouped(height)),
        None => "none".to_owned(),
    };
    print::out(&format!(
        "accepted\n  {:<14}{}\n  {:<14}{}\n",
        "last block",
        block(height),
        "acknowledged",
        acknowledged.map_or_else(|| "not known".to_owned(), |height| block(Some(height))),
    ))?;
    Ok(Verdict::Passed)
}
