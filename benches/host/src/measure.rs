//! Measures gas and time of one unit of each workload, rounds interleaved.
#![expect(
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures time; nothing here is a result of the VM"
)]

use crate::Measured;
use crate::fixture::Stage;
use crate::program::{End, Program};
use crate::workloads::{Part, Work, works};
use host_api::table;
use serde::Serialize;
use std::hint::black_box;
use std::time::{Duration, Instant};
use vm::unstable::frames::frame_price;
use vm::{Engine, Environment, Exit, Gas, Interpreter, Message};

/// Nanoseconds that a unit of gas stands for.
pub const NOMINAL: f64 = 0.1;
/// Gas that no program uses up.
const PLENTY: u64 = 1 << 60;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Timed rounds; the least time of all counts, for noise only adds.
    pub rounds: usize,
    /// How long a program is repeated in each round.
    pub stretch: Duration,
}

impl Plan {
    /// A plan whose figures can be quoted.
    #[must_use]
    pub const fn full(rounds: usize) -> Self {
        let stretch = Duration::from_millis(4);
        Self { rounds, stretch }
    }

    /// A short one: for a look, not for a figure.
    #[must_use]
    pub const fn quick(rounds: usize) -> Self {
        let stretch = Duration::from_micros(500);
        Self { rounds, stretch }
    }
}

/// One workload: what a unit of it costs and takes.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The host function.
    pub function: &'static str,
    /// The part of its price.
    pub part: Part,
    /// Which case of it.
    pub case: &'static str,
    /// That part in the schedule, in gas.
    pub price: String,
    /// All gas that a guest pays for one more unit: operands, the operator `call`, frames.
    pub gas: String,
    /// Nanoseconds of one more unit.
    pub ns: f64,
    /// Nanoseconds over those that its gas stands for: above 1 it is cheaper than it should be.
    pub over_nominal: f64,
}

/// What `benches host` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// In the order of the table.
    pub rows: Vec<Row>,
    /// Nanoseconds that a unit of gas stands for.
    pub nominal_ns_per_gas: f64,
    /// The greatest `over_nominal`, and whose.
    pub worst: f64,
    /// Function and part of it.
    pub worst_of: String,
    /// Timed rounds.
    pub rounds: usize,
}

/// Measures every workload.
///
/// # Errors
/// If a program is refused, or does not end as it must: what is wrong has no time.
pub fn report(plan: &Plan) -> Measured<Report> {
    let engine = Interpreter::new();
    let mut prepared = works()
        .into_iter()
        .map(|work| Prepared::new(work, &engine))
        .collect::<Measured<Vec<_>>>()?;
    for _ in 0..plan.rounds.max(1) {
        for prepared in &mut prepared {
            prepared.time(&engine, plan)?;
        }
    }
    let rows = prepared
        .iter()
        .map(Prepared::row)
        .collect::<Measured<Vec<Row>>>()?;
    let worst = rows
        .iter()
        .max_by(|one, other| one.over_nominal.total_cmp(&other.over_nominal))
        .ok_or("no workload")?;
    Ok(Report {
        nominal_ns_per_gas: NOMINAL,
        worst: worst.over_nominal,
        worst_of: format!("{} {:?}", worst.function, worst.part),
        rounds: plan.rounds,
        rows: rows.clone(),
    })
}

/// One program, ready to run with many turns and with one.
struct Ready {
    many: Running,
    one: Running,
    turns: u32,
}

/// One module in the state in which it runs.
struct Running {
    stage: Stage,
    message: Message,
    end: End,
    /// Gas without that of the frame.
    gas: u64,
    /// Least nanoseconds so far.
    least: f64,
}

impl Running {
    fn new(program: &Program, turns: u32, engine: &Interpreter) -> Measured<Self> {
        let mut stage = Stage::new()?;
        let module = stage.install(&program.module(&stage.image, turns)?)?;
        engine.compile_all(&module, &stage.rules)?;
        let frame = frame_price(&module, &stage.rules);
        let mut running = Self {
            message: Stage::message(program.input),
            stage,
            end: program.end,
            gas: 0,
            least: f64::MAX,
        };
        running.gas = running.run(engine)?.saturating_sub(frame);
        Ok(running)
    }

