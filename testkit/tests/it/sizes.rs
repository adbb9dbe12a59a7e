//! Checks the maximum sizes of deployed samples, and the sizes in their pages.

use crate::setup::wasm;

/// Samples with their documented maximum sizes in bytes.
const BUDGETS: [(&str, usize); 2] = [("counter", 4 * 1024), ("token", 12 * 1024)];

#[test]
fn the_counter_and_the_token_are_within_their_size_budgets() {
    for (sample, most) in BUDGETS {
        let bytes = wasm(sample).len();
        println!("{sample}: {bytes} bytes, at most {most}");
        assert!(bytes <= most, "{sample}: {bytes} bytes");
    }
}

#[test]
fn the_pages_have_the_measured_sizes() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let figures = std::fs::read_to_string(format!("{root}/docs/performance.md")).expect("a page");
    for (sample, _) in BUDGETS {
        let page = format!("{root}/contracts/{sample}/README.md");
        let page = std::fs::read_to_string(page).expect("a page");
        let bytes = wasm(sample).len();
        let size = format!("{},{:03} bytes", bytes / 1000, bytes % 1000);
        assert!(page.contains(&size), "{sample}: {size}");
        assert!(figures.contains(&size), "figures of {sample}: {size}");
    }
}
