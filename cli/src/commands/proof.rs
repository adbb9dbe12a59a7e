//! Runs `lockstep proof`: makes a proof from an archive, or verifies one.

use crate::args::proof::{Proof as Arguments, ProofCommand, ProofMake, ProofVerify};
use crate::chain::upgrade_file;
use crate::failure::{CommandResult, Failure, Verdict};
use crate::output::{self, Output};
use crate::print::{self, Colour};
use crate::text::{grouped, printable, printable_path};
use node::archive::{ArchiveError, ArchiveReader};
use node::prove::{ProveError, with_headers};
use node::{CachePolicy, Executed, Header, MemoryStore, Node, Observer, Parts};
use proof::{Claim, Expected, PROOF_BYTES_MAX, Proof, ProofError, Proved, Receipt, Statement};
use serde::Serialize;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use vm::{Event, Height};

#[derive(Serialize)]
struct MadeLine {
    height: u64,
    /// Hash of the header that a verifier must trust.
    header: String,
    bytes: usize,
}

#[derive(Serialize)]
struct VerifiedLine {
    proved: bool,
    /// Why the proof is not accepted.
    error: Option<String>,
    /// Height of the block whose result the statement is about.
    height: Option<u64>,
    chain_id: Option<String>,
    statement: Option<StatementLine>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum StatementLine {
    Result {
        state_root: String,
        receipts_root: String,
        gas_used: String,
    },
    Value {
        key: String,
        value: String,
    },
    Absence {
        key: String,
    },
    Receipt {
        transaction: u32,
        receipt: ReceiptLine,
    },
    Event {
        transaction: u32,
        receipt: ReceiptLine,
        event: u32,
        contract: String,
        topics: Vec<String>,
        data: String,
    },
}

#[derive(Serialize)]
struct ReceiptLine {
    tx_id: String,
    exit: &'static str,
    code: u16,
    gas_used: String,
    output_hash: String,
    events_root: String,
}

/// Runs a command of `lockstep proof`.
///
/// # Errors
/// [`Failure::Usage`] for digits that are not hexadecimal; [`Failure::Environment`] if a file
/// cannot be read or written, if there is nothing to prove, or if this machine fails.
pub(crate) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        ProofCommand::Make(arguments) => make(arguments),
        ProofCommand::Verify(arguments) => verify(arguments),
    }
}

fn verify(arguments: &ProofVerify) -> CommandResult {
    let trusted = hex::decode(&arguments.header).ok();
    let trusted: [u8; 32] = trusted
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Failure::Usage("--header takes 64 hexadecimal digits".to_owned()))?;
    let file = &arguments.file;
    let bytes = read(file).map_err(|error| unusable(file, "read", &error))?;
    let verified = match proof::verify(&bytes, &trusted, &Expected::Any) {
        Err(error @ (ProofError::Length | ProofError::Format | ProofError::Encoding)) => {
            return Err(unusable(file, "read", &error));
        }
        verified => verified,
    };
    if arguments.json {
        print::json(&line(&verified))?;
    } else {
        print::out(&text(&verified))?;
    }
    Ok(match verified {
        Ok(_) => Verdict::Passed,
        Err(_) => Verdict::Failed,
    })
}

/// The bytes of a file, at most one more than a proof may have.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(PROOF_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let input = output::input(file)?;
    input
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unusable(file: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Environment(format!("cannot {what} {}: {error}", printable_path(file)))
}

fn receipt_line(receipt: &Receipt) -> ReceiptLine {
    ReceiptLine {
        tx_id: hex::encode(receipt.tx_id),
        exit: receipt.exit.name(),
        code: receipt.code,
        gas_used: receipt.gas_used.to_string(),
        output_hash: hex::encode(receipt.output_hash),
        events_root: hex::encode(receipt.events_root),
    }
}

fn statement_line(statement: &Statement) -> StatementLine {
    match statement {
        Statement::Result(result) => StatementLine::Result {
            state_root: hex::encode(result.state_root),
            receipts_root: hex::encode(result.receipts_root),
            gas_used: result.gas_used.to_string(),
        },
        Statement::Present { key, value } => StatementLine::Value {
            key: hex::encode(key),
            value: hex::encode(value),
        },
        Statement::Absent { key } => StatementLine::Absence {
            key: hex::encode(key),
        },
        Statement::Receipt {
            transaction,
            receipt,
        } => StatementLine::Receipt {
            transaction: *transaction,
            receipt: receipt_line(receipt),
        },
        Statement::Event {
            transaction,
            receipt,
            index,
            event,
        } => StatementLine::Event {
            transaction: *transaction,
            receipt: receipt_line(receipt),
            event: *index,
            contract: hex::encode(event.address),
            topics: event.topics.iter().map(hex::encode).collect(),
            data: hex::encode(&event.data),
        },
    }
}

fn line(verified: &Result<Proved, ProofError>) -> VerifiedLine {
    let proved = verified.as_ref().ok();
    VerifiedLine {
        proved: proved.is_some(),
        error: verified.as_ref().err().map(ToString::to_string),
        height: proved.map(|proved| proved.height),
        chain_id: proved.map(|proved| hex::encode(proved.header.chain_id)),
        statement: proved.map(|proved| statement_line(&proved.statement)),
    }
}

