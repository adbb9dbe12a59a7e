//! Links internal code to handlers: the compiled form of one module.
//!
//! Functions are translated at their first entry in any contract frame, and their code is published
//! for all frames. Each frame has its own array of codes, which begins with stubs that request the
//! first entry from the driver: so each frame pays for the translation, whether it happens or not.
//!
//! # Safety
//! Cells are written before their address is published, and live as long as the module.
#![expect(unsafe_code, reason = "code is reached by address while it is in use")]

use super::context::{Cell, ImportEntry};
use super::dispatch::{self, Handler, Registers};
use super::handler::call::CALL;
use super::header::{HEADER_CELLS, Header, IMPORTED, TableEntry};
use super::select;
use crate::budget::{self, Purpose, SharedBudget};
use crate::fault::Fault;
use crate::module::CheckedModule;
use crate::rules::Rules;
use crate::translate::form::Family;
use crate::translate::shape::Shape;
use crate::translate::{self, FrameLayout, Prices, Source, TrapSite, Workspace, index};
use crate::work::{self, WorkKind};
use std::collections::BTreeMap;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
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

    /// True if gas is charged.
    pub(super) const fn is_metered(self) -> bool {
        match self {
            Self::Threaded | Self::Trampoline => true,
            #[cfg(feature = "unmetered")]
            Self::Unmetered => false,
        }
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

    fn bytes(&self) -> usize {
        self.0.len().saturating_mul(size_of::<Cell>())
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
    /// The header, then the instructions.
    cells: Cells,
    sites: Box<[TrapSite]>,
    function: u32,
}

impl LinkedFunction {
    /// Bytes that it and its place in a map take.
    fn bytes(&self) -> usize {
        let sites = self.sites.len().saturating_mul(size_of::<TrapSite>());
        let fixed = size_of::<Self>().saturating_add(LINKED_BYTES);
        [self.cells.bytes(), sites, fixed]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// Bytes that a function takes in the map, and that two allocations add, about.
const LINKED_BYTES: usize = 64;

/// A module as the interpreter runs it.
pub(crate) struct CompiledModule {
    pub(super) module: Arc<CheckedModule>,
    /// Index of its start function.
    pub(super) start: Option<u32>,
    pub(super) rules: Arc<Rules>,
    pub(super) strategy: Strategy,
    canonical: Vec<u32>,
    prices: Arc<Prices>,
    linker: Arc<Linker>,
    budget: SharedBudget,
    /// The imported functions, which come first in the function index space. Not a `Box`: moving a
    /// box would invalidate the addresses in code.
    pub(super) imports: Arc<[ImportEntry]>,
    /// The table; it cannot change while a module of the profile runs.
    pub(super) table: Vec<TableEntry>,
    /// For each function its header, with a price of 0, and the instruction that requests its first
    /// entry.
    stubs: Cells,
    /// For each function its code, once it is translated.
    published: Vec<AtomicPtr<Cell>>,
    /// The cells of a call, and the instruction after it, to which the outermost function returns.
    stop: Cells,
    /// Translated functions by address of their code.
    linked: Mutex<BTreeMap<usize, LinkedFunction>>,
    /// Bytes that it takes, with all that was translated.
    bytes: AtomicUsize,
}

/// What the modules of one interpreter share to link their code.
#[derive(Default)]
pub(super) struct Linker {
    /// The handler of a shape does not depend on the module.
    handlers: Mutex<Handlers>,
    /// Memory for the translation of one function at a time on each thread.
    workspaces: Mutex<Vec<Workspace>>,
    /// Prices of the rules that were used last, with their id.
    prices: Mutex<Option<([u8; 32], Arc<Prices>)>>,
}

/// Workspaces that are kept.
const WORKSPACES_MAX: usize = 8;

impl Linker {
    fn prices(&self, rules: &Rules) -> Arc<Prices> {
        let mut last = self.prices.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((id, prices)) if id == rules.id() => Arc::clone(prices),
            _ => {
                let prices = Arc::new(Prices::new(&rules.schedule));
                *last = Some((*rules.id(), Arc::clone(&prices)));
                prices
            }
        }
    }

    fn workspace(&self) -> Workspace {
        let kept = self.workspaces.lock();
        let kept = kept.unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_default()
    }

    fn keep(&self, mut workspace: Workspace) {
        workspace.trim();
        let mut kept = self
            .workspaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.len() < WORKSPACES_MAX {
            kept.push(workspace);
        }
    }
}

/// A cache of handlers by shape: choosing a handler takes many branches.
#[derive(Default)]
struct Handlers(Vec<Option<(u64, Handler)>>);

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
// SAFETY: `code` publishes the address of completely written code, under the lock.
unsafe impl Sync for CompiledModule {}

/// Cells of a stub: the header, and the instruction.
const STUB_CELLS: usize = HEADER_CELLS + 1;

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
        linker: &Arc<Linker>,
        budget: &SharedBudget,
    ) -> Result<Self, Fault> {
        let canonical = translate::canonical_types(module);
        let imports = imports(module);
        let functions = imports.len().saturating_add(module.functions().len());
        let handler = strategy.handler(Shape::new(Family::FirstEntry))?;
        let call = Cell { bits: 0 };
        let stop = Cell {
            handler: strategy.handler(Shape::new(Family::Stop))?,
        };
        let compiled = Self {
            module: Arc::clone(module),
            start: module.start(),
            rules: Arc::clone(rules),
            strategy,
            table: table_of(module, &canonical)?,
            canonical,
            prices: linker.prices(rules),
            linker: Arc::clone(linker),
            budget: budget.clone(),
            imports,
            stubs: stubs(module, handler),
            published: (0..functions).map(|_| AtomicPtr::default()).collect(),
            stop: Cells::new([vec![call; CALL.cells], vec![stop]].concat()),
            linked: Mutex::default(),
            bytes: AtomicUsize::new(0),
        };
        let fixed = [
            size_of::<Self>(),
            module.memory_bytes(),
            size_of_val(&*compiled.canonical),
            size_of_val(&*compiled.imports),
            size_of_val(&*compiled.table),
            size_of_val(&*compiled.published),
            compiled.stubs.bytes(),
        ];
        let fixed = fixed.into_iter().fold(0, usize::saturating_add);
        compiled.bytes.store(fixed, Ordering::Relaxed);
        Ok(compiled)
    }

    /// Bytes that it takes, with all that was translated.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The codes of a new contract frame: for each function of the index space its stub.
    pub(super) fn stubs(&self) -> Vec<*const Cell> {
        (0..self.published.len())
            .map(|function| self.stub(function))
            .collect()
    }

    fn stub(&self, function: usize) -> *const Cell {
        let first = function.saturating_mul(STUB_CELLS);
        self.stubs.at(first.saturating_add(HEADER_CELLS))
    }

    /// True if `code` is the stub of the function.
    pub(super) fn is_stub(&self, function: u32, code: *const Cell) -> bool {
        code == self.stub(index(function))
    }

    /// Price of the first entry of a defined function in a contract frame; 0 for an import.
    pub(super) fn first_price(&self, function: u32) -> u64 {
        let function = self.module.function(function);
        function.map_or(0, |function| {
            self.rules
                .schedule
                .first_entry(function.operators, function.targets)
        })
    }

    /// Price of each entry of a defined function, without its first metering block.
    pub(super) fn entry_price(&self, function: u32) -> u64 {
        let schedule = &self.rules.schedule;
        let function = self.module.function(function);
        function.map_or(0, |function| schedule.function_entry(function.slots))
    }

    /// The instruction to which the outermost function returns.
    pub(super) fn stop(&self) -> *const Cell {
        self.stop.at(CALL.cells)
    }

    /// The code of `function`, which is translated if it was not yet.
    pub(super) fn code(&self, function: u32) -> Result<*const Cell, Fault> {
        let published = self.published.get(index(function));
        let published =
            published.ok_or_else(|| Fault::invariant(format!("no function {function}")))?;
        let code = published.load(Ordering::Acquire);
        if !code.is_null() {
            return Ok(code);
        }
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have translated it meanwhile.
        let code = published.load(Ordering::Acquire);
        if !code.is_null() {
            return Ok(code);
        }
        let mut workspace = self.linker.workspace();
        let made = self.link(function, &mut workspace);
        self.linker.keep(workspace);
        let made = made?;
        let address = made.cells.at(HEADER_CELLS);
        self.bytes.fetch_add(made.bytes(), Ordering::Relaxed);
        linked.insert(address.addr(), made);
        published.store(address.cast_mut(), Ordering::Release);
        Ok(address)
    }

    /// Translates every function that was not translated yet, so that first entries do not wait.
    pub(super) fn translate_all(&self) -> Result<(), Fault> {
        let imports = u32::try_from(self.imports.len()).unwrap_or(u32::MAX);
        for (function, _) in (imports..).zip(self.module.functions()) {
            self.code(function)?;
        }
        Ok(())
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

    fn link(&self, function: u32, workspace: &mut Workspace) -> Result<LinkedFunction, Fault> {
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
        // SAFETY: `stubs` wrote the header of each function, and the stubs are alive.
        let header = unsafe { *dispatch::header(self.stub(index(function))) };
        let layout = FrameLayout {
            parameters: u32::try_from(signature.parameters.len()).unwrap_or(u32::MAX),
            locals: header.zeroed,
        };
        let code = translate::translate(source, (body, layout), signature, workspace);
        let items = body.operators.saturating_add(body.targets >> 1);
        work::add_items(WorkKind::Translated, u64::from(items));
        let header = Header {
            charge: self
                .entry_price(function)
                .saturating_add(code.charge.into()),
            ..header
        };
        let mut cells = self.room(code.cells.len().saturating_add(HEADER_CELLS))?;
        cells.extend(header.cells());
        cells.extend(code.cells.iter().map(|bits| Cell { bits: *bits }));
        let mut handlers = self
            .linker
            .handlers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for start in &code.starts {
            let start = index(*start);
            let shape = Shape::unpack(code.cells.get(start).copied().unwrap_or_default());
            let is_host = shape.family == Family::CallHost;
            if is_host || matches!(shape.family, Family::Call | Family::CallMultiply) {
                let cell = start.saturating_add(CALL.function.cell());
                let callee = code.cells.get(cell).copied().unwrap_or(u64::MAX);
                set(&mut cells, cell, self.callee(callee, is_host)?);
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

    /// The cell of a call with its callee: an import, or the byte offset in the array of codes.
    fn callee(&self, function: u64, is_host: bool) -> Result<Cell, Fault> {
        let missing = || Fault::invariant(format!("function {function} does not exist"));
        let function = usize::try_from(function).map_err(|_| missing())?;
        if is_host {
            let import = self.imports.get(function).ok_or_else(missing)?;
            let import = ptr::from_ref(import);
            return Ok(Cell { import });
        }
        let code = self.published.get(function).ok_or_else(missing)?;
        let offset = function.saturating_mul(size_of_val(code));
        let bits = u64::try_from(offset).map_err(|_| missing())?;
        Ok(Cell { bits })
    }

    /// The function and trap site of the instruction at `ip`.
    pub(super) fn locate(&self, ip: *const Cell) -> Option<CodeLocation> {
        let linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, code) = linked.range(..=ip.addr()).next_back()?;
        let distance = ip.addr().checked_sub(*start)?;
        let cell = distance.checked_div(size_of::<Cell>())?;
        if cell.saturating_add(HEADER_CELLS) >= code.cells.0.len() {
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

/// Replaces a cell of the code, which begins after the header.
fn set(cells: &mut [Cell], index: usize, cell: Cell) {
    if let Some(old) = cells.get_mut(index.saturating_add(HEADER_CELLS)) {
        *old = cell;
    }
}

/// The stubs of all functions of the index space; those of imports are not used.
fn stubs(module: &CheckedModule, handler: Handler) -> Cells {
    let import = |function: u32| Header {
        weight: 0,
        function,
        linkage: 0,
        zeroed: 0,
        charge: 0,
    };
    let first = u32::try_from(module.imports().len()).unwrap_or(u32::MAX);
    let defined = module
        .functions()
        .iter()
        .zip(first..)
        .map(|(function, number)| {
            let signature = module.types().get(index(function.type_index));
            let layout = signature.map(|signature| FrameLayout::new(function, signature));
            let linkage = layout.map_or(0, FrameLayout::return_address);
            Header {
                weight: function.weight(),
                linkage: u32::try_from(linkage).unwrap_or(u32::MAX),
                zeroed: layout.map_or(0, |layout| layout.locals),
                ..import(number)
            }
        });
    let functions = module.functions().len().saturating_add(index(first));
    let mut cells = Vec::with_capacity(functions.saturating_mul(STUB_CELLS));
    for header in (0..first).map(import).chain(defined) {
        cells.extend(header.cells());
        cells.push(Cell { handler });
    }
    Cells::new(cells)
}

fn imports(module: &CheckedModule) -> Arc<[ImportEntry]> {
    let imports = module.imports().iter();
    let entries = imports.map(|import| {
        let signature = module.types().get(index(import.type_index));
        let parameters = signature.map_or(0, |signature| signature.parameters.len());
        ImportEntry {
            function: import.function,
            parameters: u32::try_from(parameters).unwrap_or(u32::MAX),
            result: signature.and_then(|signature| signature.result),
        }
    });
    entries.collect()
}

fn table_of(module: &CheckedModule, canonical: &[u32]) -> Result<Vec<TableEntry>, Fault> {
    let length = module.table().map_or(0, |table| index(table.initial));
    let mut table = vec![TableEntry::NULL; length];
    for element in module.elements() {
        let targets = table.iter_mut().skip(index(element.offset));
        for (target, function) in targets.zip(&element.functions) {
            *target = table_entry(module, canonical, *function).ok_or_else(|| {
                Fault::invariant("an element segment has a function that does not exist")
            })?;
        }
    }
    Ok(table)
}

fn table_entry(module: &CheckedModule, canonical: &[u32], function: u32) -> Option<TableEntry> {
    let (of, bit) = match module.imports().get(index(function)) {
        Some(import) => (import.type_index, IMPORTED),
        None => (module.function(function)?.type_index, 0),
    };
    let canonical = canonical.get(index(of))?;
    Some(TableEntry {
        type_index: canonical | bit,
        function,
    })
}
