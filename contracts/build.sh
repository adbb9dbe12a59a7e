#!/usr/bin/env bash
# Builds every artefact of wasm/, or checks that the committed ones are built from these sources.
#
#   build.sh              builds into wasm/ and writes wasm/HASHES
#   build.sh --out DIR    builds into DIR and leaves wasm/ alone
#   build.sh --one NAME DIR FEATURE
#                         builds one Rust contract into DIR with one more target feature
#   build.sh --check      builds into a temporary directory and compares with wasm/
#
# Rust artefacts are byte-equal wherever they are built: the compiler and the dependencies are
# pinned and every path is remapped. C artefacts are byte-equal under the clang that is recorded
# in wasm/HASHES; another clang may choose other instructions, so there only results compare.
# The AssemblyScript artefact is built by the compiler that as/package.json names: `asc` of as/ or
# of the path, else npm fetches it, pinned by as/package-lock.json; without npm the file stays.
# --check skips the artefacts whose compiler is not installed, and prints them; otherwise that is
# an error.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd -P)
contracts="counter token orderbook escrow multisig passkey amm names upgradeable nft groth16 committee"
c_artefacts="math store hostile vault"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The compilers, as they are recorded: the first line of their own version text.
rustc_version() { (cd "$here" && rustc --version); }
clang_version() { clang --version | head -n 1; }

has_rust_target() { [ -d "$(cd "$here" && rustc --print target-libdir --target "$1")" ]; }
has_clang() {
  command -v clang > /dev/null && command -v "$(clang --print-prog-name=wasm-ld)" > /dev/null
}

# Flags for rustc, one per argument, joined as cargo wants them (a path may contain a space).
# They remove the paths of this machine from panic locations, then add the given flags.
rust_flags() {
  local sysroot commit flags="" registry flag
  sysroot=$(rustc --print sysroot)
  commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
  for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    flags+="--remap-path-prefix=$registry=/registry"$'\x1f'
  done
  flags+="--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/$commit"$'\x1f'
  flags+="--remap-path-prefix=$here=/contracts"
  for flag in "$@"; do flags+=$'\x1f'"$flag"; done
  printf '%s' "$flags"
}

# A contract: no std, a stack of 32 KiB (the default is 1 MiB, and a frame is charged for its
# pages), and memory.copy and memory.fill in place of loops over bytes.
build_contract() { # name, directory, further target feature
  local flags
  flags=$(rust_flags -Clink-arg=-zstack-size=32768 \
    -Clink-arg=--keep-section=lockstep.interface "-Ctarget-feature=+bulk-memory${3:+,+$3}")
  # `cargo rustc --crate-type`: beside an rlib, cargo would leave out link-time optimisation.
  CARGO_ENCODED_RUSTFLAGS=$flags CARGO_TARGET_DIR=$target_dir cargo rustc --quiet --locked \
    --profile contract --target wasm32v1-none --package "$1" --crate-type cdylib
  cp "$target_dir/wasm32v1-none/contract/$1.wasm" "$2/"
}

# What plain rustc emits: std, the release profile as cargo has it, no flag that changes code.
build_std_default() { # directory
  CARGO_ENCODED_RUSTFLAGS=$(rust_flags) CARGO_TARGET_DIR=$target_dir cargo rustc --quiet --locked \
    --release --target wasm32-unknown-unknown --package std-default --crate-type cdylib
  cp "$target_dir/wasm32-unknown-unknown/release/std_default.wasm" "$1/"
}

# A C artefact, with clang's default features. memory.c defines the functions that clang calls. A
# contract has its stack below its data, so that an overflow traps; math.c shows the defaults.
build_c() { # name, directory
  local flags="--target=wasm32 -O2 -nostdlib -Wall -Wextra -Werror -I." link="--no-entry"
  local source=$1.c
  case $1 in
    math) ;;
    vault) source=example/vault.c link+=" --stack-first -z stack-size=8192" ;;
    *) link+=" --stack-first" ;;
  esac
  (
    cd "$here/c"
    clang $flags -fno-builtin -c memory.c -o "$scratch/memory.o"
    clang $flags -c "$source" -o "$scratch/$1.o"
    # Not through clang, which would run any wasm-opt that it finds on the path.
    "$(clang --print-prog-name=wasm-ld)" $link "$scratch/$1.o" "$scratch/memory.o" -o "$2/$1.wasm"
  )
}

