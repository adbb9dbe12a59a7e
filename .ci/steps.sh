# shellcheck shell=bash
# Sourced by .ci/run and .ci/deep: the two tables of steps, the steps, and what runs and times them.
#
# A step is a function step_NAME. It runs in a shell of its own with `set -e`, from the root of the
# project; what it cannot have here it says in a line `skipped: why`, which the summary repeats.

export CARGO_TERM_COLOR=never
# Nothing here is built twice: the incremental state would take gigabytes and save no time.
export CARGO_INCREMENTAL=0

logs=target/ci
# The C++ of RocksDB has a folder of its own, so that it can be built while the rest is tested.
rocksdb=target/rocksdb

# name | budget in seconds | what must have changed for --changed to run it | what it is
#
# What can have changed: a package, by itself or by one that it depends on; or `rust`, `manifests`,
# `pages`, `contracts`, `scripts`, `mutants` for files; `any` for every change.
# shellcheck disable=SC2034
RUN_STEPS='
install        | 600 | any                | targets of Rust, compilers; starts what is built in the background
tests          | 900 | any                | the test command of README.md
format         |  30 | rust contracts     | cargo fmt --check
clippy         | 300 | rust manifests     | lints of the default members
docs           | 200 | rust pages         | the documentation builds without a warning
contracts      | 120 | contracts          | unit tests of the samples
rebuild        | 200 | contracts          | the committed wasm is what the sources give
simulator      | 200 | lockstep-node-sim  | 200 blocks on four executors, twice
network        | 200 | lockstep-node-sim  | 200 seeds of crashes and Byzantine proposers, each twice
differential   | 200 | conformance        | 7,000 generated modules, every operator, 100 sweeps of limits
pages          | 300 | pages cli lockstep-testkit | every command of the pages, and the guide of docs/contracts.md
architectures  | 400 | vectors            | the vectors on i686 and s390x
deny           | 300 | manifests          | licences, sources, advisories
rocksdb        | 600 | rocksdb-store      | the store on RocksDB: model, torn logs, full disk, 20 kills
'

# name | budget in seconds | subject: who changes it runs the step | what it is
# shellcheck disable=SC2034
DEEP_STEPS='
architectures  | 1500 | vectors            | the vectors on i686, aarch64, riscv64, s390x and wasm32
differential   |  900 | conformance        | 20,000 generated modules, every operator, 300 sweeps of limits
network        | 1200 | lockstep-node-sim  | 2,000 seeds of crashes and Byzantine proposers, each twice
files          |  600 | lockstep-node-sim cli | every bit of an archive and a case flipped, 20,000 mutated files
wasmtime       | 1800 | lockstep-wasmtime  | tests in wasmtime, and the differential there
foreign        |  900 | vectors pages      | the vectors on wasmtime in Python and on wasmi, as programs
mutants        | 1800 | lockstep-node mutants | injected bugs inside vm and node, each found by a named test
outside        | 1200 | benches fuzz       | lints outside the default members: each feature of benches, fuzz
peers          | 1200 | benches            | every kernel once on every peer, equal results
host-bench     |  600 | host-bench         | every host function beside its price
hostile        |  600 | lockstep-vm        | time of check over hostile modules
redb-kill      |  900 | lockstep-redb-store | SIGKILL a writer 1,000 times; nothing that was acknowledged is lost
rocksdb-rot    | 2400 | rocksdb-store      | every byte of a store on RocksDB flipped: the right value or a fault
rocksdb-kill   | 1200 | rocksdb-store      | SIGKILL a writer 200 times; nothing that was acknowledged is lost
fuzz           | 2400 | fuzz fuzzed        | every fuzz target for FUZZ_MINUTES (1), within its limits
mutation       | 7200 | lockstep-vm lockstep-tree | MUTANTS (6) single changes of each part of consensus code, drawn by SEED (1)
coverage       | 1800 | lockstep-vm        | regions and lines of each file of vm that its tests reach; none may fall
miri           | 1800 | lockstep-vm        | undefined behaviour in the unsafe code of the interpreter
package        |  900 | manifests          | cargo package for the crates that others would depend on
'

have() { command -v "$1" >/dev/null 2>&1; }

skip() { echo "skipped: $*"; }

# Says yes if packages of Debian can be installed here.
can_install() { have apt-get && [ "$(id -u)" = 0 ]; }

