//! Sets the cfg `unoptimised` where LLVM makes no tail call a jump, at opt-level 0, and
//! `one_replica` below opt-level 2, where a fast build matters more than fast programs.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(unoptimised)");
    println!("cargo::rustc-check-cfg=cfg(one_replica)");
    let is_level = |level: &str| env::var_os("OPT_LEVEL").is_some_and(|found| found == level);
    if is_level("0") {
        println!("cargo::rustc-cfg=unoptimised");
    }
    if is_level("0") || is_level("1") {
        println!("cargo::rustc-cfg=one_replica");
    }
}
