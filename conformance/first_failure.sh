#!/bin/sh
# Runs a test program and ends it at its first failed test: a runner for cargo, of mutation.sh.
#
#   CARGO_TARGET_<HOST>_RUNNER=conformance/first_failure.sh cargo test
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/lines"
"$@" >"$folder/lines" 2>&1 &
program=$!
# A test runner that is ended, as at a time limit, takes the program with it.
trap 'kill "$program" 2>/dev/null; exit 143' TERM INT HUP
while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
    "test "*" ... FAILED")
        kill "$program" 2>/dev/null || :
        exit 101
        ;;
    esac
done <"$folder/lines"
wait "$program"
