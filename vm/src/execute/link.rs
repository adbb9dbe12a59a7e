//! Links internal code to handlers: the compiled form of one module.
//!
//! Functions are translated at their first call: until then an entry points to a stub that requests
//! it from the driver. This is not observable: translation costs no gas.
//!
//! # Safety
//! Cells are written before their address is published in an entry, and live as long as the module.
#![expect(unsafe_code, reason = "code is reached by address while it is in use")]

use super::context::{Cell, FunctionEntry};
use super::dispatch::{self, Handler, Registers, TRANSLATE};
use super::handler::call::CALL;
use super::select;
use crate::budget::{self, Purpose, SharedBudget};
use crate::fault::Fault;
use crate::module::CheckedModule;
use crate::rules::Rules;
use crate::translate::form::Family;
use crate::translate::shape::Shape;
use crate::translate::{self, FrameLayout, Prices, Source, TrapSite, Workspace, index};
use crate::work::{self, Kind};
use std::collections::BTreeMap;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How control passes from handler to handler; results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Each handler calls the next one in tail position: fast where the compiler makes that a jump,
    /// bounded by a count of handlers where it does not.
    Threaded,
    /// Each handler returns to a dispatch loop.
    Trampoline,
    /// As `Threaded`, but gas is not charged, so an endless loop never stops: for the benchmark of
    /// the cost of metering. Never for consensus, nor for untrusted code.
    #[cfg(feature = "unmetered")]
    Unmetered,
}

impl Default for Strategy {
    /// Threaded where the calling convention keeps six words in registers.
    fn default() -> Self {
        let registers = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        if registers && !cfg!(miri) {
            Self::Threaded
        } else {
            Self::Trampoline
        }
    }
}

impl Strategy {
    fn handler(self, shape: Shape) -> Result<Handler, Fault> {
        let handler = match self {
            Self::Threaded => select::handler::<dispatch::Threaded>(shape),
            Self::Trampoline => select::handler::<dispatch::Trampoline>(shape),
            #[cfg(feature = "unmetered")]
            Self::Unmetered => select::handler::<dispatch::Unmetered>(shape),
        };
        handler.ok_or_else(|| Fault::invariant(format!("no handler for {shape:?}")))
    }

    /// Executes until a handler exits.
    ///
    /// # Safety
    /// The state contract of [`dispatch`], for code linked with this strategy.
    #[inline(always)]
    pub(super) unsafe fn run(self, r: Registers) -> u64 {
        match self {
            // SAFETY: the caller upholds the state contract for this strategy.
            Self::Threaded => unsafe { dispatch::run_threaded(r) },
            #[cfg(feature = "unmetered")]
            // SAFETY: the caller upholds the state contract for this strategy.
            Self::Unmetered => unsafe { dispatch::run_threaded(r) },
            // SAFETY: the caller upholds the state contract for this strategy.
            Self::Trampoline => unsafe { dispatch::run_trampoline(r) },
        }
    }
}

/// Cells at a fixed address.
struct Cells(NonNull<[Cell]>);

impl Cells {
    fn new(cells: Vec<Cell>) -> Self {
        let cells = Box::leak(cells.into_boxed_slice());
        Self(NonNull::from(cells))
    }

