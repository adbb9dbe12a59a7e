//! Defines every reason to reject a module, with its code, explanation and fix.
//!
//! On chain a module is only "Rejected"; code, offset and text are local diagnosis. Codes are
//! pinned, never reused and frozen by a test.
//!
//! Specification: docs/spec/check.md, "Codes".

use std::fmt;

/// Why a module was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The rule that was broken.
    pub rule: Rule,
    /// Index of the function that contains the offset, if one does.
    pub function: Option<u32>,
    /// Byte offset in the module.
    pub offset: u64,
    /// One line, lower case: what was found.
    pub message: String,
    /// One line: how to fix it.
    pub help: String,
}

impl Rejection {
    /// A rejection with the rule's own fix; characters that are not printable ASCII are escaped.
    #[must_use]
    pub fn new(rule: Rule, offset: u64, message: &str) -> Self {
        Self {
            rule,
            function: None,
            offset,
            message: one_line(message),
            help: rule.fix().to_owned(),
        }
    }

    /// The same rejection, inside a function.
    #[must_use]
    pub fn in_function(mut self, function: Option<u32>) -> Self {
        self.function = function;
        self
    }

    /// The same rejection, with a more specific fix.
    #[must_use]
    pub fn with_help(mut self, help: &str) -> Self {
        self.help = one_line(help);
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} (",
            self.rule.code(),
            self.rule.name(),
            self.message
        )?;
        if let Some(function) = self.function {
            write!(f, "function {function}, ")?;
        }
        write!(f, "offset {:#x})", self.offset)
    }
}

impl std::error::Error for Rejection {}

/// Escapes the names in a text, which the module chose.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character == ' ' || character.is_ascii_graphic() {
            line.push(character);
        } else {
            line.extend(character.escape_default());
        }
    }
    line
}

macro_rules! rules {
    ($($variant:ident $code:literal { what $what:literal why $why:literal fix $fix:literal })*) => {
        /// A rule of the profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Rule { $(#[doc = $what] $variant = $code,)* }

        impl Rule {
            /// Every rule, in the order of its code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The rule's name, as in `--json` output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// One line: how to fix it.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)* }
            }

            /// The long form: what is rejected, why, and how to fix it.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!(
                        $what, "\n\nWhy: ", $why, "\n\nFix: ", $fix, "\n",
                    ),)*
                }
            }

            const fn number(self) -> u16 {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

impl Rule {
    /// The pinned code, as `R0001`.
    #[must_use]
    pub fn code(self) -> String {
        format!("R{:04}", self.number())
    }

    /// The rule of a code as [`Rule::code`] writes it; case does not matter.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|rule| rule.code().eq_ignore_ascii_case(code))
    }
}

