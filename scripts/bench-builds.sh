#!/usr/bin/env bash
# Measures how long builds take, in a clone of the last commit with a cache of its own: from nothing, and after one edit.
# Prints the table of docs/BENCHMARKS.md. The Rust that is installed, and crates that cargo has downloaded, are used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q "$ROOT" "$work/lead-router"
cd "$work/lead-router"
export XDG_CACHE_HOME=$work/cache
log=$work/log

# measure WHAT COMMAND...
# CPU seconds tell more than minutes where a machine has other work to do.
measure() {
  local what=$1 real user system
  shift
  TIMEFORMAT="%0R %0U %0S"
  read -r real user system < <({ time { "$@" >"$log" 2>&1 || touch "$work/failed"; }; } 2>&1) || true
  [ ! -e "$work/failed" ] || { tail -n 40 "$log" >&2; die "failed: $what"; }
  say "| $what | $real s | $((user + system)) s |"
}

# A function that is new in one file: the crate and all above it are compiled again.
edit() { printf '\n/// Only here to be compiled.\n#[must_use]\npub const fn edit_%s() -> u32 {\n    %s\n}\n' "$RANDOM" "$RANDOM" >>"$1"; }

native=(cargo test -p lead-router-core -p lead-router-app -p lead-router-cli --no-run)
size() { say "$(($(wc -c <"$1") / 1024)) KiB, compressed $(($(gzip -c "$1" | wc -c) / 1024)) KiB"; }

say "| | Time | CPU time |"
say "|---|---|---|"
measure "npm packages" bash scripts/setup.sh npm
measure "wasm-bindgen and worker-build" bash scripts/setup.sh
measure "development Worker, from nothing" bash scripts/build.sh dev
edit crates/core/src/lib.rs
measure "development Worker, after an edit in \`crates/core\`" bash scripts/build.sh dev
edit src/lib.rs
measure "development Worker, after an edit in \`src\`" bash scripts/build.sh dev
measure "native tests compiled, from nothing" "${native[@]}"
edit crates/core/src/lib.rs
measure "native tests compiled, after an edit in \`crates/core\`" "${native[@]}"
measure "optimised Worker, from nothing" bash scripts/build.sh release
edit crates/core/src/lib.rs
measure "optimised Worker, after an edit in \`crates/core\`" bash scripts/build.sh release
say
say "Development Worker: $(size build/dev/index_bg.wasm). Optimised Worker: $(size build/release/index_bg.wasm)."
