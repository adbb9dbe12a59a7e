#!/usr/bin/env bash
# Package: binaryen 132.0.0 (npm), its command wasm-opt.
#
# Behaviour: `--enable-wide-arithmetic` alone does not let wasm-opt read a module that has an operator
# of wide arithmetic. It also needs `--enable-multivalue`, although no function and no block of the
# module has more than one result: the operator itself has two, which wasm-opt represents as a tuple.
# The module that it then writes has no type with several results either.
#
# Expected by a reader of the proposal: wide arithmetic does not depend on multi-value; its operators
# push two values as any sequence of operators does, and a validator needs no other feature for them.
#
# Output seen: the first call ends with 1, "Tuples are not allowed unless multivalue is enabled"; the
# second with 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund binaryen@132.0.0 >/dev/null

# (module (func (export "f") (param i64 i64) (result i64)
#   local.get 0  local.get 1  i64.mul_wide_u  drop))
printf '\x00asm\x01\x00\x00\x00\x01\x07\x01\x60\x02\x7e\x7e\x01\x7e\x03\x02\x01\x00\x07\x05\x01\x01f\x00\x00' >in.wasm
printf '\x0a\x0b\x01\x09\x00\x20\x00\x20\x01\xfc\x16\x1a\x0b' >>in.wasm

opt() { node_modules/.bin/wasm-opt --mvp-features --enable-wide-arithmetic "$@" in.wasm -o out.wasm; }

if opt >alone.txt 2>&1; then
    echo "changed: --enable-wide-arithmetic is enough now"
    exit 1
fi
cat alone.txt
if ! grep -qi multivalue alone.txt; then
    echo "changed: it is refused for another reason"
    exit 1
fi
opt --enable-multivalue
# The type section is the one of the input: one type, with one result.
cmp <(head -c 17 in.wasm | tail -c 9) <(head -c 17 out.wasm | tail -c 9)
echo "as described: both flags are needed"
