//! Declares the command line: every command, option, default and example that `--help` shows.

/// `lockstep proof`.
pub(crate) mod proof;

/// `lockstep node upgrade`, and upgrade documents.
pub(crate) mod upgrade;

/// Commands of `lockstep node` on a store.
pub(crate) mod store;

use self::proof::{Proof, ProofCommand};
use self::store::{AcceptArguments, RestoreArguments, SnapshotArguments};
use self::upgrade::{UpgradeArguments, Upgrades};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use engines::Row;
use node_sim::simulate::BLOCKS_DEFAULT;
use node_sim::simulate::injected::{INJECTED_FAULTS, InjectedFault};
use std::path::PathBuf;

/// Maximum number of nodes in a simulation; each node keeps its own state.
const NODES_MAX: i64 = 64;
/// Maximum number of blocks in a simulation.
const BLOCKS_MAX: u64 = 10_000_000;
/// Maximum number of seeds in a network simulation.
const SEEDS_MAX: u64 = 100_000_000;

const ABOUT: &str = "Checks, runs and explains contracts for the Lockstep VM: WebAssembly with the \
same result and the same gas on every machine.";

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  the contract failed (trap, revert, out of gas), or results differ
  2  the command line is invalid
  3  the module was rejected
  4  a file cannot be read or written, or this machine failed

First steps:
  lockstep check contract.wasm             validate a module; say why it is rejected and the fix
  lockstep run math.wasm factorial 5       call an exported function
  lockstep inspect contract.wasm           show sections, limits, imports and exports
  lockstep sim                             run nodes with different engines and compare results
  lockstep conform run                     test that this machine computes the expected results

Every command takes --json for output that programs can read. NO_COLOR=1 turns colours off.";

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
            Command::Node(node) => match &node.command {
                NodeCommand::Replay(replay) => replay.json,
                NodeCommand::Case(case) => case.json,
                NodeCommand::Upgrade(upgrade) => upgrade.json,
                NodeCommand::Snapshot(snapshot) => snapshot.json,
                NodeCommand::Restore(restore) => restore.json,
                NodeCommand::Accept(accept) => accept.json,
            },
            Command::Proof(proof) => match &proof.command {
                ProofCommand::Make(make) => make.json,
                ProofCommand::Verify(verify) => verify.json,
            },
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
    /// Validate modules; for a rejected one, show the reason, the location and the fix
    Check(Check),
    /// Call an exported function of a module and show its result, gas and effects
    Run(Run),
    /// Write the instrumented module: it counts its own gas and runs on any WebAssembly engine
    Meter(Meter),
    /// Print the price of every operator and host function
    Schedule(Schedule),
    /// Show the contents of a module: sections, limits, host functions, code with prices
    Inspect(Inspect),
    /// Explain a rejection code, a trap or a status code
    Explain(Explain),
    /// Run nodes with different engines and caches on the same blocks; compare receipts and roots
    Sim(Sim),
    /// Execute recorded blocks or a recorded transaction again and compare
    Node(Node),
    /// Make and verify proofs of state, receipts and events under the hash of a header
    Proof(Proof),
    /// Run golden test vectors on this machine, and compare the reports of several machines
    Conform(Conform),
}

/// How float operators are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Floats {
    /// Moves keep their bits, arithmetic traps when it is executed
    Lower,
    /// A module with a float operator is rejected
    Reject,
}

/// Parses the name of one of Lockstep's own engines.
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
  lockstep check *.wasm --json             one JSON object per line
  lockstep check draft.wat --floats reject

