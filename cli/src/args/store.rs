//! Declares the commands of `lockstep node` that work on a store: snapshot, restore, accept.

use clap::Args;
use std::path::PathBuf;

/// `lockstep node snapshot`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep node snapshot redb:node --out node.snapshot
  lockstep node restore node.snapshot --trusted HASH --store redb:new

Writes the state of the store's last block as chunks and a manifest; blocks, receipts and events are
not in it. The app hash of the block is printed: who restores the snapshot needs it from a source
that he trusts, as the app hash of block h, or as the state root in header h + 1.
Exit code 4 if the store or a file fails, if the folder has files already, or if the store has no
block above its genesis.")]
pub(crate) struct SnapshotArguments {
    /// The store: `redb:PATH` (a file) or `rocksdb:PATH` (a folder), not open elsewhere
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// The folder of the snapshot: new, or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Length that chunks have, in KiB; they are sent and verified one by one
    #[arg(long, value_name = "KIB", default_value_t = 1024)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=8192))]
    pub(crate) chunk_kib: u64,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep node restore`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep node restore node.snapshot --trusted HASH --store redb:new
  lockstep node restore node.snapshot --trusted HASH --store redb:new --json

HASH is the app hash of the snapshot's block, SHA-256 of its encoded result, or the hash of the next
header if the manifest has that; it comes from a source that you trust, not from who made the
snapshot. Each chunk is verified before anything of it is written. A wrong or missing chunk ends the
command and is named; put the right file there and run the command again: it goes on where it was.
Until the last chunk the store takes no block. Exit code 4 if a file is wrong or this machine
fails.")]
pub(crate) struct RestoreArguments {
    /// The folder of the snapshot
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The hash from which the state has to follow, in 64 hexadecimal digits
    #[arg(long, value_name = "HASH")]
    pub(crate) trusted: String,
    /// The store: `redb:PATH` (a file) or `rocksdb:PATH` (a folder), new or with a part of this
    /// snapshot
    #[arg(long, value_name = "STORE")]
    pub(crate) store: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep node accept`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep node accept rocksdb:node

A store whose log is damaged can lose its last blocks, although they were acknowledged. It then
refuses to open, so that a node never goes on from an older block without your knowledge. This
command reads the whole store, compares it with its root, and makes it open at the block that it
has; the blocks after it have to be executed again, and the node must not vote on their heights
again.
Restoring a backup is the alternative. Exit code 4 if the store has other damage.")]
pub(crate) struct AcceptArguments {
    /// The store: `redb:PATH` (a file) or `rocksdb:PATH` (a folder), not open elsewhere
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
