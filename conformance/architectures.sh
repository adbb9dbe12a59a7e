#!/usr/bin/env bash
# Runs the golden vectors in builds for other architectures, and compares the reports with this
# machine's: conformance/architectures.sh all | [i686] [aarch64] [riscv64] [s390x] [wasm32]
#
# Each also replays an archive of BLOCKS blocks (200) that this machine simulates, on both engines;
# every receipt, diff and root must match the archive. Reports are in target/conformance, builds in
# target/architectures (removed at the end unless KEEP=1). An architecture whose tools are missing is
# reported as `skipped: why`; a difference or a failed run is exit code 1. With INSTALL=1 and root,
# missing packages are installed with apt-get. LOCKSTEP=FILE is a command already built for this
# machine.
set -euo pipefail
cd "$(dirname "$0")/.."

ALL=(i686 aarch64 riscv64 s390x wasm32)
reports=target/conformance
builds=target/architectures

usage() {
    sed -n '2,3s/^# //p' conformance/architectures.sh >&2
    exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# Prints triple, linker (rust-lld where Rust includes the C library), emulator, packages of Debian.
facts() {
    case $1 in
    i686) echo i686-unknown-linux-musl rust-lld qemu-i386 qemu-user ;;
    aarch64) echo aarch64-unknown-linux-musl rust-lld qemu-aarch64 qemu-user ;;
    riscv64) echo riscv64gc-unknown-linux-gnu riscv64-linux-gnu-gcc qemu-riscv64 \
        qemu-user gcc-riscv64-linux-gnu libc6-dev-riscv64-cross ;;
    s390x) echo s390x-unknown-linux-gnu s390x-linux-gnu-gcc qemu-s390x \
        qemu-user gcc-s390x-linux-gnu libc6-dev-s390x-cross ;;
    wasm32) echo wasm32-wasip1 rust-lld node nodejs ;;
    *) return 1 ;;
    esac
}

# Installs missing tools, or prints why an architecture is skipped.
prepare() { # architecture triple linker emulator packages...
    local triple=$2 linker=$3 emulator=$4
    shift 4
    if ! have "$emulator" || { [ "$linker" != rust-lld ] && ! have "$linker"; }; then
        if [ "${INSTALL:-0}" = 1 ] && have apt-get && [ "$(id -u)" = 0 ]; then
            { apt-get update -qq &&
                DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
                >/dev/null 2>&1 || { echo "skipped: apt-get cannot install $*"; return 1; }
        else
            echo "skipped: $emulator or $linker is not installed (Debian: apt-get install $*)"
            return 1
        fi
    fi
    rustup target add "$triple" >/dev/null 2>&1 || { echo "skipped: rustup cannot add $triple"; return 1; }
}

build() { # triple linker
    local name
    name=$(echo "$1" | tr 'a-z-' 'A-Z_')
    local flags=""
    case $1 in
    *-gnu) flags="-C target-feature=+crt-static" ;; # needs no C library of the target to run
    wasm32-*) flags="-C link-arg=-zstack-size=8388608" ;; # the usual size on other targets
    esac
    env "CARGO_TARGET_${name}_LINKER=$2" "CARGO_TARGET_${name}_RUSTFLAGS=$flags" \
        cargo build --quiet --locked -p cli --profile architectures \
        --target "$1" --target-dir "$builds"
}

lockstep() { # architecture triple emulator arguments...
    local architecture=$1 binary=$builds/$2/architectures/lockstep emulator=$3
    shift 3
    if [ "$architecture" = wasm32 ]; then
        node --no-warnings conformance/wasi.mjs "$binary.wasm" "$reports" "$@"
    elif [ "$architecture" = i686 ] && "$binary" --version >/dev/null 2>&1; then
        # An x86-64 kernel runs it directly.
        "$binary" "$@"
    else
        "$emulator" "$binary" "$@"
    fi
}

run() { # architecture triple emulator
    local folder=$reports before engine
    # The WASI program sees the folder of the reports as its root.
    [ "$1" != wasm32 ] || folder=
    lockstep "$@" conform run --out "$folder/$1.json" || return 1
    for engine in interpreter reference; do
        before=$SECONDS
        lockstep "$@" node replay "$folder/chain.blocks" --engine "$engine" --json \
            >"$reports/$1.replay" || return 1
        cmp "$reports/host.replay" "$reports/$1.replay" || return 1
        echo "replayed $blocks blocks, $engine: $((SECONDS - before)) s, the same root"
    done
}

[ $# -gt 0 ] || usage
[ "$*" != all ] || set -- "${ALL[@]}"
for architecture in "$@"; do facts "$architecture" >/dev/null || usage; done

mkdir -p "$reports"
rm -f "$reports"/*.json "$reports"/*.replay "$reports"/*.blocks
blocks=${BLOCKS:-200}
failed=0
host=${LOCKSTEP:-}
if [ -z "$host" ]; then
    cargo build --quiet --locked -p cli
    host=target/debug/lockstep
fi
"$host" conform run --out "$reports/host.json" || failed=1
"$host" sim --nodes 1 --blocks "$blocks" --seed 7 --archive "$reports/chain.blocks" >/dev/null
"$host" node replay "$reports/chain.blocks" --json >"$reports/host.replay"
cat "$reports/host.replay"
made=("$reports/host.json")
for architecture in "$@"; do
    read -r triple linker emulator packages <<<"$(facts "$architecture")"
    echo "== $architecture ($triple)"
    # shellcheck disable=SC2086
    prepare "$architecture" "$triple" "$linker" "$emulator" $packages || continue
    started=$SECONDS
    if build "$triple" "$linker"; then
        built=$SECONDS
        run "$architecture" "$triple" "$emulator" || failed=1
        echo "built in $((built - started)) s, ran in $((SECONDS - built)) s"
        [ ! -e "$reports/$architecture.json" ] || made+=("$reports/$architecture.json")
    else
        failed=1
    fi
    [ "${KEEP:-0}" = 1 ] || rm -rf "${builds:?}/$triple"
done
[ "${KEEP:-0}" = 1 ] || rm -rf "$builds"
if [ ${#made[@]} -gt 1 ]; then
    "$host" conform compare "${made[@]}" || failed=1
else
    echo "skipped: no report of another architecture to compare"
fi
exit $failed