Exit code 3 if a module was rejected, 4 if a file could not be read (the others are still checked).
`lockstep explain CODE` has the long form of every rejection.")]
pub(crate) struct Check {
    /// Modules in the binary or the text format (`.wasm`, `.wat`); detected from the content
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How float operators are treated
    #[arg(long, value_enum, default_value = "lower")]
    pub(crate) floats: Floats,
    /// Print one JSON object per line
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
  lockstep run counter.wasm                if the module has exactly one entry

Arguments are decimal, signed or unsigned: for an i32 from -2147483648 to 4294967295.
A contract entry runs on empty state at height 1 and time 0; the addresses of the caller and of the
contract are zero. gas_used covers function entries, operators and host calls. The gas to set up the
contract frame (code, memory pages, data) is printed separately as frame gas.
Exit code 1 on revert, trap and out of gas.")]
pub(crate) struct Run {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// An exported function; may be omitted if the module has exactly one entry
    #[arg(value_name = "FUNC")]
    pub(crate) function: Option<String>,
    /// Arguments of the function, decimal integers
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,
    /// Gas limit of the call; 1 gas is about 0.1 ns
    #[arg(long, value_name = "N", default_value_t = 1_000_000_000)]
    pub(crate) gas: u64,
    /// The engine that executes
    #[arg(long, value_parser = engine(), default_value = engines::INTERPRETER.name)]
    pub(crate) engine: &'static Row,
    /// How float operators are treated
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

The instrumented module is standard WebAssembly. Write a gas limit into its exported mutable i64
global \"$gas\", call an export, then read the remaining gas; -1 means out of gas.")]
pub(crate) struct Meter {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write the instrumented module; the file is replaced atomically
    #[arg(short, long, value_name = "OUT.wasm")]
    pub(crate) output: PathBuf,
    /// Replace memory.copy and memory.fill by loops, for engines without them; same gas
    #[arg(long)]
    pub(crate) lower_bulk: bool,
    /// Keep i64.add128, sub128, mul_wide_s and mul_wide_u, for engines with them; same gas
    #[arg(long)]
    pub(crate) keep_wide: bool,
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

1 gas is about 0.1 ns on the reference machine. The id identifies the rules, prices included.")]
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
  lockstep inspect contract.wasm --code    operators with prices and metering block charges
  lockstep inspect contract.wasm --interface          the contract's interface in JSON
  lockstep inspect contract.wasm --interface --wit    the same in WIT")]
pub(crate) struct Inspect {
    /// The module, `.wasm` or `.wat`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Show the lowered operators of every function with their prices
    #[arg(long)]
    pub(crate) code: bool,
    /// Show the contract's interface, from its custom section `lockstep.interface`
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
  lockstep explain                         list all codes
  lockstep explain R0001                   a rejection
  lockstep explain StackOverflow           a trap; T8 and 8 are the same")]
pub(crate) struct Explain {
    /// A rejection code or name, a trap name or number, a status name; omit it to list all
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
  lockstep sim                             4 nodes, 260 blocks, seed 1
  lockstep sim --nodes 4 --blocks 200 --seed 7 --json
  lockstep sim --archive chain.blocks      keep the blocks, for `lockstep node replay`
  lockstep sim --coverage                  which sentences of docs/spec the run reaches
  lockstep sim --report run.html           a page with plots, for any browser
  lockstep sim --network --seeds 200       crashes, Byzantine proposers; each seed twice
  lockstep sim --plant wrong-opcode        add a node with an injected fault: it must be found

The nodes execute the same seeded blocks of transactions but differ in engine, caches, memory and
restarts. After each transaction their receipts and state roots are compared. The same seed yields
the same state root on every machine. Exit code 1 if the nodes disagree; the first difference is
then traced to an instruction, a host call, a receipt field or a state key.")]
pub(crate) struct Sim {
    /// Number of nodes; configurations repeat in a fixed order, node 0 runs the interpreter
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=NODES_MAX))]
    pub(crate) nodes: u32,
    /// Number of blocks
    #[arg(
        long,
        value_name = "N",
        default_value_t = BLOCKS_DEFAULT,
        default_value_if("network", "true", "8")
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=BLOCKS_MAX))]
    pub(crate) blocks: u64,
    /// Seed of the generated transactions
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// `memory`; `redb:PATH`: node 0 stores its chain in that file; or `rocksdb:PATH`: node 0 in
    /// that folder, node 1 in PATH-compacted
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: String,
    /// Write the blocks with their receipts and state changes to a file, replaced atomically; last
    /// the block on which nodes disagree, with the results of the node that differs from node 0
    #[arg(long, value_name = "FILE", conflicts_with = "network")]
    pub(crate) archive: Option<PathBuf>,
    /// Write an HTML page with plots and the first difference, if any; the file is replaced
    /// atomically
    #[arg(long, value_name = "FILE.html", conflicts_with = "network")]
    pub(crate) report: Option<PathBuf>,
    /// Print each sentence of docs/spec by its id: how often the run reached it; or why no run can,
    /// and what covers it instead. Adds a node that counts
    #[arg(long, conflicts_with = "network")]
    pub(crate) coverage: bool,
    /// Add a node with an injected fault, to test that the comparison finds it
    #[arg(long = "plant", value_name = "NAME", conflicts_with = "network")]
    #[arg(value_parser = fault_names())]
    pub(crate) injected_fault: Option<String>,
    /// Where to write a case file (a reproducer): the transaction on which nodes disagree, with
    /// everything that it read, for `lockstep node case`
    #[arg(long, value_name = "FILE", conflicts_with = "network")]
    pub(crate) case: Option<PathBuf>,
    /// Run four validators on a seeded network that drops, delays, repeats and reorders messages,
    /// each seed twice; validators crash and receive invalid blocks. --blocks defaults to 8,
    /// --nodes does not apply
    #[arg(long, conflicts_with = "nodes")]
    pub(crate) network: bool,
    /// Number of seeds to run, starting at --seed
    #[arg(long, value_name = "N", default_value_t = 1, requires = "network")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    pub(crate) seeds: u64,
    /// An upgrade document of the seed's chain (`chain_id` of --json), as `lockstep node upgrade`
    /// writes it; repeated for several. Exit code 4 if this build does not have its rules
    #[arg(long = "upgrade", value_name = "FILE", conflicts_with = "network")]
    pub(crate) upgrades: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The values of `--plant`, each with a summary of the injected fault.
