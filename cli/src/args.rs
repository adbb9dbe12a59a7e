//! Declares the command line: every command, option, default and example that `--help` shows.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use engines::Row;
use node_sim::simulate::injected::{INJECTED_FAULTS, InjectedFault};
use std::path::PathBuf;

/// Nodes of one simulation: each holds a state of its own.
const NODES_MAX: i64 = 64;
/// Blocks of one simulation.
const BLOCKS_MAX: u64 = 10_000_000;
/// Seeds of one command.
const SEEDS_MAX: u64 = 100_000_000;

const ABOUT: &str = "Checks, runs and explains contracts for the Lockstep VM: WebAssembly with one \
answer on every machine, metered to the unit.";

const EXIT_CODES: &str = "\
Exit codes:
  0  it went well
  1  the contract failed (trap, revert, out of gas), or nodes disagree
  2  the command line is wrong
  3  the module was rejected
  4  a file or this machine failed

First steps:
  lockstep check contract.wasm             is it accepted, and if not, why and what to do
  lockstep run math.wasm factorial 5       call an exported function
  lockstep inspect contract.wasm           what is in it, what it may do
  lockstep sim                             run a small network of unlike nodes and compare
  lockstep conform run                     does this machine compute as every other one

Every command takes --json for machines. NO_COLOR=1 turns colours off.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, about = ABOUT, after_help = EXIT_CODES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl CommandLine {
    /// Whether the command prints JSON.
    pub(crate) const fn json(&self) -> bool {
        match &self.command {
            Command::Check(check) => check.json,
            Command::Run(run) => run.json,
            Command::Meter(meter) => meter.json,
            Command::Schedule(schedule) => schedule.json,
            Command::Inspect(inspect) => inspect.json,
            Command::Explain(explain) => explain.json,
            Command::Sim(sim) => sim.json,
            Command::Node(Node {
                command: NodeCommand::Replay(replay),
            }) => replay.json,
            Command::Node(Node {
                command: NodeCommand::Case(case),
            }) => case.json,
            Command::Conform(conform) => match &conform.command {
                ConformCommand::Run(run) => run.json,
                ConformCommand::Compare(compare) => compare.json,
            },
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether modules are accepted; if not, why, where and what to do
    Check(Check),
    /// Call an exported function of a module and show its result, gas and effects
    Run(Run),
    /// Write the module that counts its own gas, to be run by any WebAssembly engine
    Meter(Meter),
    /// Print the price of every operator and host function
    Schedule(Schedule),
    /// Show what is in a module: sections, limits, what it may do, its code with prices
    Inspect(Inspect),
    /// Explain a rejection code, a trap or a status
    Explain(Explain),
    /// Run nodes that differ in all that must not matter, and compare receipts and state roots
    Sim(Sim),
    /// Work with blocks that were executed before
    Node(Node),
    /// Run golden vectors on this machine, and compare what machines made of them
    Conform(Conform),
}

/// What to do about float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Floats {
    /// Moves keep their bits, arithmetic traps when it is reached
    Lower,
    /// A module that holds a float operator is refused
    Reject,
}

/// Reads the name of one of our own engines.
fn engine() -> impl TypedValueParser<Value = &'static Row> {
    let values = engines::ours().map(|row| PossibleValue::new(row.name).help(row.summary));
    let values: Vec<PossibleValue> = values.collect();
    PossibleValuesParser::new(values).try_map(|name| engines::find(&name).ok_or("no such engine"))
}

/// `lockstep check`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep check contract.wasm
  lockstep check *.wasm --json             one JSON object a line
  lockstep check draft.wat --floats reject

