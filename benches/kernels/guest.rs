//! Compiles one kernel to a wasm module, selected by `--cfg kernel="sha256"`. See `../build.sh`.
#![no_std]
#![expect(unsafe_code, reason = "the host's imports and the exported entry are raw")]

#[cfg_attr(kernel = "bytecode", path = "src/bytecode.rs")]
#[cfg_attr(kernel = "fib", path = "src/fib.rs")]
#[cfg_attr(kernel = "indirect", path = "src/indirect.rs")]
#[cfg_attr(kernel = "json", path = "src/json.rs")]
#[cfg_attr(kernel = "keccak", path = "src/keccak.rs")]
#[cfg_attr(kernel = "matmul", path = "src/matmul.rs")]
#[cfg_attr(kernel = "memops", path = "src/memops.rs")]
#[cfg_attr(kernel = "orderbook", path = "src/orderbook.rs")]
#[cfg_attr(kernel = "sha256", path = "src/sha256.rs")]
#[cfg_attr(kernel = "sort", path = "src/sort.rs")]
#[cfg_attr(kernel = "token", path = "src/token.rs")]
#[cfg_attr(kernel = "u256", path = "src/u256.rs")]
mod kernel;

#[cfg(kernel = "token")]
mod env {
    //! Calls host functions: the same functions as in `src/env.rs`.

    #[link(wasm_import_module = "lockstep")]
    unsafe extern "C" {
        #[link_name = "storage_read"]
        fn host_storage_read(key: *const u8, key_len: usize, dst: *mut u8, cap: usize) -> i32;
        #[link_name = "storage_write"]
        fn host_storage_write(key: *const u8, key_len: usize, value: *const u8, value_len: usize);
        #[link_name = "emit_event"]
        fn host_emit_event(topics: *const u8, count: usize, data: *const u8, data_len: usize);
    }

    pub(crate) fn storage_read(key: &[u8], out: &mut [u8]) -> i32 {
        // SAFETY: both ranges are slices of ours; the host writes at most `cap` bytes.
        unsafe { host_storage_read(key.as_ptr(), key.len(), out.as_mut_ptr(), out.len()) }
    }

    pub(crate) fn storage_write(key: &[u8], value: &[u8]) {
        // SAFETY: the host reads two slices of ours.
        unsafe { host_storage_write(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
    }

    pub(crate) fn emit_event(topic: &[u8; 32], data: &[u8]) {
        // SAFETY: the host reads one topic of 32 bytes and a slice of ours.
        unsafe { host_emit_event(topic.as_ptr(), 1, data.as_ptr(), data.len()) }
    }
}

/// The kernel.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: u32) -> u64 {
    kernel::run(n)
}

/// A contract entry that does nothing, to measure the fixed cost of a call.
#[unsafe(no_mangle)]
pub extern "C" fn empty() {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