fn fault_names() -> PossibleValuesParser {
    let value = |fault: &InjectedFault| PossibleValue::new(fault.name).help(fault.summary);
    INJECTED_FAULTS.iter().map(value).collect::<Vec<_>>().into()
}

/// `lockstep node`.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  lockstep node replay chain.blocks        an archive that `lockstep sim --archive` wrote
  lockstep node case wrong.case            one transaction that `node replay --out` wrote
  lockstep node upgrade --chain ID --at 900000=RULES --out second.upgrade
  lockstep node snapshot redb:node --out node.snapshot
  lockstep node restore node.snapshot --trusted HASH --store redb:new
  lockstep node accept rocksdb:node        go on from an older block, after damage

With --json, one object on standard output. Exit code 1 if a result differs from the recorded
one.")]
pub(crate) struct Node {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: NodeCommand,
}

/// The commands of `lockstep node`.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Execute an archive of blocks again and report the first result that differs
    Replay(Replay),
    /// Execute one transaction again from a case file (a reproducer), which has all that it read
    Case(CaseArguments),
    /// Write the upgrade document of a chain: the rules that are in force from a height on
    Upgrade(UpgradeArguments),
    /// Write the state of a store's last block as chunks that are verified one by one
    Snapshot(SnapshotArguments),
    /// Restore a snapshot into an empty store, under a hash that you trust
    Restore(RestoreArguments),
    /// Make a store that has lost acknowledged blocks open at the block that it has
    Accept(AcceptArguments),
}

/// `lockstep node replay`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lockstep sim --blocks 200 --archive chain.blocks
  lockstep node replay chain.blocks
  lockstep node replay chain.blocks --engine reference --json
  lockstep node replay chain.blocks --bisect --out wrong.case
  lockstep node replay chain.blocks --upgrade second.upgrade

