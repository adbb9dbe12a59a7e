//! Runs `lockstep node upgrade`: writes the upgrade document of a running chain.

use crate::args::upgrade::UpgradeArguments;
use crate::chain::upgrade_file::{self, UpgradeLine};
use crate::failure::{CommandResult, Failure, Verdict};
use crate::print;
use crate::text::{grouped, printable, printable_path};
use node::UpgradeDocument;
use serde::Serialize;
use vm::Height;

#[derive(Serialize)]
struct UpgradeDocumentLine {
    chain_id: String,
    upgrades: Vec<UpgradeLine>,
    /// Rules ids that this build does not have.
    unknown: Vec<String>,
}

/// Writes the document and says which rules this build lacks.
///
/// # Errors
/// [`Failure::Usage`] for ids and heights that no document has; [`Failure::Environment`] if the
/// file cannot be written.
pub(crate) fn run(arguments: &UpgradeArguments) -> CommandResult {
    let chain_id = parse_id(&arguments.chain)
        .ok_or_else(|| Failure::Usage(wrong_id("--chain", &arguments.chain)))?;
    let upgrades = arguments.at.iter().map(|text| parse_upgrade(text));
    let document = UpgradeDocument::new(chain_id, upgrades.collect::<Result<_, _>>()?)
        .map_err(|reason| Failure::Usage(format!("--at: {reason}")))?;
    upgrade_file::write(&document, &arguments.out)?;
    let rulebook = node::rules::rulebook();
    let upgrades = document.upgrades().iter();
    let unknown: Vec<String> = upgrades
        .filter(|(_, id)| rulebook.get(id).is_none())
        .map(|(_, id)| hex::encode(id))
        .collect();
    if arguments.json {
        print::json(&UpgradeDocumentLine {
            chain_id: hex::encode(chain_id),
            upgrades: upgrade_file::lines(document.upgrades()),
            unknown,
        })?;
        return Ok(Verdict::Passed);
    }
    let mut text = format!("wrote {}\n", printable_path(&arguments.out));
    for (height, id) in document.upgrades() {
        let (height, id) = (grouped(height.0), hex::encode(id));
        let note = match unknown.contains(&id) {
            true => "  (not in this build, whose nodes stop there)",
            false => "",
        };
        text.push_str(&format!("  from block {height} on: rules {id}{note}\n"));
    }
    print::out(&text)?;
    Ok(Verdict::Passed)
}

fn parse_upgrade(text: &str) -> Result<(Height, [u8; 32]), Failure> {
    let parts = text.split_once('=').and_then(|(height, id)| {
        let height: u64 = height.parse().ok()?;
        Some((Height(height), id))
    });
    let (height, id) = parts.ok_or_else(|| {
        Failure::Usage(format!(
            "--at {}: not HEIGHT=RULES, a number and the id of rules",
            printable(text)
        ))
    })?;
    let id = parse_id(id).ok_or_else(|| Failure::Usage(wrong_id("--at", id)))?;
    Ok((height, id))
}

fn wrong_id(option: &str, text: &str) -> String {
    format!(
        "{option} {}: not an id of 64 hexadecimal digits",
        printable(text)
    )
}

fn parse_id(text: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    hex::decode_to_slice(text, &mut id).ok()?;
    Some(id)
}
