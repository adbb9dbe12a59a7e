#!/bin/sh
# Mutation testing of consensus code: which single changes of an expression no test notices.
#
#   conformance/mutation.sh PART [COUNT [SEED]]    of a part, all mutants, or COUNT drawn by SEED (1)
#   conformance/mutation.sh changed [COMMIT]       of the lines changed since COMMIT (HEAD)
#   conformance/mutation.sh parts                  the parts, with the number of mutants of each
#
# Needs `cargo install --locked cargo-mutants`. Each mutant is first run against the tests of its own
# package; what these miss, against those of conformance and of the nodes. Survivors that
# conformance/survivors.txt does not name end the script with 1. SHARD=1/8 takes every eighth
# mutant. JOBS=2 runs two at once, each in a copy of the project; IN_PLACE=1 changes this one (use a
# clone), which keeps its build from one part to the next.
set -eu
cd "$(dirname "$0")/.."
part=${1:-}
[ -n "$part" ] || { sed -n '2,13s/^# \{0,1\}//p' conformance/mutation.sh >&2; exit 2; }
out=target/mutation/$part
# No one debugs these builds, and only one crate of each differs from the last.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1
# One failed test is a find.
host=$(rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)
export "CARGO_TARGET_${host}_RUNNER=$PWD/conformance/first_failure.sh"

parts='check lower meter translate frames host state execute tree transactions'
globs() { # part
    case $1 in
    check | meter | translate | state | execute) echo "vm/src/$1/**" ;;
    lower) echo vm/src/lower.rs ;;
    frames) echo vm/src/frames.rs 'vm/src/frames/**' vm/src/gas.rs ;;
    host) echo 'vm/src/host/*.rs' ;;
    tree) echo 'node/tree/src/**' ;;
    transactions) echo node/src/execute.rs node/src/block_execution.rs node/src/overlay.rs ;;
    *) echo "conformance/mutation.sh: no part $1 (one of: $parts)" >&2; return 2 ;;
    esac
}

# The configuration with these files alone. cargo-mutants adds `--file` to those of its
# configuration, and applies `--re` to no mutant that deletes a field.
only() { # file globs...
    echo "examine_globs = ["
    printf '    "%s",\n' "$@"
    echo "]"
    awk '/^examine_globs/ { skips = 1 } !skips { print } /^]/ { skips = 0 }' .cargo/mutants.toml
}

# Names are without lines, so that survivors.txt stays true when code moves.
list() { cargo mutants --list --line-col=false "$@"; }

set -f # globs are cargo-mutants' to expand
mkdir -p "$out"
case $part in
parts)
    for part in $parts; do
        # shellcheck disable=SC2046 # globs are words
        only $(globs "$part") >"$out/config.toml"
        echo "$part $(list --config "$out/config.toml" | wc -l)"
    done
    exit
    ;;
changed)
    git diff "${2:-HEAD}" >"$out/diff"
    set -- --in-diff "$out/diff"
    ;;
*)
    globs=$(globs "$part")
    count=${2:-} seed=${3:-1}
    # shellcheck disable=SC2086 # globs are words
    only $globs >"$out/config.toml"
    set -- --config "$out/config.toml"
    if [ -n "$count" ]; then
        # In the order of a hash of seed and name: the same on every machine.
        list "$@" | while read -r name; do
            echo "$(printf '%s %s' "$seed" "$name" | sha256sum | cut -c1-16) $name"
        done | sort | head -n "$count" | cut -d' ' -f2- >"$out/sample"
        # shellcheck disable=SC2046 # paths are words
        only $(cut -d: -f1 "$out/sample" | sort -u) >"$out/config.toml"
        # Each name as an expression that matches it, with its position, and nothing else.
        while read -r name; do
            name=$(printf '%s' "$name" | sed 's/[][\.*^$+?(){}|]/\\&/g; s/: /:[0-9]+:[0-9]+: /')
            set -- "$@" --re "^$name\$"
        done <"$out/sample"
    fi
    ;;
esac
set -- "$@" --line-col=false --output "$out" --no-shuffle
if [ -n "${SHARD:-}" ]; then set -- "$@" --shard "$SHARD" --sharding round-robin; fi
if [ -n "${IN_PLACE:-}" ]; then
    set -- "$@" --in-place
else
    set -- "$@" --jobs "${JOBS:-1}"
fi

# 2: mutants were missed, 3: some timed out, which is a find. Other codes are failures.
run() { cargo mutants "$@" || case $? in 2 | 3) ;; *) exit 4 ;; esac; }
run --test-workspace=false "$@" -- --tests
if [ -s "$out/mutants.out/missed.txt" ]; then
    run --iterate --baseline skip --test-package lockstep-vm,conformance,lockstep-node-sim,lockstep-node "$@" -- \
        --lib --test it --test interpreter --test negatives --test vectors --test verdicts
fi

sed -E 's/:[0-9]+:[0-9]+: /: /' "$out/mutants.out/missed.txt" | sort -u >"$out/survivors"
# A line of survivors.txt is the mutant, a tab, and why no test can or need notice it.
sed '/^#/d; s/\t.*//' conformance/survivors.txt | sort -u >"$out/named"
comm -23 "$out/survivors" "$out/named" >"$out/unnamed"
for kind in caught missed timeout unviable; do
    echo "$kind $(wc -l <"$out/mutants.out/$kind.txt")"
done
if [ -s "$out/unnamed" ]; then
    echo "survivors that conformance/survivors.txt does not name:"
    cat "$out/unnamed"
    exit 1
fi
