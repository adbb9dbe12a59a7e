//! Declares `lockstep node upgrade`, and the documents of `--upgrade`.

use clap::Args;
use std::path::PathBuf;

/// `lockstep node upgrade`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep node upgrade --chain ID --at 900000=RULES --out second.upgrade
  lockstep node upgrade --chain ID --at 900000=RULES --at 1500000=RULES --out both.upgrade
  lockstep node replay chain.blocks --upgrade second.upgrade

The document names heights and the rules that are in force from there on. All nodes of the chain are
configured with the same one, each with a build that has the rules, before the chain is at the first
height. ID is `chain_id` of `node replay --json`, RULES the id that `lockstep schedule` of the newer
build prints; both are 64 hexadecimal digits. The document is text: its last line is the SHA-256 of
the lines above it, so that a damaged copy is refused.")]
pub(crate) struct UpgradeArguments {
    /// Id of the chain
    #[arg(long, value_name = "ID")]
    pub(crate) chain: String,
    /// A height from 2 on, and the id of the rules that are in force from there on; repeated for
    /// several upgrades, by ascending height
    #[arg(long, required = true, value_name = "HEIGHT=RULES")]
    pub(crate) at: Vec<String>,
    /// Where to write the document; the file is replaced atomically
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The upgrade documents of a chain.
#[derive(Args, Debug)]
pub(crate) struct Upgrades {
    /// An upgrade document of the chain, as `lockstep node upgrade` writes it; repeated for several
    #[arg(long = "upgrade", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