fn text(verified: &Result<Proved, ProofError>) -> String {
    let proved = match verified {
        Ok(proved) => proved,
        Err(error) => {
            let word = print::coloured("not proved", Colour::Red);
            return format!("{word}: {error}\n");
        }
    };
    let word = print::coloured("proved", Colour::Green);
    let height = grouped(proved.height);
    let mut text = format!("{word}: result of block {height}, under the trusted header\n");
    let mut row = |name: &str, value: &str| {
        text.push_str(&format!("  {name:<14}{}\n", printable(value)));
    };
    row("chain", &hex::encode(proved.header.chain_id));
    match statement_line(&proved.statement) {
        StatementLine::Result {
            state_root,
            receipts_root,
            gas_used,
        } => {
            row("state root", &state_root);
            row("receipts root", &receipts_root);
            row("gas used", &grouped(gas_used));
        }
        StatementLine::Value { key, value } => {
            row("state key", &key);
            row("value", &value);
        }
        StatementLine::Absence { key } => {
            row("state key", &key);
            row("value", "none: the key is absent");
        }
        StatementLine::Receipt {
            transaction,
            receipt,
        } => receipt_rows(&mut row, transaction, &receipt),
        StatementLine::Event {
            transaction,
            receipt,
            event,
            contract,
            topics,
            data,
        } => {
            receipt_rows(&mut row, transaction, &receipt);
            row("event", &event.to_string());
            row("contract", &contract);
            topics.iter().for_each(|topic| row("topic", topic));
            row("data", &data);
        }
    }
    text
}

fn receipt_rows(row: &mut impl FnMut(&str, &str), transaction: u32, receipt: &ReceiptLine) {
    row("transaction", &format!("{transaction}, {}", receipt.tx_id));
    let (exit, code) = (receipt.exit, receipt.code);
    row("exit", &format!("{exit}, code {code}"));
    row("gas used", &grouped(&receipt.gas_used));
    row("output hash", &receipt.output_hash);
}

fn make(arguments: &ProofMake) -> CommandResult {
    let key = arguments.key.as_ref().map(hex::decode).transpose();
    let key = key.map_err(|_| Failure::Usage("--key takes hexadecimal digits".to_owned()))?;
    let unwritten = |error| unusable(&arguments.out, "write", &error);
    let mut output = Output::create(&arguments.out).map_err(unwritten)?;
    let (proof, header) = prove(arguments, key.as_deref())?;
    let bytes = proof.encode();
    let written = output.write_all(&bytes).and_then(|()| output.finish());
    written.map_err(unwritten)?;
    let made = MadeLine {
        height: arguments.height,
        header: hex::encode(header.hash()),
        bytes: bytes.len(),
    };
    if arguments.json {
        print::json(&made)?;
    } else {
        let file = printable_path(&arguments.out);
        print::out(&format!(
            "wrote {file}, {} bytes\nverify it: lockstep proof verify {file} --header {}\n",
            grouped(made.bytes),
            made.header
        ))?;
    }
    Ok(Verdict::Passed)
}

/// The events of each transaction of the last block.
#[derive(Default)]
struct EventCollector(Vec<Vec<Event>>);

impl Observer for EventCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.events.clone());
    }
}

/// Executes the archive up to the block, and takes the header of the next one.
fn prove(arguments: &ProofMake, key: Option<&[u8]>) -> Result<(Proof, Header), Failure> {
    let file = &arguments.archive;
    let damaged = |error: ArchiveError| unusable(file, "read", &error);
    let input = output::input(file).map_err(|error| damaged(error.into()))?;
    let mut archive = ArchiveReader::new(BufReader::new(input)).map_err(damaged)?;
    let parts = Parts {
        engine: (engines::INTERPRETER.make)(),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let chain = upgrade_file::spec(archive.genesis(), &arguments.upgrades.files)?;
    let store = Box::new(MemoryStore::new());
    chain.check(&*store).map_err(upgrade_file::unfit)?;
    let mut node = Node::open(parts, chain, store)?;
    let height = Height(arguments.height);
    let mut events = EventCollector::default();
    while node.tip().height < height {
        let Some(archived) = archive.next_block().map_err(damaged)? else {
            let tip = node.tip().height;
            return Err(unproved(ProveError::NoBlock { height, tip }));
        };
        let valid = node
            .validate(archived.block)
            .map_err(|reason| unusable(file, "use", &reason))?;
        events.0.clear();
        node.apply(&valid, &mut events)?;
    }
    let claim = claim(arguments, key, &node, &events.0).map_err(unproved)?;
    let next = archive.next_block().map_err(damaged)?;
    let headers: Vec<Header> = next.into_iter().map(|next| next.block.header).collect();
    let proof = with_headers(claim, height, &headers).map_err(unproved)?;
    let header = headers.into_iter().next();
    let header = header.ok_or_else(|| unproved(ProveError::NotInHeader { height }))?;
    Ok((proof, header))
}

fn claim(
    arguments: &ProofMake,
    key: Option<&[u8]>,
    node: &Node,
    events: &[Vec<Event>],
) -> Result<Claim, ProveError> {
    let height = node.tip().height;
    match (key, arguments.receipt, arguments.event) {
        (Some(key), _, _) => node.state_claim(key).map(|(_, claim)| claim),
        (None, receipt, None) => node.receipt_claim(height, receipt.unwrap_or(0)),
        (None, receipt, Some(event)) => {
            let receipt = receipt.unwrap_or(0);
            let index = usize::try_from(receipt).unwrap_or(usize::MAX);
            let events = events.get(index).map_or(&[][..], Vec::as_slice);
            node.event_claim(height, receipt, events, event)
        }
    }
}

fn unproved(error: ProveError) -> Failure {
    match error {
        ProveError::Fault(fault) => fault.into(),
        other => Failure::Environment(format!("nothing is proved: {other}")),
    }
}