    /// Runs the message once; gas used.
    fn run(&self, engine: &dyn Engine) -> Measured<u64> {
        let stage = &self.stage;
        let environment = Environment::new(engine, &stage.rules, stage, &stage.block)?;
        let outcome = vm::execute(&environment, black_box(&self.message), Gas(PLENTY))?;
        let output = match (&outcome.exit, self.end) {
            (Exit::Return { output, .. }, End::Result(expected)) => {
                let result = output.as_array().copied().map(i64::from_le_bytes);
                expected.is_none() || result == expected
            }
            (Exit::Return { output, .. }, End::Return(length))
            | (Exit::Revert { output, .. }, End::Revert(length)) => output.len() == length,
            _ => false,
        };
        match output {
            true => Ok(outcome.gas_used.0),
            false => Err(format!("{:?}, not {:?}", short(&outcome.exit), self.end).into()),
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

/// An exit without its data.
fn short(exit: &Exit) -> String {
    match exit {
        Exit::Return { output, .. } => format!("return of {:?}", output.get(..8)),
        Exit::Revert { code, .. } => format!("revert {code}"),
        other => format!("{other:?}"),
    }
}

impl Ready {
    fn new(program: &Program, turns: u32, engine: &Interpreter) -> Measured<Self> {
        let turns = if program.is_once() { 1 } else { turns };
        Ok(Self {
            many: Running::new(program, turns, engine)?,
            // What comes of one turn need not be what comes of many.
            one: Running::new(&unanswered(program), 1, engine)?,
            turns,
        })
    }

    /// Turns that the longer program has more; 1 if the whole message is the unit.
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

fn unanswered(program: &Program) -> Program {
    let end = match program.end {
        End::Result(_) => End::Result(None),
        ends => ends,
    };
    Program {
        end,
        ..program.clone()
    }
}

struct Prepared {
    work: Work,
    with: Ready,
    without: Ready,
}

impl Prepared {
    fn new(work: Work, engine: &Interpreter) -> Measured<Self> {
        let named = |error| format!("{:?} {:?} {}: {error}", work.function, work.part, work.case);
        let ready = |program| Ready::new(program, work.turns, engine).map_err(named);
        Ok(Self {
            with: ready(&work.with)?,
            without: ready(&work.without)?,
            work,
        })
    }

    fn time(&mut self, engine: &Interpreter, plan: &Plan) -> Measured<()> {
        for ready in [&mut self.with, &mut self.without] {
            ready.many.time(engine, plan.stretch)?;
            ready.one.time(engine, plan.stretch)?;
        }
        Ok(())
    }

    /// Gas of one unit: it is the same in every turn, or this is no unit.
    fn gas(&self) -> Measured<u64> {
        let units = u64::try_from(self.work.units)?;
        let turns = u64::from(self.with.turns()).saturating_mul(units);
        let more = self.with.gas().checked_sub(self.without.gas());
        let more = more.ok_or_else(|| format!("{:?}: less gas", self.work.function))?;
        match more.checked_rem(turns) {
            Some(0) => Ok(more.checked_div(turns).unwrap_or_default()),
            _ => Err(format!("{:?}: {more} gas in {turns} units", self.work.function).into()),
        }
    }

    fn row(&self) -> Measured<Row> {
        let work = &self.work;
        let gas = self.gas()?;
        let more = self.with.nanoseconds() - self.without.nanoseconds();
        let ns = more / work.units as f64;
        let prices = Part::of(work.function, &self.with.many.stage.rules.schedule);
        let price = prices.iter().find(|(part, _)| *part == work.part);
        let name = table::row(work.function).map_or("", |row| row.name);
        Ok(Row {
            function: name,
            part: work.part,
            case: work.case,
            price: price.map_or(0, |(_, price)| *price).to_string(),
            gas: gas.to_string(),
            ns,
            over_nominal: ns / (gas as f64 * NOMINAL),
        })
    }
}

/// What every unit costs, without looking at a clock; (function, part, price, gas).
///
/// # Errors
/// As [`report`].
pub fn gas() -> Measured<Vec<(Work, u64)>> {
    let engine = Interpreter::new();
    let works = works().into_iter();
    works
        .map(|work| {
            let prepared = Prepared::new(work, &engine)?;
            let gas = prepared.gas()?;
            Ok((prepared.work, gas))
        })
        .collect()
}