    /// Address of a cell.
    fn at(&self, cell: usize) -> *const Cell {
        debug_assert!(cell < self.0.len());
        self.0.as_ptr().cast::<Cell>().wrapping_add(cell)
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        // SAFETY: it came from `Box::leak`, once; no code of a dropped module runs.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The linked code of one function.
struct LinkedFunction {
    /// Price of entry, then the instructions.
    cells: Cells,
    sites: Box<[TrapSite]>,
    function: u32,
}

/// A module as the interpreter runs it.
pub(crate) struct CompiledModule {
    pub(super) module: Arc<CheckedModule>,
    /// Index of its start function.
    pub(super) start: Option<u32>,
    pub(super) rules: Arc<Rules>,
    pub(super) strategy: Strategy,
    canonical: Vec<u32>,
    prices: Prices,
    handlers: Arc<Mutex<Handlers>>,
    budget: SharedBudget,
    /// One for each function of the index space. Not a `Box`: moving a box would invalidate the
    /// addresses in table and code.
    entries: Arc<[FunctionEntry]>,
    /// The table; it cannot change while a module of the profile runs.
    pub(super) table: Vec<*const FunctionEntry>,
    /// For each function a price of 0, the handler that requests translation, and its index.
    stubs: Cells,
    /// The cells of a call, and the instruction after it, to which the outermost function returns.
    stop: Cells,
    linked: Mutex<LinkedFunctions>,
}

/// Functions that were translated.
#[derive(Default)]
struct LinkedFunctions {
    /// Functions by address of their code.
    by_address: BTreeMap<usize, LinkedFunction>,
    workspace: Workspace,
}

/// A cache of handlers by shape: choosing a handler takes many branches.
#[derive(Default)]
pub(super) struct Handlers(Vec<Option<(u64, Handler)>>);

/// Entries of the cache: enough for most shapes, with replicas, in the output of compilers.
const HANDLERS_KEPT: usize = 4_096;
/// Shift that leaves as many bits of a hash as the index of an entry needs.
const HANDLERS_SHIFT: u32 = 52;
/// Greatest number of replicas of a handler; replica numbers are reduced modulo this.
const REPLICAS_MAX: u8 = 16;

impl Handlers {
    fn of(&mut self, strategy: Strategy, mut shape: Shape) -> Result<Handler, Fault> {
        if self.0.is_empty() {
            self.0.resize(HANDLERS_KEPT, None);
        }
        shape.replica %= REPLICAS_MAX;
        let key = shape.pack();
        // The high bits of a product depend on all bits of its factor.
        let bucket = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> HANDLERS_SHIFT;
        let bucket = usize::try_from(bucket).unwrap_or_default();
        match self.0.get(bucket) {
            Some(Some((kept, handler))) if *kept == key => return Ok(*handler),
            _ => {}
        }
        let handler = strategy.handler(shape)?;
        if let Some(kept) = self.0.get_mut(bucket) {
            *kept = Some((key, handler));
        }
        Ok(handler)
    }
}

// SAFETY: addresses inside point to memory that it owns; mutable data is behind a lock or atomic.
unsafe impl Send for CompiledModule {}
// SAFETY: `publish` stores the address of completely written code, under the lock.
unsafe impl Sync for CompiledModule {}

/// Cells of a stub: a price of 0, and the instruction.
const STUB_CELLS: usize = 1 + TRANSLATE.cells;

/// A location in the code.
#[derive(Clone, Copy)]
pub(super) struct CodeLocation {
    /// Index of the function.
    pub(super) function: u32,
    /// Its trap site, if the instruction can trap.
    pub(super) site: Option<TrapSite>,
}

impl CompiledModule {
    pub(super) fn new(
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
        strategy: Strategy,
        handlers: &Arc<Mutex<Handlers>>,
        budget: &SharedBudget,
    ) -> Result<Self, Fault> {
        let canonical = translate::canonical_types(module);
        let stubs = stubs(module, strategy)?;
        let entries = entries(module, rules, &canonical, &stubs);
        let table = table_of(module, &entries)?;
        let call = Cell { bits: 0 };
        let stop = Cell {
            handler: strategy.handler(Shape::new(Family::Stop))?,
        };
        Ok(Self {
            module: Arc::clone(module),
            start: module.start(),
            rules: Arc::clone(rules),
            strategy,
            canonical,
            prices: Prices::new(&rules.schedule),
            handlers: Arc::clone(handlers),
            budget: budget.clone(),
            entries,
            table,
            stubs,
            stop: Cells::new([vec![call; CALL.cells], vec![stop]].concat()),
            linked: Mutex::default(),
        })
    }

    /// The entry of a function of the index space.
    pub(super) fn entry(&self, function: u32) -> Result<&FunctionEntry, Fault> {
        let entry = self.entries.get(index(function));
        entry.ok_or_else(|| Fault::invariant(format!("function {function} does not exist")))
    }

    /// The instruction to which the outermost function returns.
    pub(super) fn stop(&self) -> *const Cell {
        self.stop.at(CALL.cells)
    }

    /// Translates the function whose stub is at `stub`; returns its code.
    pub(super) fn translate(&self, stub: *const Cell) -> Result<*const Cell, Fault> {
        // SAFETY: handlers exit with TRANSLATE only at a stub, and `stubs` made it.
        let function = unsafe { dispatch::function_of(stub) };
        let function = u32::try_from(function).unwrap_or(u32::MAX);
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let address = self.publish(function, stub, &mut linked)?;
        linked.workspace.trim();
        Ok(address)
    }

    /// Translates every function that was not translated yet, so that first calls do not wait.
    pub(super) fn translate_all(&self) -> Result<(), Fault> {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let imports = u32::try_from(self.module.imports().len()).unwrap_or(u32::MAX);
        for (function, _) in (imports..).zip(self.module.functions()) {
            let stub = index(function).saturating_mul(STUB_CELLS).saturating_add(1);
            self.publish(function, self.stubs.at(stub), &mut linked)?;
        }
        linked.workspace.trim();
        Ok(())
    }

    /// The code of `function`; translates it if its entry still points to its stub.
    fn publish(
        &self,
        function: u32,
        stub: *const Cell,
        linked: &mut LinkedFunctions,
    ) -> Result<*const Cell, Fault> {
        let entry = self.entry(function)?;
        let published = entry.code.load(Ordering::Acquire).cast_const();
        if published != stub {
            return Ok(published);
        }
        let code = self.link(function, entry, &mut linked.workspace)?;
        let address = code.cells.at(1);
        linked.by_address.insert(address.addr(), code);
        entry.code.store(address.cast_mut(), Ordering::Release);
        Ok(address)
    }

    /// An empty vector with capacity for `cells` cells.
    fn room(&self, cells: usize) -> Result<Vec<Cell>, Fault> {
        let bytes = cells.saturating_mul(size_of::<Cell>());
        self.budget.grant(Purpose::Code, bytes)?;
        let mut room = Vec::new();
        room.try_reserve_exact(cells)
            .map_err(|error| budget::refused(Purpose::Code, bytes, error))?;
        Ok(room)
    }

    fn link(
        &self,
        function: u32,
        entry: &FunctionEntry,
        workspace: &mut Workspace,
    ) -> Result<LinkedFunction, Fault> {
        let module = &*self.module;
        let (Some(body), Some(signature)) =
            (module.function(function), module.function_type(function))
        else {
            return Err(Fault::invariant(format!("function {function} has no body")));
        };
        let source = Source {
            module,
            prices: &self.prices,
            canonical: &self.canonical,
        };
        let code = translate::translate(source, body, signature, workspace);
        work::add_items(Kind::Translated, u64::from(body.operators));
        let charge = entry.entry_price.saturating_add(u64::from(code.charge));
        let mut cells = self.room(code.cells.len().saturating_add(1))?;
        cells.push(Cell { bits: charge });
        cells.extend(code.cells.iter().map(|bits| Cell { bits: *bits }));
        let mut handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        for start in &code.starts {
            let start = index(*start);
            let shape = Shape::unpack(code.cells.get(start).copied().unwrap_or_default());
            let calls = matches!(
                shape.family,
                Family::Call | Family::CallMultiply | Family::CallHost
            );
            if calls {
                let cell = start.saturating_add(CALL.function.cell());
                let callee = code.cells.get(cell).copied().unwrap_or(u64::MAX);
                let callee = self.entry(u32::try_from(callee).unwrap_or(u32::MAX))?;
                let entry = ptr::from_ref(callee);
                set(&mut cells, cell, Cell { entry });
            }
            let handler = handlers.of(self.strategy, shape)?;
            set(&mut cells, start, Cell { handler });
        }
        Ok(LinkedFunction {
            cells: Cells::new(cells),
            sites: code.sites.as_slice().into(),
            function,
        })
    }

    /// The function and trap site of the instruction at `ip`.
    pub(super) fn locate(&self, ip: *const Cell) -> Option<CodeLocation> {
        let linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, code) = linked.by_address.range(..=ip.addr()).next_back()?;
        let distance = ip.addr().checked_sub(*start)?;
        let cell = distance.checked_div(size_of::<Cell>())?;
        if cell.saturating_add(1) >= code.cells.0.len() {
            return None;
        }
        let cell = u32::try_from(cell).ok()?;
        let found = code.sites.binary_search_by_key(&cell, |site| site.cell);
        Some(CodeLocation {
            function: code.function,
            site: found.ok().and_then(|index| code.sites.get(index).copied()),
        })
    }
}

/// Replaces a cell of the code, which begins after the price.
fn set(cells: &mut [Cell], index: usize, cell: Cell) {
    if let Some(old) = cells.get_mut(index.saturating_add(1)) {
        *old = cell;
    }
}

fn stubs(module: &CheckedModule, strategy: Strategy) -> Result<Cells, Fault> {
    let handler = strategy.handler(Shape::new(Family::Translate))?;
    let functions = module
        .imports()
        .len()
        .saturating_add(module.functions().len());
    let functions = u32::try_from(functions).unwrap_or(u32::MAX);
    let stub = |function: u32| {
        let bits = u64::from(function);
        [Cell { bits: 0 }, Cell { handler }, Cell { bits }]
    };
    Ok(Cells::new((0..functions).flat_map(stub).collect()))
}

fn entries(
    module: &CheckedModule,
    rules: &Rules,
    canonical: &[u32],
    stubs: &Cells,
) -> Arc<[FunctionEntry]> {
    let type_of = |number: u32| canonical.get(index(number)).copied().unwrap_or(u32::MAX);
    let stub = |function: u32| {
        let cell = index(function).saturating_mul(STUB_CELLS).saturating_add(1);
        AtomicPtr::new(stubs.at(cell).cast_mut())
    };
    let imported = module
        .imports()
        .iter()
        .zip(0_u32..)
        .map(|(import, index)| FunctionEntry {
            type_index: type_of(import.type_index),
            host: Some(import.function),
            ..entry_of(module, index, stub(index))
        });
    let first = u32::try_from(module.imports().len()).unwrap_or(u32::MAX);
    let defined = module
        .functions()
        .iter()
        .zip(first..)
        .map(|(function, index)| {
            let signature = module.function_type(index);
            let layout = signature.map(|signature| FrameLayout::new(function, signature));
            let linkage = layout.map_or(0, FrameLayout::return_address);
            FunctionEntry {
                weight: function.weight(),
                linkage: u32::try_from(linkage).unwrap_or(u32::MAX),
                zeroed: layout.map_or(0, |layout| layout.locals),
                type_index: type_of(function.type_index),
                entry_price: rules.schedule.function_entry(function.slots),
                ..entry_of(module, index, stub(index))
            }
        });
    imported.chain(defined).collect()
}

/// The parts of an entry that imports and defined functions have in common.
fn entry_of(module: &CheckedModule, function: u32, code: AtomicPtr<Cell>) -> FunctionEntry {
    let signature = module.function_type(function);
    let parameters = signature.map_or(0, |signature| signature.parameters.len());
    FunctionEntry {
        code,
        weight: 0,
        linkage: 0,
        zeroed: 0,
        type_index: 0,
        parameters: u32::try_from(parameters).unwrap_or(u32::MAX),
        result: signature.and_then(|signature| signature.result),
        host: None,
        entry_price: 0,
    }
}

fn table_of(
    module: &CheckedModule,
    entries: &[FunctionEntry],
) -> Result<Vec<*const FunctionEntry>, Fault> {
    let length = module.table().map_or(0, |table| index(table.initial));
    let mut table = vec![ptr::null(); length];
    for element in module.elements() {
        let targets = table.iter_mut().skip(index(element.offset));
        for (target, function) in targets.zip(&element.functions) {
            let entry = entries.get(index(*function));
            let entry = entry.ok_or_else(|| {
                Fault::invariant("an element segment has a function that does not exist")
            })?;
            *target = ptr::from_ref(entry);
        }
    }
    Ok(table)
}
