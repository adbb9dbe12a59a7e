//! Declares `lockstep proof` and its commands.

use super::upgrade::Upgrades;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

/// `lockstep proof`.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  lockstep proof make chain.blocks --height 2 --receipt 0 --out receipt.proof
  lockstep proof verify receipt.proof --header HASH

A proof shows what the state, a receipt or an event of a block is to someone who trusts the hash of
one later header. Both commands take --json.")]
pub(crate) struct Proof {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: ProofCommand,
}

/// The commands of `lockstep proof`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProofCommand {
    /// Execute an archive up to a block and write a proof of its result
    Make(ProofMake),
    /// Verify a proof under the hash of a trusted header and print what it proves
    Verify(ProofVerify),
}

/// `lockstep proof make`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("claim").required(true).args(["receipt", "key"]))]
#[command(after_help = "\
Examples:
  lockstep sim --archive chain.blocks
  lockstep proof make chain.blocks --height 2 --receipt 0 --out receipt.proof
  lockstep proof make chain.blocks --height 2 --receipt 0 --event 1 --out event.proof
  lockstep proof make chain.blocks --height 2 --key 0072756c6573 --out rules.proof

The result of block 2 is in header 3, so the archive must have block 3. Its hash is printed; that it
is the hash of the chain's header is for the verifier to know. Exit code 4 if there is nothing to
prove.")]
pub(crate) struct ProofMake {
    /// The archive
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: PathBuf,
    /// Height of the block whose result is proved
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) height: u64,
    /// Prove the receipt of the transaction with this index, from 0
    #[arg(long, value_name = "INDEX")]
    pub(crate) receipt: Option<u32>,
    /// Prove the event with this index, from 0, of that transaction
    #[arg(long, value_name = "INDEX", requires = "receipt")]
    pub(crate) event: Option<u32>,
    /// Prove the value of this state key, or that it has none; in hexadecimal digits
    #[arg(long, value_name = "HEX")]
    pub(crate) key: Option<String>,
    /// Upgrade documents.
    #[command(flatten)]
    pub(crate) upgrades: Upgrades,
    /// Where to write the proof; the file is replaced atomically
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep proof verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep proof verify receipt.proof --header HASH
  lockstep proof verify receipt.proof --header HASH --json

HASH is that of the last header in the proof, which the verifier trusts. Exit code 1 if the proof
does not prove what it claims, 4 if the file is no proof, or is cut off or damaged.")]
pub(crate) struct ProofVerify {
    /// The proof
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Hash of the trusted header, 64 hexadecimal digits
    #[arg(long, value_name = "HASH")]
    pub(crate) header: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
