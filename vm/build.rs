//! Sets the cfg `unoptimised` where LLVM makes no tail call a jump, at opt-level 0, and `one_replica`
//! where a build is to be fast before its programs are, below opt-level 2.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(unoptimised)");
    println!("cargo::rustc-check-cfg=cfg(one_replica)");
    let level = env::var("OPT_LEVEL").unwrap_or_default();
    if level == "0" {
        println!("cargo::rustc-cfg=unoptimised");
    }
    if matches!(level.as_str(), "0" | "1") {
        println!("cargo::rustc-cfg=one_replica");
    }
}