apt_install() {
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >/dev/null
}

has_libclang() { compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || [ -n "${LIBCLANG_PATH:-}" ]; }

# What .ci/run takes of something, and what .ci/deep takes.
amount() { if [ -n "${DEEP:-}" ]; then echo "$2"; else echo "$1"; fi; }

# ---- steps

step_install() {
    local target missing=()
    for target in wasm32-unknown-unknown wasm32v1-none; do
        rustup target add "$target" || skip "rustup cannot add $target"
    done
    have clang++ || missing+=(clang)
    have wasm-ld || missing+=(lld)
    has_libclang || missing+=(libclang-dev)
    have g++ || missing+=(g++)
    # A command of docs/conformance.md.
    have jq || missing+=(jq)
    if [ ${#missing[@]} -gt 0 ]; then
        if can_install; then
            apt_install "${missing[@]}" || skip "apt-get cannot install ${missing[*]}"
        else
            skip "${missing[*]} are not here, and no root to install them"
        fi
    fi
    # A compiler cache that is here already is used; a cold one would save nothing.
    have ccache || echo "no ccache: RocksDB is compiled"
    cargo fetch --locked
}

step_tests() {
    if [ -z "${CHANGED:-}" ]; then
        cargo test --no-fail-fast
        return
    fi
    local chosen
    mapfile -t chosen < <(packages_to_test)
    [ ${#chosen[@]} = 0 ] || cargo test --no-fail-fast "${chosen[@]}"
    # Style and arrows read every file.
    case " ${chosen[*]} " in
    *" conformance "*) ;;
    *) cargo test -p conformance --test it ;;
    esac
}

step_format() { cargo fmt --all --check; }

step_clippy() {
    local chosen=()
    if [ -n "${CHANGED:-}" ]; then
        mapfile -t chosen < <(packages_to_test)
        [ ${#chosen[@]} -gt 0 ] || return 0
    fi
    cargo clippy --keep-going "${chosen[@]}" --all-targets -- -D warnings
    # Its users may have no standard library.
    case " ${chosen[*]:-lockstep-proof} " in
    *" lockstep-proof "*) cargo clippy -p lockstep-proof --target wasm32v1-none -- -D warnings ;;
    esac
}

step_docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
    rm -rf target/doc
}

step_contracts() { (cd contracts && cargo test --quiet); }

step_rebuild() {
    contracts/build.sh --check
    rm -rf contracts/target
}

step_simulator() {
    local run
    for run in 1 2; do
        cargo run --quiet --release -- sim --nodes 4 --blocks 200 --seed 7 --json >"$logs/sim.$run"
    done
    cat "$logs/sim.1"
    cmp "$logs/sim.1" "$logs/sim.2"
}

step_network() { cargo run --quiet --release -- sim --network --seeds "$(amount 200 2000)" --json; }

# Every operator with edge operands and every limit of some modules, beside generated modules.
step_differential() {
    cargo run --quiet --release -p conformance --bin differential -- \
        --seeds "0..$(amount 7000 20000)" --single full --sweep "$(amount 100 300)"
}

# The guide builds a contract and its tests from nothing, so it has a folder of its own.
step_pages() {
    if ! have jq; then
        skip "jq is not here, which docs/conformance.md uses: README.md and docs/contracts.md alone"
        cargo run --quiet --release -p conformance --bin pages -- README.md docs/contracts.md
    else
        cargo run --quiet --release -p conformance --bin pages
    fi
    rm -rf target/pages-build
}

# Two machines that differ most from this one: 32-bit addresses, and big-endian.
step_architectures() {
    local which
    read -ra which <<<"$(amount "i686 s390x" all)"
    cargo build --quiet --release -p cli
    INSTALL=1 LOCKSTEP=target/release/lockstep conformance/architectures.sh "${which[@]}"
}

step_deny() {
    if ! await cargo-deny || ! alone install_cargo_deny; then
        skip "cargo cannot install cargo-deny"
        return
    fi
    cargo deny --all-features check bans licenses sources
    # The database of advisories is a repository; some machines reach registries only.
    if cargo deny fetch db >/dev/null 2>&1; then
        cargo deny --all-features check advisories
    else
        skip "the advisory database cannot be had"
    fi
}

step_rocksdb() {
    use_rocksdb || return 0
    # One choice of packages and features, so that nothing is compiled twice; the tests build kill_loop.
    local chosen=(-p rocksdb-store -p cli --features cli/rocksdb)
    cargo test "${chosen[@]}" --lib --test rocks --test disk
    target/debug/kill_loop --rounds 20
}

step_redb_kill() {
    cargo run --release -p lockstep-redb-store --example kill_loop -- --rounds 1000
}

step_rocksdb_kill() {
    use_rocksdb || return 0
    cargo run --release -p rocksdb-store --bin kill_loop -- --rounds 200
}

step_rocksdb_rot() {
    use_rocksdb || return 0
    cargo test --release -p rocksdb-store --test rocks -- every_byte --nocapture
}

step_files() { cargo test -p lockstep-node-sim --test it -- hostile_files --nocapture; }

step_wasmtime() {
    cargo test -p lockstep-wasmtime
    cargo run --release -p conformance --features wasmtime --bin differential -- \
        --seeds 0..2000 --single full --sweep 50 --engine wasmtime
}

# Two programs behind the protocol of docs/foreign-engines.md: the whole set, one root.
step_foreign() {
    local here=target/release/lockstep packages
    cargo build --quiet --release -p cli
    cargo build --quiet --release -p conformance --bin wasmi_engine
    "$here" conform run --kinds call,message,chain --engine reference --out "$logs/ours.json"
    "$here" conform run --command target/release/wasmi_engine --out "$logs/wasmi.json"
    "$here" conform compare "$logs/ours.json" "$logs/wasmi.json"
    if ! have python3; then
        skip "python3 is not here: wasmi alone"
        return
    fi
    packages=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$packages'" EXIT
    if ! python3 -m pip install --quiet --target "$packages" wasmtime==50.0.1; then
        skip "pip cannot install wasmtime: wasmi alone"
        return
    fi
    PYTHONPATH=$packages "$here" conform run --command "python3 conformance/examples/engine.py" \
        --out "$logs/python.json"
    "$here" conform compare "$logs/ours.json" "$logs/python.json"
}

step_mutants() { cargo run --release -p conformance --bin mutants; }

step_outside() {
    cargo clippy -p lockstep-wasmtime --all-targets -- -D warnings
    local feature
    for feature in wasmi peers unmetered; do
        cargo clippy -p benches --features "$feature" --all-targets -- -D warnings
    done
    cargo clippy --manifest-path fuzz/Cargo.toml -- -D warnings
    # To be linted RocksDB need not be compiled: its headers are enough.
    if rocksdb_toolchain; then
        mkdir -p "$rocksdb/lib"
        ROCKSDB_LIB_DIR=${ROCKSDB_LIB_DIR:-$PWD/$rocksdb/lib} ROCKSDB_STATIC=1 cargo clippy \
            -p rocksdb-store -p cli -p benches --features cli/rocksdb,benches/rocksdb \
            --all-targets -- -D warnings
    fi
}

step_peers() { cargo run --release -p benches --features peers -- execute --quick; }

step_host_bench() {
    cargo test --release -p host-bench
    cargo run --release -p host-bench --example paid
    cargo run --release -p lockstep-redb-store --example paid
    cargo run --release -p work --example units
    cargo run --release -p benches -- host --quick
}

step_hostile() { cargo run --release -p conformance --bin hostile; }

step_fuzz() {
    if ! nightly; then return; fi
    if ! have cargo-fuzz && ! cargo install --quiet --locked cargo-fuzz; then
        skip "cargo cannot install cargo-fuzz"
        return
    fi
    fuzz/run "${FUZZ_MINUTES:-1}"
}

step_mutation() {
    if ! have cargo-mutants && ! cargo install --quiet --locked cargo-mutants --version 27.1.0; then
        skip "cargo cannot install cargo-mutants"
        return
    fi
    local part count failed=0
    while read -r part count; do
        echo "$part: ${MUTANTS:-6} of $count"
        conformance/mutation.sh "$part" "${MUTANTS:-6}" "${SEED:-1}" || failed=1
    done < <(conformance/mutation.sh parts)
    return $failed
}

step_coverage() {
    if ! have cargo-llvm-cov && ! cargo install --quiet --locked cargo-llvm-cov --version 0.9.1; then
        skip "cargo cannot install cargo-llvm-cov"
        return
    fi
    rustup component add llvm-tools >/dev/null 2>&1 || { skip "rustup cannot add llvm-tools"; return; }
    conformance/coverage.sh
}

step_miri() {
    if ! nightly; then return; fi
    if ! rustup +nightly component add miri rust-src >/dev/null 2>&1; then
        skip "rustup cannot add miri"
        return
    fi
    MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test -p lockstep-vm --test it miri_
}

step_package() {
    local package chosen=() verified=()
    # Of another workspace, and not published: a package would look for it in the registry.
    local types='patch.crates-io.contract-types.path="contracts/types"'
    local wasmtime='patch.crates-io.lockstep-wasmtime.path="engines/wasmtime"'
    # A package with `publish = false` is a tool: no crate depends on it.
    while read -r package; do
        chosen+=(-p "$package")
        case $package in
        # One takes minutes to build, the other is used from its source.
        lockstep-wasmtime | lockstep-testkit) ;;
        *) verified+=(-p "$package") ;;
        esac
    done < <(published)
    cargo package --allow-dirty --no-verify --config "$types" "${chosen[@]}"
    cargo package --allow-dirty --config "$types" --config "$wasmtime" "${verified[@]}"
}

