//! Measures gas and time of one unit of each workload, in interleaved rounds.
#![expect(
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "benchmarks measure time; no result of the VM"
)]

use crate::Measured;
use crate::fixture::Fixture;
use crate::program::{Program, ProgramEnd};
use crate::workloads::{PricePart, Workload, workloads};
use host_api::table;
use serde::Serialize;
use std::hint::black_box;
use std::time::{Duration, Instant};
use vm::unstable::frames::frame_price;
use vm::{Engine, Environment, Exit, Gas, Interpreter, Message};

/// Nominal time of a unit of gas, in nanoseconds.
pub const NOMINAL: f64 = 0.1;
/// Gas limit above the use of any program.
const PLENTY: u64 = 1 << 60;

/// Number and length of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct HostPlan {
    /// Number of timed rounds; the minimum time counts, since noise only adds time.
    pub rounds: usize,
    /// Duration for which a program is repeated in each round.
    pub stretch: Duration,
}

impl HostPlan {
    /// Long rounds, for figures that are published.
    #[must_use]
    pub const fn full(rounds: usize) -> Self {
        let stretch = Duration::from_millis(4);
        Self { rounds, stretch }
    }

    /// Short rounds, for a rough estimate.
    #[must_use]
    pub const fn quick(rounds: usize) -> Self {
        let stretch = Duration::from_micros(500);
        Self { rounds, stretch }
    }
}

/// Gas and time of a unit of a workload.
#[derive(Clone, Debug, Serialize)]
pub struct HostRow {
    /// Name of the host function.
    pub function: &'static str,
    /// The part of its price.
    pub part: PricePart,
    /// Description of the case.
    pub case: &'static str,
    /// Price of that part in the schedule, in gas.
    pub price: String,
    /// Gas that a guest pays for a unit, including operands, the operator `call` and frames.
    pub gas: String,
    /// Nanoseconds of a unit.
    pub ns: f64,
    /// Time of a unit over the nominal time of its gas; above 1 the price is too low.
    pub over_nominal: f64,
}

/// The report of `benches host`.
#[derive(Clone, Debug, Serialize)]
pub struct HostReport {
    /// Rows in the order of the host table.
    pub rows: Vec<HostRow>,
    /// Nominal time of a unit of gas, in nanoseconds.
    pub nominal_ns_per_gas: f64,
    /// The largest `over_nominal`.
    pub worst: f64,
    /// Function and price part with the largest `over_nominal`.
    pub worst_of: String,
    /// Number of timed rounds.
    pub rounds: usize,
}

/// Measures every workload.
///
/// # Errors
/// If a program is rejected or does not end as expected.
pub fn report(plan: &HostPlan) -> Measured<HostReport> {
    let engine = Interpreter::new();
    let mut prepared = workloads()
        .into_iter()
        .map(|workload| TimedWorkload::new(workload, &engine))
        .collect::<Measured<Vec<_>>>()?;
    for _ in 0..plan.rounds.max(1) {
        for prepared in &mut prepared {
            prepared.time(&engine, plan)?;
        }
    }
    let rows = prepared
        .iter()
        .map(TimedWorkload::row)
        .collect::<Measured<Vec<HostRow>>>()?;
    let worst = rows
        .iter()
        .max_by(|one, other| one.over_nominal.total_cmp(&other.over_nominal))
        .ok_or("no workload")?;
    Ok(HostReport {
        nominal_ns_per_gas: NOMINAL,
        worst: worst.over_nominal,
        worst_of: format!("{} {:?}", worst.function, worst.part),
        rounds: plan.rounds,
        rows: rows.clone(),
    })
}

/// A program with many iterations and the same with one.
struct ProgramPair {
    many: TimedProgram,
    one: TimedProgram,
    /// Number of iterations of `many`.
    turns: u32,
}

/// A module with its fixture, and its best time.
struct TimedProgram {
    fixture: Fixture,
    message: Message,
    end: ProgramEnd,
    /// Gas without the price of the frame.
    gas: u64,
    /// Minimum nanoseconds so far.
    least: f64,
}

impl TimedProgram {
    fn new(program: &Program, turns: u32, engine: &Interpreter) -> Measured<Self> {
        let mut fixture = Fixture::new()?;
        let module =
            fixture.install(&program.module(&fixture.rules.host, &fixture.image, turns)?)?;
        engine.compile_all(&module, &fixture.rules)?;
        let frame = frame_price(&module, &fixture.rules);
        let mut running = Self {
            message: Fixture::message(program.input),
            fixture,
            end: program.end,
            gas: 0,
            least: f64::MAX,
        };
        running.gas = running.run(engine)?.saturating_sub(frame);
        Ok(running)
    }

    /// Runs the message once; returns the gas used.
    fn run(&self, engine: &dyn Engine) -> Measured<u64> {
        let fixture = &self.fixture;
        let environment = Environment::new(engine, &fixture.rules, fixture, &fixture.block)?;
        let outcome = vm::execute(&environment, black_box(&self.message), Gas(PLENTY))?;
        let output = match (&outcome.exit, self.end) {
            (Exit::Return { output, .. }, ProgramEnd::Result(expected)) => {
                let result = output.as_array().copied().map(i64::from_le_bytes);
                expected.is_none() || result == expected
            }
            (Exit::Return { output, .. }, ProgramEnd::Return(length))
            | (Exit::Revert { output, .. }, ProgramEnd::Revert(length)) => output.len() == length,
            _ => false,
        };
        match output {
            true => Ok(outcome.gas_used.0),
            false => {
                let exit = short(&outcome.exit);
                Err(format!("ended with {exit}, expected {:?}", self.end).into())
            }
        }
    }