rules! {
    Malformed 1 {
        what "The bytes are not a well-formed WebAssembly module."
        why "bytes that do not decode have no meaning."
        fix "pass the complete output of the compiler; if a tool rewrote it, validate what it wrote"
    }
    Invalid 2 {
        what "The module decodes but is not valid: types, indices or structure do not fit together."
        why "only a valid module has a defined meaning, on any engine."
        fix "validate the file with another tool; if that agrees, report a bug in the tool that \
            wrote the file"
    }
    Component 3 {
        what "The file is a component, not a core module."
        why "a contract is one core module; components and their adapters are outside the profile."
        fix "build the core module: rustc --target wasm32-unknown-unknown, not wasm32-wasip2"
    }
    ModuleBytes 16 {
        what "The module is longer than 4 MiB, custom sections included."
        why "every node checks, stores and hashes every byte."
        fix "strip debug information (rustc: -C strip=debuginfo, wasm-ld: --strip-debug); build \
            with -C opt-level=s"
    }
    Types 17 {
        what "The module has more than 1,024 types."
        why "every node keeps and compares them."
        fix "remove unused code (rustc: -C lto, wasm-ld: --gc-sections)"
    }
    Parameters 18 {
        what "A function type has more than 64 parameters."
        why "each call passes all of them; compilers pass larger values through memory."
        fix "pass a pointer to a struct"
    }
    ParametersTotal 19 {
        what "All functions together have more than 50,000 parameters."
        why "validating a function takes time for each parameter, even if its body is empty."
        fix "split the contract, or pass structs by pointer"
    }
    Imports 20 {
        what "The module has more than 100 imports."
        why "the host interface is far smaller."
        fix "import only functions of module `lockstep`, each once"
    }
    Exports 21 {
        what "The module has more than 256 exports."
        why "each export is kept and searched by name."
        fix "export the entries only (wasm-ld: drop --export-all and --export-dynamic)"
    }
    NameBytes 22 {
        what "An import's or export's name is longer than 256 bytes."
        why "every node stores the names; an entry's name has at most 64 bytes."
        fix "shorten the name"
    }
    Functions 23 {
        what "The module has more than 10,000 functions, imports included."
        why "each function has a cost at every check and load, even an empty one."
        fix "remove unused code (rustc: -C lto=fat -C opt-level=s, wasm-ld: --gc-sections), or \
            split the contract"
    }
    Locals 24 {
        what "A function has more than 1,024 locals, parameters included."
        why "all of them are zeroed at each call; a few bytes of code can declare billions."
        fix "split the function; keep large arrays in memory"
    }
    LocalsTotal 25 {
        what "All functions together have more than 50,000 locals, parameters included."
        why "checking and translating keep a table entry for each."
        fix "split the contract; optimise (rustc: -C opt-level=s), since unoptimised code has \
            many locals"
    }
    Globals 26 {
        what "The module has more than 256 globals."
        why "each frame makes a fresh copy of all of them."
        fix "keep state in memory or storage"
    }
    Tables 27 {
        what "The module has more than one table."
        why "a second table belongs to the reference types proposal, which is outside the profile."
        fix "rustc: -C target-feature=-reference-types; clang: -mno-reference-types"
    }
    TableEntries 28 {
        what "The table has more than 16,384 entries at the start."
        why "each frame makes a fresh table."
        fix "use fewer function pointers; do not pass --growable-table or a large table to the \
            linker"
    }
    ElementSegments 29 {
        what "The module has more than 128 element segments."
        why "each is applied in every frame."
        fix "let the linker merge them: it writes one"
    }
    Elements 30 {
        what "All element segments together have more than 16,384 functions."
        why "each is written to the table of every frame."
        fix "use fewer function pointers"
    }
    DataSegments 31 {
        what "The module has more than 32,768 data segments."
        why "each is applied in every frame."
        fix "let the linker merge them (wasm-ld without --no-merge-data-segments), and let \
            wasm-opt not split them at runs of zeros (--skip-pass=memory-packing)"
    }
    DataBytes 32 {
        what "All data segments together have more than 1 MiB."
        why "all of it is copied into the memory of every frame."
        fix "keep large tables in contract storage, or compute them"
    }
    MemoryPagesInitial 33 {
        what "The memory starts with more than 256 pages (16 MiB)."
        why "each frame starts with all of them zeroed, and no memory is larger."
        fix "request less at the start (wasm-ld: --initial-memory, -z stack-size; emcc: \
            -sINITIAL_MEMORY) and grow when needed"
    }
    BodyBytes 34 {
        what "A function body is longer than 262,144 bytes."
        why "checking and translating need memory in proportion to the largest function."
        fix "split the function; lower inlining (rustc: -C opt-level=s; clang: -Os)"
    }
    Operators 35 {
        what "A function has more than 131,072 operators."
        why "checking and translating need memory in proportion to the largest function."
        fix "split the function; lower inlining (rustc: -C opt-level=s; clang: -Os)"
    }
    Blocks 36 {
        what "A function has more than 8,192 blocks, loops and ifs."
        why "the analysis of a function keeps an entry for each block."
        fix "split the function; replace long chains of conditions with a table"
    }
    BlocksTotal 37 {
        what "All functions together have more than 50,000 blocks, loops and ifs."
        why "each block has a cost in checking and translating."
        fix "split the contract; build with -C opt-level=s"
    }
    Nesting 38 {
        what "Blocks are nested more than 1,024 deep."
        why "the analysis keeps an entry for each level."
        fix "split the function"
    }
    BrTableTargets 39 {
        what "A br_table has more than 1,024 targets, the default excluded."
        why "each target is checked and translated."
        fix "split the switch or match in two levels"
    }
    BrTableTargetsTotal 40 {
        what "All br_table operators together have more than 65,536 targets."
        why "each target is checked and translated."
        fix "split the contract; build without jump tables (clang: -fno-jump-tables)"
    }
    Operands 41 {
        what "The operand stack of a function is higher than 1,024."
        why "each call reserves space for it."
        fix "split the expression; no compiler emits this"
    }
    Arguments 42 {
        what "The calls of a function take over 128 arguments more than the operators before them \
            can push."
        why "each argument is checked; only in unreachable code can a call pop what nothing pushed."
        fix "remove the unreachable calls; no compiler emits this"
    }
    Simd 64 {
        what "The module uses 128-bit SIMD."
        why "results of its float lanes differ between machines, and contracts do not use it."
        fix "rustc: -C target-feature=-simd128 or -C target-cpu=mvp; clang: -mno-simd128"
    }
    RelaxedSimd 65 {
        what "The module uses relaxed SIMD."
        why "its results differ between machines by definition."
        fix "rustc: -C target-feature=-relaxed-simd,-simd128; clang: -mno-relaxed-simd -mno-simd128"
    }
    Threads 66 {
        what "The module uses threads: atomic operators or shared memory."
        why "a result must not depend on scheduling."
        fix "rustc: -C target-feature=-atomics; clang: -mno-atomics without -pthread; wasm-ld: \
            without --shared-memory"
    }
    Gc 67 {
        what "The module uses garbage-collected types."
        why "collection would have to happen at the same points, with equal limits, on every node."
        fix "use a compiler that targets linear memory"
    }
    Exceptions 68 {
        what "The module uses exception handling."
        why "it is outside the profile; a contract that fails reverts or traps."
        fix "rustc: -C panic=abort; clang: -fno-exceptions -mno-exception-handling"
    }
    TailCall 69 {
        what "The module uses tail calls."
        why "the stack limit counts active functions, and a tail call replaces one."
        fix "rustc: -C target-feature=-tail-call; clang: -mno-tail-call"
    }
    Memory64 70 {
        what "The module uses a 64-bit memory or table."
        why "the profile has at most 16 MiB of memory."
        fix "build for wasm32 (rustc: --target wasm32-unknown-unknown; clang: --target=wasm32)"
    }
    MultiMemory 71 {
        what "The module has more than one memory."
        why "a frame reserves one memory."
        fix "rustc: -C target-feature=-multimemory; clang: -mno-multimemory; link one memory only"
    }
    ReferenceTypes 72 {
        what "The module uses reference types: references as values, table operators, typed select."
        why "tables of the profile are fixed after instantiation, and values are integers."
        fix "rustc: -C target-feature=-reference-types; clang: -mno-reference-types"
    }
    MultiValue 73 {
        what "A function has more than one result, or a block has parameters, several results or \
            a type by index."
        why "a call, a branch and the interface of an engine pass one value; no compiler emits \
            more by default, so all of them would be code without a user."
        fix "rustc: -C target-feature=-multivalue; clang: -mno-multivalue, which also cancels \
            -target-abi experimental-mv; wasm-opt cannot remove it: compile the input again"
    }
    PassiveSegments 74 {
        what "The module uses passive or declared segments, or the operators on them and on tables."
        why "instantiation is complete before the first operator runs; nothing is initialised \
            later."
        fix "rustc: -C target-feature=-bulk-memory; clang: -mno-bulk-memory; wasm-ld: without \
            --shared-memory"
    }
    CustomPageSizes 75 {
        what "The memory has a custom page size."
        why "a page has 65,536 bytes; the price of growth is per page."
        fix "link with the default page size (wasm-ld: without --page-size)"
    }
    StackSwitching 76 {
        what "The module uses stack switching."
        why "a contract frame has one stack."
        fix "use a compiler that does not need continuations"
    }
    FunctionReferences 78 {
        what "The module uses typed function references."
        why "calls go to a function by index or through the one table."
        fix "use call_indirect: rustc and clang do by default"
    }
    OtherProposal 79 {
        what "The module uses a WebAssembly proposal that is outside the profile."
        why "the profile lists what is allowed; everything else is rejected."
        fix "rustc: -C target-cpu=mvp; clang: -mcpu=mvp; or remove the flag that enabled the \
            feature"
    }
    WasiImport 96 {
        what "The module imports a WASI function."
        why "WASI provides clocks, randomness and files, which differ between nodes."
        fix "build for wasm32-unknown-unknown, not wasm32-wasip1; remove code that needs an \
            operating system"
    }
    UnknownImport 97 {
        what "The module imports a function that the host interface does not have."
        why "a contract can call only host functions that return the same result on every node."
        fix "import only functions of module `lockstep`; a name under `env` is an undefined \
            symbol: define or remove it"
    }
    ImportType 98 {
        what "An imported host function has another type than in the host interface."
        why "the host reads arguments by their declared types, which are never floats."
        fix "declare the function exactly as in the SDK or the C header"
    }
    ImportKind 99 {
        what "The module imports a memory, a table or a global."
        why "a contract defines its own; it shares none with the host."
        fix "wasm-ld: without --import-memory, --import-table and -shared"
    }
    ReservedExport 100 {
        what "An export's name starts with `$`."
        why "an instrumented module exports its gas counter and other items under such names."
        fix "rename the export"
    }
    Constant 101 {
        what "A constant expression reads a global."
        why "constants are evaluated when the module is checked."
        fix "write the value itself (wasm-ld: without -pie and -shared)"
    }
    ElementRange 102 {
        what "An element segment does not fit in the table."
        why "instantiation must not trap, so a module whose instantiation would is rejected."
        fix "declare the table with enough initial entries"
    }
    DataRange 103 {
        what "A data segment does not fit in the initial memory."
        why "instantiation must not trap, so a module whose instantiation would is rejected."
        fix "declare the memory with enough initial pages (wasm-ld: --initial-memory)"
    }
    FloatOperator 112 {
        what "A function has a float operator, and the rules reject floats."
        why "under this policy a contract that could trap on a float is not accepted."
        fix "use integers or fixed-point numbers in this function and in those that it calls"
    }
    FloatType 113 {
        what "A parameter, result, local, global or block has a float type, and the rules reject \
            floats."
        why "under this policy a contract that could trap on a float is not accepted."
        fix "use integers or fixed-point numbers"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_frozen() {
        let codes: Vec<String> = Rule::ALL
            .iter()
            .map(|rule| format!("{} {}", rule.code(), rule.name()))
            .collect();
        let frozen = "R0001 Malformed, R0002 Invalid, R0003 Component, R0016 ModuleBytes, \
            R0017 Types, R0018 Parameters, R0019 ParametersTotal, R0020 Imports, R0021 Exports, \
            R0022 NameBytes, R0023 Functions, R0024 Locals, R0025 LocalsTotal, R0026 Globals, \
            R0027 Tables, R0028 TableEntries, R0029 ElementSegments, R0030 Elements, \
            R0031 DataSegments, R0032 DataBytes, R0033 MemoryPagesInitial, R0034 BodyBytes, \
            R0035 Operators, R0036 Blocks, R0037 BlocksTotal, R0038 Nesting, \
            R0039 BrTableTargets, R0040 BrTableTargetsTotal, R0041 Operands, R0042 Arguments, \
            R0064 Simd, R0065 RelaxedSimd, R0066 Threads, R0067 Gc, R0068 Exceptions, \
            R0069 TailCall, \
            R0070 Memory64, R0071 MultiMemory, R0072 ReferenceTypes, R0073 MultiValue, \
            R0074 PassiveSegments, R0075 CustomPageSizes, R0076 StackSwitching, \
            R0078 FunctionReferences, R0079 OtherProposal, \
            R0096 WasiImport, R0097 UnknownImport, R0098 ImportType, R0099 ImportKind, \
            R0100 ReservedExport, R0101 Constant, R0102 ElementRange, R0103 DataRange, \
            R0112 FloatOperator, R0113 FloatType";
        assert_eq!(codes.join(", "), frozen);
    }

    #[test]
    fn codes_are_found_again() {
        for rule in Rule::ALL {
            assert_eq!(Rule::of_code(&rule.code().to_lowercase()), Some(*rule));
        }
        assert_eq!(Rule::of_code("R0000"), None);
    }

    #[test]
    fn every_explanation_says_what_why_and_how() {
        for rule in Rule::ALL {
            let text = rule.explanation();
            assert!(
                text.contains(".\n\nWhy: ") && text.contains("\n\nFix: "),
                "{}",
                rule.name()
            );
            assert!(text.contains(rule.fix()) && text.is_ascii() && text.ends_with('\n'));
            assert!(!rule.fix().contains('\n'));
        }
    }

    #[test]
    fn texts_are_kept_on_one_line() {
        let rejection = Rejection::new(Rule::Malformed, 31, "a\nb\u{202e}").in_function(Some(3));
        let line = "R0001 Malformed: a\\nb\\u{202e} (function 3, offset 0x1f)";
        assert_eq!(rejection.to_string(), line);
    }
}
