#!/bin/sh
# Measures how much of each file of the VM the VM's own tests reach, and compares with the committed
# figures of conformance/coverage.txt, which may not fall. BLESS=1 writes them.
#
#   conformance/coverage.sh
#
# Needs `cargo install --locked cargo-llvm-cov` and `rustup component add llvm-tools`. A region is a
# part of an expression that is executed or not as a whole.
set -eu
cd "$(dirname "$0")/.."
out=target/coverage
mkdir -p "$out"
cargo llvm-cov --package lockstep-vm --lib --tests --no-cfg-coverage >"$out/report"
# File, covered regions, regions, covered lines, lines; tests are no part of what is tested.
LC_ALL=C awk '$1 ~ /\.rs$/ && $1 !~ /tests\.rs$/ && NF >= 10 {
        print $1, $2 - $3, $2, $8 - $9, $8
    }' "$out/report" | LC_ALL=C sort >"$out/now"
[ -s "$out/now" ] || { echo "coverage: the report has no files" >&2; exit 1; }
# shellcheck disable=SC2016 # backquotes are quotation marks here
head='# File of vm/src, then regions and lines: reached by the tests of the VM, of all, per thousand.
# Written by `BLESS=1 conformance/coverage.sh`.'
awk '
    function share(reached, all) { return all ? int(reached * 1000 / all) : 1000 }
    { printf "%s %d %d %d %d %d %d\n", $1, $2, $3, share($2, $3), $4, $5, share($4, $5) }
' "$out/now" >"$out/figures"
if [ -n "${BLESS:-}" ]; then
    { echo "$head"; cat "$out/figures"; } >conformance/coverage.txt
fi
# A file falls if it has a smaller share of regions or lines; a new file has no figure yet.
sed '/^#/d' conformance/coverage.txt | awk '
    NR == FNR { regions[$1] = $4; lines[$1] = $7; next }
    { all += $3; reached += $2; all_lines += $6; reached_lines += $5 }
    !($1 in regions) { print $1 ": new, BLESS=1 writes its figures"; bad = 1; next }
    $4 < regions[$1] { print $1 ": " $4 / 10 " % of the regions, before " regions[$1] / 10 " %"; bad = 1 }
    $7 < lines[$1] { print $1 ": " $7 / 10 " % of the lines, before " lines[$1] / 10 " %"; bad = 1 }
    END {
        printf "vm: %.1f %% of %d regions, ", reached * 100 / all, all
        printf "%.1f %% of %d lines\n", reached_lines * 100 / all_lines, all_lines
        exit bad
    }
' - "$out/figures"