    fn time(&mut self, engine: &Interpreter, stretch: Duration) -> Measured<()> {
        let (begun, mut runs) = (Instant::now(), 0_u32);
        while begun.elapsed() < stretch {
            self.run(engine)?;
            runs = runs.saturating_add(1);
        }
        let nanoseconds = begun.elapsed().as_nanos() as f64 / f64::from(runs);
        self.least = self.least.min(nanoseconds);
        Ok(())
    }
}

/// An exit as text, without its data.
fn short(exit: &Exit) -> String {
    match exit {
        Exit::Return { output, .. } => format!("return of {:?}", output.get(..8)),
        Exit::Revert { code, .. } => format!("revert {code}"),
        other => format!("{other:?}"),
    }
}

impl ProgramPair {
    fn new(program: &Program, turns: u32, engine: &Interpreter) -> Measured<Self> {
        let turns = if program.is_once() { 1 } else { turns };
        Ok(Self {
            many: TimedProgram::new(program, turns, engine)?,
            // The result after one iteration may differ from that after many.
            one: TimedProgram::new(&without_expected_result(program), 1, engine)?,
            turns,
        })
    }

    /// Number of iterations that `many` has more than `one`; 1 if the whole message is the unit.
    fn turns(&self) -> u32 {
        self.turns.saturating_sub(1).max(1)
    }

    fn gas(&self) -> u64 {
        match self.turns {
            1 => self.many.gas,
            _ => self.many.gas.saturating_sub(self.one.gas),
        }
    }

    fn nanoseconds(&self) -> f64 {
        match self.turns {
            1 => self.many.least,
            _ => (self.many.least - self.one.least) / f64::from(self.turns()),
        }
    }
}

fn without_expected_result(program: &Program) -> Program {
    let end = match program.end {
        ProgramEnd::Result(_) => ProgramEnd::Result(None),
        ends => ends,
    };
    Program {
        end,
        ..program.clone()
    }
}

struct TimedWorkload {
    workload: Workload,
    with: ProgramPair,
    without: ProgramPair,
}

impl TimedWorkload {
    fn new(workload: Workload, engine: &Interpreter) -> Measured<Self> {
        let named = |error| {
            format!(
                "{:?} {:?} {}: {error}",
                workload.function, workload.part, workload.case
            )
        };
        let ready = |program| ProgramPair::new(program, workload.turns, engine).map_err(named);
        Ok(Self {
            with: ready(&workload.with)?,
            without: ready(&workload.without)?,
            workload,
        })
    }

    fn time(&mut self, engine: &Interpreter, plan: &HostPlan) -> Measured<()> {
        for ready in [&mut self.with, &mut self.without] {
            ready.many.time(engine, plan.stretch)?;
            ready.one.time(engine, plan.stretch)?;
        }
        Ok(())
    }

    /// Gas of one unit; an error if it is not the same in every iteration.
    fn gas(&self) -> Measured<u64> {
        let units = u64::try_from(self.workload.units)?;
        let turns = u64::from(self.with.turns()).saturating_mul(units);
        let more = self.with.gas().checked_sub(self.without.gas());
        let more = more.ok_or_else(|| {
            let function = self.workload.function;
            format!("{function:?}: the program with the unit uses less gas than the one without")
        })?;
        match more.checked_rem(turns) {
            Some(0) => Ok(more.checked_div(turns).unwrap_or_default()),
            _ => {
                let function = self.workload.function;
                Err(format!("{function:?}: {more} gas is no multiple of {turns} units").into())
            }
        }
    }

    fn row(&self) -> Measured<HostRow> {
        let workload = &self.workload;
        let gas = self.gas()?;
        let more = self.with.nanoseconds() - self.without.nanoseconds();
        let ns = more / workload.units as f64;
        let prices = PricePart::of(workload.function, &self.with.many.fixture.rules.schedule);
        let price = prices.iter().find(|(part, _)| *part == workload.part);
        let name = table::row(workload.function).map_or("", |row| row.name);
        Ok(HostRow {
            function: name,
            part: workload.part,
            case: workload.case,
            price: price.map_or(0, |(_, price)| *price).to_string(),
            gas: gas.to_string(),
            ns,
            over_nominal: ns / (gas as f64 * NOMINAL),
        })
    }
}

/// Every workload with the gas of its unit, without measuring time.
///
/// # Errors
/// As [`report`].
pub fn gas() -> Measured<Vec<(Workload, u64)>> {
    let engine = Interpreter::new();
    let workloads = workloads().into_iter();
    workloads
        .map(|workload| {
            let prepared = TimedWorkload::new(workload, &engine)?;
            let gas = prepared.gas()?;
            Ok((prepared.workload, gas))
        })
        .collect()
}
