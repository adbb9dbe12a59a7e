#!/usr/bin/env bash
# Package: cargo-mutants 27.1.0 (Rust's registry), mutation testing for Rust.
#
# Behaviour: `--re` and `--exclude-re` select mutants by name, except those that delete a field of a
# struct expression with a base (`..Default::default()`): these are in every selection. `--re` of a
# pattern that no name has lists them, and `--exclude-re 'delete field'` does not leave them out, so
# a sample that is given as a list of names is larger than the list.
#
# Expected by a reader of `--help`, which says that both are matched against the names that `--list`
# shows: they apply to every kind of mutant.
#
# Output seen: of a crate with seven mutants, two of which delete a field, `--re 'matches nothing'`
# lists those two, and `--exclude-re 'delete field'` all seven.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo install --quiet --locked --root "$work" cargo-mutants@27.1.0
export PATH="$work/bin:$PATH"
mkdir -p "$work/sample/src"
cd "$work/sample"
printf '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml
cat >src/lib.rs <<'RUST'
#[derive(Default)]
pub struct Limits {
    pub pages: u32,
    pub calls: u32,
}

pub fn limits(pages: u32) -> Limits {
    Limits {
        pages,
        calls: 7,
        ..Default::default()
    }
}

pub fn sum(a: u32, b: u32) -> u32 {
    a + b
}
RUST

list() { cargo mutants --list "$@"; }
[ "$(list | wc -l)" = 7 ] || { echo "changed: the crate has other mutants" && exit 1; }
list --re 'matches nothing' | tee selected.txt
if [ "$(grep -c 'delete field' selected.txt)" != 2 ]; then
    echo "changed: --re applies to deleted fields now"
    exit 1
fi
if [ "$(list --exclude-re 'delete field' | grep -c 'delete field')" != 2 ]; then
    echo "changed: --exclude-re applies to deleted fields now"
    exit 1
fi
[ "$(list --re 'with 0$' | grep -vc 'delete field')" = 1 ] # It applies to the others.
echo "as described: neither option applies to a deleted field"
