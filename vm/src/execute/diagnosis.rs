//! Finds the active functions of an instance at its last exit, for developers.
#![expect(
    unsafe_code,
    reason = "frames are raw memory; each unsafe block has its justification"
)]

use super::context::{Cell, Saved};
use super::dispatch::Registers;
use super::handler::call::CALL;
use super::link::CompiledModule;
use crate::translate::FrameLayout;
use std::ptr;

/// Greatest number of active functions in a diagnosis.
const FUNCTIONS_MAX: usize = 64;

/// Indices of active functions, innermost first, from the frame at the last exit.
pub(super) fn active_functions(compiled: &CompiledModule, saved: Saved) -> Vec<u32> {
    let Saved { mut ip, mut sp, .. } = saved;
    let mut functions = Vec::new();
    while functions.len() < FUNCTIONS_MAX && !ip.is_null() {
        let Some(location) = compiled.locate(ip) else {
            break;
        };
        functions.push(location.function);
        let module = &compiled.module;
        let body = module.function(location.function);
        let Some(layout) = body
            .zip(module.function_type(location.function))
            .map(|(body, signature)| FrameLayout::new(body, signature))
        else {
            break;
        };
        let linkage = sp.wrapping_add(layout.return_address());
        // SAFETY: the return address in the frame of the function of this instruction.
        let back = unsafe { linkage.cast::<*const Cell>().read() };
        if back == compiled.stop() {
            break;
        }
        ip = back.wrapping_sub(CALL.cells);
        let site = Registers {
            ip,
            sp,
            memory: ptr::null_mut(),
            context: ptr::null_mut(),
            acc: 0,
            gas: 0,
        };
        // SAFETY: a return address follows a call, which contains the distance of the callee's
        // frame.
        sp = sp.wrapping_sub(unsafe { site.distance(CALL.frame) });
    }
    functions
}