# The AssemblyScript compiler, if it is installed: that of as/, the fetched one, that of the path.
asc() {
  local own
  for own in "$here/as" "$scratch/as"; do
    if [ -x "$own/node_modules/.bin/asc" ]; then
      "$own/node_modules/.bin/asc" "$@"
      return
    fi
  done
  command asc "$@"
}
# Fetches the pinned compiler, without running any script of a package, unless it is installed.
fetch_asc() {
  [ "$(asc_version)" != "$(asc_wanted)" ] && command -v npm > /dev/null || return 0
  mkdir -p "$scratch/as"
  cp "$here/as/package.json" "$here/as/package-lock.json" "$scratch/as/"
  (cd "$scratch/as" && npm ci --ignore-scripts --no-audit --no-fund --silent > /dev/null 2>&1) ||
    echo "npm cannot fetch $(asc_wanted)"
}
asc_version() { echo "asc $(asc --version 2> /dev/null | sed -n 's/^Version //p')"; }
asc_wanted() {
  echo "asc $(sed -n 's/.*"assemblyscript": "\(.*\)".*/\1/p' "$here/as/package.json")"
}

# A module without a runtime: no allocator, no start function, no import of its own.
build_poll() { # directory
  (
    cd "$here/as"
    asc poll.ts -O3z --runtime stub --noAssert --use abort= -o "$1/poll.wasm"
  )
}

# Builds all. What has no compiler is skipped with a message, and `complete` becomes false.
build_all() { # directory
  local name
  complete=true
  cargo fetch --quiet --locked
  if has_rust_target wasm32v1-none; then
    for name in $contracts; do build_contract "$name" "$1"; done
  else
    skip "rust target wasm32v1-none not installed"
  fi
  if has_rust_target wasm32-unknown-unknown; then
    build_std_default "$1"
  else
    skip "rust target wasm32-unknown-unknown not installed"
  fi
  if has_clang; then
    for name in $c_artefacts; do build_c "$name" "$1"; done
  else
    skip "clang not installed"
  fi
  fetch_asc
  if [ "$(asc_version)" = "$(asc_wanted)" ]; then
    build_poll "$1"
  else
    echo "skipped: $(asc_wanted) not installed and not fetched; poll.wasm stays"
  fi
  for name in "$1"/*.wasm; do
    chmod 644 "$name"
    if grep -qF -e "$here" -e "${CARGO_HOME:-$HOME/.cargo}" -e "$HOME" "$name"; then
      echo "error: $(basename "$name") contains a path of this machine" >&2
      exit 1
    fi
  done
}

skip() { # reason
  echo "skipped: $1"
  complete=false
}

# Whether a file is a C artefact.
is_c() { case " $c_artefacts " in *" ${1%.wasm} "*) true ;; *) false ;; esac; }

compiler_of() { # file
  if is_c "$1"; then
    clang_version
  elif [ "$1" = poll.wasm ]; then
    asc_wanted
  else
    rustc_version
  fi
}

write_hashes() {
  echo "# sha256, file, compiler that built it; written by contracts/build.sh"
  local file
  for file in "$here"/wasm/*.wasm; do
    file=$(basename "$file")
    echo "$(cd "$here/wasm" && sha256sum "$file")  $(compiler_of "$file")"
  done
}

# The column of a file's line in HASHES: 1 the hash, 3 the compiler.
recorded() { # file, column
  awk -F '  ' -v file="$1" -v column="$2" '$2 == file { print $column }' "$here/wasm/HASHES"
}

hash_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# Compares the committed files with HASHES, and both with the files built in $scratch/wasm.
compare() {
  local failed=0 file name
  for file in "$here"/wasm/*.wasm; do
    name=$(basename "$file")
    if [ "$(hash_of "$file")" != "$(recorded "$name" 1)" ]; then
      echo "error: $name differs from its hash in wasm/HASHES" >&2
      failed=1
    elif [ ! -e "$scratch/wasm/$name" ]; then
      continue
    elif [ "$(compiler_of "$name")" != "$(recorded "$name" 3)" ]; then
      if is_c "$name"; then
        echo "$name: rebuilt with another clang; compare results instead"
      else
        echo "error: $name was built by $(recorded "$name" 3), this is $(compiler_of "$name")" >&2
        failed=1
      fi
    elif ! cmp -s "$file" "$scratch/wasm/$name"; then
      echo "error: $name is not what its source builds to; run contracts/build.sh" >&2
      failed=1
    else
      echo "$name: equal"
    fi
  done
  return $failed
}

cd "$here"
target_dir=${CARGO_TARGET_DIR:-$here/target}
case ${1:-} in
  --check)
    target_dir=$scratch/target
    mkdir "$scratch/wasm"
    build_all "$scratch/wasm"
    compare
    ;;
  --out)
    mkdir -p "${2:?--out takes a directory}"
    build_all "$(cd "$2" && pwd -P)"
    $complete
    ;;
  --one)
    cargo fetch --quiet --locked
    build_contract "$2" "$(cd "$3" && pwd -P)" "$4"
    chmod 644 "$3/$2.wasm"
    ;;
  "")
    build_all "$here/wasm"
    $complete
    write_hashes > "$scratch/HASHES"
    cp "$scratch/HASHES" "$here/wasm/HASHES"
    (cd "$here/wasm" && wc -c ./*.wasm)
    ;;
  *)
    echo "usage: build.sh [--check | --out DIR | --one NAME DIR FEATURE]" >&2
    exit 2
    ;;
esac
