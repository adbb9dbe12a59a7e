//! Shows where two executions diverge: at an instruction, a host call, or a step of the node.

use node_sim::bisect::{Divergence, DivergenceKind};
use serde::Serialize;

/// The location of a divergence as JSON.
#[derive(Serialize)]
pub(crate) struct SiteLine<'a> {
    part: &'static str,
    instruction: Option<InstructionLine<'a>>,
    field: Option<&'static str>,
    key: Option<String>,
    left: &'a str,
    right: &'a str,
}

#[derive(Serialize)]
struct InstructionLine<'a> {
    code_hash: String,
    function: u32,
    offset: u32,
    operator: &'a str,
    gas_before: String,
}

pub(crate) fn line(site: &Divergence) -> SiteLine<'_> {
    let instruction = site.instruction.as_ref().map(|place| InstructionLine {
        code_hash: hex::encode(place.code_hash),
        function: place.function,
        offset: place.offset,
        operator: &place.operator,
        gas_before: place.gas_before.to_string(),
    });
    SiteLine {
        part: site.kind.name(),
        instruction,
        field: site.field,
        key: site.key.as_ref().map(hex::encode),
        left: &site.left,
        right: &site.right,
    }
}

/// The location of a divergence as text, with the names of both executions.
pub(crate) fn text(site: &Divergence, (left, right): (&str, &str)) -> String {
    let what = match site.kind {
        DivergenceKind::Instruction => "first instruction that differs",
        DivergenceKind::FrameEntry => "first contract frame that starts with a different state",
        DivergenceKind::HostCall => "first host call or end of execution that differs",
        DivergenceKind::HostReturn => "first result of a host call that differs",
        DivergenceKind::Pipeline => {
            "the VM executions are equal; first step of the node that differs"
        }
        DivergenceKind::NotReproduced => {
            "not reproduced: executed again in isolation, both results are equal"
        }
    };
    let mut text = format!("{what}\n");
    if let Some(place) = &site.instruction {
        text.push_str(&format!(
            "  {} at offset {} of function {}, module {}\n",
            place.operator,
            place.offset,
            place.function,
            hex::encode(place.code_hash)
        ));
    }
    if let Some(field) = site.field {
        text.push_str(&format!("  {field}\n"));
    }
    if let Some(key) = &site.key {
        text.push_str(&format!("  key {}\n", hex::encode(key)));
    }
    if site.kind != DivergenceKind::NotReproduced {
        text.push_str(&format!(
            "    {left}: {}\n    {right}: {}\n",
            site.left, site.right
        ));
    }
    text
}