nightly() {
    cargo +nightly --version >/dev/null 2>&1 ||
        rustup toolchain install nightly --profile minimal >/dev/null 2>&1 ||
        { skip "rustup cannot install nightly"; return 1; }
}

# ---- RocksDB

# Says `skipped: why` where neither compiler nor libclang can be had.
rocksdb_toolchain() {
    if ! has_libclang || { ! have clang++ && ! have g++; }; then
        if can_install && apt_install clang libclang-dev g++; then
            return 0
        fi
        skip "libclang and a C++ compiler are not here and cannot be installed"
        return 1
    fi
}

# Compiles RocksDB into $rocksdb/lib. clang without optimisation takes the least (Cargo.toml).
build_rocksdb() {
    local cache="" archives
    have ccache && cache="ccache "
    if have clang++; then export CC="${cache}clang" CXX="${cache}clang++"; fi
    cargo build --locked -p librocksdb-sys --target-dir "$rocksdb"
    mapfile -t archives < <(ls -t "$rocksdb"/debug/build/librocksdb-sys-*/out/librocksdb.a)
    mkdir -p "$rocksdb/lib"
    if cmp -s "${archives[0]}" "$rocksdb/lib/librocksdb.a"; then return; fi
    cp "${archives[0]}" "$rocksdb/lib/new.a"
    mv "$rocksdb/lib/new.a" "$rocksdb/lib/librocksdb.a"
}

