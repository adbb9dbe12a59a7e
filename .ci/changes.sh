# shellcheck shell=bash
# Sourced by .ci/run: which packages and steps the changes since a commit can break.
#
# A changed file touches its package, every package that depends on that, and every package whose
# sources name the file or its folder in a string (`include_bytes!`, a page that a test reads).

# Packages that may behave otherwise; `tests/NAME` where only tests of it may; words for kinds of
# files.
touched=""
# All members, asked once.
workspace=""

# Files that every package is built by.
EVERYTHING='^(\.ci/.*|Cargo\.toml|Cargo\.lock|clippy\.toml|rust-toolchain\.toml)$'

touch_word() {
    case " $touched " in
    *" $1 "*) return 1 ;;
    esac
    touched+=" $1"
}

# The commit that changes are counted from: where this branch left main; on main itself the commit
# before, or HEAD if something is not committed yet. Nothing if there is no such commit.
default_base() {
    local main base
    for main in origin/HEAD origin/main main; do
        base=$(git merge-base HEAD "$main" 2>/dev/null) || continue
        [ "$base" = "$(git rev-parse HEAD)" ] || { echo "$base"; return; }
    done
    if [ -n "$(git status --porcelain)" ]; then
        git rev-parse HEAD
    else
        git rev-parse --verify --quiet HEAD~1 || true
    fi
}

changed_files() { # base
    git diff --name-only "$1"
    git ls-files --others --exclude-standard
}

# Names of the default members, or with --workspace of all.
members() { cargo tree -q --depth 0 --prefix none -e normal "$@" | awk 'NF { print $1 }' | sort -u; }

# Members that depend on a package, and the package, by the kinds of dependencies given; with the
# features that .ci/run builds, and no others.
dependents() { # package options of cargo tree...
    cargo tree -q --workspace --features cli/rocksdb,benches/rocksdb --prefix none -i "$@" | awk '{ print $1 }' |
        grep -Fx "$workspace" | sort -u
}

# The package of a file, if it is one of the workspace or that of the contracts' types.
package_of() { # file
    local folder=$1
    while folder=$(dirname "$folder") && [ "$folder" != . ]; do
        if [ -e "$folder/Cargo.toml" ]; then
            sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1
            return
        fi
    done
}

# Links that the file is behind: what is beside a link reads it.
links() { # file
    local link
    for link in $(git ls-files -s | sed -n 's/^120000 .*\t//p'); do
        case $(realpath "$1") in
        "$(realpath "$link")" | "$(realpath "$link")"/*) echo "$link" ;;
        esac
    done
}

# Sources that name the file, or one of the folders that it is in, at the end of a string.
readers() { # file
    local pattern=${1//./\\.} folder=$1
    while folder=$(dirname "$folder") && [ "$folder" != . ]; do pattern+="|$folder/?"; done
    git grep -lE "\"[^\"]*($pattern)\"" -- '*.rs' ':!contracts' || true
}

# What depends on it in tests alone is not followed on.
touch_package() { # package
    local one tested
    touch_word "$1" || return 0
    for one in $(dependents "$1" -e normal,build); do
        touch_word "$one" || true
        for tested in $(dependents "$one" -e dev --depth 1); do
            [ "$tested" = "$one" ] || touch_word "tests/$tested" || true
        done
    done
}

touch_file() { # file
    local reader
    case $1 in
    *.rs | rustfmt.toml) touch_word rust || true ;;
    *.md | docs/*) touch_word pages || true ;;
    *.sh) touch_word scripts || true ;;
    *Cargo.toml | *Cargo.lock | deny.toml) touch_word manifests || true ;;
    esac
    case $1 in
    contracts/types/*)
        touch_word contracts || true
        touch_package contract-types
        ;;
    contracts/*) touch_word contracts || true ;;
    fuzz/*) touch_word fuzz || true ;;
    conformance/mutants/*) touch_word mutants || true ;;
    *.md) ;;
    *) [ -z "$(package_of "$1")" ] || touch_package "$(package_of "$1")" ;;
    esac
    for reader in $(readers "$1") $(links "$1"); do
        case $reader in
        */tests/* | vm/src/lib.rs) touch_word "tests/$(package_of "$reader")" || true ;;
        *) touch_package "$(package_of "$reader")" ;;
        esac
    done
}

# Fills `touched`; returns 1 if everything has to run.
look_at_changes() { # base
    local file files
    files=$(changed_files "$1" | sort -u)
    workspace=$(members --workspace)
    printf 'changed since %s: %s files\n' "$(git rev-parse --short "$1")" "$(grep -c . <<<"$files")"
    if file=$(grep -E -m 1 "$EVERYTHING" <<<"$files"); then
        echo "everything runs: $file has changed"
        return 1
    fi
    for file in $files; do touch_file "$file"; done
    echo "touched:${touched:- nothing}"
}

# The subjects of a step that were touched.
touched_subjects() { # row
    local subject
    for subject in $(field 3 "$1"); do
        case " any $touched " in
        *" $subject "*) echo "$subject" ;;
        esac
    done
}

# Fills `chosen`; prints what runs, what is left out and why.
choose_steps() {
    local name row subjects
    chosen=()
    for name in $(names "$RUN_STEPS"); do
        row=$(row "$name" "$RUN_STEPS")
        subjects=$(touched_subjects "$row" | paste -sd ' ')
        if [ -n "$subjects" ]; then
            chosen+=("$name")
            printf '  runs       %-14s %s\n' "$name" "(touched: $subjects)"
        else
            printf '  left out   %-14s %s\n' "$name" "(not touched: $(field 3 "$row"))"
        fi
    done
    for name in $(names "$DEEP_STEPS"); do
        row=$(row "$name" "$DEEP_STEPS")
        subjects=$(touched_subjects "$row" | paste -sd ' ')
        [ -z "$subjects" ] || printf '  by hand    .ci/deep %-14s %s\n' "$name" "(touched: $subjects)"
    done
}

# The touched default members, as arguments of cargo.
packages_to_test() {
    local name
    for name in $(members); do
        case " $touched " in
        *" $name "* | *" tests/$name "*) printf -- '-p\n%s\n' "$name" ;;
        esac
    done
}
