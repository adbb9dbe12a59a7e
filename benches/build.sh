#!/usr/bin/env bash
# Builds every kernel to wasm/, or checks that the committed modules are built from the sources.
# u256_wide and amm_wide are u256 and the sample contract amm with wide arithmetic, from the same
# sources.
#
#   build.sh              builds into wasm/ and writes wasm/HASHES
#   build.sh --check      builds into a temporary directory and compares with wasm/
#
# Needs `rustup target add wasm32-unknown-unknown wasm32v1-none`. Without the first, --check only compares the committed
# files with HASHES and prints a note. The bytes depend on the compiler version, which the toolchain
# file pins.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd -P)
kernels="bytecode fib indirect json keccak matmul memops orderbook sha256 sort token u256 u256_wide"
wide=wide-arithmetic
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$here/kernels"

# The release profile's optimisation, the target's default features, and 192 KiB of stack instead of
# rustc's 1 MiB, so that instantiation takes microseconds.
build() { # kernel, directory
  local source=${1%_wide} feature=+mutable-globals
  [ "$1" = "$source" ] || feature=+$wide
  rustc --edition 2024 --crate-type cdylib --crate-name "$1" --target wasm32-unknown-unknown \
    --cfg "kernel=\"$source\"" -C opt-level=3 -C codegen-units=1 -C panic=abort -C strip=symbols \
    -C target-feature=$feature \
    -C link-arg=-zstack-size="$([ "$1" = token ] && echo 32768 || echo 196608)" \
    --remap-path-prefix="$here=/benches" -o "$2/$1.wasm" guest.rs
}

# The sample contract, built as contracts/build.sh builds it, with one more feature.
build_amm() { # directory
  mkdir -p "$scratch/amm"
  CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/../target}/amm-wide \
    "$here/../contracts/build.sh" --one amm "$scratch/amm" $wide
  cp "$scratch/amm/amm.wasm" "$1/amm_wide.wasm"
}

has_target() { [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; }

write_hashes() {
  echo "# sha256, file; written by benches/build.sh with $(rustc --version)"
  (cd "$here/wasm" && sha256sum -- *.wasm)
}

case ${1:-} in
  --check)
    (cd "$here/wasm" && grep -v '^#' HASHES | sha256sum --check --quiet)
    if ! has_target; then
      echo "skipped: rust target wasm32-unknown-unknown not installed; hashes compared only"
      exit 0
    fi
    for name in $kernels; do
      build "$name" "$scratch"
      cmp "$here/wasm/$name.wasm" "$scratch/$name.wasm"
      echo "$name: equal"
    done
    if [ -d "$(rustc --print target-libdir --target wasm32v1-none)" ]; then
      build_amm "$scratch"
      cmp "$here/wasm/amm_wide.wasm" "$scratch/amm_wide.wasm"
      echo "amm_wide: equal"
    else
      echo "skipped: rust target wasm32v1-none not installed; hash of amm_wide compared only"
    fi
    ;;
  "")
    for name in $kernels; do build "$name" "$here/wasm"; done
    build_amm "$here/wasm"
    chmod 644 "$here"/wasm/*.wasm
    write_hashes > "$scratch/HASHES"
    cp "$scratch/HASHES" "$here/wasm/HASHES"
    (cd "$here/wasm" && wc -c -- *.wasm)
    ;;
  *)
    echo "usage: build.sh [--check]" >&2
    exit 2
    ;;
esac