Exit code 3 if a module was rejected, 4 if a file could not be read (the others are still checked).
`lockstep explain CODE` has the long form of every rejection.")]
pub(crate) struct Check {
    /// Modules, `.wasm` or `.wat`; the content decides which
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to do about float operators
    #[arg(long, value_enum, default_value = "lower")]
    pub(crate) floats: Floats,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep run math.wasm factorial 5
  lockstep run math.wasm add -1 2 --gas 100000
  lockstep run math.wasm add -- -1 2
  lockstep run counter.wasm increment --input 0500000000000000 --json
  lockstep run counter.wasm                the single entry there is

Arguments are decimal, signed or unsigned: for an i32 from -2147483648 to 4294967295.
A contract's entry runs on empty state, with zero caller and self, at height 1 and time 0.
gas_used counts entries, operators and host calls; the price of the frame (code, pages, data) is
shown apart. Exit code 1 on revert, trap and out of gas.")]
pub(crate) struct Run {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// An exported function; without it the single entry there is
    #[arg(value_name = "FUNC")]
    pub(crate) function: Option<String>,
    /// Its arguments, decimal integers
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,
    /// Gas limit; 1 gas is about 0.1 ns
    #[arg(long, value_name = "N", default_value_t = 1_000_000_000)]
    pub(crate) gas: u64,
    /// The engine
    #[arg(long, value_parser = engine(), default_value = engines::INTERPRETER.name)]
    pub(crate) engine: &'static Row,
    /// What to do about float operators
    #[arg(long, value_enum, default_value = "lower")]
    pub(crate) floats: Floats,
    /// Input of the call, in hexadecimal digits
    #[arg(
        long,
        value_name = "HEX",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) input: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep meter`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep meter contract.wasm -o metered.wasm

The emitted module is plain WebAssembly. Write a gas limit into its exported mutable i64 global
\"$gas\", call an export, read what is left; -1 is out of gas.")]
pub(crate) struct Meter {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write the emitted module; replaced as a whole or not at all
    #[arg(short, long, value_name = "OUT.wasm")]
    pub(crate) output: PathBuf,
    /// Write loops for memory.copy and memory.fill, for engines that lack them; gas stays the same
    #[arg(long)]
    pub(crate) lower_bulk: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep schedule`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep schedule
  lockstep schedule --json                 one key per operator, then the dynamic prices

1 gas is about 0.1 ns on the reference machine. The id is that of the rules that hold the prices.")]
pub(crate) struct Schedule {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep inspect`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep inspect contract.wasm
  lockstep inspect contract.wasm --code    every operator with its price and the charge of its run
  lockstep inspect contract.wasm --interface          what the contract says of itself, in JSON
  lockstep inspect contract.wasm --interface --wit    the same in WIT")]
pub(crate) struct Inspect {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Show every function's operators, lowered, with prices
    #[arg(long)]
    pub(crate) code: bool,
    /// Show the contract's interface, from its section `lockstep.interface`
    #[arg(long, conflicts_with = "code")]
    pub(crate) interface: bool,
    /// Show the interface in WIT
    #[arg(long, requires = "interface", conflicts_with = "json")]
    pub(crate) wit: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep explain`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep explain                         everything that there is to explain
  lockstep explain R0001                   a rejection
  lockstep explain StackOverflow           a trap; T8 and 8 are the same")]
pub(crate) struct Explain {
    /// A rejection code or name, a trap's name or number, a status; without it, the list of all
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep sim`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep sim                             4 nodes, 50 blocks, seed 1
  lockstep sim --nodes 4 --blocks 200 --seed 7 --json
  lockstep sim --archive chain.blocks      keep the blocks, for `lockstep node replay`
  lockstep sim --report run.html           a page with plots, for any browser
  lockstep sim --network --seeds 200       crashes, Byzantine proposers; each seed twice
  lockstep sim --plant wrong-opcode        one node that is wrong on purpose: it must be found

The nodes execute the same seeded blocks of real transactions but differ in engine, caches, memory
and restarts. After each transaction their receipts and state roots are compared. The same seed
gives the same root on every machine. Exit code 1 if the nodes disagree; the first difference is
then traced to an instruction, a host call, a receipt field or a state key.")]
pub(crate) struct Sim {
    /// Nodes; their kinds come in a fixed order, repeated; node 0 is the interpreter
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=NODES_MAX))]
    pub(crate) nodes: u32,
    /// Blocks
    #[arg(
        long,
        value_name = "N",
        default_value_t = 50,
        default_value_if("network", "true", "8")
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=BLOCKS_MAX))]
    pub(crate) blocks: u64,
    /// Seed of the transactions
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// `memory`, or `rocksdb:PATH`: node 0 on disk there, node 1 beside it in PATH-compacted
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: String,
    /// Write the blocks, with what came of each, to a file; replaced as a whole or not at all
    #[arg(long, value_name = "FILE", conflicts_with = "network")]
    pub(crate) archive: Option<PathBuf>,
    /// Write a page of HTML with plots, and the first difference if there is one; replaced as a
    /// whole or not at all
    #[arg(long, value_name = "FILE.html", conflicts_with = "network")]
    pub(crate) report: Option<PathBuf>,
    /// Add a node that is wrong on purpose, to see it found
    #[arg(long, value_name = "NAME", conflicts_with = "network")]
    #[arg(value_parser = plants())]
    pub(crate) plant: Option<String>,
    /// Where to write the transaction on which nodes disagree, with everything that it read, for
    /// `lockstep node case`
    #[arg(long, value_name = "FILE", conflicts_with = "network")]
    pub(crate) case: Option<PathBuf>,
    /// Run four validators on a seeded network that may do anything to messages, each seed twice;
    /// they lose power and are sent wrong blocks. --blocks defaults to 8, --nodes does not apply
    #[arg(long, conflicts_with = "nodes")]
    pub(crate) network: bool,
    /// How many seeds from --seed on
    #[arg(long, value_name = "N", default_value_t = 1, requires = "network")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    pub(crate) seeds: u64,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The names of `--plant`, each with what is wrong.
fn plants() -> PossibleValuesParser {
    let value = |plant: &InjectedFault| PossibleValue::new(plant.name).help(plant.summary);
    INJECTED_FAULTS.iter().map(value).collect::<Vec<_>>().into()
}

/// `lockstep node`.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  lockstep node replay chain.blocks        an archive that `lockstep sim --archive` wrote
  lockstep node case wrong.case            one transaction that `node replay --out` wrote

With --json one object on standard output. Exit code 1 if something comes out differently from the
archive.")]
pub(crate) struct Node {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: NodeCommand,
}

/// The commands of `lockstep node`.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Apply an archive of blocks again and name the first thing that comes out differently
    Replay(Replay),
    /// Execute one transaction again from a file that holds everything that it read
    Case(CaseArguments),
}

/// `lockstep node replay`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep sim --blocks 200 --archive chain.blocks
  lockstep node replay chain.blocks
  lockstep node replay chain.blocks --engine reference --json
  lockstep node replay chain.blocks --bisect --out wrong.case

Every receipt, net diff and root is compared with what the archive holds. Exit code 1 and the first
difference if they differ; 4 if the file is damaged or cut off.")]
pub(crate) struct Replay {
    /// The archive
    #[arg(value_name = "FILE")]
    pub(crate) archive: PathBuf,
    /// The engine
    #[arg(long, value_parser = engine(), default_value = engines::INTERPRETER.name)]
    pub(crate) engine: &'static Row,
    /// `memory`, or `rocksdb:PATH`: a folder, new or with the first blocks of the archive
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: String,
    /// Trace the first difference: does the reference engine agree, and where do they part
    #[arg(long)]
    pub(crate) bisect: bool,
    /// Where to write the first wrong transaction, with everything that it read, for
    /// `lockstep node case`
    #[arg(long, value_name = "CASE", requires = "bisect")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep node case`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep node replay chain.blocks --bisect --out wrong.case
  lockstep node case wrong.case --engine reference
  lockstep node case wrong.case --json

The file needs no chain: module, call, block and every value that was read are in it. Exit code 1
while the outcome is another than the expected one, 0 once they agree; 4 if the file is damaged.")]
pub(crate) struct CaseArguments {
    /// The case
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The engine
    #[arg(long, value_parser = engine(), default_value = engines::INTERPRETER.name)]
    pub(crate) engine: &'static Row,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep conform`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep conform run --out here.json     on each machine: one line with the result root
  lockstep conform compare here.json there.json

Equal roots mean equal results, to the unit of gas, of every vector. The binary carries its vectors.
`lockstep conform run --help` has more; both commands take --json.")]
pub(crate) struct Conform {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: ConformCommand,
}

/// The commands of `lockstep conform`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformCommand {
    /// Run every vector here and write a report
    Run(ConformRun),
    /// Compare the reports of several machines, or of several engines
    Compare(ConformCompare),
}

/// Which engines run vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ConformEngine {
    /// One of our own.
    One(&'static Row),
    /// Each of them, the interpreter in both its ways; they must agree.
    All,
}

/// Reads the name of one of our own engines, or `all`.
fn conform_engine() -> impl TypedValueParser<Value = ConformEngine> {
    let all = "Each of them, the interpreter in both its ways; they must agree";
    let values = engines::ours().map(|row| PossibleValue::new(row.name).help(row.summary));
    let values: Vec<PossibleValue> = values
        .chain([PossibleValue::new("all").help(all)])
        .collect();
    PossibleValuesParser::new(values)
        .map(|name| engines::find(&name).map_or(ConformEngine::All, ConformEngine::One))
}

/// `lockstep conform run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep conform run
  lockstep conform run --engine interpreter --out report.json
  lockstep conform run --vectors conformance/vectors/data --json

Runs calls, verdicts, prices, hashes, signatures and a chain of blocks, and holds each result
against what is expected. The last line has the result root: the hash of all results, in which no
machine, engine or time is. Exit code 1 if a result is not the expected one; the first such field
is named.")]
pub(crate) struct ConformRun {
    /// A folder of vectors, instead of those in this binary
    #[arg(long, value_name = "DIR")]
    pub(crate) vectors: Option<PathBuf>,
    /// The engine
    #[arg(long, value_parser = conform_engine(), default_value = "all")]
    pub(crate) engine: ConformEngine,
    /// Where to write the report with every result; replaced as a whole or not at all
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object: the report without its results
    #[arg(long)]
    pub(crate) json: bool,
}

/// `lockstep conform compare`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep conform compare x86_64.json s390x.json
  lockstep conform compare reports/*.json --json

Exit code 1 if a report differs from the first one; vector, field and both values are named. The
root of each report is computed again from its results; a damaged report is exit code 4.")]
pub(crate) struct ConformCompare {
    /// Reports of `lockstep conform run --out`, two or more
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