# Makes librocksdb-sys link the library that is built already, or the caller's own.
use_rocksdb() {
    if [ -z "${ROCKSDB_LIB_DIR:-}" ]; then
        rocksdb_toolchain || return 1
        # A failure there is this step's, never a skip.
        await rocksdb || exit 1
        alone build_rocksdb || exit 1
        export ROCKSDB_LIB_DIR=$PWD/$rocksdb/lib
    fi
    export ROCKSDB_STATIC=1
}

# ---- background

# Runs a function of this file in a process of its own: also where its caller looks at the status,
# the first command that fails ends it.
alone() { bash -c '. .ci/steps.sh; set -euo pipefail; "$1"; echo "took $SECONDS s"' steps "$1"; }
export -f alone

declare -A background=()

# Runs such a function at the lowest priority: it takes what the steps leave of the cores.
start_background() { # name function
    rm -f "$logs/$1.status"
    # A group of its own, so that it can be ended with its children.
    set -m
    # shellcheck disable=SC2016 # the inner shell expands it
    nice -n 19 bash -c 'alone "$1" >"$2.log" 2>&1; echo $? >"$2.status"' background "$2" "$logs/$1" &
    set +m
    background[$1]=$!
}

install_cargo_deny() {
    have cargo-deny || cargo install --quiet --locked cargo-deny --version 0.20.2
}

start_all_in_background() { # the names of the steps that will run
    case " $* " in
    *" rocksdb"* | *" outside "*)
        if [ -z "${ROCKSDB_LIB_DIR:-}" ] && rocksdb_toolchain >/dev/null; then
            start_background rocksdb build_rocksdb
        fi
        ;;
    esac
    case " $* " in
    *" deny "*) have cargo-deny || start_background cargo-deny install_cargo_deny ;;
    esac
}

