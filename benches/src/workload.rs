//! Lists the kernels: a Rust source each, as a native function and as a committed wasm module.

/// A benchmark program that every engine runs.
#[derive(Clone, Copy)]
pub struct Kernel {
    /// Name in every table.
    pub name: &'static str,
    /// The kernel compiled natively.
    pub native: fn(u32) -> u64,
    /// `benches/wasm/NAME.wasm`: exports `run: (i32) -> i64` and `empty: () -> ()`.
    pub wasm: &'static [u8],
    /// Number of rounds that takes a millisecond or two natively.
    pub size: u32,
    /// About a tenth of `size`, for quick runs and for R.
    pub small: u32,
}

macro_rules! kernels {
    ($($name:ident $size:literal $small:literal),* $(,)?) => {
        &[$(Kernel {
            name: stringify!($name),
            native: kernels::$name::run,
            wasm: include_bytes!(concat!("../wasm/", stringify!($name), ".wasm")),
            size: $size,
            small: $small,
        }),*]
    };
}

/// The kernels, in the order of the tables.
pub const KERNELS: &[Kernel] = kernels![
    sha256 600 60,
    keccak 1_200 120,
    fib 27 22,
    sort 6 1,
    orderbook 60_000 6_000,
    json 900 90,
    token 4_000 400,
    u256 40_000 4_000,
    matmul 25 3,
    bytecode 30_000 3_000,
    memops 6_000 600,
    indirect 300_000 30_000,
];

/// The kernel that makes host calls.
///
/// # Errors
/// If the list of kernels does not have it.
pub fn token() -> crate::Measured<&'static Kernel> {
    let found = KERNELS.iter().find(|kernel| kernel.name == "token");
    found.ok_or_else(|| "no kernel named token".into())
}

/// The kernel u256 without and with wide arithmetic, from the same source.
///
/// # Errors
/// If the list of kernels does not have it.
pub fn u256_kernels() -> crate::Measured<[Kernel; 2]> {
    let found = KERNELS.iter().find(|kernel| kernel.name == "u256");
    let plain = *found.ok_or("no kernel named u256")?;
    let wasm = include_bytes!("../wasm/u256_wide.wasm");
    Ok([plain, Kernel { wasm, ..plain }])
}

/// The sample contract amm without and with wide arithmetic, from the same source.
pub const AMM: [&[u8]; 2] = [
    include_bytes!("../../contracts/wasm/amm.wasm"),
    include_bytes!("../wasm/amm_wide.wasm"),
];

/// A module with one empty function: `(module (func (export "empty")))`. It has no memory, so that
/// the time of a call does not include work on a memory.
pub const EMPTY: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x04\x01\x60\0\0\
    \x03\x02\x01\0\
    \x07\x09\x01\x05empty\0\0\
    \x0a\x04\x01\x02\0\x0b";