Chain id, header, transactions root, every receipt and state diff, and the result of every block are
compared: with those of its execution, or, if the store has the block already, with the store.
`compared` says how many blocks were. The last block may be a disputed one, as `lockstep sim
--archive` writes it if nodes disagree: --bisect then finds who is right.
If the operators of the chain changed its rules by upgrade documents, pass them: an archive has the
genesis alone. A replay without one stops at its height.
Exit code 1 if something differs, and the first difference is printed; exit code 4 if the file is
damaged or cut off, if this build does not have its rules or a document is missing, or if no block
was compared.")]
pub(crate) struct Replay {
    /// The archive
    #[arg(value_name = "FILE")]
    pub(crate) archive: PathBuf,
    /// The engine that executes
    #[arg(long, value_parser = engine(), default_value = engines::INTERPRETER.name)]
    pub(crate) engine: &'static Row,
    /// `memory`, `redb:PATH` (a file) or `rocksdb:PATH` (a folder): new, or with the archive's
    /// first blocks
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: String,
    /// Upgrade documents.
    #[command(flatten)]
    pub(crate) upgrades: Upgrades,
    /// Trace the first difference with the reference engine to an instruction or state access
    #[arg(long)]
    pub(crate) bisect: bool,
    /// Where to write a case file (a reproducer): the first transaction that differs, with
    /// everything that it read, for `lockstep node case`
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

No chain is needed: the file has the module, the call, the block and every value that was read.
Exit code 0 if the outcome is the expected one, 1 if it differs, 4 if the file is damaged or has a
state that no chain has.")]
pub(crate) struct CaseArguments {
    /// The case file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The engine that executes
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
  lockstep conform run --out here.json     on each machine; prints the result root
  lockstep conform compare here.json there.json

Equal roots mean equal results and equal gas for every vector. The vectors are built into the
binary. See `lockstep conform run --help`; both commands take --json.")]
pub(crate) struct Conform {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: ConformCommand,
}

/// The commands of `lockstep conform`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformCommand {
    /// Run every vector on this machine and write a report
    Run(ConformRun),
    /// Compare the reports of several machines, or of several engines
    Compare(ConformCompare),
}

/// The engines that run the vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ConformEngine {
    /// A single engine.
    One(&'static Row),
    /// Every engine, the interpreter in both its dispatch strategies; they must agree.
    All,
}

/// Parses the name of one of Lockstep's own engines, or `all`.
fn conform_engine() -> impl TypedValueParser<Value = ConformEngine> {
    let all = "Every engine, the interpreter in both its dispatch strategies; they must agree";
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
  lockstep conform run --command './their-engine --flag'

Runs the vectors for calls, validation, prices, hashes, signatures and a chain of blocks, and
compares each result with the expected one. The last line has the result root: the hash of all
results, without machine, engine and time. Exit code 1 if a result differs from the expected one;
the first such field is printed.

With --command, an engine that is another program executes the guests, and each vector that differs
is printed: docs/foreign-engines.md has the lines that it reads and writes. A report of the vectors
that it takes is compared with one of ours by --kinds call,message,chain.")]
pub(crate) struct ConformRun {
    /// A folder of vectors, instead of those built into this binary
    #[arg(long, value_name = "DIR")]
    pub(crate) vectors: Option<PathBuf>,
    /// The engine that executes
    #[arg(long, value_parser = conform_engine(), default_value = "all")]
    pub(crate) engine: ConformEngine,
    /// A program that executes the guests, and its arguments, parted at spaces outside of quotes
    #[arg(long, value_name = "COMMAND LINE", conflicts_with = "engine")]
    pub(crate) command: Option<String>,
    /// Longest time in seconds for one reply of the program
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        requires = "command"
    )]
    pub(crate) reply_seconds: u64,
    /// Kinds of vectors to run, separated by commas; all, or all that the program takes
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(vectors::format::KINDS)
    )]
    pub(crate) kinds: Vec<String>,
    /// Where to write the report with every result; the file is replaced atomically
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

Exit code 1 if a report differs from the first one; the vector, the field and both values are
printed. The root of each report is recomputed from its results; exit code 4 if one is damaged.")]
pub(crate) struct ConformCompare {
    /// Reports of `lockstep conform run --out`, two or more
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