# Waits for what runs in the background; shows the end of its log, and returns its status.
await() { # name
    [ -n "${background[$1]:-}" ] || return 0
    # A step is a child shell, which cannot `wait` for a child of its parent.
    while [ ! -e "$logs/$1.status" ]; do
        kill -0 "${background[$1]}" 2>/dev/null || break
        sleep 1
    done
    local status=1
    [ ! -e "$logs/$1.status" ] || status=$(<"$logs/$1.status")
    echo "in the background, $1:"
    tail -n $((status == 0 ? 1 : 50)) "$logs/$1.log"
    return "$status"
}

end_background() {
    local name
    for name in "${!background[@]}"; do kill -- "-${background[$name]}" 2>/dev/null || true; done
}

# ---- the runner

report=""
failed=()

field() { # number row
    cut -d '|' -f "$1" <<<"$2" | sed 's/^ *//; s/ *$//'
}

row() { # name table
    grep -E "^$1 +\|" <<<"$2"
}

names() { sed -n 's/^\([a-z-]*\) *|.*/\1/p' <<<"$1"; }

size() { du -shc target contracts/target 2>/dev/null | tail -n 1 | cut -f 1; }

step() { # name table
    local row name=$1 budget before=$SECONDS status=0 state=ok line
    row=$(row "$name" "$2")
    budget=$(field 2 "$row")
    printf '\n== %s: %s (budget %s s)\n' "$name" "$(field 4 "$row")" "$budget"
    set +e
    (set -euo pipefail; "step_${name//-/_}") 2>&1 | tee "$logs/$name.out"
    status=${PIPESTATUS[0]}
    set -e
    local taken=$((SECONDS - before))
    if [ "$status" != 0 ]; then
        state=FAILED
        failed+=("$name")
    elif [ $taken -gt "$budget" ]; then
        state="over budget"
    fi
    report+=$(printf '%-15s %5d s of %5d s, target %5s  %s' "$name" $taken "$budget" "$(size)" "$state")$'\n'
    while read -r line; do report+="    $line"$'\n'; done < <(grep '^skipped: ' "$logs/$name.out")
}

list() { # table
    printf 'step             budget  subject: what it is\n'
    local name row
    for name in $(names "$1"); do
        row=$(row "$name" "$1")
        printf '%-15s %6s s  %s: %s\n' "$name" "$(field 2 "$row")" "$(field 3 "$row")" "$(field 4 "$row")"
    done
}

# Fills `chosen` with the names given, each of which must be in the table.
choose_named() { # table names...
    local name table=$1
    shift
    for name in "$@"; do
        if ! names "$table" | grep -qFx -- "$name"; then
            { echo "no such step: $name"; list "$table"; } >&2
            exit 2
        fi
    done
    chosen=("$@")
}

# Runs what is in `chosen`, and prints the table of what that took.
run_steps() { # table budget
    local name started=$SECONDS
    trap end_background EXIT
    mkdir -p "$logs"
    rm -f "$logs"/*.out
    [ "${chosen[0]}" = install ] || start_all_in_background "${chosen[@]}"
    for name in "${chosen[@]}"; do
        step "$name" "$1"
        [ "$name" != install ] || start_all_in_background "${chosen[@]}"
    done
    df -h .
    summary $((SECONDS - started)) "$2"
}

summary() { # seconds budget
    if [ -e "$logs/tests.out" ]; then
        printf '\n'
        sed -n 's/^test result: //p' "$logs/tests.out" | awk '
            { passed += $2; failed += $4; ignored += $6 }
            END { printf "cargo test: %d passed, %d failed, %d ignored, in %d programs\n",
                  passed, failed, ignored, NR }'
    fi
    printf '\n%s\ntotal %d s of %d s\n' "$report" "$1" "$2"
    if [ ${#failed[@]} -gt 0 ]; then
        printf 'FAILED: %s\n' "${failed[*]}"
        return 1
    fi
}

# Members that cargo would publish.
published() {
    local manifest
    for manifest in $(git ls-files '*Cargo.toml' ':!contracts' ':!fuzz' ':!Cargo.toml'); do
        grep -q '^publish = false' "$manifest" || sed -n 's/^name = "\(.*\)"/\1/p;T;q' "$manifest"
    done
}
